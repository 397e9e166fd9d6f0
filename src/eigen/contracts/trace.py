"""W3C trace context, and which job the running task works for.

Source: W3C Trace Context, Level 1, https://www.w3.org/TR/trace-context/ (the `traceparent` header). OpenTelemetry's API
without an SDK gives ids of zero, and a long-lived task does not see its caller's context variables: so the trace
context rides on the job record, and the kernel binds it anew in every task that it starts for a job.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["JobTrace", "TraceContext", "current_job", "working_for"]

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceContext:
    """A position in a trace.

    Attributes:
        trace_id: 32 lower-case hexadecimal digits, not all zero.
        span_id: 16 lower-case hexadecimal digits, not all zero.
    """

    trace_id: str
    span_id: str

    @property
    def traceparent(self) -> str:
        """The `traceparent` header's value, sampled."""
        return f"00-{self.trace_id}-{self.span_id}-01"

    @staticmethod
    def parse(traceparent: str) -> TraceContext:
        """Return the context of a `traceparent` header.

        Raises:
            InvalidArgumentError: Not a version 00 `traceparent`.
        """
        found = _TRACEPARENT.fullmatch(traceparent)
        if found is None or set(found[1]) == {"0"} or set(found[2]) == {"0"}:
            raise InvalidArgumentError(
                f"{quoted(traceparent)} is not a W3C traceparent",
                reason="TRACEPARENT",
                hint="write 00-<32 hex digits>-<16 hex digits>-01",
            )
        return TraceContext(trace_id=found[1], span_id=found[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTrace:
    """The job that a task works for, and where in its trace it is."""

    job_id: str
    context: TraceContext


_current: ContextVar[JobTrace | None] = ContextVar("eigen_job_trace", default=None)


def current_job() -> JobTrace | None:
    """Return the job that the running task works for, if it does."""
    return _current.get()


@contextmanager
def working_for(job_id: str, context: TraceContext) -> Iterator[None]:
    """Mark everything inside as work for a job."""
    token = _current.set(JobTrace(job_id=job_id, context=context))
    try:
        yield
    finally:
        _current.reset(token)
