"""The calls that CircuitFS makes of the operating system, each one a method.

It is a seam: a test gives the store a file system whose Nth call fails, or after whose Nth call nothing happens any
more, as when the process is killed. Nothing here decides anything. Files are made with mode 0600 and never follow or
replace what is there; folders with 0700.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["FileSystem"]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FileSystem:
    """The operating system's files. Every method may raise `OSError`; all of them block."""

    def make_folder(self, path: str) -> None:
        """Make a folder."""
        Path(path).mkdir(0o700)

    def list_folder(self, path: str) -> list[str]:
        """Return the names in a folder, in no order."""
        with os.scandir(path) as entries:
            return [entry.name for entry in entries]

    def modified_at(self, path: str) -> float:
        """Return when a file or folder was last changed, seconds on the wall clock."""
        return Path(path).lstat().st_mtime

    def exists(self, path: str) -> bool:
        """Return whether there is something of this name."""
        return os.path.lexists(path)

    def create_file(self, path: str) -> int:
        """Make a file and return its descriptor; it is an error if there is one."""
        return os.open(path, _CREATE, 0o600)

    def open_file(self, path: str) -> int:
        """Return a descriptor to read a file that is regular and no link."""
        descriptor = os.open(path, _READ)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file")
        return descriptor

    def open_to_sync(self, path: str) -> int:
        """Return a descriptor to sync a file or folder."""
        return os.open(path, _READ)

    def write(self, descriptor: int, content: memoryview) -> int:
        """Write some of the content and return how many bytes were taken."""
        return os.write(descriptor, content)

    def read(self, descriptor: int, num_bytes: int) -> bytes:
        """Return the next bytes, at most so many, none at the end."""
        return os.read(descriptor, num_bytes)

    def start_writing_back(self, descriptor: int) -> None:
        """Ask for what was written to go to the disk soon, so that a later `sync` waits less; a hint only."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self, descriptor: int) -> None:
        """Return when a file or folder is on the disk."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Let go of a descriptor."""
        os.close(descriptor)

    def link(self, source: str, target: str) -> None:
        """Give a file a second name; it is an error if the name is taken."""
        os.link(source, target, follow_symlinks=False)

    def rename(self, source: str, target: str) -> None:
        """Rename a file or folder, at once."""
        Path(source).rename(target)

    def remove_file(self, path: str) -> None:
        """Remove a file's name."""
        Path(path).unlink()

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        Path(path).rmdir()
