"""Branches under functions of measured bits, as AQO has them.

Theory: AQO gives a single operation one condition, "these bits hold this value": a conjunction. So a block under any
other function is emitted once for each conjunction that the function is a sum of (see `bit_functions`). Since a
condition is read again for each operation, a block must not measure into the bits that it depends on, unless that is
the last thing it does.
"""

from __future__ import annotations

from collections.abc import Sequence

from eigen.contracts.aqo import Condition, Operation
from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.contracts.errors import UnimplementedError
from eigen.contracts.gates import MEASURE
from eigen.formats.bit_functions import NEVER, Case, Cases, merged, negated
from eigen.formats.measurements import joined_measurements

__all__ = ["branches", "selected"]


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
    joint = merged(own, case)
    if joint is None:
        return None
    if not joint:
        return operation
    bits = tuple(bit for bit, _ in joint)
    value = sum(value << position for position, (_, value) in enumerate(joint))
    if value > MAX_SAFE_INTEGER:
        raise UnimplementedError(
            "a condition compares with a value of more than 53 bits", reason="CONDITION_SIZE", hint="compare fewer bits"
        )
    return operation._replace(condition=Condition(bits, value))
