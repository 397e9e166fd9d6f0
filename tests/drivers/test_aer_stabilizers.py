"""Counts drawn from Aer's tableau and one shot of it: the distribution of measuring every shot."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eigen.contracts.aqo import AQO, Operation
from eigen.contracts.aqo_json import encode
from eigen.contracts.gates import GATES
from eigen.drivers.aer.engine import AerEngine
from eigen.drivers.aer.simulator import METHODS
from eigen.testing.driver_conformance import assert_distribution
from eigen.verification.exact_distribution import exact_distribution


@cache
def engine() -> AerEngine:
    return AerEngine()


def counted(circuit: AQO, *, shots: int, seed: int = 1) -> dict[str, int]:
    arguments = {"method": "stabilizer", "num_threads": 1, "max_memory_mb": 1_000, "bindings": [{}], "seeds": [seed]}
    counts: dict[str, int] = {}
    parts: list[Any] = list(engine().run(engine().prepare(encode(circuit)), {**arguments, "shots": shots}))
    for part in parts:
        counts |= part["counts"]
    assert parts[-1]["sampling"] == "affine"
    assert sum(counts.values()) == shots
    return counts


@st.composite
def read_stabilizer_states(draw: st.DrawFn) -> AQO:
    """Clifford gates on a few qubits, some of which are read in any basis, in any order, into any bits."""
    num_qubits = draw(st.integers(2, 5))
    qubits = st.permutations(range(num_qubits))
    names = draw(st.lists(st.sampled_from(sorted(METHODS["stabilizer"].gates)), max_size=15))
    gates = [Operation(GATES[name].op, tuple(draw(qubits)[: GATES[name].num_qubits])) for name in names]
    read = draw(qubits)[: draw(st.integers(1, num_qubits))]
    clbits = draw(st.permutations(range(num_qubits + 2)))[: len(read)]
    bases = draw(st.lists(st.sampled_from(("", "X", "Y")), min_size=len(read), max_size=len(read)))
    last = [Operation("MEASURE", (q,), c=(c,), basis=basis) for q, c, basis in zip(read, clbits, bases, strict=True)]
    return AQO(qubits=num_qubits, clbits=num_qubits + 2, operations=(*gates, *last))


@settings(max_examples=60)
@given(circuit=read_stabilizer_states(), seed=st.integers(0, 2**53 - 1))
def test_outcomes_come_as_often_as_from_the_state(circuit: AQO, seed: int) -> None:
    found = counted(circuit, shots=1_000, seed=seed)
    assert_distribution(found, exact_distribution(circuit), story="an affine space")
    assert found == counted(circuit, shots=1_000, seed=seed)


def test_pairs_agree_among_hundreds_of_qubits_and_in_every_batch_of_shots() -> None:
    pairs = [(qubit, qubit + 100) for qubit in range(100)]
    bells = [one for low, high in pairs for one in (Operation("H", (low,)), Operation("CX", (low, high)))]
    flip, last = Operation("X", (199,)), Operation("MEASURE", tuple(range(200)), c=tuple(range(200)))
    found = counted(AQO(qubits=200, clbits=200, operations=(*bells, flip, last)), shots=22_000)
    low, high = (1 << 100) - 1, 1 << 99
    assert all((int(bits, 2) & low) ^ (int(bits, 2) >> 100) == high for bits in found)
    assert len(found) == 22_000
