"""Values of OpenQASM's expressions and what operators and functions make of them.

Static values are Python's numbers, integers bounded in size before they grow; an input is an affine expression;
measured bits make Boolean functions of bits (`eigen.formats.bit_functions`). Nothing is ever evaluated by Python's own
parser.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from eigen.compiler.openqasm.catalogue import QasmFault, refuse
from eigen.compiler.openqasm.syntax import Place
from eigen.contracts.aqo import Affine
from eigen.contracts.printable import quoted
from eigen.formats.bit_functions import ALWAYS, NEVER, Cases, bits_below, bits_equal, both, either, negated, unequal

__all__ = [
    "Bits",
    "Qubits",
    "Value",
    "When",
    "apply_binary",
    "apply_function",
    "apply_unary",
    "cast",
    "describe",
    "truth",
]

_MAX_INTEGER_BITS = 4_096


class Qubits(NamedTuple):
    """A qubit, or a register of them."""

    indices: tuple[int, ...]
    is_register: bool


class Bits(NamedTuple):
    """A classical bit, or a register of them, the first one least significant."""

    indices: tuple[int, ...]
    is_register: bool


class When(NamedTuple):
    """A Boolean function of measured bits."""

    cases: Cases


Value = bool | int | float | Affine | str | Bits | Qubits | When

_DESCRIPTIONS: Mapping[type, str] = {
    bool: "a truth value",
    int: "an integer",
    float: "a number",
    str: "a text",
    Affine: "an input",
    Bits: "measured bits",
    Qubits: "qubits",
    When: "a condition on measured bits",
}


def describe(value: Value) -> str:
    """Return what a value is, for messages."""
    return _DESCRIPTIONS[type(value)]


def truth(value: Value, place: Place) -> bool | Cases:
    """Return whether a condition holds: a truth value, or a function of measured bits."""
    if isinstance(value, When):
        return value.cases
    if isinstance(value, Bits):
        return negated(bits_equal(value.indices, 0)) if value.is_register else (((value.indices[0], 1),),)
    if isinstance(value, bool | int):
        return bool(value)
    return refuse(
        QasmFault.TYPE, place, what="a condition", expected="a truth value or measured bits", found=describe(value)
    )


def apply_unary(symbol: str, value: Value, place: Place) -> Value:
    """Return what a sign or a negation makes of a value."""
    if symbol == "!":
        holds = truth(value, place)
        return not holds if isinstance(holds, bool) else When(negated(holds))
    if symbol == "~":
        if isinstance(value, When) or (isinstance(value, Bits) and not value.is_register):
            return apply_unary("!", value, place)
        refuse(QasmFault.EXPRESSION, place, construct="~ of anything but one bit")
    if isinstance(value, Affine):
        return _scaled(value, -1.0) if symbol == "-" else value
    number = _number(value, place)
    return -number if symbol == "-" else number


def apply_binary(symbol: str, left: Value, right: Value, place: Place, *, older: bool) -> Value:
    """Return what an operator makes of two values."""
    if symbol in ("&&", "||"):
        return _logic(symbol, truth(left, place), truth(right, place))
    if isinstance(left, Bits | When) or isinstance(right, Bits | When):
        return _measured(symbol, left, right, place)
    if isinstance(left, Affine) or isinstance(right, Affine):
        return _affine(symbol, left, right, place)
    if older and symbol == "==":
        refuse(QasmFault.CONDITION, place, problem="a condition compares no register", instead="write if (c == 1)")
    first, second = _number(left, place), _number(right, place)
    try:
        result = _NUMERIC[symbol](first, second, place)
    except (ArithmeticError, ValueError):
        refuse(QasmFault.ARITHMETIC, place, problem=f"{quoted(first)} {symbol} {quoted(second)} has no finite value")
    except TypeError:
        refuse(QasmFault.EXPRESSION, place, construct=f"{symbol} of anything but integers")
    return _checked(result, place)


def apply_function(name: str, arguments: list[Value], place: Place) -> Value:
    """Return what a function makes of numbers."""
    known = _FUNCTIONS.get(name)
    if known is None:
        refuse(QasmFault.EXPRESSION, place, construct=f"the function {name}")
    count, function = known
    if len(arguments) != count:
        refuse(QasmFault.ARITHMETIC, place, problem=f"{name} takes {count} arguments, not {len(arguments)}")
    if any(isinstance(one, Affine) for one in arguments):
        refuse(QasmFault.NOT_AFFINE, place, operator=name)
    numbers = [_number(one, place) for one in arguments]
    try:
        result = function(*numbers)
    except (ArithmeticError, ValueError, TypeError):
        shown = ", ".join(quoted(one) for one in numbers)
        refuse(QasmFault.ARITHMETIC, place, problem=f"{name}({shown}) has no value")
    return _checked(result, place)


def cast(kind: str, width: int | None, value: Value, place: Place) -> Value:
    """Return a value as another type.

    Args:
        kind: `int`, `uint`, `float`, `angle`, `bool` or `bit`.
        width: Its number of bits, where given.
        value: Any value.
        place: Where the cast stands.
    """
    if isinstance(value, Bits):
        return _cast_bits(kind, width, value, place)
    if isinstance(value, When):
        if kind == "bool":
            return value
        refuse(QasmFault.EXPRESSION, place, construct=f"{kind} of a condition")
    if isinstance(value, Affine):
        if kind in ("float", "angle"):
            return value
        refuse(QasmFault.NOT_AFFINE, place, operator=kind)
    number = _number(value, place)
    if kind in ("float", "angle"):
        return _as_float(number, place)
    if kind == "bool":
        return bool(number)
    return _cast_integer(kind, width, number, place)


def _cast_bits(kind: str, width: int | None, value: Bits, place: Place) -> Value:
    size = len(value.indices)
    if kind == "bool":
        holds = truth(value, place)
        return holds if isinstance(holds, bool) else When(holds)
    if kind == "uint" or (kind == "int" and (width is None or width > size)):
        return Bits(value.indices[:width], True)
    if kind == "bit" and width in (None, size):
        return value
    return refuse(QasmFault.EXPRESSION, place, construct=f"{kind} of {size} bits")


def _cast_integer(kind: str, width: int | None, number: float, place: Place) -> int:
    if kind == "bit":
        refuse(QasmFault.EXPRESSION, place, construct="bit of a number")
    integer = math.trunc(number)
    least, most = (0, width) if kind == "uint" else (-1, None if width is None else width - 1)
    if (least == 0 and integer < 0) or (most is not None and integer.bit_length() > most):
        refuse(QasmFault.ARITHMETIC, place, problem=f"{quoted(integer)} does not fit into this {kind}")
    return integer


# Numbers


def _number(value: Value, place: Place) -> int | float:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    return refuse(QasmFault.TYPE, place, what="the operand", expected="a number", found=describe(value))


def _as_float(number: float, place: Place) -> float:
    try:
        return float(number)
    except OverflowError:
        refuse(QasmFault.ARITHMETIC, place, problem="an integer is too large to be a number with a point")


def _checked(value: Any, place: Place) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if value.bit_length() > _MAX_INTEGER_BITS:
            refuse(QasmFault.INTEGER_LIMIT, place, limit=_MAX_INTEGER_BITS)
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return refuse(QasmFault.ARITHMETIC, place, problem="the result is not a finite real number")


def _divided(left: Any, right: Any, place: Place) -> int | float:
    if isinstance(left, int) and isinstance(right, int):
        if right == 0:
            raise ZeroDivisionError
        if left % right:
            refuse(QasmFault.INTEGER_DIVISION, place, left=quoted(left), right=quoted(right))
        return left // right
    return float(left / right)


def _power(left: Any, right: Any, place: Place) -> Any:
    if isinstance(left, int) and isinstance(right, int) and right >= 0:
        if left.bit_length() * right > 2 * _MAX_INTEGER_BITS:
            refuse(QasmFault.INTEGER_LIMIT, place, limit=_MAX_INTEGER_BITS)
        return left**right
    return math.pow(left, right)


def _shifted(left: Any, right: Any, place: Place) -> int:
    if right > _MAX_INTEGER_BITS:
        refuse(QasmFault.INTEGER_LIMIT, place, limit=_MAX_INTEGER_BITS)
    return int(left << right)


def _plain(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Place], Any]:
    return lambda left, right, place: function(left, right)


_NUMERIC: Mapping[str, Callable[[Any, Any, Place], Any]] = {
    "+": _plain(operator.add),
    "-": _plain(operator.sub),
    "*": _plain(operator.mul),
    "/": _divided,
    "%": _plain(operator.mod),
    "**": _power,
    "<<": _shifted,
    ">>": _plain(operator.rshift),
    "&": _plain(operator.and_),
    "|": _plain(operator.or_),
    "^": _plain(operator.xor),
    "==": _plain(operator.eq),
    "!=": _plain(operator.ne),
    "<": _plain(operator.lt),
    "<=": _plain(operator.le),
    ">": _plain(operator.gt),
    ">=": _plain(operator.ge),
}

_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "sin": (1, math.sin),
    "cos": (1, math.cos),
    "tan": (1, math.tan),
    "arcsin": (1, math.asin),
    "arccos": (1, math.acos),
    "arctan": (1, math.atan),
    "asin": (1, math.asin),
    "acos": (1, math.acos),
    "atan": (1, math.atan),
    "exp": (1, math.exp),
    "log": (1, math.log),
    "ln": (1, math.log),
    "sqrt": (1, math.sqrt),
    "floor": (1, math.floor),
    "ceiling": (1, math.ceil),
    "mod": (2, operator.mod),
    "pow": (2, lambda base, exponent: _power(base, exponent, (0, 0))),
    "popcount": (1, int.bit_count),
}


# Inputs


def _affine(symbol: str, left: Value, right: Value, place: Place) -> Value:
    one, other = (value if isinstance(value, Affine) else _number(value, place) for value in (left, right))
    if symbol in ("+", "-"):
        return _sum(_as_affine(one), _scaled(_as_affine(other), 1.0 if symbol == "+" else -1.0))
    if symbol == "*" and not isinstance(other, Affine):
        return _scaled(_as_affine(one), other)
    if symbol == "*" and not isinstance(one, Affine):
        return _scaled(_as_affine(other), one)
    if symbol == "/" and isinstance(one, Affine) and not isinstance(other, Affine):
        if other == 0:
            refuse(QasmFault.ARITHMETIC, place, problem="a division by zero")
        return _scaled(one, 1.0 / other)
    return refuse(QasmFault.NOT_AFFINE, place, operator=symbol)


def _as_affine(value: Affine | float) -> Affine:
    return value if isinstance(value, Affine) else Affine((), float(value))


def _scaled(value: Affine, factor: float) -> Affine:
    return Affine(tuple((name, one * factor) for name, one in value.terms), value.constant * factor)


def _sum(left: Affine, right: Affine) -> Affine:
    terms = dict(left.terms)
    for name, coefficient in right.terms:
        terms[name] = terms.get(name, 0.0) + coefficient
    return Affine(tuple(sorted(terms.items())), left.constant + right.constant)


# Measured bits


def _logic(symbol: str, left: bool | Cases, right: bool | Cases) -> Value:
    if isinstance(left, bool) and isinstance(right, bool):
        return (left and right) if symbol == "&&" else (left or right)
    return When((both if symbol == "&&" else either)(_as_cases(left), _as_cases(right)))


def _as_cases(value: bool | Cases) -> Cases:
    if isinstance(value, bool):
        return ALWAYS if value else NEVER
    return value


def _equal(left: Cases, right: Cases) -> Cases:
    return negated(unequal(left, right))


_COMPARISONS: Mapping[str, Callable[[tuple[int, ...], int], Cases]] = {
    "==": bits_equal,
    "!=": lambda bits, value: negated(bits_equal(bits, value)),
    "<": bits_below,
    "<=": lambda bits, value: bits_below(bits, value + 1),
    ">": lambda bits, value: negated(bits_below(bits, value + 1)),
    ">=": lambda bits, value: negated(bits_below(bits, value)),
}
_TRUTHS: Mapping[str, Callable[[Cases, Cases], Cases]] = {
    "==": _equal,
    "!=": unequal,
    "^": unequal,
    "&": both,
    "|": either,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _measured(symbol: str, left: Value, right: Value, place: Place) -> Value:
    if not isinstance(left, Bits | When):
        return _measured(_MIRRORED.get(symbol, symbol), right, left, place)
    if isinstance(left, Bits) and symbol in _COMPARISONS:
        number = _comparable(right, len(left.indices))
        if number is not None:
            return When(_COMPARISONS[symbol](left.indices, number))
    if symbol in _TRUTHS and _is_truth(left) and _is_truth(right):
        return When(_TRUTHS[symbol](_as_cases(truth(left, place)), _as_cases(truth(right, place))))
    return _refuse_condition(symbol, left, right, place)


def _comparable(value: Value, size: int) -> int | None:
    """Return the integer that bits are compared with, or None where it is none."""
    if isinstance(value, str):
        return int(value, 2) if len(value) == size and not value.strip("01") and value else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, int) else None


def _is_truth(value: Value) -> bool:
    return isinstance(value, When | bool) or (isinstance(value, Bits) and not value.is_register)


def _refuse_condition(symbol: str, left: Value, right: Value, place: Place) -> NoReturn:
    refuse(
        QasmFault.CONDITION,
        place,
        problem=f"{symbol} of {describe(left)} and {describe(right)} is not supported",
        instead="compare bits with numbers, and join with &&, || and !",
    )
