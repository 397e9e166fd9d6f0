"""Expectation values and sweeps through the library on Qiskit Aer, against Qiskit's estimator and dense matrices."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp

from eigen.client.sync import Client
from eigen.contracts.errors import EigenError

HYDROGEN = {
    "II": -1.052373245772859,
    "IZ": 0.39793742484318045,
    "ZI": -0.39793742484318045,
    "ZZ": -0.01128010425623538,
    "XX": 0.18093119978423156,
}
GROUND_ENERGY = -1.857275030202382
"""Electronic energy at 0.735 Å, least eigenvalue of the matrix (Qiskit's textbook; also computed below)."""

MOLECULE = f"""
H2 = Observable({HYDROGEN!r})

@hybrid_program(seed=11)
def main(theta: Param = 0.0):
    q = QubitRegister(2)
    x(q[0])
    ry(q[1], theta)
    cx(q[1], q[0])
    return {{"energy": ExpectationValue("energy", H2{{precision}})}}
"""
EXACT, PRECISE = MOLECULE.replace("{precision}", ""), MOLECULE.replace("{precision}", ", precision=0.02")

ASYMMETRIC = """
@hybrid_program(seed=3)
def main():
    ry(0, 0.4)
    rx(1, 1.1)
    cx(0, 1)
    ry(2, 0.9)
    cx(1, 2)
    s(2)
    {measure}
    ExpectationValue("a", Observable("0.5 XYZ - 0.25 IZX + 2 ZII"))
    ExpectationValue("b", 0.75 * Y(2) * X(1) + Z(0))
"""


@pytest.fixture(scope="module")
def eigen_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One client for all: their jobs do not meet, and one simulator that is loaded serves them."""
    with Client(tmp_path_factory.mktemp("estimation")) as client:
        yield client


def qiskit_values() -> list[float]:
    circuit = QuantumCircuit(3)
    circuit.ry(0.4, 0)
    circuit.rx(1.1, 1)
    circuit.cx(0, 1)
    circuit.ry(0.9, 2)
    circuit.cx(1, 2)
    circuit.s(2)
    operators = [
        SparsePauliOp(["XYZ", "IZX", "ZII"], [0.5, -0.25, 2]),
        SparsePauliOp(["YXI", "IIZ"], [0.75, 1]),
    ]
    return [float(one) for one in StatevectorEstimator().run([(circuit, operators)]).result()[0].data.evs]


@pytest.mark.parametrize("measure", ["pass", "measure(0, 2)", 'measure(0, basis="X")'])
def test_exact_values_are_those_of_qiskits_estimator(eigen_client: Client, measure: str) -> None:
    """The leftmost letter is the highest qubit's, as in Qiskit; what is measured in the end changes nothing."""
    results = eigen_client.submit(ASYMMETRIC.format(measure=measure)).results()
    values = [results.expectation_values[name] for name in "ab"]
    assert [one["value"] for one in values] == pytest.approx(qiskit_values(), abs=1e-9)
    assert [one["std_error"] for one in values] == [0, 0]
    assert bool(results.counts) == (measure != "pass")


def test_sampled_values_are_within_their_errors(eigen_client: Client) -> None:
    """Five standard deviations, with a fixed seed."""
    results = eigen_client.submit(ASYMMETRIC.format(measure="measure(0, 2)"), shots=20_000).results()
    assert results.metadata["estimation"]["kind"] == "sampled"
    assert sum(results.counts.values()) == results.shots == 20_000
    for name, exact in zip("ab", qiskit_values(), strict=True):
        estimate = results.expectation_values[name]
        assert 0.001 < estimate["std_error"] < 0.05
        assert abs(estimate["value"] - exact) < 5 * estimate["std_error"]


def test_the_same_seed_gives_the_same_estimate(eigen_client: Client) -> None:
    first, second, other = (
        eigen_client.submit(EXACT, shots=500, seed=seed, inputs={"theta": 0.3}).results().expectation_values
        for seed in (1, 1, 2)
    )
    assert first == second != other


def test_hydrogen_at_its_optimum_has_the_ground_energy_of_the_matrix(eigen_client: Client) -> None:
    matrix = SparsePauliOp(list(HYDROGEN), list(HYDROGEN.values())).to_matrix()
    energies, states = np.linalg.eigh(matrix)
    assert energies[0] == pytest.approx(GROUND_ENERGY, abs=1e-9)
    ground = states[:, 0].real
    theta = 2 * math.atan2(ground[0b10], ground[0b01])  # cos(θ/2)|01⟩ + sin(θ/2)|10⟩
    results = eigen_client.submit(EXACT, inputs={"theta": theta}).results()
    assert results.expectation_values["energy"]["value"] == pytest.approx(GROUND_ENERGY, abs=1e-9)
    assert results.outputs["energy"] == results.expectation_values["energy"]
    assert results.metadata["estimation"]["kind"] == "exact"
    assert (results.shots, results.counts) == (0, {})


def test_a_precision_is_kept(eigen_client: Client) -> None:
    results = eigen_client.submit(PRECISE, inputs={"theta": -0.2}).results()
    assert results.metadata["estimation"]["reason"] == "a precision is named"
    assert results.expectation_values["energy"]["std_error"] <= 0.02
    assert results.shots == math.ceil(results.metadata["estimation"]["shots"])


def test_what_the_job_says_of_its_estimation_stands_above_what_is_guessed(eigen_client: Client) -> None:
    exact = eigen_client.submit(EXACT, shots=100, estimation="exact").results()
    sampled = eigen_client.submit(EXACT, estimation="sampled").results()
    assert exact.expectation_values["energy"]["std_error"] == 0
    assert sampled.expectation_values["energy"]["std_error"] > 0
    assert sampled.shots == 1024


def test_a_sweep_gives_a_curve_with_its_minimum(eigen_client: Client) -> None:
    angles = [index / 50 - 1 for index in range(101)]
    results = eigen_client.submit(EXACT, sweep={"theta": angles}).results()
    curve = results.expectation_array("energy")
    assert (curve.dtype, curve.shape) == (np.float64, (101,))
    assert results.parameter_array("theta").tolist() == angles
    assert not results.std_error_array("energy").any()
    assert curve.min() == pytest.approx(GROUND_ENERGY, abs=1e-4)
    assert all(
        one == pytest.approx(eigen_client.submit(EXACT, inputs={"theta": angle}).results().expectation_values["energy"])
        for one, angle in ((results.results[index].expectation_values["energy"], angles[index]) for index in (0, 40))
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_numpys_numbers_and_arrays_are_taken_as_pythons(eigen_client: Client, dtype: type) -> None:
    """As an optimizer of SciPy's hands them over, and as sweeps are made."""
    array = np.array([0, 1, 3], dtype=dtype)
    plain = eigen_client.submit(EXACT, sweep={"theta": [0, 1, 3]}).results().expectation_array("energy")
    for sweep in ({"theta": array}, {"theta": list(array)}, {"product": {"theta": array}}):
        assert eigen_client.submit(EXACT, sweep=sweep).results().expectation_array("energy").tolist() == plain.tolist()
    one = eigen_client.submit(EXACT, inputs={"theta": array[1]}, shots=np.int64(100), seed=np.int64(3)).results()
    again = eigen_client.submit(EXACT, inputs={"theta": 1.0}, shots=100, seed=3).results()
    assert (one.expectation_values, one.provenance["binding"]) == (again.expectation_values, {"theta": 1.0})


def test_a_sampled_sweep_has_an_error_at_each_point(eigen_client: Client) -> None:
    results = eigen_client.submit(EXACT, shots=2000, sweep={"theta": [0.1] * 30}).results()
    values, errors = results.expectation_array("energy"), results.std_error_array("energy")
    assert (errors > 0).all()
    assert len(set(values.tolist())) > 5
    assert values.std() == pytest.approx(errors.mean(), rel=0.6)


@pytest.mark.parametrize(
    ("source", "sweep", "reason"),
    [
        (EXACT, {"phi": [1.0]}, "EL0319"),
        (
            "@hybrid_program\ndef main(n: int = 2):\n    for i in range(n):\n        h(i)\n",
            {"n": [1, 2]},
            "SWEEP_STATIC",
        ),
    ],
)
def test_only_parameters_can_be_swept(
    eigen_client: Client, source: str, sweep: dict[str, list[float]], reason: str
) -> None:
    with pytest.raises(EigenError) as caught:
        eigen_client.submit(source, sweep=sweep).results()
    assert caught.value.reason == reason
    assert caught.value.hint


NOISY = """
@hybrid_program(seed=5)
def main():
    x(0)
    cx(0, 1)
    ExpectationValue("z", Z(0))
"""


def test_values_with_noise_are_sampled_and_exact_where_that_is_asked_for(eigen_client: Client) -> None:
    """⟨Z⟩ = −(1 − p₁)(1 − p₂): each depolarizing channel scales what the gate has left of it."""
    expected = -0.9 * 0.8
    sampled, exact = (
        eigen_client.submit(NOISY, noise_model="depolarizing:0.1,0.2", **how).results()
        for how in ({}, {"estimation": "exact"})
    )
    assert exact.expectation_values["z"] == {"value": pytest.approx(expected, abs=1e-12), "std_error": 0.0}
    assert exact.metadata["method"] == sampled.metadata["method"] == "density_matrix"
    assert exact.metadata["noise_model"] == "depolarizing:1q=0.1,2q=0.2"
    estimate = sampled.expectation_values["z"]
    assert abs(estimate["value"] - expected) < 5 * estimate["std_error"]
    assert 0 < estimate["std_error"] < 0.04


def test_exact_values_are_refused_where_readout_is_noisy(eigen_client: Client) -> None:
    job = eigen_client.submit(NOISY, noise_model="readout:0.1", estimation="exact")
    with pytest.raises(EigenError, match="spares the readout") as caught:
        job.results()
    assert caught.value.reason == "DEVICE_NOISE"
