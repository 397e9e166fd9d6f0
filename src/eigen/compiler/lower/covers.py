"""Predicates on classical bits as disjoint covers: cubes, at most one of which holds for any values of the bits.

Theory: a cube is a conjunction of literals, "this bit is 1" or "this bit is 0", which is all that a device tests at
once. A predicate is the union of its cubes, and holds where exactly one of them does. Covers are made by Boole's
expansion f = ¬x·f₀ + x·f₁, by the bit that stands in most cubes first; a cube that both halves share needs no x. They
are small, though not always least. What never happens here: a decision of what a source means.

Source: F. M. Brown, Boolean Reasoning, 2nd ed., section 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.meter import Meter
from eigen.compiler.report import refuse

__all__ = ["ALWAYS", "MAX_BITS", "NEVER", "Cover", "Cube", "both", "either", "exclusive", "inverse", "literal"]

Cube = frozenset[int]
"""Literals, `2 * bit + value`, at most one for each bit; the empty cube always holds."""

Cover = tuple[Cube, ...]
"""Cubes that exclude each other, in a fixed order."""

ALWAYS: Cover = (frozenset(),)
NEVER: Cover = ()
MAX_BITS = 53
"""Most bits of a predicate: AQO tests them against one integer that JSON keeps exactly."""

_MAX_CUBES = 64
_MAX_SPLITS = 4_096
_STEPS_PER_LITERAL = 3
_STEPS_PER_SPLIT = 20


def literal(bit: int, value: int) -> Cover:
    """Return the predicate that a bit holds a value."""
    return (frozenset({2 * bit + value}),)


def both(left: Cover, right: Cover, meter: Meter) -> Cover:
    """Return the conjunction.

    Raises:
        Refusal: It has too many bits or cubes; this holds for the other functions too.
    """
    meter.charge(_STEPS_PER_LITERAL * (len(right) * _size(left) + len(left) * _size(right)))
    products = [one | other for one in left for other in right if not any(each ^ 1 in other for each in one)]
    if len(products) > 1:
        products = min(products, _expanded(products, meter), key=len)
    return _checked(products)


def either(left: Cover, right: Cover, meter: Meter) -> Cover:
    """Return the disjunction."""
    return _checked(_expanded([*left, *right], meter))


def exclusive(left: Cover, right: Cover, meter: Meter) -> Cover:
    """Return the predicate that one of two holds, and the other does not."""
    only_left = both(left, inverse(right, meter), meter)
    return either(only_left, both(inverse(left, meter), right, meter), meter)


def inverse(cubes: Collection[Cube], meter: Meter) -> Cover:
    """Return the predicate that none of some cubes holds, which need not exclude each other."""
    if len(cubes) == 1 and len(only := next(iter(cubes))) == 1:
        return (frozenset(each ^ 1 for each in only),)
    return _checked(_expanded(cubes, meter, is_inverse=True))


def _checked(cubes: Collection[Cube]) -> Cover:
    if len(cubes) > _MAX_CUBES:
        refuse(Fault.CONDITION_CASES, limit=_MAX_CUBES)
    if any(len(one) > MAX_BITS for one in cubes):
        _refuse_bits()
    return tuple(sorted(cubes, key=sorted))


def _refuse_bits() -> None:
    refuse(Fault.CONDITION_FORM, problem=f"it reads more than {MAX_BITS} bits")


def _size(cubes: Iterable[Cube]) -> int:
    return sum(map(len, cubes)) + 1


def _expanded(cubes: Collection[Cube], meter: Meter, *, is_inverse: bool = False) -> list[Cube]:
    meter.charge(_size(cubes))
    if len({each >> 1 for one in cubes for each in one}) > MAX_BITS:
        _refuse_bits()  # the expansion is as deep as there are bits
    return _Expansion(meter, is_inverse=is_inverse).of(list(cubes))


class _Expansion:
    """One expansion of a union of cubes, or of its inverse."""

    def __init__(self, meter: Meter, *, is_inverse: bool) -> None:
        self._meter = meter
        self._is_inverse = is_inverse
        self._splits_left = _MAX_SPLITS

    def of(self, cubes: list[Cube]) -> list[Cube]:
        """Return the cubes of a cover."""
        is_always = frozenset() in cubes
        if is_always or not cubes:
            return list(NEVER if is_always is self._is_inverse else ALWAYS)
        self._meter.charge(_STEPS_PER_SPLIT + _STEPS_PER_LITERAL * _size(cubes))
        self._splits_left -= 1
        if not self._splits_left:
            refuse(Fault.CONDITION_CASES, limit=_MAX_CUBES)
        bit = _most_frequent_bit(cubes)
        off, on = (self.of(_restricted(cubes, 2 * bit + value)) for value in (0, 1))
        shared = set(off).intersection(on)
        return [
            *(one if one in shared else one | {2 * bit} for one in off),
            *(one | {2 * bit + 1} for one in on if one not in shared),
        ]


def _most_frequent_bit(cubes: Iterable[Cube]) -> int:
    """Return the bit that stands in most cubes, the highest of them."""
    counts = Counter(each >> 1 for one in cubes for each in one)
    return max(counts, key=lambda bit: (counts[bit], bit))


def _restricted(cubes: Iterable[Cube], known: int) -> list[Cube]:
    """Return what is left of cubes where a literal is known to hold."""
    return list(dict.fromkeys(one - {known} for one in cubes if known ^ 1 not in one))
