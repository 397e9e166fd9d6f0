"""Room that is kept so that on a full disk an end can still be recorded.

On a full disk even an UPDATE of one row fails, and SQLite cannot even open its files. So each root has a file of a few
megabytes that holds nothing. A write that must not fail and finds no room takes some of it, in steps, so that one end
does not use up the room of all others; whoever only opens the root with it gives it back. New jobs are taken only where
the ballast is whole or can be made whole: they never live on it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["BALLAST_BYTES", "Ballast"]

BALLAST_BYTES = 4 * 1024 * 1024
"""Enough for the ends of a few hundred jobs."""

_STEP_BYTES = 512 * 1024
_DISK_SHARE = 8
"""A ballast is no more than this part of its disk; on disks of less than 32 MiB it is smaller."""

_ROOM_FACTOR = 2
"""How many times the ballast has to be free before it is made: a disk that is nearly full belongs to the jobs."""


class Ballast:
    """The ballast of one root.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._borrowed_bytes = 0

    def keep(self) -> bool:
        """Make the file whole where there is room for it; return whether it is whole, or there is room."""
        size = self._size()
        if size >= BALLAST_BYTES:
            return True
        disk = os.statvfs(self._path.parent)
        wanted = min(BALLAST_BYTES, disk.f_blocks * disk.f_frsize // _DISK_SHARE)
        if size >= wanted:
            return True
        has_room = disk.f_bavail * disk.f_frsize > _ROOM_FACTOR * wanted
        if has_room:
            self._reserve(wanted)  # where that is forbidden, the room is there all the same
        return has_room

    def borrow(self) -> bool:
        """Take some of the room, for good unless it is given back; return whether there was any."""
        size = self._size()
        rest = max(size - _STEP_BYTES, 0)
        try:
            if rest:
                os.truncate(self._path, rest)
            else:
                self._path.unlink()
        except OSError:
            return False
        self._borrowed_bytes += size - rest
        return True

    def give_back(self) -> None:
        """Put back what was borrowed, as much of it as there still is room for."""
        wanted, self._borrowed_bytes = self._borrowed_bytes, 0
        while wanted > 0 and not self._reserve(min(self._size() + wanted, BALLAST_BYTES)):
            wanted -= _STEP_BYTES // 4

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def _reserve(self, size_bytes: int) -> bool:
        """Let the file have so many bytes; return whether it has them."""
        before = self._size()
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                _allocate(descriptor, before, size_bytes - before)
            except OSError:
                os.ftruncate(descriptor, before)
            else:
                return True
            finally:
                os.close(descriptor)
        return False


def _allocate(descriptor: int, offset: int, size_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, offset, size_bytes)
    elif os.pwrite(descriptor, bytes(size_bytes), offset) < size_bytes:  # macOS
        raise OSError("no room")
