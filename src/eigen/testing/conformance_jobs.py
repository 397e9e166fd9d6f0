"""Jobs and reservations for the conformance suite of job stores: made by the state machine, as a system makes them."""

from __future__ import annotations

from datetime import timedelta

from eigen.contracts.devices import Reservation
from eigen.contracts.errors import InvariantError
from eigen.contracts.job_events import CancelRequested, Closed, JobEvent, Submitted
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.kernel.history import fold, stored
from eigen.kernel.machine import step
from eigen.ports.job_store import KeptReservation, NewJob
from eigen.testing.clock import CountingIds, ManualClock

__all__ = ["CLOCK", "IDS", "after", "cancelled", "is_fold", "new_job", "new_reservation"]

IDS, CLOCK = CountingIds(), ManualClock()


def new_job(*, key: str = "", digest: str = "", name: str = "bell", subject: str = "ada") -> NewJob:
    """Return a job as it is accepted."""
    now, trace = CLOCK.now(), IDS.trace()
    event = Submitted(
        at=now,
        job_id=IDS.job_id(now),
        name=name,
        subject=subject,
        tenant="default",
        labels={},
        target="sim:local",
        priority=50,
        timeout_sec=None,
        shots=1,
        seed=1,
        trace_id=trace.trace_id,
        span_id=trace.span_id,
        spec_digest="",
        source_digest="",
    )
    record = step(None, event).job
    return NewJob(record=record, event=stored(event, record), idempotency_key=key, content_digest=digest)


def new_reservation(*, subject: str = "ada", ends_sec: float = 99.0, boot_id: str = "first") -> KeptReservation:
    """Return a reservation that ends by the clock of one boot of a machine."""
    now = CLOCK.now()
    reservation = Reservation(
        reservation_id=IDS.job_id(now).replace("job_", "res_"),
        device_id="sim:local",
        subject=subject,
        tenant="default",
        purpose="",
        created_at=now,
        expires_at=now + timedelta(seconds=ends_sec),
    )
    return KeptReservation(reservation=reservation, boot_id=boot_id, ends_sec=ends_sec)


def after(record: JobRecord, *events: JobEvent) -> tuple[JobRecord, tuple[StoredEvent, ...]]:
    """Return a job's record after events, and these events as they are kept."""
    kept: list[StoredEvent] = []
    for event in events:
        record = step(record, event).job
        kept.append(stored(event, record))
    return record, tuple(kept)


def cancelled(record: JobRecord) -> tuple[JobRecord, tuple[StoredEvent, ...]]:
    """Return the record and the events of a job that somebody cancels."""
    now = CLOCK.now()
    return after(record, CancelRequested(at=now, by="ada"), Closed(at=now, attempt=1))


def is_fold(record: JobRecord, events: tuple[StoredEvent, ...]) -> bool:
    """Return whether a record is what the events make of a job."""
    try:
        return fold(events) == record
    except InvariantError:
        return False
