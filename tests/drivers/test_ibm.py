"""IBM's machines: one remote job for each work, cancelled there when cancelled here; no secret is told."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from eigen.contracts.aqo import AQO, Affine, Condition, Operation
from eigen.contracts.devices import DeviceState
from eigen.contracts.errors import EigenError, UnavailableError
from eigen.contracts.execution import ExecutionRequest
from eigen.drivers.ibm.driver import IbmDriver
from eigen.drivers.ibm.gateway import IbmGateway, RemoteState
from eigen.drivers.manager import LocalDriverManager
from eigen.drivers.qiskit_backends.configured import configured_drivers
from eigen.drivers.qiskit_backends.description import QiskitBackend
from eigen.testing.driver_conformance import execution_request

CANARY = "canary-71c0de42"
TURNED = AQO(
    qubits=3,
    clbits=3,
    parameters=("theta",),
    operations=(
        Operation("RY", (2,), (Affine((("theta", 1.0),)),)),
        Operation("CX", (2, 0)),
        Operation("MEASURE", (0, 1, 2), c=(2, 0, 1)),
    ),
)
PI = 3.141592653589793
FLIPPED = ({"theta": 0.0}, {"theta": PI})


STATES = {
    "cut-off": ["QUEUED", "!no route to host"],
    "again": ["RUNNING", "DONE"],
    "busy": ["!busy", "!busy", "RUNNING", "!busy", "DONE"],
    "queued": ["QUEUED"],
    "failed": ["ERROR"],
    "cancelled": ["CANCELLED"],
    "refused": ["!401 for"],
    "steady": ["DONE"],
}
"""What each machine's jobs are seen to be, one look after the other."""


def request(machine: str) -> ExecutionRequest:
    return execution_request(f"ibm:{machine}", TURNED, bindings=FLIPPED, shots=50)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Where each machine's jobs are kept; one machine goes on with those of another."""
    made = {name: tmp_path_factory.mktemp(name) for name in STATES}
    return {**made, "again": made["cut-off"]}


@pytest.fixture(scope="module")
async def driver(anyio_backend: str, folders: Mapping[str, Path]) -> AsyncIterator[IbmDriver]:
    machines = {
        f"ibm:{name}": QiskitBackend(
            device_id=f"ibm:{name}",
            description="One.",
            path="no.where:Service",
            options={"folder": str(folders[name]), "states": states, "token": {"env": "EIGEN_TEST_TOKEN"}},
            num_qubits=5,
            feed_forward=True,
        )
        for name, states in STATES.items()
    }
    gateway = "eigen.drivers.ibm.rehearsal:RehearsedGateway"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EIGEN_TEST_TOKEN", CANARY)
        async with IbmDriver("ibm", machines, num_workers=1, poll_sec=0.01, gateway=gateway) as opened:
            yield opened


def jobs(folder: Path) -> list[Mapping[str, Any]]:
    return [json.loads(path.read_text()) for path in folder.glob("*.json")]


async def test_ibms_local_testing_mode_runs_sweeps_with_counts_by_the_programs_bits() -> None:
    """The library's own service, sampler and jobs, on its snapshot of a machine, whose readout is noisy."""
    section = {
        "backend": "qiskit_ibm_runtime.fake_provider.local_service:QiskitRuntimeLocalService",
        "name": "fake_manila",
        "qubits": 5,
    }
    (local,) = configured_drivers({"ibm:rehearsal": section}, file=Path("config.toml")).values()
    async with local:
        zero, one = await local.execute(request("rehearsal"))
        status = await local.status("ibm:rehearsal")
        fresh = await local.calibrate("ibm:rehearsal")
    assert zero.counts.get("000", 0) > 35
    assert one.counts.get("110", 0) > 35
    assert one.metadata["remote_job_id"]
    assert one.metadata["transpilation"]["two_qubit_gates"] >= 1
    assert (status.state, status.properties) == (DeviceState.ONLINE, {"operational": True, "pending_jobs": 0})
    assert fresh.properties["coupling_map"][:2] == [[0, 1], [1, 0]]
    assert 20e-6 < fresh.properties["t2_sec"] < fresh.properties["t1_sec"] * 2 < 1e-3


async def test_work_that_was_submitted_before_a_crash_is_fetched_and_not_run_again(
    driver: IbmDriver, folders: Mapping[str, Path]
) -> None:
    """One way to the service is lost after the submission; on another one the job is found by its tag."""
    with pytest.raises(EigenError) as lost:
        await driver.execute(request("cut-off"))
    zero, one = await driver.execute(request("again"))
    assert lost.value.reason == "DEVICE_UNREACHABLE"
    assert (zero.counts, one.counts) == ({"000": 50}, {"110": 50})
    assert (one.execution_time_sec, one.metadata["repeatable"]) == (0.5, False)
    assert len(await anyio.to_thread.run_sync(jobs, folders["again"])) == 1


async def test_some_looks_may_fail(driver: IbmDriver) -> None:
    assert len(await driver.execute(request("busy"))) == 2


async def test_what_is_cancelled_here_is_cancelled_there(driver: IbmDriver, folders: Mapping[str, Path]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(driver.execute, request("queued"))
        with anyio.fail_after(60):
            while not await anyio.to_thread.run_sync(jobs, folders["queued"]):
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert [one["is_cancelled"] for one in await anyio.to_thread.run_sync(jobs, folders["queued"])] == [True]


@pytest.mark.parametrize(
    ("machine", "reason"),
    [("failed", "REMOTE_FAILED"), ("cancelled", "REMOTE_CANCELLED"), ("refused", "DEVICE_UNREACHABLE")],
)
async def test_what_goes_wrong_there_is_typed_and_tells_no_secret(
    driver: IbmDriver, folders: Mapping[str, Path], machine: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(EigenError) as caught:
        await driver.execute(request(machine))
    kept = await anyio.to_thread.run_sync(jobs, folders[machine])
    status = await driver.status(f"ibm:{machine}")
    assert caught.value.reason == reason
    assert CANARY not in json.dumps(caught.value.to_json()) + caplog.text + json.dumps(kept) + status.reason


async def test_several_circuits_of_many_values_are_one_job_there(
    driver: IbmDriver, folders: Mapping[str, Path]
) -> None:
    """Each has its own width, shots and values."""
    flip = AQO(qubits=1, clbits=1, operations=(Operation("X", (0,)), Operation("MEASURE", (0,), c=(0,))))
    asked = [request("steady"), execution_request("ibm:steady", flip, shots=7)]
    found = await driver.execute_many(asked)
    assert [[one.counts for one in some] for some in found] == [[{"000": 50}, {"110": 50}], [{"1": 7}]]
    assert len({one.metadata["remote_job_id"] for some in found for one in some}) == 1
    assert [some[0].metadata["transpilation"]["two_qubit_gates"] for some in found] == [1, 0]


async def test_a_circuit_that_never_measures_gives_zeros_and_is_not_sent(
    driver: IbmDriver, folders: Mapping[str, Path]
) -> None:
    never = AQO(qubits=1, clbits=2, operations=(Operation("MEASURE", (0,), c=(0,), condition=Condition((1,), 1)),))
    nothing = execution_request("ibm:steady", never, shots=9)
    before = await anyio.to_thread.run_sync(jobs, folders["steady"])
    alone = await driver.execute(nothing)
    after = await anyio.to_thread.run_sync(jobs, folders["steady"])
    beside = await driver.execute_many([nothing, request("steady"), nothing])
    assert [one.counts for one in alone] == [{"00": 9}]
    assert [[one.counts for one in some] for some in beside] == [[{"00": 9}], [{"000": 50}, {"110": 50}], [{"00": 9}]]
    assert len(before) == len(after)


async def test_the_same_circuit_with_other_values_or_another_seed_is_another_job_there(driver: IbmDriver) -> None:
    """A loop runs one circuit many times; what it fetches must be what it asked for."""
    flipped = replace(request("steady"), bindings=({"theta": PI},))
    seeded = replace(flipped, options=replace(flipped.options, seed=8))
    found = [(await driver.execute(one))[0] for one in (replace(flipped, bindings=({"theta": 0.0},)), flipped, seeded)]
    assert [one.counts for one in found] == [{"000": 50}, {"110": 50}, {"110": 50}]
    assert len({one.metadata["remote_job_id"] for one in found}) == 3
    (again,) = await driver.execute(seeded)
    assert again.metadata["remote_job_id"] == found[2].metadata["remote_job_id"]


def machine(folder: Path, **says: Any) -> None:
    (folder / "machine").write_text(json.dumps(says))


def one_machine(folder: Path, **limits: Any) -> IbmDriver:
    described = QiskitBackend(
        device_id="ibm:one",
        description="One.",
        path="no.where:Service",
        options={"folder": str(folder), "states": ["DONE"], "token": {"env": "EIGEN_TEST_TOKEN"}},
        num_qubits=5,
    )
    gateway = "eigen.drivers.ibm.rehearsal:RehearsedGateway"
    return IbmDriver("ibm", {"ibm:one": described}, num_workers=1, gateway=gateway, **limits)


async def test_a_machine_says_whether_it_takes_jobs_and_how_many_wait_and_is_not_asked_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EIGEN_TEST_TOKEN", CANARY)
    machine(tmp_path, operational=False, pending_jobs=12, message=f"maintenance {CANARY}")
    async with one_machine(tmp_path) as driver:
        down = await driver.status("ibm:one")
        machine(tmp_path, operational=True)
        soon = await driver.status("ibm:one")
    async with one_machine(tmp_path) as driver:
        later = await driver.status("ibm:one")
    assert (down.state, down.properties["pending_jobs"]) == (DeviceState.OFFLINE, 12)
    assert down.reason.startswith("maintenance")
    assert CANARY not in down.reason
    assert soon == down
    assert (later.state, later.reason, later.properties["pending_jobs"]) == (DeviceState.ONLINE, "", 0)


@pytest.mark.parametrize("limit_sec", [0.0, 60.0])
async def test_a_service_that_is_away_or_too_slow_is_unreachable_and_its_device_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit_sec: float
) -> None:
    monkeypatch.setenv("EIGEN_TEST_TOKEN", CANARY)
    machine(tmp_path, message="!no route to host")
    async with LocalDriverManager({"ibm": one_machine(tmp_path, status_limit_sec=limit_sec)}) as manager:
        driver = one_machine(tmp_path, status_limit_sec=limit_sec)
        async with driver:
            with pytest.raises(UnavailableError) as caught:
                await driver.status("ibm:one")
        seen = await manager.status("ibm:one")
    assert caught.value.reason == "DEVICE_UNREACHABLE"
    assert (seen.state, seen.reason) == (DeviceState.UNKNOWN, caught.value.message)
    assert CANARY not in caught.value.message


async def test_calibrating_asks_for_new_figures_and_later_circuits_are_fitted_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EIGEN_TEST_TOKEN", CANARY)
    async with one_machine(tmp_path, poll_sec=0.01) as driver:
        before = await driver.status("ibm:one")
        machine(tmp_path, seed=2)
        unchanged = await driver.status("ibm:one")
        first = await driver.calibrate("ibm:one")
        machine(tmp_path, seed=3)
        second = await driver.calibrate("ibm:one")
        assert (await driver.status("ibm:one")).properties == second.properties
    assert "gate_errors" not in {**before.properties, **unchanged.properties}
    assert 0 < first.properties["gate_errors"]["cx"] != second.properties["gate_errors"]["cx"]
    assert len(second.properties["coupling_map"]) == 20


class _Job(SimpleNamespace):
    """A remote job as `RuntimeJobV2` is documented."""

    def job_id(self) -> str:
        return str(self.name)

    def status(self) -> str:
        return str(self.state)

    def cancel(self) -> None:
        self.state = "CANCELLED"


class Service:
    """As much of `QiskitRuntimeService` as the gateway asks, by its documentation."""

    def __init__(self, token: str) -> None:
        self.kept = [_Job(name="new", state="ERROR"), _Job(name="old", state="QUEUED"), _Job(name="over", state="DONE")]

    def backend(self, name: str) -> str:
        return name

    def jobs(self, *, job_tags: list[str], limit: int | None, descending: bool) -> list[_Job]:
        return self.kept if job_tags == ["here"] and descending and limit is None else []

    def job(self, job_id: str) -> _Job:
        return next(one for one in self.kept if one.job_id() == job_id)


def test_the_gateway_finds_by_tag_what_has_not_failed_and_cancels_what_has_not_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "rehearsed_service", SimpleNamespace(Service=Service))
    gateway = IbmGateway("rehearsed_service:Service", {"token": CANARY}, "machine")
    assert (gateway.find("here"), gateway.find("elsewhere"), gateway.backend) == ("old", None, "machine")
    for name in ("old", "over"):
        gateway.cancel(name)
    assert [gateway.state(name)[0] for name in ("old", "over")] == [RemoteState.CANCELLED, RemoteState.DONE]
