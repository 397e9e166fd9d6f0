"""The jobs behind a primitive: in flight together, cancelled, failed, recorded; and circuits that change."""

from __future__ import annotations

import os
import subprocess
import sys

import anyio
import anyio.lowlevel
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import PermutationGate, UnitaryGate
from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2
from qiskit.providers import JobStatus

import eigen
from eigen.contracts.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OperationCancelledError,
    UnimplementedError,
)
from eigen.primitives import EigenEstimator, EigenSampler
from eigen.primitives.circuits import CircuitShelf
from eigen.testing.scripted_driver import ScriptedDriver

TARGET = "scripted:device"


def coin() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.measure_all()
    return circuit


def begun(client, driver, *, pubs: int = 3):
    """Return a job of some PUBs whose Eigen jobs are all accepted, and held by the device."""
    driver.hold()
    job = EigenSampler(client, target=TARGET).run([coin()] * pubs)

    async def all_held(_):
        await driver.started(pubs)
        while len(job.eigen_job_ids()) < pubs:  # a device may have a job before its submission has been answered
            await anyio.lowlevel.checkpoint()

    client.start(all_held).result()
    return job


def test_pubs_are_in_flight_together_and_the_job_is_running(eigen_client, eigen_driver):
    job = begun(eigen_client, eigen_driver)
    assert (job.status(), job.running(), job.done(), job.in_final_state()) == (JobStatus.RUNNING, True, False, False)
    assert eigen_driver.running == 3
    eigen_driver.release()
    assert [one.data.meas.num_shots for one in job.result()] == [1024] * 3
    assert (job.status(), job.running(), job.done(), job.in_final_state()) == (JobStatus.DONE, False, True, True)
    assert job.result() is job.result()
    assert not job.cancel()


def test_cancel_cancels_every_eigen_job(eigen_client, eigen_driver):
    job = begun(eigen_client, eigen_driver)
    assert job.cancel()
    assert job.cancelled() and job.in_final_state()
    states = {eigen_client.job(one).wait().state for one in job.eigen_job_ids()}
    assert (len(job.eigen_job_ids()), states) == (3, {eigen.JobState.CANCELLED})
    with pytest.raises(OperationCancelledError, match=job.job_id()):
        job.result()


def test_an_eigen_job_that_somebody_else_cancels_cancels_the_others(eigen_client, eigen_driver):
    job = begun(eigen_client, eigen_driver)
    eigen_client.job(job.eigen_job_ids()[1]).cancel()
    with pytest.raises(OperationCancelledError):
        job.result()
    assert job.status() is JobStatus.CANCELLED
    assert {eigen_client.job(one).wait().state for one in job.eigen_job_ids()} == {eigen.JobState.CANCELLED}


def test_the_first_failure_is_the_jobs_own_error_and_ends_the_others(eigen_client, eigen_driver):
    job = begun(eigen_client, eigen_driver)
    eigen_driver.fail(InvalidArgumentError("no such pulse", reason="PULSE"))
    eigen_driver.release()
    with pytest.raises(InvalidArgumentError, match="no such pulse") as failed:
        job.result()
    assert failed.value.reason == "PULSE"
    assert job.status() is JobStatus.ERROR
    assert job.in_final_state() and not job.done()


def test_what_the_system_refuses_is_an_error_of_the_result(eigen_client):
    job = EigenSampler(eigen_client, target="nobody:nothing").run([coin()])
    with pytest.raises((NotFoundError, InvalidArgumentError), match="nobody"):
        job.result()
    assert job.eigen_job_ids() == ()


def test_jobs_are_recorded_like_any_other_one_group_for_each_call(eigen_client):
    sampler = EigenSampler(
        eigen_client, target=TARGET, seed=5, options={"priority": 70, "timeout_sec": 60, "optimization_level": 1}
    )
    jobs = [sampler.run([coin()]), sampler.run([coin(), coin()])]
    results = [one.result() for one in jobs]
    assert [len(eigen_client.jobs(group=one.job_id())) for one in jobs] == [1, 2]
    assert [one.metadata["group"] for one in results] == [one.job_id() for one in jobs]
    (status,) = eigen_client.jobs(group=jobs[0].job_id())
    assert (status.name, status.priority, status.seed, status.target) == ("sampler", 70, 5, TARGET)
    assert eigen_client.rerun(status.job_id).results().counts == eigen_client.job(status.job_id).results().counts


def test_a_call_inside_a_running_loop_returns_at_once(eigen_client, eigen_driver):
    async def program():
        job = begun(eigen_client, eigen_driver)
        assert job.running()
        eigen_driver.release()
        return await anyio.to_thread.run_sync(job.result), EigenSampler(eigen_client, target=TARGET).run(
            [coin()]
        ).result()

    for result in anyio.run(program):
        assert result[0].data.meas.num_shots == 1024


def test_a_call_without_pubs_gives_an_empty_result(eigen_client):
    job = EigenEstimator(eigen_client).run([])
    assert len(job.result()) == 0
    assert job.done()


def test_a_client_that_is_closed_is_an_error_at_once(tmp_path):
    with eigen.Client(tmp_path) as client:
        sampler = EigenSampler(client)
    with pytest.raises(FailedPreconditionError, match="not open"):
        sampler.run([coin()])


def test_jobs_that_have_not_ended_when_their_client_closes_are_left_to_the_next_one(tmp_path, eigen_driver):
    with eigen.Client(tmp_path, drivers={"scripted": eigen_driver}) as client:
        job = begun(client, eigen_driver)
    assert job.status() is JobStatus.ERROR
    with pytest.raises(FailedPreconditionError, match="closed before"):
        job.result()
    with eigen.Client(tmp_path, drivers={"scripted": ScriptedDriver()}) as client:
        assert {client.job(one).wait().state for one in job.eigen_job_ids()} == {eigen.JobState.DONE}


def test_primitives_are_qiskits_and_refuse_what_they_do_not_know(eigen_client):
    assert isinstance(EigenSampler(eigen_client), BaseSamplerV2)
    assert isinstance(EigenEstimator(eigen_client), BaseEstimatorV2)
    for arguments in (
        {"options": {"resilience": 1}},
        {"options": {"optimization_level": 4}},
        {"seed": -1},
        {"seed": "x"},
    ):
        with pytest.raises(InvalidArgumentError):
            EigenSampler(eigen_client, **arguments)
    with pytest.raises(InvalidArgumentError, match="client"):
        EigenEstimator("sim:local")
    with pytest.raises(ValueError, match="inconsistent"):  # Qiskit's own
        EigenSampler(eigen_client).run([(coin(), [1.0])])


SCRIPT = """
from qiskit import QuantumCircuit
from eigen.primitives import EigenEstimator, EigenSampler
bell = QuantumCircuit(2)
bell.h(0)
bell.cx(0, 1)
with EigenEstimator() as estimator:
    job = estimator.run([(bell, "XX")])
print(round(float(job.result()[0].data.evs), 6))
left = EigenSampler()
left.run([bell.measure_all(inplace=False)])
"""


def test_a_primitive_without_a_client_works_on_the_default_root_and_leaves_nothing_behind(tmp_path):
    """One is closed by its `with` block, the other one by the interpreter's end, which waits for what has begun."""
    environment = {**os.environ, "EIGEN_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.0\n", "")
    with eigen.Client(tmp_path) as client:
        ended = [(one.name, one.state, one.error_summary) for one in client.jobs()]
    assert ended == [("sampler", "DONE", None), ("estimator", "DONE", None)]


def test_a_circuit_is_read_once_until_it_changes():
    shelf = CircuitShelf(optimization_level=0)
    angle = Parameter("a")
    circuit = QuantumCircuit(2)
    circuit.rx(angle, 0)
    circuit.append(UnitaryGate([[0, 1], [1, 0]]), [1])
    known = shelf.circuit(circuit)
    assert shelf.circuit(circuit) is known
    assert shelf.circuit(circuit.copy()) is not known
    for change in (
        lambda: circuit.assign_parameters({angle: 0.5}, inplace=True),
        lambda: circuit.data.__setitem__(0, circuit.data[0].replace(qubits=[circuit.qubits[1]])),
        lambda: circuit.append(UnitaryGate([[1, 0], [0, -1]]), [1]),
        lambda: circuit.data.pop(1),
    ):
        before = shelf.circuit(circuit)
        change()
        assert shelf.circuit(circuit) is not before
        assert shelf.circuit(circuit) is shelf.circuit(circuit)


def test_composite_gates_become_gates_of_the_table_and_simple_ones_stay_as_they_are():
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.h(0)
    plain = CircuitShelf(optimization_level=0).circuit(circuit).read.aqo
    assert [one.op for one in plain.operations] == ["H", "H"]
    assert CircuitShelf(optimization_level=1).circuit(circuit).read.aqo.operations == ()
    circuit.append(PermutationGate([2, 0, 1]), range(3))
    taken_apart = CircuitShelf(optimization_level=0).circuit(circuit).read.aqo
    assert {one.op for one in taken_apart.operations} == {"H", "SWAP"}


def test_what_no_circuit_may_hold_is_refused_by_name(eigen_client):
    circuit = coin()
    circuit.delay(100, 0)
    with pytest.raises(UnimplementedError, match="delay"):
        EigenSampler(eigen_client).run([circuit])
