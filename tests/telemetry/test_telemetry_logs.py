"""The log: the same fields on every line, nothing forged, nothing unbounded."""

from __future__ import annotations

import json
import logging
import math
import unicodedata
from typing import Any

import structlog
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.trace import TraceContext, working_for
from eigen.ports.clock import Clock
from eigen.telemetry.lines import MAX_LINE_BYTES, MAX_TEXT, MAX_TRACEBACK
from eigen.telemetry.logs import open_log, story_of
from eigen.telemetry.sinks import MemorySink

JOB = "job_" + "1" * 26
OTHER_JOB = "job_" + "2" * 26
CONTEXT = TraceContext(trace_id="a" * 32, span_id="b" * 16)
FIELDS = ["timestamp", "level", "service", "trace_id", "span_id", "job_id", "event"]


def test_every_line_has_the_fields_of_the_contract_in_their_order(sink: MemorySink, clock: Clock) -> None:
    open_log(sink, clock=clock, service="kernel").warning("job.noted", device_id="sim:local", stage="queued")
    assert sink.lines == [
        b'{"timestamp":"2026-01-02T12:00:00.000000Z","level":"warning","service":"kernel","trace_id":"","span_id":"",'
        b'"job_id":"","event":"job.noted","device_id":"sim:local","stage":"queued"}\n'
    ]


def test_lines_of_a_job_have_its_ids_wherever_they_are_written(sink: MemorySink, clock: Clock) -> None:
    log = open_log(sink, clock=clock, service="eigen")
    with working_for(JOB, CONTEXT):
        log.info("inside")
        log.info("inside", job_id=JOB)
    log.info("outside")
    ids = [(one["trace_id"], one["span_id"], one["job_id"]) for one in sink.events()]
    assert ids == [("a" * 32, "b" * 16, JOB), ("a" * 32, "b" * 16, JOB), ("", "", "")]


def test_a_line_about_another_job_does_not_get_the_tasks_trace(sink: MemorySink, clock: Clock) -> None:
    with working_for(JOB, CONTEXT):
        open_log(sink, clock=clock, service="eigen").info("noted", job_id=OTHER_JOB)
    assert [sink.events()[0][name] for name in ("trace_id", "span_id", "job_id")] == ["", "", OTHER_JOB]


def test_ids_that_are_given_stand_above_the_tasks(sink: MemorySink, clock: Clock) -> None:
    with working_for(JOB, CONTEXT):
        open_log(sink, clock=clock, service="eigen").info("noted", trace_id="c" * 32, span_id="d" * 16)
    assert [sink.events()[0][name] for name in ("trace_id", "span_id", "job_id")] == ["c" * 32, "d" * 16, JOB]


def test_a_part_speaks_under_its_own_name(sink: MemorySink, clock: Clock) -> None:
    log = open_log(sink, clock=clock, service="eigen")
    log.bind(service="qfs").info("noted")
    log.info("noted")
    assert [one["service"] for one in sink.events()] == ["qfs", "eigen"]


def test_facts_cannot_forge_the_lines_own_fields(sink: MemorySink, clock: Clock) -> None:
    open_log(sink, clock=clock, service="eigen").info("noted", level="error", timestamp="never")
    assert list(sink.events()[0]) == FIELDS
    assert sink.events()[0]["level"] == "info"
    assert sink.events()[0]["timestamp"] == "2026-01-02T12:00:00.000000Z"


def test_what_is_not_known_is_left_out(sink: MemorySink, clock: Clock) -> None:
    open_log(sink, clock=clock, service="eigen").info("noted", device_id=None)
    assert list(sink.events()[0]) == FIELDS


def test_what_json_does_not_know_comes_as_text(sink: MemorySink, clock: Clock) -> None:
    facts = {"a": math.nan, "b": -math.inf, "c": {"d\x1b": [1, math.inf, CONTEXT]}}
    open_log(sink, clock=clock, service="eigen").info("noted", **facts)
    line = sink.events()[0]
    assert (line["a"], line["b"]) == ("nan", "-inf")
    assert line["c"] == {"d\\x1b": [1, "inf", str(CONTEXT)]}


def test_a_delete_character_does_not_slip_through(sink: MemorySink, clock: Clock) -> None:
    """It is ASCII, and JSON does not escape it."""
    open_log(sink, clock=clock, service="eigen").info("noted", name="a\x7fb")
    assert sink.events()[0]["name"] == "a\\x7fb"


def test_names_cannot_forge_lines_or_move_cursors(sink: MemorySink, clock: Clock) -> None:
    name = '"}\n{"event":"forged"}\r\x1b[2J\u202e\u2028\ud800'
    open_log(sink, clock=clock, service="eigen").info("noted", name=name)
    assert len(sink.lines) == 1
    assert sink.lines[0].count(b"\n") == 1
    assert sink.events()[0]["name"] == '"}\\x0a{"event":"forged"}\\x0d\\x1b[2J\\u202e\\u2028\\ud800'


def is_shown_safely(value: Any) -> bool:
    if not isinstance(value, str):
        return True
    kinds = {unicodedata.category(character) for character in value}
    return kinds.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"}) and len(value) < 12 * MAX_TEXT


UNSAFE = st.text(st.characters(categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=300)
TEXTS = st.text() | UNSAFE | st.text(min_size=250, max_size=400)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS


@given(event=TEXTS, job_id=TEXTS, values=st.lists(VALUES, max_size=20))
def test_whatever_is_logged_gives_one_bounded_line_that_is_safe_to_show(
    new_clock: type[Clock], event: str, job_id: str, values: list[Any]
) -> None:
    sink = MemorySink()
    facts = {f"fact_{number}": value for number, value in enumerate(values)}
    open_log(sink, clock=new_clock(), service="eigen").info(event, job_id=job_id, **facts)
    (line,) = sink.lines
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert len(line) <= MAX_LINE_BYTES
    fields = json.loads(line)
    assert list(fields)[:7] == FIELDS
    assert all(is_shown_safely(value) for value in fields.values())
    assert {name for name in facts if name in fields} == {name for name, value in facts.items() if value is not None}


def test_a_line_that_would_be_too_long_keeps_its_first_fields(sink: MemorySink, clock: Clock) -> None:
    facts = {f"fact_{number}": "x" * MAX_TEXT for number in range(300)}
    open_log(sink, clock=clock, service="eigen").info("noted", job_id=JOB, **facts)
    assert len(sink.lines[0]) <= MAX_LINE_BYTES
    assert list(sink.events()[0]) == [*FIELDS, "cut_bytes"]
    assert sink.events()[0]["cut_bytes"] > MAX_LINE_BYTES


def test_a_story_keeps_its_lines_and_its_end(sink: MemorySink, clock: Clock) -> None:
    try:
        raise ValueError("x" * MAX_TRACEBACK + "\x1b the end")
    except ValueError as error:
        open_log(sink, clock=clock, service="eigen").error("defect", traceback=story_of(error))
        story = sink.events()[0]["traceback"]
    assert story.endswith("\\x1b the end\n")
    assert MAX_TRACEBACK <= len(story) <= MAX_TRACEBACK + 10


def test_a_story_tells_the_causes() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as cause:
            raise ValueError("second") from cause
    except ValueError as error:
        story = story_of(error)
    assert "KeyError: 'first'" in story
    assert "ValueError: second" in story


def test_nothing_of_the_programs_own_logging_is_touched(sink: MemorySink, clock: Clock) -> None:
    before = (list(logging.getLogger().handlers), logging.getLogger().level, structlog.get_config())
    open_log(sink, clock=clock, service="eigen").info("noted")
    assert (list(logging.getLogger().handlers), logging.getLogger().level, structlog.get_config()) == before
    assert not structlog.is_configured()


def test_two_systems_share_nothing(clock: Clock) -> None:
    first, second = MemorySink(), MemorySink()
    open_log(first, clock=clock, service="a").info("noted")
    open_log(second, clock=clock, service="b").info("noted")
    assert [one["service"] for one in first.events() + second.events()] == ["a", "b"]
