"""What is said of a job: each sentence from its events, and nothing that they do not tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

import eigen
from eigen.client.packaging import package
from eigen.contracts.errors import UnavailableError
from eigen.contracts.jobs import JobRecord, JobState, StoredEvent
from eigen.contracts.trace import Span
from eigen.contracts.wire import to_json
from eigen.telemetry.explanation import Finding, duration_text, explain
from eigen.telemetry.job_trace import job_spans
from eigen.telemetry.otlp import to_otlp
from eigen.testing.scripted_driver import ScriptedDriver

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
BELL = "@hybrid_program(target='scripted:device')\ndef main():\n    q = QubitRegister(2)\n    h(q[0])\n    measure(q)\n"


def event(number: int, second: float, kind: str, stage: str, **facts: Any) -> StoredEvent:
    state = {"queued": JobState.QUEUED, "executing": JobState.RUNNING}.get(stage, JobState.PENDING)
    at = NOON + timedelta(seconds=second)
    return StoredEvent(event_seq=number, kind=kind, at=at, state=state, stage=stage, facts=facts)


def said(record: JobRecord, *events: StoredEvent) -> dict[str, list[Finding]]:
    topics: dict[str, list[Finding]] = {}
    for one in explain(record.status(), events):
        topics.setdefault(one.topic, []).append(one)
    return topics


SUBMITTED = event(1, 0, "Submitted", "submitted", span_id="b" * 16)


def test_a_wait_for_a_slot_is_told_with_its_figures(record: JobRecord) -> None:
    cause = {"cause": "slot", "device_id": "sim:local", "running": 2, "slots": 2, "queue_position": 3}
    events = (
        SUBMITTED,
        event(2, 1, "Compiled", "queued", **COMPILED),
        event(3, 5, "Dispatched", "executing", waited_for=cause),
    )
    (waited,) = said(record, *events)["waiting"]
    assert waited.text == "it waited 4 s to begin its run: 2 of 2 slots of sim:local were busy, as number 3 in the line"
    assert waited.facts["waited_us"] == 4_000_000


COMPILED = {
    "device_id": "sim:local",
    "target": "sim:local",
    "method": "statevector",
    "explanation": "the default",
    "shots": 5,
    "seed": 7,
    "memory_bytes": 64,
}


def test_the_device_and_its_method_are_told_with_their_reason(record: JobRecord) -> None:
    (device,) = said(record, SUBMITTED, event(2, 1, "Compiled", "queued", **COMPILED))["device"]
    assert "sim:local" in device.text and "statevector, the default" in device.text
    assert device.facts["seed"] == 7


def test_workers_that_start_side_by_side_are_waited_for_once(record: JobRecord) -> None:
    noon_us = int(NOON.timestamp() * 1_000_000)
    begun = (("worker.start", 0, 1_200), ("worker.start", 100, 1_000), ("worker.run", 1_200, 10))
    spans = [
        to_json(
            Span(
                name=name,
                span_id=f"{n:016x}",
                parent_id="b" * 16,
                start_us=noon_us + at * 1_000,
                duration_us=took * 1_000,
            )
        )
        for n, (name, at, took) in enumerate(begun)
    ]
    executed = event(3, 2, "Executed", "storing", spans=spans)
    *_, worker = said(record, SUBMITTED, event(2, 0, "Compiled", "queued", **COMPILED), executed)["cache"]
    assert worker.facts["worker_start_us"] == 1_200_000


def test_a_takeover_and_a_crash_are_told(record: JobRecord) -> None:
    error = UnavailableError("the simulator's process died (SIGKILL)", reason="WORKER_DIED").to_json()
    topics = said(
        record,
        SUBMITTED,
        event(2, 1, "Dispatched", "executing"),
        event(3, 3, "Adopted", "submitted", owner="sys_2"),
        event(4, 4, "Dispatched", "executing"),
        event(5, 5, "ExecutionFailed", "queued", error=error, retryable=True),
    )
    gone, crashed = topics["attempts"]
    assert gone.text.startswith("its system was gone during kernel.execute, 2 s after that began")
    assert "SIGKILL" in crashed.text and crashed.text.endswith("it was tried again")


async def test_a_failure_is_told_with_its_stage_and_what_to_do(tmp_path: Any) -> None:
    findings = await _explained(tmp_path, BELL.replace("h(q[0])", "hh(q[0])"))
    topics = {one.topic: one for one in findings}
    assert topics["failure"].text.startswith("it failed while compiling: ")
    assert topics["failure"].facts["reason"] == "EL0202"
    assert '"h"' in topics["advice"].text


async def test_where_the_time_went_and_what_was_at_hand_is_told(tmp_path: Any) -> None:
    findings = await _explained(tmp_path, BELL)
    topics = {one.topic: one for one in findings}
    assert topics["end"].facts["state"] == "DONE"
    assert topics["cache"].text == "the program was read and compiled"
    stages = {one["name"] for one in topics["time"].facts["stages"]}
    assert {"kernel.accept", "kernel.compile", "kernel.execute"} <= stages


async def _explained(root: Any, source: str) -> tuple[Finding, ...]:
    async with eigen.open_system(root, drivers={"scripted": ScriptedDriver()}) as system:
        job = await system.api.submit_job(package(source).request)
        with anyio.fail_after(60):
            async for _ in system.api.stream_job_updates(job.job_id):
                pass
        status = await system.api.get_job_status(job.job_id)
        return explain(status, await system.api.list_job_events(job.job_id))


@pytest.mark.parametrize(
    ("duration_us", "text"),
    [(0, "0 us"), (999, "999 us"), (1500, "1.5 ms"), (2_345_678, "2.35 s"), (5 * 10**9, "5000 s")],
)
def test_durations_have_three_digits_and_a_unit(duration_us: int, text: str) -> None:
    assert duration_text(duration_us) == text


async def test_what_another_version_wrote_differently_or_not_at_all_is_left_out_and_nothing_breaks(
    tmp_path: Path,
) -> None:
    """Each fact of each event of a real job is taken away in turn, and each kind and stage is one that nobody knows."""
    async with eigen.open_system(tmp_path, drivers={"scripted": ScriptedDriver()}) as system:
        job = await system.api.submit_job(package(BELL).request)
        with anyio.fail_after(60):
            async for _ in system.api.stream_job_updates(job.job_id):
                pass
        events = list(await system.api.list_job_events(job.job_id))
        status = await system.api.get_job_status(job.job_id)
    whole = {one.topic for one in explain(status, events)}
    assert whole - {"waiting"} == {"end", "device", "cache", "time"}
    for number, event in enumerate(events):
        spans = event.facts.get("spans", ())
        without = [{name: fact for name, fact in event.facts.items() if name != gone} for gone in event.facts]
        cut = [
            {**event.facts, "spans": [{n: v for n, v in one.items() if n != gone} for one in spans]} for gone in NAMES
        ]
        strange = [{**event.facts, "spans": [7]}, {**event.facts, "new": {"deep": [None]}}]
        others = [replace(event, facts=facts) for facts in (*without, *cut, *strange) if "span_id" in facts or number]
        for other in (*others, replace(event, kind="Thought"), replace(event, stage="thinking")):
            changed = [*events[:number], other, *events[number + 1 :]]
            assert {one.topic for one in explain(status, changed)} <= whole | {"waiting"}
            assert to_otlp(status.trace_id, job_spans(changed))["resourceSpans"]


NAMES = ("name", "span_id", "parent_id", "start_us", "duration_us", "status", "facts")


@pytest.mark.parametrize("cause", [{"cause": "slot"}, {"cause": "memory", "needed_bytes": 5}, {"cause": "weather"}])
def test_a_cause_that_is_not_known_whole_is_told_by_its_wait_alone(record: JobRecord, cause: dict[str, Any]) -> None:
    events = (SUBMITTED, event(2, 1, "Compiled", "queued"), event(3, 5, "Dispatched", "executing", waited_for=cause))
    topics = said(record, *events)
    assert topics["waiting"][0].text == "it waited 4 s to begin its run"
    assert "unknown" in topics["device"][0].text
