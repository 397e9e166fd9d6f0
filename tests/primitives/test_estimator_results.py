"""`EigenEstimator` against Qiskit's own estimator, closed forms, and what it asks of the kernel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import PauliEvolutionGate, QFTGate, real_amplitudes
from qiskit.primitives import StatevectorEstimator
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.quantum_info import SparseObservable, SparsePauliOp

from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError
from eigen.primitives import EigenEstimator

OBSERVABLES = ["ZZI", "IXY", SparsePauliOp(["XXX", "III", "ZIZ"], [0.5, -1.25, 2.0]), {"YYZ": 3.0}, "III"]


def composite_circuit(*, is_parametric: bool) -> QuantumCircuit:
    """Return three qubits with gates that have to be taken apart, and angles that are affine, shared, and neither."""
    a, b = (Parameter("θ"), Parameter("b[1]")) if is_parametric else (0.3, -1.1)
    circuit = QuantumCircuit(3, global_phase=0.4)
    circuit.h(0)
    circuit.ry(2 * a - b + 0.25, 1)
    circuit.rx((a * b).sin() if is_parametric else math.sin(a * b), 2)
    circuit.rz((a * b).sin() if is_parametric else math.sin(a * b), 1)
    circuit.append(PauliEvolutionGate(SparsePauliOp(["XXI", "IZZ"], [0.7, 0.2]), time=b), [0, 1, 2])
    circuit.append(QFTGate(2), [0, 2])
    circuit.append(real_amplitudes(2, reps=1).assign_parameters([0.1, 0.2, 0.3, 0.4]).to_gate(), [2, 1])
    circuit.u(0.1, 0.2, 0.3, 0)
    return circuit


PARAMETRIC, FIXED = composite_circuit(is_parametric=True), composite_circuit(is_parametric=False)
REFERENCES = {one.name: one.decompose(reps=5) for one in (PARAMETRIC, FIXED)}


@settings(max_examples=20)
@given(
    shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    is_parametric=st.booleans(),
    places=st.randoms(use_true_random=False),
)
def test_exact_values_are_those_of_qiskits_estimator_in_any_shape(client, shapes, is_parametric, places):
    (of_bindings, of_observables), shape = shapes
    chosen = [places.choice(OBSERVABLES) for _ in range(math.prod(of_observables))]
    array = np.empty(len(chosen), dtype=object)
    array[:] = chosen
    observables = ObservablesArray(array.reshape(of_observables), num_qubits=3)
    values = np.array([places.uniform(-3, 3) for _ in range(2 * math.prod(of_bindings))]).reshape(*of_bindings, 2)
    bindings = BindingsArray({("θ", "b[1]"): values} if is_parametric else {}, shape=of_bindings)
    circuit = PARAMETRIC if is_parametric else FIXED
    ours = EigenEstimator(client).run([(circuit, observables, bindings)]).result()[0].data
    theirs = StatevectorEstimator().run([(REFERENCES[circuit.name], observables, bindings)]).result()[0].data
    assert (ours.shape, ours.evs.dtype) == (shape, np.float64)
    np.testing.assert_allclose(ours.evs, theirs.evs, atol=1e-9)
    assert not ours.stds.any()


@pytest.mark.parametrize(
    ("of_bindings", "of_observables", "jobs"),
    [((), (5,), 1), ((4,), (5, 1), 1), ((4,), (), 1), ((3,), (3,), 3), ((2, 3), (3,), 3), ((0,), (5, 1), 0)],
)
def test_points_that_are_asked_the_same_share_a_job_and_nothing_else_is_asked(
    client, of_bindings, of_observables, jobs
):
    observables = np.array(["ZZI", "IXY", "XXX", "YYZ", "IIZ"][: math.prod(of_observables)]).reshape(of_observables)
    pub = (PARAMETRIC, ObservablesArray(observables.astype(object)), np.zeros((*of_bindings, 2)))
    result = EigenEstimator(client).run([pub]).result()[0]
    stored = [client.job(job_id).results() for job_id in result.metadata["job_ids"]]
    pairs = sum(len(one.results[0].expectation_values) * len(one.results) for one in stored)
    assert (len(stored), pairs) == (jobs, result.data.evs.size)


def test_projectors_are_observables(client):
    plus = QuantumCircuit(2)
    plus.h(0)
    plus.x(1)
    observable = SparseObservable.from_list([("1+", 2.0), ("0I", 5.0), ("Z-", 7.0), ("rl", 1.0)])
    assert EigenEstimator(client).run([(plus, observable)]).result()[0].data.evs == pytest.approx(2.25)


def test_more_products_than_a_job_takes_are_refused_before_they_are_written_out(client):
    circuit = QuantumCircuit(60)
    with pytest.raises(ResourceExhaustedError, match=r"1\.15292e\+18 Pauli products"):
        EigenEstimator(client).run([(circuit, "0" * 60)])


def test_the_measurements_at_the_end_of_a_circuit_do_not_change_its_values(client):
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    assert EigenEstimator(client).run([(bell, "XX")]).result()[0].data.evs == pytest.approx(1)


def test_a_circuit_without_qubits_has_constants_only(client):
    assert EigenEstimator(client).run([(QuantumCircuit(0), SparsePauliOp([""], [2.5]))]).result()[0].data.evs == 2.5


def test_states_that_chance_decides_are_sampled_with_their_errors(client):
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.ry(2 * math.pi / 3, 0)  # ⟨Z⟩ is 1 or −cos(2π/3)
    found = EigenEstimator(client, seed=5).run([(circuit, "Z")]).result()[0]
    assert found.metadata["estimation"]["kind"] == "sampled"
    assert 0 < found.data.stds < 0.05
    assert abs(found.data.evs - 0.75) < 5 * found.data.stds


def test_a_precision_is_kept_and_the_errors_cover_the_exact_values(client):
    values = np.random.default_rng(3).uniform(-3, 3, (60, 2))
    exact = EigenEstimator(client).run([(PARAMETRIC, OBSERVABLES[2], values)]).result()[0].data.evs
    job = EigenEstimator(client, seed=11).run([(PARAMETRIC, OBSERVABLES[2], values)], precision=0.1)
    found, metadata = job.result()[0].data, job.result()[0].metadata
    assert found.stds.max() <= 0.1 * 1.1  # of a sample; the bound is for the state
    assert 0.85 <= np.mean(np.abs(found.evs - exact) < 1.96 * found.stds) <= 1.0
    assert metadata["target_precision"] == 0.1
    assert metadata["total_shots"] == 60 * math.ceil((2.5 / 0.1) ** 2)
    assert client.job(metadata["job_ids"][0]).results().provenance["seed"] == 11


def test_a_precision_beyond_one_measurement_takes_the_mean_of_several(client):
    circuit = QuantumCircuit(1)
    circuit.ry(1.0, 0)
    found = EigenEstimator(client, seed=2).run([(circuit, SparsePauliOp("Z", 30.0), [], 0.02)]).result()[0]
    assert found.metadata["total_shots"] == pytest.approx((30 / 0.02) ** 2, rel=1e-5)
    assert found.data.stds == pytest.approx(30 * math.sin(1.0) / math.sqrt(found.metadata["total_shots"]), rel=0.01)
    assert abs(found.data.evs - 30 * math.cos(1.0)) < 5 * found.data.stds


def test_a_precision_that_nobody_has_time_for_is_refused_with_the_finest(client):
    with pytest.raises(ResourceExhaustedError, match="takes 1e\\+16 shots") as refused:
        EigenEstimator(client).run([(FIXED, "ZZZ")], precision=1e-8)
    assert "0.0001" in refused.value.hint


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused_by_name(client, value):
    with pytest.raises(InvalidArgumentError, match=r"θ.*is not finite"):
        EigenEstimator(client).run([(PARAMETRIC, "ZZZ", {"θ": value, "b[1]": 1.0})])


def test_an_expression_without_a_real_value_is_refused_by_its_text(client):
    a = Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.rx(1 / a, 0)
    with pytest.raises(InvalidArgumentError, match=r"1/a.*is not finite"):
        EigenEstimator(client).run([(circuit, "Z", [0.0])])


def test_more_shots_than_a_job_takes_go_into_several_jobs_of_one_group(client):
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("a"), 0)
    values = np.linspace(0, 3, 150)
    job = EigenEstimator(client, seed=1).run([(circuit, "Z", values, 0.00101)])  # 980,297 shots for each
    found = job.result()[0].data
    assert np.abs(found.evs - np.cos(values)).max() < 5 * 0.00101
    assert {one.job_id for one in client.jobs(group=job.job_id())} == set(job.eigen_job_ids())
    assert [len(client.job(one).results().results) for one in job.eigen_job_ids()] == [102, 48]


def test_a_register_that_no_bit_is_measured_into_does_no_harm(client):
    circuit = FIXED.copy()
    circuit.add_register(ClassicalRegister(3, "unused"))
    ours, without = (EigenEstimator(client).run([(one, "IXY")]).result()[0].data.evs for one in (circuit, FIXED))
    assert ours == without
