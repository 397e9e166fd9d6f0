"""The oracle, against dense linear algebra and closed forms."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eigen.contracts.aqo import AQO, Condition, Operation
from eigen.contracts.errors import ResourceExhaustedError
from eigen.contracts.gates import GATES
from eigen.verification.exact_distribution import apportioned, exact_distribution

NUM_QUBITS = 3
EVERY = tuple(range(NUM_QUBITS))
READ_ALL = Operation("MEASURE", EVERY, c=EVERY)


@st.composite
def gates(draw: st.DrawFn) -> Operation:
    gate = draw(st.sampled_from(sorted(GATES.values(), key=lambda one: one.name)))
    qubits = draw(st.permutations(EVERY))[: gate.num_qubits]
    angles = tuple(draw(st.floats(-10, 10)) for _ in gate.params)
    return Operation(gate.op, tuple(qubits), angles)


def dense_unitary(operation: Operation) -> np.ndarray:
    """The operation on all qubits, by a sum over matrix elements as Kronecker products; highest qubit leftmost."""
    matrix = np.array(GATES[operation.op.lower()].unitary(*operation.params))
    total = np.zeros((2**NUM_QUBITS, 2**NUM_QUBITS), dtype=complex)
    for row in range(len(matrix)):
        for column in range(len(matrix)):
            factors = [np.eye(2, dtype=complex) for _ in EVERY]
            for position, qubit in enumerate(operation.q):
                factors[qubit] = np.zeros((2, 2), dtype=complex)
                factors[qubit][row >> position & 1, column >> position & 1] = 1
            total += matrix[row, column] * reduce(np.kron, reversed(factors))
    return total


@settings(max_examples=60)
@given(st.lists(gates(), max_size=8))
def test_it_agrees_with_dense_matrices(operations: list[Operation]) -> None:
    found = exact_distribution(AQO(qubits=3, clbits=3, operations=(*operations, READ_ALL)))
    state = reduce(lambda vector, one: dense_unitary(one) @ vector, operations, np.eye(8, dtype=complex)[0])
    expected = np.abs(state) ** 2
    for index in range(8):
        assert found.get(f"{index:03b}", 0.0) == pytest.approx(expected[index], abs=1e-9)


@given(st.lists(gates(), max_size=6), st.integers(0, 2))
def test_what_nobody_looks_at_changes_nothing(operations: list[Operation], qubit: int) -> None:
    """Measuring a qubit into a bit that is overwritten later, at the end, leaves the other bits' distribution."""
    plain = exact_distribution(AQO(qubits=3, clbits=3, operations=(*operations, READ_ALL)))
    twice = exact_distribution(
        AQO(qubits=3, clbits=3, operations=(*operations, Operation("MEASURE", (qubit,), c=(0,)), READ_ALL))
    )
    assert twice == pytest.approx(plain, abs=1e-9)


def test_feed_forward_follows_the_branch() -> None:
    circuit = AQO(
        qubits=2,
        clbits=2,
        operations=(
            Operation("RY", (0,), (2 * math.pi / 3,)),
            Operation("MEASURE", (0,), c=(0,)),
            Operation("X", (1,), condition=Condition((0,), 1)),
            Operation("MEASURE", (1,), c=(1,)),
        ),
    )
    assert exact_distribution(circuit) == pytest.approx({"00": 0.25, "11": 0.75})


def test_a_cat_state_of_sixty_qubits_is_no_trouble() -> None:
    chain = tuple(Operation("CX", (qubit, qubit + 1)) for qubit in range(59))
    read = Operation("MEASURE", tuple(range(60)), c=tuple(range(60)))
    circuit = AQO(qubits=60, clbits=60, operations=(Operation("H", (0,)), *chain, read))
    assert exact_distribution(circuit) == pytest.approx({"0" * 60: 0.5, "1" * 60: 0.5})


def test_a_state_that_is_too_wide_is_refused() -> None:
    circuit = AQO(qubits=20, clbits=1, operations=tuple(Operation("H", (qubit,)) for qubit in range(20)))
    with pytest.raises(ResourceExhaustedError):
        exact_distribution(circuit)


@given(
    weights=st.dictionaries(st.text("01", min_size=2, max_size=2), st.integers(1, 100), min_size=1),
    shots=st.integers(1, 10_000),
)
def test_apportioned_counts_sum_to_the_shots_and_are_within_one(weights: dict[str, int], shots: int) -> None:
    total = sum(weights.values())
    counts = apportioned({bits: weight / total for bits, weight in weights.items()}, shots)
    assert sum(counts.values()) == shots
    for bits, weight in weights.items():
        assert abs(counts.get(bits, 0) - weight / total * shots) < 1
