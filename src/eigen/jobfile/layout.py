"""Where things stand in a job file, and what of a line may be shown.

A line of a job file may hold a secret, as the value of a key that is unknown or stands in the wrong place. So a line
is shown with everything blotted out but keys, punctuation, and values of fields that cannot be secret. The blots are
as long as what they hide, so that columns stay true.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from eigen.contracts.diagnostics import Span
from eigen.contracts.printable import printable

__all__ = ["Extent", "Layout"]

_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # as PyYAML counts lines
_PUNCTUATION = frozenset(" :-{}[],?|>\"'")
_BLOT = "•"


class Extent(NamedTuple):
    """A stretch of text: lines and columns from 0, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    shown: bool


class Layout:
    """The text of a job file, and the keys and values found in it.

    Args:
        text: The file's text.
        filename: Its name, to show.
    """

    def __init__(self, text: str, *, filename: str) -> None:
        self._lines = _LINE_BREAK.split(text)
        self._filename = printable(filename)
        self._marks: dict[int, list[_Mark]] = defaultdict(list)

    def note(self, extent: Extent, *, shown: bool) -> None:
        """Note that a key or value stands at a place, and whether it may be shown."""
        for line in range(extent.line, min(extent.end_line, len(self._lines) - 1) + 1):
            start = extent.column if line == extent.line else 0
            end = extent.end_column if line == extent.end_line else len(self._lines[line])
            self._marks[line].append(_Mark(start, end, shown))

    def line(self, number: int) -> str:
        """Return a line of the text, numbered from 0, as it is."""
        return self._lines[number] if number < len(self._lines) else ""

    def span(self, extent: Extent) -> Span:
        """Return the place with its line, secrets blotted out."""
        end_line, end_column = extent.end_line, extent.end_column
        if end_line > extent.line and end_column == 0:  # a block ends where the next line begins
            end_line, end_column = end_line - 1, len(self.line(end_line - 1))
        return Span(
            file=self._filename,
            line=extent.line + 1,
            column=extent.column + 1,
            end_line=end_line + 1,
            end_column=end_column + 1,
            text=printable(self._shown_line(extent.line), keep="\t"),
        )

    def place(self, line: int, column: int) -> Span:
        """Return a place in a text that could not be read, without its line: nothing is known of what stands there."""
        return Span(
            file=self._filename, line=line + 1, column=column + 1, end_line=line + 1, end_column=column + 2, text=""
        )

    def _shown_line(self, number: int) -> str:
        line, marks = self.line(number), self._marks.get(number, [])
        shown = [" " if one == " " else None for one in line]
        last = max((mark.end for mark in marks), default=0)
        for index, one in enumerate(line[:last]):
            shown[index] = one if one in _PUNCTUATION else _BLOT
        for mark in sorted(marks, key=lambda mark: mark.shown, reverse=True):
            for index in range(mark.start, min(mark.end, len(line))):
                shown[index] = _safe(line[index]) if mark.shown else _BLOT
        for index in range(last, len(line)):
            if line[index] not in _PUNCTUATION:
                return "".join(one or "" for one in shown[:index]).rstrip()
            shown[index] = line[index]
        return "".join(one or "" for one in shown)


def _safe(character: str) -> str:
    return character if printable(character) == character else _BLOT
