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
from functools import lru_cache
from json import JSONEncoder
from types import MappingProxyType
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
_LARGEST_BITS = 128
_CORRELATION = ("trace_id", "span_id", "job_id")
_FIXED = ("timestamp", "level", "service", *_CORRELATION, "event")
_PLAIN: Mapping[type, str] = MappingProxyType({str: '"%s"', int: "%d", float: "%r"})


class JsonLines:
    """An event's facts in, a line out.

    Most lines are short and plain ASCII, and of some dozen shapes. Those are filled into the template of their shape,
    and one look at the whole line shows whether a value had anything to escape; the others are gone through field by
    field.

    Args:
        now: The wall clock, for timestamps.
    """

    __slots__ = ("_encode", "_now", "_second", "_second_text")

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._second, self._second_text = -1, ""
        self._encode = JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str).encode

    def line(self, level: str, facts: MutableMapping[str, Any]) -> bytes:
        """Return the line of an event, with its line feed.

        Args:
            level: How serious it is.
            facts: `service`, `event`, and whatever the event says; used up.
        """
        ids = _correlation(facts)
        values = [self._timestamp(), level, facts.pop("service"), *ids, facts.pop("event")]
        names = list(_FIXED)
        for name, value in facts.items():
            if value is not None:
                names.append(name)
                values.append(value)
        return _filled(names, values) or self._gone_through(names, values)

    def _timestamp(self) -> str:
        """Return the time; most lines are written in the same second as the one before."""
        now = self._now()
        second = int(now.timestamp())
        if second != self._second:
            self._second, self._second_text = second, format_time(now)[:-7]
        return f"{self._second_text}{now.microsecond:06}Z"

    def _gone_through(self, names: list[str], values: list[Any]) -> bytes:
        fields: dict[str, Any] = {}
        for name, value in zip(names, values, strict=True):
            fields.setdefault(name, _plain(value, name))  # what an event says does not stand above what is fixed
        line = self._encode(fields).encode() + b"\n"
        if len(line) <= MAX_LINE_BYTES:
            return line
        kept = {name: fields[name] for name in _FIXED}
        return self._encode({**kept, "cut_bytes": len(line)}).encode() + b"\n"


def _filled(names: list[str], values: list[Any]) -> bytes:
    """Return a line whose values need nothing done to them, or nothing."""
    template, num_quotes, numbers = _template(tuple(names), tuple(map(type, values)))
    if not template or not all(math.isfinite(values[index]) for index in numbers):
        return b""
    try:
        line = template % tuple(values)
    except ValueError:  # an integer of thousands of digits
        return b""
    is_plain = line.isascii() and line.isprintable() and "\\" not in line and line.count('"') == num_quotes
    return line.encode() + b"\n" if is_plain and len(line) <= _SHORT_LINE else b""


@lru_cache(maxsize=512)
def _template(names: tuple[str, ...], kinds: tuple[type, ...]) -> tuple[str, int, tuple[int, ...]]:
    """Return what the values of one shape of line are filled into, its quotation marks, and which values are floats."""
    if len(set(names)) < len(names) or not all(map(str.isidentifier, names)) or not _PLAIN.keys() >= set(kinds):
        return "", 0, ()
    fields = (f'"{name}":{_PLAIN[kind]}' for name, kind in zip(names, kinds, strict=True))
    template = f"{{{','.join(fields)}}}"
    return template, template.count('"'), tuple(index for index, kind in enumerate(kinds) if kind is float)


def _correlation(facts: MutableMapping[str, Any]) -> tuple[str, str, str]:
    """Take the ids out of an event's facts; what they leave open comes from the job that the task works for."""
    job = current_job()
    if job is None or facts.get("job_id", job.job_id) != job.job_id:
        return facts.pop("trace_id", ""), facts.pop("span_id", ""), facts.pop("job_id", "")
    return (
        facts.pop("trace_id", job.trace_id),
        facts.pop("span_id", job.span_id),
        facts.pop("job_id", job.job_id),
    )


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
