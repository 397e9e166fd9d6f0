"""One event, one line of JSON, with the same fields in the same order on every line.

`timestamp level service trace_id span_id job_id event`, then `device_id`, `stage`, `error` and what the event adds. A
line that belongs to no job has empty ids. Contract "Telemetry"; seed section 5, "Logging".

Text from outside is made printable here, whoever writes the line, and every line is bounded. No logging library is
needed for it: a look-up that only leaves its audit line loads none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from json import JSONEncoder
from typing import Any

from eigen.contracts.printable import printable
from eigen.contracts.trace import current_job
from eigen.contracts.wire import format_time

__all__ = ["MAX_LINE_BYTES", "MAX_TEXT", "MAX_TRACEBACK", "JsonLines"]

MAX_LINE_BYTES = 32 * 1024
"""A longer line keeps its first fields, and says how long it was."""

MAX_TEXT = 200
"""Longest text of a field, in characters."""

MAX_TRACEBACK = 12_000
"""Longest traceback, in characters; of a longer one the end is kept."""

_SHORT_LINE = 1024
_CORRELATION = ("trace_id", "span_id", "job_id")
_FIXED = ("timestamp", "level", "service", *_CORRELATION, "event")


class JsonLines:
    """An event's facts in, a line out.

    Most lines are short and plain ASCII once they are encoded, which is seen in one look at the whole line; only the
    others are gone through field by field.

    Args:
        now: The wall clock, for timestamps.
    """

    __slots__ = ("_encode", "_now")

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._encode = JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str).encode

    def line(self, level: str, facts: MutableMapping[str, Any]) -> bytes:
        """Return the line of an event, with its line feed.

        Args:
            level: How serious it is.
            facts: `service`, `event`, and whatever the event says; used up.
        """
        fields = {
            "timestamp": format_time(self._now()),
            "level": level,
            "service": facts.pop("service"),
            **_correlation(facts),
            "event": facts.pop("event"),
        }
        for name, value in facts.items():
            if value is not None and name not in fields:
                fields[name] = value
        try:
            line = self._encode(fields)
        except ValueError:  # a number that is not finite
            return self._gone_through(fields)
        if len(line) <= _SHORT_LINE and line.isascii() and line.isprintable() and "\\" not in line:
            return line.encode() + b"\n"
        return self._gone_through(fields)

    def _gone_through(self, fields: dict[str, Any]) -> bytes:
        line = self._encode({name: _plain(value, name) for name, value in fields.items()}).encode() + b"\n"
        if len(line) <= MAX_LINE_BYTES:
            return line
        kept = {name: _plain(fields[name], name) for name in _FIXED}
        return self._encode({**kept, "cut_bytes": len(line)}).encode() + b"\n"


def _correlation(facts: MutableMapping[str, Any]) -> dict[str, str]:
    """Take the ids out of an event's facts; what they leave open comes from the job that the task works for."""
    job = current_job()
    if job is None or facts.get("job_id", job.job_id) != job.job_id:
        return {name: facts.pop(name, "") for name in _CORRELATION}
    return {
        "trace_id": facts.pop("trace_id", job.trace_id),
        "span_id": facts.pop("span_id", job.span_id),
        "job_id": facts.pop("job_id", job.job_id),
    }


def _plain(value: Any, name: str) -> Any:
    """Return a JSON value that is safe to show; what JSON does not know comes as text."""
    if isinstance(value, Mapping):
        return {printable(str(key), limit=MAX_TEXT): _plain(one, "") for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, "") for one in value]
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if name == "traceback":  # its end says what happened
        return printable(str(value)[-MAX_TRACEBACK:], limit=MAX_TRACEBACK, keep="\n")
    return printable(str(value), limit=MAX_TEXT)
