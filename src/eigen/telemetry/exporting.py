"""Export of spans to an OpenTelemetry collector, by OTLP over HTTP: the extra `otel`.

It is on where the standard variables ask for it, and nothing else configures it: `OTEL_TRACES_EXPORTER=otlp`, or an
endpoint in `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. The SDK reads all others itself
(headers, time limits, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, batches). A program that
has set up an SDK of its own keeps it.

Source: OpenTelemetry Specification 1.40, "Environment Variable Specification". A collector that is not there costs jobs
nothing: batches are made when jobs have ended and sent beside the event loop, and closing waits for `CLOSING_SEC` at
most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.lowlevel
from anyio.to_thread import run_sync
from opentelemetry import trace

from eigen.contracts.errors import FailedPreconditionError
from eigen.contracts.jobs import StoredEvent
from eigen.contracts.trace import OK, Span
from eigen.contracts.version import VERSION
from eigen.telemetry.job_trace import is_sampled, whole_trace
from eigen.telemetry.otlp import SERVICE_NAME
from eigen.telemetry.spans import attributes, remote

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext

__all__ = ["CLOSING_SEC", "Exporting", "is_wanted", "open_exporting"]

EndedTrace = tuple[str, tuple[StoredEvent, ...], tuple[Mapping[str, Any], ...]]
"""A trace, the events of its job, and the work that no event tells of."""

CLOSING_SEC = 5.0
"""Longest time that a system waits at its end for a collector."""

SEND_EVERY_SEC = 0.1
"""How long the trace of a job that has ended may wait for others."""

MAX_WAITING = 4096
"""Most traces that wait for a collector; then the oldest are lost."""

_AT_ONCE = 512

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"


def is_wanted(variables: Mapping[str, str]) -> bool:
    """Return whether the environment asks for spans to be exported.

    Args:
        variables: The environment.
    """
    if variables.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = variables.get("OTEL_TRACES_EXPORTER", "")
    return exporter == "otlp" or (not exporter and any(variables.get(name) for name in _ENDPOINTS))


def open_exporting(variables: Mapping[str, str]) -> Exporting | None:
    """Return the export that the environment asks for; None where it asks for none, or the program has an SDK.

    It loads the SDK, which takes some 0.2 s.

    Args:
        variables: The environment.

    Raises:
        FailedPreconditionError: The extra `otel` is not installed, or another protocol is asked for.
    """
    if not is_wanted(variables) or not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return None
    protocol = next((variables[name] for name in _PROTOCOLS if variables.get(name)), _HTTP)
    if protocol != _HTTP:
        raise FailedPreconditionError(
            f"spans cannot be exported by {protocol!a}", reason="OTLP_PROTOCOL", hint=f"set {_PROTOCOLS[1]}={_HTTP}"
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise FailedPreconditionError(
            "the environment asks for spans to be exported, and the OpenTelemetry SDK is not installed",
            reason="OTLP_MISSING",
            hint="pip install 'eigen-os[otel]', or unset OTEL_TRACES_EXPORTER and the OTLP endpoint",
        ) from error
    return Exporting(OTLPSpanExporter(), resource=_resource(variables))


class Exporting:
    """Sends the traces of one system's jobs when they have ended; an asynchronous context manager.

    A trace goes whole, with our own ids and times: spans are made for the exporter as they were, not opened and closed
    anew. Whether it goes is for the sampler to say, once, as for any root or remote parent.

    Args:
        exporter: Where spans go.
        resource: Whose spans they are.
    """

    def __init__(self, exporter: SpanExporter, *, resource: Resource) -> None:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._exporter = exporter
        self._resource = resource
        self._processor = BatchSpanProcessor(exporter)
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)  # reads the sampler's variables
        self._provider.add_span_processor(self._processor)
        self._ended: deque[EndedTrace] = deque(maxlen=MAX_WAITING)

    def take(self, trace_id: str, events: Sequence[StoredEvent], last: Sequence[Mapping[str, Any]]) -> None:
        """Take the trace of a job that has ended; it is sent in a moment, and the job does not wait for it.

        Args:
            trace_id: The trace.
            events: All events of the job, in order.
            last: Work that no event tells of, as JSON.
        """
        self._ended.append((trace_id, tuple(events), tuple(last)))

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._send_behind, name="export spans")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Send what is left; what a collector does not take in time is lost."""
        self._tasks.cancel_scope.cancel()
        try:
            await self._tasks.__aexit__(None, None, None)  # the caller's own error is not the export's
        finally:  # a task that asyncio has cancelled hears of it here once more
            await self._close()

    async def _close(self) -> None:
        with anyio.move_on_after(CLOSING_SEC, shield=True) as limit:
            await self._send()
            await run_sync(self._provider.shutdown, abandon_on_cancel=True)
        if limit.cancelled_caught:
            self._exporter.shutdown()  # ends the wait between tries, and so the threads that are left

    async def _send_behind(self) -> None:
        while True:
            await anyio.sleep(SEND_EVERY_SEC)
            await self._send()

    async def _send(self) -> None:
        """Send what waits, no more at once than the SDK's queue holds."""
        while self._ended:
            num_spans = 0
            while self._ended and num_spans < _AT_ONCE:
                for span in self._exported(*self._ended.popleft()):
                    self._processor.on_end(span)
                    num_spans += 1
                await anyio.lowlevel.checkpoint()
            await run_sync(self._processor.force_flush, abandon_on_cancel=True)

    def _exported(
        self, trace_id: str, events: Sequence[StoredEvent], last: Sequence[Mapping[str, Any]]
    ) -> Iterator[ReadableSpan]:
        """Yield a job's spans for the exporter; none where it is not sampled."""
        from opentelemetry.sdk.trace.sampling import Decision

        root, *others = whole_trace(events, last)
        parent = remote(trace_id, root.parent_id, is_sampled=is_sampled(events)) if root.parent_id else None
        above = trace.set_span_in_context(trace.NonRecordingSpan(parent)) if parent is not None else None
        found = self._provider.sampler.should_sample(above, int(trace_id, 16), root.name)
        if found.decision is Decision.RECORD_AND_SAMPLE:
            yield self._readable(trace_id, root, parent=parent, more=found.attributes)
            for one in others:
                yield self._readable(trace_id, one, parent=remote(trace_id, one.parent_id, is_sampled=True))

    def _readable(
        self, trace_id: str, span: Span, *, parent: SpanContext | None, more: Mapping[str, Any] = MappingProxyType({})
    ) -> ReadableSpan:
        from opentelemetry.sdk.trace import ReadableSpan

        return ReadableSpan(
            span.name,
            context=remote(trace_id, span.span_id, is_sampled=True),
            parent=parent,
            resource=self._resource,
            attributes={**attributes(span.facts), **more},
            links=[trace.Link(remote(trace_id, link, is_sampled=True)) for link in span.links],
            status=trace.Status(trace.StatusCode.ERROR, span.status) if span.status != OK else trace.Status(),
            start_time=span.start_us * 1000,
            end_time=span.end_us * 1000,
            instrumentation_scope=_scope(),
        )


def _resource(variables: Mapping[str, str]) -> Resource:
    from opentelemetry.sdk.resources import Resource

    is_named = variables.get("OTEL_SERVICE_NAME") or "service.name=" in variables.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return Resource.create({"service.version": VERSION, **({} if is_named else {"service.name": SERVICE_NAME})})


@cache
def _scope() -> InstrumentationScope:
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    return InstrumentationScope("eigen", VERSION)
