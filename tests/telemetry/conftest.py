"""What the telemetry's tests share: a clock that ticks, a sink in memory, a tracer that records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, Status, TraceFlags, Tracer, TracerProvider

from eigen.contracts.jobs import JobRecord
from eigen.ports.clock import Clock
from eigen.telemetry.setup import Telemetry
from eigen.telemetry.sinks import MemorySink

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class TickingClock(Clock):
    """Every look at the monotonic clock finds it half a second later."""

    def __init__(self) -> None:
        self._sec = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._sec)

    def monotonic(self) -> float:
        self._sec += 0.5
        return self._sec

    def boot_id(self) -> str:
        return "boot"

    async def sleep_until(self, monotonic_sec: float) -> None:
        self._sec = max(self._sec, monotonic_sec)


class RecordedSpan(NonRecordingSpan):
    """A span that keeps what it is told."""

    def __init__(self, name: str, context: SpanContext, parent: SpanContext) -> None:
        super().__init__(context)
        self.name = name
        self.parent = parent
        self.attributes: dict[str, Any] = {}
        self.status: Status | None = None
        self.ended = False

    def is_recording(self) -> bool:
        return not self.ended

    def set_attributes(self, attributes: Any) -> None:
        self.attributes.update(attributes)

    def set_status(self, status: Any, description: str | None = None) -> None:
        self.status = status

    def end(self, end_time: int | None = None) -> None:
        self.ended = True


class RecordingProvider(TracerProvider, Tracer):
    """An SDK of OpenTelemetry as small as can be: numbered ids, spans kept in order."""

    def __init__(self) -> None:
        self.spans: list[RecordedSpan] = []

    def get_tracer(self, *names: Any, **options: Any) -> Tracer:
        return self

    def start_span(self, name: str, context: Context | None = None, *args: Any, **options: Any) -> Span:
        parent = trace.get_current_span(context).get_span_context()
        number = len(self.spans) + 1
        own = SpanContext(
            trace_id=parent.trace_id if parent.is_valid else 0xABC00 + number,
            span_id=number,
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
        self.spans.append(RecordedSpan(name, own, parent))
        return self.spans[-1]

    @contextmanager
    def start_as_current_span(self, name: str, *args: Any, **options: Any) -> Iterator[Span]:
        with trace.use_span(self.start_span(name), end_on_exit=True) as span:
            yield span


@pytest.fixture(scope="session")
def new_clock() -> type[Clock]:
    return TickingClock


@pytest.fixture
def clock() -> Clock:
    return TickingClock()


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def telemetry(sink: MemorySink, clock: Clock) -> Telemetry:
    return Telemetry(sink, clock=clock)


@pytest.fixture
def provider() -> RecordingProvider:
    return RecordingProvider()


@pytest.fixture
def record() -> JobRecord:
    return JobRecord(
        job_id="job_" + "0" * 26,
        name="bell",
        subject="ada",
        trace_id="a" * 32,
        span_id="b" * 16,
        event_seq=1,
        created_at=NOON,
        updated_at=NOON,
    )
