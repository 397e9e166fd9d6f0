"""The machine's clock, and ids from its source of randomness."""

from __future__ import annotations

import time
from base64 import b32encode
from datetime import UTC, datetime
from os import urandom
from pathlib import Path

import anyio

from eigen.contracts.trace import TraceContext
from eigen.ports.clock import Clock, IdSource

__all__ = ["RandomIds", "SystemClock"]

_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")
_RANDOM_BITS = 80
_PADDING_BITS = 30  # 26 characters have 130 bits; base 32 is written in pieces of 40
_RANDOM_BYTES = 4096
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BOOT_ID_COMMAND = ("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")


class SystemClock(Clock):
    """The machine's clocks."""

    def __init__(self) -> None:
        self._boot_id = ""

    def now(self) -> datetime:
        """Return the wall clock's time; see the port."""
        return datetime.now(UTC)

    monotonic = staticmethod(time.monotonic)
    """Return seconds on a clock that never goes back; see the port."""

    def boot_id(self) -> str:
        """Return which boot of the machine this is; see the port."""
        self._boot_id = self._boot_id or _boot_id()
        return self._boot_id

    async def sleep_until(self, monotonic_sec: float) -> None:
        """Wait; see the port."""
        await anyio.sleep(max(0.0, monotonic_sec - time.monotonic()))


def _boot_id() -> str:
    if _BOOT_ID.exists():
        return _BOOT_ID.read_text().strip()
    import subprocess  # macOS; slow to import, and rarely needed

    return subprocess.run(_BOOT_ID_COMMAND, capture_output=True, check=True, text=True).stdout.strip()


class RandomIds(IdSource):
    """Ids that sort by time and cannot be guessed (the layout of a ULID, https://github.com/ulid/spec).

    Randomness comes from the operating system some kilobytes at a time: a call for a few bytes lets go of the
    interpreter's lock, and under load waits for it as long as other threads please.
    """

    def __init__(self) -> None:
        self._last = 0
        self._random = b""

    def job_id(self, now: datetime) -> str:
        """Return a new job id; see the port."""
        number = int(now.timestamp() * 1000) << _RANDOM_BITS | int.from_bytes(self._bytes(10))
        if number <= self._last:  # the same millisecond, or a clock that was set back: stay in order
            number = self._last + 1 + int.from_bytes(self._bytes(8))
        self._last = number
        return "job_" + b32encode((number << _PADDING_BITS).to_bytes(20))[:26].translate(_CROCKFORD).decode()

    def trace(self) -> TraceContext:
        """Return the root of a new trace; see the port."""
        return TraceContext(trace_id=self._bytes(16).hex(), span_id=self._bytes(8).hex())

    def child_of(self, parent: TraceContext) -> TraceContext:
        """Return a new span in the parent's trace; see the port."""
        return TraceContext(
            trace_id=parent.trace_id,
            span_id=self._bytes(8).hex(),
            parent_id=parent.span_id,
            is_sampled=parent.is_sampled,
        )

    def seed(self) -> int:
        """Return a seed; see the port."""
        return int.from_bytes(self._bytes(4)) >> 1

    def _bytes(self, number: int) -> bytes:
        """Return random bytes that nobody gets again."""
        if len(self._random) < number:
            self._random = urandom(_RANDOM_BYTES)
        taken, self._random = self._random[:number], self._random[number:]
        return taken
