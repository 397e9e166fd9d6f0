"""`--input NAME=VALUE` and `--sweep NAME=VALUES`, read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["MAX_POINTS", "parse_inputs", "parse_pairs", "parse_sweep"]

MAX_POINTS = 10_000
"""Most points of `FROM:TO:POINTS`; no job takes more."""


def parse_inputs(texts: Iterable[str]) -> dict[str, Any]:
    """Return inputs by name; a value is read as JSON where it is a number, true, false, a list or a string.

    Raises:
        InvalidArgumentError: One is not `NAME=VALUE`, or a name comes twice.

    Example:
        >>> parse_inputs(["n=4", "theta=0.5", "fast=true", "angles=[0, 1.5]", "name=bell", 'digits="42"'])
        {'n': 4, 'theta': 0.5, 'fast': True, 'angles': [0, 1.5], 'name': 'bell', 'digits': '42'}
    """
    return {name: _value(text) for name, text in parse_pairs(texts, option="--input").items()}


def parse_sweep(texts: Iterable[str]) -> dict[str, list[Any]]:
    """Return a sweep's values by parameter: `FROM:TO:POINTS`, both ends included, or a JSON list.

    Raises:
        InvalidArgumentError: One is neither, is not `NAME=VALUES`, or a name comes twice.

    Example:
        >>> parse_sweep(["theta=0:1:5", "phi=[1, 2.5]"])
        {'theta': [0.0, 0.25, 0.5, 0.75, 1.0], 'phi': [1, 2.5]}
    """
    return {name: _values(text) for name, text in parse_pairs(texts, option="--sweep").items()}


_EXAMPLES = {"--input": "theta=0.5", "--sweep": "theta=0:1:5", "--label": "project=h2"}


def parse_pairs(texts: Iterable[str], *, option: str) -> dict[str, str]:
    """Return `NAME=VALUE` texts by name.

    Raises:
        InvalidArgumentError: One is not `NAME=VALUE`, or a name comes twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InvalidArgumentError(
                f"{option} {quoted(text)} is not NAME=VALUE",
                reason="OPTION_SHAPE",
                hint=f"write {option} {_EXAMPLES[option]}",
            )
        if name in pairs:
            raise InvalidArgumentError(
                f"{option} gives {quoted(name)} twice", reason="OPTION_TWICE", hint="give it once"
            )
        pairs[name] = value
    return pairs


def _values(text: str) -> list[Any]:
    value = _value(text)
    if isinstance(value, list):
        return value
    try:
        first, last, points = text.split(":")
        start, span, count = float(first), float(last) - float(first), int(points)
    except ValueError:
        count, start, span = 0, 0.0, 0.0
    if not 1 <= count <= MAX_POINTS or not math.isfinite(start + span):
        raise InvalidArgumentError(
            f"--sweep takes FROM:TO:POINTS with 1 to {MAX_POINTS} points, or a JSON list, not {quoted(text)}",
            reason="OPTION_SHAPE",
            hint="write --sweep theta=0:3.14:50, or --sweep 'theta=[0, 0.1]'",
        )
    return [start + span * index / max(count - 1, 1) for index in range(count)]


def _value(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, bool | int | float | str | list) else text


def _refuse(constant: str) -> None:
    raise ValueError(constant)
