"""`Clock` and `IdSource`: the two things that pure code must be given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from eigen.contracts.trace import TraceContext

__all__ = ["Clock", "IdSource"]


class Clock(ABC):
    """Time."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the wall clock's time, UTC; for people, nothing is decided by it."""

    @abstractmethod
    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""

    @abstractmethod
    def boot_id(self) -> str:
        """Return which boot of which machine `monotonic` counts from: within one, all processes' readings compare."""

    @abstractmethod
    async def sleep_until(self, monotonic_sec: float) -> None:
        """Return when the monotonic clock has reached a time."""


class IdSource(ABC):
    """Ids and seeds."""

    @abstractmethod
    def job_id(self, now: datetime) -> str:
        """Return a new job id; later ones sort behind earlier ones."""

    @abstractmethod
    def trace(self) -> TraceContext:
        """Return the root of a new trace."""

    @abstractmethod
    def child_of(self, parent: TraceContext) -> TraceContext:
        """Return a new span in the parent's trace."""

    @abstractmethod
    def seed(self) -> int:
        """Return a seed for a job that names none, 0 to 2^31 − 1."""
