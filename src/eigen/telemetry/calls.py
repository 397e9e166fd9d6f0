"""The one way in which a call through a port is timed, counted, logged and traced.

A wrapper says `with calls(op): …` around the call that it passes on; what a call says of itself beyond its outcome are
its facts: ids, names, digests and sizes. Results, errors and cancellation go through untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Any, Self

from structlog.typing import FilteringBoundLogger

from eigen.contracts.errors import EigenError, ErrorCode
from eigen.contracts.trace import OK, OpenSpan, status_of
from eigen.telemetry.logs import story_of
from eigen.telemetry.metrics import Metrics
from eigen.telemetry.spans import Spans

__all__ = ["Call", "Calls", "Instruments"]

_TROUBLE = frozenset({ErrorCode.INTERNAL.value, ErrorCode.UNAVAILABLE.value, ErrorCode.RESOURCE_EXHAUSTED.value})
"""How a call ended that is worth a line whichever call it was."""

_LEVELS = MappingProxyType({OK: "info", ErrorCode.CANCELLED.value: "info", ErrorCode.INTERNAL.value: "error"})
"""Level of a call's line by its status; of every other status it is a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What all observers of one system share.

    Attributes:
        metrics: Counts.
        log: The system's logger; each part binds its own `service`.
        write: Writes a line of one level; the short way past `log` for lines that every job has.
        spans: Gives spans to whoever takes them.
        monotonic: A clock that never goes back, in seconds.
    """

    metrics: Metrics
    log: FilteringBoundLogger
    write: Callable[[str, dict[str, Any]], None]
    spans: Spans
    monotonic: Callable[[], float]


class Call:
    """A call in progress; a context manager around it.

    Attributes:
        op: What was called.
        label: Whom it was for, such as a driver's name; empty where the port has but one callee.
        facts: What to say of it; ids (`job_id`, `trace_id`, `span_id`) join the line to its job.
        status: How it ended; `OK` until then.
        duration_sec: How long it took, on the monotonic clock.
    """

    __slots__ = ("_began", "_calls", "_span", "duration_sec", "facts", "label", "op", "status")

    def __init__(self, calls: Calls, *, op: str, label: str, facts: dict[str, Any]) -> None:
        self.op = op
        self.label = label
        self.facts = facts
        self.status = OK
        self.duration_sec = 0.0
        self._calls = calls
        self._span: OpenSpan | None = None
        self._began = 0.0

    def __enter__(self) -> Self:
        self._span = self._calls.span(self)
        if self._span is not None:
            self._span.__enter__()
        self._began = self._calls.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.duration_sec = self._calls.monotonic() - self._began
        self.status = status_of(error)
        self._calls.ended(self, error)
        if self._span is not None:
            self._span.__exit__(kind, error, traceback)


class Calls:
    """The calls through one port.

    Args:
        instruments: What the system's observers share.
        prefix: First part of the names of events and spans, as in `api.submit_job`.
        service: The part that speaks in the log's lines.
        count: Counts a call that has ended.
        logged: Ops of which every call is logged; of the others only those that ended in trouble.
        traced: Ops that are spans of the job that the running task works for.
        tells_defects: Whether an unexpected error's story is logged here, since nobody above does.
    """

    def __init__(
        self,
        instruments: Instruments,
        *,
        prefix: str,
        service: str,
        count: Callable[[Call], None],
        logged: frozenset[str] = frozenset(),
        traced: frozenset[str] = frozenset(),
        tells_defects: bool = False,
    ) -> None:
        self.monotonic = instruments.monotonic
        self._prefix = prefix
        self._write_line = instruments.write
        self._service = service
        self._count = count
        self._logged = logged
        self._traced = traced
        self._tells_defects = tells_defects

    def __call__(self, op: str, *, label: str = "", **facts: Any) -> Call:
        """Return a call, to be entered.

        Args:
            op: What is called.
            label: Whom it is for.
            facts: What to say of it.
        """
        return Call(self, op=op, label=label, facts=facts)

    def span(self, call: Call) -> OpenSpan | None:
        """Return a call's span, to be entered, where the op is traced."""
        return OpenSpan(f"{self._prefix}.{call.op}", call.facts) if call.op in self._traced else None

    def ended(self, call: Call, error: BaseException | None) -> None:
        """Count a call that has ended, and log it where that is due."""
        self._count(call)
        if call.op in self._logged or call.status in _TROUBLE:
            self._write(call, error)

    def _write(self, call: Call, error: BaseException | None) -> None:
        facts = {
            "service": self._service,
            "event": f"{self._prefix}.{call.op}",
            **call.facts,
            "duration_sec": round(call.duration_sec, 6),
        }
        if call.status != OK:
            facts["error"] = call.status
        if isinstance(error, EigenError):
            facts["reason"] = error.reason
        if self._tells_defects and error is not None and _is_defect(error):
            facts["traceback"] = story_of(error)
        self._write_line(_LEVELS.get(call.status, "warning"), facts)


def _is_defect(error: BaseException) -> bool:
    """Return whether an error is ours: not in the tree of errors, or one that hides such a one from the user."""
    if isinstance(error, EigenError):
        return error.code is ErrorCode.INTERNAL and error.__cause__ is not None
    return isinstance(error, Exception)
