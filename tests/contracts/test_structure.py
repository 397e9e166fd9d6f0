"""What a circuit's structure says, against the states that circuits really make."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Operator, Statevector

from eigen.contracts.aqo import AQO, Affine, Operation, profile
from eigen.contracts.gates import GATES

NUM_QUBITS = 4


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    gate = GATES[draw(st.sampled_from(sorted(GATES)))]
    qubits = draw(st.permutations(range(NUM_QUBITS)))[: gate.num_qubits]
    return Operation(gate.op, tuple(qubits), tuple(0.3 + 0.7 * place for place in range(len(gate.params))))


def profiled(*gates: Operation, qubits: int = NUM_QUBITS) -> AQO:
    return AQO(qubits=qubits, clbits=0, operations=gates)


@settings(max_examples=60, deadline=None)
@given(st.lists(operations(), max_size=6))
def test_no_state_has_a_greater_schmidt_rank_than_the_bound(gates: list[Operation]) -> None:
    state = Statevector.from_label("+" * NUM_QUBITS)
    for gate in gates:
        state = state.evolve(Operator(np.array(GATES[gate.op.lower()].unitary(*gate.params))), list(gate.q))
    bound = profile(profiled(*gates)).schmidt_bits
    ranks = [np.linalg.matrix_rank(state.data.reshape(-1, 2**cut), tol=1e-9) for cut in range(1, NUM_QUBITS)]
    assert bound is not None
    assert math.log2(max(ranks)) <= bound + 1e-9


@pytest.mark.parametrize(
    ("gates", "bits"),
    [
        ((), 0),
        ((Operation("H", (0,)), Operation("CCX", (0, 1, 7))), 1),
        ([Operation("CX", (one, one + 1)) for one in range(7)], 1),
        ([Operation("RZZ", (one, one + 1), (0.1,)) for one in range(7)] * 3, 3),
        ([Operation("CX", (0, 7))] * 9, 4),
        ([Operation("SWAP", (0, 7))], 2),
        ([Operation("BARRIER", tuple(range(8)))], 0),
    ],
)
def test_the_bound_counts_what_crosses_the_worst_cut(gates: tuple[Operation, ...], bits: int) -> None:
    chain = bits if bits < 3 else min(bits, 4)
    assert profile(profiled(*gates, qubits=8)).schmidt_bits == chain


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
