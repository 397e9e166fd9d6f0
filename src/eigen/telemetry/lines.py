"""One event, one line of JSON, with the same fields in the same order on every line.

`timestamp level service trace_id span_id job_id event`, then `device_id`, `stage`, `error` and what the event adds. A
line that belongs to no job has empty ids. Contract "Telemetry"; seed section 5, "Logging".

Text from outside is made printable here, whoever writes the line, and every line is bounded. No logging library is
needed for it: a look-up that only leaves its audit line loads none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import orjson

from eigen.contracts.printable import printable
from eigen.contracts.trace import current_job
from eigen.contracts.wire import written_time

__all__ = ["MAX_LINE_BYTES", "MAX_TEXT", "MAX_TRACEBACK", "JsonLines"]

MAX_LINE_BYTES = 32 * 1024
"""A longer line keeps its first fields, and says how long it was."""

MAX_TEXT = 200
"""Longest text of a field, in characters."""

MAX_TRACEBACK = 12_000
"""Longest traceback, in characters; of a longer one the end is kept."""

_SHORT_LINE = 1024
_LARGEST_BITS = 63
_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_FIXED = ("timestamp", "level", "service", "trace_id", "span_id", "job_id", "event")
_IDS = frozenset({"trace_id", "span_id", "job_id"})
_BLANK: Mapping[str, Any] = MappingProxyType(dict.fromkeys(_FIXED, ""))
_NONE: Mapping[str, str] = MappingProxyType({})


class JsonLines:
    """An event's facts in, a line out.

    Most lines are short and plain ASCII once they are encoded, which is seen in one look at the whole line; only the
    others are gone through field by field.

    Args:
        now: The wall clock, for timestamps.
    """

    __slots__ = ("_now",)

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def line(self, level: str, facts: Mapping[str, Any]) -> bytes:
        """Return the line of an event, with its line feed.

        Args:
            level: How serious it is.
            facts: `service`, `event`, and whatever the event says; ids in it stand above the task's.
        """
        if None in facts.values():
            facts = {name: value for name, value in facts.items() if value is not None}
        known = _NONE if facts.keys() >= _IDS else _ids(facts.get("job_id"))
        fields = {**_BLANK, **known, **facts}  # what is there already keeps its place
        fields["timestamp"], fields["level"] = written_time(self._now()), level
        try:
            line = orjson.dumps(fields, default=str, option=_OPTIONS)
        except TypeError:  # an integer of more than 64 bits, a lone surrogate
            return _gone_through(fields)
        return line if len(line) <= _SHORT_LINE and _is_plain(line) else _gone_through(fields)


def _is_plain(line: bytes) -> bool:
    """Return whether a line has nothing to escape, and no number that is not finite: those are written as null."""
    return line.isascii() and b"\\" not in line and b"\x7f" not in line and b":null" not in line


def _gone_through(fields: Mapping[str, Any]) -> bytes:
    plain = {name: _plain(value, name) for name, value in fields.items()}
    line = orjson.dumps(plain, option=_OPTIONS)
    if len(line) <= MAX_LINE_BYTES:
        return line
    kept = {name: plain[name] for name in _FIXED}
    return orjson.dumps({**kept, "cut_bytes": len(line)}, option=_OPTIONS)


def _ids(job_id: str | None) -> Mapping[str, str]:
    """Return the trace, the span and the job that the task works for; nothing where it is another job's or none."""
    job = current_job()
    if job is None or (job_id is not None and job_id != job.job_id):
        return _NONE
    return {"trace_id": job.trace_id, "span_id": job.span_id, "job_id": job.job_id}


def _plain(value: Any, name: str) -> Any:
    """Return a JSON value that is safe to show; what JSON does not know comes as text."""
    if isinstance(value, Mapping):
        return {printable(str(key), limit=MAX_TEXT): _plain(one, "") for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, "") for one in value]
    if isinstance(value, int):
        return value if value.bit_length() <= _LARGEST_BITS else f"an integer of {value.bit_length()} bits"
    if isinstance(value, float) and math.isfinite(value):
        return value
    if name == "traceback":  # its end says what happened
        return printable(str(value)[-MAX_TRACEBACK:], limit=MAX_TRACEBACK, keep="\n")
    return printable(str(value), limit=MAX_TEXT)
