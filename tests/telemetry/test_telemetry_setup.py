"""`Telemetry`: one system's, closed with its sink."""

from __future__ import annotations

import json
from pathlib import Path

from eigen.contracts.jobs import JobRecord
from eigen.ports.clock import Clock
from eigen.telemetry.setup import Telemetry
from eigen.telemetry.sinks import FileSink, MemorySink


def test_a_warning_is_in_the_file_at_once_and_so_is_what_was_told_before(
    tmp_path: Path, clock: Clock, record: JobRecord
) -> None:
    path = tmp_path / "logs" / "eigen.jsonl"
    with Telemetry(FileSink(path), clock=clock) as telemetry:
        telemetry.observer.on_transition(None, record, "Submitted")
        assert path.read_text() == ""
        telemetry.log.warning("system.opened")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["service"], line["event"]) for line in lines] == [
        ("kernel", "job.transition"),
        ("eigen", "system.opened"),
    ]


def test_leaving_closes_the_sink(tmp_path: Path, clock: Clock) -> None:
    with Telemetry(FileSink(tmp_path / "log.jsonl"), clock=clock) as telemetry:
        assert telemetry.lost_lines == 0
    telemetry.log.info("late")
    assert telemetry.lost_lines == 1


def test_systems_count_apart(clock: Clock, record: JobRecord) -> None:
    first, second = Telemetry(MemorySink(), clock=clock), Telemetry(MemorySink(), clock=clock)
    first.observer.on_transition(None, record, "Submitted")
    assert "PENDING" in first.metrics.render()
    assert "PENDING" not in second.metrics.render()
