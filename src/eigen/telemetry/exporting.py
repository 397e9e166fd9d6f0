"""Export of spans to an OpenTelemetry collector, by OTLP over HTTP: the extra `otel`.

It is on where the standard variables ask for it, and nothing else configures it: `OTEL_TRACES_EXPORTER=otlp`, or an
endpoint in `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. The SDK reads all others itself
(headers, time limits, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, samplers, batches). A program that has set up an
SDK of its own keeps it.

Source: OpenTelemetry Specification 1.40, "Environment Variable Specification". A collector that is not there costs jobs
nothing: batches are sent by a thread of the SDK's, and closing waits for `CLOSING_SEC` at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from anyio.to_thread import run_sync
from opentelemetry import trace

from eigen.contracts.errors import FailedPreconditionError
from eigen.contracts.version import VERSION
from eigen.telemetry.otlp import SERVICE_NAME
from eigen.telemetry.spans import exported_id

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.sdk.trace.id_generator import IdGenerator

__all__ = ["CLOSING_SEC", "Exporting", "is_wanted", "open_exporting"]

CLOSING_SEC = 5.0
"""Longest time that a system waits at its end for a collector."""

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
    """An SDK of one system, whose spans have the ids that we give them; an asynchronous context manager.

    Args:
        exporter: Where spans go.
        resource: Whose spans they are.

    Attributes:
        provider: Takes spans.
    """

    def __init__(self, exporter: SpanExporter, *, resource: Resource) -> None:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._exporter = exporter
        self.provider: TracerProvider = TracerProvider(
            resource=resource, id_generator=_id_generator(), shutdown_on_exit=False
        )
        self.provider.add_span_processor(BatchSpanProcessor(exporter))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Send what is left; what a collector does not take in time is lost."""
        with anyio.move_on_after(CLOSING_SEC, shield=True) as limit:
            await run_sync(self.provider.shutdown, abandon_on_cancel=True)
        if limit.cancelled_caught:
            self._exporter.shutdown()  # ends the wait between tries, and so the threads that are left


def _resource(variables: Mapping[str, str]) -> Resource:
    from opentelemetry.sdk.resources import Resource

    is_named = variables.get("OTEL_SERVICE_NAME") or "service.name=" in variables.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return Resource.create({"service.version": VERSION, **({} if is_named else {"service.name": SERVICE_NAME})})


def _id_generator() -> IdGenerator:
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class OurIds(RandomIdGenerator):
        def generate_span_id(self) -> int:
            return int(exported_id() or "0", 16) or super().generate_span_id()

    return OurIds()
