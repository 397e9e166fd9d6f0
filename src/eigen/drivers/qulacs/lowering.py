"""AQO to Qulacs' gates. Runs in a worker only.

- A gate with numbers is Qulacs' own where it has a kernel for it, else its matrix from the gate table, without the
  rows and columns of its controls.
- A gate with a symbolic angle is the product of its Pauli rotations (`eigen.contracts.rotations`), each with a
  parameter that is set for every binding, and that Qulacs differentiates.
- Qulacs' rotations are exp(+i θ/2 P): angles change their sign.

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

_PAULI_NUMBERS = {"X": 1, "Y": 2, "Z": 3}
_GATE_OF_OP = {gate.op: gate for gate in GATES.values()}

_KERNELS: Mapping[str, Callable[..., Any]] = {
    # AQO's name: Qulacs' function of the qubits
    "X": kernels.X,
    "Y": kernels.Y,
    "Z": kernels.Z,
    "H": kernels.H,
    "S": kernels.S,
    "SDG": kernels.Sdag,
    "T": kernels.T,
    "TDG": kernels.Tdag,
    "SX": kernels.sqrtX,
    "SXDG": kernels.sqrtXdag,
    "CX": kernels.CNOT,
    "CZ": kernels.CZ,
    "SWAP": kernels.SWAP,
    "CCX": kernels.TOFFOLI,
    "CSWAP": kernels.FREDKIN,
}
_KERNELS_WITH_ANGLES: Mapping[str, Callable[..., Any]] = {
    # AQO's name: Qulacs' gate on its qubits by its angles, up to a global phase
    "RX": lambda q, theta: kernels.RX(q[0], -theta),
    "RY": lambda q, theta: kernels.RY(q[0], -theta),
    "RZ": lambda q, theta: kernels.RZ(q[0], -theta),
    "P": lambda q, lam: kernels.U1(q[0], lam),
    "U": lambda q, theta, phi, lam: kernels.U3(q[0], theta, phi, lam),
    "RZZ": lambda q, theta: kernels.PauliRotation(list(q), [3, 3], -theta),
}
_NUM_CONTROLS = {
    **dict.fromkeys(("CY", "CH", "CS", "CSDG", "CSX", "CP", "CRX", "CRY", "CRZ", "CU"), 1),
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
        lowered = [one for one in operations if one.op not in (BARRIER, "ID")]
        is_symbolic = any(isinstance(angle, Affine) for one in lowered for angle in one.params)
        self.parameters: list[AngleTerm] = []
        self.circuit: Any = (qulacs.ParametricQuantumCircuit if is_symbolic else qulacs.QuantumCircuit)(num_qubits)
        for operation in lowered:
            if any(isinstance(angle, Affine) for angle in operation.params):
                self._add_rotations(operation)
            else:
                self.circuit.add_gate(_gate(operation))
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


def _gate(operation: Operation) -> Any:
    """Return a gate whose angles are numbers."""
    kernel = _KERNELS.get(operation.op)
    if kernel is not None:
        return kernel(*operation.q)
    kernel = _KERNELS_WITH_ANGLES.get(operation.op)
    if kernel is not None:
        return kernel(operation.q, *operation.params)
    matrix = np.array(_GATE_OF_OP[operation.op].unitary(*operation.params), dtype=np.complex128)
    num_controls = _NUM_CONTROLS.get(operation.op, 0)
    first = (1 << num_controls) - 1
    inner = matrix[first :: first + 1, first :: first + 1]
    made = kernels.DenseMatrix(list(operation.q[num_controls:]), inner)
    for control in operation.q[:num_controls]:
        made.add_control_qubit(control, 1)
    return made
