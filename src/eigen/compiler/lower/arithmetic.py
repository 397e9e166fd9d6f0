"""Operators on numbers and free parameters.

Plain numbers follow Python, with three bounds: integers stay within a number of bits (checked before they are
computed), floats stay finite, and nothing becomes complex. Free parameters form affine expressions: they are added,
subtracted, and multiplied or divided by plain numbers; all else on them is refused.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.values import (
    NUMBERS,
    Bit,
    Expectation,
    Minimum,
    MinimumPart,
    Test,
    Value,
    describe,
    refuse_measured,
)
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Affine

__all__ = ["SIMPLE", "SMALL", "finite", "negative", "numbers", "refuse_operands", "symbolic", "unary"]

_PLAIN: Mapping[str, Callable[[Value, Value], Value]] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "//": operator.floordiv,
        "%": operator.mod,
        "**": operator.pow,
        "&": operator.and_,
        "|": operator.or_,
        "^": operator.xor,
        "<<": operator.lshift,
        ">>": operator.rshift,
    }
)
SIMPLE = {symbol: _PLAIN[symbol] for symbol in ("+", "-", "*", "/", "//", "%")}
"""Operators that may be computed before anything is checked, where the operands are small and the right one not 0."""

SMALL = 1 << 62
"""Integers below it cost no more than any other value."""

_STEPS_PER_CHECKED = 5  # an operation on numbers that are not small, or whose result may grow
_STEPS_PER_EXPRESSION = 20
_STEPS_PER_TERM = 2
_INTEGERS_ONLY = frozenset({"&", "|", "^", "<<", ">>"})
_HUGE = 1 << 40
_AT_RUN_TIME = frozenset({Expectation, Minimum, MinimumPart})


def refuse_operands(symbol: str, left: Value, right: Value) -> Value:
    """Refuse an operator on two values, with what to do instead."""
    for value in (left, right):
        if type(value) in (Bit, Test):
            refuse_measured(symbol, describe(value))
    instead = "both sides must be numbers, parameters or observables; an element of a list is xs[0]"
    if _AT_RUN_TIME.intersection((type(left), type(right))):
        instead = "its value is known only when the program runs; put numbers into the observable itself"
    if symbol == "+" and list in (type(left), type(right)):
        instead = "add lists to lists: values + [value]"
    refuse(Fault.OPERAND_TYPES, operator=symbol, left=describe(left), right=describe(right), instead=instead)


def numbers(symbol: str, left: Value, right: Value, meter: Meter) -> Value:
    """Return `left symbol right` of two numbers.

    Args:
        symbol: How the operator is written.
        left: Left operand.
        right: Right operand.
        meter: Pays for large integers.

    Raises:
        Refusal: The operands do not fit, or the result has no value or too many bits.
    """
    meter.charge(_STEPS_PER_CHECKED)
    if type(left) is float or type(right) is float:
        if symbol in _INTEGERS_ONLY:
            refuse_operands(symbol, left, right)
    else:
        _bound_integer(symbol, left, right, meter)
    try:
        result = _PLAIN[symbol](left, right)
    except ZeroDivisionError:
        refuse(Fault.ARITHMETIC, operation=_shown(symbol, left, right), problem="division by zero")
    except OverflowError:
        refuse(Fault.NOT_FINITE, operation=_shown(symbol, left, right))
    except ValueError:
        refuse(Fault.ARITHMETIC, operation=_shown(symbol, left, right), problem="the shift is negative")
    if type(result) is complex:
        problem = "a root of a negative number is not real"
        refuse(Fault.ARITHMETIC, operation=_shown(symbol, left, right), problem=problem)
    if type(result) is float and not math.isfinite(result):
        refuse(Fault.NOT_FINITE, operation=_shown(symbol, left, right))
    return result


def _bound_integer(symbol: str, left: int, right: int, meter: Meter) -> None:
    """Pay for an integer result before it is computed."""
    if symbol == "**":
        if right > 0 and left not in (-1, 0, 1):
            meter.bits(min(left.bit_length(), _HUGE) * min(right, _HUGE), _shown(symbol, left, right))
    elif symbol == "<<":
        if left and right > 0:
            meter.bits(left.bit_length() + min(right, _HUGE), _shown(symbol, left, right))
    elif not (-SMALL < left < SMALL and -SMALL < right < SMALL):
        together = left.bit_length() + right.bit_length()
        bits = together if symbol == "*" else max(left.bit_length(), right.bit_length())
        meter.bits(bits, _shown(symbol, left, right))


def _shown(symbol: str, left: Value, right: Value) -> str:
    return f"{describe(left)} {symbol} {describe(right)}"


def symbolic(symbol: str, left: Value, right: Value, meter: Meter) -> Value:
    """Return `left symbol right` where at least one is a free parameter.

    Raises:
        Refusal: The operands do not fit, or the result is not affine.
    """
    is_left, is_right = type(left) is Affine, type(right) is Affine
    if not (is_left or type(left) in NUMBERS) or not (is_right or type(right) in NUMBERS):
        refuse_operands(symbol, left, right)
    num_terms = (len(left.terms) if is_left else 0) + (len(right.terms) if is_right else 0)
    meter.charge(_STEPS_PER_EXPRESSION + _STEPS_PER_TERM * num_terms)
    if symbol == "+":
        return _sum(left, right)
    if symbol == "-":
        return _sum(left, negative(right))
    if symbol == "*" and not (is_left and is_right):
        return _scaled(left, right) if is_left else _scaled(right, left)
    if symbol == "/" and not is_right:
        if right == 0:
            refuse(Fault.ARITHMETIC, operation=_shown(symbol, left, right), problem="division by zero")
        return _divided(left, right)
    name = {"*": "the product", "/": "the quotient", "**": "a power"}.get(symbol, symbol)
    return refuse(Fault.NOT_AFFINE, operator=name)


def _sum(left: Value, right: Value) -> Value:
    terms: dict[str, float] = {}
    constant = 0.0
    for value in (left, right):
        if type(value) is Affine:
            for name, coefficient in value.terms:
                terms[name] = terms.get(name, 0.0) + coefficient
            constant += value.constant
        else:
            constant += _as_float(value)
    return _affine_of(sorted(terms.items()), constant)


def _scaled(value: Affine, factor: Value) -> Value:
    scale = _as_float(factor)
    return _affine_of([(name, coefficient * scale) for name, coefficient in value.terms], value.constant * scale)


def _divided(value: Affine, divisor: Value) -> Value:
    by = _as_float(divisor)
    return _affine_of([(name, coefficient / by) for name, coefficient in value.terms], value.constant / by)


def _affine_of(terms: list[tuple[str, float]], constant: float) -> Value:
    """Return a symbolic value, or a plain number where every parameter cancels out; the terms are sorted."""
    kept = tuple([term for term in terms if term[1]])
    if not math.isfinite(constant) or not all(math.isfinite(one) for _, one in kept):
        refuse(Fault.NOT_FINITE, operation="a coefficient of this expression")
    return Affine(kept, constant) if kept else constant


def _as_float(value: Value) -> float:
    try:
        return float(value)
    except OverflowError:
        return refuse(Fault.NOT_FINITE, operation=describe(value))


def negative(value: Value) -> Value:
    """Return the negative of a number or free parameter."""
    if type(value) is Affine:
        return _scaled(value, -1)
    return -value


def unary(symbol: str, value: Value) -> Value:
    """Return `symbol value` of a number or free parameter.

    Raises:
        Refusal: The operand does not fit.
    """
    if symbol == "~":
        if type(value) in (int, bool):
            return -int(value) - 1
    elif type(value) in NUMBERS or type(value) is Affine:
        return negative(value) if symbol == "-" else value if type(value) is not bool else int(value)
    if type(value) in (Bit, Test):
        refuse_measured(symbol, describe(value))
    return refuse(Fault.OPERAND_TYPE, operator=symbol, operand=describe(value), instead="use a number")


def finite(value: Value, operation: str) -> Value:
    """Return a number, refused where it is not finite."""
    if type(value) is float and not math.isfinite(value):
        refuse(Fault.NOT_FINITE, operation=operation)
    return value
