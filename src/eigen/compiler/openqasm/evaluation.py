"""A machine with a stack for expressions: nothing recurses, however long an expression is."""

from __future__ import annotations

import math
from collections.abc import Callable

from eigen.compiler.openqasm.arithmetic import (
    Bits,
    Qubits,
    Value,
    apply_binary,
    apply_function,
    apply_unary,
    cast,
    describe,
)
from eigen.compiler.openqasm.catalogue import QasmFault, refuse
from eigen.compiler.openqasm.meter import Meter
from eigen.compiler.openqasm.syntax import Expression, Place
from eigen.contracts.angles import exact_number
from eigen.contracts.aqo import Affine, Angle

__all__ = ["angle_of", "element", "evaluated", "integer_of"]

Lookup = Callable[[str, Place], Value]


def evaluated(code: Expression, lookup: Lookup, *, older: bool, meter: Meter) -> Value:
    """Return the value of an expression.

    Args:
        code: The expression.
        lookup: Value of a name, which refuses unknown ones.
        older: Whether this is OpenQASM 2.
        meter: Pays for it.

    Raises:
        QasmRefusal: It has no value.
    """
    meter.work(4 * len(code), code[0].place)
    stack: list[Value] = []
    for code_name, argument, place in code:
        if code_name == "push":
            stack.append(argument)
        elif code_name == "load":
            stack.append(lookup(argument, place))
        elif code_name == "binary":
            right = stack.pop()
            stack.append(apply_binary(argument, stack.pop(), right, place, older=older))
            _pay_for_size(stack[-1], meter, place)
        elif code_name == "unary":
            stack.append(apply_unary(argument, stack.pop(), place))
        elif code_name == "index":
            index = stack.pop()
            stack.append(_indexed(argument, stack.pop(), index, place))
        elif code_name == "cast":
            stack.append(cast(argument[0], argument[1], stack.pop(), place))
        else:
            name, count = argument
            arguments = [stack.pop() for _ in range(count)][::-1]
            stack.append(apply_function(name, arguments, place))
    return stack.pop()


def _pay_for_size(value: Value, meter: Meter, place: Place) -> None:
    if type(value) is Affine:
        meter.work(2 * len(value.terms), place)
    elif type(value) is int:
        meter.work(value.bit_length() >> 7, place)


def integer_of(value: Value, what: str, place: Place) -> int:
    """Return an integer; a number with a point and nothing behind it is one."""
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return refuse(QasmFault.TYPE, place, what=what, expected="an integer", found=describe(value))


def angle_of(value: Value, place: Place) -> Angle:
    """Return an angle of AQO."""
    if isinstance(value, Affine):
        if not math.isfinite(value.constant) or not all(math.isfinite(one) for _, one in value.terms):
            refuse(QasmFault.NOT_FINITE, place)
        terms = tuple(one for one in value.terms if one[1])
        return Affine(terms, value.constant) if terms else exact_number(value.constant)
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(QasmFault.TYPE, place, what="an angle", expected="a number", found=describe(value))
    number = exact_number(value)
    if not math.isfinite(number):
        refuse(QasmFault.NOT_FINITE, place)
    return number


def element(indices: tuple[int, ...], index: int, *, name: str, place: Place) -> int:
    """Return an element of a register; a negative index counts from the end."""
    if not -len(indices) <= index < len(indices):
        refuse(QasmFault.INDEX, place, index=index, name=name, last=len(indices) - 1)
    return indices[index]


def _indexed(name: str, target: Value, index: Value, place: Place) -> Value:
    if not isinstance(target, Bits | Qubits):
        refuse(QasmFault.TYPE, place, what=name, expected="a register", found=describe(target))
    if not target.is_register:
        refuse(QasmFault.TYPE, place, what=name, expected="a register", found="one of its members")
    one = element(target.indices, integer_of(index, "an index", place), name=name, place=place)
    return target._replace(indices=(one,), is_register=False)
