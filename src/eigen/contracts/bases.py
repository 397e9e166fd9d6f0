"""What measuring in basis X or Y means in terms of the computational basis.

Theory: a rotation takes the basis' eigenstates to |0⟩ and |1⟩, the qubit is measured, and the way back leaves it in the
measured eigenstate. The way back matters only to a qubit that is used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from eigen.contracts.aqo import AQO
from eigen.contracts.gates import BARRIER

__all__ = ["INTO_BASIS", "OUT_OF_BASIS", "used_later"]

INTO_BASIS: Mapping[str, tuple[str, ...]] = MappingProxyType({"": (), "X": ("h",), "Y": ("sdg", "h")})
"""Gates before the measurement, in order, by `Operation.basis`."""

OUT_OF_BASIS: Mapping[str, tuple[str, ...]] = MappingProxyType({"": (), "X": ("h",), "Y": ("h", "s")})
"""Gates behind it that undo them."""


def used_later(circuit: AQO) -> dict[int, tuple[int, ...]]:
    """Return, for each measurement in basis X or Y by its index, those of its qubits that are used behind it."""
    if not any(operation.basis for operation in circuit.operations):
        return {}
    found: dict[int, tuple[int, ...]] = {}
    used: set[int] = set()
    for index in range(len(circuit.operations) - 1, -1, -1):
        operation = circuit.operations[index]
        if operation.op == BARRIER:
            continue
        if operation.basis:
            found[index] = tuple(qubit for qubit in operation.q if qubit in used)
        used.update(operation.q)
    return found
