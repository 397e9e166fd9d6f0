"""What the kernel tells: one line for each event, with the job's own ids; defects with their story."""

from __future__ import annotations

from dataclasses import replace

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.jobs import JobRecord, JobState
from eigen.contracts.trace import TraceContext, working_for
from eigen.telemetry.kernel_observer import MAX_REMEMBERED
from eigen.telemetry.setup import Telemetry
from eigen.telemetry.sinks import MemorySink

TRANSITIONS = "eigen_kernel_job_state_transitions_total"


def test_every_event_is_one_canonical_line(telemetry: Telemetry, sink: MemorySink, record: JobRecord) -> None:
    running = replace(record, state=JobState.RUNNING, stage="executing", event_seq=5, device_id="sim:local", attempt=2)
    telemetry.observer.on_transition(replace(record, state=JobState.QUEUED), running, "Dispatched")
    assert sink.events() == [
        {
            "timestamp": "2026-01-02T12:00:00.000000Z",
            "level": "info",
            "service": "kernel",
            "trace_id": "a" * 32,
            "span_id": "b" * 16,
            "job_id": record.job_id,
            "event": "job.transition",
            "from": "QUEUED",
            "to": "RUNNING",
            "device_id": "sim:local",
            "stage": "executing",
            "attempt": 2,
            "event_seq": 5,
            "subject": "ada",
            "name": "bell",
            "event_kind": "Dispatched",
        }
    ]


def test_a_new_job_comes_from_nothing(telemetry: Telemetry, sink: MemorySink, record: JobRecord) -> None:
    telemetry.observer.on_transition(None, record, "Submitted")
    assert sink.events()[0]["from"] == "NONE"
    assert telemetry.metrics.value(TRANSITIONS, {"from": "NONE", "to": "PENDING"}) == 1


def test_an_event_that_leaves_the_state_is_told_but_is_no_transition(
    telemetry: Telemetry, sink: MemorySink, record: JobRecord
) -> None:
    telemetry.observer.on_transition(record, replace(record, stage="closing"), "CancelRequested")
    assert len(sink.lines) == 1
    assert TRANSITIONS + "{" not in telemetry.metrics.render()


def test_a_failure_is_told_by_its_codes_only(telemetry: Telemetry, sink: MemorySink, record: JobRecord) -> None:
    error = InvalidArgumentError('unknown gate "hunter2"', reason="EL0101", hint="hunter2").to_json()
    telemetry.observer.on_transition(record, replace(record, state=JobState.ERROR, error=error), "Closed")
    (line,) = sink.events()
    assert (line["level"], line["error"], line["reason"]) == ("error", "INVALID_ARGUMENT", "EL0101")
    assert b"hunter2" not in sink.lines[0]


def test_how_a_job_ends_sets_the_level(telemetry: Telemetry, sink: MemorySink, record: JobRecord) -> None:
    for state in (JobState.DONE, JobState.ERROR, JobState.CANCELLED, JobState.TIMEOUT):
        telemetry.observer.on_transition(record, replace(record, state=state), "Closed")
    assert [line["level"] for line in sink.events()] == ["info", "error", "info", "warning"]


def test_a_name_cannot_forge_a_line(telemetry: Telemetry, sink: MemorySink, record: JobRecord) -> None:
    hostile = replace(record, name='x"}\n{"event":"job.transition","to":"DONE"}', subject="\x1b]0;owned\x07")
    telemetry.observer.on_transition(None, hostile, "Submitted")
    (line,) = sink.events()
    assert (line["to"], line["subject"]) == ("PENDING", "\\x1b]0;owned\\x07")
    assert sink.lines[0].count(b"\n") == 1


def test_a_jobs_ids_are_its_own_whichever_task_tells(telemetry: Telemetry, sink: MemorySink, record: JobRecord) -> None:
    """A task that works for one job may be the one that gives the next job its slot."""
    with working_for("job_" + "9" * 26, TraceContext(trace_id="c" * 32, span_id="d" * 16)):
        telemetry.observer.on_transition(None, record, "Submitted")
        telemetry.observer.on_defect(record.job_id, "compile", ValueError("defect"))
    assert {(line["trace_id"], line["span_id"], line["job_id"]) for line in sink.events()} == {
        (record.trace_id, record.span_id, record.job_id)
    }


def test_a_defect_is_told_with_its_story(telemetry: Telemetry, sink: MemorySink) -> None:
    try:
        raise KeyError("cause")
    except KeyError as error:
        telemetry.observer.on_defect("", "watch", error)
    (line,) = sink.events("job.defect")
    assert (line["level"], line["stage"], line["error"], line["kind"]) == ("error", "watch", "INTERNAL", "KeyError")
    assert line["traceback"].startswith("Traceback (most recent call last):\n")
    assert line["traceback"].endswith("KeyError: 'cause'\n")
    assert (line["trace_id"], line["job_id"]) == ("", "")


def test_ids_are_remembered_for_live_jobs_only_and_not_without_bound(
    telemetry: Telemetry, sink: MemorySink, record: JobRecord
) -> None:
    ended = replace(record, job_id="job_" + "e" * 26)
    telemetry.observer.on_transition(None, ended, "Submitted")
    telemetry.observer.on_transition(ended, replace(ended, state=JobState.DONE), "Closed")
    telemetry.observer.on_transition(None, record, "Submitted")
    telemetry.observer.on_defect(ended.job_id, "store", ValueError())
    telemetry.observer.on_defect(record.job_id, "store", ValueError())
    for number in range(1, MAX_REMEMBERED + 1):
        telemetry.observer.on_transition(None, replace(record, job_id=f"job_{number:026}"), "Submitted")
    telemetry.observer.on_defect(record.job_id, "store", ValueError())
    assert [line["trace_id"] for line in sink.events("job.defect")] == ["", record.trace_id, ""]


def test_stages_and_queues_are_measured(telemetry: Telemetry, sink: MemorySink) -> None:
    telemetry.observer.on_stage("compile", 0.002)
    telemetry.observer.on_queue_depth("sim:local", 4)
    telemetry.observer.on_queue_depth("sim:local", 3)
    value = telemetry.metrics.value
    assert value("eigen_kernel_stage_duration_seconds_bucket", {"stage": "compile", "le": "0.0025"}) == 1
    assert value("eigen_kernel_stage_duration_seconds_bucket", {"stage": "compile", "le": "0.001"}) == 0
    assert value("eigen_kernel_queue_depth", {"device": "sim:local"}) == 3
    assert sink.lines == []
