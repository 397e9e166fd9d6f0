"""AQO to Stim's instructions. Runs in a worker only.

Gates with angles are quarter turns about Pauli products (`eigen.contracts.rotations`), which Stim has as `SPP`.
Measuring in basis X or Y is Stim's own `MX` and `MY`, which leave the qubit in the measured eigenstate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import stim

from eigen.contracts.aqo import Operation
from eigen.contracts.errors import UnimplementedError
from eigen.contracts.gates import BARRIER, MEASURE, RESET
from eigen.contracts.printable import quoted
from eigen.contracts.rotations import QuarterTurn, quarter_turns

__all__ = ["lowered"]

_INSTRUCTIONS: Mapping[str, str] = {
    "ID": "I",
    "X": "X",
    "Y": "Y",
    "Z": "Z",
    "H": "H",
    "S": "S",
    "SDG": "S_DAG",
    "SX": "SQRT_X",
    "SXDG": "SQRT_X_DAG",
    "CX": "CX",
    "CY": "CY",
    "CZ": "CZ",
    "SWAP": "SWAP",
    "ISWAP": "ISWAP",
    RESET: "R",
}
_MEASUREMENTS: Mapping[str, str] = {"": "M", "X": "MX", "Y": "MY"}
_ECHOED_CROSS_RESONANCE = (QuarterTurn("ZX", (0, 1), 1), QuarterTurn("X", (0,), 2))


def lowered(operations: Iterable[Operation]) -> stim.Circuit:
    """Return Stim's circuit of operations without conditions; measurements are recorded in their order.

    Raises:
        UnimplementedError: A gate is not a Clifford gate.
    """
    circuit = stim.Circuit()
    for operation in operations:
        if operation.op == BARRIER:
            continue
        if operation.op == MEASURE:
            circuit.append(_MEASUREMENTS[operation.basis], operation.q)
        elif operation.op in _INSTRUCTIONS:
            circuit.append(_INSTRUCTIONS[operation.op], operation.q)
        else:
            for turn in _turns(operation):
                _append(circuit, turn, operation.q)
    return circuit


def _turns(operation: Operation) -> Iterable[QuarterTurn]:
    if operation.op == "ECR":
        return _ECHOED_CROSS_RESONANCE
    turns = quarter_turns(operation.op, operation.params)
    if turns is None:
        raise UnimplementedError(
            f"{quoted(operation.op.lower())} with these angles is not a Clifford gate", reason="DEVICE_CAPABILITY"
        )
    return turns


def _append(circuit: stim.Circuit, turn: QuarterTurn, qubits: tuple[int, ...]) -> None:
    letters = [(qubits[position], letter) for position, letter in zip(turn.positions, turn.paulis, strict=True)]
    if turn.quarters == 2:
        for qubit, letter in letters:
            circuit.append(letter, [qubit])
        return
    targets: list[stim.GateTarget] = []
    for qubit, letter in letters:
        targets += [stim.target_combiner()] if targets else []
        targets.append(stim.target_pauli(qubit, letter))
    circuit.append("SPP" if turn.quarters == 1 else "SPP_DAG", targets)
