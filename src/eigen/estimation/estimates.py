"""Values and standard errors from counts.

Theory: in one shot of a group an observable has the value v = Σ c·(±1), all products of the group from the same
outcome, so that the sample variance of v holds their covariances. The mean of v over n shots has the variance
s²/n with s² = Σ (v − v̄)² / (n − 1); groups are independent, their means and variances add. One shot alone has no
sample variance; the bound w² stands in for it, with w the largest value that v can have.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from eigen.estimation.grouping import MeasurementGroup, Terms

__all__ = ["Estimate", "estimated", "outcomes_of"]


class Estimate(NamedTuple):
    """An expectation value and its standard error; an exact one has the error 0."""

    value: float
    std_error: float


def outcomes_of(counts: Mapping[str, int], *, first_bit: int) -> dict[int, int]:
    """Return the counts of a group's outcomes by number, whatever the bits in front of `first_bit` are.

    Example:
        >>> outcomes_of({"101": 3, "100": 2, "011": 1}, first_bit=1)
        {2: 5, 1: 1}
    """
    outcomes: Counter[int] = Counter()
    for bits, count in counts.items():
        outcomes[int(bits, 2) >> first_bit] += count
    return dict(outcomes)


def estimated(
    constants: Mapping[str, float], measured: Iterable[tuple[MeasurementGroup, Mapping[int, int]]]
) -> dict[str, Estimate]:
    """Return the estimate of each observable.

    Args:
        constants: Observable to the coefficient of its identity; names all observables.
        measured: Groups, each with the counts of its outcomes by number.
    """
    means: dict[str, list[float]] = {name: [constant] for name, constant in constants.items()}
    variances: dict[str, list[float]] = {name: [] for name in constants}
    for group, outcomes in measured:
        for name, terms in group.terms.items():
            mean, variance = _moments(terms, outcomes, bound=group.weights[name])
            means[name].append(mean)
            variances[name].append(variance)
    return {name: Estimate(math.fsum(means[name]), math.sqrt(math.fsum(variances[name]))) for name in constants}


def _moments(terms: Terms, outcomes: Mapping[int, int], *, bound: float) -> tuple[float, float]:
    """Return the mean of an observable's value over a group's shots, and the variance of that mean."""
    samples = [(_value(terms, outcome), count) for outcome, count in outcomes.items()]
    shots = sum(outcomes.values())
    mean = math.fsum(value * count for value, count in samples) / shots
    if shots == 1:
        return mean, bound * bound
    squares = math.fsum((value - mean) ** 2 * count for value, count in samples)
    return mean, squares / (shots - 1) / shots


def _value(terms: Terms, outcome: int) -> float:
    return math.fsum(-one if (outcome & mask).bit_count() & 1 else one for mask, one in terms)
