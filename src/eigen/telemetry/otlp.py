"""A job's trace as OTLP/JSON, for any tool that reads OpenTelemetry's own file format.

Source: OTLP Specification 1.5, "JSON Protobuf Encoding" (https://opentelemetry.io/docs/specs/otlp/), and
`opentelemetry/proto/trace/v1/trace.proto`: ids are hexadecimal, 64-bit numbers are text. Pure; needs no SDK.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from eigen.contracts.printable import printable
from eigen.contracts.trace import OK, Span
from eigen.contracts.version import VERSION

__all__ = ["SERVICE_NAME", "to_otlp"]

SERVICE_NAME = "eigen-os"
"""What a resource is called where nobody gives it another name."""

_INTERNAL = 1
_STATUS_ERROR = 2


def to_otlp(trace_id: str, spans: Iterable[Span]) -> dict[str, Any]:
    """Return spans as an `ExportTraceServiceRequest`.

    Args:
        trace_id: The trace that they are in.
        spans: The spans.
    """
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes({"service.name": SERVICE_NAME, "service.version": VERSION})},
                "scopeSpans": [{"scope": {"name": "eigen"}, "spans": [_span(trace_id, one) for one in spans]}],
            }
        ]
    }


def _span(trace_id: str, span: Span) -> dict[str, Any]:
    parent = {"parentSpanId": span.parent_id} if span.parent_id else {}
    status = {"status": {"code": _STATUS_ERROR, "message": span.status}} if span.status != OK else {}
    links = {"links": [{"traceId": trace_id, "spanId": one} for one in span.links]} if span.links else {}
    return {
        "traceId": trace_id,
        "spanId": span.span_id,
        **parent,
        "name": span.name,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(span.start_us * 1000),
        "endTimeUnixNano": str(span.end_us * 1000),
        "attributes": _attributes({f"eigen.{name}": value for name, value in span.facts.items()}),
        **links,
        **status,
    }


def _attributes(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in facts.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": printable(str(value))}
