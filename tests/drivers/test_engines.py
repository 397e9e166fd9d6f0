"""Every engine in this process, called as its workers call it, against the gate table and exact distributions."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Operator, Pauli, Statevector

from eigen.contracts.aqo import AQO, Affine, Condition, Operation, PauliTerm, profile
from eigen.contracts.aqo_json import encode
from eigen.contracts.gates import GATES, Gate
from eigen.contracts.rotations import CLIFFORD_GATES
from eigen.drivers.sim import SIMULATORS
from eigen.drivers.simulator.description import Simulator
from eigen.testing.conformance_circuits import CIRCUITS, CircuitCase
from eigen.testing.driver_conformance import assert_distribution
from eigen.verification.exact_distribution import exact_distribution
from eigen.workers.engine import Engine, load_engine

SIMULATOR_OF = {one.name: one for one in SIMULATORS}
VECTOR_ENGINES = ["local", "qulacs"]


@cache
def engine_of(simulator: str) -> Engine:
    return load_engine(SIMULATOR_OF[simulator].engine)()


def run(
    simulator: Simulator, circuit: AQO, *bindings: Mapping[str, float], shots: int = 64, seed: int = 1
) -> list[Any]:
    engine = engine_of(simulator.name)
    arguments = {
        "method": simulator.choose(profile(circuit), 2**31).method,
        "shots": shots,
        "num_threads": 1,
        "max_memory_mb": 2_000,
        "bindings": list(bindings) or [{}],
        "seeds": [seed] * max(1, len(bindings)),
    }
    return list(engine.run(engine.prepare(encode(circuit)), arguments))


def values(simulator: Simulator, circuit: AQO, binding: Mapping[str, float] | None = None) -> list[float]:
    (part,) = [part for part in run(simulator, circuit, binding or {}) if "expectation_values" in part]
    return list(part["expectation_values"].values())


def counts(simulator: Simulator, circuit: AQO, **options: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in run(simulator, circuit, **options):
        found |= part.get("counts", {})
    return found


def products(num_qubits: int) -> dict[str, tuple[PauliTerm, ...]]:
    """Every Pauli product of some qubits; their values are the whole of a state, but for its phase."""
    words = [""]
    for _ in range(num_qubits):
        words = [word + letter for word in words for letter in "IXYZ"]
    letters = [[(letter, qubit) for qubit, letter in enumerate(word) if letter != "I"] for word in words]
    return {
        f"o{index:02}": (PauliTerm("".join(one for one, _ in pairs), tuple(qubit for _, qubit in pairs), 0.5),)
        for index, pairs in enumerate(letters)
    }


PREPARED = (("RY", (0,), 0.7), ("RZ", (0,), 0.4), ("RY", (1,), 1.9), ("RX", (1,), -0.3), ("RY", (2,), 2.6))


def state_of(gate: Gate, qubits: tuple[int, ...], angles: list[float], num_qubits: int) -> list[float]:
    """Return the values of all products behind a gate, by Qiskit's linear algebra and the gate table."""
    state = Statevector.from_label("0" * num_qubits)
    for op, on, angle in PREPARED:
        if on[0] < num_qubits:
            state = state.evolve(Operator(np.array(GATES[op.lower()].unitary(angle))), list(on))
    state = state.evolve(Operator(np.array(gate.unitary(*angles))), list(qubits))
    found = []
    for (term,) in products(num_qubits).values():
        label = ["I"] * num_qubits
        for letter, qubit in zip(term.paulis, term.qubits, strict=True):
            label[num_qubits - 1 - qubit] = letter
        found.append(0.5 * float(state.expectation_value(Pauli("".join(label))).real))
    return found


@pytest.mark.parametrize("name", sorted(GATES))
@pytest.mark.parametrize("simulator", VECTOR_ENGINES)
def test_every_gate_is_the_tables_with_numbers_and_with_parameters(simulator: str, name: str) -> None:
    """All values of a state behind the gate on qubits out of order, angles as numbers, as symbols, and as both."""
    gate, num_qubits = GATES[name], min(3, GATES[name].num_qubits + 1)
    qubits = tuple(range(num_qubits))[::-1][: gate.num_qubits]
    angles = [0.7 - 1.1 * place for place in range(len(gate.params))]
    before = tuple(Operation(op, on, (angle,)) for op, on, angle in PREPARED if on[0] < num_qubits)
    expected = state_of(gate, qubits, angles, num_qubits)
    symbols = tuple(Affine(((f"a{place}", 0.5),), 0.25) for place in range(len(angles)))
    binding = {f"a{place}": 2 * (angle - 0.25) for place, angle in enumerate(angles)}
    for symbolic in {0, 1, len(angles)} if angles else {0}:
        params = (*symbols[:symbolic], *angles[symbolic:])
        names = tuple(f"a{place}" for place in range(symbolic))
        circuit = AQO(
            qubits=num_qubits,
            clbits=0,
            parameters=names,
            operations=(*before, Operation(gate.op, qubits, params)),
            observables=products(num_qubits),
        )
        found = values(SIMULATOR_OF[simulator], circuit, {one: binding[one] for one in names})
        assert found == pytest.approx(expected, abs=1e-9), (symbolic, angles)


def runs(simulator: Simulator, case: CircuitCase) -> bool:
    ops = {GATES[name].op for method in simulator.methods.values() for name in method.gates}
    facts = profile(case.circuit)
    return (
        set(facts.op_counts) <= ops | {"MEASURE", "RESET", "BARRIER"}
        and (simulator.name != "stim" or facts.is_clifford)
        and (simulator.feed_forward or not (facts.has_mid_circuit or facts.has_reset or facts.has_conditions))
    )


@pytest.mark.parametrize("case", CIRCUITS, ids=lambda case: case.shows)
@pytest.mark.parametrize("simulator", [name for name in SIMULATOR_OF if name != "local"])
def test_circuits_of_one_fact_have_their_distributions_with_few_shots_and_many(
    simulator: str, case: CircuitCase
) -> None:
    """Few shots are drawn one by one or go through other branches than many."""
    if not runs(SIMULATOR_OF[simulator], case):
        pytest.skip("it says that it cannot")
    expected = exact_distribution(case.circuit, case.binding)
    for shots in (3, 4_000):
        parts = run(SIMULATOR_OF[simulator], case.circuit, case.binding, shots=shots)
        found = {bits: count for part in parts for bits, count in part.get("counts", {}).items()}
        assert sum(found.values()) == shots
        assert_distribution(found, expected, story=f"{simulator}, {shots} shots")


@st.composite
def clifford_circuits(draw: st.DrawFn) -> AQO:
    """Gates, measurements in any basis, resets and conditions on three qubits and three bits, anywhere."""
    operations = []
    for _ in range(draw(st.integers(1, 12))):
        condition = Condition((draw(st.integers(0, 2)),), draw(st.integers(0, 1))) if draw(st.booleans()) else None
        qubits = draw(st.permutations(range(3)))
        kind = draw(st.sampled_from(("gate", "gate", "turn", "measure", "reset")))
        if kind == "gate":
            gate = GATES[draw(st.sampled_from(sorted(CLIFFORD_GATES)))]
            operation = Operation(gate.op, tuple(qubits[: gate.num_qubits]), condition=condition)
        elif kind == "turn":
            name, num_qubits = draw(
                st.sampled_from((("RX", 1), ("RY", 1), ("P", 1), ("RZX", 2), ("CRX", 2), ("CP", 2)))
            )
            quarters = draw(st.integers(-4, 4)) * (2 if name.startswith("C") else 1)
            operation = Operation(name, tuple(qubits[:num_qubits]), (quarters * math.pi / 2,), condition=condition)
        elif kind == "measure":
            bases = st.sampled_from(("", "X", "Y"))
            operation = Operation("MEASURE", (qubits[0], qubits[1]), c=(0, 2), basis=draw(bases), condition=condition)
        else:
            operation = Operation("RESET", (qubits[0],), condition=condition)
        operations.append(operation)
    return AQO(qubits=3, clbits=3, operations=(*operations, Operation("MEASURE", (2, 0), c=(1, 2))))


@pytest.mark.parametrize("simulator", ["qulacs", "stim"])
@settings(max_examples=40)
@given(circuit=clifford_circuits())
def test_measurements_resets_and_conditions_anywhere(simulator: str, circuit: AQO) -> None:
    found = counts(SIMULATOR_OF[simulator], circuit, shots=500)
    assert sum(found.values()) == 500
    assert_distribution(found, exact_distribution(circuit), story=simulator)


@settings(max_examples=20)
@given(circuit=clifford_circuits())
def test_values_of_stabilizer_states_are_those_of_state_vectors(circuit: AQO) -> None:
    gates = tuple(one for one in circuit.operations if one.op not in ("MEASURE", "RESET") and one.condition is None)
    state = AQO(qubits=3, clbits=0, operations=gates, observables=products(3))
    assert values(SIMULATOR_OF["stim"], state) == pytest.approx(values(SIMULATOR_OF["qulacs"], state), abs=1e-9)


def test_a_thousand_qubits_are_sampled_and_have_values() -> None:
    chain = [Operation("CX", (qubit, qubit + 1)) for qubit in range(999)]
    every = tuple(range(1_000))
    ghz = (Operation("H", (0,)), *chain)
    last = Operation("MEASURE", every, c=every)
    found = counts(SIMULATOR_OF["stim"], AQO(qubits=1_000, clbits=1_000, operations=(*ghz, last)), shots=1_024)
    assert found.keys() == {"0" * 1_000, "1" * 1_000}
    parity = {"parity": (PauliTerm("X" * 1_000, every, 2.0), PauliTerm("Z", (7,), 1.0), PauliTerm("", (), 0.5))}
    assert values(SIMULATOR_OF["stim"], AQO(qubits=1_000, clbits=0, operations=ghz, observables=parity)) == [2.5]


def test_the_oracles_phase_is_not_ours() -> None:
    """A controlled gate's own phase shows: cu with an angle gamma is a phase of its control."""
    plus = (Operation("H", (0,)), Operation("CU", (0, 1), (0.0, 0.0, 0.0, math.pi / 3)))
    circuit = AQO(qubits=2, clbits=0, operations=plus, observables={"x": (PauliTerm("X", (0,), 1.0),)})
    for name in VECTOR_ENGINES:
        assert values(SIMULATOR_OF[name], circuit) == pytest.approx([cmath.exp(1j * math.pi / 3).real])
