"""Boolean functions of classical bits, as sums of conjunctions of which no two hold at once.

Theory: a conjunction, "these bits hold these values", is all that an operation of AQO can test. Any other function is
the sum of conjunctions that exclude each other (a disjoint normal form), so that exactly one of them holds where the
function does. Sums are made by Boole's expansion f = ¬x·f₀ + x·f₁, by the bit that stands in most conjunctions first; a
conjunction that both halves share needs no x. They are small, though not always least. What never happens here: a
decision of what a source means.

Source: F. M. Brown, Boolean Reasoning, 2nd ed., section 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from eigen.contracts.errors import UnimplementedError

__all__ = [
    "ALWAYS", "MAX_BITS", "MAX_CASES", "NEVER", "Case", "Cases", "Pay",
    "bits_below", "bits_equal", "both", "either", "free", "merged", "negated", "none_of", "unequal",
]  # fmt: skip

MAX_CASES = 64
"""Most conjunctions that a function is written as."""

MAX_BITS = 53
"""Most bits that a function reads: a conjunction tests them against one integer that JSON keeps exactly."""

_MAX_WORK = 40_000

Case = tuple[tuple[int, int], ...]
"""A conjunction: (bit, value it must hold), sorted by bit, no bit twice."""

Cases = tuple[Case, ...]
"""Conjunctions of which no two hold at once, sorted."""

Pay = Callable[[int], None]
"""Is told before it is done how much work is to be done, in literals that are looked at."""

NEVER: Cases = ()
ALWAYS: Cases = ((),)


def free(_work: int) -> None:
    """Pay for nothing."""


def bits_equal(bits: Sequence[int], value: int) -> Cases:
    """Return that the bits, the first one least significant, hold a value."""
    if not 0 <= value < 1 << len(bits):
        return NEVER
    values: dict[int, int] = {}
    for position, bit in enumerate(bits):
        wanted = value >> position & 1
        if values.setdefault(bit, wanted) != wanted:
            return NEVER
    return (tuple(sorted(values.items())),)


def bits_below(bits: Sequence[int], limit: int) -> Cases:
    """Return that the value of the bits, the first one least significant, is less than a limit.

    Example:
        >>> bits_below((0, 1), 3)
        (((0, 0), (1, 1)), ((1, 0),))
    """
    if limit >= 1 << len(bits):
        return ALWAYS
    found: list[Case] = []
    for position in range(len(bits)):
        if limit > 0 and limit >> position & 1:
            found += bits_equal(bits[position:], (limit >> position) - 1)
    return _sum_of(found)


def both(*functions: Cases, pay: Pay = free) -> Cases:
    """Return that all of the functions hold.

    Raises:
        UnimplementedError: It needs more than `MAX_CASES` conjunctions or `MAX_BITS` bits, here and below.
    """
    result = ALWAYS
    for function in functions:
        pay(len(result) * _size(function) + len(function) * _size(result))
        products = [product for one in result for other in function if (product := merged(one, other)) is not None]
        result = _sum_of(_shorter(products, pay))
    return result


def either(first: Cases, second: Cases, *, pay: Pay = free) -> Cases:
    """Return that one of two functions holds, or both."""
    return _sum_of(_expanded((*first, *second), pay))


def unequal(first: Cases, second: Cases, *, pay: Pay = free) -> Cases:
    """Return that one of two functions holds, and the other does not."""
    only_first = both(first, negated(second, pay=pay), pay=pay)
    return either(only_first, both(second, negated(first, pay=pay), pay=pay), pay=pay)


def negated(function: Cases, *, pay: Pay = free) -> Cases:
    """Return that a function does not hold.

    Example:
        >>> negated((((0, 1), (1, 1)),))
        (((0, 0), (1, 1)), ((1, 0),))
    """
    return none_of(function, pay=pay)


def none_of(cases: Collection[Case], *, pay: Pay = free) -> Cases:
    """Return that none of some conjunctions holds, which need not exclude each other."""
    if len(cases) == 1 and len(only := next(iter(cases))) == 1:
        return (tuple((bit, 1 - value) for bit, value in only),)
    return _sum_of(_expanded(cases, pay, is_inverse=True))


def merged(one: Case, other: Case) -> Case | None:
    """Return that two conjunctions hold, or None where they exclude each other."""
    if not one or not other:
        return one or other
    values = dict(one)
    for bit, value in other:
        if values.setdefault(bit, value) != value:
            return None
    return tuple(sorted(values.items()))


def _sum_of(cases: Collection[Case]) -> Cases:
    if len(cases) > MAX_CASES:
        raise _too_large(f"splits into more than {MAX_CASES} tests of a device")
    if any(len(case) > MAX_BITS for case in cases):
        raise _too_large(f"reads more than {MAX_BITS} bits")
    return tuple(sorted(cases))


def _too_large(problem: str) -> UnimplementedError:
    return UnimplementedError(
        f"a condition on measured bits {problem}", reason="CONDITION_SIZE", hint="compare fewer bits"
    )


def _size(cases: Iterable[Case]) -> int:
    return sum(map(len, cases)) + 1


def _shorter(cases: list[Case], pay: Pay) -> Collection[Case]:
    """Return conjunctions that exclude each other as fewer ones, if they can be found."""
    if len(cases) < 2:
        return cases
    try:
        return min(cases, _expanded(cases, pay), key=len)
    except UnimplementedError:
        return cases


def _expanded(cases: Iterable[Case], pay: Pay, *, is_inverse: bool = False) -> list[Case]:
    unique = list(dict.fromkeys(cases))
    pay(_size(unique))
    if len({bit for case in unique for bit, _ in case}) > MAX_BITS:
        raise _too_large(f"reads more than {MAX_BITS} bits")  # the expansion is as deep as there are bits
    return _Expansion(pay, is_inverse=is_inverse).of(unique)


class _Expansion:
    """One expansion of a sum of conjunctions, or of its inverse."""

    def __init__(self, pay: Pay, *, is_inverse: bool) -> None:
        self._pay = pay
        self._is_inverse = is_inverse
        self._work_left = _MAX_WORK

    def of(self, cases: list[Case]) -> list[Case]:
        """Return the conjunctions of a sum."""
        is_always = () in cases
        if is_always or not cases:
            return list(NEVER if is_always is self._is_inverse else ALWAYS)
        self._work(4 + _size(cases))
        bit = _most_frequent_bit(cases)
        off, on = (self.of(_restricted(cases, (bit, value))) for value in (0, 1))
        self._work(_size(off) + _size(on))
        shared = set(off).intersection(on)
        return [
            *(one if one in shared else _with(one, (bit, 0)) for one in off),
            *(_with(one, (bit, 1)) for one in on if one not in shared),
        ]

    def _work(self, amount: int) -> None:
        self._pay(amount)
        self._work_left -= amount
        if self._work_left < 0:
            raise _too_large("is too complicated")


def _most_frequent_bit(cases: Iterable[Case]) -> int:
    """Return the bit that stands in most conjunctions, the highest of them."""
    counts = Counter(bit for case in cases for bit, _ in case)
    return max(counts, key=lambda bit: (counts[bit], bit))


def _restricted(cases: Iterable[Case], known: tuple[int, int]) -> list[Case]:
    """Return what is left of conjunctions where a bit is known to hold a value."""
    bit, value = known
    possible = (case for case in cases if (bit, 1 - value) not in case)
    return list(dict.fromkeys(tuple(one for one in case if one != known) for case in possible))


def _with(case: Case, literal: tuple[int, int]) -> Case:
    return tuple(sorted((*case, literal)))
