"""The points of a sweep: `spec.sweep` as values of parameters. Pure.

Lists by name are zipped; `{product: {…}}` takes every combination, the last name varying fastest. A point is a binding
of the one compiled circuit, so that only parameters can be swept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.printable import printable, quoted

__all__ = [
    "MAX_POINTS",
    "MAX_SWEEP_SHOTS",
    "MAX_VALUES",
    "check_parameters",
    "check_size",
    "first_inputs",
    "sweep_points",
]

MAX_POINTS = 10_000
"""Most points of one job."""

MAX_VALUES = 1_000_000
"""Most points times parameters."""

MAX_SWEEP_SHOTS = 100_000_000
"""Most shots of all points together."""

Point = Mapping[str, float]

_SHAPE_HINT = "write sweep: {theta: [0.0, 0.1]}, or sweep: {product: {a: [0, 1], b: [0, 1]}}"


def sweep_points(sweep: Mapping[str, Any]) -> tuple[Point, ...]:
    """Return the values of each point; one point without values where there is no sweep.

    Raises:
        InvalidArgumentError: It is not lists of finite numbers, or zipped lists differ in length.
        ResourceExhaustedError: There are more than `MAX_POINTS` points.

    Example:
        >>> sweep_points({"product": {"a": [0, 1], "b": [0.5]}})
        ({'a': 0.0, 'b': 0.5}, {'a': 1.0, 'b': 0.5})
    """
    if not sweep:
        return ({},)
    lists, is_product = _lists(sweep)
    values = {name: _numbers(name, found) for name, found in lists.items()}
    if not values:
        raise InvalidArgumentError("spec.sweep names no parameter", reason="JOBSPEC_SWEEP", hint=_SHAPE_HINT)
    lengths = [len(one) for one in values.values()]
    if not is_product and len(set(lengths)) > 1:
        raise InvalidArgumentError(
            f"the lists of spec.sweep have {' and '.join(map(str, lengths[:8]))} values; lists that are zipped must be "
            "equally long",
            reason="JOBSPEC_SWEEP",
            hint=_SHAPE_HINT,
        )
    _check_points(math.prod(lengths) if is_product else lengths[0])
    combined = product(*values.values()) if is_product else zip(*values.values(), strict=True)
    return tuple(dict(zip(values, one, strict=True)) for one in combined)


def first_inputs(sweep: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of the first point as they are written, for the program to be compiled with.

    Raises:
        InvalidArgumentError, ResourceExhaustedError: As `sweep_points`.
    """
    sweep_points(sweep)
    return {name: values[0] for name, values in _lists(sweep)[0].items()}


def check_parameters(points: Sequence[Point], parameters: Sequence[str]) -> None:
    """Refuse a sweep over what is no free parameter of the circuit.

    Raises:
        InvalidArgumentError: With what to write instead.
        ResourceExhaustedError: Points times parameters are too many.
    """
    fixed = [name for name in points[0] if name not in parameters]
    if fixed:
        raise InvalidArgumentError(
            f"spec.sweep names {quoted(fixed[0])}, which shapes the circuit: a sweep compiles once",
            reason="SWEEP_STATIC",
            hint=f"annotate it as a parameter, `{printable(fixed[0], limit=40)}: Param`, where it is only an angle; "
            "else submit a job for each value",
        )
    if len(points) * len(parameters) > MAX_VALUES:
        raise ResourceExhaustedError(
            f"{len(points)} points of {len(parameters)} parameters; a job takes at most {MAX_VALUES} values",
            reason="SWEEP_TOO_LARGE",
            hint="part it into several jobs",
            details={"points": len(points), "parameters": len(parameters), "limit": MAX_VALUES},
        )


def check_size(*, points: int, shots: int) -> None:
    """Refuse a sweep of too many shots.

    Raises:
        ResourceExhaustedError: With the figures.
    """
    if points * shots > MAX_SWEEP_SHOTS:
        raise ResourceExhaustedError(
            f"{points} points of {shots} shots are {points * shots} shots; a job takes at most {MAX_SWEEP_SHOTS}",
            reason="SWEEP_TOO_LARGE",
            hint=f"give at most {MAX_SWEEP_SHOTS // points} shots, or part the sweep into several jobs",
            details={"points": points, "shots": shots, "limit": MAX_SWEEP_SHOTS},
        )


def _lists(sweep: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Return the lists of a sweep by name, and whether their product is asked for."""
    is_product = list(sweep) == ["product"] and isinstance(sweep["product"], Mapping)
    return (sweep["product"] if is_product else sweep), is_product


def _numbers(name: str, values: object) -> list[float]:
    if not isinstance(values, list | tuple) or not values:
        raise InvalidArgumentError(
            f"spec.sweep.{printable(name, limit=60)} is {quoted(values)}; it must be a list of numbers",
            reason="JOBSPEC_SWEEP",
            hint=_SHAPE_HINT,
        )
    _check_points(len(values))
    return [_number(f"spec.sweep.{printable(name, limit=60)}[{index}]", one) for index, one in enumerate(values)]


def _number(place: str, value: object) -> float:
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:  # an integer beyond every float
        number = math.inf
    if not math.isfinite(number):
        raise InvalidArgumentError(
            f"{place} is {quoted(value)}; a sweep takes finite numbers", reason="JOBSPEC_SWEEP", hint=_SHAPE_HINT
        )
    return number


def _check_points(points: int) -> None:
    if points > MAX_POINTS:
        raise ResourceExhaustedError(
            f"a sweep of {points} points; a job takes at most {MAX_POINTS}",
            reason="SWEEP_TOO_LARGE",
            hint="part it into several jobs",
            details={"points": points, "limit": MAX_POINTS},
        )
