"""The function that an optimizer sees: the program's parameters in, a value out, with a gradient where it is asked."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from eigen.contracts.errors import InternalError, InvalidArgumentError
from eigen.optimization.circuits import LoopCircuit
from eigen.optimization.evaluations import Evaluation
from eigen.optimization.shifts import shifts_of
from eigen.optimization.sources import Source

__all__ = ["Objective"]


class Objective:
    """An observable's expectation value as a function of the program's parameters.

    Args:
        circuit: The circuit.
        source: Where its values come from.

    Attributes:
        gradient_method: How gradients come about: `adjoint` from the engine, else `parameter-shift`.
    """

    def __init__(self, circuit: LoopCircuit, source: Source) -> None:
        self._map = circuit.angle_map
        self._source = source
        self._shifts = [
            (row, shift, weight) for row, gate in enumerate(circuit.gates) for shift, weight in shifts_of(gate)
        ]
        self.gradient_method = "adjoint" if source.has_gradient else "parameter-shift"

    def evaluate(self, x: NDArray[np.float64], *, seed: int, with_gradient: bool) -> Evaluation:
        """Return the value at a point, and its gradient where that is asked.

        Args:
            x: Value of each parameter, float64 of shape (parameters,).
            seed: Seed of what is drawn.
            with_gradient: Whether the gradient is asked.

        Raises:
            InvalidArgumentError: An angle is no finite number there.
            InternalError: A value is none.
        """
        angles = self._map.angles(x)
        try:
            return self._evaluation(angles, seed=seed, with_gradient=with_gradient)
        except InternalError as error:
            if np.isfinite(angles).all():
                raise
            raise InvalidArgumentError(
                "an angle is not finite once its parameters are bound",
                reason="PARAMETER_NOT_FINITE",
                hint="begin with smaller values, and give bounds",
            ) from error

    def _evaluation(self, angles: NDArray[np.float64], *, seed: int, with_gradient: bool) -> Evaluation:
        if not with_gradient:
            value, std_error = self._source.estimates((angles,), seed=seed)[0]
            gradient = None
        elif self._source.has_gradient:
            value, by_angle = self._source.value_and_gradient(angles)
            std_error, gradient = 0.0, tuple(self._map.pulled_back(by_angle).tolist())
        else:
            value, std_error, gradient = self._shifted(angles, seed=seed)
        if not (math.isfinite(value) and all(map(math.isfinite, gradient or ()))):
            raise InternalError(f"the objective has the value {value}", reason="ENGINE_BROKE_PROMISE")
        return Evaluation(float(value), std_error, gradient)

    def _shifted(self, angles: NDArray[np.float64], *, seed: int) -> tuple[float, float, tuple[float, ...]]:
        points = [angles]
        for row, shift, _ in self._shifts:
            point = angles.copy()
            point[row] += shift
            points.append(point)
        (value, std_error), *shifted = self._source.estimates(points, seed=seed)
        by_angle = np.zeros(len(angles))
        for (row, _, weight), (at_shift, _) in zip(self._shifts, shifted, strict=True):
            by_angle[row] += weight * at_shift
        return value, std_error, tuple(self._map.pulled_back(by_angle).tolist())
