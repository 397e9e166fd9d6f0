"""What a circuit's structure says, against the states that circuits really make."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Operator, Statevector

from eigen.contracts.aqo import AQO, Affine, Condition, Operation, profile
from eigen.contracts.gates import GATES
from eigen.contracts.structure import schmidt_bits

NUM_QUBITS = 4


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    gate = GATES[draw(st.sampled_from(sorted(GATES)))]
    qubits = draw(st.permutations(range(NUM_QUBITS)))[: gate.num_qubits]
    return Operation(gate.op, tuple(qubits), tuple(0.3 + 0.7 * place for place in range(len(gate.params))))


@settings(max_examples=40)
@given(st.lists(operations(), max_size=8))
def test_no_state_has_a_greater_schmidt_rank_than_the_bound(gates: list[Operation]) -> None:
    state = Statevector.from_label("0" * NUM_QUBITS)
    for gate in gates:
        state = state.evolve(Operator(np.array(GATES[gate.op.lower()].unitary(*gate.params))), list(gate.q))
    bound = schmidt_bits(gates, qubits=NUM_QUBITS)
    ranks = [np.linalg.matrix_rank(state.data.reshape(-1, 2**cut), tol=1e-9) for cut in range(1, NUM_QUBITS)]
    assert math.log2(max(ranks)) <= bound + 1e-9


def every(name: str) -> list[Operation]:
    return [Operation(name, (qubit,)) for qubit in range(8)]


def fourier() -> list[Operation]:
    gates = []
    for target in reversed(range(8)):
        gates += [Operation("H", (target,)), *(Operation("CP", (one, target), (0.1,)) for one in range(target))]
    return gates


@pytest.mark.parametrize(
    ("gates", "bits"),
    [
        ([], 0),
        ([*every("H"), Operation("CCX", (0, 1, 7))], 1),
        ([Operation("H", (0,)), *(Operation("CX", (one, one + 1)) for one in range(7))], 1),
        ([*every("H"), *[Operation("RZZ", (one, one + 1), (0.1,)) for one in range(7)] * 3], 3),
        ([*every("H"), *[Operation("CX", (0, 7))] * 9], 4),
        ([*every("H"), *[Operation("CX", (one, one + 4)) for one in range(4)] * 9], 4),
        ([*every("H"), Operation("SWAP", (0, 7))], 2),
        ([*every("H"), Operation("ISWAP", (1, 6))], 2),
        ([Operation("BARRIER", tuple(range(8)))], 0),
    ],
)
def test_the_bound_counts_what_crosses_the_worst_cut(gates: list[Operation], bits: int) -> None:
    """Cuts next to an end have room for one bit, and so on inwards."""
    assert schmidt_bits(gates, qubits=8) == bits


@pytest.mark.parametrize(
    ("gates", "bits"),
    [
        (fourier(), 0),
        ([*every("X"), *fourier()], 0),
        ([*every("H"), *fourier()], 4),
        ([Operation("X", (0,)), Operation("CX", (0, 1)), Operation("CX", (1, 2)), Operation("CH", (2, 3))], 0),
        ([Operation("X", (0,), condition=Condition((0,), 1)), Operation("CH", (0, 1))], 1),
        ([Operation("H", (3,)), Operation("RESET", (3,)), Operation("CX", (3, 4))], 0),
        ([Operation("H", (3,)), Operation("RESET", (3,), condition=Condition((0,), 1)), Operation("CX", (3, 4))], 1),
        ([Operation("H", (3,)), Operation("MEASURE", (3,), c=(0,)), Operation("CX", (3, 4))], 1),
    ],
)
def test_a_qubit_that_is_still_a_basis_state_entangles_nothing(gates: list[Operation], bits: int) -> None:
    assert schmidt_bits(gates, qubits=8) == bits
    narrow, wide = (AQO(qubits=qubits, clbits=1, operations=tuple(gates)) for qubits in (8, 20))
    assert (profile(narrow).schmidt_bits, profile(wide).schmidt_bits) == (None, schmidt_bits(gates, qubits=20))


@pytest.mark.parametrize(
    ("gate", "is_clifford"),
    [
        (Operation("ISWAP", (0, 1)), True),
        (Operation("T", (0,)), False),
        (Operation("CCX", (0, 1, 2)), False),
        (Operation("RX", (0,), (math.pi / 2,)), True),
        (Operation("CP", (0, 1), (math.pi,)), True),
        (Operation("CP", (0, 1), (math.pi / 2,)), False),
        (Operation("RZ", (0,), (Affine((("a", 1.0),)),)), False),
    ],
)
def test_clifford_circuits_are_recognised_by_gates_and_angles(gate: Operation, is_clifford: bool) -> None:
    last = Operation("MEASURE", (0,), c=(0,), basis="Y")
    circuit = AQO(qubits=3, clbits=1, operations=(Operation("H", (0,)), gate, Operation("RESET", (1,)), last))
    assert profile(circuit).is_clifford is is_clifford
