"""Spans: in the job's trace, and nothing at all where nobody records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry import trace

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.trace import Span, TraceContext
from eigen.ports.clock import IdSource
from eigen.telemetry.spans import Spans, TracedIds

PARENT = TraceContext(trace_id="a" * 32, span_id="b" * 16)


class CountedIds(IdSource):
    def job_id(self, now: datetime) -> str:
        return f"job_{now.year}"

    def trace(self) -> TraceContext:
        return TraceContext(trace_id="1" * 32, span_id="2" * 16)

    def child_of(self, parent: TraceContext) -> TraceContext:
        return TraceContext(trace_id=parent.trace_id, span_id="3" * 16)

    def seed(self) -> int:
        return 7


def test_without_an_sdk_there_is_no_span() -> None:
    spans = Spans()
    with spans.start("api.submit_job", parent=PARENT, facts={}):
        assert spans.current() is None
    assert not spans.are_taken


def test_a_span_is_the_remote_child_of_the_callers_position(provider: Any) -> None:
    with Spans(provider).start("api.submit_job", parent=PARENT, facts={}):
        pass
    (recorded,) = provider.spans
    assert recorded.name == "api.submit_job"
    assert trace.format_trace_id(recorded.parent.trace_id) == PARENT.trace_id
    assert trace.format_span_id(recorded.parent.span_id) == PARENT.span_id
    assert recorded.parent.is_remote
    assert recorded.parent.trace_flags.sampled
    assert recorded.ended
    assert recorded.status is None


def test_a_span_within_a_span_of_the_same_trace_is_its_child(provider: Any) -> None:
    spans = Spans(provider)
    with (
        spans.start("outer", parent=PARENT, facts={}),
        spans.start("api.submit_job", parent=PARENT, facts={}),
    ):
        pass
    assert provider.spans[1].parent == provider.spans[0].get_span_context()


def test_a_span_of_another_trace_is_no_parent(provider: Any) -> None:
    """A task may have been started within the span of something that it has nothing to do with."""
    spans = Spans(provider)
    with (
        spans.start("outer", parent=TraceContext(trace_id="c" * 32, span_id="d" * 16), facts={}),
        spans.start("api.submit_job", parent=PARENT, facts={}),
    ):
        pass
    assert trace.format_trace_id(provider.spans[1].parent.trace_id) == PARENT.trace_id


def test_when_a_span_ends_the_one_around_it_is_current_again(provider: Any) -> None:
    spans = Spans(provider)
    before = trace.get_current_span()
    with spans.start("api.submit_job", parent=PARENT, facts={}):
        assert trace.get_current_span() is provider.spans[0]
    assert trace.get_current_span() is before


def test_facts_are_attributes_and_a_failure_gives_its_code_only(provider: Any) -> None:
    facts = {"job_id": "job\x1b", "source_bytes": 12, "device_id": None}
    with (
        pytest.raises(InvalidArgumentError),
        Spans(provider).start("api.submit_job", parent=PARENT, facts=facts),
    ):
        raise InvalidArgumentError("a secret")
    (recorded,) = provider.spans
    assert recorded.attributes == {"eigen.job_id": "job\\x1b", "eigen.source_bytes": 12}
    assert recorded.status.status_code is trace.StatusCode.ERROR
    assert recorded.status.description == "INVALID_ARGUMENT"


def test_spans_that_have_ended_are_exported_below_their_parents(provider: Any) -> None:
    inner = Span(name="worker.run", span_id="2" * 16, parent_id="1" * 16, start_us=2, duration_us=1, facts={"pid": 7})
    outer = Span(name="kernel.execute", span_id="1" * 16, parent_id="b" * 16, start_us=1, duration_us=3)
    Spans(provider).export(PARENT.trace_id, [inner, outer])
    first, second = provider.spans
    assert (first.name, second.name) == ("kernel.execute", "worker.run")
    assert trace.format_span_id(first.parent.span_id) == PARENT.span_id
    assert second.parent == first.get_span_context()
    assert second.attributes == {"eigen.pid": 7}
    assert first.ended and second.ended


def test_ids_are_the_sources_own_where_nobody_records() -> None:
    ids = TracedIds(CountedIds(), spans=Spans())
    assert ids.trace() == CountedIds().trace()
    assert ids.child_of(PARENT) == CountedIds().child_of(PARENT)
    assert (ids.job_id(datetime(2026, 1, 2, tzinfo=UTC)), ids.seed()) == ("job_2026", 7)


def test_a_jobs_trace_is_the_span_that_it_is_submitted_in(provider: Any) -> None:
    spans = Spans(provider)
    ids = TracedIds(CountedIds(), spans=spans)
    with spans.start("api.submit_job", parent=None, facts={}):
        position = ids.trace()
        assert int(position.trace_id, 16) == provider.spans[0].get_span_context().trace_id
        assert int(position.span_id, 16) == provider.spans[0].get_span_context().span_id
        assert ids.child_of(position) == CountedIds().child_of(position)
        assert ids.child_of(PARENT) == CountedIds().child_of(PARENT)
    assert ids.trace() == CountedIds().trace()


def test_a_callers_trace_goes_on_through_the_span_of_the_submission(provider: Any) -> None:
    spans = Spans(provider)
    with spans.start("api.submit_job", parent=PARENT, facts={}):
        child = TracedIds(CountedIds(), spans=spans).child_of(PARENT)
    assert (child.trace_id, child.parent_id) == (PARENT.trace_id, PARENT.span_id)
    assert child.trace_id == PARENT.trace_id
    assert int(child.span_id, 16) == provider.spans[0].get_span_context().span_id
