"""Jobs and their updates as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eigen.cli.failures import error_lines
from eigen.cli.rendering import STATE_STYLES, Column, emit, note, show_facts, show_styled, show_table
from eigen.contracts.jobs import GROUP_LABEL
from eigen.contracts.wire import format_time, to_json

if TYPE_CHECKING:
    from datetime import datetime

    from eigen.contracts.diagnostics import Diagnostic
    from eigen.contracts.jobs import JobStatus, JobUpdate, StoredEvent

__all__ = ["accepted_document", "print_update", "show_events", "show_jobs", "show_status"]


def show_status(status: JobStatus) -> None:
    """Print a job's status for people, and behind it why it failed: both are what was asked for."""
    show_facts(
        {
            "job": status.job_id,
            "name": status.name,
            "state": status.state.value,
            "stage": f"{status.stage} ({status.progress:.0%})",
            "message": "" if status.error else status.message,
            "target": status.target,
            "device": status.device_id or "",
            "shots": _number(status.shots),
            "seed": _number(status.seed),
            "priority": str(status.priority),
            "group": status.group or "",
            "labels": ", ".join(f"{key}={value}" for key, value in status.labels.items() if key != GROUP_LABEL),
            "attempt": str(status.attempt) if status.attempt > 1 else "",
            "created": _moment(status.created_at),
            "updated": _moment(status.updated_at),
            "trace": status.trace_id,
        }
    )
    error = status.failure()
    if error is not None:
        show_styled(error_lines(error))


def accepted_document(status: JobStatus, warnings: Iterable[Diagnostic]) -> dict[str, Any]:
    """Return what programs read of a job that was just accepted: its JobStatus, and what is suspicious about it."""
    return {**to_json(status), "warnings": [to_json(one) for one in warnings]}


def show_jobs(jobs: Sequence[JobStatus], *, with_subject: bool) -> None:
    """Print jobs as a table: why they wait and their groups where any do and have, and whose they are where wanted."""
    if not jobs:
        note("no jobs")
        return
    columns = [
        Column("job"),
        Column("name"),
        Column("state", styles=STATE_STYLES),
        Column("target"),
        Column("shots", is_number=True),
        Column("created"),
        Column("seconds", is_number=True),
    ]
    rows = [_job_row(job) for job in jobs]
    if any(job.waiting_for for job in jobs):
        columns += [Column("place", is_number=True), Column("waits")]
        rows = [(*row, *_wait(job)) for row, job in zip(rows, jobs, strict=True)]
    if any(job.group for job in jobs):
        columns.append(Column("group"))
        rows = [(*row, job.group or "") for row, job in zip(rows, jobs, strict=True)]
    if with_subject:
        columns.append(Column("subject"))
        rows = [(*row, job.subject) for row, job in zip(rows, jobs, strict=True)]
    show_table(columns, rows)
    for job in jobs:
        if job.stage == "damaged":
            note(f"{job.job_id}: {job.message}")


def show_events(events: Sequence[StoredEvent]) -> None:
    """Print what has happened to a job as a table."""
    columns = [Column("#", is_number=True), Column("time"), Column("event"), Column("state", styles=STATE_STYLES)]
    show_table(
        [*columns, Column("facts")],
        [
            (str(one.event_seq), format_time(one.at), one.kind, one.state.value, _facts_line(one.facts))
            for one in events
        ],
    )


def print_update(update: JobUpdate, *, as_json: bool) -> None:
    """Print one update as one line."""
    if as_json:
        emit(json.dumps(to_json(update), separators=(",", ":")))
    else:
        emit(
            f"{format_time(update.timestamp)}  {update.state.value:<9}  {update.stage:<9}"
            f"  {update.progress:>4.0%}  {update.message}"
        )


def _facts_line(facts: Mapping[str, Any]) -> str:
    """Return the facts of an event that say anything, one after the other; `eigen trace` shows the spans."""
    shown = {name: value for name, value in facts.items() if value not in (None, "", {}, []) and name != "spans"}
    return ", ".join(f"{name}={_fact(value)}" for name, value in shown.items())


def _fact(value: Any) -> str:
    if isinstance(value, Mapping) and "message" in value:  # an error
        return f"{value.get('reason')}: {str(value['message']).splitlines()[0]}"
    return value if isinstance(value, str) else json.dumps(value)


def _job_row(job: JobStatus) -> tuple[str, ...]:
    return (
        job.job_id,
        job.name,
        job.state.value,
        job.device_id or job.target,
        _number(job.shots),
        _moment(job.created_at),
        f"{job.took_sec:.1f}" if job.is_terminal else "",
    )


def _wait(job: JobStatus) -> tuple[str, str]:
    """Return a job's place in its line, and why it waits; empty for one that does not."""
    return (_number(job.queue_position), job.message) if job.waiting_for else ("", "")


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
