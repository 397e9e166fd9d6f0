"""`eigen serve` and `eigen metrics`: one process on a root that jobs are handed to."""

from __future__ import annotations

import json
import signal

import pytest


@pytest.fixture
def serving(shell):
    """A process that serves the shell's root, stopped at the end."""
    process = shell.start("serve", "--metrics-port", "0")
    line = process.stderr.readline()
    assert line.startswith("serving "), line
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_jobs_are_handed_over_run_and_counted_and_sigterm_ends_it_cleanly(shell, serving):
    handed = shell.json("submit", "--job", shell.job(), "--detach")
    watched = shell.run("logs", handed["job_id"], "-f", "--json")
    told = [json.loads(line) for line in watched.stdout.splitlines()]
    assert told[-1]["to"] == "DONE"
    metrics = shell.run("metrics").stdout
    assert 'eigen_kernel_job_state_transitions_total{from="RUNNING",to="DONE"} 1.0' in metrics
    assert "eigen_kernel_takeovers_total 1.0" in metrics
    assert not list(shell.root.glob("drain.*"))  # no process of its own was started for the job
    second = shell.run("serve", "--json")
    assert (second.returncode, json.loads(second.stderr)["error"]["reason"]) == (2, "ALREADY_SERVED")
    serving.send_signal(signal.SIGTERM)
    _, said = serving.communicate(timeout=60)
    assert (serving.returncode, said) == (0, "stopping; jobs that have not ended stay for the next system\n")
    unserved = shell.run("metrics", "--json")
    assert (unserved.returncode, json.loads(unserved.stderr)["error"]["reason"]) == (3, "NOT_SERVED")
