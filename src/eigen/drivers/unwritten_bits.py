"""Conditions on classical bits that nothing was measured into yet: such a bit is 0, which is known without a run.

Engines keep only the bits that are measured, and stumble over conditions on others (Aer 0.18 with noise: "invalid cbit
index"). So these are settled before an engine sees the circuit: a bit that must be 0 is dropped from its condition, and
an operation that needs a 1 is left out. A measurement under a condition may have written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from eigen.contracts.aqo import AQO, Condition, Operation

__all__ = ["without_unwritten_bits"]


def without_unwritten_bits(circuit: AQO) -> AQO:
    """Return an equivalent circuit whose conditions test only bits that an earlier measurement may have written.

    Example:
        >>> flip = Operation("X", (0,), condition=Condition((1, 0), 1))
        >>> without_unwritten_bits(AQO(qubits=1, clbits=2, operations=(flip,))).operations
        ()
    """
    if all(operation.condition is None for operation in circuit.operations):
        return circuit
    return replace(circuit, operations=tuple(_settled(circuit)))


def _settled(circuit: AQO) -> Iterator[Operation]:
    written: set[int] = set()
    for operation in circuit.operations:
        condition = operation.condition
        wanted = {} if condition is None else {bit: condition.eq >> place & 1 for place, bit in enumerate(condition.c)}
        if any(one and bit not in written for bit, one in wanted.items()):
            continue
        yield operation._replace(condition=_condition({bit: one for bit, one in wanted.items() if bit in written}))
        written.update(operation.c)


def _condition(wanted: dict[int, int]) -> Condition | None:
    if not wanted:
        return None
    return Condition(tuple(wanted), sum(one << place for place, one in enumerate(wanted.values())))
