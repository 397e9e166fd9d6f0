"""AQO to Qulacs' gates. Runs in a worker only.

- A gate with numbers is Qulacs' own where it has a kernel for it, else its matrix from the gate table, without the
  rows and columns of its controls.
- A gate with a symbolic angle is the product of its Pauli rotations (`eigen.contracts.rotations`), each with a
  parameter that is set for every binding, and that Qulacs differentiates.
- Qulacs' Pauli rotations are exp(+i θ/2 P): angles change their sign; those named `Rot` have ours.

Qubit 0 is the least significant bit, as in the gate table. A global phase may be lost, of a whole circuit only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import qulacs
from qulacs import gate as kernels

from eigen.contracts.aqo import Affine, Angle, Operation, evaluate
from eigen.contracts.gates import BARRIER, GATES
from eigen.contracts.rotations import ROTATIONS

__all__ = ["AngleTerm", "Circuit"]

_FIRST_QUBITS_TO_MERGE = 10
"""From how many qubits on merging gates costs less than it saves a circuit that is run once."""

_NOTHING = frozenset({BARRIER, "ID"})
_PAULI_NUMBERS = {"X": 1, "Y": 2, "Z": 3}
_GATE_OF_OP = {gate.op: gate for gate in GATES.values()}

_ADDERS: Mapping[str, Callable[..., None]] = {
    # AQO's name: adds the gate to a circuit by its qubits and angles, up to a global phase
    "X": qulacs.QuantumCircuit.add_X_gate,
    "Y": qulacs.QuantumCircuit.add_Y_gate,
    "Z": qulacs.QuantumCircuit.add_Z_gate,
    "H": qulacs.QuantumCircuit.add_H_gate,
    "S": qulacs.QuantumCircuit.add_S_gate,
    "SDG": qulacs.QuantumCircuit.add_Sdag_gate,
    "T": qulacs.QuantumCircuit.add_T_gate,
    "TDG": qulacs.QuantumCircuit.add_Tdag_gate,
    "SX": qulacs.QuantumCircuit.add_sqrtX_gate,
    "SXDG": qulacs.QuantumCircuit.add_sqrtXdag_gate,
    "CX": qulacs.QuantumCircuit.add_CNOT_gate,
    "CZ": qulacs.QuantumCircuit.add_CZ_gate,
    "SWAP": qulacs.QuantumCircuit.add_SWAP_gate,
    "CCX": lambda circuit, *q: circuit.add_gate(kernels.TOFFOLI(*q)),
    "CSWAP": lambda circuit, *q: circuit.add_gate(kernels.FREDKIN(*q)),
    "RX": qulacs.QuantumCircuit.add_RotX_gate,
    "RY": qulacs.QuantumCircuit.add_RotY_gate,
    "RZ": qulacs.QuantumCircuit.add_RotZ_gate,
    "P": qulacs.QuantumCircuit.add_U1_gate,
    "U": qulacs.QuantumCircuit.add_U3_gate,
    "CP": lambda circuit, control, target, lam: circuit.add_gate(
        _controlled(kernels.to_matrix_gate(kernels.U1(target, lam)), (control,))
    ),
    "RZZ": lambda circuit, a, b, theta: circuit.add_multi_Pauli_rotation_gate([a, b], [3, 3], -theta),
}
_NUM_CONTROLS = {
    **dict.fromkeys(("CY", "CH", "CS", "CSDG", "CSX", "CRX", "CRY", "CRZ", "CU"), 1),
    "CCZ": 2,
}


class AngleTerm(NamedTuple):
    """A parameter of Qulacs: the sum of coefficient × angle.

    Attributes:
        terms: (coefficient, angle); an angle is symbolic or a number.
    """

    terms: tuple[tuple[float, Angle], ...]

    def value(self, binding: Mapping[str, float]) -> float:
        """Return its value in radians; raises what `evaluate` raises."""
        return sum(coefficient * evaluate(angle, binding) for coefficient, angle in self.terms)


class Circuit:
    """Gates without measurements or conditions, for Qulacs.

    Args:
        operations: The gates; barriers are left out.
        num_qubits: Of the whole circuit.

    Attributes:
        parameters: What each of its parameters is, in Qulacs' sign.
        circuit: Qulacs' circuit.
    """

    def __init__(self, operations: Iterable[Operation], *, num_qubits: int) -> None:
        lowered = [one for one in operations if one.op not in _NOTHING]
        is_symbolic = any(type(angle) is Affine for one in lowered for angle in one.params)
        self.parameters: list[AngleTerm] = []
        self.circuit: Any = (qulacs.ParametricQuantumCircuit if is_symbolic else qulacs.QuantumCircuit)(num_qubits)
        for operation in lowered:
            add = _ADDERS.get(operation.op)
            if is_symbolic and any(type(angle) is Affine for angle in operation.params):
                self._add_rotations(operation)
            elif add is not None:
                add(self.circuit, *operation.q, *operation.params)
            else:
                self.circuit.add_gate(_matrix_gate(operation))
        if not is_symbolic and num_qubits >= _FIRST_QUBITS_TO_MERGE:
            qulacs.circuit.QuantumCircuitOptimizer().optimize_light(self.circuit)

    def bind(self, binding: Mapping[str, float]) -> None:
        """Set the angles.

        Raises:
            InvalidArgumentError: A parameter has no value, or an angle is not finite.
        """
        for index, parameter in enumerate(self.parameters):
            self.circuit.set_parameter(index, parameter.value(binding))

    def run(self, state: qulacs.QuantumState) -> None:
        """Change a state."""
        self.circuit.update_quantum_state(state)

    def _add_rotations(self, operation: Operation) -> None:
        for rotation in ROTATIONS[operation.op.lower()]:
            scaled = zip(rotation.coefficients, operation.params, strict=True)
            self.parameters.append(AngleTerm(tuple((-factor, angle) for factor, angle in scaled if factor)))
            qubits = [operation.q[position] for position in rotation.positions]
            self._add_rotation(rotation.paulis, qubits)

    def _add_rotation(self, paulis: str, qubits: Sequence[int]) -> None:
        if len(paulis) == 1:
            getattr(self.circuit, f"add_parametric_R{paulis}_gate")(*qubits, 0.0)
        else:
            numbers = [_PAULI_NUMBERS[letter] for letter in paulis]
            self.circuit.add_parametric_multi_Pauli_rotation_gate(list(qubits), numbers, 0.0)


def _matrix_gate(operation: Operation) -> Any:
    """Return a gate whose angles are numbers, by its matrix."""
    matrix = np.array(_GATE_OF_OP[operation.op].unitary(*operation.params), dtype=np.complex128)
    num_controls = _NUM_CONTROLS.get(operation.op, 0)
    first = (1 << num_controls) - 1
    inner = matrix[first :: first + 1, first :: first + 1]
    return _controlled(kernels.DenseMatrix(list(operation.q[num_controls:]), inner), operation.q[:num_controls])


def _controlled(gate: Any, controls: Iterable[int]) -> Any:
    for control in controls:
        gate.add_control_qubit(control, 1)
    return gate
