"""IBM's machines: one remote job for each work, cancelled there when cancelled here; no secret is told."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from eigen.contracts.aqo import AQO, Affine, Operation
from eigen.contracts.errors import EigenError
from eigen.contracts.execution import ExecutionRequest
from eigen.drivers.ibm.driver import IbmDriver
from eigen.drivers.ibm.gateway import IbmGateway, RemoteState
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
    assert zero.counts.get("000", 0) > 35
    assert one.counts.get("110", 0) > 35
    assert one.metadata["remote_job_id"]
    assert one.metadata["transpilation"]["two_qubit_gates"] >= 1


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
        with anyio.fail_after(30):
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
