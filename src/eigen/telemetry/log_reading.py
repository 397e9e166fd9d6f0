"""Reading a job's lines out of the log that all systems of a root share.

A line belongs to a job when it has the job's id, or its trace and no other job's id. Lines that cannot be read, such as
one that a full disk has cut, are passed over. The log may be set aside while it is read: the rest of the old file
comes first, then the new one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

__all__ = ["LEVELS", "LOG_FILE", "JobLog", "Wanted"]

LOG_FILE = "logs/eigen.jsonl"
"""Where the log is, below the root."""

LEVELS: Mapping[str, int] = MappingProxyType({"info": 0, "warning": 1, "error": 2, "critical": 3})
"""How serious lines are, by their level."""

_AUDIT = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines are read.

    Attributes:
        job_id: The job.
        trace_id: Its trace.
        level: The least serious level.
        has_audit: Whether decisions on who may do what are wanted too.
    """

    job_id: str
    trace_id: str
    level: str = "info"
    has_audit: bool = False

    def takes(self, line: Mapping[str, Any]) -> bool:
        """Return whether a line is wanted."""
        if line.get("event") == _AUDIT and not self.has_audit:
            return False
        if LEVELS.get(str(line.get("level")), 0) < LEVELS[self.level]:
            return False
        job_id = line.get("job_id")
        return job_id == self.job_id or (not job_id and line.get("trace_id") == self.trace_id)


class JobLog:
    """A job's lines; a context manager that closes the log.

    Args:
        root: The system's folder.
        wanted: Which lines.
    """

    def __init__(self, root: Path, wanted: Wanted) -> None:
        self._path = root / LOG_FILE
        self._wanted = wanted
        self._marks = tuple(one.encode() for one in (wanted.job_id, wanted.trace_id) if one)
        self._file: BinaryIO | None = None
        self._part = b""
        self._has_begun = False

    def __enter__(self) -> JobLog:
        return self

    def __exit__(self, *raised: object) -> None:
        self._close()

    def new_lines(self) -> list[dict[str, Any]]:
        """Return the lines that have come since the last call, at the first one all; empty where there is no log.

        It reads files, and belongs beside the event loop.
        """
        found: list[dict[str, Any]] = []
        if not self._has_begun:
            self._has_begun = True
            self._open(self._path.with_name(self._path.name + ".1"))
            found += self._read()
            self._close()
        while True:
            found += self._read()
            if not self._is_set_aside():
                return found
            found += self._read()  # what came between the two looks
            self._close()
            self._open(self._path)

    def _is_set_aside(self) -> bool:
        """Return whether the log's name means another file by now, or the first one."""
        try:
            now = self._path.stat()
        except OSError:
            return False
        return self._file is None or not os.path.samestat(now, os.fstat(self._file.fileno()))

    def _open(self, path: Path) -> None:
        try:
            self._file = path.open("rb")
        except OSError:
            self._file = None

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._part = None, b""

    def _read(self) -> Iterator[dict[str, Any]]:
        for raw in self._file or ():
            line, self._part = self._part + raw, b""
            if not line.endswith(b"\n"):  # the rest of it is still to come
                self._part = line
                return
            if any(mark in line for mark in self._marks):
                yield from self._wanted_of(line)

    def _wanted_of(self, line: bytes) -> Iterator[dict[str, Any]]:
        try:
            read = json.loads(line)
        except (ValueError, RecursionError):
            return
        if isinstance(read, dict) and self._wanted.takes(read):
            yield read
