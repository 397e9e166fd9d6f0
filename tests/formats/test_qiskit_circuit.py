"""Qiskit's circuits as AQO: the same gates, the same distributions, typed refusals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Gate, Parameter, ParameterVector
from qiskit.circuit.classical import expr
from qiskit.circuit.library import QFTGate, XGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Operator, Statevector, random_unitary

from eigen.contracts.aqo import AQO, Affine, Operation
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.errors import EigenError, InvalidArgumentError, ResourceExhaustedError, UnimplementedError
from eigen.contracts.gates import GATES
from eigen.formats.qiskit_circuit import from_qiskit, qiskit_parameter_names
from eigen.verification.exact_distribution import exact_distribution

ANGLES = (0.3, -1.1, 2.2, 0.7)


def told(circuit: QuantumCircuit) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.op, one.q) for one in from_qiskit(circuit).operations]


def again(circuit: AQO) -> QuantumCircuit:
    """AQO's gates as a Qiskit circuit."""
    rebuilt = QuantumCircuit(circuit.qubits, circuit.clbits)
    for one in circuit.operations:
        getattr(rebuilt, one.op.lower())(*one.params, *one.q)
    return rebuilt


@pytest.mark.parametrize("name", GATES)
def test_every_gate_of_the_table_is_itself(name: str) -> None:
    gate = GATES[name]
    circuit = QuantumCircuit(gate.num_qubits)
    qubits = tuple(reversed(range(gate.num_qubits)))
    getattr(circuit, name)(*ANGLES[: len(gate.params)], *qubits)
    assert from_qiskit(circuit).operations == (Operation(gate.op, qubits, ANGLES[: len(gate.params)]),)


@pytest.mark.parametrize("name", sorted(get_standard_gate_name_mapping().keys() - {"delay"}))
def test_every_standard_gate_of_qiskit_is_equal(name: str) -> None:
    standard = get_standard_gate_name_mapping()[name]
    circuit = QuantumCircuit(max(1, standard.num_qubits), standard.num_clbits)
    bound = standard.base_class(*ANGLES[: len(standard.params)]) if standard.params else standard
    circuit.append(bound, range(standard.num_qubits), range(standard.num_clbits))
    if name in ("measure", "reset"):
        assert [one.op for one in from_qiskit(circuit).operations] == [name.upper()]
    else:
        assert Operator(again(from_qiskit(circuit))).equiv(Operator(circuit))


def controlled_pair(circuit: QuantumCircuit) -> None:
    inner = QuantumCircuit(2)
    inner.h(0)
    inner.cx(0, 1)
    circuit.append(inner.to_gate().control(1), [2, 0, 1])


@pytest.mark.parametrize(
    "make",
    [
        controlled_pair,
        lambda circuit: circuit.append(QFTGate(3), range(3)),
        lambda circuit: circuit.append(XGate().control(2, ctrl_state=1), range(3)),
        lambda circuit: circuit.unitary(random_unitary(4, seed=1), [2, 0]),
        lambda circuit: circuit.append(XGate().power(0.5), [1]),
        lambda circuit: circuit.cx(0, 1, ctrl_state=0),
    ],
)
def test_other_instructions_are_their_definitions(make: Callable[[QuantumCircuit], object]) -> None:
    circuit = QuantumCircuit(3)
    make(circuit)
    assert Operator(again(from_qiskit(circuit))).equiv(Operator(circuit))


def test_initialize_prepares_its_state() -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.initialize(np.array([1, 0, 0, 2j]) / np.sqrt(5), [0, 1])
    circuit.measure([0, 1], [0, 1])
    assert exact_distribution(from_qiskit(circuit)) == pytest.approx({"00": 0.2, "11": 0.8})


def test_a_name_alone_does_not_make_a_gate() -> None:
    circuit = QuantumCircuit(1)
    forged = Gate("h", 1, [])
    forged.definition = QuantumCircuit(1)
    forged.definition.x(0)
    circuit.append(forged, [0])
    assert told(circuit) == [("X", (0,))]


def test_bits_are_numbered_as_qiskit_numbers_them() -> None:
    """Measurements side by side are one operation; the rightmost character of a bitstring is bit 0."""
    circuit = QuantumCircuit(QuantumRegister(2), QuantumRegister(1), ClassicalRegister(1), ClassicalRegister(2))
    circuit.x(2)
    circuit.measure([0, 1, 2], [0, 1, 2])
    assert from_qiskit(circuit).operations[-1] == Operation("MEASURE", (0, 1, 2), c=(0, 1, 2))
    assert exact_distribution(from_qiskit(circuit)) == {"100": 1.0}


def test_parameters_are_affine_and_have_valid_names() -> None:
    theta, vector = Parameter("θ"), ParameterVector("v", 2)
    circuit = QuantumCircuit(1)
    circuit.rx(2 * theta - vector[1] / 4 + 1, 0)
    circuit.rz(vector[0], 0)
    assert qiskit_parameter_names(circuit) == {"v[0]": "v_0", "v[1]": "v_1", "θ": "theta"}
    converted = from_qiskit(circuit)
    assert converted.parameters == ("v_0", "v_1", "theta")
    assert converted.operations[0].params == (Affine((("theta", 2.0), ("v_1", -0.25)), 1.0),)
    assert converted.operations[1].params == (Affine((("v_0", 1.0),), 0.0),)


def test_a_parameter_that_cancels_out_is_a_number() -> None:
    a = Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.rx(a - a + 2, 0)
    assert from_qiskit(circuit).operations[0].params == (2,)


def conditional(build: Callable[[QuantumCircuit], None]) -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(3), ClassicalRegister(2, "c"), ClassicalRegister(1, "d"))
    circuit.h([0, 1])
    circuit.measure([0, 1], [0, 1])
    build(circuit)
    circuit.measure(2, 2)
    return circuit


def on_register(circuit: QuantumCircuit) -> None:
    with circuit.if_test((circuit.cregs[0], 2)) as otherwise:
        circuit.x(2)
    with otherwise:
        circuit.ry(0.7, 2)


def on_expression(circuit: QuantumCircuit) -> None:
    condition = expr.logic_or(expr.less(circuit.cregs[0], 1), expr.bit_xor(circuit.clbits[0], circuit.clbits[1]))
    with circuit.if_test(condition):
        circuit.ry(1.1, 2)


def nested(circuit: QuantumCircuit) -> None:
    with circuit.if_test((circuit.clbits[0], 1)), circuit.if_test(expr.logic_not(circuit.clbits[1])):
        circuit.x(2)


def in_a_loop(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(1, 4), Parameter("i")) as turn, circuit.if_test((circuit.clbits[0], 1)):
        circuit.ry(turn / 10, 2)


EXPECTED = {
    # bits c1 c0 → probability that qubit 2 is 1
    on_register: {0: np.sin(0.35) ** 2, 1: np.sin(0.35) ** 2, 2: 1.0, 3: np.sin(0.35) ** 2},
    on_expression: {0: np.sin(0.55) ** 2, 1: np.sin(0.55) ** 2, 2: np.sin(0.55) ** 2, 3: 0.0},
    nested: {0: 0.0, 1: 1.0, 2: 0.0, 3: 0.0},
    in_a_loop: {0: 0.0, 1: np.sin(0.3) ** 2, 2: 0.0, 3: np.sin(0.3) ** 2},
}


@pytest.mark.parametrize("build", EXPECTED, ids=lambda one: one.__name__)
def test_conditions_hold_where_they_should(build: Callable[[QuantumCircuit], None]) -> None:
    found = exact_distribution(from_qiskit(conditional(build)))
    for value, probability in EXPECTED[build].items():
        assert found.get(f"1{value:02b}", 0) == pytest.approx(probability / 4, abs=1e-9)
        assert found.get(f"0{value:02b}", 0) == pytest.approx((1 - probability) / 4, abs=1e-9)


def refused_delay(circuit: QuantumCircuit) -> None:
    circuit.delay(10, 0)


def refused_while(circuit: QuantumCircuit) -> None:
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.x(0)


def refused_opaque(circuit: QuantumCircuit) -> None:
    circuit.append(Gate("mystery", 1, []), [0])


def refused_square(circuit: QuantumCircuit) -> None:
    circuit.rx(Parameter("a") ** 2, 0)


def refused_overwriting(circuit: QuantumCircuit) -> None:
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.measure(0, 0)
        circuit.x(0)


@pytest.mark.parametrize(
    ("build", "kind", "words"),
    [
        (refused_delay, UnimplementedError, "delay"),
        (refused_while, UnimplementedError, "while_loop"),
        (refused_opaque, UnimplementedError, "mystery"),
        (refused_square, InvalidArgumentError, "a"),
        (refused_overwriting, UnimplementedError, "condition"),
    ],
)
def test_what_aqo_cannot_say_is_refused_by_name(
    build: Callable[[QuantumCircuit], None], kind: type[EigenError], words: str
) -> None:
    circuit = QuantumCircuit(1, 1)
    build(circuit)
    with pytest.raises(kind, match=words):
        from_qiskit(circuit)


def test_limits_are_checked_before_anything_is_unrolled() -> None:
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(10**12)):
        circuit.x(0)
    with pytest.raises(ResourceExhaustedError):
        from_qiskit(circuit, limits=CompileLimits(operations=1000))
    with pytest.raises(ResourceExhaustedError):
        from_qiskit(QuantumCircuit(10_001))
    with pytest.raises(InvalidArgumentError):
        from_qiskit(QuantumCircuit())


def test_the_global_phase_changes_nothing() -> None:
    circuit = QuantumCircuit(1, global_phase=1.5)
    circuit.h(0)
    assert told(circuit) == [("H", (0,))]
    assert Statevector(circuit).equiv(Statevector(again(from_qiskit(circuit))))
