"""Shots drawn from amplitudes in two steps: the distribution of one step, whatever the size of the blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.errors import InternalError
from eigen.drivers.simulator.amplitudes import drawn
from eigen.testing.driver_conformance import assert_distribution


@given(st.integers(1, 9), st.integers(0, 2**32), st.sampled_from([np.complex64, np.complex128]))
def test_outcomes_come_as_often_as_their_probabilities_say(num_qubits: int, seed: int, kind: type) -> None:
    chance = np.random.default_rng(seed)
    amplitudes = chance.normal(size=2**num_qubits) + 1j * chance.normal(size=2**num_qubits)
    amplitudes[chance.random(2**num_qubits) < 0.4] = 0
    amplitudes[chance.integers(2**num_qubits)] = 1
    amplitudes = (amplitudes / np.linalg.norm(amplitudes)).astype(kind)
    outcomes, times = drawn(amplitudes, shots=3_000, generator=np.random.default_rng(7))
    counts = {str(one): int(count) for one, count in zip(outcomes, times, strict=True)}
    expected = {str(one): float(abs(amplitudes[one]) ** 2) for one in np.flatnonzero(amplitudes)}
    assert sum(counts.values()) == 3_000
    assert_distribution(counts, expected, story=f"{num_qubits} qubits")


def test_amplitudes_that_are_no_state_give_no_counts() -> None:
    with pytest.raises(InternalError, match="sum to"):
        drawn(np.ones(4, dtype=np.complex64), shots=1, generator=np.random.default_rng(1))
