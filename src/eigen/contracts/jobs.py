"""Job states, records, kept events, and what of them users see.

A record is the fold of its events, which carry a sequence number from 1. Times are UTC wall-clock times, for people;
nothing is decided by them. Contract "Job states, events, errors".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from eigen.contracts.errors import EigenError
from eigen.contracts.waiting import Waiting, for_device, for_jobs

__all__ = [
    "GROUP_LABEL",
    "GROUP_NAME",
    "JOB_ID",
    "TERMINAL_STATES",
    "JobFilter",
    "JobPage",
    "JobRecord",
    "JobState",
    "JobStatus",
    "JobUpdate",
    "StoredEvent",
]

JOB_ID = re.compile(r"job_[0-9a-z]{26}")
"""`job_`, 10 characters of milliseconds and 16 of randomness in lower-case Crockford base 32: sortable, unguessable."""


GROUP_LABEL = "eigen.os/group"
"""The label that makes jobs one group, such as the iterations of one loop; its value is the group's name."""

GROUP_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""As a value of a Kubernetes label: 1 to 63 letters, digits, and inner `.`, `_` and `-`."""


class JobState(StrEnum):
    """Where a job is in its life."""

    PENDING = "PENDING"
    COMPILING = "COMPILING"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"
    TIMEOUT = "TIMEOUT"

    @property
    def is_terminal(self) -> bool:
        """Whether the state is never left."""
        return self in TERMINAL_STATES


TERMINAL_STATES = frozenset({JobState.DONE, JobState.ERROR, JobState.CANCELLED, JobState.TIMEOUT})


@dataclass(frozen=True, slots=True)  # not `kw_only`: so many keywords take three times as long, and a job changes often
class JobRecord:
    """What the kernel knows of a job.

    Attributes:
        job_id: Its id.
        name: Its name, from `metadata.name`.
        subject: Who submitted it.
        created_at: When it was accepted.
        updated_at: When the last event happened.
        tenant: On whose behalf.
        labels: As submitted.
        state: Where it is in its life.
        stage: What is being done: `waiting` (for other jobs), `submitted`, `compiling`, `queued`, `executing`,
            `stopping`, `storing`, `closing`, `finished`; `damaged` stands for a record that cannot be read.
        event_seq: Number of the last event.
        attempt: How often an owner began with it, from 1; an outcome of an older attempt changes nothing. A job that
            is handed on before anybody has begun with it keeps its number.
        crashes: How often the backend died under it.
        target: The device asked for.
        device_id: The device chosen, once compiled.
        priority: 0 to 100, higher first.
        timeout_sec: Longest time from submission to a result, all waiting included.
        dependencies: Jobs that must be DONE before it begins.
        memory_bytes: Most memory that its run takes, once compiled.
        shots: Shots, once known.
        seed: Seed, once known.
        trace_id: Its trace.
        span_id: The span of its submission, parent of all its spans.
        parent_span_id: The caller's span that the submission was a part of; empty for none.
        ending: The terminal state that it is about to take, once that is certain.
        stopping: The terminal state to take when the running work has stopped.
        points: Points of its sweep, or most evaluations of its loop, once some of them are done.
        points_done: How many of them are done.
        best: The least value of its loop's objective so far; None without.
        error: Why it failed, as `EigenError.to_json` gives it.
        spec_digest: SHA-256 of `job.resolved.json`.
        source_digest: SHA-256 of the program.
        aqo_digest: SHA-256 of the compiled circuit.
    """

    job_id: str
    name: str
    subject: str
    created_at: datetime
    updated_at: datetime
    tenant: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    state: JobState = JobState.PENDING
    stage: str = "submitted"
    event_seq: int = 0
    attempt: int = 1
    crashes: int = 0
    target: str = ""
    device_id: str | None = None
    priority: int = 50
    timeout_sec: float | None = None
    dependencies: tuple[str, ...] = ()
    memory_bytes: int = 0
    shots: int | None = None
    seed: int | None = None
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    ending: JobState | None = None
    stopping: JobState | None = None
    points: int = 0
    points_done: int = 0
    best: float | None = None
    error: Mapping[str, Any] | None = None
    spec_digest: str = ""
    source_digest: str = ""
    aqo_digest: str = ""

    @property
    def may_stop(self) -> bool:
        """Whether a cancel or a timeout still makes a difference: no end is certain, and none is asked for."""
        return not self.state.is_terminal and self.ending is None and self.stopping is None

    def status(self, *, waiting: Waiting | None = None) -> JobStatus:
        """Return the job as its user sees it.

        Args:
            waiting: Why it waits, from the system that has it; else the record says what it can.
        """
        progress, message = _face(self.stage, done=self.points_done, total=self.points, best=self.best)
        error = self.error if self.state.is_terminal else None
        if waiting is None:
            waiting = self._last_known_wait()
        return JobStatus(
            job_id=self.job_id,
            name=self.name,
            state=self.state,
            stage=self.stage,
            progress=progress,
            message=str(error["message"]) if error else waiting.message if waiting else message,
            target=self.target,
            device_id=self.device_id,
            shots=self.shots,
            seed=self.seed,
            priority=self.priority,
            labels=self.labels,
            group=self.labels.get(GROUP_LABEL),
            subject=self.subject,
            attempt=self.attempt,
            event_seq=self.event_seq,
            trace_id=self.trace_id,
            created_at=self.created_at,
            updated_at=self.updated_at,
            error_code=error["code"] if error else None,
            error_reason=error["reason"] if error else None,
            error_summary=str(error["message"]).splitlines()[0] if error else None,
            error=error,
            queue_position=waiting.queue_position if waiting else None,
            waiting_for=waiting.facts if waiting else None,
        )

    def _last_known_wait(self) -> Waiting | None:
        if self.stage == "waiting" and self.ending is None:
            return for_jobs(self.dependencies)
        return for_device(self.device_id) if self.stage == "queued" and self.device_id else None


_FACE_OF_STAGE: Mapping[str, tuple[float, str]] = {
    # stage: progress, what people read
    "waiting": (0.0, "waiting for other jobs to be DONE"),
    "submitted": (0.0, "waiting to be compiled"),
    "compiling": (0.1, "compiling the program"),
    "queued": (0.3, "waiting for a slot of the device"),
    "executing": (0.5, "running on the device"),
    "stopping": (0.5, "stopping the work"),
    "storing": (0.9, "storing the results"),
    "closing": (0.9, "storing how it ended"),
    "finished": (1.0, "finished"),
    "damaged": (0.0, "its record is damaged: `eigen doctor` tells what can be done"),
}


def _face(stage: str, *, done: int = 0, total: int = 0, best: float | None = None) -> tuple[float, str]:
    """Return how far a job is, and what people read.

    Args:
        stage: What is being done.
        done: Points of a sweep, or evaluations of a loop, that are done.
        total: How many there are, or may be.
        best: The least value of a loop's objective.
    """
    progress, message = _FACE_OF_STAGE[stage]
    if stage != "executing" or not total:
        return progress, message
    end, _ = _FACE_OF_STAGE["storing"]
    share = progress + (end - progress) * done / total
    if best is not None:
        return share, f"{message}: {done} evaluations, best {best:.9g}"
    return share, f"{message}: {done} of {total} points"


_WORDS_OF_EVENT: Mapping[str, str] = {
    "Adopted": "taken over from a system that is gone",
    "ExecutionFailed": "the backend failed under the job",
    "CancelRequested": "asked to stop",
    "TimedOut": "its time is over",
    "DependenciesMet": "the jobs that it needs are DONE",
    "DependencyFailed": "a job that it needs is not DONE",
}

_WORDS_OF_END: Mapping[JobState, str] = {
    JobState.ERROR: "ended in an error",
    JobState.CANCELLED: "cancelled",
    JobState.TIMEOUT: "out of time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it is kept: with its number, and the record's face after it. Its fields stand as their JSON has them.

    Attributes:
        at: When it happened.
        event_seq: Number within the job, from 1, without gaps.
        facts: The event's other fields, JSON values.
        kind: Name of the event's class.
        stage: The job's stage after it.
        state: The job's state after it.
    """

    at: datetime
    event_seq: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    kind: str
    stage: str
    state: JobState

    def update(self, job_id: str) -> JobUpdate:
        """Return the event as the job's user sees it."""
        done, total, best = self.facts.get("done", 0), self.facts.get("total", 0), self.facts.get("best")
        progress, message = _face(self.stage, done=done, total=total, best=best)
        return JobUpdate(
            job_id=job_id,
            state=self.state,
            stage=self.stage,
            progress=progress,
            message=_WORDS_OF_END.get(self.state) or _WORDS_OF_EVENT.get(self.kind, message),
            event_seq=self.event_seq,
            timestamp=self.at,
            evaluations=None if best is None else done,
            value=self.facts.get("value"),
            best=best,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """A job as users see it: what `eigen status --json` prints.

    Attributes:
        progress: 0 to 1.
        message: One sentence on where it is.
        group: The group that it belongs to, from its label `eigen.os/group`.
        error_code: Canonical code, where it failed.
        error_reason: Stable fine code, where it failed.
        error_summary: First line of the error.
        error: The whole error, `{code, reason, message, hint, details}`.
        queue_position: Its place in the line of its device, from 1, where it is in one of this system's.
        waiting_for: Why it does not run yet, or does not go on: `cause`, one of `jobs`, `slot`, `memory`,
            `reservation`, `system` and `silence`, and the figures that belong to it (`eigen.contracts.waiting`).
    """

    job_id: str
    name: str
    state: JobState
    stage: str
    progress: float
    message: str
    target: str
    device_id: str | None
    shots: int | None
    seed: int | None
    priority: int
    labels: Mapping[str, str]
    subject: str
    attempt: int
    event_seq: int
    trace_id: str
    created_at: datetime
    updated_at: datetime
    group: str | None = None
    error_code: str | None = None
    error_reason: str | None = None
    error_summary: str | None = None
    error: Mapping[str, Any] | None = None
    queue_position: int | None = None
    waiting_for: Mapping[str, Any] | None = None

    @property
    def took_sec(self) -> float:
        """Seconds from its submission to its last change; 0 where the clock was set back meanwhile."""
        return max(0.0, (self.updated_at - self.created_at).total_seconds())

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended."""
        return self.state.is_terminal

    def failure(self) -> EigenError | None:
        """Return the error that the job ended with, or None."""
        return EigenError.from_json(self.error) if self.error else None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobUpdate:
    """One step of a job, as `eigen watch` shows it; ordered, numbered from 1, the last one terminal.

    Attributes:
        evaluations: How many evaluations of its loop are done, where the update is about them.
        value: The objective's last value then.
        best: Its least value so far.
    """

    job_id: str
    state: JobState
    stage: str
    progress: float
    message: str
    event_seq: int
    timestamp: datetime
    evaluations: int | None = None
    value: float | None = None
    best: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list; every field that is given must match.

    Attributes:
        states: Any of these; empty for all.
        tenant: On whose behalf.
        subject: Who submitted it.
        name: Its exact name.
        id_prefix: How its id begins.
        labels: Labels that it must have.
        created_after: It was accepted later than this.
        created_before: It was accepted earlier than this.
    """

    states: tuple[JobState, ...] = ()
    tenant: str | None = None
    subject: str | None = None
    name: str | None = None
    id_prefix: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """Some jobs, newest first, and how to get the next ones.

    Attributes:
        jobs: At most as many as asked for.
        next_page_token: Give it to the next call; empty at the end.
    """

    jobs: tuple[JobStatus, ...]
    next_page_token: str = ""
