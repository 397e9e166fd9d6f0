"""A job store read row by row, so that what is damaged costs itself only: for whoever examines a store or replaces it.

Theory. SQLite gives up a query at the first page that is damaged. So jobs are found by walking each table, where it is
damaged from its other end and along an index too, and then each one is looked up by its id, which touches only the
pages on its way. Columns repeat what the record says, and the record what the events make; what does not agree is told.

A store of any schema up to this one is read as it is, and nothing of it changes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eigen.contracts.errors import InternalError
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.wire import format_time
from eigen.kernel.history import refolded, tells
from eigen.kernel.stores import leases
from eigen.kernel.stores.database import open_unchanged
from eigen.kernel.stores.records import UNREADABLE, event_of, record_of
from eigen.kernel.stores.schema import require_known
from eigen.ports.job_store import KeptJob, KeptReservation, key_digest

__all__ = ["FoundJob", "Salvage", "salvaged"]

_WALKS = (
    ("jobs", "SELECT job_id FROM jobs NOT INDEXED ORDER BY job_id"),
    ("jobs", "SELECT job_id FROM jobs NOT INDEXED ORDER BY job_id DESC"),
    ("jobs", "SELECT job_id FROM jobs INDEXED BY jobs_of_subject"),
    ("events", "SELECT DISTINCT job_id FROM events ORDER BY job_id"),
    ("events", "SELECT DISTINCT job_id FROM events ORDER BY job_id DESC"),
    ("openings", "SELECT job_id FROM openings"),
)
"""What finds jobs: the first walk of a table, and the others where that met with damage."""

_KEYS_ARE_DIGESTS = 3
"""From this schema on, idempotency keys are kept as digests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob:
    """What a store has of a job.

    Attributes:
        job_id: Its id.
        record: Its record; None where it is missing or damaged.
        story: Its record as its events make it, where they make one; else as `record`.
        events: Its events, those left out that are missing or damaged.
        problems: What is not as it should be.
        key_digest: As `NewJob.key_digest`.
        content_digest: As `NewJob.content_digest`.
        cancel_by: Who wants its owner to stop it.
        opening: As `NewJob.opening`.
        is_whole: Whether its events make a record, the last one that the store knew of.
        was_accepted: Whether there is more of it than what it was to begin with.
    """

    job_id: str
    record: JobRecord | None = None
    story: JobRecord | None = None
    events: tuple[StoredEvent, ...] = ()
    problems: tuple[str, ...] = ()
    key_digest: str = ""
    content_digest: str = ""
    cancel_by: str = ""
    opening: bytes = b""
    is_whole: bool = False
    was_accepted: bool = False

    def kept(self) -> KeptJob | None:
        """Return the job as its events make it, or as its record tells it where they do not; None without either."""
        if self.story is None:
            return None
        return KeptJob(
            record=self.story,
            events=self.events,
            key_digest=self.key_digest,
            content_digest=self.content_digest,
            cancel_by=self.cancel_by,
            opening=self.opening,
        )


@contextmanager
def salvaged(path: Path) -> Iterator[Salvage]:
    """Open a store to read what can be read of it; one that is missing, or no database, has nothing.

    Args:
        path: The database.

    Raises:
        FailedPreconditionError: A newer version of Eigen OS has written it.
    """
    if not path.is_file():
        yield Salvage(None)
        return
    with closing(open_unchanged(path)) as connection:
        yield Salvage(connection)


class Salvage:
    """What can be read of a store; every method blocks.

    Args:
        connection: The database; None for one that is gone.

    Attributes:
        is_damaged: Whether some of it could not be read so far.

    Raises:
        FailedPreconditionError: A newer version of Eigen OS has written it.
    """

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._connection = connection
        self.is_damaged = False
        ((self._version,),) = self._rows("PRAGMA user_version") or [(0,)]
        require_known(self._version)
        self._tables = frozenset(name for (name,) in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'"))
        self._columns = tuple(row[1] for row in self._rows("PRAGMA table_info(jobs)"))

    def job_ids(self) -> frozenset[str]:
        """Return the ids of all jobs of which there is anything."""
        found = set[str]()
        walked = set[str]()
        for table, walk in _WALKS:
            if table in self._tables - walked:
                before, self.is_damaged = self.is_damaged, False
                found.update(job_id for (job_id,) in self._rows(walk) if isinstance(job_id, str))
                if not self.is_damaged:
                    walked.add(table)
                self.is_damaged |= before
        return frozenset(found)

    def jobs(self, job_ids: Iterable[str]) -> list[FoundJob]:
        """Return what there is of some jobs, as of one moment; nothing for those of which there is nothing."""
        self._rows("BEGIN")
        found = [self._job(job_id) for job_id in job_ids]
        self._rows("ROLLBACK")
        return [one for one in found if one is not None]

    def reservations(self) -> tuple[KeptReservation, ...]:
        """Return the reservations that can be read."""
        if "reservations" not in self._tables:
            return ()
        return tuple(one for row in self._rows(leases.ALL) for one in self._reservation(row))

    def _reservation(self, row: tuple[str, float, str]) -> tuple[KeptReservation, ...]:
        try:
            return leases.kept_in([row])
        except UNREADABLE:
            self.is_damaged = True
            return ()

    def _job(self, job_id: str) -> FoundJob | None:
        row = self._row(job_id) if "jobs" in self._tables else {}
        events, openings = list[Any](), list[Any]()
        if "events" in self._tables:
            events = self._rows("SELECT event FROM events WHERE job_id = ? ORDER BY event_seq", job_id)
        if "openings" in self._tables:
            openings = self._rows("SELECT content FROM openings WHERE job_id = ?", job_id)
        if not (row or events or openings):
            return None
        opening = openings[0][0] if openings else b""
        return self._judged(job_id, row, [text for (text,) in events], opening if isinstance(opening, bytes) else b"")

    def _judged(self, job_id: str, row: Mapping[str, Any], texts: Sequence[str], opening: bytes) -> FoundJob:
        record = _record(job_id, row)
        events = _events(job_id, texts)
        made = refolded(events) if len(events) == len(texts) else None
        is_whole = made is not None and made.event_seq >= (record.event_seq if record else row.get("event_seq", 0))
        agrees = made is not None and record is not None and (record == made or tells(json.loads(row["record"]), made))
        problems = list[str]()
        if record is None:
            problems.append("its record is damaged" if row else "its record is missing")
        elif is_whole and not agrees:
            problems.append("its record is not what its events make")
        if not is_whole:
            problems.append("its events make no record: some are missing or damaged")
        if record is not None:
            problems += self._odd(record, row)
        key = str(row.get("idempotency_key", ""))
        return FoundJob(
            job_id=job_id,
            record=record,
            story=made if is_whole else record,
            events=events,
            problems=tuple(problems),
            key_digest=key if self._version >= _KEYS_ARE_DIGESTS else key_digest(key),
            content_digest=str(row.get("content_digest", "")),
            cancel_by=str(row.get("cancel_by", "")),
            opening=opening,
            is_whole=is_whole,
            was_accepted=bool(row or texts),
        )

    def _odd(self, record: JobRecord, row: Mapping[str, Any]) -> Iterator[str]:
        """Yield what by which a job is found says otherwise than its record."""
        told = {
            "event_seq": record.event_seq,
            "state": record.state.value,
            "live": int(not record.state.is_terminal),
            "name": record.name,
            "tenant": record.tenant,
            "subject": record.subject,
            "created_at": format_time(record.created_at),
        }
        odd = [name for name, value in told.items() if row.get(name, value) != value]
        if "labels" in self._tables and not all(
            self._has_label(record.job_id, *label) for label in record.labels.items()
        ):
            odd.append("labels")
        if odd:
            yield f"its row does not say what its record says: {', '.join(odd)}"

    def _has_label(self, job_id: str, key: str, value: str) -> bool:
        query = "SELECT 1 FROM labels WHERE key = ? AND value = ? AND job_id = ?"
        return bool(self._rows(query, key, value, job_id))

    def _row(self, job_id: str) -> Mapping[str, Any]:
        rows = self._rows("SELECT * FROM jobs NOT INDEXED WHERE job_id = ?", job_id)
        return dict(zip(self._columns, rows[0], strict=True)) if rows else {}

    def _rows(self, query: str, *values: Any) -> list[Any]:
        """Return what a query finds, up to the first page that is damaged."""
        rows = list[Any]()
        try:
            if self._connection is not None:
                rows.extend(self._connection.execute(query, values))
        except sqlite3.Error:
            self.is_damaged = True
        return rows


def _record(job_id: str, row: Mapping[str, Any]) -> JobRecord | None:
    try:
        return record_of(row["record"], job_id=job_id) if row else None
    except InternalError:
        return None


def _events(job_id: str, texts: Iterable[str]) -> tuple[StoredEvent, ...]:
    """Return the events that can be read."""
    events = list[StoredEvent]()
    for text in texts:
        with suppress(InternalError):
            events.append(event_of(text, job_id=job_id))
    return tuple(events)
