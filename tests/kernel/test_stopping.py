"""Cancel and timeout in every state: the job ends, its work is really over, and nothing stays held."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from eigen.compiler.service import EigenCompiler
from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.compilation import CompiledProgram, CompileRequest
from eigen.contracts.errors import EigenError, UnavailableError
from eigen.contracts.jobs import TERMINAL_STATES, JobRecord, JobState
from eigen.drivers.sim import SimDriver
from eigen.kernel.history import fold
from eigen.ports.artifact_store import Opening
from eigen.ports.compiler import Compiler
from eigen.qfs.memory import MemoryArtifactStore
from tests.kernel.kernel_house import House, bell, house

GIB = 2**30


class HeldCompiler(Compiler):
    """A compiler that never comes to an end, and knows when it was stopped."""

    def __init__(self) -> None:
        self.stopped = anyio.Event()

    async def compile(self, request: CompileRequest) -> CompiledProgram:
        try:
            await anyio.sleep_forever()
        finally:
            self.stopped.set()
        return await EigenCompiler().compile(request)


class HeldStore(MemoryArtifactStore):
    """An artifact store whose disk takes its time over the end of a job."""

    def __init__(self) -> None:
        super().__init__()
        self.sealing, self.released = anyio.Event(), anyio.Event()

    async def seal(
        self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any], opening: Opening | None = None
    ) -> None:
        self.sealing.set()
        await self.released.wait()
        await super().seal(job_id, files, facts=facts, opening=opening)


async def stop(one: House, job_id: str, how: str) -> JobRecord:
    """Cancel a job, or wait for its time to be over; return how it ended."""
    if how == "cancel":
        await one.kernel.cancel(job_id, by="ada")
    record = await one.end(job_id)
    assert record.state is (JobState.CANCELLED if how == "cancel" else JobState.TIMEOUT)
    return record


def details(record: JobRecord) -> Any:
    assert record.error is not None
    return record.error["details"]


TIMEOUT_SEC = {"cancel": None, "timeout": 1.5}


@pytest.mark.parametrize("how", sorted(TIMEOUT_SEC))
async def test_a_compilation_is_stopped(tmp_path: Path, how: str) -> None:
    compiler = HeldCompiler()
    async with house(tmp_path, compiler=compiler) as one:
        job_id = (await one.kernel.enqueue(bell(timeout_sec=TIMEOUT_SEC[how]))).job_id
        await one.reach(job_id, "compiling")
        assert details(await stop(one, job_id, how)) == {"stage": "compiling", "attempt": 1, "completed": []}
        with anyio.fail_after(60):
            await compiler.stopped.wait()
        assert one.is_idle()


@pytest.mark.parametrize("how", sorted(TIMEOUT_SEC))
async def test_a_queued_job_leaves_the_line_and_its_circuit_stays(tmp_path: Path, how: str) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        running = [(await one.kernel.enqueue(bell())).job_id for _ in range(4)]
        await one.driver.started(4)
        job_id = (await one.kernel.enqueue(bell(timeout_sec=TIMEOUT_SEC[how]))).job_id
        await one.reach(job_id, "queued")
        assert details(await stop(one, job_id, how)) == {"stage": "queued", "attempt": 1, "completed": ["compile"]}
        assert "compiled.aqo.json" in [file.name for file in await one.artifacts.artifacts(job_id)]
        assert one.kernel.load("scripted:device") == (4, 0)
        one.driver.release()
        for other in running:
            assert (await one.end(other)).state is JobState.DONE
        assert one.is_idle()


@pytest.mark.parametrize("how", sorted(TIMEOUT_SEC))
async def test_a_job_that_waits_for_memory_gives_up_its_claim(tmp_path: Path, how: str) -> None:
    async with house(tmp_path, memory_bytes=10 * GIB) as one:
        one.driver.hold()
        one.driver.need(lambda profile: 6 * GIB)
        first = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
        one.driver.need(lambda profile: 10 * GIB)
        big = (await one.kernel.enqueue(bell(timeout_sec=TIMEOUT_SEC[how]))).job_id
        await one.reach(big, "queued")
        one.driver.need(lambda profile: 2 * GIB)
        small = (await one.kernel.enqueue(bell())).job_id
        await one.reach(small, "queued")
        assert len(one.driver.requests) == 1
        await stop(one, big, how)
        await one.driver.started(2)
        one.driver.release()
        assert {(await one.end(job_id)).state for job_id in (first, small)} == {JobState.DONE}
        assert one.is_idle()


@pytest.mark.parametrize("how", sorted(TIMEOUT_SEC))
async def test_running_work_has_ended_when_its_job_has(tmp_path: Path, how: str) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell(timeout_sec=TIMEOUT_SEC[how]))).job_id
        await one.driver.started()
        record = await stop(one, job_id, how)
        assert details(record) == {"stage": "executing", "attempt": 1, "completed": ["compile"]}
        assert (one.driver.running, one.driver.cancelled) == (0, 1)
        assert one.is_idle()


async def test_a_cancel_before_the_work_has_begun_begins_none(tmp_path: Path) -> None:
    """The job has its slot, and the driver has not been asked yet."""
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.reach(job_id, "executing")
        await one.kernel.cancel(job_id, by="ada")
        assert (await one.end(job_id)).state is JobState.CANCELLED
        assert one.driver.running == 0
        assert one.is_idle()


async def test_a_wish_to_cancel_that_cannot_be_met_holds_up_no_other(tmp_path: Path) -> None:
    async with house(tmp_path) as one, house(tmp_path, owner="sys_b", adopts=False) as two:
        one.driver.hold()
        job_ids = [(await one.kernel.enqueue(bell())).job_id for _ in range(3)]
        await one.driver.started(3)
        with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as connection, connection:
            connection.execute(  # damaged, and the first of those that somebody wants to stop
                "INSERT INTO jobs SELECT 'job_00000000000000000000000000', event_seq, state, 1, name, subject, owner,"
                " 'eve', '', content_digest, '{', tenant, created_at FROM jobs LIMIT 1"
            )
        for job_id in job_ids:
            await two.kernel.cancel(job_id, by="eve")
        assert {(await one.end(job_id)).state for job_id in job_ids} == {JobState.CANCELLED}
        assert {error.reason for error in one.notes.defects if isinstance(error, EigenError)} == {"RECORD_DAMAGED"}


async def test_a_cancel_that_comes_while_the_results_are_stored_is_too_late(tmp_path: Path) -> None:
    artifacts = HeldStore()
    async with house(tmp_path, artifacts=artifacts) as one:
        job_id = (await one.kernel.enqueue(bell())).job_id
        await artifacts.sealing.wait()
        assert (await one.kernel.cancel(job_id, by="ada")).stage == "storing"
        assert one.kernel.load("scripted:device") == (0, 0)
        artifacts.released.set()
        assert (await one.end(job_id)).state is JobState.DONE
        assert one.is_idle()


def large_circuit(qubits: int) -> bytes:
    """Return some minutes of work for a state vector."""
    layer = [{"op": "RY", "q": [one], "params": {"theta": 0.1 + one}} for one in range(qubits)]
    layer += [{"op": "CX", "q": [one, one + 1]} for one in range(qubits - 1)]
    measured = {"op": "MEASURE", "q": list(range(qubits)), "c": list(range(qubits))}
    return json.dumps({"version": "0.1", "qubits": qubits, "operations": [*layer * 20, measured]}).encode()


async def test_a_simulation_of_26_qubits_is_stopped_and_its_process_is_gone(tmp_path: Path) -> None:
    simulator = SimDriver(num_workers=1, memory_limit_bytes=4 * GIB)
    async with house(tmp_path, drivers={"sim": simulator}, memory_bytes=4 * GIB) as one:
        job_id = (await one.kernel.enqueue(bell(content=large_circuit(26), target="sim:local"))).job_id
        with anyio.fail_after(60):
            await one.reach(job_id, "executing")
            while not await works(simulator.process_ids):
                await anyio.lowlevel.checkpoint()
        workers = await works(simulator.process_ids)
        assert (await stop(one, job_id, "cancel")).state is JobState.CANCELLED
        assert not workers & await works(simulator.process_ids, at_least_bytes=0)
        assert one.kernel.used_bytes == 0


async def works(process_ids: tuple[int, ...], *, at_least_bytes: int = GIB // 2) -> set[int]:
    """Return which processes are there and hold so much memory, as a state vector of 26 qubits does."""
    found = set()
    for process_id in process_ids:
        status = anyio.Path(f"/proc/{process_id}/statm")
        try:
            pages = int((await status.read_text()).split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if pages * 4096 >= at_least_bytes:
            found.add(process_id)
    return found


def need(num_bytes: int, profile: CircuitProfile) -> int:
    return num_bytes


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_storm_every_job_has_ended_and_nothing_is_held(tmp_path: Path, seed: int) -> None:
    """Random jobs, needs, failures, cancels and timeouts; one terminal state each, records are folds, all is free."""
    chance = random.Random(seed)  # not for secrets
    async with house(tmp_path, memory_bytes=8 * GIB) as one:
        ids: list[str] = []

        async def cancel_later(job_id: str) -> None:
            for _ in range(chance.randrange(60)):
                await anyio.lowlevel.checkpoint()
            await one.kernel.cancel(job_id, by="ada")

        async with anyio.create_task_group() as tasks:
            for _ in range(40):
                one.driver.need(partial(need, chance.choice([0, 1, 3, 8]) * GIB))
                if chance.random() < 0.2:
                    one.driver.fail(UnavailableError("it died", reason="WORKER_DIED"), times=chance.randrange(1, 4))
                body = {
                    "priority": chance.randrange(101),
                    "timeout_sec": chance.choice([None, None, None, 0.02]),
                    "dependencies": tuple(chance.sample(ids, k=min(len(ids), chance.choice([0, 0, 1, 2])))),
                }
                ids.append((await one.kernel.enqueue(bell(**body))).job_id)
                if chance.random() < 0.3:
                    tasks.start_soon(cancel_later, chance.choice(ids))
                one.driver.release()
                if chance.random() < 0.5:
                    one.driver.hold()
            one.driver.release()
        for job_id in ids:
            record = await one.end(job_id)
            assert record.state in TERMINAL_STATES
            events = await one.store.events(job_id)
            assert fold(events) == record
            assert [event.state.is_terminal for event in events].count(True) == 1
        assert one.is_idle()
        assert one.driver.running == 0
        assert not one.notes.defects
