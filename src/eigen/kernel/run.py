"""A live job in this system's memory: its record and what its work has given so far."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio

from eigen.contracts.errors import EigenError
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.trace import Recorder, TraceContext
from eigen.ports.artifact_store import Opening
from eigen.workers.signal import Signal

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram, ProgramSource
    from eigen.contracts.jobspec import JobSpec
    from eigen.contracts.loops import LoopOutcome
    from eigen.kernel.execution import PointResult
    from eigen.kernel.plan import ExecutionPlan

__all__ = ["JobInputs", "JobRun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInputs:
    """What a job runs on."""

    spec: JobSpec
    source: ProgramSource


@dataclass(slots=True, kw_only=True)
class JobRun:
    """A live job that this system owns; only the shell writes to it.

    Thousands may wait, so what only those need that are at work is made when they are.

    Attributes:
        record: Its record now.
        published: Its record after the last event that everybody may know of; an end is known only when it is durable.
        inputs: What it runs on; None while it is still to be read, or the error that the job must end with.
        events: All its events, the one numbered n at n − 1.
        num_written: How many of them the store has, or is being given.
        work: Scope of its compilation or execution; cancelling it stops the work. None before there is any.
        life: Scope of its deadline; None without one.
        outcomes: What each start of its loop came to, in order; empty without.
        loop_sec: How long its loop took here.
        results: What came of the points that are done, in order; a job without a sweep is one point.
        to_do: What is to be done for it next, in order, by the one task that is at work for it.
        is_at_work: Whether there is such a task.
        opening: What it begins with, until its folder is made; None for a job that has one.
        circuit_files: Files of its compiled circuit that are not in CircuitFS yet; its end puts them there.
        results_json: Its results, as they are in CircuitFS; empty without.
        since_sec: Since when it waits for its turn, on the kernel's clock: it came then, or what it needed was done.
        waited_for: Why it could not begin at once when it came into the line of its device; empty where it could.
        spans: Work that has ended and that none of its events tells of yet, as JSON.
        recorder: Gathers the spans of its work.
    """

    record: JobRecord
    published: JobRecord
    inputs: JobInputs | EigenError | None
    events: list[StoredEvent] = field(default_factory=list)
    num_written: int = 0
    _changed: Signal | None = None
    _left: Signal | None = None
    work: anyio.CancelScope | None = None
    life: anyio.CancelScope | None = None
    compiled: CompiledProgram | None = None
    plan: ExecutionPlan | None = None
    outcomes: list[LoopOutcome] = field(default_factory=list)
    loop_sec: float = 0.0
    results: list[PointResult] = field(default_factory=list)
    to_do: list[Callable[[JobRun], Awaitable[None]]] = field(default_factory=list)
    is_at_work: bool = False
    opening: Opening | None = None
    circuit_files: Mapping[str, bytes] = field(default_factory=dict)
    _saving: anyio.Lock | None = None
    results_json: bytes = b""
    since_sec: float = 0.0
    waited_for: Mapping[str, Any] = field(default_factory=dict)
    spans: list[Mapping[str, Any]] = field(default_factory=list)
    recorder: Recorder | None = None

    @property
    def trace(self) -> TraceContext:
        """The span of the job's submission."""
        return TraceContext(trace_id=self.record.trace_id, span_id=self.record.span_id)

    @property
    def saving(self) -> anyio.Lock:
        """What is held while files of its circuit are put into CircuitFS."""
        if self._saving is None:
            self._saving = anyio.Lock(fast_acquire=True)
        return self._saving

    def keep_spans(self) -> None:
        """Keep what its recorder has gathered for the next event."""
        if self.recorder is not None:
            self.spans += self.recorder.take()

    def take_spans(self) -> list[Mapping[str, Any]]:
        """Return the spans that no event tells of yet, for one that will."""
        taken, self.spans = self.spans, []
        return taken

    def publish(self, event: StoredEvent) -> None:
        """Let everybody know of an event, the last one of `record`."""
        self.published = self.record
        self.events.append(event)
        self.wake()

    def watched(self) -> Signal:
        """Return what is set when the next event comes, or when the job leaves this system."""
        if self._changed is None:
            self._changed = Signal()
        return self._changed

    def has_left(self) -> Signal:
        """Return what is set when the job has ended, or is another system's."""
        if self._left is None:
            self._left = Signal()
        return self._left

    def leave(self) -> None:
        """Wake everybody who watches, or waits for the end."""
        self.wake()
        if self._left is not None:
            self._left.set()

    def wake(self) -> None:
        """Wake everybody who watches."""
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()
