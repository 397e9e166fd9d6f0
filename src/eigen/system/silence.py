"""A kernel's observer that takes no note: for short-lived systems that only look something up."""

from __future__ import annotations

from collections.abc import Sequence

from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.trace import Span
from eigen.ports.kernel import KernelObserver

__all__ = ["SilentObserver"]


class SilentObserver(KernelObserver):
    """Hears everything, says nothing."""

    def on_transition(self, before: JobRecord | None, after: JobRecord, event_kind: str) -> None:
        """Say nothing."""

    def on_ended(self, job: JobRecord, events: Sequence[StoredEvent], spans: Sequence[Span]) -> None:
        """Say nothing."""

    def on_stage(self, stage: str, duration_sec: float) -> None:
        """Say nothing."""

    def on_queue_depth(self, device_id: str, depth: int) -> None:
        """Say nothing."""

    def on_defect(self, job_id: str, stage: str, error: BaseException) -> None:
        """Say nothing."""
