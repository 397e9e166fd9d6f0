"""Evaluations of an objective, and the lines of a journal that keep them; pure, and without NumPy.

Both are named tuples, since a loop makes tens of thousands of them a second. Lines are JSON with sorted keys and the
shortest numbers that read back as the same bits; there are no times in them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = ["Entry", "Evaluation", "read_entries"]


class Evaluation(NamedTuple):
    """What one evaluation gave.

    Attributes:
        value: The objective's value.
        std_error: Its standard error, 0 where it is exact.
        gradient: Its derivative by each parameter, or None where only the value was asked.
    """

    value: float
    std_error: float
    gradient: tuple[float, ...] | None = None


class Entry(NamedTuple):
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
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
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
