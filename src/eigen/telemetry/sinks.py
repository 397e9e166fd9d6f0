"""Where log lines go: a file that several processes share, or memory.

A sink takes whole lines as bytes, with their line feed, and never raises: a full disk must not break a job. What it
could not write it counts. On one file system `write` to a descriptor opened with `O_APPEND` moves to the end and
writes in one step (POSIX.1-2017, `write`), so that the lines of several processes follow each other whole.

One `write` goes to the page cache and takes a few microseconds, but it lets go of the interpreter's lock, which under
load does not come back for milliseconds; and a job has a dozen lines. So a line that only tells of progress may gather
(`write_soon`) with others for at most `GATHER_SEC`, in which `WriteBehind` writes them; decisions, warnings and errors
are written at once, and what had gathered before them: they are there when the process is killed in the next instant.

This module knows nothing of what a line means; see `eigen.telemetry.logs` for that.
"""

from __future__ import annotations

import fcntl
import json
import os
from abc import ABC, abstractmethod
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio

__all__ = ["GATHER_SEC", "ROTATION_BYTES", "FileSink", "LogSink", "MemorySink", "WriteBehind"]

ROTATION_BYTES = 64 * 1024 * 1024
"""A log file larger than this is set aside as `<name>.1` by the next process that opens it."""

GATHER_SEC = 0.05
"""How long a line that only tells of progress may wait for others."""

_MOST_GATHERED = 256
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# O_NONBLOCK: should somebody have put a FIFO in the file's place, opening it fails instead of waiting for a reader.


class LogSink(ABC):
    """Takes log lines."""

    lost_lines: int = 0
    """How many lines could not be written."""

    @abstractmethod
    def write(self, line: bytes) -> None:
        """Take one line with its line feed; never raises."""

    def write_soon(self, line: bytes) -> None:
        """Take one line that may gather with others; never raises."""
        self.write(line)

    def flush(self) -> None:  # noqa: B027  # a sink that gathers nothing has nothing to write
        """Write what has gathered; never raises."""

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
        self._gathered: deque[bytes] = deque()
        self._fd: int | None = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = _opened(path, rotation_bytes)
        except OSError:
            return

    def write(self, line: bytes) -> None:
        """Append what has gathered and one line; of what does not go in whole, every line is counted."""
        self._gathered.append(line)
        self.flush()

    def write_soon(self, line: bytes) -> None:
        """Take one line for the next `flush`."""
        self._gathered.append(line)
        if self._fd is None or len(self._gathered) >= _MOST_GATHERED:
            self.flush()

    def flush(self) -> None:
        """Append what has gathered, in one step."""
        lines = [self._gathered.popleft() for _ in range(len(self._gathered))]
        if not lines:
            return
        block = b"".join([b"\n", *lines] if self._torn else lines)
        written = self._written(block)
        if written == len(block):
            self._torn = False
            return
        cut = block[:written]
        self._torn = self._torn if not written else not cut.endswith(b"\n")
        self.lost_lines += block.count(b"\n", written) - (block.startswith(b"\n") and not written)

    def _written(self, block: bytes) -> int:
        """Append some bytes, and return how many were."""
        if self._fd is None:
            return 0
        try:
            return os.write(self._fd, block)
        except OSError:
            return 0

    def close(self) -> None:
        """Close the file."""
        self.flush()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class WriteBehind:
    """Writes what gathers in a sink, for as long as it is open; an asynchronous context manager."""

    def __init__(self, sink: LogSink) -> None:
        self._sink = sink

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._write, name="write the log behind")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.cancel()
        try:
            await self._tasks.__aexit__(None, None, None)  # the caller's own error is not the log's
        finally:  # a task that asyncio has cancelled hears of it here once more
            self._sink.flush()

    async def _write(self) -> None:
        while True:
            await anyio.sleep(GATHER_SEC)
            self._sink.flush()


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
