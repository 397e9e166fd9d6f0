"""The spelling of angles in AQO: numbers, and affine expressions over parameters as text.

Theory: an angle is the sum of coefficient × parameter, plus a constant. Its one canonical spelling has the parameters
in order of their names, a coefficient of ±1 left out, the constant last and only where it is not zero, no blanks, and
numbers as RFC 8785 writes them: `2*theta+0.5`, `-theta`, `a-0.5*b`. Reading is laxer: blanks, any order, repeated
parameters, `theta*2`, `theta/2`. Text is matched against a fixed grammar; nothing is ever evaluated.
"""

from __future__ import annotations

import math
import re

from eigen.contracts.aqo import PARAMETER_NAME, Affine, Angle
from eigen.contracts.canonical import MAX_SAFE_INTEGER, canonical_json
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["exact_number", "format_angle", "format_number", "parse_angle"]

_NUMBER = r"(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"
_TERM = re.compile(
    r"[ \t]*+(?P<sign>[+-]?)[ \t]*+"
    rf"(?:(?P<number>{_NUMBER})(?:[ \t]*+\*[ \t]*+(?P<times>{PARAMETER_NAME.pattern}))?"
    rf"|(?P<name>{PARAMETER_NAME.pattern})(?:[ \t]*+(?P<operator>[*/])[ \t]*+(?P<factor>{_NUMBER}))?)"
    r"(?![A-Za-z0-9_.])[ \t]*+"
)
_HINT = "write a number, or a sum such as 2*theta+0.5 of numbers and numbers times parameters"


def format_number(value: float) -> str:
    """Return a finite number as RFC 8785 writes it.

    Raises:
        InvalidArgumentError: It is not finite.

    Example:
        >>> format_number(2.0), format_number(1e-7), format_number(1e16)
        ('2', '1e-7', '10000000000000000')
    """
    text = repr(float(value))
    if "e" in text or "n" in text:
        return canonical_json(float(value)).decode("ascii")
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def format_angle(angle: Angle) -> str | int | float:
    """Return an angle as its JSON value: a number as it is, a symbolic one in its canonical spelling.

    Raises:
        InvalidArgumentError: A coefficient or the constant is not finite.

    Example:
        >>> format_angle(Affine((("a", 1.0), ("b", -0.5)), 2.0))
        'a-0.5*b+2'
    """
    if not isinstance(angle, Affine):
        return angle
    parts = [_signed_term(name, coefficient) for name, coefficient in angle.terms]
    if angle.constant or not parts:
        parts.append(_signed(format_number(angle.constant)))
    return "".join(parts).removeprefix("+")


def parse_angle(text: str) -> Angle:
    """Return the angle that a text spells, a number where no parameter is left in it.

    Args:
        text: Terms `NAME`, `NUMBER`, `NUMBER*NAME`, `NAME*NUMBER`, `NAME/NUMBER`, added or subtracted.

    Raises:
        InvalidArgumentError: Not such a sum (reason `AQO_ANGLE`), or not finite (reason `AQO_NOT_FINITE`).

    Example:
        >>> parse_angle("theta/2 - 1 + theta")
        Affine(terms=(('theta', 1.5),), constant=-1.0)
    """
    terms: dict[str, float] = {}
    constant, position = 0.0, 0
    while position < len(text) or position == 0:
        found = _TERM.match(text, position)
        if found is None or (position and not found["sign"]):
            raise InvalidArgumentError(f"{quoted(text)} is not an angle", reason="AQO_ANGLE", hint=_HINT)
        name, coefficient = _value(found, text)
        if name:
            terms[name] = terms.get(name, 0.0) + coefficient
        else:
            constant += coefficient
        position = found.end()
    if not all(map(math.isfinite, (constant, *terms.values()))):
        raise InvalidArgumentError(f"{quoted(text)} is not finite", reason="AQO_NOT_FINITE", hint=_HINT)
    kept = tuple(sorted((name, coefficient) for name, coefficient in terms.items() if coefficient))
    return Affine(kept, constant) if kept else exact_number(constant)


def exact_number(value: float) -> int | float:
    """Return an integer where the number is one that JSON keeps exactly, else a float.

    An integer beyond ±(2^53 − 1) becomes the nearest double, infinite where there is none.
    """
    if type(value) is int:
        if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            return value
        try:
            return float(value)
        except OverflowError:
            return math.inf
    return int(value) if value.is_integer() and abs(value) <= MAX_SAFE_INTEGER else value


def _signed(number: str) -> str:
    return number if number.startswith("-") else f"+{number}"


def _signed_term(name: str, coefficient: float) -> str:
    if coefficient in (1, -1):
        return f"+{name}" if coefficient > 0 else f"-{name}"
    return f"{_signed(format_number(coefficient))}*{name}"


def _value(term: re.Match[str], text: str) -> tuple[str, float]:
    name = term["name"] or term["times"] or ""
    value = float(term["number"] or term["factor"] or 1)
    if term["operator"] == "/":
        if value == 0:
            raise InvalidArgumentError(f"{quoted(text)} divides by zero", reason="AQO_ANGLE", hint=_HINT)
        value = 1 / value
    return name, -value if term["sign"] == "-" else value
