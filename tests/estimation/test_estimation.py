"""Expectation values from shots, against dense matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eigen.contracts.aqo import AQO, Condition, Operation, PauliTerm, profile
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.observables import canonical_terms
from eigen.estimation.allocation import apportioned
from eigen.estimation.grouping import MAX_GROUPS, grouped
from eigen.estimation.measurement import before_measurement, is_pure
from eigen.estimation.sampling import group_seed, sampling_of
from eigen.verification.exact_distribution import exact_distribution

PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


def dense(terms: tuple[PauliTerm, ...], num_qubits: int) -> np.ndarray:
    """The observable's matrix, shape (2^n, 2^n); bit k of an index is qubit k."""
    total = np.zeros((2**num_qubits, 2**num_qubits), dtype=complex)
    for paulis, qubits, coefficient in terms:
        letters = dict(zip(qubits, paulis, strict=True))
        matrix = np.eye(1)
        for qubit in range(num_qubits):
            matrix = np.kron(PAULIS[letters.get(qubit, "I")], matrix)
        total += coefficient * matrix
    return total


@st.composite
def observables(draw: st.DrawFn, max_qubits: int = 5) -> tuple[int, dict[str, tuple[PauliTerm, ...]]]:
    num_qubits = draw(st.integers(1, max_qubits))
    letters = st.text("IXYZ", min_size=num_qubits, max_size=num_qubits)
    coefficients = st.floats(-2, 2).map(lambda one: round(one, 3)).filter(bool)
    found = {}
    for name in draw(st.lists(st.sampled_from(["energy", "spin", "third"]), min_size=1, unique=True)):
        texts = draw(st.dictionaries(letters, coefficients, min_size=1, max_size=12))
        found[name] = canonical_terms(
            PauliTerm(
                text.replace("I", ""), tuple(qubit for qubit in range(num_qubits) if text[qubit] != "I"), coefficient
            )
            for text, coefficient in texts.items()
        )
    return num_qubits, found


@st.composite
def states(draw: st.DrawFn, num_qubits: int) -> tuple[Operation, ...]:
    qubits = st.integers(0, num_qubits - 1)
    turns = st.builds(
        lambda op, qubit, angle: Operation(op, (qubit,), (angle,)),
        st.sampled_from(["RX", "RY", "RZ"]),
        qubits,
        st.floats(-3, 3).map(lambda one: round(one, 2)),
    )
    pairs = st.tuples(qubits, qubits).filter(lambda one: one[0] != one[1])
    entangling = st.builds(lambda pair: Operation("CX", pair), pairs) if num_qubits > 1 else turns
    return tuple(draw(st.lists(turns | entangling, max_size=10)))


@st.composite
def questions(draw: st.DrawFn) -> AQO:
    num_qubits, asked = draw(observables())
    return AQO(qubits=num_qubits, clbits=0, operations=draw(states(num_qubits)), observables=asked)


def state_of(circuit: AQO) -> np.ndarray:
    """The final state from the gate table's matrices, shape (2^n,)."""
    from eigen.contracts.gates import GATES

    state = np.zeros(2**circuit.qubits, dtype=complex)
    state[0] = 1
    for op, qubits, params, *_ in circuit.operations:
        matrix = np.array(GATES[op.lower()].unitary(*params))
        tensor = state.reshape([2] * circuit.qubits)
        axes = [circuit.qubits - 1 - qubit for qubit in reversed(qubits)]
        tensor = np.tensordot(
            matrix.reshape([2] * 2 * len(qubits)), tensor, (range(len(qubits), 2 * len(qubits)), axes)
        )
        state = np.moveaxis(tensor, range(len(qubits)), axes).reshape(-1)
    return state


def exact_value(circuit: AQO, name: str) -> float:
    state = state_of(circuit)
    return float((state.conj() @ dense(circuit.observables[name], circuit.qubits) @ state).real)


@settings(max_examples=60)
@given(questions())
def test_infinitely_many_shots_give_the_value_of_the_dense_matrix(circuit: AQO) -> None:
    """Counts in proportion to the exact distribution of each group's circuit give the exact value."""
    sampling = sampling_of(circuit, shots=10_000, precisions={})
    scale = 10**12
    counts = []
    for index in range(len(sampling.groups)):
        distribution = exact_distribution(sampling.circuit(index))
        counts.append({bits: round(one * scale) for bits, one in distribution.items() if round(one * scale)})
    found = sampling.estimate(counts)
    for name in circuit.observables:
        assert found[name].value == pytest.approx(exact_value(circuit, name), abs=1e-8)


@given(observables())
def test_groups_hold_every_product_once_in_its_own_letters(asked: tuple[int, dict[str, tuple[PauliTerm, ...]]]) -> None:
    _, by_name = asked
    found: dict[str, list[PauliTerm]] = {name: [] for name in by_name}
    for group in grouped(by_name):
        letters = dict(enumerate(group.letters))
        for name, terms in group.terms.items():
            for mask, coefficient in terms:
                places = [place for place in letters if mask >> place & 1]
                paulis = "".join(letters[place] for place in places)
                found[name].append(PauliTerm(paulis, tuple(group.qubits[place] for place in places), coefficient))
    for name, terms in by_name.items():
        assert sorted(found[name]) == sorted(one for one in terms if one.qubits)


def test_hydrogen_takes_two_circuits() -> None:
    """II, IZ, ZI and ZZ share one; XX needs another (A. Kandala et al., Nature 549, 242 (2017))."""
    hydrogen = canonical_terms(
        [
            PauliTerm("", (), -1.052373245772859),
            PauliTerm("Z", (0,), 0.39793742484318045),
            PauliTerm("Z", (1,), -0.39793742484318045),
            PauliTerm("ZZ", (0, 1), -0.01128010425623538),
            PauliTerm("XX", (0, 1), 0.18093119978423156),
        ]
    )
    groups = grouped({"energy": hydrogen})
    assert [(group.qubits, group.letters) for group in groups] == [((0, 1), "ZZ"), ((0, 1), "XX")]


def test_two_observables_share_circuits() -> None:
    asked = {"a": (PauliTerm("ZZ", (0, 1), 1.0),), "b": (PauliTerm("Z", (1,), 5.0), PauliTerm("X", (2,), 1.0))}
    assert [group.letters for group in grouped(asked)] == ["ZZX"]


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30), st.integers(0, 10_000))
def test_every_group_gets_a_shot_and_all_shots_are_given(weights: list[float], more: int) -> None:
    shares = apportioned(weights, len(weights) + more)
    assert sum(shares) == len(weights) + more
    assert min(shares) >= 1
    total = math.fsum(weights)
    assert all(abs(share - 1 - weight / total * more) < 1 for share, weight in zip(shares, weights, strict=True))


def bell(*, precision_terms: float = 1.0) -> AQO:
    return AQO(
        qubits=2,
        clbits=0,
        operations=(Operation("RY", (0,), (0.7,)), Operation("CX", (0, 1))),
        observables={
            "e": (PauliTerm("X", (0,), precision_terms), PauliTerm("ZZ", (0, 1), 1.0), PauliTerm("", (), 2.0))
        },
    )


def test_too_few_shots_are_refused_with_the_figures() -> None:
    with pytest.raises(InvalidArgumentError, match="1 shots for observables that take 2 circuits") as caught:
        sampling_of(bell(), shots=1, precisions={})
    assert caught.value.reason == "SHOTS_TOO_FEW"


def test_a_precision_chooses_the_shots_that_keep_it_in_any_state() -> None:
    sampling = sampling_of(bell(), shots=1024, precisions={"e": 0.02})
    assert sampling.shots == (5000, 5000)
    assert math.sqrt(sum(1 / shots for shots in sampling.shots)) == pytest.approx(0.02)


def test_a_precision_beyond_the_most_shots_is_refused_with_the_finest_possible() -> None:
    with pytest.raises(ResourceExhaustedError) as caught:
        sampling_of(bell(), shots=1024, precisions={"e": 1e-300})
    assert caught.value.reason == "PRECISION_SHOTS"
    assert caught.value.details["finest"] == {"e": pytest.approx(0.002)}
    assert sum(sampling_of(bell(), shots=1, precisions={"e": 0.002}).shots) == 1_000_000


def test_products_that_need_too_many_circuits_are_refused() -> None:
    """Products of full weight over X, Y and Z differ somewhere, so that each needs a circuit of its own."""
    letters = ["".join("XYZ"[index // 3**place % 3] for place in range(7)) for index in range(MAX_GROUPS + 1)]
    asked = {"e": tuple(PauliTerm(one, tuple(range(7)), 1.0) for one in letters)}
    with pytest.raises(ResourceExhaustedError) as caught:
        grouped(asked)
    assert caught.value.reason == "OBSERVABLE_TOO_LARGE"


def test_coefficients_whose_squares_are_no_numbers_are_refused() -> None:
    with pytest.raises(InvalidArgumentError):
        sampling_of(bell(precision_terms=1e200), shots=100, precisions={})


def test_one_shot_is_as_uncertain_as_its_largest_value() -> None:
    sampling = sampling_of(bell(), shots=2, precisions={})
    found = sampling.estimate([{"0": 1}, {"00": 1}])["e"]
    assert found.std_error == pytest.approx(math.sqrt(2))


def test_measurements_that_end_the_circuit_are_no_part_of_the_state() -> None:
    h, look = Operation("H", (0,)), Operation("MEASURE", (0, 1), c=(0, 1))
    state = before_measurement(AQO(qubits=2, clbits=2, operations=(h, look, Operation("BARRIER", (0, 1)))))
    assert [one.op for one in state.operations] == ["H", "BARRIER"]
    assert state.clbits == 0


def test_measurements_that_something_follows_are_part_of_the_state() -> None:
    """The bit that a condition reads, and the qubit that a gate acts on, stay measured; the others do not."""
    circuit = AQO(
        qubits=3,
        clbits=3,
        operations=(
            Operation("MEASURE", (0, 1, 2), c=(0, 1, 2)),
            Operation("X", (1,), condition=Condition((0,), 1)),
            Operation("MEASURE", (1,), c=(1,)),
        ),
    )
    state = before_measurement(circuit)
    assert state.operations[0] == Operation("MEASURE", (0, 1), c=(0, 1))
    assert [one.op for one in state.operations] == ["MEASURE", "X"]
    assert state.clbits == 3
    assert not is_pure(profile(circuit))


def test_a_mixture_is_averaged_over_its_shots() -> None:
    """Feed-forward that undoes a coin leaves |0⟩ on qubit 1 with Z = 1, whatever the coin was."""
    circuit = AQO(
        qubits=2,
        clbits=1,
        operations=(
            Operation("H", (0,)),
            Operation("CX", (0, 1)),
            Operation("MEASURE", (0,), c=(0,)),
            Operation("X", (1,), condition=Condition((0,), 1)),
        ),
        observables={"z": (PauliTerm("Z", (1,), 1.0),), "coin": (PauliTerm("Z", (0,), 1.0),)},
    )
    sampling = sampling_of(circuit, shots=100, precisions={})
    distribution = exact_distribution(sampling.circuit(0))
    found = sampling.estimate([{bits: round(one * 100) for bits, one in distribution.items()}])
    assert found["z"] == (1.0, 0.0)
    assert found["coin"].value == 0.0


def test_seeds_of_groups_differ_and_depend_on_the_jobs_seed() -> None:
    seeds = {group_seed(seed, index) for seed in (0, 7) for index in range(100)} | {0, 7}
    assert len(seeds) == 202
    assert max(seeds) < 2**53


def outcome_probabilities(circuit: AQO) -> Mapping[str, float]:
    distribution = exact_distribution(circuit)
    total = math.fsum(distribution.values())
    return {bits: one / total for bits, one in distribution.items()}


def test_the_interval_of_95_percent_covers_the_exact_value_as_often_as_it_says() -> None:
    """A thousand seeded runs; terms of a group are correlated, which an error without covariances would not cover."""
    circuit = AQO(
        qubits=3,
        clbits=0,
        operations=(
            Operation("RY", (0,), (0.9,)),
            Operation("CX", (0, 1)),
            Operation("RX", (2,), (1.1,)),
            Operation("CX", (1, 2)),
        ),
        observables={
            "e": (
                PauliTerm("ZZ", (0, 1), 0.8),
                PauliTerm("Z", (0,), 1.0),
                PauliTerm("Z", (1,), -0.6),
                PauliTerm("XX", (0, 1), 0.5),
                PauliTerm("YZ", (0, 2), 0.7),
                PauliTerm("", (), 3.0),
            )
        },
    )
    sampling = sampling_of(circuit, shots=1500, precisions={})
    distributions = [outcome_probabilities(sampling.circuit(index)) for index in range(len(sampling.groups))]
    exact = exact_value(circuit, "e")
    covered = 0
    for seed in range(1000):
        generator = np.random.Generator(np.random.PCG64(seed))
        counts = []
        for distribution, shots in zip(distributions, sampling.shots, strict=True):
            drawn = generator.multinomial(shots, list(distribution.values()))
            counts.append({bits: int(one) for bits, one in zip(distribution, drawn, strict=True) if one})
        value, std_error = sampling.estimate(counts)["e"]
        covered += abs(value - exact) <= 1.959964 * std_error
    assert 930 <= covered <= 970
