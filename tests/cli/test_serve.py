"""`eigen serve` and `eigen metrics`: one process on a root that jobs are handed to."""

from __future__ import annotations

import json
import os
import signal
import urllib.request

import pytest

from eigen.drivers.simulator.installation import usable_cores


@pytest.fixture
def serving(shell):
    """A process that serves the shell's root, stopped at the end."""
    process = shell.start("serve", "--metrics-port", "0")
    line = process.stderr.readline()
    assert line.startswith("serving "), line
    process.metrics_url = line.partition("metrics on ")[2].partition(";")[0]
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_jobs_are_handed_over_run_and_counted_and_sigterm_ends_it_cleanly(shell, serving):
    handed = shell.json("submit", "--job", shell.job(), "--detach")
    watched = shell.run("logs", handed["job_id"], "-f", "--json")
    told = [json.loads(line) for line in watched.stdout.splitlines()]
    assert told[-1]["to"] == "DONE"
    metrics = asked(serving.metrics_url)
    assert 'eigen_kernel_job_state_transitions_total{from="RUNNING",to="DONE"} 1.0' in metrics
    assert "eigen_kernel_handovers_total 1.0" in metrics
    assert not list(shell.root.glob("drain.*"))  # no process of its own was started for the job
    second = shell.run("serve", "--json")
    assert (second.returncode, json.loads(second.stderr)["error"]["reason"]) == (2, "ALREADY_SERVED")
    serving.send_signal(signal.SIGTERM)
    _, said = serving.communicate(timeout=60)
    assert (serving.returncode, said) == (0, "stopping; jobs that have not ended stay for the next system\n")
    kept = shell.run("metrics").stdout
    assert 'eigen_kernel_job_state_transitions_total{from="RUNNING",to="DONE"} 1.0' in kept  # though nobody serves it
    assert 'eigen_kernel_live_jobs{state="RUNNING"} 0' in kept


def test_whoever_stays_hands_over_too_ctrl_c_cancels_and_a_second_one_leaves_the_job_to_the_server(
    shell, serving, long_body
):
    ran = shell.run("run", shell.job(), "--json", "--seed", "3")
    results = json.loads(ran.stdout)
    again = shell.run("rerun", results["job_id"])
    assert (ran.returncode, again.returncode, results["state"]) == (0, 0, "DONE")
    long = shell.job(long_body)
    with shell.start("submit", "--job", long) as submission:
        job_id = shell.submitted(submission)
        wait_for(shell, job_id)
        submission.send_signal(signal.SIGINT)
        assert submission.wait(timeout=60) == 130
    assert shell.json("status", job_id)["state"] == "CANCELLED"
    metrics = asked(serving.metrics_url)
    assert "eigen_kernel_handovers_total 3" in metrics  # each of the three was run by the server
    assert 'eigen_kernel_job_state_transitions_total{from="RUNNING",to="CANCELLED"} 1' in metrics
    with shell.start("submit", "--job", long) as leaving:
        left = shell.submitted(leaving)
        wait_for(shell, left)
        leaving.kill()
    assert shell.json("status", left)["state"] == "RUNNING"  # it is the server's


def test_a_job_whose_servers_are_stopped_and_killed_is_one_trace_with_links_to_what_was_lost(shell, serving, long_body):
    with shell.start("submit", "--job", shell.job(long_body)) as submission:
        job_id = shell.submitted(submission)
        wait_for(shell, job_id)
        submission.kill()
    serving.send_signal(signal.SIGTERM)
    serving.communicate(timeout=60)
    left = shell.json("status", job_id)
    assert (serving.returncode, left["state"]) == (0, "RUNNING")  # it is left whole
    second, third = shell.start("serve"), None
    try:
        wait_for(shell, job_id, attempt=2)
        second.kill()
        second.communicate()
        third = shell.start("serve")
        wait_for(shell, job_id, attempt=3)
        assert shell.run("cancel", job_id).returncode == 0
    finally:
        for one in (second, third):
            if one is not None:
                one.kill()
                one.communicate()
    trace = shell.json("trace", job_id)
    assert trace["trace_id"] == left["trace_id"]
    spans = {one["span_id"]: one for one in trace["spans"]}
    lost = [one for one in trace["spans"] if one["facts"].get("lost")]
    assert {one["status"] for one in lost} == {"UNAVAILABLE"}
    linked = [spans[link] for one in trace["spans"] if one["name"] == "kernel.recover" for link in one["links"]]
    assert linked == lost
    assert [one["name"] for one in lost].count("kernel.execute") == 2
    (root,) = (one for one in trace["spans"] if one["name"] == "api.submit_job")
    assert all(one["parent_id"] in spans for one in trace["spans"] if one is not root)  # nothing hangs in the air
    told = [one["text"] for one in shell.json("explain", job_id) if one["topic"] == "attempts"]
    assert ["before its work had begun" in one for one in told] == [True, False, False]
    assert ["its system was gone during kernel.execute" in one for one in told] == [False, True, True]


def asked(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def wait_for(shell, job_id: str, *, attempt: int = 1) -> None:
    """Follow a job's log, which takes nothing over, until an attempt of it runs, and its record says so."""
    with shell.start("logs", job_id, "-f", "--json") as log:
        runs = (json.loads(line) for line in log.stdout)
        is_running = any((told.get("to"), told.get("attempt")) == ("RUNNING", attempt) for told in runs)
        log.kill()
    assert is_running, f"attempt {attempt} of {job_id} never ran"
    while shell.json("status", job_id)["state"] != "RUNNING":  # states between ends are written a moment later
        pass


@pytest.mark.skipif(usable_cores() < 2, reason="its two slots are two cores")
def test_a_servers_line_is_told_at_the_command_line_and_its_death_too(shell, serving, long_body):
    """Two run, the third and fourth stand in the line, and the fifth waits for the fourth."""
    job = shell.job(long_body)
    ids = [shell.json("submit", "--job", job, "--detach")["job_id"] for _ in range(4)]
    after = shell.job(spec=f"  dependencies: [{ids[3]}]\n", name="after.yaml")
    ids.append(shell.json("submit", "--job", after, "--detach")["job_id"])
    wait_for(shell, ids[1])
    while shell.json("status", ids[4])["waiting_for"]["cause"] == "system":  # the server has not taken it over yet
        pass
    while (fourth := shell.json("status", ids[3]))["queue_position"] is None:  # the store is a moment ahead of the line
        pass
    assert (fourth["queue_position"], fourth["waiting_for"]["cause"]) == (2, "slot")
    assert "2nd in line for sim:local (2 running, 2 slots)" in shell.run("status", ids[3]).stdout
    listed = {one["job_id"]: one for one in shell.json("jobs")}
    assert [listed[one]["queue_position"] for one in ids] == [None, None, 1, 2, None]
    assert listed[ids[4]]["waiting_for"] == {"cause": "jobs", "job_ids": [ids[3]]}
    heading, *rows = shell.run("jobs").stdout.splitlines()
    assert heading.split()[-2:] == ["place", "waits"]
    assert rows[0].endswith(f"waits for {ids[3]} to be DONE")
    assert rows[1].endswith("2  queued: 2nd in line for sim:local (2 running, 2 slots)")
    serving.send_signal(signal.SIGSTOP)
    os.waitpid(serving.pid, os.WUNTRACED)
    silence = {"cause": "silence", "process_id": serving.pid}  # who does not answer is not waited for, but told
    of_running, of_queued = shell.json("status", ids[0]), shell.json("status", ids[3])
    assert (of_running["waiting_for"], of_running["state"]) == (silence, "RUNNING")
    assert (of_queued["waiting_for"], of_queued["queue_position"]) == (silence, None)
    with shell.start("watch", ids[0]) as watching:
        told = watching.stderr.readline()
        watching.send_signal(signal.SIGINT)
    assert told.startswith(f"{ids[0]}: its system (process {serving.pid}) does not answer")
    beside = shell.run("run", shell.job(name="beside.yaml"))
    assert (beside.returncode, f"process {serving.pid} serves this root and is stopped" in beside.stderr) == (0, True)
    refused = shell.run("serve")
    assert (refused.returncode, f"kill -CONT {serving.pid}" in refused.stderr) == (2, True)
    serving.send_signal(signal.SIGKILL)
    serving.communicate()
    assert {one["waiting_for"]["cause"] for one in shell.json("jobs") if one["state"] != "DONE"} == {"system"}
    assert "any command that runs jobs goes on with it" in shell.run("status", ids[0]).stdout
    assert shell.run("cancel", "--all", "--yes").returncode == 0
    assert not list((shell.root / "systems").iterdir())  # the socket has gone with its system
