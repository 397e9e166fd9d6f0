"""The examples, run as a user runs them, against distributions that are known in closed form."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from eigen.client.sync import Client
from eigen.contracts.aqo import evaluate
from eigen.contracts.aqo_json import decode
from eigen.contracts.gates import GATES

EXAMPLES = Path(__file__).parents[2] / "examples"


def counts_of(client: Client, example: str, **options: Any) -> Mapping[str, int]:
    return client.submit(EXAMPLES / example / "job.yaml", **{"seed": 1, **options}).results().counts


def assert_follows(counts: Mapping[str, int], expected: Mapping[str, float]) -> None:
    """Pearson's chi-square statistic lies below its mean plus five standard deviations: 1 false alarm in about 10^5."""
    shots = sum(counts.values())
    assert set(counts) <= {bits for bits, probability in expected.items() if probability > 1e-12}
    likely = {bits: probability * shots for bits, probability in expected.items() if probability > 1e-12}
    statistic = sum((counts.get(bits, 0) - mean) ** 2 / mean for bits, mean in likely.items())
    freedom = len(likely) - 1
    assert statistic <= freedom + 5 * math.sqrt(2 * freedom)


def test_bell_gives_both_outcomes_alike(eigen_client: Client) -> None:
    assert_follows(counts_of(eigen_client, "bell"), {"00": 0.5, "11": 0.5})


def test_bell_has_the_shape_of_the_seed(eigen_client: Client) -> None:
    """Inline program, target, string option: `results.json` and the folder hold what the seed promises."""
    job = eigen_client.submit(EXAMPLES / "bell" / "job.yaml")
    results = job.results()
    assert (results.name, results.shots, results.metadata["backend"]) == ("bell", 1024, "qiskit_aer_simulator")
    assert sum(results.counts.values()) == 1024
    assert b'"op":"CX"' in job.artifact("compiled.aqo.json")
    assert job.artifact("job.yaml") == (EXAMPLES / "bell" / "job.yaml").read_bytes()


@pytest.mark.parametrize("n", [2, 5, 12])
def test_ghz_is_all_or_nothing(eigen_client: Client, n: int) -> None:
    assert_follows(counts_of(eigen_client, "ghz", inputs={"n": n}), {"0" * n: 0.5, "1" * n: 0.5})


@pytest.mark.parametrize(("k", "step"), [(5, 6), (0, 15), (11, 0)])
def test_a_phase_step_between_the_transforms_adds_to_the_input(eigen_client: Client, k: int, step: int) -> None:
    counts = counts_of(eigen_client, "qft", inputs={"k": k, "step": step})
    assert counts == {f"{(k + step) % 16:04b}": 512}


def test_the_transform_alone_gives_every_outcome_alike(eigen_client: Client) -> None:
    counts = counts_of(eigen_client, "qft", inputs={"n": 3, "invert": False, "step": 0}, shots=8000)
    assert_follows(counts, {f"{outcome:03b}": 1 / 8 for outcome in range(8)})


@pytest.mark.parametrize("k", [0, 3, 5])
def test_the_transforms_amplitudes_are_those_of_the_formula(eigen_client: Client, k: int) -> None:
    """The compiled circuit, multiplied out from the gate table, gives exp(2πi j k / 2^n) / √2^n for every j."""
    inputs = {"n": 3, "k": k, "step": 0, "invert": False}
    compiled = eigen_client.compile(EXAMPLES / "qft" / "job.yaml", inputs=inputs)
    amplitudes = state_of(compiled.aqo_json)
    expected = [cmath.exp(2j * math.pi * j * k / 8) / math.sqrt(8) for j in range(8)]
    assert amplitudes == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("secret", ["1011001", "0000", "1", "110010111"])
def test_bernstein_vazirani_finds_the_secret_with_certainty(eigen_client: Client, secret: str) -> None:
    assert counts_of(eigen_client, "bernstein_vazirani", inputs={"secret": secret}) == {secret: 256}


@pytest.mark.parametrize(("theta", "phi"), [(math.pi / 3, 0.5), (0.3, 1.2), (2.5, -0.7)])
def test_rotation_angles_give_the_probabilities_of_the_formula(eigen_client: Client, theta: float, phi: float) -> None:
    one, differ = math.sin(theta / 2) ** 2, math.sin(phi) ** 2
    expected = {
        "00": (1 - one) * (1 - differ),
        "10": (1 - one) * differ,
        "11": one * (1 - differ),
        "01": one * differ,
    }
    assert_follows(counts_of(eigen_client, "parameterized", inputs={"theta": theta, "phi": phi}), expected)


def test_parameter_values_do_not_change_the_circuit(eigen_client: Client) -> None:
    job = EXAMPLES / "parameterized" / "job.yaml"
    first, second = (eigen_client.compile(job, inputs={"theta": theta}) for theta in (0.1, 0.2))
    assert first.digest == second.digest
    assert (first.binding["theta"], second.binding["theta"]) == (0.1, 0.2)


def state_of(aqo_json: bytes) -> list[complex]:
    """Return the final amplitudes of a circuit without its measurements, straight from the gate table."""
    circuit = decode(aqo_json)
    gates = {gate.op: gate for gate in GATES.values()}
    state = [0j] * 2**circuit.qubits
    state[0] = 1
    for operation in circuit.operations:
        if operation.op in gates:
            matrix = gates[operation.op].unitary(*(evaluate(angle, {}) for angle in operation.params))
            state = applied(matrix, operation.q, state)
    return state


def applied(matrix: Any, qubits: tuple[int, ...], state: list[complex]) -> list[complex]:
    after = [0j] * len(state)
    for index, amplitude in enumerate(state):
        column = sum((index >> qubit & 1) << position for position, qubit in enumerate(qubits))
        rest = index & ~sum(1 << qubit for qubit in qubits)
        for row, line in enumerate(matrix):
            target = rest | sum((row >> position & 1) << qubit for position, qubit in enumerate(qubits))
            after[target] += line[column] * amplitude
    return after
