"""The kernel as a whole, on a scripted driver: lives of jobs, faults, cancels, and systems that come and go."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from eigen.contracts.errors import (
    AlreadyExistsError,
    EigenError,
    FailedPreconditionError,
    InternalError,
    NotFoundError,
    OperationCancelledError,
    ResourceExhaustedError,
    UnavailableError,
)
from eigen.contracts.jobs import JobFilter, JobRecord, JobState
from eigen.contracts.wire import from_json
from eigen.kernel.device_queue import POINT_SEC
from eigen.kernel.history import fold
from eigen.kernel.machine import MAX_CRASHES
from eigen.qfs.memory import MemoryArtifactStore
from eigen.testing.clock import ManualClock
from eigen.testing.scripted_driver import SCRIPTED_DEVICE, ScriptedDriver
from tests.kernel.kernel_house import AQO, TRACE, bell, house


class FailingStore(MemoryArtifactStore):
    """An artifact store whose disk is full when results are to be sealed; how often, a test says."""

    def __init__(self, *, failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def seal(self, job_id: str, files: Any, *, facts: Any, opening: Any = None) -> None:
        if self.failures:
            self.failures -= 1
            raise ResourceExhaustedError("the disk is full", reason="DISK_FULL")
        await super().seal(job_id, files, facts=facts, opening=opening)


class BrokenStore(MemoryArtifactStore):
    """An artifact store with a defect."""

    async def seal(self, job_id: str, files: Mapping[str, bytes], *, facts: Any, opening: Any = None) -> None:
        if "results.json" in files:
            raise ZeroDivisionError("/home/ada/secret/path.py")
        await super().seal(job_id, files, facts=facts, opening=opening)


async def test_a_job_ends_in_done_with_everything_on_disk(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        accepted = await one.kernel.enqueue(bell(seed=7))
        assert (accepted.state, accepted.event_seq) == (JobState.PENDING, 1)
        updates = [update async for update in one.kernel.updates(accepted.job_id)]
        record = await one.kernel.record(accepted.job_id)
        results = await one.kernel.results(accepted.job_id)
        assert [update.event_seq for update in updates] == list(range(1, len(updates) + 1))
        assert [update.state.value for update in updates] == [
            "PENDING", "COMPILING", "QUEUED", "RUNNING", "RUNNING", "DONE",
        ]  # fmt: skip
        assert (record.state, record.trace_id, record.seed) == (JobState.DONE, TRACE.trace_id, 7)
        assert results.counts == {"00": 50, "11": 50}
        assert results.provenance["aqo_sha256"] == record.aqo_digest
        assert [one.name for one in await one.artifacts.artifacts(record.job_id)] == [
            "compiled.aqo.json", "compiled.qasm", "events.jsonl", "job.resolved.json", "job.yaml", "program.aqo.json",
            "results.json",
        ]  # fmt: skip
        meta = await one.artifacts.meta(record.job_id)
        assert meta["sealed"]
        assert from_json(JobRecord, meta["record"]) == record
        events = await one.store.events(record.job_id)
        assert fold(events) == record
        lines = (await one.artifacts.read(record.job_id, "events.jsonl")).splitlines()
        assert [json.loads(line)["event_seq"] for line in lines] == [event.event_seq for event in events]
        assert one.notes.stages == ["compile", "execute", "store"]
        assert one.notes.transitions[-1] == ("Closed", "DONE")
        assert one.kernel.load("scripted:device") == (0, 0)
        assert not one.notes.defects


async def test_updates_can_be_taken_up_where_they_were_left(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.end(job_id)
        assert [update.event_seq async for update in one.kernel.updates(job_id, last_event_seq=4)] == [5, 6]
        assert [update async for update in one.kernel.updates(job_id, last_event_seq=6)] == []


async def test_a_wrong_program_ends_in_error_with_its_story(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        job_id = (await one.kernel.enqueue(bell(content=AQO.replace(b'"H"', b'"HH"')))).job_id
        record = await one.end(job_id)
        assert (record.state, record.status().error_code) == (JobState.ERROR, "INVALID_ARGUMENT")
        error = json.loads(await one.artifacts.read(job_id, "error.json"))
        assert error == record.error
        with pytest.raises(EigenError) as caught:
            await one.kernel.results(job_id)
        assert caught.value.to_json() == error
        assert one.driver.requests == []


async def test_an_unknown_device_ends_in_error(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        record = await one.end((await one.kernel.enqueue(bell(target="scripted:devise"))).job_id)
        assert (record.state, record.status().error_reason) == (JobState.ERROR, "UNKNOWN_TARGET")


async def test_a_running_job_is_cancelled_when_its_work_has_ended(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
        asked = await one.kernel.cancel(job_id, by="ada")
        assert not asked.state.is_terminal
        assert ("CancelRequested", "stopping") in {
            (event.kind, event.stage) for event in await one.kernel.events(job_id)
        }
        record = await one.end(job_id)
        assert record.state is JobState.CANCELLED
        assert (one.driver.cancelled, one.driver.running) == (1, 0)
        assert one.kernel.load("scripted:device") == (0, 0)
        with pytest.raises(OperationCancelledError):
            await one.kernel.results(job_id)
        assert (await one.kernel.cancel(job_id, by="ada")) == record


async def test_a_waiting_job_is_cancelled_and_the_others_go_on(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        ids = [(await one.kernel.enqueue(bell())).job_id for _ in range(6)]
        await one.driver.started(4)
        while one.kernel.load("scripted:device") != (4, 2):
            await anyio.lowlevel.checkpoint()
        await one.kernel.cancel(ids[4], by="ada")
        one.driver.release()
        states = [(await one.end(job_id)).state.value for job_id in ids]
        assert states == ["DONE"] * 4 + ["CANCELLED", "DONE"]
        assert len(one.driver.requests) == 5


async def test_a_job_whose_time_is_over_ends_in_timeout(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        record = await one.end((await one.kernel.enqueue(bell(timeout_sec=0.05))).job_id)
        assert (record.state, record.status().error_code) == (JobState.TIMEOUT, "DEADLINE_EXCEEDED")
        assert one.driver.running == 0


async def test_a_backend_that_dies_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.fail(UnavailableError("it died", reason="WORKER_DIED"), times=MAX_CRASHES - 1)
        assert (await one.end((await one.kernel.enqueue(bell())).job_id)).state is JobState.DONE
        one.driver.fail(UnavailableError("it died", reason="WORKER_DIED"), times=10)
        record = await one.end((await one.kernel.enqueue(bell())).job_id)
        assert (record.state, record.status().error_reason) == (JobState.ERROR, "WORKER_DIED")
        assert len(one.driver.requests) == 2 * MAX_CRASHES


async def test_an_error_of_the_device_is_the_jobs_error(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.fail(ResourceExhaustedError("out of memory", reason="DEVICE_MEMORY"))
        record = await one.end((await one.kernel.enqueue(bell())).job_id)
        assert record.status().error_reason == "DEVICE_MEMORY"
        assert len(one.driver.requests) == 1


async def test_a_defect_costs_one_job_and_shows_nothing_of_the_machine(tmp_path: Path) -> None:
    async with house(tmp_path, artifacts=BrokenStore()) as one:
        record = await one.end((await one.kernel.enqueue(bell())).job_id)
        assert record.status().error_code == "INTERNAL"
        assert "secret" not in json.dumps(record.error)
        assert [type(defect) for defect in one.notes.defects] == [ZeroDivisionError]


@pytest.mark.parametrize("failures", [1, 2, 5])
async def test_results_that_cannot_be_stored_end_the_job_in_error(tmp_path: Path, failures: int) -> None:
    async with house(tmp_path, artifacts=FailingStore(failures=failures)) as one:
        record = await one.end((await one.kernel.enqueue(bell())).job_id)
        assert (record.state, record.status().error_reason) == (JobState.ERROR, "DISK_FULL")


async def test_the_same_key_gives_the_same_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        first = await one.kernel.enqueue(bell(key="k"))
        second = await one.kernel.enqueue(bell(key="k"))
        assert second.job_id == first.job_id
        await one.end(first.job_id)
        assert await one.artifacts.job_ids() == (first.job_id,)
        with pytest.raises(AlreadyExistsError):
            await one.kernel.enqueue(bell(key="k", shots=99))
        assert await one.artifacts.job_ids() == (first.job_id,)


async def test_results_of_a_live_job_are_not_there_yet(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        with pytest.raises(FailedPreconditionError):
            await one.kernel.results(job_id)
        with pytest.raises(NotFoundError):
            await one.kernel.results("job_" + "0" * 26)


async def test_higher_priority_goes_first(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        for _ in range(4):
            await one.kernel.enqueue(bell())
        await one.driver.started(4)
        low = (await one.kernel.enqueue(bell(priority=1))).job_id
        high = (await one.kernel.enqueue(bell(priority=99))).job_id
        while one.kernel.load("scripted:device") != (4, 2):
            await anyio.lowlevel.checkpoint()
        one.driver.release()
        await one.end(low)
        order = [request.job_id for request in one.driver.requests]
        assert order.index(high) < order.index(low)


async def test_a_job_whose_backend_died_keeps_its_turn(tmp_path: Path) -> None:
    driver = ScriptedDriver(replace(SCRIPTED_DEVICE, slots=1))
    driver.hold()
    async with house(tmp_path, drivers={"scripted": driver}) as one:
        first = (await one.kernel.enqueue(bell())).job_id
        await driver.started()
        others = []
        for waiting in range(1, 4):
            others.append((await one.kernel.enqueue(bell())).job_id)
            await one.has_load(1, waiting)
        driver.fail(UnavailableError("it died", reason="WORKER_DIED"))
        driver.release()
        driver.hold()
        await driver.started(2)
        await one.has_load(1, 3)
        driver.release()
        await one.end(others[-1])
        order = [request.job_id for request in driver.requests]
        assert order == [first, others[0], first, *others[1:]]


async def test_a_job_keeps_its_turn_when_another_system_takes_it_over(tmp_path: Path) -> None:
    clock, driver = ManualClock(), ScriptedDriver(replace(SCRIPTED_DEVICE, slots=1))
    driver.hold()
    async with house(tmp_path, clock=clock, drivers={"scripted": driver}) as one:
        await one.kernel.enqueue(bell(priority=100))
        await driver.started()
        low = (await one.kernel.enqueue(bell(priority=0))).job_id
        await one.reach(low, "queued")
    clock.advance(POINT_SEC * 100 + 1)
    async with (
        house(tmp_path, clock=clock, drivers={"scripted": driver}, owner="sys_b", adopts=False) as two,
        anyio.create_task_group() as tasks,
    ):
        await two.kernel.enqueue(bell())
        await driver.started(2)
        tasks.start_soon(two.kernel.drain)
        await two.has_load(1, 2)
        high = (await two.kernel.enqueue(bell(priority=100))).job_id
        await two.reach(high, "queued")
        driver.release()
        await two.end(high)
        tasks.cancel_scope.cancel()
    order = [request.job_id for request in driver.requests]
    assert order.index(low) < order.index(high)


async def test_a_hundred_jobs_at_once_all_end(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ids = [(await one.kernel.enqueue(bell())).job_id for _ in range(100)]
        assert {(await one.end(job_id)).state for job_id in ids} == {JobState.DONE}
        page = await one.kernel.jobs(JobFilter(), page_size=60, page_token="")
        rest = await one.kernel.jobs(JobFilter(), page_size=60, page_token=page.next_page_token)
        assert [status.job_id for status in (*page.jobs, *rest.jobs)] == sorted(ids, reverse=True)
        assert rest.next_page_token == ""


async def test_a_closed_systems_jobs_are_continued_by_the_next_one(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell(seed=3))).job_id
        await one.driver.started()
    assert one.driver.running == 0
    async with house(tmp_path, owner="sys_b") as two:
        record = await two.end(job_id)
        assert (record.state, record.attempt) == (JobState.DONE, 2)
        assert fold(await two.store.events(job_id)) == record
        assert (await two.kernel.results(job_id)).provenance["attempt"] == 2


async def test_a_live_systems_job_is_watched_and_cancelled_from_another_one(tmp_path: Path) -> None:
    async with house(tmp_path) as one, house(tmp_path, owner="sys_b") as two:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
        assert (await two.kernel.cancel(job_id, by="eve")).attempt == 1
        record = await two.end(job_id)
        assert (record.state, record.error and record.error["message"]) == (JobState.CANCELLED, "cancelled by eve")
        assert two.driver.requests == []


async def test_a_watch_that_began_before_an_adoption_sees_the_end(tmp_path: Path) -> None:
    """The watcher reads another's job from the store; its own system adopts it meanwhile."""
    async with house(tmp_path, owner="sys_b") as two:
        async with house(tmp_path) as one:
            one.driver.hold()
            job_id = (await one.kernel.enqueue(bell())).job_id
            await one.driver.started()
            updates = two.kernel.updates(job_id)
            seen = [await anext(updates)]
        with anyio.fail_after(60):
            seen += [update async for update in updates]
        assert seen[-1].state is JobState.DONE
        assert [update.event_seq for update in seen] == list(range(1, len(seen) + 1))


async def test_a_gone_systems_job_is_cancelled_without_being_run(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
    async with house(tmp_path, owner="sys_b", adopts=False) as two:
        await two.kernel.cancel(job_id, by="eve")
        assert (await two.end(job_id)).state is JobState.CANCELLED
        assert two.driver.requests == []


async def test_a_system_that_does_not_adopt_leaves_jobs_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
    async with house(tmp_path, owner="sys_b", adopts=False) as two:
        assert (await two.kernel.record(job_id)).state is JobState.RUNNING


async def test_a_job_that_was_sealed_but_not_recorded_is_not_run_again(tmp_path: Path) -> None:
    """The owner dies between sealing and recording: the record catches up with CircuitFS."""
    async with house(tmp_path) as one:
        job_id = (await one.kernel.enqueue(bell())).job_id
        done = await one.end(job_id)
        events = await one.store.events(job_id)
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as connection, connection:
        connection.execute("UPDATE jobs SET live = 1, state = 'QUEUED', event_seq = 3")
        connection.execute("UPDATE jobs SET record = json_set(record, '$.state', 'QUEUED', '$.event_seq', 3)")
        connection.execute("DELETE FROM events WHERE event_seq > 3")
    async with house(tmp_path, owner="sys_b") as two:
        assert await two.end(job_id) == done
        assert await two.store.events(job_id) == events
        assert two.driver.requests == []


async def test_a_job_whose_files_are_gone_ends_in_error(tmp_path: Path) -> None:
    artifacts = MemoryArtifactStore()
    async with house(tmp_path, artifacts=artifacts) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
    await artifacts.discard(job_id)
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM openings")
    async with house(tmp_path, artifacts=artifacts, owner="sys_b") as two:
        record = await two.end(job_id)
        assert (record.state, record.status().error_reason) == (JobState.ERROR, "JOB_FILES_LOST")


async def test_damaged_results_are_never_shown(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.end(job_id)
        path = tmp_path / "circuit_fs" / job_id / "results.json"
        path.write_bytes(path.read_bytes().replace(b"50", b"51"))
        assert (await one.kernel.results(job_id)).counts == {"00": 50, "11": 50}, "what was sealed is at hand"
    async with house(tmp_path, owner="sys_b") as one:
        with pytest.raises(InternalError) as caught:
            await one.kernel.results(job_id)
        assert caught.value.reason == "ARTIFACT_CORRUPT"
