"""What the program returns, as named outputs: measured bits and static values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.sequences import size_of
from eigen.compiler.lower.values import (
    Bit,
    ClassicalRegister,
    Expectation,
    Minimum,
    MinimumPart,
    PauliSum,
    Test,
    Value,
    describe,
)
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Affine
from eigen.contracts.canonical import MAX_SAFE_INTEGER

__all__ = ["outputs_of"]

_UNNAMED = "result"
_MAX_NAME = 256
_MAX_DEPTH = 16
_STEPS_PER_VALUE = 6


def outputs_of(value: Value, meter: Meter) -> Mapping[str, Any]:
    """Return the outputs by name: those of a dict, one called `result` for any other value, none for None.

    Raises:
        Refusal: A value has no meaning outside of the program, or a name is no text.
    """
    if value is None:
        return {}
    if type(value) is not dict:
        return {_UNNAMED: _output(value, meter)}
    outputs = {}
    for name, one in value.items():
        if type(name) is not str or not 0 < len(name) <= _MAX_NAME:
            refuse(Fault.RETURN_KEYS, key=describe(name))
        outputs[name] = _output(one, meter)
    return outputs


def _output(value: Value, meter: Meter) -> dict[str, Any]:
    if type(value) is Expectation:
        return {"kind": "expectation", "name": value.name}
    if type(value) in (Minimum, MinimumPart):
        return {"kind": "optimizer", "field": value.name if type(value) is MinimumPart else ""}
    bits = _bits_of(value, meter)
    if bits is not None:
        return {"kind": "bits", "c": bits}
    return {"kind": "value", "value": _json(value, meter)}


def _bits_of(value: Value, meter: Meter) -> list[int] | None:
    if type(value) is Bit:
        return [value.index]
    meter.charge(max(size_of(value), 0))
    items = value.items if type(value) is ClassicalRegister else value if type(value) in (list, tuple) else ()
    if items and all(type(one) is Bit for one in items):
        return [one.index for one in items]
    return None


def _json(value: Value, meter: Meter) -> Any:
    """Return a static value as JSON, without recursion: lists may hold themselves."""
    holder: list[Any] = []
    pending: list[tuple[Value, Any, Any, int]] = [(value, holder, None, 0)]
    while pending:
        one, target, key, depth = pending.pop()
        if depth > _MAX_DEPTH:
            refuse(Fault.RETURN_VALUE, value="a value nested this deep", instead=f"nest at most {_MAX_DEPTH} lists")
        new: Any = [] if type(one) in (list, tuple, range) else {} if type(one) is dict else _scalar(one)
        if type(target) is dict:
            target[key] = new
        elif key is None:
            target.append(new)
        else:
            target[key] = new
        if type(new) is list:
            meter.items(len(one), "the output")
            meter.charge(_STEPS_PER_VALUE * len(one))
            new += [None] * len(one)
            pending += [(part, new, index, depth + 1) for index, part in enumerate(one)]
        elif type(new) is dict:
            meter.items(len(one), "the output")
            meter.charge(_STEPS_PER_VALUE * len(one))
            pending += [(part, new, _key(name), depth + 1) for name, part in one.items()]
    return holder[0]


def _key(name: Value) -> str:
    if type(name) is not str:
        refuse(Fault.RETURN_KEYS, key=describe(name))
    return name


def _scalar(value: Value) -> Any:
    kind = type(value)
    if kind in (bool, str, type(None)) or (kind is float and math.isfinite(value)):
        return value
    if kind is int:
        if abs(value) > MAX_SAFE_INTEGER:
            refuse(Fault.RETURN_VALUE, value=describe(value), instead="return integers within ±(2^53 − 1)")
        return value
    instead = "return measured bits, numbers, texts, and lists or dicts of them"
    if kind is Affine:
        instead = "the results hold the values of the parameters"
    elif kind in (Bit, Test):
        instead = 'return bits alone, or give each output a name: return {"bits": bits, "n": n}'
    elif kind is PauliSum:
        instead = "return its expectation value: ExpectationValue(…)"
    elif kind in (Expectation, Minimum, MinimumPart):
        instead = 'give each one a name: return {"a": …, "b": …}'
    return refuse(Fault.RETURN_VALUE, value=describe(value), instead=instead)
