"""Where a loop begins: the parameters that it varies, in the optimizer's order, their first values and their bounds."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import printable, quoted

__all__ = ["Start", "start_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a loop begins.

    Attributes:
        parameters: What is varied, in the order in which the program declares it.
        initial: First value of each.
        bounds: Least and greatest value of each, an infinite one for none; empty where nothing is bounded.
    """

    parameters: tuple[str, ...]
    initial: tuple[float, ...]
    bounds: tuple[tuple[float, float], ...] = ()


def start_of(declared: Sequence[str], *, fixed: Collection[str], x0: Any, bounds: Any) -> Start:
    """Return where a loop begins.

    Args:
        declared: The program's free parameters, in its order.
        fixed: Those that the caller's inputs give.
        x0: First values by name, or a list of them for all parameters that are not fixed.
        bounds: A pair for each, by name or as a list; None in a pair for no bound.

    Raises:
        InvalidArgumentError: A name is no parameter's, a value is missing, not finite or out of its bounds.
    """
    values = x0 if isinstance(x0, Mapping) else _by_place([one for one in declared if one not in fixed], x0, "x0")
    _require_known(values, declared)
    names = tuple(name for name in declared if name in values)
    if not names:
        raise InvalidArgumentError(
            "there is nothing to vary: the program has no free parameter, or all of them are fixed",
            reason="NOTHING_TO_VARY",
            hint="declare one as `theta: Param`, and leave it out of inputs",
        )
    initial = tuple(_number(values[name], name) for name in names)
    return Start(parameters=names, initial=initial, bounds=_bounds(names, initial, bounds))


def _bounds(names: Sequence[str], initial: Sequence[float], given: Any) -> tuple[tuple[float, float], ...]:
    if given is None or (isinstance(given, Sized) and not len(given)):  # an array has no truth
        return ()
    pairs = given if isinstance(given, Mapping) else _by_place(names, given, "bounds")
    _require_known(pairs, names)
    ranges = tuple(_range(pairs.get(name, (None, None)), name) for name in names)
    for name, value, (low, high) in zip(names, initial, ranges, strict=True):
        if not low <= value <= high:
            raise _refused(f"{printable(name)} begins at {value}, outside of its bounds {low} and {high}")
    return ranges


def _by_place(names: Sequence[str], values: Any, what: str) -> dict[str, Any]:
    listed = list(values) if isinstance(values, Iterable) and not isinstance(values, str | bytes) else None
    if listed is None or len(listed) != len(names):
        given = quoted(values) if listed is None else f"{len(listed)} values"
        raise _refused(f"{what} has {given} for {len(names)} parameters: {printable(', '.join(names)) or 'none'}")
    return dict(zip(names, listed, strict=True))


def _require_known(values: Mapping[Any, Any], names: Sequence[str]) -> None:
    for name in values:
        if name not in names:
            raise _refused(
                f"{quoted(name)} is none of the parameters {printable(', '.join(names)) or '(there are none)'}"
            )


def _range(pair: Any, name: str) -> tuple[float, float]:
    try:
        low, high = pair
    except (TypeError, ValueError):
        raise _refused(f"the bounds of {printable(name)} are {quoted(pair)}, not a pair") from None
    ends = (
        -math.inf if low is None else _number(low, name, is_bound=True),
        math.inf if high is None else _number(high, name, is_bound=True),
    )
    if not ends[0] < ends[1]:
        raise _refused(f"the bounds of {printable(name)} leave no room: {ends[0]} and {ends[1]}")
    return ends


def _number(value: Any, name: str, *, is_bound: bool = False) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number) or (is_bound and math.isinf(number)):
        return number
    raise _refused(f"{printable(name)} cannot be {quoted(value)}")


def _refused(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        message,
        reason="LOOP_START",
        hint='give finite numbers by name, such as {"theta": 0.1}, or as a list in the order of the parameters',
    )
