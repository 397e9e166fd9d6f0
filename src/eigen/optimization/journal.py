"""The journal of a start: a line for each evaluation, written before the optimizer sees the value.

Theory. An optimizer is deterministic: the same values lead it to the same next question. So a loop that was killed is
run again from its beginning, and each question is answered from the journal as long as it has the answer; no recorded
evaluation is repeated, and what is evaluated behind the last line has the seed that it would have had. One `write` for
each line hands it to the operating system, so that killing the process loses at most the line that was being written,
which is cut off. What a power cut takes is evaluated again; where that cannot give the same values, every line is put
on the disk first.

A recorded question that is not the one that is asked now was written by another version of an optimizer: from there on
the journal is of no use, and is cut off too.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

from eigen.contracts.errors import ResourceExhaustedError
from eigen.optimization.evaluations import Entry, read_entries

__all__ = ["Journal"]

_CHUNK_BYTES = 2**20


class Journal:
    """A start's journal; used by one thread of one process at a time.

    Args:
        descriptor: The open file, for reading and appending.
        is_synced: Whether every line is put on the disk before its value is used.
    """

    def __init__(self, descriptor: int, *, is_synced: bool = False) -> None:
        self._descriptor = descriptor
        self._is_synced = is_synced
        self._recorded = read_entries(_content(descriptor))
        self._place = 0
        self._cut()

    def recorded(self, x: Sequence[float], *, with_gradient: bool) -> Entry | None:
        """Return the next recorded entry if it answers this question, else forget it and all behind it."""
        if self._place == len(self._recorded):
            return None
        entry = self._recorded[self._place]
        if _bits(entry.x) != _bits(x) or (entry.evaluation.gradient is not None) != with_gradient:
            del self._recorded[self._place :]
            self._cut()
            return None
        self._place += 1
        return entry

    def append(self, entry: Entry) -> None:
        """Write an entry; its value may be used when this has returned.

        Raises:
            ResourceExhaustedError: The disk is full.
            OSError: It fails.
        """
        line = entry.to_line()
        if os.write(self._descriptor, line) != len(line):
            raise ResourceExhaustedError(
                "the disk is full", reason="DISK_FULL", hint="free some space, then submit again"
            )
        if self._is_synced:
            os.fsync(self._descriptor)

    def _cut(self) -> None:
        """Leave nothing in the file but the recorded entries."""
        os.ftruncate(self._descriptor, sum(len(entry.to_line()) for entry in self._recorded))


def _content(descriptor: int) -> bytes:
    chunks: list[bytes] = []
    offset = 0
    while chunk := os.pread(descriptor, _CHUNK_BYTES, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def _bits(values: Sequence[float]) -> bytes:
    return struct.pack(f"{len(values)}d", *values)
