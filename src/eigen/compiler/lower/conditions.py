"""Feed-forward: what conditions on measured bits mean, and which hold around what is being emitted.

Theory: AQO gives a single operation one condition, "these bits hold this value", read when the operation runs. Any
function of measured bits is a sum of such conditions that exclude each other (see `bit_functions`); so a branch of the
source becomes these conditions on each of its operations, each operation standing once for each of them, and nested
branches the conjunction of theirs.

Bits are numbers as in `bits == 5`: the first one is the least significant, and a single one is 0 or 1. Because
conditions are read again for each operation, a branch must not measure into the bits that it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.values import NUMBERS, Bit, ClassicalRegister, Test, Value, counted, describe
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Condition
from eigen.contracts.errors import UnimplementedError
from eigen.formats import bit_functions
from eigen.formats.bit_functions import ALWAYS, MAX_BITS, NEVER, Case, Cases, Pay, bits_equal, merged

__all__ = ["Required", "both", "either", "is_measured", "opposite", "test_of", "test_of_comparison"]

_STEPS_PER_BIT = 8
_STEPS_PER_LITERAL = 5
_MIRRORED: Mapping[str, str] = MappingProxyType({"<": ">", ">": "<", "<=": ">=", ">=": "<="})


class Required:
    """What must hold for an operation to run; what holds inside of its branches is worked out once.

    Args:
        within: When that is.
        excluded: Cases that are taken out of it. They are kept apart, because what an else-block needs may be long,
            while that of an `elif` in it, which is all that emits, is short.

    Attributes:
        bits: Every bit that it depends on.
    """

    __slots__ = ("_conditions", "_else", "_excluded", "_then", "_within", "bits")

    def __init__(self, within: Cases = ALWAYS, excluded: Cases = ()) -> None:
        self._within = within
        self._excluded = excluded
        self.bits = frozenset(bit for case in (*within, *excluded) for bit, _ in case)
        self._conditions: tuple[Condition | None, ...] = () if excluded else tuple(map(_condition, within))
        self._then: dict[Test, Required] = {}
        self._else: dict[Test, Required] = {}

    @property
    def is_put_off(self) -> bool:
        """Whether `conditions` has yet to work something out."""
        return not self._conditions

    def conditions(self, meter: Meter) -> tuple[Condition | None, ...]:
        """Return the conditions under which an operation runs, which exclude each other; None is no condition."""
        if not self._conditions:
            self._conditions = tuple(map(_condition, _without(self._within, self._excluded, meter)))
        return self._conditions

    def and_test(self, test: Test, meter: Meter) -> Required:
        """Return what must hold inside a branch."""
        inside = self._then.get(test)
        if inside is None:
            within = _worked_out(lambda pay: bit_functions.both(self._within, test.cases, pay=pay), meter)
            inside = self._then[test] = Required(_without(within, self._excluded, meter))
        return inside

    def and_not(self, test: Test, meter: Meter) -> Required:
        """Return what must hold inside the else-block of a branch."""
        inside = self._else.get(test)
        if inside is None:
            meter.charge(_STEPS_PER_BIT * len(self.bits) + len(self._excluded))
            inside = self._else[test] = Required(self._within, (*self._excluded, *test.cases))
        return inside


def _without(within: Cases, excluded: Sequence[Case], meter: Meter) -> Cases:
    """Return what holds where none of the excluded cases does, which must be something."""
    meter.charge(len(within) * sum(map(len, excluded)))
    near = [one for one in excluded if any(merged(one, other) is not None for other in within)]
    if near:
        within = _worked_out(
            lambda pay: bit_functions.both(within, bit_functions.none_of(near, pay=pay), pay=pay), meter
        )
    if within == NEVER:
        refuse(Fault.CONDITION_NEVER)
    return within


def _condition(case: Case) -> Condition | None:
    if not case:
        return None
    return Condition(tuple(bit for bit, _ in case), sum(value << place for place, (_, value) in enumerate(case)))


def _worked_out(compute: Callable[[Pay], Cases], meter: Meter) -> Cases:
    """Return a function of bits at the meter's cost; refuse one that is too complicated."""
    try:
        return compute(lambda work: meter.charge(_STEPS_PER_LITERAL * work))
    except UnimplementedError as error:
        return refuse(Fault.CONDITION_CASES, problem=error.message, instead=error.hint)


# Conditions as values


def test_of(value: Value) -> Test | None:
    """Return the condition that a value is, or None where it is a static value."""
    if type(value) is Bit:
        return Test((((value.index, 1),),))
    return value if type(value) is Test else None


def is_measured(value: Value) -> bool:
    """Whether a value is a condition, or bits of which at least one is measured."""
    if type(value) in (list, tuple):
        return any(type(one) in (Bit, Test) for one in value)
    return type(value) in (Bit, Test, ClassicalRegister)


def both(left: Test, right: Test, meter: Meter) -> Value:
    """Return `left and right`."""
    return _joined("and", bit_functions.both, left, right, meter)


def either(left: Test, right: Test, meter: Meter) -> Value:
    """Return `left or right`."""
    return _joined("or", bit_functions.either, left, right, meter)


def _joined(symbol: str, join: Callable[..., Cases], left: Test, right: Test, meter: Meter) -> Value:
    meter.charge(_num_literals(left) + _num_literals(right))
    return meter.symbolic(
        (symbol, left, right),
        lambda _: _value_of(_worked_out(lambda pay: join(left.cases, right.cases, pay=pay), meter)),
    )


def opposite(test: Test, meter: Meter) -> Value:
    """Return `not test`."""
    meter.charge(_num_literals(test))
    return meter.symbolic(
        ("not", test), lambda _: _value_of(_worked_out(lambda pay: bit_functions.negated(test.cases, pay=pay), meter))
    )


def _num_literals(test: Test) -> int:
    return sum(map(len, test.cases))


def _value_of(cases: Cases) -> Value:
    """Return a condition as a value, a static truth value where it always holds.

    One that never holds is refused where it stands alone, since a longer one may hold.
    """
    return True if cases == ALWAYS else Test(cases)


# Comparisons


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
    if type(right) in (int, bool):
        return _compared_with_number(symbol, _items(left), int(right), meter)
    if not is_measured(right) and type(right) not in (list, tuple):
        refuse(Fault.CONDITION_FORM, problem=f"bits are compared with {describe(right)}")
    bits, others = _digits(left), _digits(right)
    if type(right) in (list, tuple) and not is_measured(right):
        _check_list(symbol, left)
    if len(bits) != len(others):
        refuse(Fault.CONDITION_FORM, problem=f"{counted(len(bits), 'bit')} cannot be compared with {len(others)}")
    return _compared(symbol, bits, others, meter)


def _compared_with_number(symbol: str, items: Sequence[Value], number: int, meter: Meter) -> Value:
    if not 0 <= number < 1 << len(items):
        return _decided_by_size(symbol, number, len(items))
    if symbol in ("==", "!=") and all(type(one) is Bit for one in items):
        meter.charge(_STEPS_PER_BIT * len(items))
        test = Test(bits_equal([one.index for one in items], number))
        return test if symbol == "==" else opposite(test, meter)
    digits = tuple(_static_digit(number >> position & 1) for position in range(len(items)))
    holds = _compared(symbol, tuple(map(_digit, items)), digits, meter)
    return False if symbol in _MIRRORED and holds == Test(NEVER) else holds


def _decided_by_size(symbol: str, number: int, num_bits: int) -> bool:
    """Decide a comparison with a number that so many bits never hold."""
    if symbol in ("==", "!="):
        shown = "one bit" if num_bits == 1 else f"{num_bits} bits"
        refuse(Fault.CONDITION_VALUE, bits=shown, value=describe(number), largest=(1 << num_bits) - 1)
    return (number > 0) is (symbol in ("<", "<="))


def _check_list(symbol: str, left: Value) -> None:
    if symbol not in ("==", "!="):
        refuse(Fault.CONDITION_FORM, problem=f"{symbol} compares bits with a list; only == and != do")
    if type(left) in (Bit, Test):
        refuse(Fault.CONDITION_FORM, problem="one bit is compared with a list")


def _items(value: Value) -> Sequence[Value]:
    """Return the bits of a measured value, the least significant first."""
    items = value.items if type(value) is ClassicalRegister else value if type(value) in (list, tuple) else (value,)
    if len(items) > MAX_BITS:
        refuse(Fault.CONDITION_FORM, problem=f"it reads more than {MAX_BITS} bits")
    return items


def _digits(value: Value) -> tuple[Cases, ...]:
    return tuple(map(_digit, _items(value)))


def _digit(value: Value) -> Cases:
    """Return one bit of a group: a measured one, or a number 0 or 1."""
    test = test_of(value)
    if test is not None:
        return test.cases
    if type(value) not in NUMBERS:
        refuse(Fault.CONDITION_FORM, problem=f"bits are compared with {describe(value)}")
    if value not in (0, 1):
        refuse(Fault.CONDITION_VALUE, bits="one bit", value=describe(value), largest=1)
    return _static_digit(value)


def _static_digit(value: Value) -> Cases:
    return ALWAYS if value else NEVER


_Digits = tuple[Cases, ...]


def _compared(symbol: str, left: _Digits, right: _Digits, meter: Meter) -> Value:
    meter.charge(_STEPS_PER_BIT * len(left) + sum(len(case) for one in (*left, *right) for case in one))
    compare = _COMPARISONS[symbol]
    return meter.symbolic(
        (symbol, left, right), lambda _: _value_of(_worked_out(lambda pay: compare(left, right, pay), meter))
    )


def _equal(left: _Digits, right: _Digits, pay: Pay) -> Cases:
    return bit_functions.both(*(_same(one, other, pay) for one, other in zip(left, right, strict=True)), pay=pay)


def _same(left: Cases, right: Cases, pay: Pay) -> Cases:
    return bit_functions.negated(bit_functions.unequal(left, right, pay=pay), pay=pay)


def _less(left: _Digits, right: _Digits, pay: Pay) -> Cases:
    """Compare from the lowest bit: a higher one decides, where the two differ in it."""
    less = NEVER
    for one, other in zip(left, right, strict=True):
        decided = bit_functions.both(bit_functions.negated(one, pay=pay), other, pay=pay)
        open_yet = bit_functions.both(_same(one, other, pay), less, pay=pay)
        less = bit_functions.either(decided, open_yet, pay=pay)
    return less


_COMPARISONS: Mapping[str, Callable[[_Digits, _Digits, Pay], Cases]] = MappingProxyType(
    {
        "==": _equal,
        "!=": lambda left, right, pay: bit_functions.negated(_equal(left, right, pay), pay=pay),
        "<": _less,
        ">": lambda left, right, pay: _less(right, left, pay),
        "<=": lambda left, right, pay: bit_functions.negated(_less(right, left, pay), pay=pay),
        ">=": lambda left, right, pay: bit_functions.negated(_less(left, right, pay), pay=pay),
    }
)
