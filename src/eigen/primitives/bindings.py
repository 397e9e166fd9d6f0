"""The bindings of a PUB as sweeps: a list of values for each of AQO's parameters, in portions that a job takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.primitives.containers.bindings_array import BindingsArray

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.execution import MAX_SHOTS
from eigen.contracts.printable import quoted
from eigen.formats.qiskit_circuit import ReadCircuit
from eigen.kernel.plan import MAX_RESULT_BITS
from eigen.kernel.sweep import MAX_POINTS, MAX_SWEEP_SHOTS, MAX_VALUES
from eigen.primitives.circuits import POINT

__all__ = ["Columns", "columns_of", "portions", "sweep"]

Columns = Mapping[str, NDArray[np.float64]]
"""Values by parameter of AQO, float64 of shape (points,); a circuit without parameters has none."""


def columns_of(bindings: BindingsArray, parameters: Sequence[Any], read: ReadCircuit) -> Columns:
    """Return the values of the parameters of a circuit, its points in C order.

    Args:
        bindings: Of the PUB.
        parameters: Of the Qiskit circuit.
        read: The circuit as AQO.

    Raises:
        InvalidArgumentError: A value is not finite, or an expression has none that is.
    """
    values = bindings.as_array(parameters).reshape(bindings.size, len(parameters))
    place_of = {one: place for place, one in enumerate(parameters)}
    columns = {read.names[one.name]: _finite(one, values[:, place]) for one, place in place_of.items()}
    for name, expression in read.expressions.items():
        columns[name] = _finite(expression, _values_of(expression, values, place_of))
    return columns


def _finite(what: object, column: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.isfinite(column).all():
        raise InvalidArgumentError(
            f"the value of {quoted(str(what))} is not finite", reason="PRIMITIVE_BINDING", hint="give finite values"
        )
    return column


def _values_of(expression: Any, values: NDArray[np.float64], place_of: Mapping[Any, int]) -> NDArray[np.float64]:
    """Return an expression's value at each point; NaN where it has none that is real."""
    used = [(one, place_of[one]) for one in expression.parameters]
    return np.array([_value(expression, {one: row[place] for one, place in used}) for row in values], dtype=np.float64)


def _value(expression: Any, binding: Mapping[Any, float]) -> float:
    try:
        value = complex(expression.bind(binding))
    except (ArithmeticError, TypeError, ValueError, RuntimeError, OverflowError):  # Qiskit's own, as 1/0 gives
        return np.nan
    return value.real if value.imag == 0 else np.nan


def portions(num_points: int, *, num_columns: int, shots: int, clbits: int = 0) -> Iterator[slice]:
    """Yield which points go into each job, as few jobs as the limits of one allow.

    Args:
        num_points: How many there are.
        num_columns: How many values each of them has.
        shots: Most shots of each of them.
        clbits: Width of the outcomes, where they are kept.
    """
    shots = min(shots, MAX_SHOTS)  # more are refused, by the kernel and with its own words
    bits = min(shots, 1 << min(clbits, 64)) * clbits
    most = min(
        MAX_POINTS, MAX_VALUES // max(num_columns, 1), MAX_SWEEP_SHOTS // max(shots, 1), MAX_RESULT_BITS // max(bits, 1)
    )
    for first in range(0, num_points, max(most, 1)):
        yield slice(first, min(first + max(most, 1), num_points))


def sweep(columns: Columns, points: NDArray[np.int64], *, has_points: bool) -> dict[str, list[float]]:
    """Return the sweep over some points.

    Args:
        columns: Values at all points.
        points: Numbers of those that are wanted, integers of shape (points,).
        has_points: Whether the points of a circuit without parameters are numbered; else it is no sweep.
    """
    if has_points:
        return {POINT: points.astype(np.float64).tolist()}
    return {name: column[points].tolist() for name, column in columns.items()}
