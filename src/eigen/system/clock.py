"""The machine's clock, and ids from its source of randomness."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

import anyio

from eigen.contracts.trace import TraceContext
from eigen.ports.clock import Clock, IdSource

__all__ = ["RandomIds", "SystemClock"]

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80


class SystemClock(Clock):
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the wall clock's time; see the port."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back; see the port."""
        return time.monotonic()

    async def sleep_until(self, monotonic_sec: float) -> None:
        """Wait; see the port."""
        await anyio.sleep(max(0.0, monotonic_sec - time.monotonic()))


class RandomIds(IdSource):
    """Ids that sort by time and cannot be guessed (the layout of a ULID, https://github.com/ulid/spec)."""

    def __init__(self) -> None:
        self._last = 0

    def job_id(self, now: datetime) -> str:
        """Return a new job id; see the port."""
        number = int(now.timestamp() * 1000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        if number <= self._last:  # the same millisecond, or a clock that was set back: stay in order
            number = self._last + 1 + secrets.randbits(_RANDOM_BITS - 16)
        self._last = number
        return "job_" + "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))

    def trace(self) -> TraceContext:
        """Return the root of a new trace; see the port."""
        return TraceContext(trace_id=secrets.token_hex(16), span_id=secrets.token_hex(8))

    def child_of(self, parent: TraceContext) -> TraceContext:
        """Return a new span in the parent's trace; see the port."""
        return TraceContext(trace_id=parent.trace_id, span_id=secrets.token_hex(8))

    def seed(self) -> int:
        """Return a seed; see the port."""
        return secrets.randbits(31)
