"""A root of every released schema opens, its jobs can be read, and those that had not ended go on.

`tests/kernel/roots/schema_<n>/` was written by the version that introduced schema n: a job that is DONE, one in ERROR,
and one that waits, the first and the last with the idempotency keys "first" and "second".
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from eigen.client.packaging import package
from eigen.contracts.errors import AlreadyExistsError, FailedPreconditionError
from eigen.contracts.jobs import JobFilter, JobState
from eigen.contracts.requests import RequestContext, SubmitJobRequest
from eigen.kernel.stores.schema import SCHEMA_VERSION
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.system.composition import open_system
from eigen.system.doctor import examine

ADA = RequestContext(subject="ada")
ROOTS = Path(__file__).parents[1] / "kernel" / "roots"
OLD = sorted(ROOTS.iterdir())


@pytest.fixture(params=OLD, ids=lambda path: path.name)
def old_root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    root = tmp_path / "root"
    shutil.copytree(request.param / "circuit_fs", root / "circuit_fs")
    with closing(sqlite3.connect(root / "jobs.sqlite3")) as connection:
        connection.executescript((request.param / "jobs.sql").read_text())
    return root


def request_for(root: Path, job_id: str, *, key: str, shots: int | None = None) -> SubmitJobRequest:
    from eigen.client.packaging import Overrides

    job = root / "circuit_fs" / job_id / "job.yaml"
    return package(job, overrides=Overrides(shots=shots), idempotency_key=key).request


def test_there_is_a_root_of_every_schema_but_the_newest() -> None:
    assert [path.name for path in OLD] == [f"schema_{number}" for number in range(1, SCHEMA_VERSION)]


async def test_an_old_root_is_read_and_its_jobs_go_on(old_root: Path) -> None:
    async with open_system(old_root) as system:
        jobs = {job.name: job for job in (await system.api.list_jobs(context=ADA)).jobs}
        assert {name: job.state.value for name, job in jobs.items()} == {
            "done": "DONE", "wrong": "ERROR", "waiting": jobs["waiting"].state.value,
        }  # fmt: skip
        assert sum((await system.api.get_job_results(jobs["done"].job_id, context=ADA)).counts.values()) == 100
        assert await system.api.verify_artifacts(jobs["wrong"].job_id, context=ADA) == ()
        for name, key in (("done", "first"), ("waiting", "second")):
            again = request_for(old_root, jobs[name].job_id, key=key)
            assert (await system.api.submit_job(again, context=ADA)).job_id == jobs[name].job_id
            other = request_for(old_root, jobs[name].job_id, key=key, shots=7)
            with pytest.raises(AlreadyExistsError):
                await system.api.submit_job(other, context=ADA)
        async for _ in system.api.stream_job_updates(jobs["waiting"].job_id, context=ADA):
            pass
        assert (await system.api.get_job_status(jobs["waiting"].job_id, context=ADA)).state is JobState.DONE


async def test_an_old_root_is_healthy_and_so_is_its_store_made_anew(old_root: Path) -> None:
    """Its records lack what later versions keep, which the doctor does not take for damage."""
    for found in (await examine(old_root, rebuild=True), await examine(old_root)):
        assert (found.findings, found.facts["jobs"]) == ([], {"DONE": 1, "ERROR": 1, "PENDING": 1})
    async with open_system(old_root) as system:
        jobs = {job.name: job.job_id for job in (await system.api.list_jobs(context=ADA)).jobs}
        for name, key in (("done", "first"), ("waiting", "second")):
            again = request_for(old_root, jobs[name], key=key)
            assert (await system.api.submit_job(again, context=ADA)).job_id == jobs[name]


async def test_an_old_root_with_a_damaged_record_is_brought_up_to_date(old_root: Path) -> None:
    with closing(sqlite3.connect(old_root / "jobs.sqlite3")) as connection, connection:
        ((hurt,),) = connection.execute("SELECT max(job_id) FROM jobs WHERE state = 'DONE'").fetchall()
        connection.execute("UPDATE jobs SET record = 'not json' WHERE job_id = ?", (hurt,))
    async with SqliteJobStore(old_root, owner="sys_a") as store:
        found = await store.select(JobFilter(), limit=9)
        assert [one.job_id for one in found if one.stage == "damaged"] == [hurt]
    assert (await examine(old_root, repair=True)).is_healthy


async def test_an_old_roots_jobs_are_found_by_every_filter(old_root: Path) -> None:
    async with SqliteJobStore(old_root, owner="sys_a") as store:
        for job_filter, names in (
            (JobFilter(labels={"molecule": "h2"}), ["waiting", "wrong", "done"]),
            (JobFilter(states=(JobState.DONE, JobState.ERROR), subject="ada"), ["wrong", "done"]),
            (JobFilter(tenant="default", subject="ada", name="wrong"), ["wrong"]),
            (JobFilter(tenant="other"), []),
        ):
            assert [one.name for one in await store.select(job_filter, limit=9)] == names


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed"])
async def test_a_newer_root_is_refused_and_not_a_byte_of_it_changes(tmp_path: Path, killed: bool) -> None:
    """A process of the newer version may have been killed before its log was folded into the database."""
    async with SqliteJobStore(tmp_path / "live", owner="sys_a"):
        with closing(sqlite3.connect(tmp_path / "live" / "jobs.sqlite3")) as connection:
            connection.execute("PRAGMA user_version = 99")
            if not killed:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(tmp_path / "live", tmp_path / "root")
    if not killed:
        (tmp_path / "root" / "jobs.sqlite3-wal").unlink()
        (tmp_path / "root" / "jobs.sqlite3-shm").unlink()
    before = contents(tmp_path / "root")
    with pytest.raises(FailedPreconditionError) as caught:
        async with SqliteJobStore(tmp_path / "root", owner="sys_b"):
            pass
    assert caught.value.reason == "ROOT_TOO_NEW"
    assert contents(tmp_path / "root") == before


def contents(root: Path) -> dict[str, bytes]:
    """All files but the index of the log, which SQLite makes anew whenever it likes."""
    return {
        path.name: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".sqlite3-shm"
    }
