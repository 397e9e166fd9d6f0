"""`eigen logs`: a job's lines for people and for programs, and as they come."""

from __future__ import annotations

import json


def test_a_jobs_lines_tell_its_way_to_people(done_shell):
    lines = done_shell.run("logs", "@last").stdout.splitlines()
    assert "NONE > PENDING" in lines[0]
    assert "RUNNING > DONE" in lines[-1]
    assert not any("audit" in line for line in lines)


def test_with_json_lines_are_as_they_are_in_the_log(done_shell):
    log = [json.loads(line) for line in (done_shell.root / "logs" / "eigen.jsonl").read_text().splitlines()]
    shown = [json.loads(line) for line in done_shell.run("logs", "@last", "--json").stdout.splitlines()]
    assert shown == [one for one in log if one["event"] != "audit" and one["job_id"] == shown[0]["job_id"]]
    assert all(
        {"timestamp", "level", "service", "trace_id", "span_id", "job_id", "event"} <= one.keys() for one in shown
    )


def test_the_format_is_configured(done_shell):
    as_json = type(done_shell)(done_shell.folder, {"EIGEN_LOG_FORMAT": "json"})
    assert as_json.run("logs", "@last").stdout == done_shell.run("logs", "@last", "--json").stdout


def test_only_what_is_serious_enough_is_shown(done_shell):
    assert done_shell.run("logs", "@last", "--level", "error").stdout == ""
    assert done_shell.run("logs", "@last", "--level", "loud").returncode == 2


def test_following_ends_with_the_job(shell, long_body):
    running = shell.start("submit", "--job", shell.job(long_body), "--no-watch")
    job_id = shell.submitted(running)
    following = shell.start("logs", job_id, "-f")
    assert "NONE > PENDING" in following.stdout.readline()
    assert shell.run("cancel", job_id).returncode == 0
    rest, _ = following.communicate(timeout=60)
    running.communicate(timeout=60)
    assert following.returncode == 0
    assert "> CANCELLED" in rest.splitlines()[-1]
