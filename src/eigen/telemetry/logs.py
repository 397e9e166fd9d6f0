"""The log of a running system: `eigen.telemetry.lines` says how a line looks.

structlog carries it, with a logger of our own for each system: nothing is configured globally, and the standard
library's logging is left alone, both belong to the program that embeds us. The dozen lines that every job has go to
the same writer without it.

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

from eigen.contracts.secrets import without_secrets
from eigen.ports.clock import Clock
from eigen.telemetry.lines import JsonLines
from eigen.telemetry.log_reading import LEVELS
from eigen.telemetry.sinks import LogSink

__all__ = ["LineWriter", "open_log", "story_of"]


def open_log(sink: LogSink, *, clock: Clock, service: str, level: str = "info") -> FilteringBoundLogger:
    """Return a logger of one system.

    Args:
        sink: Where lines go.
        clock: Gives their timestamps.
        service: Which part speaks; `bind(service=…)` gives the logger of another part.
        level: The least serious lines that are written: `info`, `warning` or `error`.
    """
    lazy = structlog.wrap_logger(
        LineWriter(sink, clock=clock, level=level),
        processors=[_with_level],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
    )
    logger: FilteringBoundLogger = lazy.bind(service=service)
    return logger


def story_of(error: BaseException) -> str:
    """Return an error's traceback with its causes: for the field `traceback` of a line, never for a user."""
    return without_secrets("".join(traceback.format_exception(error)), os.environ)


class LineWriter:
    """Writes the lines of one system: what structlog writes through, and the short way for lines that every job has.

    Args:
        sink: Where lines go.
        clock: Gives their timestamps.
        level: The least serious lines that are written.
    """

    __slots__ = ("_lines", "_loud", "_sink")

    def __init__(self, sink: LogSink, *, clock: Clock, level: str = "info") -> None:
        self._sink = sink
        self._lines = JsonLines(clock.now)
        self._loud = frozenset(name for name, rank in LEVELS.items() if rank >= LEVELS[level])

    def write(self, level: str, facts: dict[str, Any]) -> None:
        """Write a line; one that only tells of progress may gather with others.

        Args:
            level: How serious it is.
            facts: `service`, `event`, and whatever the event says.
        """
        if level in self._loud:
            put = self._sink.write_soon if level == "info" else self._sink.write
            put(self._lines.line(level, facts))

    msg = info = warning = error = critical = write


def _with_level(logger: object, level: str, facts: EventDict) -> tuple[tuple[str, EventDict], dict[str, object]]:
    """Return what `LineWriter` takes."""
    return (level, facts), {}
