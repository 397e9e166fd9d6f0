"""The log of a running system: `eigen.telemetry.lines` says how a line looks.

structlog carries it, with a logger of our own for each system: nothing is configured globally, and the standard
library's logging is left alone, both belong to the program that embeds us.

Rules:
- Never logged: inputs, program text, job files, unknown keys, messages of errors (they quote the offending value).
  Ids, names, digests, sizes and codes are. A defect's traceback is the one exception: it stands in the log only,
  without the values that the environment calls secrets.
"""

from __future__ import annotations

import os
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from eigen.ports.clock import Clock
from eigen.telemetry.lines import JsonLines
from eigen.telemetry.secrets import without_secrets
from eigen.telemetry.sinks import LogSink

__all__ = ["open_log", "story_of"]


def open_log(sink: LogSink, *, clock: Clock, service: str, level: str = "info") -> FilteringBoundLogger:
    """Return a logger of one system.

    Args:
        sink: Where lines go.
        clock: Gives their timestamps.
        service: Which part speaks; `bind(service=…)` gives the logger of another part.
        level: The least serious lines that are written: `info`, `warning` or `error`.
    """
    lazy = structlog.wrap_logger(
        _LineWriter(sink),
        processors=[_Rendered(JsonLines(clock.now))],
        wrapper_class=_Logger if level == "info" else structlog.make_filtering_bound_logger(level),
        context_class=dict,
    )
    logger: FilteringBoundLogger = lazy.bind(service=service)
    return logger


def story_of(error: BaseException) -> str:
    """Return an error's traceback with its causes: for the field `traceback` of a line, never for a user."""
    return without_secrets("".join(traceback.format_exception(error)), os.environ)


class _Logger(structlog.make_filtering_bound_logger("info")):  # type: ignore[misc]  # structlog makes classes
    """structlog's logger; a line that tells of progress goes straight through the one processor that there is."""

    def info(self, event: str, *args: Any, **facts: Any) -> None:
        """Write a line."""
        if args:
            super().info(event, *args, **facts)
            return
        (render,) = self._processors
        self._logger.info(render(self._logger, "info", {**self._context, "event": event, **facts}))


class _LineWriter:
    """What structlog calls with a finished line, by the level's name."""

    __slots__ = ("critical", "error", "info", "warning")

    def __init__(self, sink: LogSink) -> None:
        self.info = sink.write_soon
        self.warning = self.error = self.critical = sink.write


class _Rendered:
    """The one processor."""

    __slots__ = ("_lines",)

    def __init__(self, lines: JsonLines) -> None:
        self._lines = lines

    def __call__(self, logger: Any, level: str, facts: EventDict) -> bytes:
        return self._lines.line(level, facts)
