"""The statements that change the job store, each within a transaction that its caller holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from eigen.contracts.errors import AlreadyExistsError
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.printable import quoted
from eigen.contracts.wire import format_time, json_line
from eigen.kernel.stores.ownership import OwnerLock
from eigen.kernel.stores.records import record_of
from eigen.kernel.stores.selection import NUM_LIVE
from eigen.ports.job_store import KeptJob, NewJob, StaleOwnerError

__all__ = [
    "OF_KEY",
    "adopt",
    "append",
    "forget",
    "forget_opening",
    "insert",
    "request_cancel",
    "restore",
    "same_content",
]

OF_KEY = (
    "SELECT content_digest, job_id, record FROM jobs WHERE tenant = ? AND subject = ? AND idempotency_key = ?"
    " AND idempotency_key <> ''"  # or the index, which holds no others, is not used
)
"""Finds the job that has a subject's idempotency key."""


def insert(connection: sqlite3.Connection, job: NewJob, lock: OwnerLock, require_room: Callable[[], None]) -> JobRecord:
    """Keep a new job for the owner of `lock`, or return the one that has its idempotency key.

    Raises:
        ResourceExhaustedError: By `require_room` and the job's `require_place`, which are asked where the job is new.
    """
    record = job.record
    if job.idempotency_key:
        found = connection.execute(OF_KEY, (record.tenant, record.subject, job.key_digest)).fetchone()
        if found is not None:
            return same_content(found, job)
    require_room()
    if job.require_place is not None:
        job.require_place(*connection.execute(NUM_LIVE, (record.tenant, record.subject)).fetchone())
    lock.acquire()
    _insert_row(connection, record, owner=lock.owner, key_digest=job.key_digest, content_digest=job.content_digest)
    _insert_events(connection, record.job_id, (job.event,))
    if job.opening:
        _insert_opening(connection, record.job_id, job.opening)
    return record


def forget_opening(connection: sqlite3.Connection, job_id: str) -> None:
    """Keep no longer what a job began with."""
    connection.execute("DELETE FROM openings WHERE job_id = ?", (job_id,))


def restore(connection: sqlite3.Connection, jobs: Iterable[KeptJob]) -> int:
    """Keep jobs that the store has lost, without an owner; return how many it did not have."""
    restored = 0
    for job in jobs:
        if connection.execute("SELECT 1 FROM jobs WHERE job_id = ?", (job.record.job_id,)).fetchone() is None:
            _insert_row(connection, job.record, owner="", key_digest=job.key_digest, content_digest=job.content_digest)
            _insert_events(connection, job.record.job_id, job.events)
            if job.cancel_by:
                request_cancel(connection, job.record.job_id, job.cancel_by)
            if job.opening:
                _insert_opening(connection, job.record.job_id, job.opening)
            restored += 1
    return restored


def forget(connection: sqlite3.Connection, job_ids: Iterable[str]) -> None:
    """Keep nothing of some jobs any longer."""
    for job_id in job_ids:
        for table in ("jobs", "events", "labels", "openings"):
            connection.execute(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))  # noqa: S608  # our own words only


def append(connection: sqlite3.Connection, record: JobRecord, events: tuple[StoredEvent, ...], owner: str) -> None:
    """Bring a live job of `owner` forward."""
    changed = connection.execute(
        "UPDATE jobs SET event_seq = ?, state = ?, live = ?, record = ?"
        " WHERE job_id = ? AND owner = ? AND live = 1 AND event_seq <= ?",  # once more: it is tried again
        (
            record.event_seq,
            record.state.value,
            not record.state.is_terminal,
            json_line(record),
            record.job_id,
            owner,
            record.event_seq,
        ),
    )
    if changed.rowcount != 1:
        raise StaleOwnerError(record.job_id)
    _insert_events(connection, record.job_id, events)


def adopt(
    connection: sqlite3.Connection, gone: Sequence[str], job_id: str | None, limit: int, lock: OwnerLock
) -> list[tuple[str, str, list[str], str]]:
    """Give live jobs of owners that are gone to the owner of `lock`, oldest first.

    Returns:
        Ids, records and events as they are kept, to be read when the transaction is over, and who wants a job to stop.
    """
    lock.acquire()
    marks = ", ".join("?" * len(gone))
    rows = connection.execute(
        "SELECT job_id, record, cancel_by FROM jobs"  # noqa: S608  # our own words only
        f" WHERE live = 1 AND owner IN ({marks}) AND (? IS NULL OR job_id = ?) ORDER BY job_id LIMIT ?",
        (*gone, job_id, job_id, limit),
    ).fetchall()
    connection.executemany("UPDATE jobs SET owner = ? WHERE job_id = ?", [(lock.owner, one) for one, _, _ in rows])
    return [(one, record, _events(connection, one), cancel_by) for one, record, cancel_by in rows]


def request_cancel(connection: sqlite3.Connection, job_id: str, by: str) -> None:
    """Leave word that a live job should stop; the first word stands, and a second one changes nothing on the disk."""
    connection.execute("UPDATE jobs SET cancel_by = ? WHERE job_id = ? AND live = 1 AND cancel_by = ''", (by, job_id))


def same_content(found: tuple[str, str, str], job: NewJob) -> JobRecord:
    """Return the record of a job that was found `OF_KEY`.

    Raises:
        AlreadyExistsError: It has another content.
    """
    content_digest, job_id, text = found
    if content_digest != job.content_digest:
        raise AlreadyExistsError(
            f"idempotency key {quoted(job.idempotency_key)} was used for another job",
            reason="IDEMPOTENCY_KEY_REUSED",
            hint="use a new key for a new job",
        )
    return record_of(text, job_id=job_id)


def _insert_row(
    connection: sqlite3.Connection, record: JobRecord, *, owner: str, key_digest: str, content_digest: str
) -> None:
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
            owner,
            key_digest,
            content_digest,
            json_line(record),
        ),
    )
    if record.labels:
        connection.executemany(
            "INSERT INTO labels (key, value, job_id) VALUES (?, ?, ?)",
            [(key, value, record.job_id) for key, value in record.labels.items()],
        )


def _insert_events(connection: sqlite3.Connection, job_id: str, events: Iterable[StoredEvent]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO events (job_id, event_seq, event) VALUES (?, ?, ?)",
        [(job_id, event.event_seq, json_line(event)) for event in events],
    )


def _insert_opening(connection: sqlite3.Connection, job_id: str, opening: bytes) -> None:
    connection.execute("INSERT INTO openings (job_id, content) VALUES (?, ?)", (job_id, opening))


def _events(connection: sqlite3.Connection, job_id: str) -> list[str]:
    rows = connection.execute("SELECT event FROM events WHERE job_id = ? ORDER BY event_seq", (job_id,))
    return [event for (event,) in rows]
