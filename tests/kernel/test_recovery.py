"""Jobs whose system is gone: taken over at once, whatever fails meanwhile, and not for ever."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import anyio
import pytest

from eigen.contracts.errors import ResourceExhaustedError, UnavailableError
from eigen.contracts.jobs import JobRecord, JobState, StoredEvent
from eigen.kernel.history import fold
from eigen.kernel.machine import MAX_CRASHES
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.job_store import NewJob
from eigen.ports.kernel import KernelLimits
from tests.kernel.kernel_house import bell, house

DIED = UnavailableError("it died", reason="WORKER_DIED")


class ShakyStore(SqliteJobStore):
    """A job store that cannot be read, nor written durably, for the first times that somebody tries."""

    failures = 2

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        self._fail(durable)
        await super().append(record, events, durable=durable)

    async def events(self, job_id: str, *, after_seq: int = 0) -> tuple[StoredEvent, ...]:
        self._fail(not after_seq)
        return await super().events(job_id, after_seq=after_seq)

    def _fail(self, may_fail: bool) -> None:
        if may_fail and self.failures:
            self.failures -= 1
            raise UnavailableError("the disk does not answer", reason="STORE_UNAVAILABLE")


class NotedStore(SqliteJobStore):
    """A job store that notes how records were kept."""

    kept: ClassVar[list[tuple[int, str, bool]]] = []

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        await super().append(record, events, durable=durable)
        self.kept.append((record.attempt, record.stage, durable))


class FullStore(SqliteJobStore):
    """A job store without room for a new job."""

    async def insert(self, job: NewJob) -> JobRecord:
        raise ResourceExhaustedError("the disk is full", reason="DISK_FULL")


class FilledStore(SqliteJobStore):
    """A job store whose disk has no room left for what must be durable, while a test says so."""

    is_full: ClassVar[bool] = False

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        self._require_room(durable)
        await super().append(record, events, durable=durable)

    async def request_cancel(self, job_id: str, *, by: str) -> None:
        self._require_room(True)
        await super().request_cancel(job_id, by=by)

    def _require_room(self, is_needed: bool) -> None:
        if is_needed and self.is_full:
            raise ResourceExhaustedError("the disk is full", reason="DISK_FULL")


@pytest.fixture
def filled_store() -> Iterator[type[FilledStore]]:
    yield FilledStore
    FilledStore.is_full = False


async def test_a_cancel_that_a_full_disk_does_not_take_says_so_and_stops_the_work(
    tmp_path: Path, filled_store: type[FilledStore]
) -> None:
    async with house(tmp_path, store=filled_store) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
        filled_store.is_full = True
        with anyio.fail_after(60), pytest.raises(ResourceExhaustedError, match="disk is full"):
            await one.kernel.cancel(job_id, by="ada")
        await one.has_load(0, 0)
        filled_store.is_full = False
        assert (await one.end(job_id)).state is JobState.CANCELLED
        assert fold(await one.store.events(job_id)) == await one.kernel.record(job_id)


async def test_a_cancel_of_a_job_that_cannot_be_taken_over_says_so_and_the_job_goes_on_when_there_is_room(
    tmp_path: Path, filled_store: type[FilledStore]
) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
    filled_store.is_full = True
    async with house(tmp_path, owner="sys_b", store=filled_store) as two:
        with anyio.fail_after(60), pytest.raises(ResourceExhaustedError, match="disk is full"):
            await two.kernel.cancel(job_id, by="ada")
        assert two.is_idle()
        filled_store.is_full = False
        with anyio.fail_after(60):
            while not (record := await two.kernel.record(job_id)).state.is_terminal:
                await anyio.lowlevel.checkpoint()
        assert (record.state, record.attempt) == (JobState.DONE, 2)
        assert fold(await two.store.events(job_id)) == record


async def test_a_takeover_is_counted_durably_before_the_job_goes_on(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
    NotedStore.kept.clear()
    async with house(tmp_path, owner="sys_b", store=NotedStore) as two:
        await two.end(job_id)
        assert NotedStore.kept[0] == (2, "submitted", True)
        assert await two.store.events(job_id) == await two.kernel.events(job_id)
        assert fold(await two.store.events(job_id)) == await two.kernel.record(job_id)


async def test_a_system_takes_over_no_more_jobs_than_it_takes_on(tmp_path: Path) -> None:
    async with house(tmp_path, works=False) as one:
        ids = [(await one.kernel.enqueue(bell())).job_id for _ in range(5)]
    async with house(tmp_path, owner="sys_b", limits=KernelLimits(live_jobs=2)) as two:
        two.driver.hold()
        await two.driver.started()
        assert two.kernel.num_live == 2
        assert (await two.kernel.cancel(ids[4], by="ada")).job_id == ids[4]  # one that is asked for is taken
        two.driver.release()
        states = [(await two.end(job_id)).state for job_id in ids]
        assert states == [JobState.DONE] * 4 + [JobState.CANCELLED]


async def test_a_submission_without_room_leaves_no_folder(tmp_path: Path) -> None:
    async with house(tmp_path, store=FullStore) as one:
        with pytest.raises(ResourceExhaustedError):
            await one.kernel.enqueue(bell())
        assert await one.artifacts.job_ids() == ()


async def test_a_job_that_was_handed_over_before_it_began_is_in_its_first_attempt(tmp_path: Path) -> None:
    async with house(tmp_path, works=False) as one:
        job_id = (await one.kernel.enqueue(bell())).job_id
    async with house(tmp_path, owner="sys_b") as two:
        record = await two.end(job_id)
        assert (record.state, record.attempt) == (JobState.DONE, 1)
        assert (await two.kernel.results(job_id)).provenance["attempt"] == 1


async def test_a_watch_tells_of_the_takeover(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        await one.driver.started()
    async with house(tmp_path, owner="sys_b") as two:
        await two.end(job_id)
        updates = [update async for update in two.kernel.updates(job_id)]
        assert [update.event_seq for update in updates] == list(range(1, len(updates) + 1))
        takeovers = [update for update in updates if "taken over" in update.message]
        assert [(update.state, update.stage) for update in takeovers] == [(JobState.PENDING, "submitted")]


async def test_an_adoption_that_fails_is_tried_again(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        ids = [(await one.kernel.enqueue(bell())).job_id for _ in range(3)]
        await one.driver.started(3)
    async with house(tmp_path, owner="sys_b", store=ShakyStore) as two:
        for job_id in ids:
            with anyio.fail_after(60):
                while (await two.kernel.record(job_id)).state is not JobState.DONE:
                    await anyio.lowlevel.checkpoint()
        assert [str(defect) for defect in two.notes.defects] == ["the disk does not answer"] * 2


async def test_who_only_cancels_a_job_leaves_the_others_alone_also_when_it_has_to_try_again(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        wanted, other = [(await one.kernel.enqueue(bell())).job_id for _ in range(2)]
        await one.driver.started(2)
        left = await one.store.events(other)
    async with house(tmp_path, owner="sys_b", adopts=False, store=ShakyStore) as two:
        await two.kernel.cancel(wanted, by="ada")
        assert (await two.end(wanted)).state is JobState.CANCELLED
        assert len(two.notes.defects) == 2
        assert await two.store.events(other) == left


async def test_an_end_that_could_not_be_recorded_at_once_is_recorded_later(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        job_id = (await one.kernel.enqueue(bell())).job_id
        done = await one.end(job_id)
    with sqlite3.connect(tmp_path / "jobs.sqlite3") as connection:
        connection.execute("UPDATE jobs SET live = 1, state = 'QUEUED', event_seq = 3")
        connection.execute("UPDATE jobs SET record = json_set(record, '$.state', 'QUEUED', '$.event_seq', 3)")
        connection.execute("DELETE FROM events WHERE event_seq > 3")
    connection.close()
    async with house(tmp_path, owner="sys_b", store=ShakyStore) as two:
        with anyio.fail_after(60):
            while (await two.kernel.record(job_id)).state is not JobState.DONE:
                await anyio.lowlevel.checkpoint()
        assert await two.end(job_id) == done
        assert two.driver.requests == []


async def test_a_circuit_that_kills_its_backend_is_given_up_across_systems(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.fail(DIED, times=MAX_CRASHES - 1)
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell())).job_id
        for death in range(1, MAX_CRASHES):
            await one.driver.started(death)
            await anyio.wait_all_tasks_blocked()
            one.driver.release()
            one.driver.hold()
        await one.driver.started(MAX_CRASHES)
    async with house(tmp_path, owner="sys_b") as two:
        two.driver.fail(DIED, times=100)
        record = await two.end(job_id)
        assert (record.state, record.attempt, record.crashes) == (JobState.ERROR, 2, MAX_CRASHES - 1)
        assert record.error is not None
        assert (record.error["reason"], record.error["details"]["crashes"]) == ("WORKER_DIED", MAX_CRASHES)
        assert len(two.driver.requests) == 1
        assert fold(await two.store.events(job_id)) == record
        error = json.loads(await two.artifacts.read(job_id, "error.json"))
        assert error["details"]["crashes"] == MAX_CRASHES


async def test_an_heir_ends_what_somebody_else_wanted_its_owner_to_stop(tmp_path: Path) -> None:
    async with house(tmp_path, works=False, adopts=False) as one, house(tmp_path, owner="sys_b", adopts=False) as other:
        job_id = (await one.kernel.enqueue(bell())).job_id
        await other.kernel.cancel(job_id, by="eve")
    async with house(tmp_path, owner="sys_c") as heir:
        record = await heir.end(job_id)
        assert (record.state, record.status().error_summary) == (JobState.CANCELLED, "cancelled by eve")
        assert heir.driver.requests == []
