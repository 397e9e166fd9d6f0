"""AQO to a Qiskit circuit that Aer runs as it stands, without transpilation. Runs in a worker only.

- A gate that the method knows is appended by Qiskit's method of the same name; another one by its matrix from the gate
  table, or (where the method takes no matrices) by a short sequence.
- Measuring in basis X or Y rotates, measures, and rotates back if the qubit is used again: the qubit is then in the
  measured eigenstate of X or Y. Where it is not used again the way back is left out, since an operation behind a
  measurement would cost Aer its sampling of all shots from one state.
- A condition becomes an `if` block around the operation, the rotations of a measurement included.
- Where the counts are drawn from probabilities (`sampling`), these are saved at the end in place of measuring; where
  from a tableau (`stabilizers`), that is saved in front of all measurements.
- Observables are saved in front of the measurements that end the circuit, which are put last.
- Noise, where there is any, stands behind each gate of the program and in front of each measurement (`noise`); the
  rotations of a measurement and resets have none.
- Barriers only matter to optimizers: they are left out, but for a circuit that is going to be transpiled.
- Each distinct symbolic angle becomes one Qiskit parameter, whose value is computed by the contract (`evaluate`), so
  that a binding is checked and rounded in one place. Binding is 5 to 7 times faster than lowering again. Only a
  symbolic angle of a gate that is run by its matrix forces the circuit to be lowered for each binding.

Bit order: AQO's classical bit k is Qiskit's clbit k.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.classical import expr
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.library import SaveExpectationValue, SaveProbabilities, SaveStabilizer

from eigen.contracts.aqo import AQO, Affine, Angle, Condition, Operation, PauliTerm, evaluate
from eigen.contracts.bases import INTO_BASIS, OUT_OF_BASIS, used_later
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.drivers.aer.noise import AerNoise
from eigen.drivers.aer.simulator import PROBABILITIES, TABLEAU, AerMethod
from eigen.drivers.simulator.sampling import Readout

__all__ = ["LoweredCircuit"]

_SEQUENCES: Mapping[str, tuple[tuple[str, tuple[int, ...]], ...]] = {
    # gate: (gate, positions among its qubits) in order, for methods that take no matrices
    "iswap": (("s", (0,)), ("s", (1,)), ("h", (0,)), ("cx", (0, 1)), ("cx", (1, 0)), ("h", (1,))),
}
_GATE_OF_OP = {gate.op: gate for gate in GATES.values()}


class LoweredCircuit:
    """A circuit made ready for one method.

    Args:
        circuit: What to run; one with observables has no measurement but at its end.
        method: How Aer will simulate it.
        readout: What is drawn from what the method saves, or None to measure.
        noise: What goes wrong, or None.

    Attributes:
        template: The circuit with a parameter for each symbolic angle; None where each binding has to be lowered.
        labels: Name of each observable to the name under which Aer gives its value, the constant left out; observables
            that are constants have none.
    """

    def __init__(
        self, circuit: AQO, method: AerMethod, *, readout: Readout | None = None, noise: AerNoise | None = None
    ) -> None:
        self._circuit = _measured_last(circuit) if circuit.observables else circuit
        self._method = method
        self._readout = readout
        self._noise = noise
        self._parameters: dict[Affine, Parameter] = {}
        self.labels = {
            name: f"observable{index}"
            for index, (name, terms) in enumerate(circuit.observables.items())
            if any(one.qubits for one in terms)
        }
        self.template = None if _has_symbolic_matrix(circuit, method) else self._lower(self._parameter)

    def values(self, binding: Mapping[str, float]) -> dict[Parameter, float]:
        """Return the value of each of the template's parameters.

        Args:
            binding: Value of each of the circuit's own parameters.

        Raises:
            InvalidArgumentError: A parameter has no value, or an angle is not finite.
        """
        return {parameter: evaluate(angle, binding) for angle, parameter in self._parameters.items()}

    def bound(self, binding: Mapping[str, float]) -> QuantumCircuit:
        """Return the circuit with all angles as numbers, lowered anew; arguments and errors as `values`."""
        return self._lower(lambda angle: evaluate(angle, binding))

    def _parameter(self, angle: Angle) -> Any:
        if not isinstance(angle, Affine):
            return angle
        if angle not in self._parameters:
            self._parameters[angle] = Parameter(f"angle{len(self._parameters)}")
        return self._parameters[angle]

    def _lower(self, value: Callable[[Angle], Any]) -> QuantumCircuit:
        lowered = QuantumCircuit(self._circuit.qubits, self._circuit.clbits)
        lower_gate = _gate_lowering(lowered, self._method, value)
        used_behind = used_later(self._circuit)
        are_saved = not self.labels
        for index, operation in enumerate(self._circuit.operations):
            if operation.op == BARRIER:
                if self._method.keeps_barriers:
                    lowered.barrier(operation.q)
                continue
            if operation.op == MEASURE and not are_saved:
                self._save_observables(lowered)
                are_saved = True
            if self._readout is not None and operation.op == MEASURE:
                _rotate(lowered, INTO_BASIS[operation.basis], operation.q)
                if self._noise is not None:
                    self._noise.append_measurement(lowered, operation.q)
            elif operation.condition is None:
                self._lower_one(lowered, operation, lower_gate, used_behind.get(index, ()))
            else:
                with lowered.if_test(_test(lowered, operation.condition)):
                    self._lower_one(lowered, operation, lower_gate, used_behind.get(index, ()))
        if not are_saved:
            self._save_observables(lowered)
        if self._readout is not None:
            self._save_for_draws(lowered, self._readout)
        return lowered

    def _save_for_draws(self, lowered: QuantumCircuit, readout: Readout) -> None:
        if self._method.drawn_from == PROBABILITIES:
            lowered.append(SaveProbabilities(len(readout.qubits), PROBABILITIES), readout.qubits)
        else:
            lowered.append(SaveStabilizer(lowered.num_qubits, TABLEAU), lowered.qubits)
            lowered.measure(readout.qubits, readout.clbits)

    def _lower_one(
        self,
        lowered: QuantumCircuit,
        operation: Operation,
        lower_gate: Callable[[Operation], None],
        used_behind: tuple[int, ...],
    ) -> None:
        if operation.op == MEASURE:
            _rotate(lowered, INTO_BASIS[operation.basis], operation.q)
            if self._noise is not None:
                self._noise.append_measurement(lowered, operation.q)
            lowered.measure(operation.q, operation.c)
            _rotate(lowered, OUT_OF_BASIS[operation.basis], used_behind)
        elif operation.op == RESET:
            lowered.reset(operation.q)
        else:
            lower_gate(operation)
            if self._noise is not None:
                self._noise.append_gate(lowered, operation.q)

    def _save_observables(self, lowered: QuantumCircuit) -> None:
        for name, label in self.labels.items():
            _save_expectation_value(lowered, self._circuit.observables[name], label)


def _save_expectation_value(lowered: QuantumCircuit, terms: tuple[PauliTerm, ...], label: str) -> None:
    products = [one for one in terms if one.qubits]
    qubits = sorted({qubit for one in products for qubit in one.qubits})
    place_of = {qubit: place for place, qubit in enumerate(qubits)}
    operator = SparsePauliOp.from_sparse_list(
        [(one.paulis, [place_of[qubit] for qubit in one.qubits], one.coefficient) for one in products],
        num_qubits=len(qubits),
    )
    lowered.append(SaveExpectationValue(operator, label), qubits)


def _measured_last(circuit: AQO) -> AQO:
    """Return a circuit with its measurements behind everything else; they end it in any case."""
    ordered = sorted(circuit.operations, key=lambda operation: operation.op == MEASURE)
    return replace(circuit, operations=tuple(ordered))


def _rotate(lowered: QuantumCircuit, gates: tuple[str, ...], qubits: tuple[int, ...]) -> None:
    for gate in gates:
        for qubit in qubits:
            getattr(lowered, gate)(qubit)


def _gate_lowering(
    lowered: QuantumCircuit, method: AerMethod, value: Callable[[Angle], Any]
) -> Callable[[Operation], None]:
    """Return the function that appends a gate to `lowered`."""
    native = {gate.op: getattr(lowered, gate.qiskit) for gate in GATES.values() if gate.name in method.native}

    def lower_gate(operation: Operation) -> None:
        append = native.get(operation.op)
        if append is not None:
            append(*map(value, operation.params), *operation.q)
        elif method.takes_matrices:
            matrix = _GATE_OF_OP[operation.op].unitary(*map(value, operation.params))
            lowered.unitary(np.array(matrix, dtype=np.complex128), operation.q)
        else:
            for name, positions in _SEQUENCES[operation.op.lower()]:
                native[name.upper()](*(operation.q[position] for position in positions))

    return lower_gate


def _test(lowered: QuantumCircuit, condition: Condition) -> Any:
    """Return Qiskit's condition that bit k of `eq` equals the classical bit `c[k]`, for all k."""
    bits = [lowered.clbits[index] for index in condition.c]
    if len(bits) == 1:
        return bits[0], condition.eq
    wanted = [condition.eq >> position & 1 for position in range(len(bits))]
    tests = [expr.lift(bit) if one else expr.logic_not(bit) for bit, one in zip(bits, wanted, strict=True)]
    test = tests[0]
    for other in tests[1:]:
        test = expr.logic_and(test, other)
    return test


def _has_symbolic_matrix(circuit: AQO, method: AerMethod) -> bool:
    native = {gate.op for gate in GATES.values() if gate.name in method.native}
    return any(
        operation.op in _GATE_OF_OP
        and operation.op not in native
        and any(isinstance(angle, Affine) for angle in operation.params)
        for operation in circuit.operations
    )
