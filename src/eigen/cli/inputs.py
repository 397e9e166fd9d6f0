"""`--input NAME=VALUE`, read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["parse_inputs", "parse_pairs"]


def parse_inputs(texts: Iterable[str]) -> dict[str, Any]:
    """Return inputs by name; a value is read as JSON where it is a number, true, false, a list or a string.

    Raises:
        InvalidArgumentError: One is not `NAME=VALUE`, or a name comes twice.

    Example:
        >>> parse_inputs(["n=4", "theta=0.5", "fast=true", "angles=[0, 1.5]", "name=bell", 'digits="42"'])
        {'n': 4, 'theta': 0.5, 'fast': True, 'angles': [0, 1.5], 'name': 'bell', 'digits': '42'}
    """
    return {name: _value(text) for name, text in parse_pairs(texts, option="--input").items()}


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
                f"{option} {quoted(text)} is not NAME=VALUE", reason="OPTION_SHAPE", hint=f"write {option} theta=0.5"
            )
        if name in pairs:
            raise InvalidArgumentError(
                f"{option} gives {quoted(name)} twice", reason="OPTION_TWICE", hint="give it once"
            )
        pairs[name] = value
    return pairs


def _value(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, bool | int | float | str | list) else text


def _refuse(constant: str) -> None:
    raise ValueError(constant)
