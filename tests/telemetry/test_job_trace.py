"""A job's trace from its events: what stands in them, what lies between them, lost work and what goes on from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

from eigen.contracts.jobs import JobState, StoredEvent
from eigen.contracts.trace import Span
from eigen.contracts.wire import to_json
from eigen.telemetry.job_trace import ROOT, job_spans
from eigen.telemetry.otlp import to_otlp

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NOON_US = round(NOON.timestamp() * 1e6)
TRACE = "a" * 32
ROOT_ID = "b" * 16
CLOCKS_APART_US = 500_000  # two processes read the time at two moments, and a busy machine lets one wait in between


def span(name: str, number: int, *, parent: str = ROOT_ID, start: float, took: float, **others: Any) -> Span:
    return Span(
        name=name,
        span_id=f"{number:016x}",
        parent_id=parent,
        start_us=NOON_US + round(start * 1e6),
        duration_us=round(took * 1e6),
        **others,
    )


def history(*steps: tuple[Any, ...]) -> list[StoredEvent]:
    """Return events, each given as seconds, kind, stage, spans and facts."""
    events = []
    for number, (second, kind, stage, *rest) in enumerate(steps, start=1):
        spans, facts = [*rest, (), {}][:2] if len(rest) < 2 else rest
        events.append(
            StoredEvent(
                event_seq=number,
                kind=kind,
                at=NOON + timedelta(seconds=second),
                state=JobState.PENDING,
                stage=stage,
                facts={**(facts or {}), **({"spans": [to_json(one) for one in spans]} if spans else {})},
            )
        )
    return events


SUBMITTED = (0.0, "Submitted", "submitted", (), {"span_id": ROOT_ID, "parent_span_id": "c" * 16})


def test_no_events_make_no_trace() -> None:
    assert job_spans([]) == ()


def test_spans_stand_under_the_submission_which_lasts_until_the_job_is_durable() -> None:
    accept = span("kernel.accept", 1, start=0.001, took=0.004)
    events = history(SUBMITTED, (0.01, "CompilationStarted", "compiling", [accept]))
    root, told = job_spans(events)
    assert (root.name, root.span_id, root.parent_id) == (ROOT, ROOT_ID, "c" * 16)
    assert (root.start_us, root.duration_us) == (NOON_US, 5000)
    assert told == accept


def test_waiting_and_storing_lie_between_events() -> None:
    events = history(
        (0.0, "Submitted", "waiting", (), {"span_id": ROOT_ID}),
        (2.0, "DependenciesMet", "submitted"),
        (2.0, "CompilationStarted", "compiling"),
        (3.0, "Compiled", "queued", [span("kernel.compile", 1, start=2.0, took=1.0)]),
        (7.0, "Dispatched", "executing"),
        (9.0, "Executed", "storing", [span("kernel.execute", 2, start=7.0, took=2.0)]),
        (9.5, "Closed", "finished"),
    )
    assert [(one.name, one.duration_us) for one in job_spans(events)[1:]] == [
        ("kernel.wait", 2_000_000),
        ("kernel.compile", 1_000_000),
        ("kernel.queue", 4_000_000),
        ("kernel.execute", 2_000_000),
        ("kernel.store", 500_000),
    ]
    assert job_spans(events) == job_spans(events)


def test_work_that_its_system_took_with_it_is_told_and_the_next_attempt_goes_on_from_it() -> None:
    events = history(
        SUBMITTED,
        (1.0, "CompilationStarted", "compiling"),
        (2.0, "Compiled", "queued", [span("kernel.compile", 1, start=1.0, took=1.0)]),
        (2.0, "Dispatched", "executing"),
        (9.0, "Adopted", "submitted", (), {"owner": "sys_2"}),
        (9.0, "CompilationStarted", "compiling"),
        (9.5, "Compiled", "queued", [span("kernel.compile", 2, start=9.0, took=0.5)]),
    )
    by_name = {one.name: one for one in job_spans(events)}
    lost, recovery, again = by_name["kernel.execute"], by_name["kernel.recover"], by_name["kernel.compile"]
    assert (lost.status, lost.duration_us, lost.facts) == ("UNAVAILABLE", 7_000_000, {"lost": True})
    assert (recovery.links, recovery.facts) == ((lost.span_id,), {"owner": "sys_2"})
    assert (again.span_id, again.links) == (f"{2:016x}", (lost.span_id,))


def test_progress_within_a_stage_does_not_cut_it_in_two() -> None:
    events = history(
        SUBMITTED,
        (1.0, "Dispatched", "executing"),
        (2.0, "Progressed", "executing"),
        (4.0, "Adopted", "submitted"),
    )
    lost = [one for one in job_spans(events) if one.name == "kernel.execute"]
    assert [one.duration_us for one in lost] == [3_000_000]


def test_an_end_that_is_taken_over_twice_has_no_id_twice() -> None:
    events = history(
        SUBMITTED,
        (1.0, "CancelRequested", "closing"),
        (2.0, "Adopted", "closing"),
        (3.0, "Adopted", "closing"),
        (4.0, "Closed", "finished"),
    )
    spans = job_spans(events)
    assert sorted(one.name for one in spans[1:]) == ["kernel.recover"] * 2 + ["kernel.store"] * 3
    assert len({one.span_id for one in spans}) == len(spans)


def test_a_run_that_is_tried_again_goes_on_from_the_one_that_failed() -> None:
    failed = span("kernel.execute", 1, start=1.0, took=1.0, status="UNAVAILABLE")
    events = history(
        SUBMITTED,
        (1.0, "Dispatched", "executing"),
        (2.0, "ExecutionFailed", "queued", [failed]),
        (3.0, "Dispatched", "executing"),
        (4.0, "Executed", "storing", [span("kernel.execute", 2, start=3.0, took=1.0)]),
    )
    runs = [one for one in job_spans(events) if one.name == "kernel.execute"]
    assert [one.links for one in runs] == [(), (failed.span_id,)]


def test_events_of_an_older_version_without_spans_still_make_a_trace() -> None:
    events = history(
        SUBMITTED,
        (1.0, "CompilationStarted", "compiling"),
        (3.0, "CompilationFailed", "closing", (), {"error": {"code": "INVALID_ARGUMENT"}}),
    )
    compiled = job_spans(events)[-1]
    assert (compiled.name, compiled.duration_us, compiled.status) == ("kernel.compile", 2_000_000, "INVALID_ARGUMENT")


async def test_a_jobs_passes_its_driver_and_its_worker_are_in_its_trace(eigen_system: Any) -> None:
    """The whole way through a real system: API, kernel, compiler, driver and a worker's process."""
    from eigen.client.packaging import package
    from eigen.contracts.requests import RequestContext

    source = "@hybrid_program\ndef main():\n    q = QubitRegister(2)\n    h(q[0])\n    cx(q[0], q[1])\n    measure(q)\n"
    caller = f"00-{TRACE}-{'c' * 16}-01"
    context = RequestContext(subject="ada", traceparent=caller)
    job = await eigen_system.api.submit_job(package(source).request, context=context)
    with anyio.fail_after(60):
        async for _ in eigen_system.api.stream_job_updates(job.job_id):
            pass
    spans = job_spans(await eigen_system.api.list_job_events(job.job_id))
    named = {one.name: one for one in spans}
    parents = {name: next((p.name for p in spans if p.span_id == one.parent_id), "") for name, one in named.items()}
    assert job.trace_id == TRACE
    assert named[ROOT].parent_id == "c" * 16
    assert parents == {
        ROOT: "",
        **dict.fromkeys(("kernel.accept", "kernel.compile", "kernel.queue", "kernel.execute", "kernel.store"), ROOT),
        "compiler.compile": "kernel.compile",
        **{f"compiler.{one}": "compiler.compile" for one in ("parse", "check", "resolve", "lower", "canonical")},
        "driver.execute": "kernel.execute",
        **({"worker.start": parents["worker.start"]} if "worker.start" in parents else {}),
        "worker.run": "driver.execute",
        "worker.prepare": "worker.run",
    }
    assert len({one.span_id for one in spans}) == len(spans)
    for one in spans:
        parent = next((p for p in spans if p.span_id == one.parent_id and p.name != ROOT), None)
        outlasts = one.name == "worker.start"  # begun early, and not waited for
        assert parent is None or parent.start_us - CLOCKS_APART_US <= one.start_us <= one.end_us
        assert parent is None or outlasts or one.end_us <= parent.end_us + CLOCKS_APART_US


def test_otlp_has_ids_in_hexadecimal_and_long_numbers_as_text() -> None:
    one = span(
        "kernel.execute", 1, start=0, took=1, status="UNAVAILABLE", facts={"shots": 5, "lost": True, "x": "\x1b"}
    )
    document = to_otlp(TRACE, [one])
    (written,) = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert (written["traceId"], written["spanId"], written["parentSpanId"]) == (TRACE, one.span_id, ROOT_ID)
    assert written["startTimeUnixNano"] == str(NOON_US * 1000)
    assert written["status"] == {"code": 2, "message": "UNAVAILABLE"}
    assert written["attributes"] == [
        {"key": "eigen.shots", "value": {"intValue": "5"}},
        {"key": "eigen.lost", "value": {"boolValue": True}},
        {"key": "eigen.x", "value": {"stringValue": "\\x1b"}},
    ]
