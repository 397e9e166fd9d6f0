"""Records and events in SQLite, shared by every process on one root.

Rules, each for a measured reason (`docs/design/kernel.md` has them):

- WAL journal; `synchronous=FULL` for a batch that holds anything durable, `NORMAL` else.
- One outer `flock` per root, held around every write transaction, opening and closing: SQLite's own lock is unfair, and
  versions up to 3.51.2 can corrupt a WAL database when one process checkpoints while another writes.
- Writes are committed in groups: while one batch is on its way to the disk, the next one gathers.
- What is not durable is written behind: the call returns once its place in the order is certain, and the write goes
  with the next one that somebody waits for, or soon.
- A job's row can only be written by its owner, and only forward: a stale owner changes nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import anyio.abc
import anyio.to_thread

from eigen.contracts.errors import (
    AlreadyExistsError,
    EigenError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
)
from eigen.contracts.jobs import JobFilter, JobRecord, StoredEvent
from eigen.contracts.printable import quoted
from eigen.contracts.wire import format_time, from_json, to_json
from eigen.kernel.stores.ownership import OwnerLock, exclusive_lock, open_lock_file
from eigen.kernel.stores.schema import migrate
from eigen.ports.job_store import JobStore, NewJob, StaleOwnerError

__all__ = ["SqliteJobStore"]

WRITE_BEHIND_SEC = 0.05
"""How long a write that nobody waits for may wait for company."""

T = TypeVar("T")
Statement = Callable[[sqlite3.Connection], Any]


@dataclass(slots=True)
class _Write:
    """One write on its way: what to do, and what came of it."""

    statement: Statement
    durable: bool
    done: anyio.Event = field(default_factory=anyio.Event)
    outcome: Any = None
    error: Exception | None = None


class SqliteJobStore(JobStore):
    """The job store of a root folder.

    Args:
        folder: The root; made where it is missing.
        owner: Name of this system among those that ever had the root open; unique.
    """

    def __init__(self, folder: Path, *, owner: str) -> None:
        self._folder = folder
        self._lock = OwnerLock(folder / "systems", owner)
        self._pending: list[_Write] = []
        self._waiting, self._urgent = anyio.Event(), anyio.Event()
        self._one_reader = anyio.CapacityLimiter(1)
        self._data_version = 0
        self._closing = False

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self._open)
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._commit_until_closed)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing = True
        self._waiting.set()
        self._urgent.set()
        self._tasks.cancel_scope.shield = True
        await self._tasks.__aexit__(None, None, None)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._close)

    async def insert(self, job: NewJob) -> JobRecord:
        """Keep a new job; see the port."""
        record: JobRecord = await self._write(partial(_insert, job, self._lock), durable=True)
        return record

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        """Keep a job's next events; see the port."""
        statement = partial(_append, record, events, self._lock.owner)
        if durable:
            await self._write(statement, durable=True)
        else:
            self._enqueue(statement, durable=False)

    async def get(self, job_id: str) -> JobRecord:
        """Return a record; see the port."""
        rows = await self._read("SELECT record FROM jobs WHERE job_id = ?", job_id)
        if not rows:
            raise NotFoundError(
                f"there is no job {quoted(job_id)}",
                reason="JOB_NOT_FOUND",
                hint="`eigen jobs` lists the jobs there are",
            )
        return _record(rows[0][0])

    async def select(self, job_filter: JobFilter, *, limit: int, before_job_id: str = "") -> tuple[JobRecord, ...]:
        """Return matching records, newest first; see the port."""
        where, values = _where(job_filter, before_job_id)
        query = f"SELECT record FROM jobs WHERE {where} ORDER BY job_id DESC LIMIT ?"  # noqa: S608  # our own words only
        rows = await self._read(query, *values, limit)
        return tuple(_record(row[0]) for row in rows)

    async def events(self, job_id: str, *, after_seq: int = 0) -> tuple[StoredEvent, ...]:
        """Return a job's events; see the port."""
        rows = await self._read(
            "SELECT event FROM events WHERE job_id = ? AND event_seq > ? ORDER BY event_seq", job_id, after_seq
        )
        return tuple(from_json(StoredEvent, json.loads(row[0])) for row in rows)

    async def adopt(self, *, job_id: str | None = None) -> tuple[JobRecord, ...]:
        """Take over jobs whose owner is gone; see the port."""
        owners = await self._read(
            "SELECT DISTINCT owner FROM jobs WHERE live = 1 AND owner <> ? AND (? IS NULL OR job_id = ?)",
            self._lock.owner,
            job_id,
            job_id,
        )
        gone = [owner for (owner,) in owners if self._lock.is_gone(owner)]
        if not gone:
            return ()
        adopted: tuple[JobRecord, ...] = await self._write(partial(_adopt, gone, job_id, self._lock), durable=True)
        return adopted

    async def request_cancel(self, job_id: str, *, by: str) -> None:
        """Leave word for a job's owner; see the port."""
        await self._write(
            lambda connection: connection.execute(
                "UPDATE jobs SET cancel_by = ? WHERE job_id = ? AND live = 1", (by, job_id)
            ),
            durable=True,
        )

    async def cancel_requests(self) -> tuple[tuple[str, str], ...]:
        """Return who wants which job to stop; see the port."""
        rows = await self._read(
            "SELECT job_id, cancel_by FROM jobs WHERE live = 1 AND owner = ? AND cancel_by <> ''", self._lock.owner
        )
        return tuple((job_id, by) for job_id, by in rows)

    async def changed(self) -> bool:
        """Return whether another process has written; see the port."""
        ((version,),) = await self._read("PRAGMA data_version")
        before, self._data_version = self._data_version, version
        return bool(before != version)

    def _open(self) -> None:
        with _translated():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._root_lock = open_lock_file(self._folder / "store.lock")
            with exclusive_lock(self._root_lock):
                path = self._folder / "jobs.sqlite3"
                _make_private(path)
                self._writer = _connect(path)
                migrate(self._writer)
                self._reader = _connect(path)

    def _close(self) -> None:
        with _translated(), exclusive_lock(self._root_lock):
            self._reader.close()
            self._writer.close()
            self._lock.release()
        os.close(self._root_lock)

    async def _read(self, query: str, *values: Any) -> list[Any]:
        def fetch() -> list[Any]:
            with _translated():
                return self._reader.execute(query, values).fetchall()

        return await anyio.to_thread.run_sync(fetch, limiter=self._one_reader)

    def _enqueue(self, statement: Statement, *, durable: bool) -> _Write:
        write = _Write(statement, durable)
        self._pending.append(write)
        self._waiting.set()
        return write

    async def _write(self, statement: Statement, *, durable: bool) -> Any:
        write = self._enqueue(statement, durable=durable)
        self._urgent.set()
        with anyio.CancelScope(shield=True):  # bounded: what is on its way to the disk has an outcome
            await write.done.wait()
        if write.error is not None:
            raise write.error
        return write.outcome

    async def _commit_until_closed(self) -> None:
        """Commit what gathers, group by group; shielded, so that whoever waits for a write always gets its outcome."""
        with anyio.CancelScope(shield=True):
            while self._pending or not self._closing:
                await self._waiting.wait()
                with anyio.move_on_after(WRITE_BEHIND_SEC):
                    await self._urgent.wait()
                self._waiting, self._urgent = anyio.Event(), anyio.Event()
                batch, self._pending = self._pending, []
                await anyio.to_thread.run_sync(self._commit, batch)
                for write in batch:
                    write.done.set()

    def _commit(self, batch: list[_Write]) -> None:
        durable = any(write.durable for write in batch)
        try:
            with _translated(), exclusive_lock(self._root_lock):
                self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    for write in batch:
                        _attempt(write, self._writer)
                    self._writer.execute("COMMIT")
                except BaseException:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
        except EigenError as error:
            for write in batch:
                write.error = error


def _make_private(path: Path) -> None:
    """Make the file, if it is missing, for its owner alone; SQLite gives its companions the same mode.

    One that exists must not be opened here: closing it would let go of the locks that SQLite holds in this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


def _attempt(write: _Write, connection: sqlite3.Connection) -> None:
    """Run one write of a batch; a refusal of ours is its own outcome and leaves the others alone."""
    try:
        write.outcome = write.statement(connection)
    except (EigenError, StaleOwnerError) as error:
        write.error = error


class _translated:  # noqa: N801  # used as `with _translated():`, like a function
    """Turn what SQLite and the operating system raise into errors of ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, sqlite3.OperationalError | OSError):
            text = str(error).lower()
            if "full" in text or "no space" in text or "quota" in text:
                raise ResourceExhaustedError(
                    "the disk is full: the job store cannot be written", reason="DISK_FULL", hint="free some space"
                ) from error
            raise UnavailableError(
                "the job store cannot be read or written",
                reason="STORE_UNAVAILABLE",
                hint="check that the root folder exists, belongs to you and is on a writable disk",
            ) from error
        if isinstance(error, sqlite3.DatabaseError):
            raise UnavailableError("the job store is damaged", reason="STORE_DAMAGED") from error


def _insert(job: NewJob, lock: OwnerLock, connection: sqlite3.Connection) -> JobRecord:
    record = job.record
    if job.idempotency_key:
        found = connection.execute(
            "SELECT content_digest, record FROM jobs WHERE tenant = ? AND subject = ? AND idempotency_key = ?",
            (record.tenant, record.subject, job.idempotency_key),
        ).fetchone()
        if found is not None:
            return _same_content(found, job)
    lock.acquire()
    connection.execute(
        "INSERT INTO jobs"
        " (job_id, event_seq, state, live, name, tenant, subject, created_at, owner, idempotency_key, content_digest,"
        " record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.job_id,
            record.event_seq,
            record.state.value,
            not record.state.is_terminal,
            record.name,
            record.tenant,
            record.subject,
            format_time(record.created_at),
            lock.owner,
            job.idempotency_key,
            job.content_digest,
            _text(record),
        ),
    )
    _insert_events(connection, record.job_id, (job.event,))
    return record


def _same_content(found: tuple[str, str], job: NewJob) -> JobRecord:
    if found[0] != job.content_digest:
        raise AlreadyExistsError(
            f"idempotency key {quoted(job.idempotency_key)} was used for another job",
            reason="IDEMPOTENCY_KEY_REUSED",
            hint="use a new key for a new job",
        )
    return _record(found[1])


def _append(record: JobRecord, events: tuple[StoredEvent, ...], owner: str, connection: sqlite3.Connection) -> None:
    changed = connection.execute(
        "UPDATE jobs SET event_seq = ?, state = ?, live = ?, record = ?"
        " WHERE job_id = ? AND owner = ? AND live = 1 AND event_seq < ?",
        (
            record.event_seq,
            record.state.value,
            not record.state.is_terminal,
            _text(record),
            record.job_id,
            owner,
            record.event_seq,
        ),
    )
    if changed.rowcount != 1:
        raise StaleOwnerError(record.job_id)
    _insert_events(connection, record.job_id, events)


def _insert_events(connection: sqlite3.Connection, job_id: str, events: Iterable[StoredEvent]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO events (job_id, event_seq, event) VALUES (?, ?, ?)",
        [(job_id, event.event_seq, _text(event)) for event in events],
    )


def _adopt(
    gone: list[str], job_id: str | None, lock: OwnerLock, connection: sqlite3.Connection
) -> tuple[JobRecord, ...]:
    lock.acquire()
    adopted: list[JobRecord] = []
    for owner in gone:
        rows = connection.execute(
            "UPDATE jobs SET owner = ? WHERE live = 1 AND owner = ? AND (? IS NULL OR job_id = ?) RETURNING record",
            (lock.owner, owner, job_id, job_id),
        ).fetchall()
        adopted += [_record(row[0]) for row in rows]
    return tuple(sorted(adopted, key=lambda record: record.job_id))


def _where(job_filter: JobFilter, before_job_id: str) -> tuple[str, list[Any]]:
    """Return the condition of a filter; its words come from here, its values are bound."""
    terms: list[tuple[str, list[Any]]] = [("1 = 1", [])]
    if job_filter.states:
        marks = ", ".join("?" * len(job_filter.states))
        terms.append((f"state IN ({marks})", [state.value for state in job_filter.states]))
    for column, value in (("tenant", job_filter.tenant), ("subject", job_filter.subject), ("name", job_filter.name)):
        if value is not None:
            terms.append((f"{column} = ?", [value]))
    if job_filter.created_after is not None:
        terms.append(("created_at > ?", [format_time(job_filter.created_after)]))
    if job_filter.created_before is not None:
        terms.append(("created_at < ?", [format_time(job_filter.created_before)]))
    if job_filter.id_prefix:
        terms.append(("job_id >= ? AND job_id < ?", [job_filter.id_prefix, job_filter.id_prefix + "\uffff"]))
    if before_job_id:
        terms.append(("job_id < ?", [before_job_id]))
    for key, value in job_filter.labels.items():
        terms.append(("EXISTS (SELECT 1 FROM json_each(record, '$.labels') WHERE key = ? AND value = ?)", [key, value]))
    return " AND ".join(f"({words})" for words, _ in terms), [value for _, values in terms for value in values]


def _text(value: Any) -> str:
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


def _record(text: str) -> JobRecord:
    return from_json(JobRecord, json.loads(text))
