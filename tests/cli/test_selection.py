"""`eigen jobs` and `eigen cancel`: which jobs are meant, and `eigen events`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import anyio
import pytest

import eigen
from eigen.cli.moments import parse_moment
from eigen.client.packaging import Overrides, package
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.requests import RequestContext

SOURCE = "@hybrid_program\ndef main():\n    h(0)\n    measure(0)\n"


@pytest.fixture
def waiting(shell):
    """Leave three jobs of one's own, two of them of one group, and one of eve's on the root, oldest first."""

    async def submit() -> list[str]:
        async with eigen.open_system(shell.root, adopts=False, works=False) as system:
            groups = {"one": "scan", "two": None, "three": "scan"}
            overrides = [Overrides(name=name, group=group) for name, group in groups.items()]
            own = [package(SOURCE, overrides=one).request for one in overrides]
            jobs = [await system.api.submit_job(request) for request in own]
            await system.api.submit_job(own[0], context=RequestContext(subject="eve"))
            return [job.job_id for job in jobs]

    return anyio.run(submit)


def ids(listed) -> list[str]:
    return [job["job_id"] for job in json.loads(listed.stdout)]


def test_jobs_are_one_s_own_unless_others_are_asked_for(shell, waiting):
    assert [job["job_id"] for job in shell.json("jobs")] == waiting[::-1]
    assert {job["subject"] for job in shell.json("jobs", "--subject", "eve")} == {"eve"}
    assert len(shell.json("jobs", "--all-subjects")) == 4
    heading, *rows = shell.run("jobs", "--all-subjects").stdout.splitlines()
    assert heading.endswith("subject")
    assert sum(row.endswith("eve") for row in rows) == 1


def test_jobs_are_paged_by_the_last_one_shown(shell, waiting):
    first = shell.run("jobs", "--limit", "2")
    assert [line.split()[0] for line in first.stdout.splitlines()[1:]] == waiting[:0:-1]
    assert first.stderr == f"there are more: --older-than {waiting[1]}\n"
    rest = shell.run("jobs", "--limit", "2", "--older-than", waiting[1])
    assert [line.split()[0] for line in rest.stdout.splitlines()[1:]] == waiting[:1]
    assert rest.stderr == ""


def test_jobs_are_selected_by_time_name_and_state(shell, waiting):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    expected = {
        ("--since", "1h"): waiting[::-1],
        ("--since", tomorrow): [],
        ("--until", "1h"): [],
        ("--until", tomorrow): waiting[::-1],
        ("--name", "two"): [waiting[1]],
        ("--group", "scan"): [waiting[2], waiting[0]],
        ("--label", "eigen.os/group=scan"): [waiting[2], waiting[0]],
        ("--group", "sca"): [],
        ("--state", "pending", "--state", "DONE"): waiting[::-1],
        ("--state", "RUNNING"): [],
        ("--limit", "1"): [waiting[2]],
    }
    for options, jobs in expected.items():
        listed = shell.run("jobs", *options, "--json")
        assert (listed.returncode, ids(listed)) == (0, jobs), options


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--since", "yesterday"], "OPTION_SHAPE"),
        (["--since", "99999999w"], "OPTION_SHAPE"),
        (["--since", "999999w"], "OPTION_SHAPE"),
        (["--until", "2026-02-30"], "OPTION_SHAPE"),
        (["--state", "DOEN"], "UNKNOWN_STATE"),
        (["--limit", "0"], "LIMIT"),
        (["--label", "x"], "OPTION_SHAPE"),
        (["--older-than", "nothing"], "JOB_NOT_FOUND"),
    ],
    ids=str,
)
def test_an_option_that_selects_nothing_sensible_is_refused_with_a_way_out(shell, options, reason):
    refused = shell.run("jobs", *options, "--json")
    error = json.loads(refused.stderr)["error"]
    assert (refused.returncode, error["reason"]) == (2, reason)
    assert error["hint"]


def test_a_group_is_shown_and_cancelled_as_one(shell, waiting):
    assert [job["group"] for job in shell.json("jobs")] == ["scan", None, "scan"]
    heading, *rows = shell.run("jobs").stdout.splitlines()
    assert heading.endswith("group")
    assert [row.endswith("scan") for row in rows] == [True, False, True]
    assert "group" not in shell.run("jobs", "--name", "two").stdout
    done = shell.run("cancel", "--group", "scan", "--yes")
    assert done.stdout.splitlines() == [f"{waiting[2]} CANCELLED", f"{waiting[0]} CANCELLED"]
    assert [job["state"] for job in shell.json("jobs")] == ["CANCELLED", "PENDING", "CANCELLED"]


def test_a_time_without_a_zone_is_local():
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert parse_moment("2026-01-02", option="--since", now=noon) == datetime(2026, 1, 2).astimezone(UTC)
    for text, earlier in (("90s", timedelta(seconds=90)), ("5m", timedelta(minutes=5)), ("1w", timedelta(days=7))):
        assert parse_moment(text, option="--since", now=noon) == noon - earlier
    with pytest.raises(InvalidArgumentError):
        parse_moment("-2h", option="--since", now=noon)


def test_several_jobs_are_cancelled_by_name(shell, waiting):
    done = shell.run("cancel", waiting[0], waiting[2], waiting[0])
    assert done.stdout.splitlines() == [f"{waiting[0]} CANCELLED", f"{waiting[2]} CANCELLED"]
    assert [job["state"] for job in shell.json("jobs")] == ["CANCELLED", "PENDING", "CANCELLED"]


def test_a_job_that_is_not_there_among_several_costs_nothing(shell, waiting):
    assert shell.run("cancel", waiting[0], "nothing").returncode == 2
    assert ids(shell.run("jobs", "--state", "CANCELLED", "--json")) == []


def test_a_job_that_cannot_be_cancelled_costs_no_other_one(shell, waiting):
    with closing(sqlite3.connect(shell.root / "jobs.sqlite3")) as connection, connection:
        connection.execute("UPDATE jobs SET record = '{' WHERE job_id = ?", (waiting[1],))
    done = shell.run("cancel", "--all", "--yes", "--json")
    assert [json.loads(line)["job_id"] for line in done.stdout.splitlines()] == [waiting[2], waiting[0]]
    assert (done.returncode, json.loads(done.stderr)["error"]["reason"]) == (4, "RECORD_DAMAGED")


def test_all_that_a_filter_finds_is_cancelled_and_nobody_elses(shell, waiting):
    refused = shell.run("cancel", "--all", "--json")
    assert (refused.returncode, json.loads(refused.stderr)["error"]["reason"]) == (2, "CONFIRMATION_NEEDED")
    named = shell.run("cancel", "--name", "two", "--yes", "--json")
    assert [json.loads(line)["job_id"] for line in named.stdout.splitlines()] == [waiting[1]]
    done = shell.run("cancel", "--all", "--yes")
    assert done.stdout.splitlines() == [f"{waiting[2]} CANCELLED", f"{waiting[0]} CANCELLED"]
    assert shell.json("jobs", "--subject", "eve")[0]["state"] != "CANCELLED"
    again = shell.run("cancel", "--all", "--yes")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "no jobs\n")


@pytest.mark.parametrize("arguments", [[], ["@last", "--all"], ["@last", "--name", "one"]], ids=str)
def test_jobs_are_either_named_or_selected(shell, arguments):
    refused = shell.run("cancel", *arguments, "--json")
    assert (refused.returncode, json.loads(refused.stderr)["error"]["reason"]) == (2, "USAGE")


def test_events_tell_what_has_happened_with_facts(done_shell):
    events = done_shell.json("events", "@last")
    (folder,) = (done_shell.root / "circuit_fs").glob("job_*")
    assert events == [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    rows = done_shell.run("events", "@last").stdout.splitlines()
    assert rows[0].split() == ["#", "time", "event", "state", "facts"]
    assert [row.split()[2] for row in rows[1:]] == [event["kind"] for event in events]
    assert r"\u001b[31mred" in rows[1]
    assert "\x1b" not in "".join(rows)


def test_events_of_a_job_that_waits_are_those_so_far(shell, waiting):
    assert [event["kind"] for event in shell.json("events", waiting[0])] == ["Submitted"]
