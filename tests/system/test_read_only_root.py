"""A root that cannot be written can be looked at, and says what it is when somebody wants to run a job on it.

Permissions keep the commands from writing; where this user is the superuser, whom they do not bind, the root is mounted
read-only for them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from eigen.system.composition import open_system
from eigen.testing.scripted_driver import ScriptedDriver
from tests.kernel.kernel_house import bell

MOUNTED = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
JOB = """apiVersion: eigen.os/v0.1
kind: QuantumJob
metadata: {name: bell}
spec:
  target: sim:local
  program: |
    @hybrid_program
    def main():
        h(0)
        measure(0)
"""


async def fill(root: Path, subject: str) -> str:
    async with open_system(root, drivers={"scripted": ScriptedDriver()}) as system:
        job = bell()
        named = type(job)(**{name: getattr(job, name) for name in job.__slots__} | {"subject": subject})
        job_id = (await system.kernel.enqueue(named)).job_id
        async for _ in system.kernel.updates(job_id):
            pass
        return job_id


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A root with one job, and its id; nothing in it can be written by the commands of `eigen`."""
    root = tmp_path / "root"
    if is_superuser() and subprocess.run([*mounted(tmp_path), "true"], capture_output=True).returncode != 0:
        pytest.skip("the superuser may not mount here, and permissions do not bind him")
    job_id = anyio.run(fill, root, user_name())
    (tmp_path / "job.yaml").write_text(JOB)
    paths = [root, *root.rglob("*")]
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    yield root, job_id
    for path in paths:
        path.chmod(0o700)


def is_superuser() -> bool:
    return os.getuid() == 0


def mounted(root: Path) -> list[str]:
    """Return what makes a command see a root on a read-only disk."""
    return ["unshare", "--mount", "sh", "-c", MOUNTED, str(root)] if is_superuser() else []


def user_name() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def eigen(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*mounted(root), sys.executable, "-m", "eigen", *words, "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_look_ups_work_and_leave_no_trace(frozen: tuple[Path, str]) -> None:
    root, job_id = frozen
    before = snapshot(root)
    for words in (["status", job_id], ["status", "@last"], ["results", job_id], ["artifacts", "verify", job_id]):
        done = eigen(root, *words)
        assert done.returncode == 0, (words, done.stderr)
    assert [one["job_id"] for one in json.loads(eigen(root, "jobs", "--json").stdout)] == [job_id]
    assert {one["name"] for one in json.loads(eigen(root, "artifacts", "ls", job_id, "--json").stdout)} >= {"job.yaml"}
    assert eigen(root, "doctor").returncode == 0
    assert snapshot(root) == before


def test_a_submission_is_refused_and_told_which_root_it_is(frozen: tuple[Path, str]) -> None:
    root, _ = frozen
    before = snapshot(root)
    done = eigen(root, "submit", "--job", str(root.parent / "job.yaml"), "--json")
    assert done.returncode == 3, done.stderr
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert (error["code"], error["reason"]) == ("UNAVAILABLE", "STORE_READ_ONLY")
    assert str(root) in error["message"]
    assert snapshot(root) == before


def test_what_would_have_to_write_says_that_it_cannot(frozen: tuple[Path, str]) -> None:
    root, _ = frozen
    before = snapshot(root)
    for words in (["serve"], ["doctor", "--rebuild"]):
        done = eigen(root, *words)
        assert (done.returncode, "cannot be written" in done.stderr) == (3, True), (words, done.stderr)
    repaired = eigen(root, "doctor", "--repair", "--json")
    assert [one["check"] for one in json.loads(repaired.stdout)["findings"]] == ["read-only"]
    assert snapshot(root) == before
