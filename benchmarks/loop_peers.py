"""The energies and gradients of `loops.py` by other libraries, each as its users write it, where they are installed.

An energy is a function from the parameters to a number; a gradient gives the value too. Circuits are built once, before
anything is timed. Sampled energies have 4,096 shots, or what the library has in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

__all__ = ["ENERGIES", "GRADIENTS", "SHOTS", "Workload"]

SHOTS = 4_096
LAYERS = 3

Energy = Callable[[Any], float]
Gradient = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Workload:
    """An ansatz and a Hamiltonian: layers of RY on every qubit and a chain of CX.

    Attributes:
        name: What the tables call it.
        qubits: How many.
        terms: Pauli strings, leftmost letter on the highest qubit, and their coefficients.
    """

    name: str
    qubits: int
    terms: tuple[tuple[str, float], ...]

    @property
    def parameters(self) -> int:
        """Number of angles."""
        return self.qubits * LAYERS

    @property
    def start(self) -> list[float]:
        """Where every loop begins."""
        return [0.1 * (index % 7) - 0.3 for index in range(self.parameters)]

    @property
    def groups(self) -> tuple[str, str]:
        """The two bases that measure all terms."""
        return "X" * self.qubits, "Z" * self.qubits

    def program(self, arguments: str) -> str:
        """Return the same in Eigen-Lang; `arguments` are those of `minimize`."""
        return (
            f"H = Observable({dict(self.terms)!r})\n\n\n@hybrid_program\ndef main():\n"
            f"    angles = ParamVector('a', {self.parameters}, 0.0)\n    q = QubitRegister({self.qubits})\n"
            f"    for layer in range({LAYERS}):\n        for i in range(q.size):\n"
            f"            ry(q[i], angles[layer * q.size + i])\n"
            "        for a, b in zip(q, q[1:]):\n            cx(a, b)\n"
            f"    minimize(ExpectationValue('energy', H), {self.start!r}, {arguments})\n"
        )

    def supports(self) -> list[tuple[float, list[tuple[str, int]]]]:
        """Return each term as its coefficient and (letter, qubit) pairs, identities left out."""
        return [
            (value, [(letter, qubit) for qubit, letter in enumerate(reversed(text)) if letter != "I"])
            for text, value in self.terms
        ]


def _qulacs_circuit(work: Workload) -> tuple[Any, Any, Any]:
    from qulacs import Observable, ParametricQuantumCircuit, QuantumState

    circuit = ParametricQuantumCircuit(work.qubits)
    for _ in range(LAYERS):
        for qubit in range(work.qubits):
            circuit.add_parametric_RY_gate(qubit, 0.0)
        for qubit in range(work.qubits - 1):
            circuit.add_CNOT_gate(qubit, qubit + 1)
    observable = Observable(work.qubits)
    for value, support in work.supports():
        observable.add_operator(value, " ".join(f"{letter} {qubit}" for letter, qubit in support))
    return circuit, observable, QuantumState(work.qubits)


def _set(circuit: Any, x: Sequence[float]) -> None:
    for index, value in enumerate(x):  # its RY turns the other way
        circuit.set_parameter(index, -float(value))


def _qulacs(work: Workload) -> Energy:
    circuit, observable, state = _qulacs_circuit(work)

    def energy(x: Any) -> float:
        _set(circuit, x)
        state.set_zero_state()
        circuit.update_quantum_state(state)
        return float(observable.get_expectation_value(state))

    return energy


def _qulacs_sampled(work: Workload) -> Energy:
    from qulacs import QuantumCircuit

    circuit, _, state = _qulacs_circuit(work)
    turn = QuantumCircuit(work.qubits)
    for qubit in range(work.qubits):
        turn.add_H_gate(qubit)
    masks = {letter: _masks(work, letter) for letter in "XZ"}

    def energy(x: Any) -> float:
        _set(circuit, x)
        state.set_zero_state()
        circuit.update_quantum_state(state)
        value = _mean(np.array(state.sampling(SHOTS // 2)), masks["Z"])
        turn.update_quantum_state(state)
        return value + _mean(np.array(state.sampling(SHOTS // 2)), masks["X"]) + _constant(work)

    return energy


def _masks(work: Workload, letter: str) -> list[tuple[int, float]]:
    return [
        (sum(1 << qubit for _, qubit in support), value)
        for value, support in work.supports()
        if support and {one for one, _ in support} == {letter}
    ]


def _mean(outcomes: Any, masks: Sequence[tuple[int, float]]) -> float:
    return sum(
        value * float(np.mean(1 - 2 * (np.bitwise_count(outcomes & mask) & 1).astype(int))) for mask, value in masks
    )


def _constant(work: Workload) -> float:
    return sum(value for value, support in work.supports() if not support)


def _qulacs_gradient(work: Workload) -> Gradient:
    circuit, observable, _ = _qulacs_circuit(work)
    energy = _qulacs(work)

    def gradient(x: Any) -> Any:
        _set(circuit, x)
        return energy(x), -np.array(circuit.backprop(observable))

    return gradient


def _pennylane_node(work: Workload, *, shots: int | None) -> Any:
    import pennylane as qml

    letters = {"X": qml.PauliX, "Y": qml.PauliY, "Z": qml.PauliZ}
    operators = []
    for _, support in work.supports():
        factors = [letters[letter](qubit) for letter, qubit in support] or [qml.Identity(0)]
        operators.append(qml.prod(*factors) if len(factors) > 1 else factors[0])
    hamiltonian = qml.Hamiltonian([value for value, _ in work.supports()], operators, grouping_type="qwc")

    def circuit(x: Any) -> Any:
        for layer in range(LAYERS):
            for qubit in range(work.qubits):
                qml.RY(x[layer * work.qubits + qubit], wires=qubit)
            for qubit in range(work.qubits - 1):
                qml.CNOT(wires=[qubit, qubit + 1])
        return qml.expval(hamiltonian)

    device = qml.device("lightning.qubit", wires=work.qubits)
    node = qml.QNode(circuit, device, diff_method="adjoint" if shots is None else None)
    return node if shots is None else qml.set_shots(node, shots=shots)


def _pennylane(work: Workload, *, shots: int | None = None) -> Energy:
    node = _pennylane_node(work, shots=shots)
    return lambda x: float(node(x))


def _pennylane_gradient(work: Workload) -> Gradient:
    import pennylane as qml

    node = _pennylane_node(work, shots=None)
    gradient = qml.grad(node)

    def of(x: Any) -> Any:
        return node(x), gradient(qml.numpy.array(x, requires_grad=True))

    return of


def _qiskit_circuit(work: Workload) -> tuple[Any, Any]:
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector
    from qiskit.quantum_info import SparsePauliOp

    angles = ParameterVector("a", work.parameters)
    circuit = QuantumCircuit(work.qubits)
    for layer in range(LAYERS):
        for qubit in range(work.qubits):
            circuit.ry(angles[layer * work.qubits + qubit], qubit)
        for qubit in range(work.qubits - 1):
            circuit.cx(qubit, qubit + 1)
    return circuit, SparsePauliOp.from_list(list(work.terms))


def _estimated(estimator: Any, work: Workload, *, precision: float) -> Energy:
    circuit, observable = _qiskit_circuit(work)
    return lambda x: float(estimator.run([(circuit, observable, x)], precision=precision).result()[0].data.evs)


def _statevector_estimator(work: Workload, *, precision: float = 0.0) -> Energy:
    from qiskit.primitives import StatevectorEstimator

    return _estimated(StatevectorEstimator(seed=1), work, precision=precision)


def _aer_estimator(work: Workload, *, precision: float = 0.0) -> Energy:
    from qiskit_aer.primitives import EstimatorV2

    return _estimated(EstimatorV2(), work, precision=precision)


def _reverse_gradient(work: Workload) -> Gradient:
    from qiskit_algorithms.gradients import ReverseEstimatorGradient

    circuit, observable = _qiskit_circuit(work)
    gradient, energy = ReverseEstimatorGradient(), _statevector_estimator(work)
    return lambda x: (energy(x), gradient.run([circuit], [observable], [list(x)]).result().gradients[0])


def _cudaq(work: Workload, *, shots: int = -1) -> Energy:
    import cudaq
    from cudaq import spin

    cudaq.set_target("qpp-cpu")
    kernel, angles = cudaq.make_kernel(list)
    qubits = kernel.qalloc(work.qubits)
    for layer in range(LAYERS):
        for qubit in range(work.qubits):
            kernel.ry(angles[layer * work.qubits + qubit], qubits[qubit])
        for qubit in range(work.qubits - 1):
            kernel.cx(qubits[qubit], qubits[qubit + 1])
    letters = {"X": spin.x, "Y": spin.y, "Z": spin.z}
    hamiltonian = 0.0 * spin.i(0)
    for value, support in work.supports():
        product = value * spin.i(0)
        for letter, qubit in support:
            product = product * letters[letter](qubit)
        hamiltonian = hamiltonian + product
    return lambda x: float(cudaq.observe(kernel, hamiltonian, list(x), shots_count=shots).expectation())


def _installed(functions: Mapping[str, tuple[str, Callable[[Workload], Any]]]) -> dict[str, Callable[[Workload], Any]]:
    return {name: make for name, (package, make) in functions.items() if find_spec(package) is not None}


ENERGIES: Mapping[bool, Mapping[str, Callable[[Workload], Energy]]] = {
    False: _installed(
        {
            "bare qulacs": ("qulacs", _qulacs),
            "PennyLane lightning.qubit": ("pennylane_lightning", _pennylane),
            "Qiskit StatevectorEstimator": ("qiskit", _statevector_estimator),
            "Aer EstimatorV2": ("qiskit_aer", _aer_estimator),
            "CUDA-Q qpp-cpu": ("cudaq", _cudaq),
        }
    ),
    True: _installed(
        {
            "bare qulacs": ("qulacs", _qulacs_sampled),
            "PennyLane lightning.qubit": ("pennylane_lightning", lambda work: _pennylane(work, shots=SHOTS)),
            "Qiskit StatevectorEstimator": (
                "qiskit",
                lambda work: _statevector_estimator(work, precision=1 / SHOTS**0.5),
            ),
            "Aer EstimatorV2": ("qiskit_aer", lambda work: _aer_estimator(work, precision=1 / SHOTS**0.5)),
            "CUDA-Q qpp-cpu": ("cudaq", lambda work: _cudaq(work, shots=SHOTS)),
        }
    ),
}
"""Exact and sampled energies by library."""

GRADIENTS: Mapping[str, Callable[[Workload], Gradient]] = _installed(
    {
        "bare qulacs, backprop": ("qulacs", _qulacs_gradient),
        "PennyLane lightning.qubit, adjoint": ("pennylane_lightning", _pennylane_gradient),
        "Qiskit ReverseEstimatorGradient": ("qiskit_algorithms", _reverse_gradient),
    }
)
"""Values with exact gradients by library."""
