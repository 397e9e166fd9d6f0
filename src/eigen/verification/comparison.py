"""Counts against a distribution: the chance of counts at least as far off where nothing is wrong.

Outcomes that are expected five times or more are compared by Pearson's chi-square; the rarer ones are too few for it,
and are judged together, by the Poisson distribution of their number. Where there are both, the p-value is twice the
smaller one (Bonferroni); it is 0 where an outcome came that cannot come. Under a right device it is below p with a
chance of about p, or less.

Theory: Cochran, Biometrics 10, 417 (1954), for the limit of five.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Comparison", "compared"]

_LEAST_EXPECTED = 5.0
_NO_MORE_THAN_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How counts agree with a distribution.

    Attributes:
        p_value: Chance of counts at least as far off, 0 to 1.
        chi_square: Pearson's statistic over the outcomes that are expected five times or more.
        degrees_of_freedom: Of the statistic.
        rare: How often the other outcomes came together.
        rare_expected: How often they are expected to.
        impossible: Outcomes that came and cannot come.
    """

    p_value: float
    chi_square: float
    degrees_of_freedom: int
    rare: int
    rare_expected: float
    impossible: tuple[str, ...] = ()


def compared(counts: Mapping[str, int], distribution: Mapping[str, float]) -> Comparison:
    """Compare counts with the exact probabilities of their outcomes.

    Example:
        >>> round(compared({"0": 480, "1": 544}, {"0": 0.5, "1": 0.5}).p_value, 3)
        0.046
        >>> compared({"0": 1023, "1": 1}, {"0": 1.0}).impossible
        ('1',)
    """
    from scipy.special import gammaincc, pdtrc

    shots = sum(counts.values())
    pairs = [(counts.get(bits, 0), probability * shots) for bits, probability in distribution.items()]
    bins = [pair for pair in pairs if pair[1] >= _LEAST_EXPECTED]
    rare = sum(seen for seen, expected in pairs if expected < _LEAST_EXPECTED)
    rare_expected = sum(expected for _, expected in pairs if expected < _LEAST_EXPECTED)
    chi_square = sum((seen - expected) ** 2 / expected for seen, expected in bins)
    has_rare = rare_expected > _NO_MORE_THAN_ROUNDING
    freedom = max(0, len(bins) - (not has_rare))
    of_bins = float(gammaincc(freedom / 2, chi_square / 2)) if freedom else 1.0
    of_rare = float(pdtrc(rare - 1, rare_expected)) if rare else 1.0
    impossible = tuple(sorted(counts.keys() - distribution.keys()))
    return Comparison(
        p_value=0.0 if impossible else min(1.0, (1 + has_rare) * min(of_bins, of_rare)),
        chi_square=chi_square,
        degrees_of_freedom=freedom,
        rare=rare,
        rare_expected=rare_expected,
        impossible=impossible,
    )
