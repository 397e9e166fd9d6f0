"""On a real file system without room nothing that was acknowledged is lost, and nothing hangs.

The root lies on a small file system in memory, mounted for a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from eigen.contracts.errors import EigenError, ResourceExhaustedError
from eigen.contracts.jobs import JobState
from eigen.kernel.stores.ballast import BALLAST_BYTES
from eigen.system.composition import System, open_system
from eigen.testing.scripted_driver import ScriptedDriver
from tests.kernel.kernel_house import bell

DISK_BYTES = 32 * 1024 * 1024
MOUNTED = f'mount -t tmpfs -o size={DISK_BYTES} tmpfs "$0" && exec "$@"'
SPENT_BYTES = 512 * 1024
JOB = """\
apiVersion: eigen.os/v0.1
kind: QuantumJob
metadata:
  name: new
spec:
  program: |
    @hybrid_program
    def main():
        measure(QubitRegister(1))
"""
MAPPED = [] if os.getuid() == 0 else ["--map-root-user"]


def on_a_small_disk(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    words = ["unshare", *MAPPED, "--mount", "sh", "-c", MOUNTED, str(root), *command]
    return subprocess.run(words, capture_output=True, text=True, timeout=100, cwd=Path(__file__).parents[2])


def test_a_full_disk_refuses_what_is_new_and_ends_what_is_under_way(tmp_path: Path) -> None:
    if on_a_small_disk(tmp_path, "true").returncode != 0:
        pytest.skip("nothing may be mounted here")
    done = on_a_small_disk(tmp_path, sys.executable, "-m", "tests.system.test_full_disk", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "told\n"), done.stderr


async def live_through_it(root: Path) -> None:
    """Fill the disk under a running job, look at what happens, and make room again."""
    driver, filler, ballast = ScriptedDriver(), root / "filler", root / "ballast"
    async with open_system(root, drivers={"scripted": driver}) as system:
        before = await system.kernel.enqueue(bell(key="before"))
        await end_of(system, before.job_id)
        assert ballast.stat().st_size == BALLAST_BYTES
        (root / "job.yaml").write_text(JOB)
        driver.hold()
        running = await system.kernel.enqueue(bell())
        await driver.started()
        await system.api.list_jobs()  # waits for what is written behind, which would take some of the ballast
        fill(filler)
        await refused(system, "DISK_FULL")
        fill(filler)  # what somebody has freed meanwhile
        driver.release()
        await end_of(system, running.job_id)
        ended = await system.kernel.record(running.job_id)
        assert (ended.state, ended.status().error_reason) == (JobState.ERROR, "DISK_FULL"), ended
        assert 0 < ballast.stat().st_size < BALLAST_BYTES  # one end does not take the room of all
        await refused(system, "DISK_FULL")
        fill(filler)
        await refused(system, "DISK_FULL")
    left_bytes = ballast.stat().st_size
    for words, code in (
        (["jobs"], 0),
        (["status", before.job_id], 0),
        (["results", before.job_id], 0),
        (["events", before.job_id], 0),
        (["artifacts", "verify", before.job_id], 0),
        (["doctor", "--json"], 4),  # it finds that there is little room
        (["metrics"], 0),
        (["submit", "--job", str(root / "job.yaml"), "--detach"], 3),
        (["run", str(root / "job.yaml")], 3),
        (["cancel", before.job_id], 0),
    ):
        done = await anyio.run_process([sys.executable, "-m", "eigen", *words, "--root", str(root)], check=False)
        assert done.returncode == code, (words, done)
        assert left_bytes - ballast.stat().st_size <= (SPENT_BYTES if words[0] == "cancel" else 0), words
    async with open_system(root, drivers={"scripted": driver}) as system:  # opens on a full disk, too
        assert (await system.kernel.record(before.job_id)).state is JobState.DONE
        assert (await system.kernel.record(running.job_id)) == ended
        await system.kernel.results(before.job_id)
        filler.unlink()
        after = await system.kernel.enqueue(bell())
        await end_of(system, after.job_id)
        assert (await system.kernel.record(after.job_id)).state is JobState.DONE
        assert (await system.kernel.enqueue(bell(key="before"))).job_id == before.job_id
        assert ballast.stat().st_size == BALLAST_BYTES
        await cancel_without_room(system, driver, root)


async def cancel_without_room(system: System, driver: ScriptedDriver, root: Path) -> None:
    """Cancel jobs on a full disk whose ballast is gone, as another process and in this one."""
    filler, ballast, before = root / "filler", root / "ballast", len(driver.requests)
    driver.hold()
    jobs = [(await system.kernel.enqueue(bell())).job_id for _ in range(2)]
    await driver.started(before + len(jobs))
    await system.api.list_jobs()
    ballast.unlink()
    fill(filler)
    done = await anyio.run_process([sys.executable, "-m", "eigen", "cancel", jobs[0], "--root", str(root)], check=False)
    assert (done.returncode, b"the disk is full" in done.stderr) == (3, True), done
    try:
        await system.kernel.cancel(jobs[1], by="ada")
    except ResourceExhaustedError as error:
        assert error.reason == "DISK_FULL", error
    else:
        raise AssertionError("a cancel was taken that cannot be kept")
    with anyio.fail_after(60):
        while driver.running > 1:  # the owner's own cancel stops the work, whatever the disk does
            await anyio.lowlevel.checkpoint()
    filler.unlink()
    await system.kernel.cancel(jobs[0], by="ada")
    for job_id in jobs:
        await end_of(system, job_id)
        assert (await system.kernel.record(job_id)).state is JobState.CANCELLED
    await system.kernel.enqueue(bell())
    assert ballast.stat().st_size == BALLAST_BYTES


async def end_of(system: System, job_id: str) -> None:
    with anyio.fail_after(60):
        async for _ in system.kernel.updates(job_id):
            pass


async def refused(system: System, reason: str) -> None:
    try:
        await system.kernel.enqueue(bell())
    except EigenError as error:
        assert isinstance(error, ResourceExhaustedError), error
        assert error.reason == reason
    else:
        raise AssertionError("a job was taken that cannot be kept")


def fill(filler: Path) -> None:
    """Take all the room that there is, to the last block."""
    with filler.open("ab", buffering=0) as file:
        for size in (1024 * 1024, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


if __name__ == "__main__":
    anyio.run(live_through_it, Path(sys.argv[1]))
    print("told")
