"""A curve in one line of text: the values of a loop's objective as bars of eight heights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["sparkline"]

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], *, width: int) -> str:
    """Return values from the first to the last as at most `width` bars, each the least of those that it stands for.

    Example:
        >>> sparkline([3.0, 2.0, 1.0, 0.0], width=4)
        '█▆▃▁'
        >>> sparkline([5.0, 4.0, 0.0, 1.0], width=2)
        '█▁'
    """
    bars = min(width, len(values))
    cuts = [place * len(values) // bars for place in range(bars + 1)] if bars else []
    lows = [min(values[first:last]) for first, last in pairwise(cuts)]
    low, high = min(lows, default=0.0), max(lows, default=0.0)
    if high == low:
        return _BARS[0] * len(lows)
    return "".join(_BARS[round((one - low) / (high - low) * (len(_BARS) - 1))] for one in lows)
