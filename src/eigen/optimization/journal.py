"""The journal of a start: a line for each evaluation, written before the optimizer sees the value.

Theory. An optimizer is deterministic: the same values lead it to the same next question. So a loop that was killed is
run again from its beginning, and each question is answered from the journal as long as it has the answer; no recorded
evaluation is repeated, and what is evaluated behind the last line has the seed that it would have had. One `write` for
each line hands it to the operating system, so that killing the process loses at most the line that was being written,
which is cut off. What a power cut takes is evaluated again; where that cannot give the same values, every line is put
on the disk first.

A recorded question that is not the one that is asked now was written by another version of an optimizer: from there on
the journal is of no use, and is cut off too.

Lines are JSON with sorted keys and the shortest numbers that read back as the same bits; there are no times in them.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eigen.contracts.errors import ResourceExhaustedError
from eigen.optimization.objective import Evaluation

__all__ = ["Entry", "Journal", "read_entries"]

_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the journal.

    Attributes:
        start: Which start of the loop.
        number: Number of the evaluation in its start, from 0.
        x: Value of each parameter.
        seed: Seed of what was drawn, or None where the value is exact.
        evaluation: What came of it.
        best: The least value so far, this one included.
    """

    start: int
    number: int
    x: tuple[float, ...]
    seed: int | None
    evaluation: Evaluation
    best: float

    def to_line(self) -> bytes:
        """Return the line, its end included."""
        one = self.evaluation
        gradient = f'"gradient":{_numbers(one.gradient)},' if one.gradient is not None else ""
        drawn = f'"seed":{self.seed},' if self.seed is not None else ""
        error = f'"std_error":{one.std_error!r},' if self.seed is not None else ""
        text = (
            f'{{"best":{self.best!r},"evaluation":{self.number},{gradient}{drawn}"start":{self.start},'
            f'{error}"value":{one.value!r},"x":{_numbers(self.x)}}}\n'
        )
        return text.encode("ascii")

    @staticmethod
    def from_line(line: bytes) -> Entry | None:
        """Return what `to_line` wrote, or None where the line is no such line."""
        try:
            document = json.loads(line)
            entry = _entry(document)
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return entry if entry.to_line() == line else None


def _entry(document: dict[str, Any]) -> Entry:
    gradient = document.get("gradient")
    return Entry(
        start=document["start"],
        number=document["evaluation"],
        x=tuple(document["x"]),
        seed=document.get("seed"),
        evaluation=Evaluation(
            document["value"], document.get("std_error", 0.0), None if gradient is None else tuple(gradient)
        ),
        best=document["best"],
    )


def _numbers(values: Sequence[float]) -> str:
    return f"[{','.join(map(repr, values))}]"


def read_entries(content: bytes) -> list[Entry]:
    """Return the entries of a journal up to the first line that is torn or damaged, or that is out of order."""
    entries: list[Entry] = []
    for line in content.splitlines(keepends=True):
        entry = Entry.from_line(line)
        if entry is None or entry.number != len(entries):
            break
        entries.append(entry)
    return entries


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
