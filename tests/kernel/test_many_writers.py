"""Many systems write to one root at once, in processes and side by side: nobody is told that it is busy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyio

from eigen.contracts.jobs import JobFilter
from eigen.kernel.stores.sqlite import SqliteJobStore
from tests.kernel.test_sqlite_store import cancelled, new_job

PROCESSES, STORES, JOBS = 4, 8, 10


async def write(root: Path, writer: str) -> None:
    """Open a store, insert and end jobs, close it."""
    async with SqliteJobStore(root, owner=writer) as store:
        for _ in range(JOBS):
            job = new_job(name=writer)
            await store.insert(job)
            final, events = cancelled(job.record)
            await store.append(final, (job.event, *events), durable=True)
            assert await store.get(job.record.job_id) == final


async def write_side_by_side(root: Path, process: str) -> None:
    async with anyio.create_task_group() as tasks:
        for number in range(STORES):
            tasks.start_soon(write, root, f"sys_{process}_{number}")


async def test_thirty_two_writers_on_one_root_see_no_busy_error(tmp_path: Path) -> None:
    commands = [
        [sys.executable, "-m", "tests.kernel.test_many_writers", str(tmp_path), str(process)]
        for process in range(PROCESSES)
    ]
    async with anyio.create_task_group() as tasks:
        for command in commands:
            tasks.start_soon(run, command)
    async with SqliteJobStore(tmp_path, owner="sys_reader") as store:
        records = await store.select(JobFilter(), limit=10_000)
        assert len(records) == PROCESSES * STORES * JOBS
        assert {record.state.value for record in records} == {"CANCELLED"}
        assert await store.integrity() == ()


async def run(command: list[str]) -> None:
    done = await anyio.run_process(command, check=False, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr.decode()


if __name__ == "__main__":
    from tests.kernel import test_sqlite_store

    test_sqlite_store.IDS._jobs = (1 + int(sys.argv[2])) * 10**6  # so that no two processes give the same id
    anyio.run(write_side_by_side, Path(sys.argv[1]), sys.argv[2])
