"""Plain circuits in Aer's own form, instruction by instruction.

Aer's own assembler makes a Python object of every instruction, three times over, and takes several times what the
simulation of a small circuit does. Gates without conditions, measurements and what is saved can be told to Aer's
circuit by name, qubits and numbers alone; a circuit that holds anything else is left to that assembler.

Internal to qiskit-aer, as all that `controller` calls, and held against `AerSimulator.run` like it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import ParameterExpression

from eigen.contracts.gates import GATES

__all__ = ["assembled_plainly"]

_UNCONDITIONAL = -1


def assembled_plainly(circuit: QuantumCircuit) -> Any:
    """Return Aer's circuit, one operation for each instruction, or None where one is none of those told here.

    Angles that are parameters are 0 in it.
    """
    from qiskit_aer.backends.backend_utils import CircuitHeader
    from qiskit_aer.backends.controller_wrappers import AerCircuit

    if not circuit.count_ops().keys() <= _TELL.keys():
        return None
    made = AerCircuit()
    made.set_header(
        CircuitHeader(
            n_qubits=circuit.num_qubits,
            qreg_sizes=[[one.name, one.size] for one in circuit.qregs],
            memory_slots=circuit.num_clbits,
            creg_sizes=[[one.name, one.size] for one in circuit.cregs],
            name=circuit.name,
            global_phase=0.0,
        )
    )
    made.num_qubits, made.num_memory = circuit.num_qubits, circuit.num_clbits
    place_of = {bit: place for bits in (circuit.qubits, circuit.clbits) for place, bit in enumerate(bits)}
    for one in circuit.data:
        _TELL[one.name](made, one, [place_of[qubit] for qubit in one.qubits], [place_of[bit] for bit in one.clbits])
    return made


def _tell_gate(made: Any, instruction: Any, qubits: Sequence[int], clbits: Sequence[int]) -> None:
    angles = [0.0 if isinstance(one, ParameterExpression) else one for one in instruction.params]
    made.gate(instruction.name, qubits, angles, [], _UNCONDITIONAL, None, instruction.name)


def _tell_matrix(made: Any, instruction: Any, qubits: Sequence[int], clbits: Sequence[int]) -> None:
    made.unitary(qubits, instruction.operation.params[0], _UNCONDITIONAL, None, instruction.name)


def _tell_measurement(made: Any, instruction: Any, qubits: Sequence[int], clbits: Sequence[int]) -> None:
    made.measure(qubits, clbits, [])


def _tell_reset(made: Any, instruction: Any, qubits: Sequence[int], clbits: Sequence[int]) -> None:
    made.reset(qubits, _UNCONDITIONAL)


def _tell_saving(made: Any, instruction: Any, qubits: Sequence[int], clbits: Sequence[int]) -> None:
    saved = instruction.operation
    made.save_state(qubits, saved.name, saved._subtype, saved.label)


_TELL: Mapping[str, Callable[[Any, Any, Sequence[int], Sequence[int]], None]] = {
    **dict.fromkeys((gate.qiskit for gate in GATES.values()), _tell_gate),
    "unitary": _tell_matrix,
    "measure": _tell_measurement,
    "reset": _tell_reset,
    **dict.fromkeys(("save_probabilities", "save_stabilizer"), _tell_saving),
}
"""Instruction → tells Aer's circuit of it. Gates that Aer does not know are matrices here, see `lowering`."""
