"""Records and events in SQLite as they are read, by a system or by somebody who only looks: the same questions."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any

from eigen.contracts.errors import NotFoundError
from eigen.contracts.jobs import JobFilter, JobRecord, StoredEvent
from eigen.contracts.printable import quoted
from eigen.contracts.wire import from_json
from eigen.kernel.stores.database import Database
from eigen.kernel.stores.selection import selection
from eigen.ports.kept_jobs import KeptJobs

__all__ = ["AskedRecords", "SqliteRecords", "event_of", "record_of"]


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
        return record_of(rows[0][0])

    async def select(self, job_filter: JobFilter, *, limit: int, before_job_id: str = "") -> tuple[JobRecord, ...]:
        """Return matching records, newest first; see the port."""
        query, values = selection(job_filter, limit=limit, before_job_id=before_job_id)
        return tuple(record_of(record) for _, record in await self._fetch(query, *values))

    async def events(self, job_id: str, *, after_seq: int = 0) -> tuple[StoredEvent, ...]:
        """Return a job's events; see the port."""
        rows = await self._fetch(
            "SELECT event FROM events WHERE job_id = ? AND event_seq > ? ORDER BY event_seq", job_id, after_seq
        )
        return tuple(event_of(event) for (event,) in rows)

    async def opening(self, job_id: str) -> bytes:
        """Return what a job begins with; see the port."""
        rows = await self._fetch("SELECT content FROM openings WHERE job_id = ?", job_id)
        return bytes(rows[0][0]) if rows else b""

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


def record_of(text: str) -> JobRecord:
    """Return a record as it is kept."""
    return from_json(JobRecord, json.loads(text))


def event_of(text: str) -> StoredEvent:
    """Return an event as it is kept."""
    return from_json(StoredEvent, json.loads(text))
