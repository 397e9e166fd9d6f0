"""`LoggedAudit`: every decision of the System API as one line of the log, event `audit`.

It needs no logging library, so that a look-up, which has no other telemetry, leaves its line too. What changes
something, and every refusal, is written before the caller has its answer; that somebody was allowed to look may gather
with others.
"""

from __future__ import annotations

from eigen.ports.audit import AuditLog, Decision
from eigen.ports.clock import Clock
from eigen.telemetry.lines import JsonLines
from eigen.telemetry.sinks import LogSink

__all__ = ["LoggedAudit"]


_LOOKS = ("get_", "list_", "stream_")


class LoggedAudit(AuditLog):
    """Writes decisions to a sink.

    Args:
        sink: Where lines go.
        clock: Gives their timestamps.
    """

    def __init__(self, sink: LogSink, *, clock: Clock) -> None:
        self._sink = sink
        self._lines = JsonLines(clock.now)

    def record(self, decision: Decision) -> None:
        """Write a decision; see the port."""
        facts = {
            "service": "system-api",
            "event": "audit",
            "trace_id": decision.trace_id,
            "span_id": "",
            "job_id": decision.job_id,
            **({"device_id": decision.device_id} if decision.device_id else {}),
            "decision": "allowed" if decision.allowed else "denied",
            "reason": decision.reason,
            "call": decision.call,
            "subject": decision.subject,
            "tenant": decision.tenant,
        }
        line = self._lines.line("info" if decision.allowed else "warning", facts)
        if decision.allowed and decision.call.startswith(_LOOKS):
            self._sink.write_soon(line)
        else:
            self._sink.write(line)
