"""A smaller input that fails in the same way.

Delta debugging (A. Zeller, R. Hildebrandt, IEEE Trans. Softw. Eng. 28 (2002), 183): take pieces away as long as what
is left still fails; first lines, then bytes, in pieces that are halved.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["reduced"]


def reduced(content: bytes, fails: Callable[[bytes], bool], *, max_trials: int, max_sec: float) -> bytes:
    """Return a small input for which `fails` holds, at worst `content` itself.

    Args:
        content: An input that fails.
        fails: Tells whether an input fails in the same way; is asked at most `max_trials` times.
        max_trials: When to stop.
        max_sec: When to stop all the same.
    """
    trials = _Trials(fails, max_trials, time.monotonic() + max_sec)
    lines = _without_pieces(content.splitlines(keepends=True), trials)
    pieces = _without_pieces([bytes([one]) for one in b"".join(lines)], trials)
    return b"".join(pieces)


class _Trials:
    def __init__(self, fails: Callable[[bytes], bool], most: int, end: float) -> None:
        self._fails = fails
        self._left = most
        self._end = end

    @property
    def are_left(self) -> bool:
        return self._left > 0 and time.monotonic() < self._end

    def still_fails(self, parts: list[bytes]) -> bool:
        self._left -= 1
        return self._fails(b"".join(parts))


def _without_pieces(parts: list[bytes], trials: _Trials) -> list[bytes]:
    size = max(1, len(parts) // 2)
    while trials.are_left and len(parts) > 1:
        shorter = _one_round(parts, size, trials)
        if size == 1 and len(shorter) == len(parts):
            break
        size = max(1, size // 2) if len(shorter) == len(parts) else min(size, max(1, len(shorter) // 2))
        parts = shorter
    return parts


def _one_round(parts: list[bytes], size: int, trials: _Trials) -> list[bytes]:
    start = 0
    while start < len(parts) and trials.are_left:
        without = parts[:start] + parts[start + size :]
        if trials.still_fails(without):
            parts = without
        else:
            start += size
    return parts
