"""A job's circuit is on disk at its end, and before where the job takes long; its OpenQASM is written once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import anyio

from eigen.compiler.service import EigenCompiler
from eigen.contracts.compilation import CompileRequest
from eigen.contracts.errors import UnavailableError
from eigen.contracts.jobs import JobRecord
from eigen.kernel.circuit_files import SAVE_EVERY_SEC, CircuitFiles, save_long_jobs
from eigen.kernel.run import JobInputs, JobRun
from eigen.ports.artifact_store import Artifact
from eigen.qfs.memory import MemoryArtifactStore
from eigen.testing.clock import ManualClock
from tests.kernel.kernel_house import bell, house


class Desk:
    """Saves circuits, and tells when it has looked again."""

    def __init__(self, *, broken: bool = False) -> None:
        self.saved: list[JobRun] = []
        self.broken = broken

    async def save(self, run: JobRun) -> None:
        self.saved.append(run)
        if self.broken:
            raise UnavailableError("the disk is away", reason="TEST")
        run.circuit_files = {}


class WatchedStore(MemoryArtifactStore):
    """An artifact store that tells when files have been put into an open job."""

    def __init__(self) -> None:
        super().__init__()
        self.put_into = anyio.Event()

    async def put(self, job_id: str, files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
        put = await super().put(job_id, files)
        self.put_into.set()
        return put


async def looked(clock: ManualClock) -> None:
    """Let the next look happen."""
    clock.advance(SAVE_EVERY_SEC)
    await anyio.wait_all_tasks_blocked()


def compiled_run() -> JobRun:
    """Return a live job whose circuit is not on disk."""
    job, at = bell(), datetime(2026, 1, 1, tzinfo=UTC)
    record = JobRecord(job_id="job_" + "0" * 26, name="bell", subject="ada", created_at=at, updated_at=at)
    inputs = JobInputs(spec=job.spec, source=job.source)
    return JobRun(record=record, published=record, inputs=inputs, circuit_files={"compiled.aqo.json": b"{}"})


async def test_a_circuit_is_saved_once_its_job_was_seen_twice() -> None:
    run = compiled_run()
    clock, desk = ManualClock(), Desk()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(save_long_jobs, [run], save=desk.save, clock=clock))
        await anyio.wait_all_tasks_blocked()
        assert desk.saved == []
        await looked(clock)
        await looked(clock)
        assert desk.saved == [run]
        tasks.cancel_scope.cancel()


async def test_a_circuit_that_cannot_be_saved_is_tried_again() -> None:
    run = compiled_run()
    clock, desk = ManualClock(), Desk(broken=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(save_long_jobs, [run], save=desk.save, clock=clock))
        await anyio.wait_all_tasks_blocked()
        await looked(clock)
        await looked(clock)
        assert desk.saved == [run, run]
        tasks.cancel_scope.cancel()


async def test_a_long_job_can_be_looked_at_before_its_end(tmp_path: Path) -> None:
    store = WatchedStore()
    async with house(tmp_path, artifacts=store) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        with anyio.fail_after(60):
            await store.put_into.wait()
        assert "compiled.aqo.json" in [found.name for found in await store.artifacts(job_id)]
        one.driver.release()
        record = await one.end(job_id)
        assert record.state.value == "DONE"
        names = [found.name for found in await one.artifacts.artifacts(job_id)]
        assert {"compiled.aqo.json", "compiled.qasm", "results.json"} <= set(names)
        assert await one.artifacts.verify(job_id) == ()


async def test_a_job_that_fails_on_its_device_leaves_its_circuit_too(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.fail(UnavailableError("gone", reason="TEST"), times=3)
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.end(job_id)
        names = [found.name for found in await one.artifacts.artifacts(job_id)]
        assert {"compiled.aqo.json", "compiled.qasm", "error.json"} <= set(names)


async def test_equal_circuits_are_written_as_openqasm_once() -> None:
    compiled = await EigenCompiler().compile(CompileRequest(source=bell().source))
    files = CircuitFiles()
    first, second = await files.of(compiled), await files.of(compiled)
    assert first == second
    assert first["compiled.qasm"] is second["compiled.qasm"]
