"""What happens to jobs: every kind of event.

A job's record is the fold of its events (`kernel.machine`). They are apart from `contracts.jobs`, since a look-up reads
records and never makes an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

__all__ = [
    "JOB_EVENTS",
    "Adopted",
    "CancelRequested",
    "Closed",
    "CompilationFailed",
    "CompilationStarted",
    "Compiled",
    "DependenciesMet",
    "DependencyFailed",
    "Dispatched",
    "Executed",
    "ExecutionFailed",
    "ExecutionStopped",
    "JobEvent",
    "Progressed",
    "SealFailed",
    "Submitted",
    "TimedOut",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """Something that happened to a job. Subclasses say what; `at` says when (UTC wall clock)."""

    is_work_outcome: ClassVar[bool] = False
    """Whether it ends a command that started work, and so may come late or twice."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(JobEvent):
    """The job was accepted; the first event of every job."""

    job_id: str
    name: str
    subject: str
    tenant: str
    labels: Mapping[str, str]
    target: str
    priority: int
    timeout_sec: float | None
    shots: int | None
    seed: int | None
    trace_id: str
    span_id: str
    spec_digest: str
    source_digest: str
    dependencies: tuple[str, ...] = ()
    parent_span_id: str = ""
    is_sampled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(JobEvent):
    """Another system took the job over, since its owner was gone; it starts again."""

    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DependenciesMet(JobEvent):
    """Every job that it needs is DONE."""

    is_work_outcome = True
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyFailed(JobEvent):
    """A job that it needs has ended otherwise than DONE, and so will never be."""

    is_work_outcome = True
    attempt: int
    error: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilationStarted(JobEvent):
    """The compiler began."""

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled(JobEvent):
    """The circuit is stored, and a device has said that it can run it."""

    is_work_outcome = True
    attempt: int
    device_id: str
    target: str
    shots: int
    seed: int
    aqo_digest: str
    method: str
    memory_bytes: int
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilationFailed(JobEvent):
    """The program cannot be compiled, or no device can run it."""

    is_work_outcome = True
    attempt: int
    error: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched(JobEvent):
    """The job has a slot of its device; `waited_for` says why it could not begin at once when it came into the line."""

    attempt: int
    waited_for: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed(JobEvent):
    """Some points of a sweep are done, or some evaluations of a loop; it ends no work, but may come late.

    Attributes:
        attempt: Whose work it is.
        done: How many.
        total: Of how many, at most.
        value: The objective's last value, for a loop.
        best: Its least value so far, for a loop.
    """

    is_work_outcome = True
    attempt: int
    done: int
    total: int
    value: float | None = None
    best: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed(JobEvent):
    """The device has given results; they are not stored yet."""

    is_work_outcome = True
    attempt: int
    execution_time_sec: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFailed(JobEvent):
    """The device gave an error, or died."""

    is_work_outcome = True
    attempt: int
    error: Mapping[str, Any]
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStopped(JobEvent):
    """The work was stopped on request, and has really ended.

    Attributes:
        attempt: Whose work it was.
        points: How many points a sweep has; 0 where there is none.
        points_done: How many of them are done, and kept.
    """

    is_work_outcome = True
    attempt: int
    points: int = 0
    points_done: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested(JobEvent):
    """Somebody wants the job to stop."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut(JobEvent):
    """The job's time is over."""

    timeout_sec: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFailed(JobEvent):
    """The results could not be stored."""

    is_work_outcome = True
    attempt: int
    error: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(JobEvent):
    """Everything is on disk: the job takes its terminal state."""

    is_work_outcome = True
    attempt: int


JOB_EVENTS: tuple[type[JobEvent], ...] = (
    Submitted,
    Adopted,
    DependenciesMet,
    DependencyFailed,
    CompilationStarted,
    Compiled,
    CompilationFailed,
    Dispatched,
    Progressed,
    Executed,
    ExecutionFailed,
    ExecutionStopped,
    CancelRequested,
    TimedOut,
    SealFailed,
    Closed,
)
"""Every kind of event."""
