"""The files of a job store, opened: who may write, in which order, and what happens where nobody may.

```
jobs.sqlite3      records and events
store.lock        held around every write transaction, opening and closing
open.lock         held, shared, by everybody who has the root open; alone by who repairs it
ballast           room for a full disk
systems/          a lock file for each live system, and its socket
```

A root that cannot be written can still be read: nothing is locked or made there, and SQLite is told so.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from eigen.contracts.errors import ResourceExhaustedError
from eigen.kernel.stores.ballast import Ballast
from eigen.kernel.stores.faults import NO_ROOM, READ_ONLY, Faults
from eigen.kernel.stores.ownership import exclusive_lock, hold_open, open_lock_file
from eigen.kernel.stores.schema import SCHEMA_VERSION, migrate, require_known, version_of

__all__ = ["Database", "has_tables", "open_unchanged"]

T = TypeVar("T")

_AS_TEXT = partial(str, encoding="utf-8", errors="replace")
"""Reads a text; one that is not Unicode costs its own row, whose reader finds it damaged."""


class Database:
    """A root's job store, open; every method blocks.

    Args:
        folder: The root; made where it is missing.
        shown_as: The root as its user gave it.
        alone: Whether nobody else may have the root open meanwhile.
        may_use_ballast: Whether it is opened to be written even where the disk is full, which takes some of the ballast
            for as long as it is open; else such a disk is only read, and a store that is missing is not made.

    Raises:
        FailedPreconditionError: A newer version has written the root, or it is open elsewhere and was wanted alone.
        ResourceExhaustedError, UnavailableError: The files cannot be read, or are damaged.
    """

    def __init__(self, folder: Path, *, shown_as: str, alone: bool = False, may_use_ballast: bool = True) -> None:
        self.faults = Faults(folder, shown_as=shown_as)
        self._path = folder / "jobs.sqlite3"
        self._ballast = Ballast(folder / "ballast")
        self._locks: list[int] = []
        self._writer: sqlite3.Connection | None = None
        self._synchronous = ""
        try:
            with self.faults.translated():
                self._open(folder, alone=alone, may_use_ballast=may_use_ballast)
        except BaseException:
            self._unlock()
            raise

    @property
    def is_read_only(self) -> bool:
        """Whether the root cannot be written."""
        return self._writer is None

    def fetch(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """Return what a query finds; a text that is not Unicode is nowhere in the store."""
        with self.faults.translated(), suppress(UnicodeEncodeError):
            return self._reader.execute(query, values).fetchall()
        return []

    def version(self) -> int:
        """Return a number that is another one once somebody else has written; for the thread that writes."""
        with self.faults.translated():
            ((version,),) = (self._writer or self._reader).execute("PRAGMA data_version").fetchall()
            return int(version)

    def transact(self, work: Callable[[sqlite3.Connection], T], *, durable: bool, may_use_ballast: bool) -> T:
        """Do some work in one transaction, and return what it returns when it is committed.

        Args:
            work: Gets the connection; what it raises undoes everything.
            durable: Whether it has to survive a power cut.
            may_use_ballast: Whether it must not fail where the disk is full.
        """
        while True:
            try:
                return self._transact(work, durable=durable)
            except ResourceExhaustedError:
                if not (may_use_ballast and self._ballast.borrow()):
                    raise

    def require_room(self) -> None:
        """Refuse something new on a disk that is full, or has no more room than what ends and cancels may need.

        Raises:
            ResourceExhaustedError: It is so.
        """
        if not self._ballast.keep():
            raise self.faults.full()

    def close(self) -> None:
        """Close the files."""
        with self.faults.translated(), self._turn():
            self._reader.close()
            if self._writer is not None:
                self._writer.close()
        self._ballast.give_back()
        self._unlock()

    def _open(self, folder: Path, *, alone: bool, may_use_ballast: bool) -> None:
        if not may_use_ballast and _is_missing(self._path):
            self._reader = _nothing()
            return
        if self._path.exists() and not self._path.is_file():
            raise self.faults.damaged()
        require_known(_version(self._path))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock(folder, alone=alone)
        except OSError as error:
            if error.errno not in (READ_ONLY if may_use_ballast else READ_ONLY | NO_ROOM) or not self._path.exists():
                raise
            self._only_read()
            return
        while self._writer is None:
            try:
                self._connect()
            except sqlite3.OperationalError as error:  # on a full disk SQLite cannot even be opened
                if not isinstance(self.faults.error_of(error), ResourceExhaustedError):
                    raise
                if not may_use_ballast:
                    self._only_read()
                    return
                if not self._ballast.borrow():
                    raise

    def _only_read(self) -> None:
        self._unlock()
        self._reader = _up_to_date(open_unchanged(self._path))

    def _lock(self, folder: Path, *, alone: bool) -> None:
        self._locks.append(open_lock_file(folder / "store.lock"))
        self._locks.append(hold_open(folder, alone=alone))

    def _connect(self) -> None:
        with self._turn():
            _make_private(self._path)
            with ExitStack() as stack:
                writer = stack.enter_context(closing(_connection(self._path)))
                migrate(writer)
                self._reader = _connection(self._path)
                self._writer = writer
                stack.pop_all()

    def _transact(self, work: Callable[[sqlite3.Connection], T], *, durable: bool) -> T:
        writer = self._writer
        if writer is None:
            raise self.faults.read_only()
        with self.faults.translated(), self._turn():
            self._require_synchronous(writer, "FULL" if durable else "NORMAL")
            try:
                writer.execute("BEGIN IMMEDIATE")
                outcome = work(writer)
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise
            return outcome

    def _require_synchronous(self, writer: sqlite3.Connection, level: str) -> None:
        if self._synchronous != level:
            writer.execute(f"PRAGMA synchronous = {level}")
            self._synchronous = level

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Keep all other processes from writing; there is nobody to wait for where nobody may write."""
        if not self._locks:
            yield
            return
        with exclusive_lock(self._locks[0]):
            yield

    def _unlock(self) -> None:
        while self._locks:
            os.close(self._locks.pop())


def _make_private(path: Path) -> None:
    """Make the file, if it is missing, for its owner alone; SQLite gives its companions the same mode.

    One that exists must not be opened here: closing it would let go of the locks that SQLite holds in this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.text_factory = _AS_TEXT
    connection.execute("PRAGMA fullfsync = ON")  # macOS: its fsync stops at the disk's own memory
    return connection


def open_unchanged(path: Path) -> sqlite3.Connection:
    """Return a connection to a database that changes nothing of it.

    With a write-ahead log beside the database, somebody may be writing, and SQLite has to look; without one, nobody is,
    and SQLite is told not to make what it would look with. A log without anything in it and without its index is what
    somebody has left who found no room.
    """
    log, index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    is_quiet = not log.exists() or (not log.stat().st_size and not index.exists())
    mode = "mode=ro&immutable=1" if is_quiet else "mode=ro"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=30
    )
    connection.text_factory = _AS_TEXT
    return connection


def _up_to_date(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Return a connection to the newest schema: a copy in memory, where the disk has an older one."""
    if version_of(connection) == SCHEMA_VERSION:
        return connection
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with closing(connection):
        connection.backup(copy)
    copy.text_factory = _AS_TEXT
    migrate(copy)
    return copy


def has_tables(path: Path) -> bool:
    """Return whether a database has the tables of any schema; one that is damaged may have."""
    try:
        return _version(path) > 0
    except sqlite3.Error:
        return True


def _is_missing(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    return False


def _nothing() -> sqlite3.Connection:
    """Return a connection to a store that nobody has made yet: it has no jobs."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(connection)
    return connection


def _version(path: Path) -> int:
    """Return the schema's version of a database that must not change by being asked; 0 where there is none."""
    if not path.exists():
        return 0
    with closing(open_unchanged(path)) as connection:
        return version_of(connection)
