"""Counts against distributions: the p-value is a p-value."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from eigen.verification.comparison import compared

DISTRIBUTIONS = {
    "a coin": {"0": 0.5, "1": 0.5},
    "eight outcomes": {f"{k:03b}": (k + 1) / 36 for k in range(8)},
    "a rare tail": {"00": 0.9, "01": 0.096, "10": 0.002, "11": 0.002},
}


def drawn(distribution: dict[str, float], *, shots: int, seed: int) -> dict[str, int]:
    counts = np.random.default_rng(seed).multinomial(shots, list(distribution.values()))
    return {bits: int(count) for bits, count in zip(distribution, counts, strict=True) if count}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_under_the_distribution_a_p_value_below_p_is_as_rare_as_p(name: str) -> None:
    """Of 1,000 samples of 1,000 shots; five standard deviations of a binomial, upwards."""
    values = [
        compared(drawn(DISTRIBUTIONS[name], shots=1_000, seed=k), DISTRIBUTIONS[name]).p_value for k in range(1_000)
    ]
    for p in (0.01, 0.05, 0.2, 0.5):
        assert sum(value < p for value in values) <= 1_000 * p + 5 * (1_000 * p * (1 - p)) ** 0.5
    assert sum(value < 0.5 for value in values) > 200


def test_without_rare_outcomes_it_is_pearsons() -> None:
    expected = DISTRIBUTIONS["eight outcomes"]
    counts = drawn(expected, shots=2_000, seed=3)
    pearson = stats.chisquare([counts[bits] for bits in expected], [2_000 * one for one in expected.values()])
    found = compared(counts, expected)
    assert (found.chi_square, found.p_value) == (pytest.approx(pearson.statistic), pytest.approx(pearson.pvalue))
    assert found.degrees_of_freedom == 7


def test_wrong_counts_have_a_small_p_value() -> None:
    assert compared({"0": 1_800, "1": 2_296}, DISTRIBUTIONS["a coin"]).p_value < 1e-9
    assert compared({"00": 870, "01": 96, "11": 34}, DISTRIBUTIONS["a rare tail"]).p_value < 1e-9


def test_what_cannot_come_is_named() -> None:
    found = compared({"0": 4_095, "1": 1}, {"0": 1.0})
    assert (found.p_value, found.impossible) == (0.0, ("1",))
    assert compared({"0": 5}, {"0": 1.0}).p_value == 1.0
