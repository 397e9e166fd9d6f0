"""The job state machine: `step(job, event) -> (job, commands)`.

Pure: no clock, no ids, no I/O, no logging. Rules, each a test:

- Events come in by one door, `step`, and are looked up in one table by (state, kind of event).
- A late or doubled outcome of work changes nothing; any other illegal event raises `IllegalEventError` and changes
  nothing.
- Every command that starts work (`AwaitDependencies`, `Compile`, `Execute`, `Seal`) ends in exactly one outcome event.
- A device slot is busy from `Dispatched` until the work has really ended: the shell frees it when the outcome comes.
- The way to every terminal state leads through `ending`: the state is certain, what belongs on disk is being sealed,
  and `Closed` makes it final. So a terminal state implies that its artifacts are there.

```
PENDING → COMPILING → QUEUED → RUNNING → DONE
   └──────────┴─────────┴────────┴─────→ ERROR | CANCELLED | TIMEOUT
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, make_dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from eigen.contracts.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvariantError,
    OperationCancelledError,
)
from eigen.contracts.job_events import (
    Adopted,
    CancelRequested,
    Closed,
    CompilationFailed,
    CompilationStarted,
    Compiled,
    DependenciesMet,
    DependencyFailed,
    Dispatched,
    Executed,
    ExecutionFailed,
    ExecutionStopped,
    JobEvent,
    Progressed,
    SealFailed,
    Submitted,
    TimedOut,
)
from eigen.contracts.jobs import JobRecord, JobState
from eigen.contracts.printable import printable
from eigen.kernel.commands import (
    AwaitDependencies,
    CloseUnsealed,
    Command,
    Compile,
    Enqueue,
    Execute,
    LeaveQueue,
    Seal,
    StopWork,
)

__all__ = [
    "MAX_ATTEMPTS",
    "MAX_CRASHES",
    "TRANSITIONS",
    "IllegalEventError",
    "has_begun",
    "step",
]

MAX_CRASHES = 3
"""How often the backend may die under a job before the job is in ERROR."""

MAX_ATTEMPTS = 16
"""How often a job is begun before it is in ERROR: one that takes its system with it must not go on for ever."""


class IllegalEventError(InvariantError):
    """An event came that the job's state does not allow; the job is unchanged."""


class Step(NamedTuple):
    """A job after an event, and what is to be done now."""

    job: JobRecord
    commands: tuple[Command, ...]


def step(job: JobRecord | None, event: JobEvent) -> Step:
    """Apply an event to a job.

    Args:
        job: The job's record, or None before its first event.
        event: What happened.

    Returns:
        The next record, with `event_seq` one higher, and the commands to run; the very same record and no commands
        where the event is a late or doubled outcome of work.

    Raises:
        IllegalEventError: The event is not allowed here.
    """
    if job is None:
        if not isinstance(event, Submitted):
            raise IllegalEventError(f"{type(event).__name__} before Submitted")
        return _submitted(event)
    handler = None if _is_stale(job, event) else _handler(job, event)
    if handler is None:
        if event.is_work_outcome:
            return Step(job, ())
        raise IllegalEventError(f"{type(event).__name__} while {job.state} ({job.stage}), attempt {job.attempt}")
    changes, commands = handler(job, event)
    return Step(_changed(job, {"event_seq": job.event_seq + 1, "updated_at": event.at, **changes}), commands)


_FIELDS = tuple(one.name for one in fields(JobRecord))
_VALUES = attrgetter(*_FIELDS)
_Draft = make_dataclass("_Draft", _FIELDS, slots=True)  # a record before it is frozen: the same slots


def _changed(job: JobRecord, changes: Mapping[str, Any]) -> JobRecord:
    """Return a job with other values, as `dataclasses.replace` does in ten times as long: it writes past its own bar.

    Raises:
        AttributeError: There is no such value.
    """
    draft: Any = _Draft(*_VALUES(job))
    for name, value in changes.items():
        setattr(draft, name, value)
    draft.__class__ = JobRecord
    frozen: JobRecord = draft
    return frozen


def _submitted(event: Submitted) -> Step:
    stage, command = _opening(event.dependencies)
    job = JobRecord(
        job_id=event.job_id,
        name=event.name,
        subject=event.subject,
        tenant=event.tenant,
        labels=event.labels,
        stage=stage,
        event_seq=1,
        target=event.target,
        priority=event.priority,
        timeout_sec=event.timeout_sec,
        dependencies=event.dependencies,
        shots=event.shots,
        seed=event.seed,
        trace_id=event.trace_id,
        span_id=event.span_id,
        parent_span_id=event.parent_span_id,
        created_at=event.at,
        updated_at=event.at,
        spec_digest=event.spec_digest,
        source_digest=event.source_digest,
    )
    return Step(job, (command,))


def _opening(dependencies: tuple[str, ...]) -> tuple[str, Command]:
    """Return the stage and the command with which a job begins, the first time and after every adoption."""
    return ("waiting", AwaitDependencies()) if dependencies else ("submitted", Compile())


Change = tuple[dict[str, Any], tuple[Command, ...]]
Handler = Callable[[JobRecord, Any], Change]


def _is_stale(job: JobRecord, event: JobEvent) -> bool:
    return getattr(event, "attempt", job.attempt) != job.attempt


def _handler(job: JobRecord, event: JobEvent) -> Handler | None:
    if job.state.is_terminal:
        return None
    if job.ending is not None:
        return _WHILE_ENDING.get(type(event))
    if job.stage == "waiting":
        return _WHILE_WAITING.get(type(event))
    return TRANSITIONS.get((job.state, type(event)))


def _ending(state: JobState, error: Mapping[str, Any] | None, *before: Command) -> Change:
    return {"ending": state, "error": error, "stage": "closing"}, (*before, Seal())


def _cancelled(job: JobRecord, event: CancelRequested) -> Mapping[str, Any]:
    return OperationCancelledError(
        f"cancelled by {printable(event.by)}",
        reason="JOB_CANCELLED",
        hint=f"`eigen rerun {job.job_id}` submits it once more",
        details=_how_far(job),
    ).to_json()


def _timed_out(job: JobRecord, event: TimedOut) -> Mapping[str, Any]:
    return DeadlineExceededError(
        f"the job did not end within {event.timeout_sec:g} s",
        reason="JOB_TIMEOUT",
        hint="raise spec.timeout_sec, or make the job smaller",
        details=_how_far(job),
    ).to_json()


def _how_far(job: JobRecord) -> dict[str, Any]:
    """Return how far a job had come when it was stopped: what it left on disk stays there."""
    return {"stage": job.stage, "attempt": job.attempt, "completed": ["compile"] if job.aqo_digest else []}


def _dependencies_met(job: JobRecord, event: DependenciesMet) -> Change:
    return {"stage": "submitted"}, (Compile(),)


def _dependency_failed(job: JobRecord, event: DependencyFailed) -> Change:
    return _ending(JobState.ERROR, event.error)


def _compilation_started(job: JobRecord, event: CompilationStarted) -> Change:
    return {"state": JobState.COMPILING, "stage": "compiling"}, ()


def _compiled(job: JobRecord, event: Compiled) -> Change:
    facts = {
        "state": JobState.QUEUED,
        "stage": "queued",
        "device_id": event.device_id,
        "target": event.target,
        "shots": event.shots,
        "seed": event.seed,
        "aqo_digest": event.aqo_digest,
        "memory_bytes": event.memory_bytes,
    }
    return facts, (Enqueue(),)


def _compilation_failed(job: JobRecord, event: CompilationFailed) -> Change:
    return _ending(JobState.ERROR, event.error)


def _dispatched(job: JobRecord, event: Dispatched) -> Change:
    return {"state": JobState.RUNNING, "stage": "executing", "points": 0, "points_done": 0, "best": None}, (Execute(),)


def _progressed(job: JobRecord, event: Progressed) -> Change:
    return {"points": event.total, "points_done": event.done, "best": event.best}, ()


def _executed(job: JobRecord, event: Executed) -> Change:
    if job.stopping is not None:
        return _ending(job.stopping, job.error)
    return {"ending": JobState.DONE, "stage": "storing"}, (Seal(),)


def _execution_failed(job: JobRecord, event: ExecutionFailed) -> Change:
    if job.stopping is not None:
        return _ending(job.stopping, job.error)
    if event.retryable and job.crashes + 1 < MAX_CRASHES:
        return {"state": JobState.QUEUED, "stage": "queued", "crashes": job.crashes + 1}, (Enqueue(),)
    return _ending(JobState.ERROR, _with_crashes(event.error, job.crashes + event.retryable))


def _with_crashes(error: Mapping[str, Any], crashes: int) -> Mapping[str, Any]:
    return {**error, "details": {**error.get("details", {}), "crashes": crashes}} if crashes else error


def _execution_stopped(job: JobRecord, event: ExecutionStopped) -> Change:
    if job.stopping is None:
        raise IllegalEventError("the work stopped, and nobody had asked for it")
    return _ending(job.stopping, _with_points(job.error, event))


def _with_points(error: Mapping[str, Any] | None, event: ExecutionStopped) -> Mapping[str, Any] | None:
    """Return why a job was stopped with how many points of its sweep are kept."""
    kept = {"points": event.points, "points_done": event.points_done} if event.points else {}
    return {**error, "details": {**error.get("details", {}), **kept}} if error else None


def _cancel(job: JobRecord, event: CancelRequested) -> Change:
    return _stop(job, JobState.CANCELLED, _cancelled(job, event))


def _time_out(job: JobRecord, event: TimedOut) -> Change:
    return _stop(job, JobState.TIMEOUT, _timed_out(job, event))


def _stop(job: JobRecord, state: JobState, error: Mapping[str, Any]) -> Change:
    """End a job at once, or as soon as its running work has really stopped."""
    if job.state is JobState.RUNNING:
        return _stopping(job, state, error)
    return _ending(state, error, *_LEAVING.get(job.stage, ()))


_LEAVING: Mapping[str, tuple[Command, ...]] = MappingProxyType(
    {"submitted": (StopWork(),), "compiling": (StopWork(),), "queued": (LeaveQueue(),)}
)
"""What else is to be done in each stage where a job ends before its time."""


def _stopping(job: JobRecord, state: JobState, error: Mapping[str, Any]) -> Change:
    if job.stopping is not None:  # the first reason stands
        return {}, ()
    return {"stopping": state, "error": error, "stage": "stopping"}, (StopWork(),)


def _adopted(job: JobRecord, event: Adopted) -> Change:
    begun = has_begun(job)
    next_attempt = {"attempt": job.attempt + begun, "stopping": None}
    if job.stopping is not None or job.ending not in (None, JobState.DONE):
        return {**next_attempt, "ending": job.ending or job.stopping, "stage": "closing"}, (Seal(),)
    if begun and job.attempt >= MAX_ATTEMPTS:
        changes, commands = _ending(JobState.ERROR, _abandoned(job))
        return {**next_attempt, **changes}, commands
    stage, command = _opening(job.dependencies)
    again = {"state": JobState.PENDING, "stage": stage, "ending": None, "error": None}
    return {**next_attempt, **again}, (command,)


def has_begun(job: JobRecord) -> bool:
    """Return whether anybody has begun with a live job, so that its next takeover costs an attempt."""
    return job.stage not in ("waiting", "submitted")


def _abandoned(job: JobRecord) -> Mapping[str, Any]:
    return FailedPreconditionError(
        f"{job.attempt} systems were gone before the job had ended; it is not begun again",
        reason="JOB_ABANDONED",
        hint="if it was not you who ended them, the job may take its system with it: look at its memory and its log",
        details=_how_far(job),
    ).to_json()


def _closed(job: JobRecord, event: Closed) -> Change:
    return {"state": job.ending, "stage": "finished", "ending": None, "stopping": None}, ()


def _seal_failed(job: JobRecord, event: SealFailed) -> Change:
    if job.ending is JobState.DONE:
        return {"ending": JobState.ERROR, "stage": "closing", "error": event.error}, (Seal(),)
    return {}, (CloseUnsealed(),)


_ALWAYS: Mapping[type[JobEvent], Handler] = MappingProxyType(
    {CancelRequested: _cancel, TimedOut: _time_out, Adopted: _adopted}
)
"""What may happen to every live job whose end is not certain yet."""

_OF_STATE: Mapping[JobState, Mapping[type[JobEvent], Handler]] = MappingProxyType(
    {
        JobState.PENDING: {CompilationStarted: _compilation_started},
        JobState.COMPILING: {Compiled: _compiled, CompilationFailed: _compilation_failed},
        JobState.QUEUED: {Dispatched: _dispatched},
        JobState.RUNNING: {
            Progressed: _progressed,
            Executed: _executed,
            ExecutionFailed: _execution_failed,
            ExecutionStopped: _execution_stopped,
        },
    }
)

TRANSITIONS: Mapping[tuple[JobState, type[JobEvent]], Handler] = MappingProxyType(
    {
        (state, kind): handler
        for state, handlers in _OF_STATE.items()
        for kind, handler in {**handlers, **_ALWAYS}.items()
    }
)
"""What each event does in each state."""

_WHILE_WAITING: Mapping[type[JobEvent], Handler] = MappingProxyType(
    {DependenciesMet: _dependencies_met, DependencyFailed: _dependency_failed, **_ALWAYS}
)
"""What happens to a pending job that waits for other jobs."""

_WHILE_ENDING: Mapping[type[JobEvent], Handler] = MappingProxyType(
    {Closed: _closed, SealFailed: _seal_failed, Adopted: _adopted}
)
"""What happens once the end is certain; whoever still asks for a cancel is too late, the shell does not let it in."""
