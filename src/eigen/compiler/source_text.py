"""The program's text and places in it.

What lives here: turning places (such as `ast` gives: lines from 1, columns in UTF-8 bytes from 0) into spans for people
(columns in code points from 1), with the offending line made printable so that columns stay aligned.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eigen.contracts.compilation import ProgramSource
from eigen.contracts.diagnostics import Note, Span
from eigen.contracts.printable import printable

__all__ = ["NO_PLACE", "Place", "SourceText"]

Place = tuple[int, int, int, int]
"""First line from 1, first column from 0, last line, column behind the end; columns count UTF-8 bytes or code points,
as the text says."""

NO_PLACE: Place = (1, 0, 1, 0)
"""The very beginning: for faults of the program as a whole."""

_SHOWN_COLUMNS = 240


@dataclass(frozen=True, slots=True)
class SourceText:
    """A decoded program.

    Attributes:
        filename: Name to show.
        text: The whole text, line ends normalised.
        inline_line: Line of `job.yaml` that holds the first line, or 0.
        inline_indent: Columns that `job.yaml` adds in front of each line.
        counts_bytes: Whether the columns of places count UTF-8 bytes, as those of `ast` do, and not code points.
        lines: The lines without their ends.
    """

    filename: str
    text: str = field(repr=False)
    inline_line: int = 0
    inline_indent: int = 0
    counts_bytes: bool = True
    lines: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(self.text.split("\n")))

    @classmethod
    def of(cls, source: ProgramSource, text: str, *, counts_bytes: bool = True) -> SourceText:
        """Return the text of a source that was decoded to `text`."""
        return cls(source.filename, text, source.inline_line, source.inline_indent, counts_bytes)

    def span(self, place: Place) -> Span:
        """Return a place as people count, with the text of its first line."""
        line, column, end_line, end_column = place
        return Span(
            file=self.filename,
            line=line,
            column=self._code_points(line, column) + 1,
            end_line=end_line,
            end_column=self._code_points(end_line, end_column) + 1,
            text=_shown(self._line(line)),
        )

    def notes(self, span: Span) -> tuple[Note, ...]:
        """Return where a span lies in `job.yaml`, where the program stands inline."""
        if not self.inline_line:
            return ()
        there = Span(
            file="job.yaml",
            line=self.inline_line + span.line - 1,
            column=self.inline_indent + span.column,
            end_line=self.inline_line + span.end_line - 1,
            end_column=self.inline_indent + span.end_column,
        )
        return (Note(message="in the job file this is", span=there),)

    def _line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def _code_points(self, line: int, column: int) -> int:
        text = self._line(line)
        return (
            column if text.isascii() or not self.counts_bytes else len(text.encode()[:column].decode(errors="ignore"))
        )


def _shown(line: str) -> str:
    """Return a line made printable, one character for each code point."""
    cut = line if len(line) <= _SHOWN_COLUMNS else line[: _SHOWN_COLUMNS - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(" " if one == "\t" else one if printable(one) == one else "\ufffd" for one in cut)
