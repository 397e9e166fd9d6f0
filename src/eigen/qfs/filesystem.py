"""The calls that CircuitFS makes of the operating system, each one a method.

It is a seam: a test gives the store a file system whose Nth call fails, or after whose Nth call nothing happens any
more, as when the process is killed. Nothing here decides anything. Files are made with mode 0600 and never follow or
replace what is there; folders with 0700.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

__all__ = ["FileSystem"]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_TO_THE_PLATTER: int | None = getattr(fcntl, "F_FULLFSYNC", None)
"""macOS: its `fsync` stops at the disk's own memory."""


class FileSystem:
    """The operating system's files. Every method may raise `OSError`; all of them block."""

    def make_folder(self, path: str) -> None:
        """Make a folder."""
        os.mkdir(path, 0o700)  # noqa: PTH102  # a Path costs more than the call

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

    def open_journal(self, path: str) -> int:
        """Return a descriptor to read a file and to append to it; it is made if there is none."""
        return os.open(path, _APPEND, 0o600)

    def lock(self, descriptor: int) -> bool:
        """Lock an open file for its descriptor and all copies of it; return whether nobody else has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self, seconds: float) -> None:
        """Do nothing for some time."""
        time.sleep(seconds)

    def write(self, descriptor: int, content: memoryview) -> int:
        """Write some of the content and return how many bytes were taken."""
        return os.write(descriptor, content)

    def read(self, descriptor: int, num_bytes: int) -> bytes:
        """Return the next bytes, at most so many, none at the end."""
        return os.read(descriptor, num_bytes)

    def sync(self, descriptor: int) -> None:
        """Return when a file or folder is on the disk."""
        if _TO_THE_PLATTER is None:
            os.fsync(descriptor)
        else:
            fcntl.fcntl(descriptor, _TO_THE_PLATTER)

    def can_sync_all(self, descriptor: int) -> bool:
        """Return whether `sync_all` makes everything on a folder's file system durable, and tells errors."""
        return _tells_write_errors() and _file_system_type(os.fstat(descriptor).st_dev) in _SYNCED_AS_A_WHOLE

    def sync_all(self, descriptor: int) -> None:
        """Return when everything that was written to a folder's file system is on the disk."""
        import ctypes

        if _libc().syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def clock_sec(self) -> float:
        """Return seconds on a clock that never goes back, to tell how long a call took."""
        return time.monotonic()

    def close(self, descriptor: int) -> None:
        """Let go of a descriptor."""
        os.close(descriptor)

    def link(self, source: str, target: str) -> None:
        """Give a file a second name; it is an error if the name is taken."""
        os.link(source, target, follow_symlinks=False)

    def rename(self, source: str, target: str) -> None:
        """Rename a file or folder, at once."""
        os.rename(source, target)  # noqa: PTH104  # a Path costs more than the call

    def remove_file(self, path: str) -> None:
        """Remove a file's name."""
        os.unlink(path)  # noqa: PTH108  # a Path costs more than the call

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        Path(path).rmdir()


_SYNCED_AS_A_WHOLE = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs"})
"""Local file systems whose `syncfs` waits for data and names; layered and network ones may not."""


@cache
def _libc() -> ctypes.CDLL:
    import ctypes  # for who syncs; a look-up does not

    return ctypes.CDLL(None, use_errno=True)


def _tells_write_errors() -> bool:
    """Return whether `syncfs` is there and tells write errors: Linux 5.8 and later."""
    if sys.platform != "linux" or not hasattr(_libc(), "syncfs"):
        return False
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)) or 0)) >= (5, 8)


def _file_system_type(device: int) -> str:
    """Return the type of a mounted file system by its device number, or nothing where that is not known."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for fields in (line.split() for line in mounts.splitlines()):  # proc(5): id parent major:minor … - type source …
        if fields[2] == wanted:
            return fields[fields.index("-") + 1]
    return ""
