"""A job's lines out of the log of all: which ones, in order, across rotation, and as they come."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from eigen.contracts.jobs import JobRecord
from eigen.contracts.trace import TraceContext, working_for
from eigen.ports.clock import Clock
from eigen.telemetry.log_reading import LOG_FILE, JobLog, Wanted
from eigen.telemetry.setup import Telemetry
from eigen.telemetry.sinks import MemorySink

JOB, TRACE = "job_a", "a" * 32


def line(event: str, *, job: str = JOB, trace: str = TRACE, level: str = "info", **facts: Any) -> str:
    return json.dumps({"level": level, "trace_id": trace, "job_id": job, "event": event, **facts}) + "\n"


def log(root: Path, **wanted: Any) -> JobLog:
    return JobLog(root, Wanted(job_id=JOB, trace_id=TRACE, **wanted))


def written(root: Path, *lines: str, suffix: str = "") -> None:
    path = root / (LOG_FILE + suffix)
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as opened:
        opened.writelines(lines)


def events(opened: JobLog) -> list[str]:
    return [one["event"] for one in opened.new_lines()]


def test_no_log_has_no_lines(tmp_path: Path) -> None:
    with log(tmp_path) as opened:
        assert opened.new_lines() == []


def test_lines_are_the_jobs_own_and_those_of_its_trace_without_a_job(tmp_path: Path) -> None:
    written(tmp_path, line("one"), line("other job", job="job_b"), line("no job", job=""), line("two", trace=""))
    with log(tmp_path) as opened:
        assert events(opened) == ["one", "no job", "two"]


def test_audit_lines_and_lesser_levels_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    written(tmp_path, line("audit"), line("one"), line("two", level="warning"), line("three", level="error"))
    with log(tmp_path, level="warning") as opened:
        assert events(opened) == ["two", "three"]
    with log(tmp_path, has_audit=True) as opened:
        assert events(opened) == ["audit", "one", "two", "three"]


def test_damaged_lines_are_passed_over_and_a_half_one_is_waited_for(tmp_path: Path) -> None:
    whole = line("two")
    written(tmp_path, f'{{"job_id": "{JOB}", \n', f'["{JOB}"]\n', "[" * 100_000 + JOB + "\n", line("one"), whole[:20])
    with log(tmp_path) as opened:
        assert events(opened) == ["one"]
        written(tmp_path, whole[20:])
        assert events(opened) == ["two"]
        assert events(opened) == []


def test_a_log_that_is_set_aside_is_read_on(tmp_path: Path) -> None:
    written(tmp_path, line("oldest"), suffix=".1")
    written(tmp_path, line("old"))
    with log(tmp_path) as opened:
        assert events(opened) == ["oldest", "old"]
        written(tmp_path, line("last of the old"))
        (tmp_path / LOG_FILE).rename(tmp_path / (LOG_FILE + ".1"))
        written(tmp_path, line("new"))
        assert events(opened) == ["last of the old", "new"]


def test_what_services_tell_is_in_the_log_of_the_system_that_has_the_job(clock: Clock, record: JobRecord) -> None:
    sinks = (MemorySink(), MemorySink())
    ours, other = (Telemetry(sink, clock=clock) for sink in sinks)
    ours.observer.on_transition(None, record, "Submitted")
    context = TraceContext(trace_id=record.trace_id, span_id=record.span_id)
    with ours, other, working_for(record.job_id, context):
        logging.getLogger("eigen.workers.pool").error("worker %d failed:\n%s", 7, "the story")
    (told,) = sinks[0].events("service.error")
    assert (told["job_id"], told["trace_id"], told["service"]) == (record.job_id, record.trace_id, "driver-manager")
    assert told["traceback"] == "worker 7 failed:\nthe story"
    assert sinks[1].events("service.error") == []
    logging.getLogger("eigen.workers.pool").error("late")
    assert len(sinks[0].events("service.error")) == 1


@pytest.mark.parametrize(("level", "lines"), [("info", 2), ("warning", 1), ("error", 0)])
def test_a_system_writes_lines_from_its_level_on(clock: Clock, level: str, lines: int) -> None:
    sink = MemorySink()
    telemetry = Telemetry(sink, clock=clock, level=level)
    telemetry.log.info("a")
    telemetry.log.warning("b")
    assert len(sink.lines) == lines
