"""Seeds of a loop: one for each evaluation and for each start's own randomness, all from the job's one seed.

Each hashes what it is for, so that the noise differs between evaluations and starts, and the same loop has the same
noise whenever and wherever it is run; an evaluation's seed depends on no other evaluation.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence

__all__ = ["evaluation_seed", "job_seed", "method_seed", "start_points"]

_SEED_BITS = 53


def evaluation_seed(seed: int, *, start: int, evaluation: int) -> int:
    """Return the seed of an evaluation's sampling, 0 to 2^53 − 1."""
    return _derived(f"eigen evaluation {seed} {start} {evaluation}")


def method_seed(seed: int, *, start: int) -> int:
    """Return the seed of an optimizer's own random numbers, 0 to 2^53 − 1."""
    return _derived(f"eigen optimizer {seed} {start}")


def job_seed(job_id: str) -> int:
    """Return the seed of a loop or a sweep that nobody has named one for: whoever begins it anew must find the same."""
    return _derived(f"eigen loop {job_id}")


def start_points(
    first: Sequence[float], *, bounds: Sequence[tuple[float, float]], number: int, seed: int
) -> list[tuple[float, ...]]:
    """Return where each start begins: the first one as given, the others drawn evenly.

    Args:
        first: The first start.
        bounds: Least and greatest value of each parameter; an infinite one, or none at all, stands for ∓π; so do both
            where their difference is beyond every float.
        number: How many starts.
        seed: The loop's seed.

    Example:
        >>> points = start_points([0.5], bounds=[(0.0, 1.0)], number=3, seed=7)
        >>> points[0], all(0 <= value <= 1 for point in points for value in point), len(set(points))
        ((0.5,), True, 3)
    """
    ranges = [_finite(low, high) for low, high in bounds] or [(-math.pi, math.pi)] * len(first)
    drawn = []
    for start in range(1, number):
        generator = random.Random(_derived(f"eigen start {seed} {start}"))  # noqa: S311  # no secret: a start value
        drawn.append(tuple(low + (high - low) * generator.random() for low, high in ranges))
    return [tuple(first), *drawn]


def _finite(low: float, high: float) -> tuple[float, float]:
    """Return a range of finite width within bounds of which one or both may be infinite, or as good as that."""
    if math.isinf(low) != math.isinf(high):
        return (high - 2 * math.pi, high) if math.isinf(low) else (low, low + 2 * math.pi)
    return (low, high) if math.isfinite(high - low) else (-math.pi, math.pi)


def _derived(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> (64 - _SEED_BITS)
