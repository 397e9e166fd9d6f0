"""A clock that a test moves by hand, and ids that a test can foresee."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio

from eigen.contracts.trace import TraceContext
from eigen.ports.clock import Clock, IdSource

__all__ = ["CountingIds", "ManualClock"]


class ManualClock(Clock):
    """Time that stands still until `advance`.

    Args:
        start: The wall clock's time at first.
        boot_id: Which boot it counts from.

    Example:
        >>> clock = ManualClock()
        >>> clock.advance(2.5)
        >>> clock.monotonic()
        2.5
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC), *, boot_id: str = "first boot") -> None:
        self._start = start
        self._boot_id = boot_id
        self._elapsed_sec = 0.0
        self._moved = anyio.Event()

    def now(self) -> datetime:
        """Return the start plus what has been advanced."""
        return self._start + timedelta(seconds=self._elapsed_sec)

    def monotonic(self) -> float:
        """Return the seconds that have been advanced."""
        return self._elapsed_sec

    def boot_id(self) -> str:
        """Return the boot that the clock was made with."""
        return self._boot_id

    async def sleep_until(self, monotonic_sec: float) -> None:
        """Wait until the clock has been moved far enough."""
        while self._elapsed_sec < monotonic_sec:
            await self._moved.wait()

    def advance(self, seconds: float) -> None:
        """Move the clock, and wake everybody who sleeps."""
        self._elapsed_sec += seconds
        self._moved.set()
        self._moved = anyio.Event()


class CountingIds(IdSource):
    """Ids in order: the first job is `job_00000000000000000000000001`, the first seed 1."""

    def __init__(self) -> None:
        self._jobs = self._traces = self._spans = self._seeds = 0

    def job_id(self, now: datetime) -> str:
        """Return the next job id."""
        self._jobs += 1
        return f"job_{self._jobs:026d}"

    def trace(self) -> TraceContext:
        """Return the next trace."""
        self._traces += 1
        return TraceContext(trace_id=f"{self._traces:032x}", span_id=f"{1:016x}")

    def child_of(self, parent: TraceContext) -> TraceContext:
        """Return the next span."""
        self._spans += 1
        return TraceContext(trace_id=parent.trace_id, span_id=f"{self._spans + 1:016x}")

    def seed(self) -> int:
        """Return the next seed."""
        self._seeds += 1
        return self._seeds
