"""A job's events as they are kept, and the record as their fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eigen.contracts.errors import InvariantError
from eigen.contracts.job_events import JOB_EVENTS, JobEvent
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.wire import format_time, from_json, json_line, to_facts, to_json
from eigen.kernel.machine import step

__all__ = ["fold", "refolded", "stored", "tells", "to_json_lines"]

_KINDS: dict[str, type[JobEvent]] = {kind.__name__: kind for kind in JOB_EVENTS}


def stored(event: JobEvent, after: JobRecord, *, spans: Sequence[Mapping[str, Any]] = ()) -> StoredEvent:
    """Return an event as it is kept, with the face of the record after it.

    Args:
        event: What happened.
        after: The record after it.
        spans: Work that had ended by then and is in no event yet, as JSON; the record does not depend on it.
    """
    facts = to_facts(event)
    if spans:
        facts["spans"] = list(spans)
    return StoredEvent(
        event_seq=after.event_seq,
        kind=type(event).__name__,
        at=event.at,
        state=after.state,
        stage=after.stage,
        facts=facts,
    )


def fold(events: Iterable[StoredEvent]) -> JobRecord:
    """Return the record that a job's events make, from the first one on.

    Raises:
        InvariantError: There are none, or they do not follow one another.
    """
    record: JobRecord | None = None
    for one in events:
        event = from_json(_KINDS[one.kind], {**one.facts, "at": format_time(one.at)})
        record = step(record, event).job
        if record.event_seq != one.event_seq:
            raise InvariantError(f"event {one.event_seq} came where {record.event_seq} was due")
    if record is None:
        raise InvariantError("a job without events")
    return record


def refolded(events: Iterable[StoredEvent]) -> JobRecord | None:
    """Return the record that a job's events make; None where they make none, since some are damaged or missing."""
    try:
        return fold(events)
    except (InvariantError, ValueError, TypeError, KeyError, AttributeError):
        return None


def tells(document: Mapping[str, Any], record: JobRecord) -> bool:
    """Return whether a kept record says what a record says, in all that the version knew of which wrote it."""
    now = to_json(record)
    return all(now[name] == value for name, value in document.items() if name in now)


def to_json_lines(events: Iterable[StoredEvent]) -> bytes:
    """Return events as `events.jsonl`: one JSON object a line, keys sorted, no blanks."""
    return "".join(f"{json_line(event)}\n" for event in events).encode()
