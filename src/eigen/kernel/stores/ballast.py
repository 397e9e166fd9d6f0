"""Room that is kept so that on a full disk an end can still be recorded.

On a full disk even an UPDATE of one row fails. So each root has a file of a few megabytes that holds nothing; when a
write that must not fail finds no room, the file is removed and the write is tried again. It is made anew when there is
room once more.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["BALLAST_BYTES", "Ballast"]

BALLAST_BYTES = 4 * 1024 * 1024
"""Enough for the ends of a few hundred jobs."""

_ROOM_FACTOR = 4
"""How many times the ballast has to be free before it is made: a disk that is nearly full belongs to the jobs."""


class Ballast:
    """The ballast of one root.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_there = path.exists()

    def keep(self) -> None:
        """Make the file, if it is missing and there is room; it is no error if it cannot be."""
        if self._is_there or not self._has_room():
            return
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                _reserve(descriptor)
                self._is_there = True
            except OSError:
                self._path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

    def drop(self) -> bool:
        """Give the room back; return whether there was any."""
        self._is_there = False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _has_room(self) -> bool:
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize > _ROOM_FACTOR * BALLAST_BYTES


def _reserve(descriptor: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, BALLAST_BYTES)
    else:  # macOS
        os.write(descriptor, bytes(BALLAST_BYTES))
