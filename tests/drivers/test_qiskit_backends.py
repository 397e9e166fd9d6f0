"""Backends of Qiskit: counts come back by the program's bits, errors are typed, secrets stay where they are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from eigen.contracts.aqo import AQO, Affine, Condition, Operation, profile
from eigen.contracts.devices import DeviceState
from eigen.contracts.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnimplementedError,
)
from eigen.contracts.execution import ExecutionOptions
from eigen.drivers.manager import LocalDriverManager
from eigen.drivers.qiskit_backends.configured import configured_drivers
from eigen.drivers.qiskit_backends.description import QiskitBackend
from eigen.drivers.qiskit_backends.driver import QiskitBackendDriver
from eigen.drivers.qiskit_backends.fake import FakeDriver
from eigen.drivers.qiskit_backends.snapshots import snapshots
from eigen.testing.driver_conformance import check_driver, execution_request

CANARY = "canary-9d51e3b2"
GENERIC = "qiskit.providers.fake_provider:GenericBackendV2"
EVERYTHING = {"mid_circuit_measurement": True, "reset": True, "feed_forward": True}


def backend(name: str, path: str, **facts: Any) -> QiskitBackend:
    return QiskitBackend(**{"device_id": f"lab:{name}", "description": "One.", "path": path, "num_qubits": 5} | facts)


BACKENDS = [
    backend("manila", "qiskit_ibm_runtime.fake_provider:FakeManilaV2"),
    backend(
        "generic",
        GENERIC,
        options={"num_qubits": 5, "noise_info": False, "control_flow": True, "seed": 1},
        **EVERYTHING,
    ),
    backend("ddsim", "mqt.ddsim:DDSIMProvider", backend_name="qasm_simulator", num_qubits=8),
    backend("narrow", GENERIC, options={"num_qubits": 2}),
    backend("absent", "no_such_package.at_all:Backend"),
    backend("wrong", "decimal:Decimal"),
    backend("quoting", "ipaddress:IPv4Address", options={"address": {"env": "LAB_TOKEN"}}),
    backend("unset", "ipaddress:IPv4Address", options={"address": {"env": "LAB_TOKEN_THAT_IS_NOT_SET"}}),
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def driver(anyio_backend: str) -> AsyncIterator[QiskitBackendDriver]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_TOKEN", CANARY)
        async with QiskitBackendDriver("lab", {one.device_id: one for one in BACKENDS}, num_workers=2) as opened:
            yield opened


@pytest.fixture(scope="module")
async def fake(anyio_backend: str) -> AsyncIterator[FakeDriver]:
    async with FakeDriver(num_workers=2) as opened:
        yield opened


STAR = AQO(
    qubits=5,
    clbits=5,
    operations=(
        Operation("H", (0,)),
        *(Operation("CX", (0, qubit)) for qubit in range(1, 5)),
        Operation("X", (2,)),
        Operation("MEASURE", (0, 1, 2, 3, 4), c=(4, 2, 0, 1, 3)),
    ),
)
"""A star of five qubits, which a line of five can only run with swaps; bit 0 differs from all others."""


GATES = {"h", "x", "ry", "cx", "iswap"}


@pytest.mark.parametrize("device_id", ["lab:generic", "lab:ddsim"])
async def test_a_backend_keeps_the_promises_of_the_port(driver: QiskitBackendDriver, device_id: str) -> None:
    await check_driver(driver, device_id, gates=GATES)


async def test_a_snapshot_without_its_noise_keeps_the_promises_of_the_port(fake: FakeDriver) -> None:
    await check_driver(fake, "fake:manila", gates=GATES, driver_options={"noise": False})


@pytest.mark.parametrize("level", [0, 3])
async def test_counts_come_back_by_the_programs_bits_where_routing_moves_its_qubits(
    fake: FakeDriver, level: int
) -> None:
    request = execution_request("fake:manila", STAR, shots=200, driver_options={"noise": False})
    request = replace(request, options=replace(request.options, optimization_level=level))
    (result,) = await fake.execute(request)
    assert set(result.counts) == {"00001", "11110"}
    facts = result.metadata["transpilation"]
    assert facts["optimization_level"] == level
    assert facts["swaps"] >= 2
    assert facts["two_qubit_gates"] >= 4 + facts["swaps"]
    assert sorted(facts["initial_layout"]) == sorted(facts["final_layout"]) == [0, 1, 2, 3, 4]
    assert facts["initial_layout"] != facts["final_layout"]


@pytest.mark.parametrize("level", [1, 3])
async def test_gates_on_either_side_of_a_barrier_are_not_taken_out(fake: FakeDriver, level: int) -> None:
    """Ten CX in a row are nothing to a transpiler, and ten times the noise to whoever folds gates."""
    folded = (Operation("CX", (0, 1)), Operation("BARRIER", (0, 1))) * 10
    circuit = AQO(qubits=2, clbits=2, operations=(*folded, Operation("MEASURE", (0, 1), c=(0, 1))))
    request = execution_request("fake:manila", circuit, shots=10)
    request = replace(request, options=replace(request.options, optimization_level=level))
    (result,) = await fake.execute(request)
    assert result.metadata["transpilation"]["two_qubit_gates"] == 10


async def test_a_snapshot_has_the_noise_that_its_own_package_gives_it(
    fake: FakeDriver, driver: QiskitBackendDriver
) -> None:
    """With all its qubits in use, the same seed gives the same counts as the package's own simulation."""
    requests = [execution_request("fake:manila", STAR, shots=1_000, seed=seed) for seed in (5, 5, 6)]
    first, second, other = [(await fake.execute(request))[0].counts for request in requests]
    (own,) = await driver.execute(execution_request("lab:manila", STAR, shots=1_000, seed=5))
    assert first == second == own.counts != other
    right = first.get("00001", 0) + first.get("11110", 0)
    assert 600 < right < 990


async def test_only_the_noise_of_the_qubits_in_use_is_made_for_a_large_machine(fake: FakeDriver) -> None:
    """With that of all 127 this would take a minute."""
    pair = AQO(qubits=2, clbits=2, operations=(*STAR.operations[:2], Operation("MEASURE", (0, 1), c=(0, 1))))
    (result,) = await fake.execute(execution_request("fake:sherbrooke", pair, shots=1_000))
    assert 850 < result.counts["00"] + result.counts["11"] < 1_000


async def test_feed_forward_runs_on_a_backend_that_has_it(driver: QiskitBackendDriver) -> None:
    corrected = AQO(
        qubits=2,
        clbits=3,
        operations=(
            Operation("H", (0,)),
            Operation("MEASURE", (0,), c=(2,)),
            Operation("X", (1,), condition=Condition((2,), 1)),
            Operation("MEASURE", (1,), c=(0,)),
        ),
    )
    (result,) = await driver.execute(execution_request("lab:generic", corrected, shots=100))
    assert set(result.counts) == {"000", "101"}


@pytest.mark.parametrize(
    ("device_id", "kind", "reason", "said"),
    [
        ("lab:absent", FailedPreconditionError, "DEVICE_BACKEND", "no_such_package"),
        ("lab:wrong", FailedPreconditionError, "DEVICE_BACKEND", "no BackendV2"),
        ("lab:quoting", FailedPreconditionError, "DEVICE_BACKEND", "[LAB_TOKEN]"),
        ("lab:unset", FailedPreconditionError, "DEVICE_CREDENTIALS", "LAB_TOKEN_THAT_IS_NOT_SET"),
        ("lab:narrow", ResourceExhaustedError, "DEVICE_QUBITS", "has 2"),
    ],
)
async def test_what_a_backend_does_wrong_is_typed_and_tells_no_secret(
    driver: QiskitBackendDriver,
    device_id: str,
    kind: type[Exception],
    reason: str,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(kind) as caught:
        await driver.execute(execution_request(device_id, STAR, shots=1))
    assert caught.value.reason == reason
    assert said in caught.value.message
    status = await driver.status(device_id)
    assert (status.state is DeviceState.OFFLINE) == (kind is FailedPreconditionError)
    assert CANARY not in caught.value.message + caplog.text + status.reason


async def test_noise_that_is_named_and_options_that_are_not_known_are_refused() -> None:
    noisy = ExecutionOptions(shots=1, seed=1, noise_model="readout:0.1")
    machines = [*BACKENDS, snapshots()["fake:manila"]]
    lab = QiskitBackendDriver("lab", {one.device_id: one for one in machines})
    async with LocalDriverManager({"lab": lab}) as manager:
        with pytest.raises(UnimplementedError, match="noise"):
            manager.admit("fake:manila", profile(STAR), noisy)
    for device_id, wrong in (("fake:manila", {"noise": 1}), ("lab:generic", {"noise": False}), ("lab:ddsim", {"x": 1})):
        with pytest.raises(InvalidArgumentError) as caught:
            lab.admit(device_id, profile(STAR), ExecutionOptions(shots=1, seed=1, driver_options=wrong))
        assert caught.value.reason == "DRIVER_OPTION"


def test_snapshots_are_listed_without_importing_them() -> None:
    listing = (
        "import sys; from eigen.drivers.qiskit_backends.fake import FakeDriver\n"
        "print(*[f'{one.device_id}={one.num_qubits}' for one in FakeDriver().devices()])\n"
        "assert not sys.modules.keys() & {'qiskit', 'qiskit_ibm_runtime', 'numpy'}"
    )
    listed = subprocess.run([sys.executable, "-c", listing], check=True, capture_output=True, text=True).stdout.split()
    assert {"fake:manila=5", "fake:auckland=27", "fake:torino=133"} <= set(listed)
    assert len(listed) > 50


async def test_a_snapshot_shows_what_was_measured_of_its_machine() -> None:
    status = await FakeDriver().calibrate("fake:manila")
    (device,) = (one for one in FakeDriver().devices() if one.device_id == "fake:manila")
    assert (device.connectivity, device.routes) == (((0, 1), (1, 2), (2, 3), (3, 4)), True)
    assert status.properties["coupling_map"][:2] == [[0, 1], [1, 0]]
    assert 20e-6 < status.properties["t2_sec"] < status.properties["t1_sec"] * 2 < 1e-3
    assert status.properties["gate_errors"]["sx"] < status.properties["gate_errors"]["cx"] < 0.05
    assert 0 < status.properties["readout_error"] < 0.1


PROVIDER = """
import json, pathlib, threading, uuid
from qiskit.providers import BackendV2, JobStatus, JobV1, Options
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.result import Result


class QueuedJob(JobV1):
    def __init__(self, backend, folder):
        super().__init__(backend, uuid.uuid4().hex)
        self._folder = pathlib.Path(folder)
        self.note("submitted")

    def note(self, what, **facts):
        unfinished = self._folder.joinpath(f"{what}-{self.job_id()}.unfinished")
        unfinished.write_text(json.dumps({"id": self.job_id(), **facts}))
        unfinished.rename(unfinished.with_suffix(".json"))  # whoever looks finds it whole

    def submit(self):
        raise NotImplementedError

    def status(self):
        return JobStatus.QUEUED

    def cancel(self):
        self.note("cancelled")
        return True

    def result(self):
        while True:
            try:
                threading.Event().wait()
            except Exception:
                pass


class DoneJob(QueuedJob):
    def __init__(self, backend, folder, inner, size):
        super().__init__(backend, folder)
        self._inner = inner
        self.note("ran", size=size)

    def result(self):
        return self._inner.result()


class Machine(BackendV2):
    def __init__(self, folder, is_stuck=False, most=None, takes_lists=True):
        super().__init__(name="machine")
        self._folder, self._is_stuck, self._most, self._takes_lists = folder, is_stuck, most, takes_lists
        seed = len(list(pathlib.Path(folder).glob("made*")))
        pathlib.Path(folder, f"made{seed}").touch()
        self._inner = GenericBackendV2(3, seed=seed)

    @property
    def target(self):
        return self._inner.target

    @property
    def max_circuits(self):
        return self._most

    @classmethod
    def _default_options(cls):
        return Options(shots=1024)

    def run(self, circuits, **options):
        if isinstance(circuits, list) and not self._takes_lists:
            raise TypeError("one circuit, please")
        if self._is_stuck:
            return QueuedJob(self, self._folder)
        size = len(circuits) if isinstance(circuits, list) else 1
        return DoneJob(self, self._folder, self._inner.run(circuits, **options), size)
"""
"""A provider whose jobs wait in a queue and write down what happens to them."""


@pytest.fixture
def queued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., QiskitBackendDriver]:
    (tmp_path / "queued_provider.py").write_text(PROVIDER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def made(max_batch: int = 4, **options: Any) -> QiskitBackendDriver:
        section = {
            "backend": "queued_provider:Machine",
            "options": {"folder": str(tmp_path), **options},
            "qubits": 3,
            "simulator": False,
            "feed_forward": True,
            "max_batch": max_batch,
        }
        (driver,) = configured_drivers({"queue:machine": section}, file=FILE).values()
        assert isinstance(driver, QiskitBackendDriver)
        return driver

    return made


def notes(folder: Path, what: str) -> set[str]:
    return {json.loads(path.read_text())["id"] for path in folder.glob(f"{what}-*.json")}


def sizes(folder: Path) -> list[int]:
    return sorted(json.loads(path.read_text())["size"] for path in folder.glob("ran-*.json"))


async def test_a_backend_with_a_queue_gets_many_values_in_one_job(
    queued: Callable[..., QiskitBackendDriver], tmp_path: Path
) -> None:
    angles = (0.0, 3.14159, 0.0, 3.14159, 3.14159, 0.0)
    async with queued() as driver:
        (device,) = driver.devices()
        request = execution_request("queue:machine", TURN, shots=100, bindings=[{"theta": one} for one in angles])
        found = await driver.execute(request)
    likeliest = [max(one.counts, key=one.counts.__getitem__) for one in found]
    assert likeliest == ["0" if angle == 0 else "1" for angle in angles]
    assert sizes(tmp_path) == [2, 4]
    assert (device.max_batch, device.routes, found[0].metadata["repeatable"]) == (4, True, False)


@pytest.mark.parametrize(
    ("options", "jobs"), [({}, [1, 4]), ({"most": 3}, [1, 2, 2]), ({"takes_lists": False}, [1, 1, 1, 1, 1])]
)
async def test_circuits_of_one_call_are_one_job_as_far_as_the_backend_takes_them(
    queued: Callable[..., QiskitBackendDriver], tmp_path: Path, options: dict[str, Any], jobs: list[int]
) -> None:
    """Those of equal shots go together; one that never measures is not sent."""
    pair = AQO(qubits=2, clbits=5, operations=(Operation("X", (0,)), Operation("MEASURE", (0, 1), c=(3, 1))))
    never = replace(FLIP, operations=tuple(one._replace(condition=Condition((0,), 1)) for one in FLIP.operations))
    asked = [
        execution_request("queue:machine", TURN, shots=90, bindings=[{"theta": one} for one in (3.14159, 0.0)]),
        execution_request("queue:machine", never, shots=90),
        execution_request("queue:machine", pair, shots=90),
        execution_request("queue:machine", FLIP, shots=90, seed=8),
        execution_request("queue:machine", FLIP, shots=50),
    ]
    async with queued(max_batch=5, **options) as driver:
        found = await driver.execute_many(asked)
    likeliest = [[max(one.counts, key=one.counts.__getitem__) for one in some] for some in found]
    assert likeliest == [["1", "0"], ["0"], ["01000"], ["1"], ["1"]]
    assert [sum(some[0].counts.values()) for some in found] == [90, 90, 90, 90, 50]
    assert [some[0].metadata["seed"] for some in found] == [7, 7, 7, 8, 7]
    assert found[1][0].counts == {"0": 90}
    assert sizes(tmp_path) == jobs


@pytest.mark.parametrize("takes_lists", [True, False])
async def test_a_cancel_reaches_all_of_the_providers_jobs_before_their_worker_is_gone(
    queued: Callable[..., QiskitBackendDriver], tmp_path: Path, takes_lists: bool
) -> None:
    asked = [execution_request("queue:machine", FLIP, seed=seed) for seed in (1, 2, 3)]
    num_jobs = 1 if takes_lists else 3
    async with queued(is_stuck=True, takes_lists=takes_lists) as driver:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(driver.execute_many, asked)
            with anyio.fail_after(60):
                while len(await anyio.to_thread.run_sync(notes, tmp_path, "submitted")) < num_jobs:
                    await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        submitted = await anyio.to_thread.run_sync(notes, tmp_path, "submitted")
        cancelled = await anyio.to_thread.run_sync(notes, tmp_path, "cancelled")
        assert len(submitted) == num_jobs
        assert submitted == cancelled


async def test_calibrating_loads_the_backend_anew_and_shows_what_it_says(
    queued: Callable[..., QiskitBackendDriver],
) -> None:
    async with queued() as driver:
        first, second = [(await driver.calibrate("queue:machine")).properties for _ in range(2)]
        assert (await driver.status("queue:machine")).properties == second
        with pytest.raises(NotFoundError):
            await driver.calibrate("queue:other")
    assert first["coupling_map"] == second["coupling_map"]
    assert {*first} >= {"basis_gates", "t1_sec", "t2_sec", "readout_error", "gate_errors"}
    assert first["t1_sec"] != second["t1_sec"]


FILE = Path("config.toml")
TURN = AQO(
    qubits=1,
    clbits=1,
    parameters=("theta",),
    operations=(Operation("RY", (0,), (Affine((("theta", 1.0),)),)), Operation("MEASURE", (0,), c=(0,))),
)
FLIP = AQO(qubits=1, clbits=1, operations=(Operation("X", (0,)), Operation("MEASURE", (0,), c=(0,))))


def test_a_section_of_the_configuration_is_a_device() -> None:
    section = {
        "backend": GENERIC,
        "options": {"num_qubits": 5},
        "qubits": 5,
        "feed_forward": True,
        "packages": ["anyio"],
    }
    (lab,) = configured_drivers({"lab:a": section, "lab:b": {"backend": GENERIC, "qubits": 7}}, file=FILE).values()
    first, second = lab.devices()
    assert (first.device_id, first.num_qubits, first.feed_forward, second.num_qubits) == ("lab:a", 5, True, 7)
    assert any(one.startswith("anyio ") for one in first.versions)


@pytest.mark.parametrize(
    ("device_id", "section", "said"),
    [
        ("lab", {}, "must look like"),
        ("lab:a", 7, "must be a table"),
        ("lab:a", {"qubits": 5}, "lacks backend"),
        ("lab:a", {"backend": GENERIC}, "lacks qubits"),
        ("lab:a", {"backend": "os.system", "qubits": 5}, "backend is not allowed"),
        ("lab:a", {"backend": "os:system('x')", "qubits": 5}, "backend is not allowed"),
        ("lab:a", {"backend": GENERIC, "qubits": True}, "qubits is not allowed"),
        ("lab:a", {"backend": GENERIC, "qubit": 5}, 'unknown key "qubit"'),
    ],
)
def test_a_wrong_section_is_refused_with_file_device_and_key(device_id: str, section: Any, said: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"config\.toml") as caught:
        configured_drivers({device_id: section}, file=FILE)
    assert caught.value.reason == "CONFIG_DEVICE"
    assert said in caught.value.message
    assert device_id in caught.value.message


async def test_without_its_package_there_is_no_snapshot_and_the_refusal_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", None)
    async with LocalDriverManager({"fake": FakeDriver()}) as manager:
        assert manager.devices() == ()
        with pytest.raises(NotFoundError, match="not installed") as caught:
            manager.device("fake:manila")
    assert "eigen-os[ibm]" in caught.value.hint
