"""SPSA and Adam against their formulas, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from eigen.optimization.stochastic import Bounds, adam, spsa

_FREE = Bounds(np.full(2, -np.inf), np.full(2, np.inf))


def test_adam_takes_the_steps_of_algorithm_1() -> None:
    """Kingma and Ba, algorithm 1, written down step by step for a gradient that is known."""
    points: list[NDArray[np.float64]] = []

    def gradient(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        points.append(x)
        return float(x @ x), 2 * x

    adam(gradient, np.array([1.0, -2.0]), bounds=_FREE, max_iters=3, tol=0.0)
    m, v, x = np.zeros(2), np.zeros(2), np.array([1.0, -2.0])
    for t in (1, 2, 3):
        g = 2 * x
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        x = x - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert points[t] == pytest.approx(x, abs=1e-15)
    assert np.abs(points[1] - points[0]) == pytest.approx(0.05, abs=1e-9)  # the first step is the learning rate


def test_spsa_takes_the_steps_of_spall() -> None:
    """Spall's equations, with the directions told from the points that were asked."""
    slopes, points = np.array([3.0, -1.0]), list[NDArray[np.float64]]()

    def value(x: NDArray[np.float64]) -> float:
        points.append(x)
        return float(slopes @ x)

    ending = spsa(value, np.zeros(2), bounds=_FREE, max_iters=5, tol=None, seed=3)
    assert len(points) == 2 * 25 + 2 * 5 + 1
    assert (ending.nit, ending.success) == (5, True)
    calibration, rest = points[:50], points[50:]
    found = [
        abs(value(plus) - value(minus)) / 0.4 for plus, minus in zip(calibration[::2], calibration[1::2], strict=True)
    ]
    a = 2 * math.pi / 10 / np.mean(found) * (1 + 0.5) ** 0.602
    x = np.zeros(2)
    for k in range(5):
        plus, minus = rest[2 * k], rest[2 * k + 1]
        size = 0.2 / (k + 1) ** 0.101
        assert (plus + minus) / 2 == pytest.approx(x, abs=1e-12)
        assert np.abs(plus - minus) / 2 == pytest.approx(size, abs=1e-12)
        signs = (plus - minus) / (2 * size)
        x = x - a / (k + 1 + 0.5) ** 0.602 * float(slopes @ (plus - minus)) / (2 * size) * signs
    assert rest[10] == pytest.approx(x, abs=1e-12)
    assert ending.x == pytest.approx(x, abs=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_spsa_goes_down_a_noisy_bowl(noise: float) -> None:
    generator = np.random.default_rng(5)

    def value(x: NDArray[np.float64]) -> float:
        return float(np.sum(1 - np.cos(x)) + noise * generator.normal())

    ending = spsa(value, np.array([1.2, -0.9]), bounds=_FREE, max_iters=200, tol=None, seed=1)
    assert ending.x is not None
    assert float(np.sum(1 - np.cos(ending.x))) < 0.02 + noise
