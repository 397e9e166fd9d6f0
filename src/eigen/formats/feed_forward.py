"""Boolean functions of measured bits, and branches under them, as AQO has them.

Theory: AQO gives a single operation one condition, "these bits hold this value": a conjunction. Any other function is
kept as a sum of conjunctions of which no two hold at once (a disjoint normal form), and a block under it is emitted
once for each of them. Since a condition is read again for each operation, a block must not measure into the bits that
it depends on, unless that is the last thing it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from eigen.contracts.aqo import Condition, Operation
from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.contracts.errors import UnimplementedError
from eigen.contracts.gates import MEASURE
from eigen.formats.measurements import joined_measurements

__all__ = [
    "ALWAYS",
    "MAX_CASES",
    "NEVER",
    "Case",
    "Cases",
    "bits_below",
    "bits_equal",
    "both",
    "branches",
    "either",
    "negated",
    "selected",
]

MAX_CASES = 64
"""Most conjunctions that a function is written as."""

Case = tuple[tuple[int, int], ...]
"""A conjunction: (bit, value it must hold), sorted by bit, no bit twice."""

Cases = tuple[Case, ...]
"""Conjunctions of which no two hold at once."""

NEVER: Cases = ()
ALWAYS: Cases = ((),)


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
        (((1, 0),), ((0, 0), (1, 1)))
    """
    if limit >= 1 << len(bits):
        return ALWAYS
    found: list[Case] = []
    for position in range(len(bits) - 1, -1, -1):
        if limit > 0 and limit >> position & 1:
            upper = bits_equal(bits[position:], (limit >> position) - 1)
            found += upper
    return _bounded(found)


def both(*functions: Cases) -> Cases:
    """Return that all of the functions hold.

    Raises:
        UnimplementedError: That needs more than `MAX_CASES` conjunctions.
    """
    result = ALWAYS
    for function in functions:
        merged = (_merged(one, other) for one in result for other in function)
        result = _bounded(one for one in merged if one is not None)
    return result


def either(first: Cases, second: Cases) -> Cases:
    """Return that one of two functions holds, or both.

    Raises:
        UnimplementedError: That needs more than `MAX_CASES` conjunctions.
    """
    return _bounded((*first, *both(second, negated(first))))


def negated(function: Cases) -> Cases:
    """Return that a function does not hold.

    Raises:
        UnimplementedError: That needs more than `MAX_CASES` conjunctions.

    Example:
        >>> negated((((0, 1), (1, 1)),))
        (((0, 0),), ((0, 1), (1, 0)))
    """
    if any(len(case) > MAX_CASES for case in function):
        raise _too_large()
    return both(
        *(
            tuple((*case[:position], (bit, 1 - value)) for position, (bit, value) in enumerate(case))
            for case in function
        )
    )


def branches(function: Cases, then: Sequence[Operation], otherwise: Sequence[Operation] = ()) -> list[Operation]:
    """Return what runs `then` where a function of measured bits holds, and `otherwise` where it does not.

    Args:
        function: When.
        then: Operations, which may have conditions of their own.
        otherwise: The same for the other case.

    Raises:
        UnimplementedError: A branch measures into the bits that it depends on, and goes on; or the function is too
            complicated.
    """
    return selected([(function, then), (negated(function) if otherwise else NEVER, otherwise)])


def selected(blocks: Sequence[tuple[Cases, Sequence[Operation]]]) -> list[Operation]:
    """Return what runs the one block whose function of measured bits holds.

    Args:
        blocks: Functions of which no two hold at once, and what runs under each.

    Raises:
        UnimplementedError: A block measures into the bits that a function reads, and goes on; or a function is too
            complicated.
    """
    depends = {bit for function, _ in blocks for case in function for bit, _ in case}
    runs = [(case, joined_measurements(block)) for function, block in blocks for case in function if block]
    emitted = [(_under(case, one), one) for case, block in runs for one in block]
    possible = [(guarded, one) for guarded, one in emitted if guarded is not None]
    for _, one in possible[:-1]:
        if one.op == MEASURE and not depends.isdisjoint(one.c):
            raise UnimplementedError(
                "a branch measures into a bit that its own condition reads, and goes on",
                reason="CONDITION_OVERWRITTEN",
                hint="measure into another bit",
            )
    return [guarded for guarded, _ in possible]


def _under(case: Case, operation: Operation) -> Operation | None:
    """Return an operation under one more conjunction, or None where it can never run."""
    own: Case = ()
    if operation.condition is not None:
        bits, value = operation.condition
        own = tuple(sorted((bit, value >> position & 1) for position, bit in enumerate(bits)))
    merged = _merged(own, case)
    if merged is None:
        return None
    if not merged:
        return operation
    bits = tuple(bit for bit, _ in merged)
    value = sum(value << position for position, (_, value) in enumerate(merged))
    if value > MAX_SAFE_INTEGER:
        raise UnimplementedError(
            "a condition compares with a value of more than 53 bits", reason="CONDITION_SIZE", hint="compare fewer bits"
        )
    return operation._replace(condition=Condition(bits, value))


def _merged(one: Case, other: Case) -> Case | None:
    values = dict(one)
    for bit, value in other:
        if values.setdefault(bit, value) != value:
            return None
    return tuple(sorted(values.items()))


def _bounded(cases: Iterable[Case]) -> Cases:
    result = tuple(islice(cases, MAX_CASES + 1))
    if len(result) > MAX_CASES:
        raise _too_large()
    return result


def _too_large() -> UnimplementedError:
    return UnimplementedError(
        f"a condition on measured bits is a sum of more than {MAX_CASES} conjunctions",
        reason="CONDITION_SIZE",
        hint="compare fewer bits, or nest the conditions",
    )
