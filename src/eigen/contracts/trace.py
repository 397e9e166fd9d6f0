"""W3C trace context, which job the running task works for, and what its work has taken.

Source: W3C Trace Context, Level 1, https://www.w3.org/TR/trace-context/ (the `traceparent` header). OpenTelemetry's API
without an SDK gives ids of zero, and a long-lived task does not see its caller's context variables: so the trace
context rides on the job record, and the kernel binds it anew in every task that it starts for a job.

Spans are gathered where the work is done, whoever does it, and cost nothing where nobody works for a job: `with
span("compiler.parse"): …`. The kernel keeps them with the job's events; worker processes send theirs with the answer.
They are gathered as the JSON that they are kept and sent as, since every job has a dozen and few are ever read: `Span`
is for whoever reads them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Self

from eigen.contracts.errors import EigenError, ErrorCode, InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = [
    "MAX_SPANS",
    "OK",
    "JobTrace",
    "OpenSpan",
    "Recorder",
    "Span",
    "TraceContext",
    "Working",
    "current_job",
    "span",
    "status_of",
    "working_for",
]

OK = "OK"
"""Status of work that succeeded; the others are the codes of errors."""

MAX_SPANS = 256
"""Most spans that one recorder keeps: a job's events stay small, whatever it does."""

_MASK = 2**64 - 1
_SAMPLED = 0x01

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceContext:
    """A position in a trace.

    Attributes:
        trace_id: 32 lower-case hexadecimal digits, not all zero.
        span_id: 16 lower-case hexadecimal digits, not all zero.
        parent_id: The span that it was made below; empty for a root, and where it is not known.
        is_sampled: Whether whoever began the trace wants it exported; it is kept with the job either way.
    """

    trace_id: str
    span_id: str
    parent_id: str = ""
    is_sampled: bool = True

    @property
    def traceparent(self) -> str:
        """The `traceparent` header's value."""
        return f"00-{self.trace_id}-{self.span_id}-{_SAMPLED if self.is_sampled else 0:02x}"

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
        return TraceContext(trace_id=found[1], span_id=found[2], is_sampled=bool(int(found[3], 16) & _SAMPLED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Some work that has ended.

    Attributes:
        name: What was done, such as `compiler.parse`.
        span_id: 16 lower-case hexadecimal digits.
        parent_id: The span that it was a part of; empty for none.
        start_us: When it began, microseconds since 1970 UTC; a number that JSON carries exactly everywhere.
        duration_us: How long it took, on a clock that never goes back.
        status: `OK` or an error's code.
        facts: What else to say of it: ids, names, digests, sizes; never a message or a value of the user's.
        links: Spans that it goes on from without being a part of them: an attempt that was lost, or that failed.
    """

    name: str
    span_id: str
    parent_id: str
    start_us: int
    duration_us: int
    status: str = OK
    facts: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[str, ...] = ()

    @property
    def end_us(self) -> int:
        """When it ended, as `start_us`."""
        return self.start_us + self.duration_us


class Recorder:
    """Gathers spans, from several threads where need be.

    Args:
        start_us: The wall clock's time now, microseconds since 1970 UTC.
        monotonic: A clock that never goes back, in seconds.
        first_id: Id of the first span; the others are numbered on from it.

    Attributes:
        spans: Those that have ended, in this order, each as JSON: what `from_json(Span, …)` reads.
    """

    __slots__ = ("_ids", "_monotonic", "_offset_sec", "spans")

    def __init__(self, *, start_us: int, monotonic: Callable[[], float], first_id: str) -> None:
        self.spans: list[Mapping[str, Any]] = []
        self._monotonic = monotonic
        self._offset_sec = start_us / 1e6 - monotonic()
        self._ids = count(int(first_id, 16))

    def new_id(self) -> str:
        """Return the id of a new span."""
        return f"{next(self._ids) & _MASK or 1:016x}"

    def add(self, *ended: Mapping[str, Any]) -> None:
        """Keep spans that have ended; beyond `MAX_SPANS` none."""
        self.spans += ended[: max(0, MAX_SPANS - len(self.spans))]

    def take(self) -> list[Mapping[str, Any]]:
        """Return the spans that it has, and begin anew."""
        taken, self.spans = self.spans, []
        return taken

    def now_sec(self) -> float:
        """Return the time, seconds since 1970 UTC, by the clock that never goes back."""
        return self._offset_sec + self._monotonic()


@dataclass(slots=True)  # not frozen, which costs three times as much to make: there is one for each span
class JobTrace:
    """The job that a task works for, where in its trace it is, and who gathers its spans, if anybody does."""

    job_id: str
    trace_id: str
    span_id: str
    recorder: Recorder | None = None


_current: ContextVar[JobTrace | None] = ContextVar("eigen_job_trace", default=None)


def current_job() -> JobTrace | None:
    """Return the job that the running task works for, if it does."""
    return _current.get()


def working_for(job_id: str, context: TraceContext, recorder: Recorder | None = None) -> Working:
    """Return a context manager that marks everything inside as work for a job.

    Args:
        job_id: The job.
        context: Where in its trace the work is.
        recorder: Who gathers the spans.
    """
    return Working(JobTrace(job_id, context.trace_id, context.span_id, recorder))


class Working:
    """Work for a job; a context manager around it."""

    __slots__ = ("_job", "_token")

    def __init__(self, job: JobTrace) -> None:
        self._job = job

    def __enter__(self) -> None:
        self._token: Token[JobTrace | None] = _current.set(self._job)

    def __exit__(self, *raised: object) -> None:
        _current.reset(self._token)


def span(name: str, **facts: Any) -> OpenSpan:
    """Return a span, to be entered; where nobody gathers spans it does nothing.

    Everything inside is a part of it, also in threads that are started there.

    Args:
        name: What is done.
        facts: What to say of it, JSON values; more may be put into the open span's `facts`.
    """
    return OpenSpan(name, facts)


class OpenSpan:
    """Work in progress; a context manager around it.

    Attributes:
        facts: What to say of it, JSON values.
    """

    __slots__ = ("_began_sec", "_inner", "_name", "_outer", "_token", "facts")

    def __init__(self, name: str, facts: dict[str, Any]) -> None:
        self._name = name
        self.facts = facts
        self._outer: JobTrace | None = None

    def __enter__(self) -> Self:
        outer = _current.get()
        if outer is None or outer.recorder is None:
            return self
        recorder = outer.recorder
        self._outer = outer
        self._inner = JobTrace(outer.job_id, outer.trace_id, recorder.new_id(), recorder)
        self._token: Token[JobTrace | None] = _current.set(self._inner)
        self._began_sec = recorder.now_sec()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        outer = self._outer
        if outer is None or outer.recorder is None:
            return
        _current.reset(self._token)
        ended_sec = outer.recorder.now_sec()
        outer.recorder.add(
            {
                "name": self._name,
                "span_id": self._inner.span_id,
                "parent_id": outer.span_id,
                "start_us": round(self._began_sec * 1e6),
                "duration_us": round((ended_sec - self._began_sec) * 1e6),
                "status": status_of(error),
                "facts": self.facts,
            }
        )


def status_of(error: BaseException | None) -> str:
    """Return how work ended: `OK`, the error's code, `CANCELLED` for abandoned work, `INTERNAL` for a defect."""
    if error is None or isinstance(error, GeneratorExit):  # a reader may leave a stream whenever it has seen enough
        return OK
    if isinstance(error, EigenError):
        return error.code.value
    return ErrorCode.INTERNAL.value if isinstance(error, Exception) else ErrorCode.CANCELLED.value
