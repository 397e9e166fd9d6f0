"""Counts drawn from probabilities: the same distribution, the right bits, the same counts for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.aqo import AQO, Condition, Operation
from eigen.contracts.errors import InternalError
from eigen.drivers.simulator.sampling import Readout, readout_of, tally

H, X = Operation("H", (0,)), Operation("X", (0,))


def measure(*pairs: tuple[int, int]) -> Operation:
    return Operation("MEASURE", tuple(qubit for qubit, _ in pairs), c=tuple(clbit for _, clbit in pairs))


def circuit(*operations: Operation, qubits: int = 3, clbits: int = 5) -> AQO:
    return AQO(qubits=qubits, clbits=clbits, operations=operations)


def test_qubits_are_read_in_the_order_of_their_bits() -> None:
    assert readout_of(circuit(H, measure((0, 4), (2, 1)), Operation("X", (1,)), measure((1, 0)))) == Readout(
        qubits=(1, 2, 0), clbits=(0, 1, 4)
    )


@pytest.mark.parametrize(
    ("operations", "why"),
    [
        ((H, measure((0, 0)), X), "a gate behind a measurement"),
        ((H, measure((0, 0)), Operation("RESET", (0,))), "a reset"),
        ((H, measure((0, 0)), measure((0, 1))), "a qubit that is measured twice"),
        ((H, measure((0, 0)), measure((1, 0))), "a bit that is written twice"),
        ((H, measure((0, 0)), Operation("X", (1,), condition=Condition((0,), 1))), "a condition"),
        ((H,), "nothing is measured"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_shots_that_are_no_draws_from_one_distribution_are_left_to_aer(
    operations: tuple[Operation, ...], why: str
) -> None:
    assert readout_of(circuit(*operations)) is None, why


def test_a_barrier_behind_a_measurement_changes_nothing() -> None:
    assert readout_of(circuit(H, measure((0, 0)), Operation("BARRIER", (0, 1)))) is not None


@given(st.lists(st.tuples(st.integers(0, 2**10 - 1), st.integers(1, 9)), min_size=1), st.permutations(range(4)))
def test_outcomes_of_all_qubits_are_told_by_the_bits_that_are_read(
    draws: list[tuple[int, int]], qubits: list[int]
) -> None:
    """A bit at place 70 is beyond NumPy's integers; the same counts come with it and without it."""
    outcomes, times = np.array([one for one, _ in draws]), np.array([count for _, count in draws])
    narrow = tally(outcomes, times, Readout(tuple(qubits), (0, 1, 2, 3)))
    wide = tally(outcomes, times, Readout(tuple(qubits), (0, 1, 2, 70)))
    assert sum(narrow.values()) == times.sum()
    assert wide == {number & 7 | (number >> 3) << 70: count for number, count in narrow.items()}
    for number, count in narrow.items():
        read = [all(one >> qubit & 1 == number >> bit & 1 for bit, qubit in enumerate(qubits)) for one, _ in draws]
        assert count == times[read].sum()


@given(
    st.lists(st.floats(0, 1), min_size=8, max_size=8).filter(lambda weights: sum(weights) > 0.01),
    st.integers(1, 10_000),
    st.integers(0, 2**53 - 1),
)
def test_counts_sum_to_the_shots_and_the_seed_decides_them(weights: list[float], shots: int, seed: int) -> None:
    probabilities = np.array(weights) / sum(weights)
    readout = Readout(qubits=(0, 1, 2), clbits=(0, 1, 2))
    counts = readout.counts(probabilities, shots=shots, seed=seed)
    assert sum(counts.values()) == shots
    assert counts == readout.counts(probabilities, shots=shots, seed=seed)
    assert all(probabilities[outcome] > 0 for outcome in counts)
    assert list(counts) == sorted(counts)


def test_bits_between_the_measured_ones_are_0() -> None:
    certain = np.zeros(8)
    certain[0b101] = 1.0
    assert Readout(qubits=(0, 1, 2), clbits=(1, 2, 4)).counts(certain, shots=7, seed=1) == {0b10010: 7}


@pytest.mark.parametrize("wrong", [[0.5, 0.4], [float("nan"), 1.0], [0.0, 0.0]])
def test_probabilities_that_do_not_sum_to_1_give_no_counts(wrong: list[float]) -> None:
    with pytest.raises(InternalError, match="the probabilities sum to"):
        Readout(qubits=(0,), clbits=(0,)).counts(np.array(wrong), shots=10, seed=1)
