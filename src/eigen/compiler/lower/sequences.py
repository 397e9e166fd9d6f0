"""Operators on lists, tuples, texts, dicts, ranges and registers: index, slice, iterate, compare, join, repeat.

Values may nest deep, or hold themselves, because elements can be assigned. So nothing here recurses into elements:
equality works with a list of pairs, and what would recurse inside Python (hashes and orders of containers) is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NoReturn

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.observables import is_same
from eigen.compiler.lower.values import (
    NUMBERS,
    Bit,
    ClassicalRegister,
    Iteration,
    PauliSum,
    Qubit,
    QubitRegister,
    Test,
    Value,
    counted,
    describe,
    refuse_measured,
)
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Affine
from eigen.contracts.printable import quoted

__all__ = [
    "check_key",
    "contains",
    "elements",
    "equal",
    "get_item",
    "iterate",
    "join",
    "ordered",
    "repeat",
    "set_item",
    "size_of",
    "unpack",
]

_SEQUENCES = frozenset({list, tuple, str, range})
_REGISTERS = frozenset({QubitRegister, ClassicalRegister})
_COMPARED_AT_ONCE = 64  # characters or bits
_HASHED_BITS = 60
_KEYS = frozenset({int, float, bool, str, type(None)})


def size_of(value: Value) -> int:
    """Return the number of a value's elements, or −1 if it has none."""
    kind = type(value)
    if kind is range:
        return _range_size(value)
    if kind in _SEQUENCES or kind is dict:
        return len(value)
    if kind in _REGISTERS:
        return len(value.items)
    return value.size if kind is Iteration else -1


def _range_size(value: range) -> int:
    """Return the length of a range, which Python's `len` refuses beyond 2^63."""
    try:
        return len(value)
    except OverflowError:
        return 1 << 63


def get_item(value: Value, index: Value, meter: Meter) -> Value:
    """Return `value[index]`."""
    kind = type(value)
    if kind is dict:
        return _of_key(value, index, meter)
    if kind not in _SEQUENCES and kind not in _REGISTERS:
        refuse(Fault.NOT_INDEXABLE, value=describe(value))
    items = value.items if kind in _REGISTERS else value
    if type(index) is slice:
        return _sliced(value, items, index, meter)
    if type(index) is not int:
        _refuse_index(index)
    try:
        return items[index]
    except IndexError:
        _out_of_range(value, index)


def _refuse_index(index: Value) -> NoReturn:
    if type(index) in (Bit, Test):
        refuse_measured("an index", describe(index))
    refuse(Fault.INDEX_TYPE, value=describe(index))


def _out_of_range(value: Value, index: int) -> None:
    size = size_of(value)
    things = {QubitRegister: "qubit", ClassicalRegister: "bit"}.get(type(value), "element")
    instead = f"indices run from 0 to {size - 1}, or from -1 down to {-size}" if size else "there is nothing to index"
    refuse(Fault.INDEX_RANGE, index=describe(index), value=describe(value), size=counted(size, things), instead=instead)


def _of_key(value: dict[Value, Value], key: Value, meter: Meter) -> Value:
    check_key(key)
    _charge_for_collisions(value, key, meter)
    if key not in value:
        names = ", ".join(str(one)[:40] for one in list(value)[:10])
        refuse(Fault.UNKNOWN_KEY, key=quoted(key), instead=f"it has {names}" if names else "it is empty")
    return value[key]


def _charge_for_collisions(value: dict[Value, Value], key: Value, meter: Meter) -> None:
    """Pay for keys whose hashes can be made to collide, so that Python looks at each of them."""
    if type(key) is int and key.bit_length() > _HASHED_BITS:
        meter.charge(len(value))


def check_key(key: Value) -> None:
    """Refuse what cannot be a key: only plain values are, whose hash costs nothing."""
    if type(key) not in _KEYS:
        refuse(Fault.KEY_TYPE, value=describe(key))


def _sliced(value: Value, items: Value, index: slice, meter: Meter) -> Value:
    for part in (index.start, index.stop, index.step):
        if part is not None and type(part) is not int:
            refuse(Fault.INDEX_TYPE, value=describe(part))
    if index.step == 0:
        refuse(Fault.ZERO_STEP, what="a slice")
    if type(value) is not range:
        meter.charge(len(range(*index.indices(len(items)))))
    part = items[index]
    return type(value)(part) if type(value) in _REGISTERS else part


def set_item(value: Value, index: Value, element: Value, meter: Meter) -> None:
    """Do `value[index] = element`."""
    if type(value) is dict:
        check_key(index)
        _charge_for_collisions(value, index, meter)
        value[index] = element
        if len(value) > meter.limits.sequence_items:
            refuse(Fault.SEQUENCE_ITEMS, what="the dict", limit=meter.limits.sequence_items)
        return
    if type(value) is not list:
        instead = "write measure(q[0], c=c[0])" if type(value) is ClassicalRegister else "build a new list"
        refuse(Fault.READ_ONLY, value=describe(value), instead=instead)
    if type(index) is not int:
        refuse(Fault.INDEX_TYPE, value=describe(index))
    if not -len(value) <= index < len(value):
        _out_of_range(value, index)
    value[index] = element


def iterate(value: Value) -> Iterator[Value]:
    """Return an iterator over a value's elements."""
    kind = type(value)
    if kind in _REGISTERS:
        return iter(value.items)
    if kind in _SEQUENCES:
        return iter(value)
    if kind is dict:
        return _keys(value)
    if kind is Iteration:
        return iter(value.elements)
    if kind is Affine:
        refuse(Fault.SYMBOLIC, what="an iteration", value=describe(value))
    return refuse(Fault.NOT_ITERABLE, value=describe(value))


def _keys(value: dict[Value, Value]) -> Iterator[Value]:
    try:
        yield from value
    except RuntimeError:  # as Python has it; a copy would have to be paid for at each loop
        refuse(Fault.READ_ONLY, value="a dict that is iterated over", instead="iterate over list(d)")


def elements(value: Value, meter: Meter, what: str) -> list[Value]:
    """Return all elements of a value as a new list, paid for before it is made."""
    iterator = iterate(value)
    meter.items(size_of(value), what)
    return list(iterator)


def unpack(value: Value, count: int) -> list[Value]:
    """Return the elements of a value, which must be `count`."""
    iterator = iterate(value)
    size = size_of(value)
    if size != count:
        given = f"{describe(value)} of {counted(size, 'element')}"
        refuse(Fault.UNPACK, given=given, names=counted(count, "name"))
    return list(iterator)


def join(left: Value, right: Value, meter: Meter) -> Value:
    """Return `left + right` of two lists, tuples or texts; registers count as lists."""
    first, second = _plain(left), _plain(right)
    meter.items(len(first) + len(second), "the result")
    return first + second


def _plain(value: Value) -> Value:
    return list(value.items) if type(value) in _REGISTERS else value


def repeat(value: Value, times: Value, meter: Meter) -> Value:
    """Return `value * times` of a list, tuple or text."""
    if type(times) is not int:
        refuse(Fault.INDEX_TYPE, value=describe(times))
    count = max(times, 0)
    meter.items(len(value) * count if len(value) else 0, "the result")
    return value * count if len(value) else value[:]


def contains(value: Value, element: Value, meter: Meter) -> bool:
    """Return `element in value`."""
    kind = type(value)
    if kind is dict:
        check_key(element)
        _charge_for_collisions(value, element, meter)
        return element in value
    if kind is str:
        if type(element) is not str:
            refuse(
                Fault.OPERAND_TYPES,
                operator="in",
                left=describe(element),
                right=describe(value),
                instead="look for a text",
            )
        meter.charge(len(value))
        return element in value
    if kind is range:
        is_whole = type(element) in NUMBERS and int(element) == element  # for others, Python looks at each element
        return is_whole and int(element) in value
    if kind is Iteration:
        refuse(Fault.NOT_ITERABLE, value=describe(value))
    meter.charge(2 * max(size_of(value), 0))
    return any(equal(element, one, meter) for one in iterate(value))


def equal(left: Value, right: Value, meter: Meter) -> bool:
    """Return `left == right`, pair by pair."""
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        kind = type(one)
        if one is other:
            continue
        if kind is PauliSum or type(other) is PauliSum:
            if not is_same(one, other, meter):
                return False
            continue
        if kind in NUMBERS and type(other) in NUMBERS:
            if one != other:
                return False
            continue
        compare = _EQUAL.get(kind)
        if compare is None or kind is not type(other):
            _check_comparable(one, other)
            return False
        meter.charge(3 * size_of(one) if kind not in _FREE else 0)
        more = compare(one, other)
        if more is None:
            return False
        pairs += more
    return True


def _check_comparable(one: Value, other: Value) -> None:
    """Refuse what is not simply unequal: a value that is not known yet, and a qubit that is taken for its bit."""
    for value, against in ((one, other), (other, one)):
        _known(value)
        if type(value) in (Qubit, QubitRegister) and (type(against) in NUMBERS or type(against) in (Bit, Test)):
            refuse(Fault.QUBIT_COMPARED, qubit=describe(value), value=describe(against))


def _known(value: Value) -> None:
    """Refuse values whose equality is not known before the program runs."""
    if type(value) in (Bit, Test):
        refuse_measured("a comparison", describe(value))
    if type(value) is Affine:
        refuse(Fault.SYMBOLIC, what="a comparison", value=describe(value))


_FREE = frozenset({range, Qubit, type(None)})
Pairs = list[tuple[Value, Value]]


def _same(one: Value, other: Value) -> Pairs | None:
    return [] if one == other else None


def _itemwise(one: Value, other: Value) -> Pairs | None:
    return list(zip(one, other, strict=True)) if len(one) == len(other) else None


def _register(one: Value, other: Value) -> Pairs | None:
    return _itemwise(one.items, other.items)


def _by_key(one: dict[Value, Value], other: dict[Value, Value]) -> Pairs | None:
    return [(value, other[key]) for key, value in one.items()] if one.keys() == other.keys() else None


_EQUAL: Mapping[type, Callable[[Value, Value], Pairs | None]] = MappingProxyType(
    {
        str: _same,
        range: _same,
        list: _itemwise,
        tuple: _itemwise,
        dict: _by_key,
        QubitRegister: _register,
        Qubit: lambda one, other: [] if one is other else None,
        type(None): lambda _one, _other: [],
    }
)


def ordered(values: list[Value], meter: Meter, *, passes: int = 1) -> None:
    """Refuse values that have no order among each other: numbers have one, and texts.

    Args:
        values: What is to be compared.
        meter: Pays for long texts and integers.
        passes: How often each one is going to be compared.
    """
    sizes = [len(one) if type(one) is str else one.bit_length() if type(one) is int else 0 for one in values]
    meter.charge(passes * sum(sizes) // _COMPARED_AT_ONCE)
    kinds = [NUMBERS if type(one) in NUMBERS else type(one) for one in values]
    previous: object = None
    for kind, value in zip(kinds, values, strict=True):
        if kind is not NUMBERS and kind is not str:
            _known(value)
            refuse(Fault.NOT_COMPARABLE, left=describe(value), right="other values")
        if previous is not None and kind is not previous:
            refuse(Fault.NOT_COMPARABLE, left="numbers", right="texts")
        previous = kind
