"""Records and events in SQLite, shared by every process on one root.

Rules, each for a measured reason (`docs/design/kernel.md` has them):

- WAL journal; `synchronous=FULL` for a batch that holds anything durable, `NORMAL` else.
- One outer `flock` per root, held around every write transaction, opening and closing: SQLite's own lock is unfair, and
  versions up to 3.51.2 can corrupt a WAL database when one process checkpoints while another writes.
- Writes are committed in groups: while one batch is on its way to the disk, the next one gathers.
- What is not durable is written behind: it waits in memory, where a job's later writes join it, and goes to the disk
  soon, or with the job's next durable write. Whoever asks about jobs waits for what was written behind, so that nobody
  sees an older state than he has seen before.
- A job's row can only be written by its owner, and only forward: a stale owner changes nothing.
- On a full disk new jobs are refused, and ends are recorded in the room of the ballast.

The files are in `database`, what is asked in `records` and `selection`, what is changed in `statements`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import anyio
import anyio.abc
import anyio.to_thread

from eigen.contracts.errors import EigenError, InternalError, ResourceExhaustedError
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.kernel.stores import leases, statements
from eigen.kernel.stores.database import Database
from eigen.kernel.stores.ownership import OwnerLock
from eigen.kernel.stores.records import AskedRecords, event_of, record_of, require_all, stand_in
from eigen.kernel.stores.selection import NUM_LIVE
from eigen.ports.artifact_store import OpeningCopies
from eigen.ports.job_store import JobStore, KeptJob, KeptReservation, NewJob, Orphan, StaleOwnerError
from eigen.workers.thread import GroupThread

__all__ = ["SqliteJobStore"]

WRITE_BEHIND_SEC = 0.1
"""How long a write that nobody waits for may wait for company."""

Statement = Callable[[sqlite3.Connection], Any]


@dataclass(slots=True)
class _Write:
    """One write on its way: what to do, what to do with its outcome once that is committed, and what came of it."""

    statement: Statement
    durable: bool
    must_not_fail: bool
    settle: Callable[[Any], None] | None = None
    outcome: Any = None
    error: Exception | None = None


@dataclass(slots=True)
class _Look:
    """A look at whether others have written, by the connection that writes: its own writes are no news to it."""

    version: int = 0
    error: EigenError | None = None


class _Behind(NamedTuple):
    """What was written of a job that nobody waits for, and that is on its way nowhere yet."""

    record: JobRecord
    events: tuple[StoredEvent, ...]


class SqliteJobStore(AskedRecords, JobStore):
    """The job store of a root folder.

    Args:
        folder: The root; made where it is missing.
        owner: Name of this system among those that ever had the root open; unique.
        shown_as: The root as its user gave it, for messages; the folder where that is not known.
        alone: Whether nobody else may have the root open meanwhile.
        may_use_ballast: Whether it is opened to be written even where the disk is full.
        copies: Gets what jobs begin with as well, so that they outlive this store; None for nowhere.
    """

    def __init__(
        self,
        folder: Path,
        *,
        owner: str,
        shown_as: str = "",
        alone: bool = False,
        may_use_ballast: bool = True,
        copies: OpeningCopies | None = None,
    ) -> None:
        self._copies = copies
        self._open = partial(
            Database, folder, shown_as=shown_as or str(folder), alone=alone, may_use_ballast=may_use_ballast
        )
        self._lock = OwnerLock(folder / "systems", owner)
        self._thread: GroupThread[_Write | _Look] = GroupThread("job store", self._serve)
        self._behind: dict[str, _Behind] = {}
        self._unwaited: list[_Write] = []
        self._one_reader = anyio.CapacityLimiter(1)
        self._data_version = 0

    async def __aenter__(self) -> Self:
        self._database = await anyio.to_thread.run_sync(self._open)
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._write_behind)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.shield = True
        self._tasks.cancel_scope.cancel()
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:  # a task that asyncio has cancelled hears of it here once more
            with anyio.CancelScope(shield=True):
                await self._catch_up()
                await anyio.to_thread.run_sync(self._close)

    @property
    def is_read_only(self) -> bool:
        """Whether the root cannot be written."""
        return self._database.is_read_only

    def prove_life(self) -> None:
        """Let others see from now on that this system lives, and not only once it has a job.

        Raises:
            OSError: The root cannot be written.
        """
        self._lock.acquire()

    async def insert(self, job: NewJob) -> JobRecord:
        """Keep a new job; see the port."""
        statement = partial(statements.insert, job=job, lock=self._lock, require_room=self._database.require_room)
        record: JobRecord = await self._write(statement, settle=partial(self._copy, job) if job.opening else None)
        return record

    async def known(self, job: NewJob) -> JobRecord | None:
        """Return the job that a new one is by its key; see the port."""
        found = await self._fetch(statements.OF_KEY, job.record.tenant, job.record.subject, job.key_digest)
        return statements.same_content(found[0], job) if found else None

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        """Keep a job's next events; see the port."""
        overtaken = self._behind.pop(record.job_id, None)
        if overtaken is not None:  # what the new events give once more, as an end gives all, is written once
            first = events[0].event_seq if events else record.event_seq + 1
            events = (*(one for one in overtaken.events if one.event_seq < first), *events)
        if durable:
            await self._write(self._appending(record, events), must_not_fail=True)
            return
        self._behind[record.job_id] = _Behind(record, events)

    async def restore(self, jobs: Sequence[KeptJob], *, reservations: Sequence[KeptReservation] = ()) -> int:
        """Keep jobs that the store has lost; see the port."""
        if reservations:
            await self._write(partial(leases.keep, reservations=reservations))
        restored: int = await self._write(partial(statements.restore, jobs=jobs))
        return restored

    async def replace(self, jobs: Sequence[KeptJob]) -> None:
        """Keep jobs as they are told here, without an owner, whatever the store had of them; nobody may own one."""
        await self._write(partial(_replace, jobs=jobs))

    async def forget_opening(self, job_id: str) -> None:
        """Keep no longer what a job began with; see the port."""
        statement = partial(statements.forget_opening, job_id=job_id)
        settle = None if self._copies is None else partial(_forget_copy, self._copies, job_id)
        self._unwaited.append(_Write(statement, durable=False, must_not_fail=True, settle=settle))

    async def num_live(self, tenant: str, subject: str) -> tuple[int, int]:
        """Return how many jobs have not ended; see the port."""
        ((number, of_subject),) = await self._fetch(NUM_LIVE, tenant, subject)
        return number, of_subject

    async def adopt(self, *, job_id: str | None = None, limit: int = 10_000) -> tuple[Orphan, ...]:
        """Take over jobs whose owner is gone; see the port."""
        if self._database.is_read_only:
            return ()
        owners = await self._fetch(
            "SELECT DISTINCT owner FROM jobs WHERE live = 1 AND owner <> ? AND (? IS NULL OR job_id = ?)",
            self._lock.owner,
            job_id,
            job_id,
        )
        gone = [owner for (owner,) in owners if self._lock.is_gone(owner)]
        if not gone:
            return ()
        statement = partial(statements.adopt, gone=gone, job_id=job_id, limit=limit, lock=self._lock)
        kept = await self._write(statement, must_not_fail=job_id is not None)  # somebody wants to stop that one
        return await anyio.to_thread.run_sync(_orphans, kept)

    async def request_cancel(self, job_id: str, *, by: str) -> None:
        """Leave word for a job's owner; see the port."""
        await self._write(partial(statements.request_cancel, job_id=job_id, by=by), must_not_fail=True)
        self._data_version = 0  # the job may be this system's, and is not begun yet

    async def cancel_requests(self) -> tuple[tuple[str, str], ...]:
        """Return who wants which job to stop; see the port."""
        rows = await self._read(
            "SELECT job_id, cancel_by FROM jobs WHERE live = 1 AND cancel_by <> '' AND owner = ?", self._lock.owner
        )
        return tuple((job_id, by) for job_id, by in rows)

    async def reserve(self, kept: KeptReservation, *, now_sec: float, slots: int, most_of_subject: int) -> None:
        """Keep a reservation; see the port."""
        await self._write(
            partial(leases.reserve, kept=kept, now_sec=now_sec, slots=slots, most_of_subject=most_of_subject)
        )

    async def release(self, reservation_id: str) -> bool:
        """End a reservation; see the port."""
        return bool(await self._write(partial(leases.release, reservation_id=reservation_id), must_not_fail=True))

    async def reservations(self) -> tuple[KeptReservation, ...]:
        """Return all reservations; see the port."""
        return leases.kept_in(await self._read(leases.ALL))

    async def changed(self) -> bool:
        """Return whether anybody else has written; see the port."""
        version = await self._version()
        before, self._data_version = self._data_version, version
        return before != version

    async def _version(self) -> int:
        if self._database.is_read_only:
            ((version,),) = await self._read("PRAGMA data_version")
            return int(version)
        look = _Look()
        await self._thread.run(look)
        if look.error is not None:
            raise look.error
        return look.version

    async def integrity(self) -> tuple[str, ...]:
        """Return what SQLite finds wrong with the file; nothing where all is well."""
        lines = await self._read("PRAGMA integrity_check(20)")
        return tuple(line for (line,) in lines if line != "ok")

    def _close(self) -> None:
        if self._copies is not None:
            self._copies.close()
        self._lock.release()
        self._database.close()

    async def _fetch(self, query: str, *values: Any) -> list[Any]:
        """Return what a query finds, everything included that this process has written so far."""
        await self._catch_up()
        return await self._read(query, *values)

    async def _read(self, query: str, *values: Any) -> list[Any]:
        return await anyio.to_thread.run_sync(self._database.fetch, query, values, limiter=self._one_reader)

    def _appending(self, record: JobRecord, events: tuple[StoredEvent, ...]) -> Statement:
        return partial(statements.append, record=record, events=events, owner=self._lock.owner)

    async def _write(
        self,
        statement: Statement,
        *,
        durable: bool = True,
        must_not_fail: bool = False,
        settle: Callable[[Any], None] | None = None,
    ) -> Any:
        write = _Write(statement, durable, must_not_fail, settle)
        unwaited, self._unwaited = self._unwaited, []
        await self._thread.run(*unwaited, write)
        if write.error is not None:
            raise write.error
        return write.outcome

    async def _write_behind(self) -> None:
        while True:
            await anyio.sleep(WRITE_BEHIND_SEC)
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Wait until all that was written so far is committed or refused, what was written behind included.

        What was written behind must not fail, as the end that comes after it must not. What is refused all the same, by
        a disk that is full or broken, is tried again: a later write without it would leave a gap.
        """
        behind, self._behind = self._behind, {}
        writes = [_Write(self._appending(*one), durable=False, must_not_fail=True) for one in behind.values()]
        self._unwaited += writes
        if self._unwaited or self._thread.is_busy:
            with suppress(EigenError):  # whoever reads then, reads what there is
                await self._write(_nothing, durable=False)
        for one, write in zip(behind.values(), writes, strict=True):
            if isinstance(write.error, EigenError):
                later = self._behind.get(one.record.job_id, _Behind(one.record, ()))
                self._behind[one.record.job_id] = _Behind(later.record, (*one.events, *later.events))

    def _serve(self, batch: Sequence[_Write | _Look]) -> None:
        writes = [one for one in batch if isinstance(one, _Write)]
        if writes:
            self._commit(writes)
        for look in (one for one in batch if isinstance(one, _Look)):
            try:
                look.version = self._database.version()
            except EigenError as error:
                look.error = error

    def _commit(self, batch: Sequence[_Write]) -> None:
        try:
            self._transact(batch, may_use_ballast=False)
        except ResourceExhaustedError as error:
            needed = [write for write in batch if write.must_not_fail]
            _fail([write for write in batch if not write.must_not_fail], error)
            if needed:
                self._commit_needed(needed)
        except EigenError as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001  # a defect: it costs the write that has it, and nobody else
            if len(batch) == 1:
                _fail(batch, error)
            else:
                for write in batch:
                    self._commit([write])

    def _commit_needed(self, needed: list[_Write]) -> None:
        try:
            self._transact(needed, may_use_ballast=True)
        except EigenError as error:
            _fail(needed, error)

    def _transact(self, batch: Sequence[_Write], *, may_use_ballast: bool) -> None:
        durable = any(write.durable for write in batch)
        self._database.transact(partial(_attempt_all, batch), durable=durable, may_use_ballast=may_use_ballast)
        for write in batch:
            if write.settle is not None and write.error is None:
                write.settle(write.outcome)

    def _copy(self, job: NewJob, kept: JobRecord) -> None:
        """Keep what a job begins with a second time, unless the job is an earlier one by its key."""
        if self._copies is not None and kept.job_id == job.record.job_id:
            with suppress(OSError):  # the job is safe; only a store that is lost would miss it
                self._copies.keep(kept.job_id, job.opening)


def _forget_copy(copies: OpeningCopies, job_id: str, _: Any) -> None:
    copies.forget(job_id)


def _nothing(connection: sqlite3.Connection) -> None:
    """Do nothing; who waits for it waits for what was written before."""


def _attempt_all(batch: Sequence[_Write], connection: sqlite3.Connection) -> None:
    """Run the writes of a batch; a refusal of ours is a write's own outcome and leaves the others alone."""
    for write in batch:
        write.error = None
        try:
            write.outcome = write.statement(connection)
        except (EigenError, StaleOwnerError) as error:
            write.error = error


def _fail(batch: Sequence[_Write], error: Exception) -> None:
    for write in batch:
        write.error = error


def _replace(connection: sqlite3.Connection, jobs: Sequence[KeptJob]) -> None:
    statements.forget(connection, [job.record.job_id for job in jobs])
    statements.restore(connection, jobs)


def _orphans(kept: list[tuple[str, str, list[str], str]]) -> tuple[Orphan, ...]:
    return tuple(_orphan(*one) for one in kept)


def _orphan(job_id: str, text: str, kept_events: list[str], cancel_by: str) -> Orphan:
    try:
        record = record_of(text, job_id=job_id)
        events = tuple(event_of(event, job_id=job_id) for event in kept_events)
        require_all(record, events)
    except InternalError as error:
        return Orphan(record=stand_in(job_id), events=(), cancel_by=cancel_by, damage=error)
    return Orphan(record=record, events=events, cancel_by=cancel_by)
