"""SPSA and Adam, as published.

Both keep their iterates within the bounds by projection, take their step sizes from the papers named below, and end
with one evaluation of where they came to.

Sources: J. C. Spall, "Implementation of the simultaneous perturbation algorithm for stochastic optimization", IEEE
Trans. Aerosp. Electron. Syst. 34, 817 (1998): gains a/(k+1+A)^0.602 and c/(k+1)^0.101, A a tenth of the iterations;
the calibration of a, so that the first step is 2π/10 on average, from A. Kandala et al., Nature 549, 242 (2017).
D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bounds", "Ending", "adam", "spsa"]

_ALPHA, _GAMMA = 0.602, 0.101
_PERTURBATION = 0.2
_FIRST_STEP = 2 * math.pi / 10
_CALIBRATIONS = 25
_LEAST_SLOPE = 1e-10

_LEARNING_RATE = 0.05
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8

Value = Callable[[NDArray[np.float64]], float]
Gradient = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and greatest value of each parameter, float64 of shape (parameters,); infinite for none."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def within(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the nearest point within the bounds."""
        return np.minimum(np.maximum(x, self.low), self.high)  # a third of the time that `clip` takes


@dataclass(frozen=True, slots=True)
class Ending:
    """How a method ended.

    Attributes:
        x: Where it came to, float64 of shape (parameters,); None for the best that was evaluated.
        nit: Number of iterations.
        success: Whether it had converged.
        message: Why it ended.
    """

    x: NDArray[np.float64] | None
    nit: int
    success: bool
    message: str


def spsa(
    value: Value, x: NDArray[np.float64], *, bounds: Bounds, max_iters: int, tol: float | None, seed: int
) -> Ending:
    """Minimise by simultaneous perturbation: two values an iteration, whatever the number of parameters.

    Args:
        value: The objective, noisy or not.
        x: Where to begin, float64 of shape (parameters,).
        bounds: Where all evaluated points lie.
        max_iters: Number of iterations; they are `2 · max_iters` evaluations, 50 before them and one behind.
        tol: The method has converged when no parameter moves by more than this in an iteration; None for never.
        seed: Seed of the directions.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    stability = max_iters / 10

    def slopes(center: NDArray[np.float64], size: float) -> NDArray[np.float64]:
        signs = generator.integers(0, 2, len(center)) * 2.0 - 1.0
        plus, minus = bounds.within(center + size * signs), bounds.within(center - size * signs)
        difference = value(plus) - value(minus)
        apart = plus - minus
        apart[apart == 0] = np.inf  # at a bound on both sides: no slope
        return difference / apart

    found = [float(np.abs(slopes(x, _PERTURBATION)).max()) for _ in range(_CALIBRATIONS)]
    gain = _FIRST_STEP / max(sum(found) / len(found), _LEAST_SLOPE) * (1 + stability) ** _ALPHA
    for iteration in range(max_iters):
        slope = slopes(x, _PERTURBATION / (iteration + 1) ** _GAMMA)
        after = bounds.within(x - gain / (iteration + 1 + stability) ** _ALPHA * slope)
        moved, x = float(np.abs(after - x).max()), after
        if tol is not None and moved < tol:
            value(x)
            return Ending(x, iteration + 1, True, f"no parameter moved by more than {tol:g} in an iteration")
    value(x)
    return Ending(x, max_iters, True, f"{max_iters} iterations are done")


def adam(gradient: Gradient, x: NDArray[np.float64], *, bounds: Bounds, max_iters: int, tol: float) -> Ending:
    """Minimise by gradient descent with adaptive moments, step size 0.05.

    Args:
        gradient: The objective and its gradient.
        x: Where to begin, float64 of shape (parameters,).
        bounds: Where all evaluated points lie.
        max_iters: Most iterations, one gradient each.
        tol: The method has converged when no parameter moves by more than this in an iteration.
    """
    first, second = np.zeros_like(x), np.zeros_like(x)
    for iteration in range(1, max_iters + 1):
        _, slope = gradient(x)
        first = _BETA_1 * first + (1 - _BETA_1) * slope
        second = _BETA_2 * second + (1 - _BETA_2) * slope**2
        step = first / (1 - _BETA_1**iteration) / (np.sqrt(second / (1 - _BETA_2**iteration)) + _EPSILON)
        after = bounds.within(x - _LEARNING_RATE * step)
        moved, x = float(np.abs(after - x).max()), after
        if moved < tol:
            gradient(x)
            return Ending(x, iteration, True, f"no parameter moved by more than {tol:g} in an iteration")
    gradient(x)
    return Ending(x, max_iters, False, f"{max_iters} iterations are done")
