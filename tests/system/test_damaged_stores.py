"""What is damaged in a job store costs itself only, and a store that is made anew forgets nothing that can be read."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from eigen.contracts.devices import Reservation
from eigen.contracts.errors import FailedPreconditionError, InternalError, UnavailableError
from eigen.contracts.jobs import JobFilter, JobState
from eigen.kernel.history import stored
from eigen.kernel.inputs import content_digest, opening_facts, opening_files, submission
from eigen.kernel.machine import step
from eigen.kernel.stores.salvage import salvaged
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.artifact_store import Opening
from eigen.ports.job_store import KeptReservation, NewJob
from eigen.qfs.opening_log import OpeningLog
from eigen.system.clock import RandomIds, SystemClock
from eigen.system.composition import open_system
from eigen.system.doctor import examine
from eigen.system.root import require_store
from eigen.testing.scripted_driver import ScriptedDriver
from tests.kernel.kernel_house import AQO, bell, house
from tests.system.test_doctor import checks, end_of, everything, leave_one, lose_store, run_one, system_on

IDS, CLOCK = RandomIds(), SystemClock()
WRONG = AQO.replace(b'"H"', b'"HH"')


@dataclass(frozen=True)
class Lived:
    """The jobs of a root on which something has happened, by what they are."""

    done: str
    wrong: str
    left: str
    young: str
    unwanted: str


def young_job(*, key: str = "") -> NewJob:
    """Return a job as it stands in the store before it has a folder."""
    job, now = bell(key=key), CLOCK.now()
    files = opening_files(job)
    submitted = submission(job, files, job_id=IDS.job_id(now), at=now)
    record = step(None, submitted).job
    return NewJob(
        record=record,
        event=stored(submitted, record),
        idempotency_key=key,
        content_digest=content_digest(submitted),
        opening=Opening(files=files, facts=opening_facts(record, job)).to_bytes(),
    )


def reservation() -> KeptReservation:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    kept = Reservation(
        reservation_id="res_a",
        device_id="scripted:device",
        subject="ada",
        tenant="default",
        purpose="a run",
        created_at=now,
        expires_at=now + timedelta(minutes=5),
    )
    return KeptReservation(reservation=kept, boot_id="boot", ends_sec=1e9)


async def live_on(root: Path, *, copies: OpeningLog | None = None) -> Lived:
    """Let ends, keys, wishes, reservations and jobs without folders be on a root, and go."""
    done, wrong = await run_one(root, bell(key="done")), await run_one(root, bell(content=WRONG, key="wrong"))
    left = await leave_one(root, bell(key="left"))
    async with SqliteJobStore(root, owner="sys_gone", copies=copies) as store:
        young, unwanted = await store.insert(young_job(key="young")), await store.insert(young_job())
        await store.request_cancel(unwanted.job_id, by="eve")
        await store.reserve(reservation(), now_sec=0.0, slots=1, most_of_subject=1)
    return Lived(done.job_id, wrong.job_id, left.job_id, young.job_id, unwanted.job_id)


def change(root: Path, *statements: str) -> None:
    with closing(sqlite3.connect(root / "jobs.sqlite3")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def contents(root: Path) -> Mapping[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def tables(root: Path) -> Mapping[str, list[Any]]:
    """Return all that a store has, but who owns its live jobs."""
    queries = {
        "jobs": "SELECT job_id, event_seq, state, live, name, tenant, subject, created_at, cancel_by, idempotency_key,"
        " content_digest, record FROM jobs ORDER BY 1",
        "events": "SELECT * FROM events ORDER BY 1, 2",
        "labels": "SELECT * FROM labels ORDER BY 1, 2, 3",
        "openings": "SELECT * FROM openings ORDER BY 1",
        "reservations": "SELECT * FROM reservations ORDER BY 1",
    }
    with closing(sqlite3.connect(root / "jobs.sqlite3")) as connection:
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


async def test_a_store_that_is_healthy_loses_nothing_by_being_rebuilt(tmp_path: Path) -> None:
    lived = await live_on(tmp_path)
    before = tables(tmp_path)
    found = await examine(tmp_path, rebuild=True)
    assert (found.findings, found.facts["rebuilt_jobs"]) == ([], 5)
    assert tables(tmp_path) == before
    async with system_on(tmp_path) as system:
        assert (await system.kernel.enqueue(bell(key="young"))).job_id == lived.young
        assert (await end_of(system, lived.young)).state is JobState.DONE
        assert (await end_of(system, lived.left)).state is JobState.DONE
        assert (await end_of(system, lived.unwanted)).state is JobState.CANCELLED


async def test_a_store_of_a_newer_schema_is_not_replaced(tmp_path: Path) -> None:
    await run_one(tmp_path)
    change(tmp_path, "PRAGMA user_version = 99")
    before = contents(tmp_path)
    with pytest.raises(FailedPreconditionError) as caught:
        await examine(tmp_path, rebuild=True)
    assert caught.value.reason == "ROOT_TOO_NEW"
    assert contents(tmp_path) == before


async def test_a_rebuilt_store_keeps_what_only_the_old_one_knew(tmp_path: Path) -> None:
    """Jobs whose folders are damaged or gone keep their records; rows that are damaged are told by their events."""
    lived = await live_on(tmp_path)
    before = await everything(tmp_path)
    (tmp_path / "circuit_fs" / lived.done / "results.json").write_text("{}")
    shutil.rmtree(tmp_path / "circuit_fs" / lived.wrong)
    shutil.rmtree(tmp_path / "circuit_fs" / lived.left)
    change(tmp_path, f"UPDATE jobs SET record = substr(record, 1, 200) WHERE job_id = '{lived.young}'")
    found = await examine(tmp_path, rebuild=True)
    assert sorted(checks(found)) == sorted(
        [("damaged-file", lived.done, False), ("lost-files", lived.wrong, False), ("lost-files", lived.left, False)]
    )
    assert await everything(tmp_path) == before


async def test_a_rebuilding_names_the_jobs_that_are_lost(tmp_path: Path) -> None:
    lived = await live_on(tmp_path)
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as connection, connection:
        connection.execute("UPDATE jobs SET record = '{' WHERE job_id = ?", (lived.young,))
        connection.execute("UPDATE events SET event = x'ff00' WHERE job_id = ?", (lived.young,))
        connection.execute("UPDATE openings SET content = x'00' WHERE job_id = ?", (lived.young,))
    found = await examine(tmp_path, rebuild=True)
    assert checks(found) == [("lost-job", lived.young, False)]
    assert lived.young not in await everything(tmp_path)


async def test_of_a_store_that_is_gone_ended_jobs_with_damaged_files_keep_their_record(tmp_path: Path) -> None:
    """And young jobs begin anew from what was kept beside the store; an ended job is never begun anew from that."""
    copies = OpeningLog(tmp_path / "circuit_fs", owner="sys_gone")
    lived = await live_on(tmp_path, copies=copies)
    before = await everything(tmp_path)
    late = OpeningLog(tmp_path / "circuit_fs", owner="sys_late")
    late.keep(lived.done, replace(young_job(), record=before[lived.done][0]).opening)
    late.close()
    (tmp_path / "circuit_fs" / lived.done / "results.json").write_text("{}")
    lose_store(tmp_path)
    found = await examine(tmp_path, rebuild=True)
    assert checks(found) == [("damaged-file", lived.done, False)]
    assert await everything(tmp_path) == before


async def test_a_page_that_is_damaged_costs_itself_only(tmp_path: Path) -> None:
    """Whichever page is gone, all jobs but those whose record and events both lay there are still told."""
    async with SqliteJobStore(tmp_path, owner="sys_gone") as store:
        jobs = [await store.insert(young_job()) for _ in range(40)]
    whole = (tmp_path / "jobs.sqlite3").read_bytes()
    size = int.from_bytes(whole[16:18], "big")
    damaged = tmp_path / "damaged.sqlite3"
    for start in range(size, len(whole), size):
        damaged.write_bytes(whole[:start] + b"\xa5" * size + whole[start + size :])
        with salvaged(damaged) as old:
            kept = {job.record.job_id: job.record for found in old.jobs(old.job_ids()) if (job := found.kept())}
        assert all(kept.get(record.job_id) == record for record in jobs), start


ROW, EVENTS = "UPDATE jobs SET {} WHERE job_id = '{{}}'", "{} events {} WHERE job_id = '{{}}' AND event_seq = 3"
DAMAGE: Mapping[str, str] = {
    "a record cut off": ROW.format("record = substr(record, 1, 200)"),
    "a record that is no JSON": ROW.format("record = 'not json'"),
    "a record that is no text": ROW.format("record = x'fffe80'"),
    "a record that is another thing": ROW.format("record = '[7, null]'"),
    "a record that is another job's": ROW.format("record = json_set(record, '$.job_id', 'job_x')"),
    "a record that is not what its events make": ROW.format("record = json_set(record, '$.shots', 7)"),
    "columns that are not the record's": ROW.format("state = 'RUNNING', live = 1, owner = 'sys_gone'"),
    "an event that is gone": EVENTS.format("DELETE FROM", ""),
    "an event that is no JSON": EVENTS.format("UPDATE", "SET event = '{{'"),
    "a row that is gone": "DELETE FROM jobs WHERE job_id = '{}'",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
async def test_a_damaged_row_of_an_ended_job_is_named_and_repaired_from_its_seal(tmp_path: Path, damage: str) -> None:
    """Meanwhile everything else on the root goes on."""
    hurt, sound = await run_one(tmp_path, bell(key="a")), await run_one(tmp_path)
    before = tables(tmp_path)
    change(tmp_path, damage.format(hurt.job_id))
    async with system_on(tmp_path) as system:
        later = await end_of(system, (await system.kernel.enqueue(bell())).job_id)
        assert later.state is JobState.DONE
        await system.kernel.drain()  # what looks as if it lived is adopted by then
        listed = {record.job_id for record in await all_of(tmp_path)}
        assert {sound.job_id, later.job_id} <= listed
    found = await examine(tmp_path)
    healed_by_adoption = "live = 1" in damage
    assert checks(found) == ([] if healed_by_adoption else [("damaged-record", hurt.job_id, False)])
    assert (await examine(tmp_path, repair=True)).is_healthy
    assert (await examine(tmp_path)).findings == []
    assert [row for row in tables(tmp_path)["jobs"] if row[0] != later.job_id] == before["jobs"]


async def all_of(root: Path) -> tuple[Any, ...]:
    async with SqliteJobStore(root, owner="sys_reader") as store:
        return await store.select(JobFilter(), limit=100)


async def test_who_asks_for_a_damaged_job_is_told_so_and_the_others_are_listed(tmp_path: Path) -> None:
    hurt, sound = await run_one(tmp_path, bell(key="a")), await run_one(tmp_path)
    change(tmp_path, DAMAGE["a record that is no JSON"].format(hurt.job_id), "UPDATE events SET event = '{'")
    async with system_on(tmp_path) as system:
        asked: list[Callable[[], Any]] = [
            lambda: system.kernel.record(hurt.job_id),
            lambda: system.kernel.events(sound.job_id),
            lambda: system.kernel.enqueue(bell(key="a")),
        ]
        for ask in asked:
            with pytest.raises(InternalError) as caught:
                await ask()
            assert caught.value.reason == "RECORD_DAMAGED"
            assert "eigen doctor" in caught.value.hint
        page = await system.kernel.jobs(JobFilter(), page_size=1, page_token=sound.job_id)
        assert [(job.job_id, job.stage, job.state) for job in page.jobs] == [(hurt.job_id, "damaged", JobState.DONE)]


def test_the_commands_name_a_damaged_job_and_what_to_do(tmp_path: Path) -> None:
    def eigen(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "eigen", *words, "--root", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    hurt, sound = anyio.run(run_one, tmp_path), anyio.run(run_one, tmp_path)
    change(tmp_path, DAMAGE["a record that is no JSON"].format(hurt.job_id))
    code, shown, errors = eigen("jobs", "--all-subjects")
    assert (code, hurt.job_id in shown, sound.job_id in shown) == (0, True, True)
    assert f"{hurt.job_id}: its record is damaged" in errors
    for word in ("status", "events", "results"):
        code, _, errors = eigen(word, hurt.job_id, "--json")
        assert (code, json.loads(errors)["error"]["reason"]) == (4, "RECORD_DAMAGED")
    assert eigen("doctor")[0] == 4
    assert eigen("doctor", "--repair")[0] == 0
    assert eigen("status", hurt.job_id)[0] == 0


@pytest.mark.parametrize(
    "damage",
    [DAMAGE[name] for name in DAMAGE if name.startswith("a record")] + ["DELETE FROM events WHERE job_id = '{}'"],
)
async def test_adoption_passes_by_a_damaged_job_and_takes_the_others(tmp_path: Path, damage: str) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_gone") as store:
        hurt, sound = await store.insert(young_job()), await store.insert(young_job())
    change(tmp_path, damage.format(hurt.job_id))
    async with house(tmp_path) as heir:
        assert (await heir.end(sound.job_id)).state is JobState.DONE
        consistent = "shots" in damage
        assert [getattr(one, "reason", "") for one in heir.notes.defects] == ([] if consistent else ["RECORD_DAMAGED"])
    if not consistent:
        found = await examine(tmp_path)
        assert checks(found) == [("damaged-record", hurt.job_id, False)]
        is_told_by_events = "events" not in damage
        assert (await examine(tmp_path, repair=True)).is_healthy is is_told_by_events
        assert (await examine(tmp_path, rebuild=True)).is_healthy
    async with system_on(tmp_path) as system:
        assert (await end_of(system, hurt.job_id)).state is JobState.DONE


async def test_what_a_job_began_with_is_damaged_and_ends_that_job_only(tmp_path: Path) -> None:
    async with SqliteJobStore(tmp_path, owner="sys_gone") as store:
        hurt, sound = await store.insert(young_job()), await store.insert(young_job())
    change(tmp_path, f"UPDATE openings SET content = x'7b' WHERE job_id = '{hurt.job_id}'")
    async with house(tmp_path) as heir:
        assert (await heir.end(sound.job_id)).state is JobState.DONE
        error = (await heir.end(hurt.job_id)).error
        assert error is not None and error["reason"] == "JOB_FILES_LOST"


@pytest.mark.parametrize("content", [b"", None], ids=["no byte", "no table"])
async def test_an_empty_store_is_not_taken_for_a_new_root(tmp_path: Path, content: bytes | None) -> None:
    record = await run_one(tmp_path, bell(key="a"))
    lose_store(tmp_path)
    if content is None:
        change(tmp_path, "PRAGMA journal_mode = WAL")
    else:
        (tmp_path / "jobs.sqlite3").write_bytes(content)
    with pytest.raises(UnavailableError) as caught:
        async with open_system(tmp_path, drivers={"scripted": ScriptedDriver()}):
            pass
    assert (caught.value.reason, "--rebuild" in caught.value.hint) == ("STORE_MISSING", True)
    assert (await examine(tmp_path, rebuild=True)).is_healthy
    async with system_on(tmp_path) as system:
        assert (await system.kernel.enqueue(bell(key="a"))).job_id == record.job_id


def set_aside(root: Path) -> list[str]:
    return [place.name for place in root.glob("replaced-*/*") if place.is_dir()]


@pytest.mark.parametrize("name", ["jobs.sqlite3", "jobs.sqlite3-wal", "jobs.sqlite3-shm"])
async def test_a_folder_in_the_place_of_a_store_is_set_aside_by_a_rebuilding(tmp_path: Path, name: str) -> None:
    record = await run_one(tmp_path)
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).mkdir()
    if name == "jobs.sqlite3":
        with pytest.raises(UnavailableError) as caught:
            async with open_system(tmp_path, drivers={"scripted": ScriptedDriver()}):
                pass
        assert (caught.value.reason, "--rebuild" in caught.value.hint) == ("STORE_DAMAGED", True)
    assert (await examine(tmp_path, rebuild=True)).is_healthy
    async with system_on(tmp_path) as system:
        assert await system.kernel.record(record.job_id) == record
    assert set_aside(tmp_path) == [name]


@pytest.mark.parametrize("name", ["systems", "logs", "ballast", "metrics.json", "logs/eigen.jsonl"])
async def test_what_is_in_the_place_of_a_roots_own_file_is_told(tmp_path: Path, name: str) -> None:
    await run_one(tmp_path)
    place = tmp_path / name
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(tmp_path / "nowhere")
    found = await examine(tmp_path)
    assert [(one.check, one.problem.split()[0]) for one in found.findings] == [("foreign", name)]


async def test_a_root_whose_lock_is_a_folder_names_it(tmp_path: Path) -> None:
    await run_one(tmp_path)
    (tmp_path / "open.lock").unlink()
    (tmp_path / "open.lock").mkdir()
    with pytest.raises(UnavailableError) as caught:
        await examine(tmp_path)
    assert caught.value.message.endswith('cannot be read or written: "open.lock": is a directory')


def test_a_root_that_cannot_be_looked_into_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        require_store(tmp_path / ("x" * 300))  # what the operating system refuses to the superuser too
    assert (caught.value.reason, "EIGEN_HOME" in caught.value.hint) == ("ROOT_UNREADABLE", True)


async def test_what_is_foreign_in_circuitfs_is_told_and_left(tmp_path: Path) -> None:
    record = await run_one(tmp_path)
    folder = tmp_path / "circuit_fs"
    (folder / "job_evil").mkdir()
    (folder / ("job_" + "0" * 26)).symlink_to(tmp_path)
    (folder / record.job_id / "more.json").write_text("{}")
    (folder / record.job_id / "results").symlink_to("/etc/passwd")
    for _ in range(2):
        found = await examine(tmp_path, repair=True)
        assert {(one.job_id, one.problem.split()[0]) for one in found.findings if one.check == "foreign"} == {
            ("", "circuit_fs/job_evil"),
            ("", f"circuit_fs/job_{'0' * 26}"),
            (record.job_id, "more.json"),
            (record.job_id, "results"),
        }


async def test_results_of_a_job_whose_files_are_gone_say_so(tmp_path: Path) -> None:
    record = await run_one(tmp_path)
    shutil.rmtree(tmp_path / "circuit_fs" / record.job_id)
    async with system_on(tmp_path) as system:
        assert (await system.kernel.record(record.job_id)).state is JobState.DONE
        with anyio.fail_after(60), pytest.raises(Exception, match="are gone") as caught:
            await system.kernel.results(record.job_id)
        assert getattr(caught.value, "reason", "") == "JOB_FILES_LOST"
