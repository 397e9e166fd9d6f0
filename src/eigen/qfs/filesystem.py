"""The few calls of the operating system that CircuitFS is made of.

They stand in a class of their own so that a test can give one that fails at any chosen call, and so that it is plain
which calls there are.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["FileSystem"]

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class FileSystem:
    """The operating system's files. Every method may raise `OSError`."""

    def make_folder(self, path: Path) -> None:
        """Make a new folder that only its owner can enter."""
        path.mkdir(mode=0o700)

    def make_root(self, path: Path) -> None:
        """Make a folder and those above it, where they are missing."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write_new(self, path: Path, content: bytes, *, durable: bool) -> None:
        """Write a file that does not exist yet; durable: it survives a power cut, once its folder is synced."""
        descriptor = os.open(path, _NEW_FILE, 0o600)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync(self, path: Path) -> None:
        """Make a file's content, or a folder's entries, survive a power cut."""
        descriptor = os.open(path, _READ)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file or folder its final name at once; an earlier file of that name is replaced."""
        source.rename(target)

    def name_new(self, source: Path, target: Path) -> None:
        """Give a file its final name at once, unless the name is taken."""
        os.link(source, target, follow_symlinks=False)
        source.unlink()

    def read(self, path: Path) -> bytes:
        """Return a file's content; never through a symbolic link."""
        descriptor = os.open(path, _READ)
        with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor, not a path
            return file.read()

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted."""
        return sorted(one.name for one in folder.iterdir())

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder with everything in it; what is not there is no error."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
