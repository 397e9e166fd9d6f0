"""The pure functions: Python's own and those of `math`, on static values only.

Each takes the meter and a list of arguments whose number was checked before. No Python function is called on a value
of a type that it was not meant for, because then it might call methods, or take unbounded time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.arithmetic import finite, numbers, symbolic
from eigen.compiler.lower.conditions import both, either, test_of
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.observables import combined
from eigen.compiler.lower.pauli_sources import observable, pauli
from eigen.compiler.lower.sequences import elements, iterate, ordered, set_item, size_of, unpack
from eigen.compiler.lower.values import (
    NUMBERS,
    Bit,
    ClassicalRegister,
    Expectation,
    Iteration,
    Minimum,
    MinimumPart,
    PauliSum,
    Qubit,
    Test,
    Value,
    describe,
    refuse_measured,
)
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Affine

__all__ = ["FUNCTIONS", "truth"]

Function = Callable[[Meter, list[Value], dict[str, Value]], Value]

_MAX_DIGITS = 400
_NUMBER = "give a number; an element of a list is xs[0]"
_SEQUENCE = "give a list, tuple, dict, text, range or register; an iteration becomes one by list(…)"
_STEPS_PER_ITERATION = 12
_STEPS_TO_ROUND = 150  # with many digits


def truth(value: Value, what: str) -> bool:
    """Return whether a static value counts as true.

    Raises:
        Refusal: The value is known only when the program runs, or never.
    """
    if isinstance(value, bool):
        return value
    kind = type(value)
    if kind in (Bit, Test):
        refuse_measured(what, describe(value))
    if kind is Affine:
        refuse(Fault.SYMBOLIC, what=what, value=describe(value))
    if kind in _NEITHER:
        refuse(Fault.NO_TRUTH, value=describe(value), instead=_NEITHER[kind])
    if kind is ClassicalRegister or (kind in (list, tuple) and value and type(value[0]) is Bit):
        refuse_measured(what, "a group of measured bits")
    size = size_of(value)
    return size > 0 if size >= 0 else bool(value) if kind in NUMBERS else value is not None


_NEITHER: Mapping[type, str] = MappingProxyType(
    {
        Qubit: "measure it, and branch on the bit: if measure(q[0]):",
        PauliSum: "compare it with another observable, or with 0",
        Expectation: "its value is known only when the program runs; return it",
        Minimum: "its value is known only when the program runs; return it",
        MinimumPart: "its value is known only when the program runs; return it",
    }
)


def _number(value: Value, name: str) -> Value:
    kind = type(value)
    if kind in NUMBERS:
        return value
    if kind in (Bit, Test):
        refuse_measured(name, describe(value))
    if kind is Affine:
        refuse(Fault.SYMBOLIC, what=name, value=describe(value))
    return refuse(Fault.ARGUMENT_TYPE, name=name, expected="a number", value=describe(value), instead=_NUMBER)


def _integer(value: Value, name: str) -> int:
    if type(value) is not int:
        _number(value, name)
        refuse(Fault.ARGUMENT_TYPE, name=name, expected="an integer", value=describe(value), instead="use int(…) or //")
    return value


def _abs(_meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    return abs(_number(arguments[0], "abs"))


def _all(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    return _joined("all", elements(arguments[0], meter, "all"), meter)


def _any(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    return _joined("any", elements(arguments[0], meter, "any"), meter)


def _joined(name: str, values: list[Value], meter: Meter) -> Value:
    """Join values by `and` or `or`, as a condition where some of them are measured and none of the others decides."""
    decisive = name == "any"
    tests = [test for test in map(test_of, values) if test is not None]
    if any(truth(one, name) is decisive for one in values if test_of(one) is None):
        return decisive
    result: Value = not decisive
    for test in tests:
        result = test if type(result) is bool else (either if decisive else both)(result, test, meter)
        if type(result) is bool:
            return result
    return result


def _bool(_meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    return truth(arguments[0], "bool") if arguments else False


def _dict(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    if arguments and type(arguments[0]) is dict:
        meter.items(len(arguments[0]), "the dict")
        return dict(arguments[0])
    result: dict[Value, Value] = {}
    for pair in elements(arguments[0], meter, "the dict") if arguments else ():
        key, value = unpack(pair, 2)
        set_item(result, key, value, meter)
    return result


def _divmod(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    left, right = (_number(one, "divmod") for one in arguments)
    return numbers("//", left, right, meter), numbers("%", left, right, meter)


def _enumerate(meter: Meter, arguments: list[Value], by_name: dict[str, Value]) -> Value:
    meter.charge(_STEPS_PER_ITERATION)
    start = by_name.get("start", arguments[1] if len(arguments) > 1 else 0)
    numbered = enumerate(iterate(arguments[0]), _integer(start, "enumerate"))
    return Iteration(numbered, size_of(arguments[0]), arguments[:1])


def _float(_meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    if not arguments:
        return 0.0
    try:
        return float(_number(arguments[0], "float"))
    except OverflowError:
        return refuse(Fault.NOT_FINITE, operation=f"float of {describe(arguments[0])}")


def _int(_meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    return int(_number(arguments[0], "int")) if arguments else 0


def _len(_meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    size = size_of(arguments[0])
    if size < 0 or type(arguments[0]) is Iteration:
        refuse(Fault.ARGUMENT_TYPE, name="len", expected="a sequence", value=describe(arguments[0]), instead=_SEQUENCE)
    return size


def _list(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    return elements(arguments[0], meter, "the list") if arguments else []


def _tuple(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    return tuple(elements(arguments[0], meter, "the tuple")) if arguments else ()


def _extreme(name: str, choose: Callable[[list[Value]], Value]) -> Function:
    def function(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
        values = arguments if len(arguments) > 1 else elements(arguments[0], meter, name)
        if not values:
            refuse(Fault.EMPTY, name=name)
        ordered(values, meter)
        return choose(values)

    return function


def _range(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    parts = [_integer(one, "range") for one in arguments]
    if len(parts) == 3 and parts[2] == 0:
        refuse(Fault.ZERO_STEP, what="a range")
    result = range(*parts)
    if size_of(result) > meter.limits.steps:
        refuse(Fault.STEPS, limit=meter.limits.steps)
    return result


def _reversed(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    value = arguments[0]
    meter.charge(_STEPS_PER_ITERATION)
    if type(value) is range:
        return Iteration(iter(value[::-1]), size_of(value), ())
    values = elements(value, meter, "the sequence")
    return Iteration(iter(values[::-1]), len(values), ())


def _round(meter: Meter, arguments: list[Value], by_name: dict[str, Value]) -> Value:
    value = _number(arguments[0], "round")
    digits = by_name.get("ndigits", arguments[1] if len(arguments) > 1 else None)
    meter.charge(_STEPS_TO_ROUND)
    if digits is None:
        return round(value)
    if not -_MAX_DIGITS <= _integer(digits, "round") <= _MAX_DIGITS:
        expected = f"digits from -{_MAX_DIGITS} to {_MAX_DIGITS}"
        refuse(Fault.ARGUMENT_TYPE, name="round", expected=expected, value=describe(digits), instead="use fewer")
    try:
        return finite(round(value, digits), "round")
    except OverflowError:
        return refuse(Fault.NOT_FINITE, operation="round")


def _sorted(meter: Meter, arguments: list[Value], by_name: dict[str, Value]) -> Value:
    values = elements(arguments[0], meter, "sorted")
    ordered(values, meter, passes=len(values).bit_length())
    meter.charge(len(values) * len(values).bit_length())
    return sorted(values, reverse=truth(by_name.get("reverse", False), "sorted"))


def _sum(meter: Meter, arguments: list[Value], by_name: dict[str, Value]) -> Value:
    total = by_name.get("start", arguments[1] if len(arguments) > 1 else 0)
    values = elements(arguments[0], meter, "sum")
    meter.charge(2 * len(values))
    for value in values:
        total = _added(total, value, meter)
    return total


def _added(left: Value, right: Value, meter: Meter) -> Value:
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return numbers("+", left, right, meter)
    if type(left) is PauliSum or type(right) is PauliSum:
        return combined("+", left, right, meter)
    for value in (left, right):
        if type(value) is not Affine:
            _number(value, "sum")
    return symbolic("+", left, right, meter)


def _zip(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    meter.charge(_STEPS_PER_ITERATION * len(arguments))
    size = min(map(size_of, arguments))
    return Iteration(zip(*map(iterate, arguments), strict=False), size, arguments)


def _mathematical(name: str, compute: Callable[..., Value]) -> Function:
    def function(_meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
        values = [_number(one, name) for one in arguments]
        try:
            return finite(compute(*values), name)
        except OverflowError:
            return refuse(Fault.NOT_FINITE, operation=_called(name, values))
        except (ValueError, ZeroDivisionError):
            problem = "the argument is outside the function's domain"
            return refuse(Fault.ARITHMETIC, operation=_called(name, values), problem=problem)

    return function


def _called(name: str, values: list[Value]) -> str:
    return f"{name}({', '.join(map(describe, values))})"


def _gcd(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> Value:
    meter.charge(sum(_integer(one, "gcd").bit_length() for one in arguments) // 32)
    return math.gcd(*(_integer(one, "gcd") for one in arguments))


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "abs": _abs,
        "all": _all,
        "any": _any,
        "bool": _bool,
        "dict": _dict,
        "divmod": _divmod,
        "enumerate": _enumerate,
        "float": _float,
        "int": _int,
        "len": _len,
        "list": _list,
        "max": _extreme("max", max),
        "min": _extreme("min", min),
        "range": _range,
        "reversed": _reversed,
        "round": _round,
        "sorted": _sorted,
        "sum": _sum,
        "tuple": _tuple,
        "zip": _zip,
        "gcd": _gcd,
        "Observable": observable,
    }
    | {letter: pauli(letter) for letter in "IXYZ"}
    | {
        function.__name__: _mathematical(function.__name__, function)
        for function in (
            math.acos, math.asin, math.atan, math.atan2, math.ceil, math.cos, math.degrees, math.exp, math.floor,
            math.log, math.log2, math.radians, math.sin, math.sqrt, math.tan,
        )
    }
)  # fmt: skip
"""Every pure function by its name."""
