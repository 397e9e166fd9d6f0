"""Circuits go out as OpenQASM and come back, through our reader and through Qiskit's, and mean the same.

The oracles share nothing with what is tested: NumPy products of the gate table's matrices for unitaries, and exact
distributions by the textbook for everything else.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm2, qasm3

from eigen.compiler.openqasm.reader import read_openqasm
from eigen.contracts.aqo import AQO, Affine, Angle, Condition, Operation, evaluate
from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.errors import UnimplementedError
from eigen.contracts.gates import GATES
from eigen.formats.openqasm_export import to_openqasm2, to_openqasm3
from eigen.formats.qiskit_circuit import from_qiskit
from eigen.verification.exact_distribution import exact_distribution

ANGLES = (0.3, -1.1, 2.2, 0.7)
PARAMETERS = ("theta", "t")  # the second one is also the name of a gate
BINDING = {"theta": 0.37, "t": -1.9}
NUM_QUBITS, NUM_BITS = 3, 3


def read(text: str, language: Language) -> AQO:
    return read_openqasm(ProgramSource(content=text.encode(), language=language)).circuit


def again3(circuit: AQO) -> AQO:
    return read(to_openqasm3(circuit), Language.OPENQASM3)


def again2(circuit: AQO) -> AQO:
    return read(to_openqasm2(circuit), Language.OPENQASM2)


def qiskit3(circuit: AQO) -> AQO:
    return from_qiskit(qasm3.loads(to_openqasm3(circuit)))


def qiskit2(circuit: AQO) -> AQO:
    text = to_openqasm2(circuit)
    return from_qiskit(qasm2.loads(text, include_path=(), custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS))


def unitary(operations: Iterable[Operation], num_qubits: int) -> np.ndarray:
    """The product of gates as a matrix, qubit 0 least significant."""
    size = 1 << num_qubits
    product = np.eye(size, dtype=complex)
    for operation in operations:
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
    assert abs(abs(overlap) - 1) < 1e-9
    assert np.allclose(one * cmath.exp(1j * cmath.phase(overlap)), other, atol=1e-9)


@pytest.mark.parametrize("way", [again3, again2, qiskit3, qiskit2])
@pytest.mark.parametrize("name", GATES)
def test_every_gate_comes_back_as_its_unitary(name: str, way: Callable[[AQO], AQO]) -> None:
    gate = GATES[name]
    qubits = tuple(reversed(range(gate.num_qubits)))
    operation = Operation(gate.op, qubits, ANGLES[: len(gate.params)])
    back = way(AQO(qubits=gate.num_qubits, clbits=0, operations=(operation,)))
    assert_same_up_to_phase(unitary([operation], gate.num_qubits), unitary(back.operations, gate.num_qubits))


@pytest.mark.parametrize("way", [again3, again2])
@pytest.mark.parametrize("name", GATES)
def test_every_gate_comes_back_through_our_reader_as_itself(name: str, way: Callable[[AQO], AQO]) -> None:
    gate = GATES[name]
    circuit = AQO(
        qubits=3,
        clbits=0,
        operations=(Operation(gate.op, tuple(range(gate.num_qubits)), ANGLES[: len(gate.params)]),),
    )
    assert way(circuit) == circuit


angles = st.floats(-4, 4).map(lambda one: round(one, 3))
symbolic = st.builds(
    lambda slope, constant, name: Affine(((name, slope),), constant),
    angles.filter(bool),
    angles,
    st.sampled_from(PARAMETERS),
)


def operations(angle: st.SearchStrategy[Angle]) -> st.SearchStrategy[Operation]:
    """Gates, measurements in every basis, resets and barriers, some under conditions."""
    qubits = st.permutations(range(NUM_QUBITS))
    bits = st.permutations(range(NUM_BITS))

    def with_condition(operation: Operation, bits: list[int], size: int, value: int) -> Operation:
        chosen = tuple(sorted(bits[:size]))
        return operation._replace(condition=Condition(chosen, value % (1 << size))) if size else operation

    gates = st.sampled_from(sorted(GATES)).flatmap(
        lambda name: st.builds(
            lambda order, params: Operation(GATES[name].op, tuple(order[: GATES[name].num_qubits]), tuple(params)),
            qubits,
            st.tuples(*[angle] * len(GATES[name].params)),
        )
    )
    measurements = st.builds(
        lambda order, into, count, basis: Operation(
            "MEASURE", tuple(order[:count]), c=tuple(into[:count]), basis=basis
        ),
        qubits,
        bits,
        st.integers(1, 2),
        st.sampled_from(["", "", "X", "Y"]),
    )
    others = st.builds(lambda op, order: Operation(op, tuple(order[:2])), st.sampled_from(["RESET", "BARRIER"]), qubits)
    return st.builds(
        with_condition,
        gates | gates | measurements | others,
        bits,
        st.sampled_from([0, 0, 0, 1, 2, 3]),
        st.integers(0, 7),
    )


def is_one_statement(operation: Operation) -> bool:
    """Not so where a measurement in another basis writes the bits that its condition reads: no reader can join that."""
    reads = operation.condition.c if operation.condition else ()
    return not operation.basis or set(reads).isdisjoint(operation.c)


def circuits(angle: st.SearchStrategy[Angle], *, parameters: tuple[str, ...] = ()) -> st.SearchStrategy[AQO]:
    return st.lists(operations(angle).filter(is_one_statement), max_size=12).map(
        lambda emitted: AQO(qubits=NUM_QUBITS, clbits=NUM_BITS, parameters=parameters, operations=tuple(emitted))
    )


def distribution(circuit: AQO) -> dict[str, float]:
    return exact_distribution(circuit, dict(zip(circuit.parameters, BINDING.values(), strict=False)))


def assert_same_distribution(one: AQO, other: AQO) -> None:
    left, right = distribution(one), distribution(other)
    assert all(abs(left.get(bits, 0) - right.get(bits, 0)) < 1e-9 for bits in left.keys() | right.keys()), (
        f"{left} and {right}"
    )


@given(circuit=circuits(angles | symbolic, parameters=PARAMETERS))
@settings(max_examples=150)
def test_any_circuit_keeps_its_meaning_through_openqasm_3(circuit: AQO) -> None:
    back = again3(circuit)
    assert (back.qubits, back.clbits, len(back.parameters)) == (circuit.qubits, circuit.clbits, 2)
    assert_same_distribution(circuit, back)


@given(circuit=circuits(angles))
@settings(max_examples=150)
def test_a_circuit_keeps_its_meaning_through_openqasm_2_or_is_refused(circuit: AQO) -> None:
    try:
        back = again2(circuit)
    except UnimplementedError as error:
        assert error.reason == "OPENQASM2_CONDITION"
        assert any(one.condition for one in circuit.operations)
        return
    assert_same_distribution(circuit, back)


@given(circuit=circuits(angles))
@settings(max_examples=100, suppress_health_check=[HealthCheck.filter_too_much])
def test_qiskit_reads_our_openqasm_2_as_the_same_circuit(circuit: AQO) -> None:
    try:
        back = qiskit2(circuit)
    except UnimplementedError:
        assume(False)
    assert_same_distribution(circuit, back)


@given(circuit=circuits(angles | symbolic, parameters=PARAMETERS))
@settings(max_examples=25)
def test_qiskit_reads_our_openqasm_3_as_the_same_circuit(circuit: AQO) -> None:
    back = from_qiskit(qasm3.loads(to_openqasm3(circuit)))
    names = {name: {"theta": "theta", "t_": "t"}[name] for name in back.parameters}  # Qiskit sorts them
    values = exact_distribution(back, {name: BINDING[names[name]] for name in back.parameters})
    expected = distribution(circuit)
    assert all(abs(expected.get(bits, 0) - values.get(bits, 0)) < 1e-9 for bits in expected.keys() | values.keys())


@given(circuit=circuits(angles | symbolic, parameters=PARAMETERS))
@settings(max_examples=100)
def test_a_binding_may_be_written_into_the_text(circuit: AQO) -> None:
    back = read(to_openqasm3(circuit, binding=BINDING), Language.OPENQASM3)
    assert back.parameters == ()
    assert_same_distribution(circuit, back)


@given(value=st.floats(allow_nan=False, allow_infinity=False), older=st.booleans())
def test_a_number_comes_back_as_itself(value: float, older: bool) -> None:
    circuit = AQO(qubits=1, clbits=0, operations=(Operation("RX", (0,), (value,)),))
    back = again2(circuit) if older else again3(circuit)
    assert evaluate(back.operations[0].params[0], {}) == value


def test_qiskits_export_of_a_circuit_of_all_gates_is_read() -> None:
    """What Qiskit writes for gates that `stdgates.inc` lacks is recognised or expanded, and equal."""
    circuit = QuantumCircuit(3)
    for name, gate in GATES.items():
        getattr(circuit, name)(*ANGLES[: len(gate.params)], *range(gate.num_qubits))
    expected = unitary(from_qiskit(circuit).operations, 3)
    for text, language in ((qasm3.dumps(circuit), Language.OPENQASM3), (qasm2.dumps(circuit), Language.OPENQASM2)):
        assert_same_up_to_phase(expected, unitary(read(text, language).operations, 3))
