"""`TelemetryObserver`: what the kernel tells of its jobs, as one canonical line for each event, and as metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from eigen.contracts.errors import ErrorCode
from eigen.contracts.jobs import JobRecord, JobState, StoredEvent
from eigen.ports.kernel import KernelObserver
from eigen.telemetry.calls import Instruments
from eigen.telemetry.exporting import Exporting
from eigen.telemetry.job_trace import is_sampled, kept_by_compiler, whole_trace
from eigen.telemetry.logs import story_of
from eigen.telemetry.metrics import OTHER

__all__ = ["MAX_REMEMBERED", "NEW", "TelemetryObserver"]

NEW = "NONE"
"""The state that a new job comes from."""

MAX_REMEMBERED = 20_000
"""Most live jobs whose ids are remembered."""

_FAILURES = frozenset({JobState.ERROR, JobState.TIMEOUT})
_SERVICE = "kernel"
_KEPT = ("nothing", "circuit")
_LEVELS = MappingProxyType({JobState.ERROR: "error", JobState.TIMEOUT: "warning"})
"""Level of a line by the state that the job takes; of every other state it is info."""


class TelemetryObserver(KernelObserver):
    """Logs and counts; `job.transition` is the one line that tells a job's whole way.

    The ids of a line are those of the job's record, whichever task tells of it. For defects, of which only the job's id
    is told, they are remembered while the job is live.
    """

    def __init__(self, instruments: Instruments, *, exporting: Exporting | None = None) -> None:
        self._metrics = instruments.metrics
        self._spans = instruments.spans
        self._exporting = exporting
        self._log = instruments.log.bind(service=_SERVICE)
        self._write = instruments.write
        self._traces: dict[str, tuple[str, str]] = {}

    def has_job(self, job_id: str) -> bool:
        """Return whether a job is live in this system."""
        return job_id in self._traces

    def on_transition(self, before: JobRecord | None, after: JobRecord, event_kind: str) -> None:
        """Log an event that was applied, and count it where it changed the job's state."""
        self._remember(after)
        origin = before.state if before else NEW
        target = after.state
        if origin != target:
            self._metrics.transition(origin, target)
        if before is not None:
            self._measure(before, after, event_kind)
        facts = _line(after, origin, target, event_kind)
        if after.error:
            facts.update(error=after.error.get("code"), reason=after.error.get("reason"))
        self._write(_LEVELS.get(after.state, "info") if origin != target else "info", facts)

    def on_ended(self, job: JobRecord, events: Sequence[StoredEvent], spans: Sequence[Mapping[str, Any]]) -> None:
        """Count what its spans tell, and export its trace where there is somebody who takes it."""
        self._count_work(job.device_id or OTHER, events)
        if self._exporting is not None:
            self._exporting.take(job.trace_id, events, spans)
        if self._spans.are_taken:
            _, *others = whole_trace(events, spans)  # the root was a live span
            self._spans.export(job.trace_id, others, is_sampled=is_sampled(events))

    def on_stage(self, stage: str, duration_sec: float) -> None:
        """Note how long a command took."""
        self._metrics.stage(stage, duration_sec)

    def on_queue_depth(self, device_id: str, depth: int) -> None:
        """Note how many jobs wait for a device."""
        self._metrics.queue_depth(device_id, depth)

    def on_defect(self, job_id: str, stage: str, error: BaseException) -> None:
        """Log a defect with its whole story, which stands nowhere else."""
        trace_id, span_id = self._traces.get(job_id, ("", ""))
        self._log.error(
            "job.defect",
            trace_id=trace_id,
            span_id=span_id,
            job_id=job_id,
            stage=stage,
            error=ErrorCode.INTERNAL.value,
            kind=type(error).__name__,
            traceback=story_of(error),
        )

    def _measure(self, before: JobRecord, after: JobRecord, event_kind: str) -> None:
        """Note what an event tells of waiting, ends, takeovers and crashes."""
        if event_kind == "Dispatched":
            waited_sec = (after.updated_at - before.updated_at).total_seconds()
            self._metrics.queue_wait(after.device_id or OTHER, max(0.0, waited_sec))
        elif event_kind == "Adopted":
            (self._metrics.takeover if after.attempt > before.attempt else self._metrics.handover)()
        if after.crashes > before.crashes:
            self._metrics.backend_crash(after.device_id or OTHER)
        if after.state.is_terminal:
            took_sec = (after.updated_at - after.created_at).total_seconds()
            self._metrics.job_ended(after.state, max(0.0, took_sec))
            if after.state in _FAILURES and after.error:
                self._metrics.job_failed(str(after.error.get("reason")))

    def _count_work(self, device_id: str, events: Sequence[StoredEvent]) -> None:
        passes: dict[str, set[str]] = {}
        for span in (one for event in events for one in event.facts.get("spans", ())):
            name = span["name"]
            if name == "compiler.compile":
                passes.setdefault(span["span_id"], set())
            elif name.startswith("compiler."):
                passes.setdefault(span["parent_id"], set()).add(name)
            elif name == "kernel.accept":
                self._metrics.stage("accept", span["duration_us"] / 1e6)
            elif name == "worker.run":
                self._metrics.driver_cache(device_id, kept=_KEPT[bool(span.get("facts", {}).get("was_prepared"))])
            elif name == "worker.start":
                self._metrics.worker_start(device_id)
        for ran in passes.values():
            self._metrics.compiler_cache(kept_by_compiler(ran))

    def _remember(self, job: JobRecord) -> None:
        """Keep a live job's ids; the oldest go where jobs left without an end, as to another owner."""
        if job.state.is_terminal:
            self._traces.pop(job.job_id, None)
            return
        self._traces[job.job_id] = (job.trace_id, job.span_id)
        if len(self._traces) > MAX_REMEMBERED:
            del self._traces[next(iter(self._traces))]


def _line(job: JobRecord, origin: str, target: str, event_kind: str) -> dict[str, Any]:
    return {
        "service": _SERVICE,
        "event": "job.transition",
        "trace_id": job.trace_id,
        "span_id": job.span_id,
        "job_id": job.job_id,
        "from": origin,
        "to": target,
        **({"device_id": job.device_id} if job.device_id is not None else {}),
        "stage": job.stage,
        "attempt": job.attempt,
        "event_seq": job.event_seq,
        "subject": job.subject,
        "name": job.name,
        "event_kind": event_kind,
    }
