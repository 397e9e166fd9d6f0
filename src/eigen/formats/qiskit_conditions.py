"""Qiskit's conditions as Boolean functions of AQO's bits: a bit or register and its value, or an expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qiskit.circuit import CASE_DEFAULT, ClassicalRegister, Clbit
from qiskit.circuit.classical import expr, types

from eigen.contracts.errors import UnimplementedError
from eigen.contracts.printable import quoted
from eigen.formats.bit_functions import NEVER, Cases, bits_below, bits_equal, both, either, negated, unequal

__all__ = ["condition_cases", "switch_cases"]

_MAX_DEPTH = 64
_MAX_VALUES = 64

Bits = list[int]
"""A value of several bits, the first one least significant."""


def condition_cases(condition: Any, clbits: Mapping[Any, int]) -> Cases:
    """Return when a condition of Qiskit holds.

    Args:
        condition: What an `IfElseOp` has.
        clbits: Qiskit's bits → AQO's.

    Raises:
        UnimplementedError: It is not a function of measured bits, or too complicated.
    """
    if isinstance(condition, tuple):
        what, value = condition
        return bits_equal([clbits[what]] if isinstance(what, Clbit) else [clbits[bit] for bit in what], int(value))
    value = _Reader(clbits).value(condition, 0)
    return value if isinstance(value, tuple) else _truth(value)


def switch_cases(operation: Any, clbits: Mapping[Any, int]) -> list[Cases]:
    """Return when each block of a `SwitchCaseOp` runs.

    Raises:
        UnimplementedError: Its target is not made of measured bits, or it has too many values.
    """
    labels = [values for values, _ in operation.cases_specifier()]
    named = [value for values in labels for value in values if value is not CASE_DEFAULT]
    if len(named) > _MAX_VALUES:
        raise _refused(f"a switch of more than {_MAX_VALUES} values is not supported")
    target = operation.target

    def holds(value: int) -> Cases:
        is_plain = isinstance(target, Clbit | ClassicalRegister)
        return condition_cases((target, value) if is_plain else expr.equal(target, value), clbits)

    otherwise = both(*(negated(holds(value)) for value in named)) if CASE_DEFAULT in sum(labels, ()) else NEVER
    return [sum((otherwise if value is CASE_DEFAULT else holds(value) for value in values), NEVER) for values in labels]


class _Reader:
    """Turns an expression into a function (truth value), bits, or a constant."""

    def __init__(self, clbits: Mapping[Any, int]) -> None:
        self._clbits = clbits

    def value(self, node: Any, depth: int) -> Cases | Bits | int:
        """Return what a node is."""
        if depth > _MAX_DEPTH:
            raise _refused("an expression is nested too deeply")
        if isinstance(node, expr.Value):
            return _constant(bool(node.value)) if isinstance(node.type, types.Bool) else int(node.value)
        if isinstance(node, expr.Var):
            return self._variable(node.var)
        if isinstance(node, expr.Index):
            return self._element(self.value(node.target, depth + 1), self.value(node.index, depth + 1))
        if isinstance(node, expr.Cast):
            return self._cast(self.value(node.operand, depth + 1), node.type)
        if isinstance(node, expr.Unary):
            return self._not(self.value(node.operand, depth + 1))
        if isinstance(node, expr.Binary):
            return _combined(node.op.name, self.value(node.left, depth + 1), self.value(node.right, depth + 1))
        raise _refused(f"a {type(node).__name__} in a condition is not supported")

    def _variable(self, variable: Any) -> Cases | Bits:
        if isinstance(variable, Clbit):
            return (((self._clbits[variable], 1),),)
        if isinstance(variable, ClassicalRegister):
            return [self._clbits[bit] for bit in variable]
        raise _refused("variables of run time are not supported in conditions")

    @staticmethod
    def _element(target: Cases | Bits | int, index: Cases | Bits | int) -> Cases:
        if isinstance(target, list) and isinstance(index, int) and 0 <= index < len(target):
            return (((target[index], 1),),)
        raise _refused("only a bit of a register by a constant index can be read")

    @staticmethod
    def _cast(value: Cases | Bits | int, kind: Any) -> Cases | Bits | int:
        if isinstance(kind, types.Bool):
            return value if isinstance(value, tuple) else _truth(value)
        if isinstance(kind, types.Uint) and not isinstance(value, tuple):
            return value[: kind.width] if isinstance(value, list) else value & ((1 << kind.width) - 1)
        raise _refused(f"a cast to {quoted(str(kind))} is not supported")

    @staticmethod
    def _not(value: Cases | Bits | int) -> Cases:
        if isinstance(value, tuple):
            return negated(value)
        raise _refused("only truth values can be negated")


def _constant(value: bool) -> Cases:
    return ((),) if value else NEVER


def _truth(value: Bits | int) -> Cases:
    return negated(bits_equal(value, 0)) if isinstance(value, list) else _constant(value != 0)


def _equal(left: Cases, right: Cases) -> Cases:
    return negated(unequal(left, right))


_LOGIC: Mapping[str, Callable[[Cases, Cases], Cases]] = {
    "LOGIC_AND": both,
    "BIT_AND": both,
    "LOGIC_OR": either,
    "BIT_OR": either,
    "BIT_XOR": unequal,
    "EQUAL": _equal,
    "NOT_EQUAL": unequal,
}
_COMPARISONS: Mapping[str, Callable[[Bits, int], Cases]] = {
    "EQUAL": bits_equal,
    "NOT_EQUAL": lambda bits, value: negated(bits_equal(bits, value)),
    "LESS": bits_below,
    "LESS_EQUAL": lambda bits, value: bits_below(bits, value + 1),
    "GREATER": lambda bits, value: negated(bits_below(bits, value + 1)),
    "GREATER_EQUAL": lambda bits, value: negated(bits_below(bits, value)),
}
_MIRRORED = {"LESS": "GREATER", "LESS_EQUAL": "GREATER_EQUAL", "GREATER": "LESS", "GREATER_EQUAL": "LESS_EQUAL"}


def _combined(operator: str, left: Cases | Bits | int, right: Cases | Bits | int) -> Cases:
    if isinstance(left, tuple) and isinstance(right, tuple) and operator in _LOGIC:
        return _LOGIC[operator](left, right)
    if isinstance(left, int) and isinstance(right, list):
        return _combined(_MIRRORED.get(operator, operator), right, left)
    if isinstance(left, list) and isinstance(right, int) and operator in _COMPARISONS:
        return _COMPARISONS[operator](left, right)
    raise _refused(f"{operator.lower()} of these operands is not supported in a condition")


def _refused(what: str) -> UnimplementedError:
    return UnimplementedError(
        what,
        reason="QISKIT_CONDITION",
        hint="compare measured bits and registers with constants; join with and, or, not",
    )
