"""Records travel as JSON and come back equal, also to and from older and newer versions."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.compilation import CompiledProgram, ProgramDefaults
from eigen.contracts.devices import DeviceInfo, DeviceState, DeviceStatus
from eigen.contracts.diagnostics import Diagnostic, Note, Severity, Span
from eigen.contracts.execution import ExecutionResult
from eigen.contracts.jobs import JobPage, JobRecord, JobState, JobStatus, JobUpdate, StoredEvent
from eigen.contracts.results import JobResults
from eigen.contracts.wire import format_time, from_json, json_line, parse_time, to_json

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
RECORD = JobRecord(job_id="job_" + "0" * 26, name="bell", subject="ada", created_at=MOMENT, updated_at=MOMENT)
STATUS = JobStatus(
    job_id=RECORD.job_id,
    name="bell",
    state=JobState.ERROR,
    stage="finished",
    progress=1.0,
    message="failed",
    target="sim:local",
    device_id=None,
    shots=100,
    seed=7,
    priority=50,
    labels={"a": "b"},
    subject="ada",
    attempt=1,
    event_seq=6,
    trace_id="",
    created_at=MOMENT,
    updated_at=MOMENT,
    error={"code": "NOT_FOUND", "message": "gone"},
)
SPAN = Span(file="job.yaml", line=3, column=1, end_line=3, end_column=4, text="abc")
DIAGNOSTIC = Diagnostic(
    code="EL0101", message="m", severity=Severity.WARNING, span=SPAN, notes=(Note(message="n", span=SPAN),)
)

SAMPLES = [
    RECORD,
    replace(RECORD, state=JobState.DONE, ending=JobState.DONE, error={"code": "INTERNAL"}, timeout_sec=2.5),
    STATUS,
    DIAGNOSTIC,
    JobUpdate(
        job_id="j", state=JobState.RUNNING, stage="executing", progress=0.5, message="", event_seq=3, timestamp=MOMENT
    ),
    StoredEvent(event_seq=1, kind="Submitted", at=MOMENT, state=JobState.PENDING, stage="submitted", facts={"a": [1]}),
    JobPage(jobs=(STATUS, STATUS), next_page_token="x"),
    DeviceStatus(device_id="sim:local", state=DeviceState.ONLINE),
    DeviceInfo(
        device_id="d", driver="sim", description="", simulator=True, num_qubits=2, gates=("h",), max_shots=9, slots=1
    ),
    ExecutionResult(counts={"01": 3}, execution_time_sec=0.5, expectation_values={}),
    JobResults(job_id="j", name="n", state=JobState.DONE, counts={"0": 1}, shots=1, execution_time_sec=0.0),
    CircuitProfile(qubits=1, clbits=1, op_counts={"H": 1}, parameters=("a",)),
    ProgramDefaults(target="sim:local", metadata={"a": "b"}),
]


@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: type(value).__name__)
def test_what_is_written_is_read_back_equal(value: object) -> None:
    assert from_json(type(value), json.loads(json.dumps(to_json(value)))) == value


@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: type(value).__name__)
def test_a_field_that_a_newer_version_added_is_left_out(value: object) -> None:
    assert from_json(type(value), {**to_json(value), "of_the_future": 1}) == value


@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: type(value).__name__)
def test_every_field_is_written(value: object) -> None:
    assert list(to_json(value)) == [one.name for one in fields(value)]  # type: ignore[arg-type]


def test_a_field_that_an_older_version_did_not_write_takes_its_default() -> None:
    older = {key: value for key, value in to_json(RECORD).items() if key not in {"crashes", "aqo_digest", "labels"}}
    assert from_json(JobRecord, older) == RECORD


@pytest.mark.parametrize(
    "document",
    [{}, {"job_id": "j"}, to_json(RECORD) | {"state": "ASLEEP"}, to_json(RECORD) | {"created_at": "yesterday"}],
)
def test_a_document_that_no_version_wrote_is_a_value_error(document: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        from_json(JobRecord, document)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-12, 14))
def test_times_are_kept_to_the_microsecond_whatever_their_zone(moment: datetime, hours: int) -> None:
    text = format_time(moment)
    assert parse_time(text) == moment
    assert len(text) == len("2026-01-02T03:04:05.678901Z") and text.endswith("Z")
    if 1 < moment.year < 9999:
        assert format_time(moment.astimezone(timezone(timedelta(hours=hours)))) == text


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        parse_time("2026-01-02T03:04:05")


def test_a_compiled_program_says_its_facts_without_its_bytes_in_its_repr() -> None:
    program = CompiledProgram(aqo_json=b"secret", digest="d", profile=CircuitProfile(qubits=1, clbits=1, op_counts={}))
    assert "secret" not in repr(program)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: type(one).__name__)
def test_a_line_of_json_says_what_the_values_say(sample: object) -> None:
    line = json_line(sample)
    assert json.loads(line) == to_json(sample)
    assert "\n" not in line


@pytest.mark.parametrize("value", [2**70, 0.1, 1e-7, "é\u2028\U0001f600", {"b": 1, "a": [None]}])
def test_a_line_of_json_takes_every_value(value: object) -> None:
    event = StoredEvent(
        event_seq=1, kind="K", at=MOMENT, state=JobState.PENDING, stage="submitted", facts={"value": value}
    )
    assert json.loads(json_line(event))["facts"] == {"value": value}
