"""Operators by the types of their operands: numbers and parameters, sequences, conditions on measured bits."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.arithmetic import SIMPLE, SMALL, numbers, refuse_operands, symbolic, unary
from eigen.compiler.lower.conditions import both, either, is_measured, opposite, test_of, test_of_comparison
from eigen.compiler.lower.functions import truth
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.observables import combined, negated
from eigen.compiler.lower.sequences import contains, elements, equal, join, repeat, size_of
from eigen.compiler.lower.values import NUMBERS, Bit, ClassicalRegister, PauliSum, QubitRegister, Test, Value, describe
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Affine

__all__ = ["augmented", "binary", "compared", "conjoined", "disjoined", "prefixed"]

_LISTED = frozenset({list, tuple, range, ClassicalRegister})
_LEAST = -SMALL
_STEPS_PER_COMPARISON = 5  # of other things than numbers
_JOINED = frozenset({list, tuple, str, QubitRegister, ClassicalRegister})
_REPEATED = frozenset({list, tuple, str})
_MEASURED = frozenset({Bit, Test, ClassicalRegister})
_MAYBE_MEASURED = frozenset({*_MEASURED, list, tuple})
_ORDERS: Mapping[str, Callable[[Value, Value], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)


def binary(symbol: str, left: Value, right: Value, meter: Meter) -> Value:
    """Return `left symbol right`.

    Raises:
        Refusal: The operands do not fit.
    """
    kind, other = left.__class__, right.__class__
    if kind in NUMBERS and other in NUMBERS:
        simple = SIMPLE.get(symbol)
        if simple and right and _LEAST < left < SMALL and _LEAST < right < SMALL:
            result = simple(left, right)
            if _LEAST < result < SMALL:  # neither infinite nor NaN
                return result
        return numbers(symbol, left, right, meter)
    if symbol == "+" and kind in _JOINED and _family(kind) is _family(other):
        return join(left, right, meter)
    if symbol == "*" and kind in _REPEATED and other not in _REPEATED:
        return repeat(left, right, meter)
    if symbol == "*" and other in _REPEATED and kind is int:
        return repeat(right, left, meter)
    if kind is PauliSum or other is PauliSum:
        return combined(symbol, left, right, meter)
    if kind is Affine or other is Affine:
        return symbolic(symbol, left, right, meter)
    return refuse_operands(symbol, left, right)


def _family(kind: type) -> type:
    """Return the type that decides whether two sequences can be joined; registers join with lists."""
    return list if kind in (QubitRegister, ClassicalRegister) else kind


def augmented(symbol: str, left: Value, right: Value, meter: Meter, *, is_conditional: bool) -> Value:
    """Return the new value of `left symbol= right`; lists grow in place, as in Python."""
    if symbol != "+" or type(left) is not list:
        return binary(symbol, left, right, meter)
    if is_conditional:
        refuse(Fault.CONDITION_MUTATE)
    added = elements(right, meter, "the list")
    if len(left) + len(added) > meter.limits.sequence_items:
        refuse(Fault.SEQUENCE_ITEMS, what="the list", limit=meter.limits.sequence_items)
    left += added
    return left


def compared(symbol: str, left: Value, right: Value, meter: Meter) -> Value:
    """Return a truth value, or a condition on measured bits."""
    kind, other = type(left), type(right)
    if kind in NUMBERS and other in NUMBERS:
        if symbol in _ORDERS:
            return _ORDERS[symbol](left, right)
        return (
            (left == right) is (symbol == "==") if symbol in ("==", "!=") else _membership(symbol, left, right, meter)
        )
    meter.charge(_STEPS_PER_COMPARISON)
    if kind is PauliSum or other is PauliSum:
        return _compared_sums(symbol, left, right, meter)
    if symbol in ("in", "not in"):
        return _membership(symbol, left, right, meter)
    if kind in _MAYBE_MEASURED or other in _MAYBE_MEASURED:
        meter.charge(max(size_of(left), size_of(right), 0))
        if is_measured(left) or is_measured(right):
            return test_of_comparison(symbol, left, right, meter)
    if symbol in ("==", "!="):
        return equal(left, right, meter) is (symbol == "==")
    return _ordered(symbol, left, right, meter)


def _compared_sums(symbol: str, left: Value, right: Value, meter: Meter) -> Value:
    if symbol in ("in", "not in"):
        return _membership(symbol, left, right, meter)
    if symbol not in ("==", "!="):
        refuse(Fault.NOT_COMPARABLE, left=describe(left), right=describe(right))
    return equal(left, right, meter) is (symbol == "==")


def _membership(symbol: str, left: Value, right: Value, meter: Meter) -> Value:
    if type(right) not in _LISTED or not (is_measured(left) or is_measured(right)):
        return contains(right, left, meter) is (symbol == "in")
    found: Value = False
    for one in elements(right, meter, "the list"):
        found = disjoined(found, compared("==", left, one, meter), meter)
    return found if symbol == "in" else prefixed("not", found, meter)


def _ordered(symbol: str, left: Value, right: Value, meter: Meter) -> bool:
    if type(left) is str and type(right) is str:
        meter.charge(min(len(left), len(right)))
        return _ORDERS[symbol](left, right)
    for value in (left, right):
        if type(value) is Affine:
            refuse(Fault.SYMBOLIC, what="a comparison", value=describe(value))
    return refuse(Fault.NOT_COMPARABLE, left=describe(left), right=describe(right))


def prefixed(symbol: str, value: Value, meter: Meter) -> Value:
    """Return `symbol value`."""
    if type(value) is PauliSum and symbol in ("+", "-"):
        return negated(value, meter) if symbol == "-" else value
    if symbol != "not":
        return unary(symbol, value)
    test = test_of(value)
    return opposite(test, meter) if test is not None else not truth(value, "not")


def conjoined(left: Value, right: Value, meter: Meter) -> Value:
    """Return `left and right`, as a condition where both sides are measured."""
    first, second = test_of(left), test_of(right)
    if first is not None and second is not None:
        return both(first, second, meter)
    static, other = (left, right) if first is None else (right, left)
    return other if truth(static, "and") else False


def disjoined(left: Value, right: Value, meter: Meter) -> Value:
    """Return `left or right`, as a condition where both sides are measured."""
    first, second = test_of(left), test_of(right)
    if first is not None and second is not None:
        return either(first, second, meter)
    static, other = (left, right) if first is None else (right, left)
    return True if truth(static, "or") else other
