"""Measurements that stand side by side, as one operation: the form that AQO is usually written in."""

from __future__ import annotations

from collections.abc import Iterable

from eigen.contracts.aqo import Operation
from eigen.contracts.gates import MEASURE

__all__ = ["joined_measurements"]


def joined_measurements(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Return operations with each run of plain measurements of different qubits into different bits joined.

    Args:
        operations: In order of execution.

    Example:
        >>> joined_measurements([Operation("MEASURE", (0,), c=(0,)), Operation("MEASURE", (2,), c=(1,))])[0].q
        (0, 2)
    """
    joined: list[Operation] = []
    run: list[Operation] = []
    qubits: set[int] = set()
    clbits: set[int] = set()
    for operation in operations:
        is_plain = operation.op == MEASURE and operation.condition is None and not operation.basis
        if not is_plain or not qubits.isdisjoint(operation.q) or not clbits.isdisjoint(operation.c):
            joined += _as_one(run)
            run, qubits, clbits = [], set(), set()
        if is_plain:
            run.append(operation)
            qubits.update(operation.q)
            clbits.update(operation.c)
        else:
            joined.append(operation)
    return (*joined, *_as_one(run))


def _as_one(run: list[Operation]) -> list[Operation]:
    if len(run) < 2:
        return run
    q = tuple(qubit for one in run for qubit in one.q)
    return [Operation(MEASURE, q, c=tuple(bit for one in run for bit in one.c))]
