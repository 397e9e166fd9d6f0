"""A circuit as loops run it: every symbolic angle a parameter of its own, and how the program's parameters set them.

Theory. With angles θ = c + A x, where x are the program's parameters and A is sparse, the objective is E(θ(x)), and its
derivative by x is Aᵀ ∂E/∂θ: the chain rule, whether a parameter stands in one gate, in many, or in a sum with others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eigen.contracts.aqo import AQO, Affine, Angle, Operation
from eigen.contracts.gates import BARRIER
from eigen.estimation.measurement import before_measurement

__all__ = ["AngleMap", "GateAngle", "LoopCircuit", "loop_circuit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AngleMap:
    """θ = constants + A x, with A by its entries.

    Attributes:
        constants: float64 of shape (angles,).
        rows: Number of the angle of each entry, int64 of shape (entries,).
        columns: Number of the parameter of each entry, int64 of shape (entries,).
        coefficients: float64 of shape (entries,).
        num_parameters: Number of parameters.
    """

    constants: NDArray[np.float64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    coefficients: NDArray[np.float64]
    num_parameters: int

    def angles(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the angles, float64 of shape (angles,), for parameters of shape (parameters,)."""
        parts = self.coefficients * x[self.columns]
        if len(parts) == len(self.constants):  # every angle has one entry, in order
            return self.constants + parts
        return self.constants + _summed(self.rows, parts, size=len(self.constants))

    def pulled_back(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the derivative by the parameters from that by the angles."""
        return _summed(self.columns, self.coefficients * gradient[self.rows], size=self.num_parameters)


def _summed(places: NDArray[np.int64], values: NDArray[np.float64], *, size: int) -> NDArray[np.float64]:
    sums: NDArray[Any] = np.bincount(places, values, minlength=size)
    return sums


@dataclass(frozen=True, slots=True)
class GateAngle:
    """Where an angle stands: the AQO name of its gate, and its place among the gate's angles."""

    op: str
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopCircuit:
    """A circuit for a loop.

    Attributes:
        circuit: Its parameters are its angles, each used once; its one observable is the objective.
        angle_map: The program's parameters to angles.
        gates: Where each angle stands.
    """

    circuit: AQO
    angle_map: AngleMap
    gates: tuple[GateAngle, ...]


def loop_circuit(compiled: AQO, *, objective: str) -> LoopCircuit:
    """Return a compiled circuit for a loop over one of its observables, without the measurements that end it."""
    collector = _Collector({name: index for index, name in enumerate(compiled.parameters)})
    state = before_measurement(compiled)
    operations = tuple(collector.apart(operation) for operation in state.operations if operation.op != BARRIER)
    circuit = replace(
        state,
        operations=operations,
        parameters=tuple(f"a{index}" for index in range(len(collector.gates))),
        observables={objective: compiled.observables[objective]},
    )
    return LoopCircuit(circuit=circuit, angle_map=collector.angle_map(), gates=tuple(collector.gates))


class _Collector:
    """Gives each symbolic angle a name of its own, and notes what it is made of."""

    def __init__(self, columns: dict[str, int]) -> None:
        self._columns = columns
        self._entries: list[tuple[int, int, float]] = []
        self._constants: list[float] = []
        self.gates: list[GateAngle] = []

    def apart(self, operation: Operation) -> Operation:
        """Return an operation with its symbolic angles as parameters of their own."""
        if not any(isinstance(angle, Affine) for angle in operation.params):
            return operation
        angles = tuple(self._angle(operation.op, place, angle) for place, angle in enumerate(operation.params))
        return operation._replace(params=angles)

    def _angle(self, op: str, place: int, angle: Angle) -> Angle:
        if not isinstance(angle, Affine):
            return angle
        row = len(self.gates)
        self.gates.append(GateAngle(op, place))
        self._constants.append(float(angle.constant))
        self._entries += [(row, self._columns[name], coefficient) for name, coefficient in angle.terms]
        return Affine(((f"a{row}", 1.0),), 0.0)

    def angle_map(self) -> AngleMap:
        return AngleMap(
            constants=np.array(self._constants, dtype=np.float64),
            rows=np.array([row for row, _, _ in self._entries], dtype=np.int64),
            columns=np.array([column for _, column, _ in self._entries], dtype=np.int64),
            coefficients=np.array([coefficient for _, _, coefficient in self._entries], dtype=np.float64),
            num_parameters=len(self._columns),
        )
