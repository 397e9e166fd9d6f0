"""Where log lines go: a file that several processes share, or memory.

A sink takes whole lines as bytes, with their line feed, and never raises: a full disk must not break a job. What it
could not write it counts. On one file system `write` to a descriptor opened with `O_APPEND` moves to the end and
writes in one step (POSIX.1-2017, `write`), so that the lines of several processes follow each other whole. One
`write` goes to the page cache and takes a few microseconds: it is done on the loop, so that the line of a process that
is killed in the next instant is there.

This module knows nothing of what a line means; see `eigen.telemetry.logs` for that.
"""

from __future__ import annotations

import fcntl
import json
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

__all__ = ["ROTATION_BYTES", "FileSink", "LogSink", "MemorySink"]

ROTATION_BYTES = 64 * 1024 * 1024
"""A log file larger than this is set aside as `<name>.1` by the next process that opens it."""

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# O_NONBLOCK: should somebody have put a FIFO in the file's place, opening it fails instead of waiting for a reader.


class LogSink(ABC):
    """Takes log lines."""

    lost_lines: int = 0
    """How many lines could not be written."""

    @abstractmethod
    def write(self, line: bytes) -> None:
        """Take one line with its line feed; never raises."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open; lines that come later are lost."""


class FileSink(LogSink):
    """Appends to a file, mode 0600, that other processes append to as well.

    A file that cannot be opened is no error: every line is counted as lost.

    Args:
        path: The file; its folder is made, mode 0700, where it is missing.
        rotation_bytes: A file larger than this is set aside as `<name>.1` first.
    """

    def __init__(self, path: Path, *, rotation_bytes: int = ROTATION_BYTES) -> None:
        self._torn = False
        self._fd: int | None = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = _opened(path, rotation_bytes)
        except OSError:
            return

    def write(self, line: bytes) -> None:
        """Append one line; what does not go in whole is counted, and the next line starts anew."""
        if self._fd is None:
            self.lost_lines += 1
            return
        if self._torn:
            line = b"\n" + line
        try:
            written = os.write(self._fd, line)
        except OSError:
            self.lost_lines += 1
            return
        self._torn = written < len(line)
        if self._torn:
            self.lost_lines += 1

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class MemorySink(LogSink):
    """Keeps every line in memory, for tests.

    Attributes:
        lines: The lines as they would stand in a file.
    """

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def write(self, line: bytes) -> None:
        """Keep one line."""
        self.lines.append(line)

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the lines as JSON objects, in order; those of one event where a name is given."""
        read = [json.loads(line) for line in self.lines]
        return [one for one in read if name in (None, one["event"])]

    def close(self) -> None:
        """Keep the lines; there is nothing to let go of."""


def _opened(path: Path, rotation_bytes: int) -> int:
    fd = os.open(path, _FLAGS, 0o600)
    if os.fstat(fd).st_size <= rotation_bytes or not _set_aside(path, fd):
        return fd
    os.close(fd)
    return os.open(path, _FLAGS, 0o600)


def _set_aside(path: Path, fd: int) -> bool:
    """Rename the open file to `<name>.1`, once: of several processes that find it too large, one does it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(path.stat(), os.fstat(fd)):
            path.replace(path.with_name(path.name + ".1"))
    except OSError:  # another process has the lock, or the folder is read-only: go on with the file as it is
        return False
    return True
