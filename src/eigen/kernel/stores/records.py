"""Records and events in SQLite as they are read, by a system or by somebody who only looks: the same questions.

A row that is damaged costs its own job and no other: who asks for that job gets an error that says so, who asks for
many gets a stand-in for it.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from eigen.contracts.errors import InternalError, NotFoundError
from eigen.contracts.jobs import JobFilter, JobRecord, JobState, StoredEvent
from eigen.contracts.printable import quoted
from eigen.contracts.wire import from_json, parse_time
from eigen.kernel.stores.database import Database
from eigen.kernel.stores.selection import selection
from eigen.ports.kept_jobs import KeptJobs

__all__ = ["UNREADABLE", "AskedRecords", "SqliteRecords", "event_of", "record_of", "require_all", "stand_in"]

UNREADABLE = (ValueError, TypeError, RecursionError)
"""What reading a text raises that is not what was written."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class AskedRecords(KeptJobs):
    """The questions, whoever brings them to the database."""

    async def get(self, job_id: str) -> JobRecord:
        """Return a record; see the port."""
        rows = await self._fetch("SELECT record FROM jobs WHERE job_id = ?", job_id)
        if not rows:
            raise NotFoundError(
                f"there is no job {quoted(job_id)}",
                reason="JOB_NOT_FOUND",
                hint="`eigen jobs` lists the jobs there are",
            )
        return record_of(rows[0][0], job_id=job_id)

    async def select(self, job_filter: JobFilter, *, limit: int, before_job_id: str = "") -> tuple[JobRecord, ...]:
        """Return matching records, newest first; see the port."""
        query, values = selection(job_filter, limit=limit, before_job_id=before_job_id)
        rows = await self._fetch(query, *values)
        try:
            return tuple([record_of(text, job_id=job_id) for job_id, text in rows])
        except InternalError:
            return tuple([await self._record_or_stand_in(*row) for row in rows])

    async def events(self, job_id: str, *, after_seq: int = 0) -> tuple[StoredEvent, ...]:
        """Return a job's events; see the port."""
        rows = await self._fetch(
            "SELECT event FROM events WHERE job_id = ? AND event_seq > ? ORDER BY event_seq", job_id, after_seq
        )
        return tuple(event_of(event, job_id=job_id) for (event,) in rows)

    async def opening(self, job_id: str) -> bytes:
        """Return what a job begins with; see the port."""
        rows = await self._fetch("SELECT content FROM openings WHERE job_id = ?", job_id)
        return bytes(rows[0][0]) if rows else b""

    async def _record_or_stand_in(self, job_id: str, text: str) -> JobRecord:
        try:
            return record_of(text, job_id=job_id)
        except InternalError:
            rows = await self._fetch(
                "SELECT name, subject, tenant, state, created_at FROM jobs WHERE job_id = ?", job_id
            )
            return stand_in(job_id, *(rows[0] if rows else ()))

    @abstractmethod
    async def _fetch(self, query: str, *values: Any) -> list[Any]:
        """Return what a query finds."""


class SqliteRecords(AskedRecords):
    """The records of a database, for a process that has nothing else to do: it is asked on the spot.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _fetch(self, query: str, *values: Any) -> list[Any]:
        return self._database.fetch(query, values)


def record_of(text: str, *, job_id: str) -> JobRecord:
    """Return the record of a job as it is kept.

    Raises:
        InternalError: It is damaged, or another job's (reason `RECORD_DAMAGED`).
    """
    try:
        record = from_json(JobRecord, json.loads(text))
    except UNREADABLE as error:
        raise _damaged(f"the record of job {job_id} is damaged") from error
    if record.job_id != job_id:
        raise _damaged(f"the record of job {job_id} is another job's")
    return record


def event_of(text: str, *, job_id: str) -> StoredEvent:
    """Return an event of a job as it is kept.

    Raises:
        InternalError: It is damaged (reason `RECORD_DAMAGED`).
    """
    try:
        return from_json(StoredEvent, json.loads(text))
    except UNREADABLE as error:
        raise _damaged(f"an event of job {job_id} is damaged") from error


def require_all(record: JobRecord, events: Sequence[StoredEvent]) -> None:
    """Refuse a record that its events do not lead to, as far as their numbers tell.

    Raises:
        InternalError: Some of them are missing (reason `RECORD_DAMAGED`).
    """
    if not events or [one.event_seq for one in events] != list(range(1, record.event_seq + 1)):
        raise _damaged(f"events of job {record.job_id} are missing")


def stand_in(
    job_id: str, name: str = "", subject: str = "", tenant: str = "", state: str = "", created_at: str = ""
) -> JobRecord:
    """Return what is shown in the place of a record that is damaged, from what else is known of the job."""
    try:
        at = parse_time(created_at)
    except UNREADABLE:
        at = _LONG_AGO
    return JobRecord(
        job_id=job_id,
        name=str(name),
        subject=str(subject),
        tenant=str(tenant),
        state=next((one for one in JobState if one.value == state), JobState.PENDING),
        stage="damaged",
        created_at=at,
        updated_at=at,
    )


def _damaged(message: str) -> InternalError:
    hint = "`eigen doctor` tells what can be done; no other job is affected"
    return InternalError(message, reason="RECORD_DAMAGED", hint=hint)
