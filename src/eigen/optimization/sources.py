"""Where a loop's values come from: exact ones, or ones that are drawn from an engine's probabilities.

A third source stands in the kernel: circuits that a device executes.

Theory of drawing. A group's products have all their values in one outcome, so an observable's value in a shot is a
number for each outcome, worked out once. A draw of the shots is one from the multinomial distribution; where there are
more outcomes than shots, each shot's outcome is found in the cumulative sums instead, which costs less and is the same
distribution. Mean and variance are those of `eigen.estimation.estimates`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eigen.contracts.errors import InternalError
from eigen.estimation.estimates import Estimate
from eigen.estimation.grouping import MeasurementGroup, Terms
from eigen.estimation.sampling import Sampling
from eigen.optimization.landscape import Landscape

__all__ = ["MAX_GROUP_QUBITS", "ExactSource", "SampledSource", "Source"]

MAX_GROUP_QUBITS = 24
"""Widest group whose outcomes are drawn from probabilities."""

_TOLERANCE = 1e-6


class Source(ABC):
    """Values of the objective at some angles."""

    has_gradient: bool = False
    """Whether `value_and_gradient` can be asked."""

    @abstractmethod
    def estimates(self, points: Sequence[NDArray[np.float64]], *, seed: int) -> Sequence[Estimate]:
        """Return the value at each point, float64 of shape (angles,); equal seeds give equal values."""

    def value_and_gradient(self, angles: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the exact value and its derivative by each angle."""
        raise NotImplementedError


class ExactSource(Source):
    """Exact values."""

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self.has_gradient = landscape.has_gradient

    def estimates(self, points: Sequence[NDArray[np.float64]], *, seed: int) -> Sequence[Estimate]:
        """Return the exact value at each point; there is nothing to draw."""
        return [Estimate(float(self._landscape.value(point)), 0.0) for point in points]

    def value_and_gradient(self, angles: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the engine's value and gradient."""
        return self._landscape.value_and_gradient(angles)


class SampledSource(Source):
    """Values that are drawn from the probabilities of each group's outcomes.

    Args:
        landscape: Made with the groups of the sampling.
        sampling: Groups and shots for the one observable.
        objective: Its name.
    """

    def __init__(self, landscape: Landscape, sampling: Sampling, *, objective: str) -> None:
        self._landscape = landscape
        self._constant = sampling.constants[objective]
        self._shots = sampling.shots
        self._bounds = [group.weights[objective] for group in sampling.groups]
        self._values = [_values(group, group.terms[objective]) for group in sampling.groups]

    def estimates(self, points: Sequence[NDArray[np.float64]], *, seed: int) -> Sequence[Estimate]:
        """Return the estimate at each point; the draws of all of them come from one generator, in order."""
        generator = np.random.Generator(np.random.PCG64(seed))
        return [self._estimate(point, generator) for point in points]

    def _estimate(self, point: NDArray[np.float64], generator: np.random.Generator) -> Estimate:
        value, variance = self._constant, 0.0
        groups = zip(self._landscape.probabilities(point), self._values, self._shots, self._bounds, strict=True)
        for probabilities, values, shots, bound in groups:
            mean, variance_of_mean = _moments(probabilities, values, shots=shots, bound=bound, generator=generator)
            value += mean
            variance += variance_of_mean
        return Estimate(value, math.sqrt(variance))


def _values(group: MeasurementGroup, terms: Terms) -> NDArray[np.float64]:
    """Return an observable's value for each outcome of a group, float64 of shape (2 ** qubits,)."""
    outcomes = np.arange(1 << len(group.qubits), dtype=np.uint32)
    values = np.zeros(len(outcomes))
    for mask, coefficient in terms:
        is_odd = np.bitwise_count(outcomes & np.uint32(mask)) & 1
        values += np.where(is_odd, -coefficient, coefficient)
    return values


def _moments(
    probabilities: NDArray[np.float64],
    values: NDArray[np.float64],
    *,
    shots: int,
    bound: float,
    generator: np.random.Generator,
) -> tuple[float, float]:
    """Draw a group's shots; return the mean of the values, and the variance of that mean."""
    total = float(probabilities.sum())
    if not abs(total - 1.0) < _TOLERANCE:
        raise InternalError(f"the probabilities sum to {total}", reason="ENGINE_BROKE_PROMISE")
    drawn: NDArray[np.float64]
    if len(probabilities) > shots:
        sums = np.cumsum(probabilities)
        places = np.searchsorted(sums, generator.random(shots) * sums[-1], side="right")
        drawn = values[np.minimum(places, len(values) - 1)]
        weights: NDArray[np.float64] | None = None
    else:
        weights = generator.multinomial(shots, np.maximum(probabilities, 0.0) / total).astype(np.float64)
        drawn = values
    mean = _sum(drawn, weights) / shots
    if shots == 1:
        return mean, bound * bound
    return mean, _sum((drawn - mean) ** 2, weights) / (shots - 1) / shots


def _sum(values: NDArray[np.float64], weights: NDArray[np.float64] | None) -> float:
    """Return the weighted sum, added pairwise, so that it does not depend on how memory lies."""
    return float((values if weights is None else values * weights).sum())
