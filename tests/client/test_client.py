"""The library's client: what it refuses, how it lists, and jobs that are run once more."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest

import eigen
from eigen.contracts.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from eigen.contracts.jobs import JobState
from eigen.testing.scripted_driver import ScriptedDriver

BELL = "@hybrid_program(shots=100)\ndef main():\n    h(0)\n    cx(0, 1)\n"
UNKNOWN_KEY = """
apiVersion: eigen.os/v0.1
kind: QuantumJob
metadata: {name: bell}
spec:
  program: "@hybrid_program\\ndef main():\\n    h(0)\\n    measure(0)\\n"
  target: scripted:device
  shotss: 10
"""


def submitted(client, source: str = BELL, **options):
    return client.submit(source, target="scripted:device", **options)


@pytest.mark.parametrize("job", [5, None, b"bytes", ["a"]], ids=repr)
def test_what_is_no_job_is_the_callers_error_with_a_way_out(eigen_client, job):
    with pytest.raises(InvalidArgumentError) as refused:
        eigen_client.submit(job)
    assert refused.value.reason == "ARGUMENT_TYPE"
    assert "job.yaml" in refused.value.hint


@pytest.mark.parametrize(
    "options",
    [
        {"inputs": 5},
        {"inputs": [1]},
        {"program": 5},
        {"idempotency_key": 5},
        {"shots": "many"},
        {"name": 5},
        {"seed": -1},
    ],
    ids=str,
)
def test_an_option_of_a_wrong_kind_is_a_typed_error(eigen_client, options):
    with pytest.raises(InvalidArgumentError) as refused:
        submitted(eigen_client, **options)
    assert refused.value.diagnostics or refused.value.hint


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": "many"},
        {"states": 5},
        {"states": ["DOEN"]},
        {"states": [5]},
        {"labels": "a=b"},
        {"created_after": "yesterday"},
        {"created_after": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))},
        {"created_before": datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12)))},
        {"name": 5},
    ],
    ids=str,
)
def test_a_list_that_cannot_be_is_a_typed_error(eigen_client, options):
    with pytest.raises(InvalidArgumentError) as refused:
        eigen_client.jobs(**options)
    assert refused.value.hint


def test_jobs_are_listed_by_state_name_time_and_subject(eigen_client):
    jobs = [submitted(eigen_client, name=name) for name in ("one", "two")]
    for job in jobs:
        job.wait()
    created = jobs[0].status().created_at

    def names(**options):
        return [job.name for job in eigen_client.jobs(**options)]

    assert (
        names() == names(states="done") == names(states=[JobState.DONE]) == names(all_subjects=True) == ["two", "one"]
    )
    assert names(limit=1) == names(created_after=created) == ["two"]
    assert names(created_before=created + timedelta(microseconds=1)) == ["one"]
    assert names(created_after=datetime.now() + timedelta(days=1)) == names(subject="nobody") == []


@pytest.mark.parametrize("reference", [5, None, b"job_"])
def test_a_reference_that_is_no_text_is_a_typed_error(eigen_client, reference):
    with pytest.raises(InvalidArgumentError):
        eigen_client.job(reference)


def test_a_job_run_again_has_the_same_seed_program_and_counts_and_names_the_first(eigen_client):
    first = eigen_client.submit(BELL, target="sim:local")
    first.wait()
    again = eigen_client.rerun(first.id)
    assert again.id != first.id
    once, twice = first.results(), again.results()
    assert once.counts == twice.counts
    assert twice.provenance["rerun_of"] == first.id
    assert "rerun_of" not in once.provenance
    assert [one.provenance["seed"] for one in (once, twice)] == [first.status().seed] * 2
    for name in ("program.eigen.py", "job.yaml", "compiled.aqo.json"):
        assert first.artifact(name) == again.artifact(name)


@pytest.mark.parametrize(
    "source",
    [
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nh q[0];\nmeasure q -> c;\n',
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit c;\nqubit q;\nh q;\nc = measure q;\n',
    ],
    ids=["openqasm2", "openqasm3"],
)
def test_a_job_in_another_language_is_run_again_in_it(eigen_client, source):
    first = submitted(eigen_client, source, shots=10, seed=1)
    assert eigen_client.rerun(first.id).results().counts == first.results().counts == {"0": 5, "1": 5}


def test_a_job_that_ended_in_an_error_is_run_again_to_the_same_error(eigen_client):
    first = submitted(eigen_client, "@hybrid_program\ndef main():\n    hh(0)\n")
    assert first.wait().state is JobState.ERROR
    again = eigen_client.rerun(first.id).wait()
    assert (again.error_reason, again.error_summary) == (first.status().error_reason, first.status().error_summary)


def test_a_job_whose_seed_is_not_drawn_yet_cannot_be_run_again(eigen_client):
    slow = "@hybrid_program\ndef main():\n    n = 0\n    for i in range(200000):\n        n = n + i\n    h(0)\n"
    job = submitted(eigen_client, slow)
    with pytest.raises(FailedPreconditionError) as refused:
        eigen_client.rerun(job.id)
    assert job.id in refused.value.hint
    job.cancel()


def test_a_job_that_is_not_there_cannot_be_run_again(eigen_client):
    with pytest.raises(NotFoundError):
        eigen_client.rerun("job_" + "0" * 26)


def test_events_tell_what_has_happened_with_facts(eigen_client):
    job = submitted(eigen_client, seed=7)
    job.wait()
    events = job.events()
    assert [event.event_seq for event in events] == list(range(1, len(events) + 1))
    assert (events[0].kind, events[-1].kind) == ("Submitted", "Closed")
    assert next(event.facts for event in events if event.kind == "Compiled")["seed"] == 7


def test_warnings_of_the_job_file_come_with_the_job(eigen_client, tmp_path):
    (tmp_path / "job.yaml").write_text(UNKNOWN_KEY)
    job = eigen_client.submit(tmp_path / "job.yaml")
    assert [one.code for one in job.warnings] == ["JOBSPEC_UNKNOWN_KEY"]
    assert "shots" in job.warnings[0].hint
    assert eigen_client.job(job.id).warnings == ()


LEFT_OPEN = """
import sys
import eigen
from eigen.testing.scripted_driver import ScriptedDriver
driver = ScriptedDriver()
driver.hold()
client = eigen.Client(sys.argv[1], drivers={"scripted": driver}).__enter__()
job = client.submit("@hybrid_program(shots=100)\\ndef main():\\n    h(0)\\n", target="scripted:device")
print(next(one.state for one in job.updates() if one.state == "RUNNING"))
"""


CLOSED_CALLS = ["status", "results", "events", "wait", "cancel", "verify"]


async def test_a_job_says_that_its_client_is_closed(tmp_path):
    drivers = {"scripted": ScriptedDriver()}
    async with eigen.AsyncClient(tmp_path, drivers=drivers) as client:
        job = await client.submit(BELL, target="scripted:device")
        await job.results()
    calls = [getattr(job, name) for name in CLOSED_CALLS]
    for call in [*calls, client.jobs, client.devices, partial(client.submit, BELL), partial(anext, job.updates())]:
        with pytest.raises(FailedPreconditionError) as refused:
            await call()
        assert refused.value.reason == "SYSTEM_CLOSED"


def test_a_job_of_a_client_that_is_closed_says_so_too(tmp_path):
    with eigen.Client(tmp_path, drivers={"scripted": ScriptedDriver()}) as client:
        job = submitted(client)
        job.wait()
    for name in CLOSED_CALLS:
        with pytest.raises(FailedPreconditionError) as refused:
            getattr(job, name)()
        assert refused.value.reason == "CLIENT_CLOSED"
    with eigen.Client(tmp_path, drivers={"scripted": ScriptedDriver()}) as again:
        assert again.job(job.id).results().counts


FORKED = """
import os, sys
import eigen
from eigen.contracts.errors import EigenError
from eigen.testing.scripted_driver import ScriptedDriver

with eigen.Client(sys.argv[1], drivers={"scripted": ScriptedDriver()}) as client:
    child = os.fork()
    if child == 0:
        for call in (client.jobs, client.devices):
            try:
                call()
            except EigenError as error:
                print(error.reason, flush=True)
    else:
        assert os.waitpid(child, 0)[1] == 0
        print(len(client.devices()), flush=True)
"""


def test_a_client_in_a_process_that_was_forked_off_says_so_and_the_parents_goes_on(tmp_path):
    """Closing it there, by leaving its block, waits for nobody either."""
    command = [sys.executable, "-W", "ignore", "-c", FORKED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.split()) == (0, ["CLIENT_FORKED", "CLIENT_FORKED", "1"]), done.stderr


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.reserve(5, ttl_sec=1),
        lambda client: client.reserve("scripted:device", ttl_sec="a minute"),
        lambda client: client.reserve("scripted:device", ttl_sec=1, purpose=5),
        lambda client: client.release("res_1"),
        lambda client: list(submitted(client).updates(last_event_seq="1")),
    ],
)
def test_arguments_of_the_wrong_type_are_the_callers_error(eigen_client, call):
    with pytest.raises(InvalidArgumentError) as refused:
        call(eigen_client)
    assert refused.value.reason == "ARGUMENT_TYPE"


def test_a_client_that_is_left_open_is_closed_at_the_interpreters_end_and_leaves_its_jobs(tmp_path):
    """The interpreter ends, and the job is neither failed nor lost: the next system runs it."""
    left = subprocess.run(
        [sys.executable, "-c", LEFT_OPEN, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (left.returncode, left.stdout, left.stderr) == (0, "RUNNING\n", "")
    with eigen.Client(tmp_path, drivers={"scripted": ScriptedDriver()}) as client:
        (status,) = client.jobs()
        assert client.job(status.job_id).wait().state is JobState.DONE
