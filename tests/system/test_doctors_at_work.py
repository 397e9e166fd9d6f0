"""Doctors among others: two at once, beside a system, killed on the way, and before folders that they may not enter."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import FailedPreconditionError
from eigen.contracts.jobs import JobState
from eigen.system.doctor import examine
from eigen.testing.scripted_driver import SCRIPTED_DEVICE, ScriptedDriver
from tests.kernel.kernel_house import bell, house
from tests.system.test_damaged_stores import WRONG
from tests.system.test_doctor import checks, end_of, everything, forget, leave_one, lose_store, run_one, system_on

_CAPABILITIES = "-dac_override,-dac_read_search"
"""What lets a superuser pass by permissions."""

_SWEPT = canonical_json(
    {
        "version": "0.1",
        "qubits": 1,
        "parameters": ["a"],
        "operations": [
            {"op": "RY", "q": [0], "params": {"theta": "a"}},
            {"op": "MEASURE", "q": [0], "c": [0]},
        ],
    }
)


def eigen(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whom permissions bind."""
    bound = ["setpriv", "--bounding-set", _CAPABILITIES, "--inh-caps", _CAPABILITIES] if os.getuid() == 0 else []
    command = [*bound, sys.executable, "-m", "eigen", *words, "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    folder.chmod(0)
    try:
        yield
    finally:
        folder.chmod(0o700)


def test_a_folder_that_may_not_be_entered_costs_itself_only(tmp_path: Path) -> None:
    """Looked at, repaired, and with its store made anew: the others are examined, and it is named."""
    if os.getuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("permissions do not bind the superuser")
    hidden, torn = anyio.run(run_one, tmp_path), anyio.run(run_one, tmp_path)
    unknown = anyio.run(run_one, tmp_path)
    forget(tmp_path, unknown.job_id)
    (tmp_path / "circuit_fs" / torn.job_id / "results.json").write_text("{}")
    with closed(tmp_path / "circuit_fs" / hidden.job_id), closed(tmp_path / "circuit_fs" / unknown.job_id):
        for words in ((), ("--repair",), ("--rebuild",)):
            done = eigen(tmp_path, "doctor", *words, "--json")
            assert done.returncode == 4, done
            found = {(one["check"], one["job_id"]) for one in json.loads(done.stdout)["findings"]}
            assert {("unreadable", hidden.job_id), ("damaged-file", torn.job_id)} <= found, words
            assert ("unreadable", unknown.job_id) in found or ("lost-job", unknown.job_id) in found
    assert anyio.run(everything, tmp_path)[hidden.job_id][0] == hidden
    assert checks(anyio.run(partial(examine, tmp_path, rebuild=True))) == [("damaged-file", torn.job_id, False)]
    assert anyio.run(everything, tmp_path)[unknown.job_id][0] == unknown


@pytest.mark.parametrize("rebuild", [False, True], ids=["repair", "rebuild"])
async def test_of_several_doctors_at_once_each_ends_its_work_or_is_told_to_wait(tmp_path: Path, rebuild: bool) -> None:
    record = await run_one(tmp_path, bell(key="k"))
    forget(tmp_path, record.job_id)
    told: list[str] = []

    async def examine_it() -> None:
        try:
            told.append(str((await examine(tmp_path, repair=True, rebuild=rebuild)).is_healthy))
        except FailedPreconditionError as error:
            told.append(error.reason)

    async with anyio.create_task_group() as doctors:
        for _ in range(3):
            doctors.start_soon(examine_it)
    assert set(told) <= {"True", "ROOT_IN_USE"}
    assert "True" in told
    assert (await examine(tmp_path)).findings == []
    assert (await everything(tmp_path))[record.job_id][0] == record


async def test_a_rebuilding_that_was_killed_is_made_again(tmp_path: Path) -> None:
    """Whatever it has left: a site half built, the old store set aside with no new one in its place."""
    record = await run_one(tmp_path, bell(key="k"))
    site = tmp_path / "rebuild-0123"
    site.mkdir()
    (site / "jobs.sqlite3").write_bytes(b"SQLite format 3\0 half")
    aside = tmp_path / "replaced-4567"
    aside.mkdir()
    (tmp_path / "jobs.sqlite3").rename(aside / "jobs.sqlite3")
    assert checks(await examine(tmp_path)) == [("store", "", False)]
    assert (await examine(tmp_path, rebuild=True)).is_healthy
    assert not site.exists()
    async with system_on(tmp_path) as system:
        assert (await system.kernel.enqueue(bell(key="k"))).job_id == record.job_id


async def test_a_store_made_from_files_alone_has_jobs_of_every_kind_go_on(tmp_path: Path) -> None:
    """Ends stay, dependents wait for what they waited for, a sweep goes on behind its points, strangers stay out."""
    done, wrong = await run_one(tmp_path, bell(key="done")), await run_one(tmp_path, bell(content=WRONG))
    first = await leave_one(tmp_path, bell(key="first"))
    second = await leave_one(tmp_path, bell(dependencies=(first.job_id,)))
    forlorn = await leave_one(tmp_path, bell(dependencies=(wrong.job_id,)))
    device = replace(SCRIPTED_DEVICE, max_batch=2, simulator=False)
    driver = ScriptedDriver(device)
    async with house(tmp_path, drivers={"scripted": driver}, owner="sys_swept", adopts=False) as running:
        driver.hold()
        swept = await running.kernel.enqueue(bell(content=_SWEPT, sweep={"a": [0.1, 0.2, 0.3, 0.4, 0.5]}))
        await driver.started(1)
        await anyio.wait_all_tasks_blocked()
        driver.release()
        driver.hold()
        await driver.started(2)
    folder = tmp_path / "circuit_fs"
    (folder / "notes.txt").write_text("somebody's")
    (folder / ("job_" + "0" * 26)).symlink_to(folder / done.job_id)
    lose_store(tmp_path)
    found = await examine(tmp_path, rebuild=True)
    assert {one.check for one in found.findings} == {"foreign"}
    assert found.facts["rebuilt_jobs"] == 6
    later = ScriptedDriver(device)
    async with house(tmp_path, drivers={"scripted": later}, owner="sys_heir") as heir:
        for job_id in (first.job_id, second.job_id, swept.job_id):
            assert (await heir.end(job_id)).state is JobState.DONE
        assert (await heir.end(forlorn.job_id)).state is JobState.ERROR
        of_sweep = [one.first_binding for one in later.requests if one.job_id == swept.job_id]
        results = await heir.kernel.results(swept.job_id)
    assert of_sweep == [2, 4], "the first two points were kept"
    assert [sum(point["counts"].values()) for point in results.to_json()["results"]] == [100] * 5
    assert {done.job_id: done, wrong.job_id: wrong}.items() <= {
        job_id: record for job_id, (record, _) in (await everything(tmp_path)).items()
    }.items()
    async with system_on(tmp_path) as system:
        assert (await end_of(system, (await system.kernel.enqueue(bell(key="done"))).job_id)) == done
