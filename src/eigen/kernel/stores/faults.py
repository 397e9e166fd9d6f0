"""What SQLite and the operating system raise, as errors of ours that name the root."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eigen.contracts.errors import EigenError, ResourceExhaustedError, UnavailableError
from eigen.contracts.printable import quoted

__all__ = ["NO_ROOM", "READ_ONLY", "Faults"]

READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""What the operating system answers where nothing may be written."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What it answers where there is no room."""

_NO_ROOM_BYTES = 64 * 1024
_PRIMARY_CODE = 0xFF  # SQLite's extended result codes hold the primary one in their lowest byte

_NOT_THE_FILE = (sqlite3.OperationalError, sqlite3.ProgrammingError)
"""Errors of SQLite that say nothing of the file: it cannot be reached, or is closed."""


class Faults:
    """Translates the errors of one root's files.

    Args:
        folder: The root.
        shown_as: The root as its user gave it; messages name it so.
    """

    def __init__(self, folder: Path, *, shown_as: str) -> None:
        self._folder = folder
        self._name = quoted(shown_as, limit=500)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise what comes out of the block as errors of ours."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self.error_of(error) from error

    def read_only(self) -> UnavailableError:
        """Return the error for a write to a root that only can be read."""
        return UnavailableError(
            f"the root {self._name} cannot be written: it is on a read-only disk, or its permissions forbid it",
            reason="STORE_READ_ONLY",
            hint="look-ups work; to run jobs, choose another root with EIGEN_HOME or --root",
        )

    def full(self) -> ResourceExhaustedError:
        """Return the error for a write that there is no room for."""
        return ResourceExhaustedError(
            f"the disk is full: the job store of the root {self._name} cannot be written",
            reason="DISK_FULL",
            hint="free some space; accepted jobs are kept, but one whose results find no room ends in ERROR: rerun it",
        )

    def damaged(self) -> UnavailableError:
        """Return the error for a store that is no database, or not a whole one."""
        return UnavailableError(
            f"the job store of the root {self._name} is damaged",
            reason="STORE_DAMAGED",
            hint="`eigen doctor --rebuild` makes it anew from the jobs' own files",
        )

    def error_of(self, error: sqlite3.Error | OSError) -> EigenError:
        """Return the error that tells a user what has happened."""
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code == sqlite3.SQLITE_FULL or getattr(error, "errno", 0) in NO_ROOM or self._has_no_room(code):
            return self.full()
        if code == sqlite3.SQLITE_READONLY or getattr(error, "errno", 0) in READ_ONLY:
            return self.read_only()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _NOT_THE_FILE):
            return self.damaged()
        return UnavailableError(
            f"the job store of the root {self._name} cannot be read or written{self._where(error)}",
            reason="STORE_UNAVAILABLE",
            hint="check that the root folder exists, belongs to you and is on a disk that works",
        )

    def _where(self, error: sqlite3.Error | OSError) -> str:
        """Return which of the root's files it is, and what is wrong with it, as far as the operating system tells."""
        if not isinstance(error, OSError) or not error.strerror:
            return ""
        place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes | Path) else self._folder
        name = f": {quoted(str(place.relative_to(self._folder)))}" if self._folder in place.parents else ""
        return f"{name}: {error.strerror.lower()}"

    def _has_no_room(self, code: int) -> bool:
        """Return whether an error of input or output stands for a full disk, as when SQLite's shared memory grows."""
        if code != sqlite3.SQLITE_IOERR:
            return False
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize < _NO_ROOM_BYTES
