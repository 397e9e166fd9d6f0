"""Spans of OpenTelemetry, in the trace of the job that they belong to.

We only speak OpenTelemetry's API. Where no SDK is set up (the API alone gives ids of zero), nothing is opened and
nothing is paid for; what the environment asks to be exported then is `eigen.telemetry.exporting`'s.

This is for programs that have set up an SDK: the submission is a live span, so that it joins the caller's trace and is
the job's root. All else of a job is given to the SDK when the job has ended, from its events: whole, once, whichever
systems have worked for it, and equal to what `eigen trace` shows. The SDK gives its own ids, in the same trace and
order, and samples as it is told to: what is not sampled is kept with the job all the same.

Messages and tracebacks of errors never go into a span: they quote the user's values. Codes do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TracerProvider,
)

from eigen.contracts.printable import printable
from eigen.contracts.trace import OK, TraceContext, status_of
from eigen.contracts.trace import Span as RecordedSpan
from eigen.ports.clock import IdSource

__all__ = ["Spans", "TracedIds", "attributes", "remote"]


class _LiveSpan:
    """A span that is the current one of OpenTelemetry while it is open; its position is a job's while it is."""

    __slots__ = ("_facts", "_ours", "_span", "_token", "position")

    def __init__(self, span: Span, facts: Mapping[str, Any]) -> None:
        self._span = span
        self._facts = facts
        self._token: Token[Context] = otel.attach(trace.set_span_in_context(span))
        self.position: TraceContext | None = _position(span.get_span_context())
        self._ours = _live.set(self)

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.position = None  # tasks that were started inside go on with it
        _live.reset(self._ours)
        otel.detach(self._token)
        _tell(self._span, status=status_of(error), facts=self._facts)
        self._span.end()


_live: ContextVar[_LiveSpan | None] = ContextVar("eigen_live_span", default=None)


class Spans:
    """Opens spans.

    Args:
        provider: Where spans go; without one, the SDK that the user's program has set up, if it has.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer: Tracer | None = None

    def start(
        self, name: str, *, parent: TraceContext | None, facts: Mapping[str, Any]
    ) -> AbstractContextManager[None]:
        """Return an open span, to be entered at once; where no SDK is set up it does nothing.

        Args:
            name: Such as `api.submit_job`.
            parent: The caller's position in its trace; without one, whatever span the caller is in, else a new trace.
            facts: What to say of it when it ends; each becomes an attribute `eigen.<name>`.
        """
        tracer = self._tracer or self._found_tracer()
        if tracer is None:
            return nullcontext()
        return _LiveSpan(tracer.start_span(name, _below(parent) if parent is not None else None), facts)

    @property
    def are_taken(self) -> bool:
        """Whether an SDK is set up that takes spans."""
        return (self._tracer or self._found_tracer()) is not None

    def export(self, trace_id: str, spans: Sequence[RecordedSpan], *, is_sampled: bool = True) -> None:
        """Give spans that have ended to the SDK, as they were: their times, order and links.

        Args:
            trace_id: The trace that they are in.
            spans: The spans; parents and links that are not among them are spans elsewhere in the trace.
            is_sampled: Whether those are sampled; most samplers do as their parents do.
        """
        tracer = self._tracer or self._found_tracer()
        if tracer is None:
            return
        contexts: dict[str, SpanContext] = {}

        def found(span_id: str) -> SpanContext:
            return contexts.get(span_id) or remote(trace_id, span_id, is_sampled=is_sampled)

        for one in sorted(spans, key=lambda one: one.start_us):
            given = tracer.start_span(
                one.name,
                trace.set_span_in_context(NonRecordingSpan(found(one.parent_id))),
                links=[Link(found(link)) for link in one.links],
                start_time=one.start_us * 1000,
            )
            contexts[one.span_id] = given.get_span_context()
            _tell(given, status=one.status, facts=one.facts)
            given.end(end_time=one.end_us * 1000)

    def current(self) -> TraceContext | None:
        """Return where the running task is in a trace, if it is in a span of ours."""
        live = _live.get()
        return live.position if live is not None else None

    def _found_tracer(self) -> Tracer | None:
        provider = self._provider or trace.get_tracer_provider()
        if isinstance(provider, trace.ProxyTracerProvider):  # stands there until an SDK is set up
            return None
        self._tracer = provider.get_tracer("eigen")
        return self._tracer


class TracedIds(IdSource):
    """Ids of another source; traces are the SDK's where the program has set one up.

    So the span `api.submit_job`, within which the System API asks for a job's trace, is itself the root of the job's
    trace, and the parent of every span of the job.
    """

    def __init__(self, inner: IdSource, *, spans: Spans) -> None:
        self._inner = inner
        self._spans = spans

    def job_id(self, now: datetime) -> str:
        """Return the other source's job id."""
        return self._inner.job_id(now)

    def trace(self) -> TraceContext:
        """Return the span that the task is in, or the root of a new trace."""
        return self._spans.current() or self._inner.trace()

    def child_of(self, parent: TraceContext) -> TraceContext:
        """Return the span that the task is in where it is below the parent, or a new span in the parent's trace."""
        current = self._spans.current()
        if current is None or current.trace_id != parent.trace_id or current.span_id == parent.span_id:
            return self._inner.child_of(parent)
        return replace(current, parent_id=parent.span_id)

    def seed(self) -> int:
        """Return the other source's seed."""
        return self._inner.seed()


def _below(parent: TraceContext) -> Context:
    """Return the context of a parent: the span that the task is in where that has the same trace, else the parent."""
    current = trace.get_current_span()
    if trace.format_trace_id(current.get_span_context().trace_id) == parent.trace_id:
        return trace.set_span_in_context(current)
    return trace.set_span_in_context(
        NonRecordingSpan(remote(parent.trace_id, parent.span_id, is_sampled=parent.is_sampled))
    )


def remote(trace_id: str, span_id: str, *, is_sampled: bool) -> SpanContext:
    """Return the position of a span elsewhere."""
    return SpanContext(
        trace_id=int(trace_id, 16),
        span_id=int(span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED if is_sampled else TraceFlags.DEFAULT),
    )


def attributes(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of a span as OpenTelemetry's attributes; what those cannot be comes as text."""
    return {f"eigen.{name}": _attribute(value) for name, value in facts.items() if value is not None}


def _attribute(value: Any) -> str | int | float:
    return value if isinstance(value, int | float) else printable(str(value))


def _tell(span: Span, *, status: str, facts: Mapping[str, Any]) -> None:
    span.set_attributes(attributes(facts))
    if status != OK:
        span.set_status(Status(StatusCode.ERROR, status))


def _position(context: SpanContext) -> TraceContext:
    return TraceContext(
        trace_id=trace.format_trace_id(context.trace_id),
        span_id=trace.format_span_id(context.span_id),
        is_sampled=context.trace_flags.sampled,
    )
