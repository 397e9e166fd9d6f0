"""The doctor finds every disagreement between CircuitFS and the job store, and puts right what can be put right."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eigen.contracts.errors import AlreadyExistsError, FailedPreconditionError, UnavailableError
from eigen.contracts.jobs import JobFilter, JobRecord, JobState, StoredEvent
from eigen.contracts.jobspec import JobMetadata
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.kernel import KernelJob
from eigen.system.composition import System, open_system
from eigen.system.doctor import Examination, examine
from eigen.testing.clock import ManualClock
from eigen.testing.scripted_driver import ScriptedDriver
from tests.kernel.kernel_house import AQO, bell


@asynccontextmanager
async def system_on(root: Path, *, works: bool = True) -> AsyncIterator[System]:
    async with open_system(root, drivers={"scripted": ScriptedDriver()}, works=works, adopts=works) as system:
        yield system


async def end_of(system: System, job_id: str) -> JobRecord:
    async for _ in system.kernel.updates(job_id):
        pass
    return await system.kernel.record(job_id)


async def run_one(root: Path, job: KernelJob | None = None) -> JobRecord:
    async with system_on(root) as system:
        return await end_of(system, (await system.kernel.enqueue(job or bell())).job_id)


async def leave_one(root: Path, job: KernelJob | None = None) -> JobRecord:
    """Submit a job and go, without running it."""
    async with system_on(root, works=False) as system:
        return await system.kernel.enqueue(job or bell())


def checks(found: Examination) -> list[tuple[str, str, bool]]:
    return [(one.check, one.job_id, one.repaired) for one in found.findings]


def forget(root: Path, job_id: str) -> None:
    with closing(sqlite3.connect(root / "jobs.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,))
        connection.execute("DELETE FROM events WHERE job_id = ?", (job_id,))


async def test_a_sound_root_is_healthy(tmp_path: Path) -> None:
    await run_one(tmp_path)
    found = await examine(tmp_path)
    assert found.is_healthy
    assert found.findings == []
    assert found.facts["jobs"] == {"DONE": 1}


async def test_a_store_that_is_lost_takes_no_young_job_with_it(tmp_path: Path) -> None:
    driver = ScriptedDriver()
    driver.hold()
    async with open_system(tmp_path, drivers={"scripted": driver}) as system:
        young = [(await system.kernel.enqueue(bell(key=f"k{number}"))).job_id for number in range(40)]
        assert len(await system.artifacts.job_ids()) < len(young)  # most of them have no folder yet
    lose_store(tmp_path)
    assert (await examine(tmp_path, rebuild=True)).facts["rebuilt_jobs"] == len(young)
    async with system_on(tmp_path) as system:
        assert {(await end_of(system, job_id)).state for job_id in young} == {JobState.DONE}
        again = await system.kernel.enqueue(bell(key="k7"))
        assert again.job_id == young[7]


async def test_a_root_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert (await examine(tmp_path / "none")).is_healthy
    assert not (tmp_path / "none").exists()


async def test_an_end_that_the_store_does_not_know_is_recorded_again(tmp_path: Path) -> None:
    record = await run_one(tmp_path, bell(key="k"))
    forget(tmp_path, record.job_id)
    assert checks(await examine(tmp_path)) == [("unknown-end", record.job_id, False)]
    assert checks(await examine(tmp_path, repair=True)) == [("unknown-end", record.job_id, True)]
    assert (await examine(tmp_path)).findings == []
    async with system_on(tmp_path) as system:
        assert await system.kernel.record(record.job_id) == record
        assert (await system.kernel.enqueue(bell(key="k"))).job_id == record.job_id


async def test_an_end_that_was_sealed_and_not_recorded_is_recorded(tmp_path: Path) -> None:
    record = await run_one(tmp_path)
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM events WHERE event_seq > 1")
        connection.execute(
            "UPDATE jobs SET live = 1, state = 'PENDING', event_seq = 1, record = json_set("
            "record, '$.state', 'PENDING', '$.stage', 'submitted', '$.event_seq', 1)"
        )
    assert checks(await examine(tmp_path)) == [("unrecorded-end", record.job_id, False)]
    assert checks(await examine(tmp_path, repair=True)) == [("unrecorded-end", record.job_id, True)]
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        assert await store.get(record.job_id) == record
        assert [event.event_seq for event in await store.events(record.job_id)] == list(range(1, record.event_seq + 1))


async def test_a_submission_that_nobody_was_told_of_is_offered_for_removal(tmp_path: Path) -> None:
    record = await leave_one(tmp_path)
    forget(tmp_path, record.job_id)
    for repair in (False, True):
        found = await examine(tmp_path, repair=repair)
        assert checks(found) == [("never-acknowledged", record.job_id, False)]
        assert (tmp_path / "circuit_fs" / record.job_id).exists()
    assert (await examine(tmp_path, discard=True)).is_healthy
    assert not (tmp_path / "circuit_fs" / record.job_id).exists()


async def test_lost_and_damaged_files_are_told(tmp_path: Path) -> None:
    lost, damaged = await run_one(tmp_path), await run_one(tmp_path)
    shutil.rmtree(tmp_path / "circuit_fs" / lost.job_id)
    (tmp_path / "circuit_fs" / damaged.job_id / "results.json").write_text("{}")
    found = await examine(tmp_path)
    assert sorted(checks(found)) == sorted(
        [("lost-files", lost.job_id, False), ("damaged-file", damaged.job_id, False)]
    )
    assert not found.is_healthy


async def test_a_record_and_a_seal_that_differ_are_told(tmp_path: Path) -> None:
    record = await run_one(tmp_path)
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as connection, connection:
        connection.execute("UPDATE jobs SET record = json_set(record, '$.shots', 7)")
    assert checks(await examine(tmp_path)) == [("damaged-record", record.job_id, False)]


async def test_what_others_are_just_doing_is_not_told_as_damage(tmp_path: Path) -> None:
    """A stage and an end that are there at the first look and gone at the second one are somebody's work."""
    ended = await run_one(tmp_path)
    forget(tmp_path, ended.job_id)
    stage = tmp_path / "circuit_fs" / ".tmp" / "0a"
    stage.mkdir()

    class Others(ManualClock):
        """What passes between the looks is the time in which somebody else ends what they were doing."""

        async def sleep_until(self, monotonic_sec: float) -> None:
            stage.rmdir()
            shutil.rmtree(tmp_path / "circuit_fs" / ended.job_id)

    assert checks(await examine(tmp_path, clock=Others())) == []
    assert not stage.exists()


async def test_leftovers_and_stale_locks_are_cleared_away(tmp_path: Path) -> None:
    record = await run_one(tmp_path)
    stage = tmp_path / "circuit_fs" / ".tmp" / "abandoned"
    stage.mkdir()
    (stage / "job.yaml").write_text("x")
    (tmp_path / "circuit_fs" / record.job_id / ".tmp-x-results.json").write_text("x")
    (tmp_path / "systems" / "sys_dead.lock").touch()
    assert checks(await examine(tmp_path)) == [("leftovers", "", False), ("stale-locks", "", False)]
    assert stage.exists()
    assert (await examine(tmp_path, repair=True)).is_healthy
    assert (await examine(tmp_path)).findings == []
    assert not stage.exists()


async def test_nothing_is_changed_while_somebody_else_has_the_root_open(tmp_path: Path) -> None:
    async with system_on(tmp_path) as system:
        await end_of(system, (await system.kernel.enqueue(bell())).job_id)
        assert (await examine(tmp_path)).is_healthy
        for changes in ({"repair": True}, {"rebuild": True}, {"discard": True}):
            with pytest.raises(FailedPreconditionError) as caught:
                await examine(tmp_path, **changes)
            assert caught.value.reason == "ROOT_IN_USE"


async def test_a_store_that_is_gone_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    await run_one(tmp_path)
    (tmp_path / "jobs.sqlite3").unlink()
    with pytest.raises(UnavailableError) as caught:
        async with system_on(tmp_path):
            pass
    assert caught.value.reason == "STORE_MISSING"
    assert checks(await examine(tmp_path)) == [("store", "", False)]
    assert (await examine(tmp_path, rebuild=True)).is_healthy


async def test_a_damaged_store_is_rebuilt_and_set_aside(tmp_path: Path) -> None:
    record = await run_one(tmp_path)
    (tmp_path / "jobs.sqlite3").write_bytes(b"this is no database" * 1000)
    assert checks(await examine(tmp_path)) == [("store", "", False)]
    assert (await examine(tmp_path, rebuild=True)).is_healthy
    async with system_on(tmp_path) as system:
        assert await system.kernel.record(record.job_id) == record
    assert len(aside(tmp_path)) == 1


def aside(root: Path) -> list[Path]:
    return list(root.glob("replaced-*/jobs.sqlite3"))


def lose_store(root: Path) -> None:
    for path in root.glob("jobs.sqlite3*"):
        path.unlink()


FATES = st.tuples(
    st.sampled_from(["done", "wrong", "cancelled", "left"]),
    st.sampled_from(["", "a", "b"]),
    st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"]), max_size=2),
)
PROGRAMS = {"done": AQO, "cancelled": AQO, "left": AQO, "wrong": AQO.replace(b'"H"', b'"HH"')}


@given(fates=st.lists(FATES, min_size=1, max_size=6))
@settings(max_examples=12)
def test_a_rebuilt_store_says_the_same_as_the_one_that_was_lost(fates: list[tuple[str, str, dict[str, str]]]) -> None:
    """Equal records and events of ended jobs, live ones from their beginning, and equal answers to repeated keys."""
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(rebuild_and_compare, Path(folder), fates)


async def rebuild_and_compare(root: Path, fates: list[tuple[str, str, dict[str, str]]]) -> None:
    jobs = [(fate, job_of(fate, key, labels, number)) for number, (fate, key, labels) in enumerate(fates)]
    answers = [await meet(root, fate, job) for fate, job in jobs]
    before = await everything(root)
    lose_store(root)
    assert (await examine(root, rebuild=True)).is_healthy
    after = await everything(root)
    assert after.keys() == before.keys()
    for job_id, (record, events) in before.items():
        seen = len(after[job_id][1])
        assert after[job_id][1] == events[:seen]
        assert record.state.is_terminal is after[job_id][0].state.is_terminal
        if record.state.is_terminal:
            assert after[job_id] == (record, events)
    async with system_on(root) as system:
        for (_, job), answer in zip(jobs, answers, strict=True):
            if job.idempotency_key:
                assert await answer_of(system, job) == answer
        for job_id, (record, _) in before.items():
            if not record.state.is_terminal:
                assert (await end_of(system, job_id)).state is JobState.DONE


def job_of(fate: str, key: str, labels: dict[str, str], number: int) -> KernelJob:
    plain = bell(content=PROGRAMS[fate], key=key, seed=number % 2)
    spec = plain.spec.model_copy(update={"metadata": JobMetadata(name=fate, labels=labels)})
    return KernelJob(**{name: getattr(plain, name) for name in plain.__slots__} | {"spec": spec})


async def meet(root: Path, fate: str, job: KernelJob) -> str | None:
    """Let a job have its fate, and return its id; None where its key was used for another one."""
    driver = ScriptedDriver()
    if fate == "cancelled":
        driver.hold()
    async with open_system(root, drivers={"scripted": driver}, adopts=False, works=fate != "left") as system:
        job_id = await answer_of(system, job)
        if job_id is not None and fate == "cancelled":
            await system.kernel.cancel(job_id, by="ada")
        if job_id is not None and fate != "left" and (await system.kernel.record(job_id)).name != "left":
            await end_of(system, job_id)
        return job_id


async def answer_of(system: System, job: KernelJob) -> str | None:
    try:
        return (await system.kernel.enqueue(job)).job_id
    except AlreadyExistsError:
        return None


async def everything(root: Path) -> dict[str, tuple[JobRecord, tuple[StoredEvent, ...]]]:
    async with SqliteJobStore(root, owner="sys_reader") as store:
        records = await store.select(JobFilter(), limit=1000)
        return {record.job_id: (record, await store.events(record.job_id)) for record in records}


def test_the_command_tells_people_and_programs(tmp_path: Path) -> None:
    anyio.run(run_one, tmp_path / "root")
    (tmp_path / "root" / "systems" / "sys_dead.lock").touch()

    def doctor(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "eigen", "doctor", "--root", str(tmp_path / "root"), *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    told = doctor("--json")
    assert told.returncode == 4
    document = json.loads(told.stdout)
    assert [one["check"] for one in document["findings"]] == ["stale-locks"]
    assert (document["is_healthy"], document["facts"]["versions"]["sqlite"]) == (False, sqlite3.sqlite_version)
    assert "stale-locks: 1 lock files" in doctor().stdout
    assert doctor("--repair").returncode == 0
    assert doctor().returncode == 0
