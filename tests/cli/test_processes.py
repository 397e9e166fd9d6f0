"""Several processes on one root: cancel, watch, detach, Ctrl-C, kill, and readers who go away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest


def wait_for(shell, job_id: str, state: str) -> None:
    """Follow a job from another process until it is in a state."""
    with shell.start("watch", job_id, "--json") as watching:
        for line in watching.stdout:
            if json.loads(line)["state"] == state:
                watching.kill()
                return
    raise AssertionError(f"{job_id} never was {state}")


def test_a_job_of_another_process_is_watched_and_cancelled(shell, long_body):
    with shell.start("submit", "--job", shell.job(long_body)) as submission:
        job_id = shell.submitted(submission)
        wait_for(shell, job_id, "RUNNING")
        cancelled = shell.run("cancel", job_id)
        assert (cancelled.returncode, cancelled.stdout) == (0, f"{job_id} CANCELLED\n")
        assert submission.wait(timeout=60) == 1
        assert "CANCELLED" in submission.stderr.read()
    assert shell.run("cancel", job_id, "--json").returncode == 0  # it stays as it is


def test_watch_prints_each_update_in_order_and_ends_as_the_job_does(shell):
    assert shell.run("submit", "--job", shell.job()).returncode == 0
    watched = shell.run("watch", "@last", "--json")
    updates = [json.loads(line) for line in watched.stdout.splitlines()]
    assert watched.returncode == 0
    assert [one["event_seq"] for one in updates] == list(range(1, len(updates) + 1))
    assert [one["state"] for one in updates][0::5] == ["PENDING", "DONE"]
    assert len(shell.run("watch", "@last").stdout.splitlines()) == len(updates)


def test_watch_of_a_failed_job_ends_as_its_submission_did(shell):
    assert shell.run("submit", "--job", shell.job(["hh(0)"])).returncode == 2
    watched = shell.run("watch", "@last")
    assert watched.returncode == 2
    assert watched.stdout.endswith("ended in an error\n")
    assert "error[EL0202]" in watched.stderr


def test_a_detached_job_is_durable_at_once_and_ends_without_its_submitter(shell):
    first, second = (shell.json("submit", "--job", shell.job(), "--detach", "--seed", seed) for seed in "12")
    assert (first["state"], first["event_seq"]) == ("PENDING", 1)
    for one in (first, second):
        assert shell.run("watch", one["job_id"]).returncode == 0
        assert shell.json("status", one["job_id"])["state"] == "DONE"


def test_a_drain_needs_nobody_to_watch_it_and_ends_when_nothing_is_left(shell):
    from eigen.system.drain import main as drain

    assert shell.run("version").returncode == 0
    accepted = subprocess.run(
        [sys.executable, "-c", ACCEPT_ONLY, shell.job(), str(shell.root)],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    job_id = accepted.stdout.strip()
    assert shell.json("status", job_id)["event_seq"] == 1
    drained = subprocess.run([sys.executable, "-P", "-m", drain.__module__, str(shell.root)], timeout=60)
    assert drained.returncode == 0
    assert shell.json("status", job_id)["state"] == "DONE"


ACCEPT_ONLY = """
import sys, anyio
from pathlib import Path
from eigen.client.packaging import package
from eigen.system.composition import open_system
async def accept():
    async with open_system(sys.argv[2], works=False) as system:
        print((await system.api.submit_job(package(Path(sys.argv[1])).request)).job_id)
        await system.kernel.drain()
anyio.run(accept)
"""


def test_a_drain_waits_for_its_turn_and_a_third_one_goes_away(shell):
    with (
        subprocess.Popen([sys.executable, "-c", HOLD_TURN, str(shell.root)], stdout=subprocess.PIPE) as working,
        subprocess.Popen([sys.executable, "-c", HOLD_QUEUE, str(shell.root)], stdout=subprocess.PIPE) as waiting,
    ):
        assert working.stdout.readline() == waiting.stdout.readline() == b"held\n"
        third = subprocess.run([sys.executable, "-m", "eigen.system.drain", str(shell.root)], timeout=60)
        assert third.returncode == 0
        assert not (shell.root / "jobs.sqlite3").exists()  # it did not even open the system
        working.kill()
        waiting.kill()


HOLD = """
import fcntl, os, sys, signal
from pathlib import Path
root = Path(sys.argv[1])
root.mkdir(exist_ok=True)
fcntl.flock(os.open(root / "drain.{}.lock", os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
print("held", flush=True)
signal.pause()
"""
HOLD_TURN, HOLD_QUEUE = HOLD.format("now"), HOLD.format("next")


def test_a_job_whose_process_was_killed_is_continued_by_whoever_watches_it(shell):
    with shell.start("submit", "--job", shell.job(), "--timeout-sec", "100") as submission:
        job_id = shell.submitted(submission)
        submission.kill()
    watched = shell.run("watch", job_id)
    assert watched.returncode == 0, watched.stderr
    assert sum(shell.json("results", job_id)["counts"].values()) == 1024


def test_ctrl_c_cancels_the_job_and_tells_so(shell, long_body):
    with shell.start("submit", "--job", shell.job(long_body)) as submission:
        job_id = shell.submitted(submission)
        wait_for(shell, job_id, "RUNNING")
        submission.send_signal(signal.SIGINT)
        said = submission.communicate(timeout=60)[1]
    assert submission.returncode == 130
    assert said.startswith("cancelling")
    assert f"{job_id} is CANCELLED after " in said
    assert "Traceback" not in said


def test_ctrl_c_does_not_reach_a_job_that_a_shell_runs_in_the_background(shell):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with shell.start("submit", "--job", shell.job()) as submission:
        shell.submitted(submission)
        submission.send_signal(signal.SIGINT)
        said = submission.communicate(timeout=60)[1]
    assert (submission.returncode, "cancelling" in said) == (0, False)


def test_ctrl_c_stops_watching_and_leaves_the_job_alone(shell, long_body):
    with shell.start("submit", "--job", shell.job(long_body)) as submission:
        job_id = shell.submitted(submission)
        with shell.start("watch", job_id) as watching:
            assert "PENDING" in watching.stdout.readline()
            watching.send_signal(signal.SIGINT)
            assert "Traceback" not in watching.communicate(timeout=60)[1]
        assert watching.returncode == 130
        assert not shell.json("status", job_id)["error"]
        assert shell.run("cancel", job_id).returncode == 0


def test_a_reader_who_goes_away_stops_neither_the_command_nor_the_job(shell):
    with shell.start("submit", "--job", shell.job()) as submission:
        submission.stdout.close()
        said = submission.stderr.read()
    assert submission.returncode == 0
    assert " is DONE after " in said
    with shell.start("jobs") as listing:
        listing.stdout.close()
        assert (listing.stderr.read(), listing.wait()) == ("", 0)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the machine has no full device")  # noqa: PTH110
def test_an_output_that_cannot_be_written_is_said(shell):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            shell.command("version"), env=shell.variables, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 3
    assert done.stderr.startswith("error: the output cannot be written: No space left on device")
    assert "Traceback" not in done.stderr


def test_streams_that_are_closed_are_no_error(shell):
    command = f"{' '.join(shell.command('version'))} >&- 2>&-"
    assert subprocess.run(command, shell=True, env=shell.variables, timeout=60).returncode == 0
