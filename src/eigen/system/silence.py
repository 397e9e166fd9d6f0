"""A kernel's observer that takes no note: for short-lived systems that only look something up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.ports.kernel import KernelObserver

__all__ = ["SilentObserver"]


class SilentObserver(KernelObserver):
    """Hears everything, says nothing."""

    def on_transition(self, before: JobRecord | None, after: JobRecord, event_kind: str) -> None:
        """Say nothing."""

    def on_ended(self, job: JobRecord, events: Sequence[StoredEvent], spans: Sequence[Mapping[str, Any]]) -> None:
        """Say nothing."""

    def on_stage(self, stage: str, duration_sec: float) -> None:
        """Say nothing."""

    def on_queue_depth(self, device_id: str, depth: int) -> None:
        """Say nothing."""

    def on_defect(self, job_id: str, stage: str, error: BaseException) -> None:
        """Say nothing."""
