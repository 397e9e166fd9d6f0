"""The job store: what is kept, in which order, and whose it is."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, product
from pathlib import Path

import anyio
import pytest

from eigen.contracts.errors import FailedPreconditionError, UnavailableError
from eigen.contracts.job_events import CancelRequested, Closed, CompilationStarted, JobEvent, Submitted
from eigen.contracts.jobs import JobFilter, JobRecord, JobState, StoredEvent
from eigen.kernel.history import fold, stored
from eigen.kernel.machine import step
from eigen.kernel.stores import statements
from eigen.kernel.stores.ownership import OwnerLock, open_lock_file
from eigen.kernel.stores.selection import selection
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.job_store import KeptJob, NewJob
from eigen.testing.clock import CountingIds, ManualClock

IDS, CLOCK = CountingIds(), ManualClock()


def new_job(
    *,
    key: str = "",
    digest: str = "",
    name: str = "bell",
    subject: str = "ada",
    tenant: str = "default",
    label: str = "",
    at: datetime | None = None,
) -> NewJob:
    trace = IDS.trace()
    event = Submitted(
        at=at or CLOCK.now(),
        job_id=IDS.job_id(CLOCK.now()),
        name=name,
        subject=subject,
        tenant=tenant,
        labels={"kind": label} if label else {},
        target="sim:local",
        priority=50,
        timeout_sec=None,
        shots=1,
        seed=1,
        trace_id=trace.trace_id,
        span_id=trace.span_id,
        spec_digest="",
        source_digest="",
    )
    record = step(None, event).job
    return NewJob(record=record, event=stored(event, record), idempotency_key=key, content_digest=digest)


def after(record: JobRecord, *events: JobEvent) -> tuple[JobRecord, tuple[StoredEvent, ...]]:
    kept = []
    for event in events:
        record = step(record, event).job
        kept.append(stored(event, record))
    return record, tuple(kept)


def cancelled(record: JobRecord) -> tuple[JobRecord, tuple[StoredEvent, ...]]:
    now = CLOCK.now()
    return after(record, CancelRequested(at=now, by="ada"), Closed(at=now, attempt=1))


async def test_everything_is_there_after_closing_and_opening_again(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        job = await store.insert(new_job())
        record, events = after(job, CompilationStarted(at=CLOCK.now(), attempt=1))
        await store.append(record, events, durable=False)
    async with SqliteJobStore(tmp_path, owner="sys_b") as store:
        assert (await store.get(job.job_id)).state is JobState.COMPILING


async def test_the_same_key_of_two_tenants_makes_two_jobs(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        await store.insert(new_job(key="k", digest="d"))
        assert (await store.insert(new_job(key="k", digest="other", tenant="acme"))).tenant == "acme"


async def test_neither_a_key_nor_a_label_is_looked_for_among_all_jobs(tmp_path: Path) -> None:
    """Each question is one search in one index that holds all that is asked, however many jobs there are."""
    async with SqliteJobStore(tmp_path, owner="sys_a"):
        pass
    asked: list[str] = []
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3", isolation_level=None)) as connection:
        connection.set_trace_callback(asked.append)
        statements.insert(connection, new_job(key="k"), OwnerLock(tmp_path / "systems", "sys_b"), lambda: None)
        connection.execute(*selection(JobFilter(labels={"eigen.os/group": "loop"}), limit=9, before_job_id=""))
        connection.set_trace_callback(None)
        questions = [one for one in asked if one.startswith("SELECT")]
        plans = [connection.execute(f"EXPLAIN QUERY PLAN {one}").fetchall() for one in questions]
    assert [plan[0][-1] for plan in plans] == [
        "SEARCH jobs USING INDEX idempotency (tenant=? AND subject=? AND idempotency_key=?)",
        "SEARCH wanted USING PRIMARY KEY (key=? AND value=?)",
    ]


async def test_jobs_are_found_by_tenant_and_by_time(tmp_path: Path) -> None:
    noon, second = CLOCK.now(), timedelta(seconds=1)
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        for tenant, at in (
            ("default", noon),
            ("acme", noon),
            ("default", noon + second),
            ("default", noon + 2 * second),
        ):
            await store.insert(new_job(tenant=tenant, at=at))

        async def found(job_filter: JobFilter) -> list[datetime]:
            return [record.created_at for record in await store.select(job_filter, limit=9)]

        assert await found(JobFilter(tenant="acme", subject="ada")) == [noon]
        assert await found(JobFilter(tenant="default", created_after=noon)) == [noon + 2 * second, noon + second]
        assert await found(JobFilter(created_before=noon + second)) == [noon, noon]
        assert await found(JobFilter(created_after=noon, created_before=noon + 2 * second)) == [noon + second]


async def test_the_first_wish_to_cancel_stands_and_a_second_one_writes_nothing(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a") as store, SqliteJobStore(tmp_path, owner="sys_b") as other:
        job = await store.insert(new_job())
        await store.request_cancel(job.job_id, by="eve")
        assert await other.changed()
        await store.request_cancel(job.job_id, by="bob")
        assert not await other.changed()
        assert await store.cancel_requests() == ((job.job_id, "eve"),)


async def test_what_a_store_has_written_itself_is_no_news_to_it_but_for_a_wish_to_cancel(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a") as store, SqliteJobStore(tmp_path, owner="sys_b") as other:
        await store.changed()
        job = await store.insert(new_job())
        assert not await store.changed()
        assert await other.changed()
        await store.request_cancel(job.job_id, by="eve")
        assert await store.changed()
        assert not await store.changed()
        await other.insert(new_job())
        assert await store.changed()


async def test_a_write_with_a_defect_costs_nobody_else_anything(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        jobs = [new_job() for _ in range(3)]
        wrong = replace(jobs[1], record=replace(jobs[1].record, name="\udcff"))
        failed: list[Exception] = []

        async def insert(job: NewJob) -> None:
            try:
                await store.insert(job)
            except UnicodeEncodeError as error:
                failed.append(error)

        async with anyio.create_task_group() as tasks:
            for job in (jobs[0], wrong, jobs[2]):
                tasks.start_soon(insert, job)
        kept = {record.job_id for record in await store.select(JobFilter(), limit=10)}
        assert kept == {jobs[0].record.job_id, jobs[2].record.job_id}
        assert len(failed) == 1


async def test_a_text_that_is_not_unicode_is_found_nowhere_and_may_be_a_key(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        job = await store.insert(new_job(key="\udcff", digest="d"))
        assert await store.insert(new_job(key="\udcff", digest="d")) == job
        assert await store.select(JobFilter(name="\udcff"), limit=10) == ()


async def test_writes_that_overtake_each_other_lose_no_event(tmp_path: Path) -> None:
    """Two jobs, several writes behind for each, the last one of the first durable, of the second not."""
    steps = (CompilationStarted(at=CLOCK.now(), attempt=1), CancelRequested(at=CLOCK.now(), by="ada"))
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        first, second = await store.insert(new_job()), await store.insert(new_job())
        for event in steps:
            first, of_first = after(first, event)
            await store.append(first, of_first, durable=False)
            second, of_second = after(second, event)
            await store.append(second, of_second, durable=False)
        first, of_first = after(first, Closed(at=CLOCK.now(), attempt=1))
        await store.append(first, of_first, durable=True)
        assert fold(await store.events(first.job_id)) == await store.get(first.job_id) == first
        assert fold(await store.events(second.job_id)) == await store.get(second.job_id) == second


async def test_whoever_asks_sees_what_was_written_behind(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        record = await store.insert(new_job())
        for event in (CompilationStarted(at=CLOCK.now(), attempt=1), CancelRequested(at=CLOCK.now(), by="ada")):
            record, events = after(record, event)
            await store.append(record, events, durable=False)
            assert await store.get(record.job_id) == record
            assert await store.select(JobFilter(states=(record.state,)), limit=9) == (record,)
            assert (await store.events(record.job_id))[-1] == events[-1]


async def test_filters_agree_with_looking_at_every_job(tmp_path: Path) -> None:
    states = (JobState.PENDING, JobState.COMPILING, JobState.CANCELLED)
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        everything = []
        for number in range(40):
            record = await store.insert(new_job(name=f"n{number % 3}", label=str(number % 4)))
            if number % 3:
                record, events = after(record, CompilationStarted(at=CLOCK.now(), attempt=1))
                await store.append(record, events, durable=False)
            if number % 5 == 0:
                record, events = cancelled(record)
                await store.append(record, events, durable=True)
            everything.insert(0, record)
        for wanted, name, label, limit in product(powerset(states), (None, "n1"), ({}, {"kind": "3"}), (3, 99)):
            job_filter = JobFilter(states=wanted, tenant="default", subject="ada", name=name, labels=label)
            expected = [
                one
                for one in everything
                if (not wanted or one.state in wanted)
                and name in (None, one.name)
                and label.items() <= dict(one.labels).items()
            ]
            assert await store.select(job_filter, limit=limit) == tuple(expected[:limit])
            before = everything[10].job_id
            older = [one for one in expected if one.job_id < before]
            assert await store.select(job_filter, limit=limit, before_job_id=before) == tuple(older[:limit])


def powerset(states: tuple[JobState, ...]) -> list[tuple[JobState, ...]]:
    return [chosen for size in range(len(states) + 1) for chosen in combinations(states, size)]


async def test_a_key_is_not_kept_in_clear(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        await store.insert(new_job(key="my secret key", digest="d"))
    assert b"my secret key" not in (tmp_path / "jobs.sqlite3").read_bytes()


async def test_lost_jobs_are_restored_with_events_and_keys(tmp_path: Path) -> None:
    new = new_job(key="k", digest="d", label="x")
    final, events = cancelled(new.record)
    kept = KeptJob(record=final, events=(new.event, *events), key_digest=new.key_digest, content_digest="d")
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        assert await store.restore([kept]) == 1
        assert await store.restore([kept]) == 0
        assert await store.get(final.job_id) == final
        assert await store.events(final.job_id) == kept.events
        assert await store.insert(new_job(key="k", digest="d")) == final
        assert await store.select(JobFilter(labels={"kind": "x"}), limit=9) == (final,)


async def test_who_wants_a_root_alone_gets_it_alone(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a"):
        with pytest.raises(FailedPreconditionError) as caught:
            async with SqliteJobStore(tmp_path, owner="sys_b", alone=True):
                pass
        assert caught.value.reason == "ROOT_IN_USE"
    async with SqliteJobStore(tmp_path, owner="sys_b", alone=True) as store:
        await store.insert(new_job())


async def test_nobody_else_may_read_what_is_kept(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="one") as store:
        await store.insert(new_job())
        rights = rights_of_others(tmp_path)
    assert {"jobs.sqlite3", "jobs.sqlite3-wal"} <= rights.keys()
    assert set(rights.values()) == {0}


def rights_of_others(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o077 for path in folder.rglob("*") if path.is_file()}


async def test_a_root_that_is_a_file_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("not a folder")
    with pytest.raises(UnavailableError):
        async with SqliteJobStore(tmp_path / "root", owner="sys_a"):
            pass


async def test_a_damaged_database_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite3").write_bytes(b"this is not a database, and never was" * 100)
    with pytest.raises(UnavailableError) as caught:
        async with SqliteJobStore(tmp_path, owner="sys_a"):
            pass
    assert caught.value.reason == "STORE_DAMAGED"


async def test_the_owner_of_a_killed_process_is_gone(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from eigen.kernel.stores.ownership import OwnerLock\n"
        "from pathlib import Path\n"
        "lock = OwnerLock(Path(sys.argv[1]), 'sys_dead')\n"
        "lock.acquire()\n"
        "print('held', flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    await anyio.run_process([sys.executable, "-c", script, str(tmp_path)], check=False, stderr=subprocess.DEVNULL)
    mine = OwnerLock(tmp_path, "sys_mine")
    mine.acquire()
    assert mine.is_gone("sys_dead")
    assert not mine.is_gone("sys_mine")
    other = OwnerLock(tmp_path, "sys_other")
    assert not other.is_gone("sys_mine")
    mine.release()
    assert other.is_gone("sys_mine")


def _all_at_once(work: Callable[[], None]) -> list[threading.Thread]:
    barrier = threading.Barrier(4)

    def begin() -> None:
        barrier.wait()
        work()

    threads = [threading.Thread(target=begin, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    return threads


def _have_ended(threads: Iterable[threading.Thread]) -> bool:
    for thread in threads:
        thread.join(60)
    return not any(thread.is_alive() for thread in threads)


def test_threads_may_prove_a_systems_life_at_once(tmp_path: Path) -> None:
    for number in range(100):
        mine = OwnerLock(tmp_path, f"sys_{number}")
        assert _have_ended(_all_at_once(mine.acquire))
        assert not OwnerLock(tmp_path, "sys_other").is_gone(mine.owner)
        mine.release()


@pytest.mark.skipif(sys.platform != "linux", reason="it looks at /proc")
def test_a_lock_file_that_is_cleared_while_it_is_being_taken_proves_nobodys_life(tmp_path: Path) -> None:
    path = tmp_path.resolve() / "sys_mine.lock"
    mine, probe = OwnerLock(tmp_path, "sys_mine"), open_lock_file(path)
    fcntl.flock(probe, fcntl.LOCK_EX)
    threads = _all_at_once(mine.acquire)
    while sum(os.path.realpath(one) == str(path) for one in Path("/proc/self/fd").iterdir()) < 2:
        os.sched_yield()  # until somebody waits for whoever looks whether it is gone
    path.unlink()
    os.close(probe)
    assert _have_ended(threads)
    assert not OwnerLock(tmp_path, "sys_other").is_gone("sys_mine")
    mine.release()


async def test_a_store_that_is_closed_is_not_called_damaged(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        await store.insert(new_job())
    with pytest.raises(UnavailableError) as caught:
        await store.get(new_job().record.job_id)
    assert caught.value.reason == "STORE_UNAVAILABLE"
