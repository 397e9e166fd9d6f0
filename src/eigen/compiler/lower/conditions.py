"""Feed-forward: which conditions on measured bits hold around what is being emitted.

Theory: AQO gives a single operation one condition, "these bits hold this value", read when the operation runs. So a
branch of the source becomes that condition on each of its operations, nested branches the conjunction of theirs, and
the else-branch of one bit the opposite value. "Not all of these bits match" has no such form; it is kept as an
exclusion, and is discharged where an inner condition implies it, as in `if bits == 1: … elif bits == 2: …`.

Because the condition is read again for each operation, a branch must not measure into the bits it depends on.
"""

from __future__ import annotations

from collections.abc import Iterable

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.values import Bit, ClassicalRegister, Test, Value, describe
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Condition

__all__ = ["Required", "both", "opposite", "test_of", "test_of_equality"]

_STEPS_PER_BIT = 12
_MAX_BITS = 53  # AQO's `eq` is an integer that JSON keeps exactly


class Required:
    """What must hold for an operation to run; what holds inside of its branches is worked out once.

    Args:
        values: Bit → value that it must hold.
        excluded: Conjunctions that must not hold, of more than one bit each, none of them decided by `values`.

    Attributes:
        bits: Every bit that it depends on.
        condition: `values` as AQO has them; exclusions are left to whoever emits.
    """

    __slots__ = ("_else", "_then", "bits", "condition", "excluded", "values")

    def __init__(self, values: dict[int, int] | None = None, excluded: tuple[Test, ...] = ()) -> None:
        self.values = values or {}
        self.excluded = excluded
        self.bits = frozenset((*self.values, *(bit for one in excluded for bit, _ in one.values)))
        self.condition = self._as_aqo()
        self._then: dict[Test, Required] = {}
        self._else: dict[Test, Required] = {}

    def _as_aqo(self) -> Condition | None:
        if not self.values:
            return None
        bits = tuple(sorted(self.values))
        if len(bits) > _MAX_BITS:
            refuse(Fault.CONDITION_FORM, problem=f"it reads more than {_MAX_BITS} bits")
        return Condition(bits, sum(self.values[bit] << position for position, bit in enumerate(bits)))

    def and_test(self, test: Test) -> Required:
        """Return what must hold inside a branch."""
        inside = self._then.get(test)
        if inside is None:
            values = dict(self.values)
            for bit, value in test.values:
                if values.setdefault(bit, value) != value:
                    refuse(Fault.CONDITION_NEVER)
            inside = self._then[test] = _settled(values, self.excluded)
        return inside

    def cost_of(self, test: Test) -> int:
        """Return the steps that `and_test` and `and_not` take: few where they were asked before."""
        bits = len(test.values) + len(self.values)
        return bits if test in self._then else _STEPS_PER_BIT * (bits + len(self.excluded) * len(test.values))

    def and_not(self, test: Test) -> Required:
        """Return what must hold inside the else-block of a branch."""
        inside = self._else.get(test)
        if inside is None:
            inside = self._else[test] = _settled(dict(self.values), (*self.excluded, test))
        return inside


def _settled(values: dict[int, int], excluded: Iterable[Test]) -> Required:
    """Drop exclusions that `values` decides, and turn those of one open bit into values, until nothing changes."""
    left = list(excluded)
    changed = True
    while changed:
        changed = False
        for test in list(left):
            if any(values.get(bit, value) != value for bit, value in test.values):
                left.remove(test)
                continue
            unknown = [(bit, value) for bit, value in test.values if bit not in values]
            if not unknown:
                refuse(Fault.CONDITION_NEVER)
            if len(unknown) == 1:
                values[unknown[0][0]] = 1 - unknown[0][1]
                left.remove(test)
                changed = True
    return Required(values, tuple(left))


def test_of(value: Value) -> Test | None:
    """Return the condition that a value is, or None where it is a static value."""
    if type(value) is Bit:
        return Test(((value.index, 1),))
    return value if type(value) is Test else None


def test_of_equality(symbol: str, left: Value, right: Value) -> Test | None:
    """Return the condition `bits == number` or `bit != number`, or None where no side is measured bits."""
    bits, number = _bits_of(left), right
    if bits is None:
        bits, number = _bits_of(right), left
    if bits is None:
        return None
    if type(number) not in (int, bool):
        refuse(Fault.CONDITION_FORM, problem=f"bits are compared with {describe(number)}")
    if symbol not in ("==", "!="):
        refuse(Fault.CONDITION_FORM, problem=f"it compares with {symbol}")
    if not 0 <= number < 1 << len(bits):
        shown = "one bit" if len(bits) == 1 else f"{len(bits)} bits"
        refuse(Fault.CONDITION_VALUE, bits=shown, value=describe(number), largest=(1 << len(bits)) - 1)
    if len({one.index for one in bits}) != len(bits):
        refuse(Fault.CONDITION_FORM, problem="a bit stands in it twice")
    test = Test(tuple(sorted((one.index, int(number) >> position & 1) for position, one in enumerate(bits))))
    return test if symbol == "==" else opposite(test)


def _bits_of(value: Value) -> tuple[Bit, ...] | None:
    if type(value) is Bit:
        return (value,)
    if type(value) is ClassicalRegister:
        return value.items
    if type(value) in (list, tuple) and value and all(type(one) is Bit for one in value):
        return tuple(value)
    return None


def opposite(test: Test) -> Test:
    """Return the negation of a condition on one bit."""
    if len(test.values) != 1:
        refuse(Fault.CONDITION_FORM, problem="'not all of these bits match' is not one condition")
    bit, value = test.values[0]
    return Test(((bit, 1 - value),))


def both(left: Test, right: Test) -> Test:
    """Return the conjunction of two conditions."""
    values = dict(left.values)
    for bit, value in right.values:
        if values.setdefault(bit, value) != value:
            refuse(Fault.CONDITION_NEVER)
    return Test(tuple(sorted(values.items())))
