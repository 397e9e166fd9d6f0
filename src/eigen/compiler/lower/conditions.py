"""Feed-forward: what conditions on measured bits mean, and which hold around what is being emitted.

Theory: AQO gives a single operation one condition, "these bits hold this value", read when the operation runs. Any
predicate on measured bits is a union of such conditions that exclude each other (see `covers`); so a branch of the
source becomes these conditions on each of its operations, each operation standing once for each of them, and nested
branches the conjunction of theirs.

Bits are numbers as in `bits == 5`: the first one is the least significant, and a single one is 0 or 1. Because
conditions are read again for each operation, a branch must not measure into the bits that it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower import covers
from eigen.compiler.lower.covers import ALWAYS, NEVER, Cover, Cube
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.values import NUMBERS, Bit, ClassicalRegister, Test, Value, counted, describe
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Condition

__all__ = ["Required", "both", "either", "is_measured", "opposite", "test_of", "test_of_comparison"]

_STEPS_PER_BIT = 8
_MIRRORED: Mapping[str, str] = MappingProxyType({"<": ">", ">": "<", "<=": ">=", ">=": "<="})


class Required:
    """What must hold for an operation to run; what holds inside of its branches is worked out once.

    Args:
        within: What holds.
        excluded: Cubes that do not hold. They are kept apart, because what an else-block needs may be long, while the
            `elif` in it that is all that emits is short.

    Attributes:
        bits: Every bit that it depends on.
    """

    __slots__ = ("_conditions", "_else", "_excluded", "_then", "_within", "bits")

    def __init__(self, within: Cover = ALWAYS, excluded: tuple[Cube, ...] = ()) -> None:
        self._within = within
        self._excluded = excluded
        self.bits = frozenset(each >> 1 for one in (*within, *excluded) for each in one)
        self._conditions: tuple[Condition | None, ...] = () if excluded else _as_aqo(within)
        self._then: dict[Test, Required] = {}
        self._else: dict[Test, Required] = {}

    @property
    def is_put_off(self) -> bool:
        """Whether `conditions` has yet to work something out."""
        return not self._conditions

    def conditions(self, meter: Meter) -> tuple[Condition | None, ...]:
        """Return the conditions under which an operation runs, which exclude each other; None is no condition."""
        if not self._conditions:
            self._conditions = _as_aqo(_without(self._within, self._excluded, meter))
        return self._conditions

    def and_test(self, test: Test, meter: Meter) -> Required:
        """Return what must hold inside a branch."""
        inside = self._then.get(test)
        if inside is None:
            within = covers.both(self._within, test.cover, meter)
            inside = self._then[test] = Required(_without(within, self._excluded, meter))
        return inside

    def and_not(self, test: Test, meter: Meter) -> Required:
        """Return what must hold inside the else-block of a branch."""
        inside = self._else.get(test)
        if inside is None:
            meter.charge(_STEPS_PER_BIT * len(self.bits) + len(self._excluded))
            inside = self._else[test] = Required(self._within, (*self._excluded, *test.cover))
        return inside


def _without(within: Cover, excluded: Sequence[Cube], meter: Meter) -> Cover:
    """Return what holds where none of the excluded cubes does, which must be something."""
    meter.charge(len(within) * sum(map(len, excluded)))
    near = [one for one in excluded if any(_is_compatible(one, other) for other in within)]
    left = covers.both(within, covers.inverse(near, meter), meter) if near else within
    if left == NEVER:
        refuse(Fault.CONDITION_NEVER)
    return left


def _is_compatible(one: Cube, other: Cube) -> bool:
    return not any(each ^ 1 in other for each in one)


def _as_aqo(cover: Cover) -> tuple[Condition | None, ...]:
    return tuple(_condition(one) if one else None for one in cover)


def _condition(cube: Cube) -> Condition:
    literals = sorted(cube)
    eq = sum((each & 1) << position for position, each in enumerate(literals))
    return Condition(tuple(each >> 1 for each in literals), eq)


# Conditions as values


def test_of(value: Value) -> Test | None:
    """Return the condition that a value is, or None where it is a static value."""
    if type(value) is Bit:
        return Test(covers.literal(value.index, 1))
    return value if type(value) is Test else None


def is_measured(value: Value) -> bool:
    """Whether a value is a condition, or bits of which at least one is measured."""
    if type(value) in (list, tuple):
        return any(type(one) in (Bit, Test) for one in value)
    return type(value) in (Bit, Test, ClassicalRegister)


def _value_of(cover: Cover) -> Value:
    """Return a condition as a value, a static truth value where it always holds.

    One that never holds is refused where it stands alone, since a longer one may hold.
    """
    return True if cover == ALWAYS else Test(cover)


def both(left: Test, right: Test, meter: Meter) -> Value:
    """Return `left and right`."""
    return meter.symbolic(("and", left, right), lambda _: _value_of(covers.both(left.cover, right.cover, meter)))


def either(left: Test, right: Test, meter: Meter) -> Value:
    """Return `left or right`."""
    return meter.symbolic(("or", left, right), lambda _: _value_of(covers.either(left.cover, right.cover, meter)))


def opposite(test: Test, meter: Meter) -> Value:
    """Return `not test`."""
    return meter.symbolic(("not", test), lambda _: _value_of(covers.inverse(test.cover, meter)))


def test_of_comparison(symbol: str, left: Value, right: Value, meter: Meter) -> Value:
    """Return the condition `left symbol right`, or a truth value where a number decides it by its size alone.

    Args:
        symbol: One of `== != < <= > >=`.
        left: A value, measured if `right` is not.
        right: A value, measured if `left` is not.
        meter: Pays for the work.
    """
    if not is_measured(left):
        left, right, symbol = right, left, _MIRRORED.get(symbol, symbol)
    digits = _digits(left)
    if is_measured(right):
        return _compared(symbol, digits, _as_many(_digits(right), len(digits), "bits"), meter)
    if type(right) in (list, tuple):
        return _compared(symbol, digits, _static_digits(symbol, left, right, len(digits)), meter)
    if type(right) not in (int, bool):
        refuse(Fault.CONDITION_FORM, problem=f"bits are compared with {describe(right)}")
    size = 1 << min(len(digits), covers.MAX_BITS + 1)
    if not 0 <= right < size:
        return _by_size(symbol, right, len(digits))
    return _compared(symbol, digits, tuple(_bit(right >> position) for position in range(len(digits))), meter)


def _digits(value: Value) -> tuple[Cover, ...]:
    """Return the bits of a measured value, the least significant first."""
    items = value.items if type(value) is ClassicalRegister else value if type(value) in (list, tuple) else (value,)
    if len(items) > covers.MAX_BITS:
        refuse(Fault.CONDITION_FORM, problem=f"it reads more than {covers.MAX_BITS} bits")
    return tuple(map(_digit, items))


def _digit(value: Value) -> Cover:
    test = test_of(value)
    if test is not None:
        return test.cover
    if type(value) not in NUMBERS:
        refuse(Fault.CONDITION_FORM, problem=f"bits are compared with {describe(value)}")
    if value not in (0, 1):
        refuse(Fault.CONDITION_VALUE, bits="one bit", value=describe(value), largest=1)
    return _bit(int(value))


def _bit(value: int) -> Cover:
    return ALWAYS if value & 1 else NEVER


def _static_digits(symbol: str, left: Value, right: Sequence[Value], size: int) -> tuple[Cover, ...]:
    if symbol not in ("==", "!="):
        refuse(Fault.CONDITION_FORM, problem=f"{symbol} compares bits with a list; only == and != do")
    if type(left) in (Bit, Test):
        refuse(Fault.CONDITION_FORM, problem="one bit is compared with a list")
    return tuple(map(_digit, _as_many(right, size, "values")))


def _as_many(others: Value, size: int, what: str) -> Value:
    if len(others) != size:
        given = f"{len(others)} {what}" if len(others) != 1 else f"one {what[:-1]}"
        refuse(Fault.CONDITION_FORM, problem=f"{counted(size, 'bit')} cannot be compared with {given}")
    return others


def _by_size(symbol: str, number: int, num_bits: int) -> bool:
    """Decide a comparison with a number that so many bits never hold."""
    if symbol in ("==", "!="):
        shown = "one bit" if num_bits == 1 else f"{num_bits} bits"
        refuse(Fault.CONDITION_VALUE, bits=shown, value=describe(number), largest=(1 << num_bits) - 1)
    return (number > 0) is (symbol in ("<", "<="))


def _compared(symbol: str, left: tuple[Cover, ...], right: tuple[Cover, ...], meter: Meter) -> Value:
    meter.charge(_STEPS_PER_BIT * len(left))
    return meter.symbolic((symbol, left, right), lambda _: _value_of(_COMPARISONS[symbol](left, right, meter)))


_Comparison = Callable[[tuple[Cover, ...], tuple[Cover, ...], Meter], Cover]


def _equal(left: tuple[Cover, ...], right: tuple[Cover, ...], meter: Meter) -> Cover:
    pairs = [_same(one, other, meter) for one, other in zip(left, right, strict=True)]
    if all(len(one) == 1 for one in pairs):
        meter.charge(_STEPS_PER_BIT * len(pairs))
        literals: Cube = frozenset().union(*(one[0] for one in pairs))
        return NEVER if any(each ^ 1 in literals for each in literals) else (literals,)
    return reduce(lambda one, other: covers.both(one, other, meter), pairs)


def _same(left: Cover, right: Cover, meter: Meter) -> Cover:
    if right == ALWAYS:
        return left
    return covers.inverse(left if right == NEVER else covers.exclusive(left, right, meter), meter)


def _less(left: tuple[Cover, ...], right: tuple[Cover, ...], meter: Meter) -> Cover:
    """Compare from the lowest bit: a higher one decides, where the two differ in it."""
    less = NEVER
    for one, other in zip(left, right, strict=True):
        decided = covers.both(covers.inverse(one, meter), other, meter)
        less = covers.either(decided, covers.both(_same(one, other, meter), less, meter), meter)
    return less


_COMPARISONS: Mapping[str, _Comparison] = MappingProxyType(
    {
        "==": _equal,
        "!=": lambda left, right, meter: covers.inverse(_equal(left, right, meter), meter),
        "<": _less,
        ">": lambda left, right, meter: _less(right, left, meter),
        "<=": lambda left, right, meter: covers.inverse(_less(right, left, meter), meter),
        ">=": lambda left, right, meter: covers.inverse(_less(left, right, meter), meter),
    }
)
