"""Examples of algorithms: Grover's search, phase estimation, the recursive Fourier transform, Trotter's formula.

Each is held against its formula or exact diagonalisation with the amplitudes of the compiled circuit, and run.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from eigen.contracts.errors import EigenError
from eigen.testing.driver_conformance import assert_distribution


def found(n: int, iterations: int) -> float:
    """Return the probability that Grover's search finds the marked string."""
    return math.sin((2 * iterations + 1) * math.asin(2 ** (-n / 2))) ** 2


def searched(marked: str, probability: float) -> dict[str, float]:
    rest = (1 - probability) / (2 ** len(marked) - 1)
    strings = [f"{one:0{len(marked)}b}" for one in range(2 ** len(marked))]
    return {one: probability if one == marked else rest for one in strings}


@pytest.mark.parametrize(("n", "published"), [(3, 0.9453125), (4, 0.9613189697265625)])
def test_grover_finds_every_string_with_the_published_probability(examples: Any, n: int, published: float) -> None:
    """Two iterations on three qubits, three on four, chosen by the program."""
    for index in range(2**n):
        probabilities = abs(examples.state("grover", marked=f"{index:0{n}b}")) ** 2
        assert probabilities[index] == pytest.approx(published, abs=1e-12)
        assert np.delete(probabilities, index) == pytest.approx((1 - published) / (2**n - 1), abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_grovers_probability_rises_and_falls_with_the_iterations(examples: Any, n: int) -> None:
    marked = "10" * (n // 2) + "1" * (n % 2)
    for iterations in range(8):
        probability = abs(examples.state("grover", marked=marked, iterations=iterations)[int(marked, 2)]) ** 2
        assert probability == pytest.approx(found(n, iterations), abs=1e-12)


@pytest.mark.parametrize("marked", ["101", "0110"])
def test_grover_on_the_device_finds_as_often(examples: Any, marked: str) -> None:
    counts = examples.counts("grover", inputs={"marked": marked})
    iterations = {3: 2, 4: 3}[len(marked)]
    assert_distribution(counts, searched(marked, found(len(marked), iterations)), story="Grover")


def estimated(n: int, phase: float) -> dict[str, float]:
    """Return |sin(πNδ) / (N sin πδ)|² for every y, δ = φ − y/N; 1 where δ is an integer."""
    size = 2**n
    expected = {}
    for y in range(size):
        delta = phase - y / size
        below = size * math.sin(math.pi * delta)
        expected[f"{y:0{n}b}"] = (math.sin(math.pi * size * delta) / below) ** 2 if abs(below) > 1e-9 else 1.0
    return {bits: chance for bits, chance in expected.items() if chance > 1e-20}


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_phase_estimation_reads_an_exact_phase_with_certainty(examples: Any, n: int) -> None:
    for y in range(2**n):
        assert examples.distribution("phase_estimation", n=n, phase=y / 2**n) == pytest.approx({f"{y:0{n}b}": 1.0})


@pytest.mark.parametrize("phase", [0.3, 1 / 3, 0.9876, -0.2, 0.03125])
@pytest.mark.parametrize("n", [1, 3, 4])
def test_phase_estimation_spreads_as_its_formula(examples: Any, n: int, phase: float) -> None:
    distribution = examples.distribution("phase_estimation", n=n, phase=phase)
    assert distribution == pytest.approx(estimated(n, phase), abs=1e-12)
    assert max(distribution.values()) >= 4 / math.pi**2


@pytest.mark.parametrize("phase", [0.3, 0.8125])
def test_phase_estimation_on_the_device_follows_its_formula(examples: Any, phase: float) -> None:
    counts = examples.counts("phase_estimation", inputs={"n": 4, "phase": phase})
    assert_distribution(counts, estimated(4, phase), story="phase estimation")


def test_the_phase_does_not_change_the_circuit(examples: Any) -> None:
    for example in ("phase_estimation", "iterative_phase_estimation"):
        first, second = (examples.compiled(example, n=4, phase=phase) for phase in (0.3, 0.8125))
        assert first.digest == second.digest


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_the_recursive_transform_is_the_fourier_matrix(examples: Any, n: int) -> None:
    """Column k is the state from |k⟩; the matrix is exp(2πi j k / 2^n) / √2^n."""
    size = 2**n
    matrix = np.column_stack([examples.state("recursive_qft", n=n, k=k) for k in range(size)])
    powers = np.outer(np.arange(size), np.arange(size))
    assert matrix == pytest.approx(np.exp(2j * math.pi * powers / size) / math.sqrt(size), abs=1e-12)


def test_the_recursive_transform_on_the_device_gives_every_outcome_alike(examples: Any) -> None:
    counts = examples.counts("recursive_qft", inputs={"n": 3, "k": 5}, shots=8000)
    assert_distribution(counts, {f"{outcome:03b}": 1 / 8 for outcome in range(8)}, story="recursive QFT")


def test_a_recursion_without_an_end_is_an_error(examples: Any) -> None:
    """The helper follows sizes, so a register of more qubits than calls may nest passes the limit."""
    with pytest.raises(EigenError) as refused:
        examples.compiled("recursive_qft", n=100, k=0)
    assert refused.value.code == "RESOURCE_EXHAUSTED"


CHAIN = {"n": 4, "time": 0.9, "coupling": 1.0, "field": 0.8}


def evolved(*, n: int, time: float, coupling: float, field: float) -> np.ndarray:
    """Return exp(−iHt)|0…0⟩ by exact diagonalisation; bit k of the index is qubit k."""
    pauli_x, pauli_z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])
    hamiltonian = np.zeros((2**n, 2**n))
    for i in range(n):
        hamiltonian -= field * on(pauli_x, i, n)
    for i in range(n - 1):
        hamiltonian -= coupling * on(pauli_z, i, n) @ on(pauli_z, i + 1, n)
    energies, vectors = np.linalg.eigh(hamiltonian)
    return vectors @ (np.exp(-1j * energies * time) * vectors[0])


def on(matrix: np.ndarray, qubit: int, n: int) -> np.ndarray:
    return np.kron(np.kron(np.eye(2 ** (n - 1 - qubit)), matrix), np.eye(2**qubit))


def trotter_error(examples: Any, **inputs: Any) -> float:
    return float(np.linalg.norm(examples.state("ising_trotter", **CHAIN, **inputs) - evolved(**CHAIN)))


@pytest.mark.parametrize("order", [1, 2, 4, 6])
def test_trotters_error_falls_with_the_power_of_its_order(examples: Any, order: int) -> None:
    steps = {1: 16, 2: 8, 4: 4, 6: 4}[order]
    coarse, fine = (trotter_error(examples, order=order, steps=count) for count in (steps, 2 * steps))
    assert math.log2(coarse / fine) == pytest.approx(order, abs=0.15)


def test_trotters_error_falls_with_its_order(examples: Any) -> None:
    errors = [trotter_error(examples, order=order, steps=4) for order in (1, 2, 4, 6)]
    assert all(higher < lower / 5 for lower, higher in pairwise(errors))
    assert errors[-1] < 1e-6


@pytest.mark.parametrize("field", [0.3, 0.8])
def test_a_single_spin_precesses_exactly_at_every_order(examples: Any, field: float) -> None:
    """P(1) = sin²(gt): there is nothing to commute with."""
    for order in (1, 2, 4):
        state = examples.state("ising_trotter", n=1, time=2.0, steps=3, order=order, field=field)
        assert abs(state[1]) ** 2 == pytest.approx(math.sin(2 * field) ** 2, abs=1e-12)


def test_the_chain_on_the_device_evolves_as_diagonalised(examples: Any) -> None:
    counts = examples.counts("ising_trotter", inputs={**CHAIN, "order": 4, "steps": 6})
    exact = abs(evolved(**CHAIN)) ** 2
    assert_distribution(counts, {f"{index:04b}": chance for index, chance in enumerate(exact)}, story="Ising chain")


@pytest.mark.parametrize("order", [0, 3, -2])
def test_an_order_that_has_no_formula_is_a_compile_error(examples: Any, order: int) -> None:
    with pytest.raises(EigenError, match="order is 1 or even"):
        examples.compiled("ising_trotter", order=order)
