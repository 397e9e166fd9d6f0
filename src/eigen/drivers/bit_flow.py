"""What is known of a circuit's classical bits without a run, settled before an engine sees it.

- A bit that nothing was measured into yet is 0: it is dropped from a condition that wants 0, and an operation whose
  condition wants a 1 is left out. A measurement under a condition may have written. Engines keep only the bits that are
  measured, and stumble over conditions on others (Aer 0.18 with noise: "invalid cbit index").
- A value that is overwritten before anything reads it does not matter: its measurement is left out where its qubit is
  not used again. Aer, where it draws all shots at once, misreads such a bit twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from eigen.contracts.aqo import AQO, Condition, Operation
from eigen.contracts.gates import BARRIER, MEASURE

__all__ = ["settled"]


def settled(circuit: AQO) -> AQO:
    """Return an equivalent circuit without conditions on unwritten bits, and without values that nobody can read.

    Example:
        >>> flip = Operation("X", (0,), condition=Condition((1, 0), 1))
        >>> settled(AQO(qubits=1, clbits=2, operations=(flip,))).operations
        ()
    """
    operations = list(_without_unwritten_bits(circuit.operations))
    return replace(circuit, operations=tuple(_without_overwritten_values(operations, num_bits=circuit.clbits)))


def _without_unwritten_bits(operations: Sequence[Operation]) -> Iterator[Operation]:
    written: set[int] = set()
    for operation in operations:
        condition = operation.condition
        if condition is not None:
            wanted = {bit: condition.eq >> place & 1 for place, bit in enumerate(condition.c)}
            if any(one and bit not in written for bit, one in wanted.items()):
                continue
            operation = operation._replace(  # the same operation under a shorter condition
                condition=_condition({bit: one for bit, one in wanted.items() if bit in written})
            )
        yield operation
        written.update(operation.c)


def _condition(wanted: dict[int, int]) -> Condition | None:
    if not wanted:
        return None
    return Condition(tuple(wanted), sum(one << place for place, one in enumerate(wanted.values())))


def _without_overwritten_values(operations: Sequence[Operation], *, num_bits: int) -> list[Operation]:
    read_later, used_later = set(range(num_bits)), set[int]()
    kept: list[Operation] = []
    for operation in reversed(operations):
        if operation.op == MEASURE:
            pairs = [
                (qubit, clbit)
                for qubit, clbit in zip(operation.q, operation.c, strict=True)
                if clbit in read_later or qubit in used_later
            ]
            if len(pairs) < len(operation.q):
                operation = operation._replace(  # the same operation on fewer qubits
                    q=tuple(qubit for qubit, _ in pairs), c=tuple(clbit for _, clbit in pairs)
                )
            if not pairs:
                continue
            if operation.condition is None:
                read_later.difference_update(operation.c)
        if operation.condition is not None:
            read_later.update(operation.condition.c)
        if operation.op != BARRIER:
            used_later.update(operation.q)
        kept.append(operation)
    return kept[::-1]
