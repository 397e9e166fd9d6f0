"""`eigen init`: from an empty folder to results."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("folder", [[], ["My first_job"]], ids=["here", "new"])
def test_what_init_writes_is_right_and_runs(shell, folder):
    made = shell.run("init", *folder)
    assert made.returncode == 0, made.stderr
    job, program = made.stdout.splitlines()
    assert made.stderr == f"now: eigen run {job}\n"
    checked = shell.run("check", job)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout
    results = shell.json("run", job, "--seed", "1")
    assert set(results["counts"]) == {"000", "111"}
    assert results["provenance"]["binding"] == {"angle": 0.5}
    if folder:
        assert results["name"] == "my-first-job"
        assert program == "My first_job/program.eigen.py"


def test_nothing_that_is_there_is_touched(shell):
    shell.write("program.eigen.py", "mine\n")
    assert shell.run("init").returncode == 2
    assert (shell.folder / "program.eigen.py").read_text() == "mine\n"
    assert not (shell.folder / "job.yaml").exists()


def test_a_name_is_taken_or_refused(shell):
    assert shell.json("init", "a", "--name", "h2-ground-state")["files"] == ["a/job.yaml", "a/program.eigen.py"]
    assert "name: h2-ground-state" in (shell.folder / "a" / "job.yaml").read_text()
    assert shell.run("init", "b", "--name", "No: such\nname").returncode == 2
    assert not (shell.folder / "b").exists()


def test_a_place_where_nothing_can_be_written_is_the_users_error(shell):
    shell.write("file", "")
    done = shell.run("init", "file/folder")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
