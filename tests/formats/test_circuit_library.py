"""Qiskit's circuit library through OpenQASM, out and in again: each circuit keeps its unitary or its distribution."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm2, qasm3
from qiskit.circuit import library
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Operator
from qiskit_aer import AerSimulator

from eigen.compiler.openqasm.reader import read_openqasm
from eigen.contracts.aqo import AQO
from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.gates import GATES
from eigen.formats.openqasm_export import to_openqasm2, to_openqasm3
from eigen.formats.qiskit_circuit import from_qiskit
from eigen.verification.exact_distribution import exact_distribution

LIBRARY: dict[str, Callable[[], QuantumCircuit]] = {
    "QFT": lambda: library.QFTGate(4).definition,
    "GHZ": lambda: _ghz(4),
    "efficient SU(2)": lambda: _bound(library.efficient_su2(3, reps=2)),
    "real amplitudes": lambda: _bound(library.real_amplitudes(4, reps=2)),
    "n-local": lambda: _bound(library.n_local(3, ["rx", "rz"], "rzz", reps=1)),
    "excitation preserving": lambda: _bound(library.excitation_preserving(3, reps=1)),
    "Pauli two design": lambda: _bound(library.pauli_two_design(3, reps=2, seed=3)),
    "Z feature map": lambda: _bound(library.z_feature_map(3)),
    "ZZ feature map": lambda: _bound(library.zz_feature_map(3)),
    "quantum volume": lambda: library.quantum_volume(3, 2, seed=5),
    "IQP": lambda: library.random_iqp(3, seed=2),
    "graph state": lambda: library.GraphStateGate([[0, 1, 1], [1, 0, 0], [1, 0, 0]]).definition,
    "multi-controlled X": lambda: _of(library.MCXGate(4), 5),
    "multi-controlled phase": lambda: _of(library.MCPhaseGate(0.3, 3), 4),
    "controlled U on 0": lambda: _of(library.UGate(0.1, 0.2, 0.3).control(2, ctrl_state=1, annotated=False), 3),
    "inverse of iSWAP": lambda: _of(library.iSwapGate().inverse(), 2),
    "power of SX": lambda: _of(library.SXGate().power(0.5), 1),
    "XX plus YY": lambda: _of(library.XXPlusYYGate(0.4, 0.7), 2),
    "XX minus YY": lambda: _of(library.XXMinusYYGate(0.4, 0.7), 2),
    "DCX": lambda: _of(library.DCXGate(), 2),
    "RCCX": lambda: _of(library.RCCXGate(), 3),
    "RC3X": lambda: _of(library.RC3XGate(), 4),
    "C3SX": lambda: _of(library.C3SXGate(), 4),
    "RV": lambda: _of(library.RVGate(0.1, 0.2, 0.3), 1),
    "unitary": lambda: _of(library.UnitaryGate(np.array([[1, 1], [1, -1]]) / math.sqrt(2)), 1),
    "comparator": lambda: _of(library.IntegerComparatorGate(2, 3), 3),
    "inner product": lambda: library.InnerProductGate(2).definition,
    "and": lambda: library.AndGate(2).definition,
    "linear Pauli rotations": lambda: library.LinearPauliRotationsGate(2, 0.3, 0.1).definition,
}


def _of(gate: object, num_qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(num_qubits)
    circuit.append(gate, range(num_qubits))
    return circuit


def _ghz(size: int) -> QuantumCircuit:
    circuit = QuantumCircuit(size)
    circuit.h(0)
    for qubit in range(size - 1):
        circuit.cx(qubit, qubit + 1)
    return circuit


def _bound(circuit: QuantumCircuit) -> QuantumCircuit:
    return circuit.assign_parameters([0.1 + 0.3 * index for index in range(circuit.num_parameters)])


def read(text: str, language: Language) -> AQO:
    return read_openqasm(ProgramSource(content=text.encode(), language=language)).circuit


def unitary(circuit: AQO) -> np.ndarray:
    """The product of the gate table's matrices; axes: row, column; qubit 0 least significant."""
    size = 1 << circuit.qubits
    product = np.eye(size, dtype=complex)
    for operation in circuit.operations:
        if operation.op == "BARRIER":
            continue
        matrix = np.array(GATES[operation.op.lower()].unitary(*operation.params))
        whole = np.zeros((size, size), dtype=complex)
        mask = sum(1 << qubit for qubit in operation.q)
        for column in range(size):
            inner = sum((column >> qubit & 1) << place for place, qubit in enumerate(operation.q))
            for row, amplitude in enumerate(matrix[:, inner]):
                spread = sum((row >> place & 1) << qubit for place, qubit in enumerate(operation.q))
                whole[column & ~mask | spread, column] += amplitude
        product = whole @ product
    return product


def assert_same_up_to_phase(one: np.ndarray, other: np.ndarray) -> None:
    overlap = np.vdot(one, other) / len(one)
    assert abs(abs(overlap) - 1) < 1e-7
    assert np.allclose(one * cmath.exp(1j * cmath.phase(overlap)), other, atol=1e-7)


@pytest.mark.parametrize("name", LIBRARY)
def test_a_circuit_of_the_library_keeps_its_unitary(name: str) -> None:
    """In Qiskit's words and in ours, OpenQASM 3 and 2; the oracle is Qiskit's own operator."""
    circuit = LIBRARY[name]()
    expected = Operator(circuit).data
    ours = from_qiskit(circuit)
    assert_same_up_to_phase(expected, unitary(ours))
    for text, language in (
        (qasm3.dumps(circuit), Language.OPENQASM3),
        (to_openqasm3(ours), Language.OPENQASM3),
        (qasm2.dumps(circuit), Language.OPENQASM2),
        (to_openqasm2(ours), Language.OPENQASM2),
    ):
        assert_same_up_to_phase(expected, unitary(read(text, language)))


def test_parameters_keep_their_places_through_qiskits_words() -> None:
    ansatz = library.real_amplitudes(3, reps=1)
    values = {f"θ[{index}]": 0.2 + 0.1 * index for index in range(ansatz.num_parameters)}
    expected = Operator(ansatz.assign_parameters(list(values.values()))).data
    back = read(qasm3.dumps(ansatz), Language.OPENQASM3)
    assert len(back.parameters) == len(values)
    bound = read(
        to_openqasm3(back, binding=dict(zip(back.parameters, values.values(), strict=True))), Language.OPENQASM3
    )
    assert_same_up_to_phase(expected, unitary(bound))


def _feed_forward() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(2, "c"), ClassicalRegister(1, "d"))
    circuit.h(0)
    circuit.ry(0.7, 1)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.cregs[0], 2)) as otherwise:
        circuit.x(2)
    with otherwise:
        circuit.ry(0.4, 2)
    with circuit.if_test(expr.logic_or(circuit.clbits[0], expr.logic_not(circuit.clbits[1]))):
        circuit.ry(0.3, 2)
    with circuit.for_loop(range(3)) as _:
        circuit.rx(0.2, 2)
    circuit.measure(2, 2)
    return circuit


def _switched() -> QuantumCircuit:
    circuit = _feed_forward()
    with circuit.switch(circuit.cregs[0]) as case:
        with case(0, 3):
            circuit.ry(0.9, 0)
        with case(1):
            circuit.x(1)
        with case(case.DEFAULT):
            circuit.h(0)
    circuit.measure(0, 2)
    return circuit


def _with_reset() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.ry(0.8, 0)
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.h(0)
    circuit.measure([0, 1], [1, 0])
    return circuit


@pytest.mark.parametrize("make", [_feed_forward, _switched, _with_reset])
def test_control_flow_in_qiskits_words_keeps_its_distribution(make: Callable[[], QuantumCircuit]) -> None:
    circuit = make()
    expected = exact_distribution(from_qiskit(circuit))
    for text in (qasm3.dumps(circuit), to_openqasm3(from_qiskit(circuit))):
        found = exact_distribution(read(text, Language.OPENQASM3))
        assert all(abs(found.get(bits, 0) - expected.get(bits, 0)) < 1e-9 for bits in found.keys() | expected.keys())


def test_aer_agrees_with_a_switch() -> None:
    """Aer runs the switch itself; each outcome within five standard deviations."""
    circuit, shots = _switched(), 4_000
    counts = AerSimulator(seed_simulator=7).run(circuit, shots=shots).result().get_counts()
    found = {bits.replace(" ", ""): count for bits, count in counts.items()}
    for bits, probability in exact_distribution(from_qiskit(circuit)).items():
        deviation = math.sqrt(shots * probability * (1 - probability))
        assert abs(found.get(bits, 0) - shots * probability) <= 5 * deviation + 1
