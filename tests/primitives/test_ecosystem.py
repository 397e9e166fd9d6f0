"""Qiskit's packages for algorithms, chemistry and machine learning on Eigen's primitives, as they come."""

from __future__ import annotations

import math
import runpy
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import n_local, real_amplitudes, z_feature_map
from qiskit.quantum_info import SparsePauliOp
from qiskit_algorithms import (
    QAOA,
    VQE,
    AdaptVQE,
    EstimationProblem,
    HamiltonianPhaseEstimation,
    IterativeAmplitudeEstimation,
    PhaseEstimation,
    SamplingVQE,
)
from qiskit_algorithms.gradients import ParamShiftEstimatorGradient
from qiskit_algorithms.optimizers import COBYLA, L_BFGS_B, SLSQP
from qiskit_algorithms.utils import algorithm_globals
from qiskit_machine_learning import optimizers as learning
from qiskit_machine_learning.algorithms import VQC
from qiskit_machine_learning.neural_networks import EstimatorQNN
from qiskit_nature.second_q.algorithms import GroundStateEigensolver
from qiskit_nature.second_q.mappers import JordanWignerMapper

from eigen.primitives import EigenEstimator, EigenSampler

# The packages use parts of Qiskit that Qiskit 3 will not have, and options that SciPy 1.18 will not have.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

HYDROGEN = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "qiskit_vqe" / "hydrogen.py"))
HYDROGEN_ENERGY = -1.137306  # full configuration interaction
TWO_QUBIT_HYDROGEN = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"],
    [-1.052373245772859, 0.39793742484318045, -0.39793742484318045, -0.01128010425623538, 0.18093119978423156],
)
RING = SparsePauliOp(["IIZZ", "IZZI", "ZZII", "ZIIZ"])  # the largest cuts of a square are 0101 and 1010


@pytest.fixture(autouse=True)
def _seeds():
    algorithm_globals.random_seed = 1


@pytest.fixture(scope="module")
def estimator(client):
    return EigenEstimator(client)


@pytest.fixture(scope="module")
def sampler(client):
    return EigenSampler(client, seed=1)


def test_vqe_finds_the_ground_state_with_the_parameter_shift_rule(estimator):
    ansatz = n_local(2, ["ry", "rz"], "cz", reps=1)
    vqe = VQE(estimator, ansatz, L_BFGS_B(maxiter=30), gradient=ParamShiftEstimatorGradient(estimator))
    vqe.initial_point = np.full(ansatz.num_parameters, 0.3)
    found = vqe.compute_minimum_eigenvalue(TWO_QUBIT_HYDROGEN, aux_operators=[SparsePauliOp("ZZ")])
    assert found.eigenvalue == pytest.approx(-1.857275, abs=1e-4)
    assert found.aux_operators_evaluated[0][0] == pytest.approx(-1, abs=1e-2)


def test_unitary_coupled_cluster_gives_the_energy_of_hydrogen(client, estimator):
    mapper, problem = JordanWignerMapper(), HYDROGEN["problem"]()
    vqe = VQE(estimator, HYDROGEN["unitary_coupled_cluster"](problem, mapper), SLSQP(), initial_point=np.zeros(3))
    found = GroundStateEigensolver(mapper, vqe).solve(problem)
    assert found.total_energies[0] == pytest.approx(HYDROGEN_ENERGY, abs=1e-5)
    assert len(client.jobs(name="estimator", limit=1_000)) >= found.raw_result.cost_function_evals


def test_adapt_vqe_chooses_the_double_excitation(estimator):
    mapper, problem = JordanWignerMapper(), HYDROGEN["problem"]()
    ansatz = HYDROGEN["unitary_coupled_cluster"](problem, mapper)
    found = AdaptVQE(VQE(estimator, ansatz, SLSQP())).compute_minimum_eigenvalue(
        mapper.map(problem.hamiltonian.second_q_op())
    )
    assert found.eigenvalue + HYDROGEN["REPULSION"] == pytest.approx(HYDROGEN_ENERGY, abs=1e-5)
    assert found.num_iterations <= 2


@pytest.mark.parametrize("kind", ["qaoa", "sampling_vqe"])
def test_samplers_find_a_largest_cut(sampler, kind):
    optimizer = COBYLA(maxiter=15)
    solver = (
        QAOA(sampler, optimizer, reps=1)
        if kind == "qaoa"
        else SamplingVQE(sampler, real_amplitudes(4, reps=1), optimizer)
    )
    found = solver.compute_minimum_eigenvalue(RING)
    assert found.best_measurement["bitstring"] in {"0101", "1010"}
    assert found.best_measurement["value"] == -4


def test_phases_and_amplitudes_are_estimated(sampler):
    turn, one = QuantumCircuit(1), QuantumCircuit(1)
    turn.p(2 * math.pi * 5 / 16, 0)
    one.x(0)
    assert PhaseEstimation(4, sampler).estimate(turn, one).phase == 5 / 16
    energy = HamiltonianPhaseEstimation(4, sampler).estimate(SparsePauliOp("Z"), state_preparation=one)
    assert abs(energy.most_likely_eigenvalue) == pytest.approx(1)
    amplitude = QuantumCircuit(1)
    amplitude.ry(2 * math.asin(math.sqrt(0.2)), 0)
    estimation = IterativeAmplitudeEstimation(0.02, 0.05, sampler=sampler)
    assert estimation.estimate(EstimationProblem(amplitude, [0])).estimation == pytest.approx(0.2, abs=0.02)


def test_a_variational_classifier_learns_by_samples(sampler):
    angles = np.array([[-1.0], [-0.8], [-0.6], [0.6], [0.8], [1.0]])
    feature = QuantumCircuit(1)
    feature.ry(z_feature_map(1, reps=1).parameters[0], 0)
    ansatz = real_amplitudes(1, reps=0)
    classifier = VQC(
        feature_map=feature,
        ansatz=ansatz,
        optimizer=learning.COBYLA(maxiter=15),
        sampler=sampler,
        initial_point=np.array([1.0]),
    )
    classifier.fit(angles, np.array([0, 0, 0, 1, 1, 1]))
    assert classifier.score(angles, np.array([0, 0, 0, 1, 1, 1])) == 1.0


def test_a_quantum_neural_network_has_its_values_and_its_gradient(estimator):
    circuit = QuantumCircuit(1)
    inputs, weights = z_feature_map(1).parameters, real_amplitudes(1, reps=0).parameters
    circuit.ry(inputs[0], 0)
    circuit.ry(weights[0], 0)
    network = EstimatorQNN(
        circuit=circuit,
        input_params=list(inputs),
        weight_params=list(weights),
        estimator=estimator,
        default_precision=0.0,
    )
    points = np.array([[-0.9], [0.2], [0.7]])
    np.testing.assert_allclose(network.forward(points, [0.4]), np.cos(points + 0.4), atol=1e-9)
    np.testing.assert_allclose(network.backward(points, [0.4])[1][:, :, 0], -np.sin(points + 0.4), atol=1e-9)
