"""Spans of OpenTelemetry, in the trace of the job that they belong to.

We only speak OpenTelemetry's API. Where the user's program has set up an SDK, our spans go to it and join the job's
trace; where none is set up (the API alone gives ids of zero), nothing is opened and nothing is paid for. The trace
context rides on the job record, not on context variables, which a long-lived task does not share with its caller: so
the parent of a span is given, as the remote parent that OpenTelemetry knows from other processes.

Messages and tracebacks of errors never go into a span: they quote the user's values. Codes do.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Token
from datetime import datetime
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
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
from eigen.contracts.trace import TraceContext
from eigen.ports.clock import IdSource

__all__ = ["OpenSpan", "Spans", "TracedIds"]


class OpenSpan:
    """A span that has begun, and is the current one until it ends; it ends in the task that began it."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token: Token[Context] = otel.attach(trace.set_span_in_context(span))

    def end(self, *, status: str, facts: Mapping[str, Any]) -> None:
        """End the span.

        Args:
            status: `OK` or an error's code.
            facts: What to say about it; each becomes an attribute `eigen.<name>`.
        """
        otel.detach(self._token)
        for name, value in facts.items():
            if value is not None:
                self._span.set_attribute(f"eigen.{name}", printable(value) if isinstance(value, str) else value)
        if status != "OK":
            self._span.set_status(Status(StatusCode.ERROR, status))
        self._span.end()


class Spans:
    """Opens spans.

    Args:
        provider: Where spans go; without one, the SDK that the user's program has set up, if it has.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer: Tracer | None = None

    def start(self, name: str, *, parent: TraceContext | None) -> OpenSpan | None:
        """Begin a span, or return None where no SDK is set up.

        Args:
            name: Such as `compiler.compile`.
            parent: The position in the job's trace; without one, whatever span the caller is in, else a new trace.
        """
        tracer = self._tracer or self._found_tracer()
        if tracer is None:
            return None
        return OpenSpan(tracer.start_span(name, _below(parent) if parent is not None else None))

    def current(self) -> TraceContext | None:
        """Return where the running task is in a recorded trace, if it is in one."""
        span = trace.get_current_span()
        if not span.is_recording():
            return None
        return _position(span.get_span_context())

    def _found_tracer(self) -> Tracer | None:
        provider = self._provider or trace.get_tracer_provider()
        if isinstance(provider, trace.ProxyTracerProvider):  # stands there until an SDK is set up
            return None
        self._tracer = provider.get_tracer("eigen")
        return self._tracer


class TracedIds(IdSource):
    """Ids of another source; traces are the recorded ones where an SDK records.

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
        """Return the current recorded span, or the root of a new trace."""
        return self._spans.current() or self._inner.trace()

    def child_of(self, parent: TraceContext) -> TraceContext:
        """Return the current recorded span where it is below the parent, or a new span in the parent's trace."""
        current = self._spans.current()
        if current is None or current.trace_id != parent.trace_id or current.span_id == parent.span_id:
            return self._inner.child_of(parent)
        return current

    def seed(self) -> int:
        """Return the other source's seed."""
        return self._inner.seed()


def _below(parent: TraceContext) -> Context:
    """Return the context of a parent: the span that the task is in where that has the same trace, else the parent."""
    current = trace.get_current_span()
    if current.is_recording() and _position(current.get_span_context()).trace_id == parent.trace_id:
        return trace.set_span_in_context(current)
    remote = SpanContext(
        trace_id=int(parent.trace_id, 16),
        span_id=int(parent.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(NonRecordingSpan(remote))


def _position(context: SpanContext) -> TraceContext:
    return TraceContext(trace_id=trace.format_trace_id(context.trace_id), span_id=trace.format_span_id(context.span_id))
