"""AQO to Stim's instructions. Runs in a worker only.

Gates with angles are quarter turns about Pauli products (`eigen.contracts.rotations`), which Stim has as `SPP`.
Measuring in basis X or Y is Stim's own `MX` and `MY`, which leave the qubit in the measured eigenstate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

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
    return stim.Circuit("\n".join(line for operation in operations for line in _lines(operation)))


def _lines(operation: Operation) -> Iterator[str]:
    """Yield instructions as text, which Stim reads faster than it takes objects."""
    if operation.op == BARRIER:
        return
    name = _MEASUREMENTS[operation.basis] if operation.op == MEASURE else _INSTRUCTIONS.get(operation.op)
    if name is not None:
        yield f"{name} {' '.join(map(str, operation.q))}"
    else:
        yield from (_turn_line(turn, operation.q) for turn in _turns(operation))


def _turns(operation: Operation) -> Iterable[QuarterTurn]:
    if operation.op == "ECR":
        return _ECHOED_CROSS_RESONANCE
    turns = quarter_turns(operation.op, operation.params)
    if turns is None:
        raise UnimplementedError(
            f"{quoted(operation.op.lower())} with these angles is not a Clifford gate", reason="DEVICE_CAPABILITY"
        )
    return turns


def _turn_line(turn: QuarterTurn, qubits: tuple[int, ...]) -> str:
    letters = [f"{letter}{qubits[position]}" for position, letter in zip(turn.positions, turn.paulis, strict=True)]
    if turn.quarters == 2:
        return "\n".join(f"{letter[0]} {letter[1:]}" for letter in letters)
    return f"{'SPP' if turn.quarters == 1 else 'SPP_DAG'} {'*'.join(letters)}"
