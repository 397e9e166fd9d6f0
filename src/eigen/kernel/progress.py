"""When the progress of a sweep is told: not so often that telling it is work."""

from __future__ import annotations

from eigen.ports.clock import Clock

__all__ = ["TELL_EVERY_SEC", "Progress"]

TELL_EVERY_SEC = 0.5
"""Shortest time between two updates; short sweeps tell none."""

_STEPS = 100  # most updates of one job, however long it takes


class Progress:
    """How far a sweep is.

    Args:
        total: Number of points.
        clock: Time.
    """

    def __init__(self, total: int, *, clock: Clock) -> None:
        self._total = total
        self._clock = clock
        self._told_done = 0
        self._told_at = clock.monotonic()

    def is_due(self, done: int) -> bool:
        """Return whether it is time to tell that `done` points are done, and count it as told; the end is none."""
        now = self._clock.monotonic()
        is_step = (done - self._told_done) * _STEPS >= self._total
        if done >= self._total or not is_step or now - self._told_at < TELL_EVERY_SEC:
            return False
        self._told_done, self._told_at = done, now
        return True
