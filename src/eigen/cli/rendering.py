"""What people and programs read: lines, tables and JSON, on stdout and stderr.

On a terminal there are tables and colours, in a pipe plain aligned text; `NO_COLOR` is respected. Outside text passes
`printable` before it is shown, and is never read as markup. `rich` is loaded only where there is a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from eigen.contracts.errors import UnavailableError
from eigen.contracts.printable import printable

__all__ = [
    "STATE_STYLES",
    "Column",
    "emit",
    "emit_bytes",
    "is_terminal",
    "note",
    "note_styled",
    "show_facts",
    "show_json",
    "show_styled",
    "show_table",
]

STATE_STYLES: Mapping[str, str] = {
    "DONE": "green",
    "RUNNING": "cyan",
    "ERROR": "bold red",
    "TIMEOUT": "red",
    "CANCELLED": "yellow",
    "ONLINE": "green",
    "OFFLINE": "red",
}

_MAX_CELL = 1000

StyledLine = tuple[str, str]
"""A line and its style, `rich`'s words; empty for none."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        is_number: Whether it is aligned at its right.
        styles: How some of its values look on a terminal.
    """

    title: str
    is_number: bool = False
    styles: Mapping[str, str] = field(default_factory=dict)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether people look at a stream."""
    return stream is not None and stream.isatty()


def emit(text: str) -> None:
    """Print a line of results."""
    _write(sys.stdout, text + "\n")


def emit_bytes(content: bytes) -> None:
    """Print a stored text: byte for byte in a pipe, with visible escapes on a terminal."""
    if is_terminal(sys.stdout):
        text = content.decode("utf-8", "backslashreplace")
        emit(printable(text, limit=len(text), keep="\n\t"))
    else:
        _write(sys.stdout, content)


def note(text: str) -> None:
    """Print a line that is not a result."""
    _write(sys.stderr, text + "\n")


def show_json(value: Any) -> None:
    """Print JSON: one line in a pipe, indented on a terminal; what is not ASCII comes as escapes."""
    if is_terminal(sys.stdout):
        emit(json.dumps(value, indent=2))
    else:
        emit(json.dumps(value, separators=(",", ":")))


def show_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their headings."""
    cells = [[printable(cell, limit=_MAX_CELL) for cell in row] for row in rows]
    if is_terminal(sys.stdout):
        _show_rich_table(columns, cells)
    else:
        _show_plain_table(columns, cells)


def show_facts(facts: Mapping[str, str]) -> None:
    """Print names and values, one pair a line; empty values are left out."""
    width = max(map(len, facts), default=0)
    lines = [(name, printable(value, limit=_MAX_CELL)) for name, value in facts.items() if value]
    show_styled((f"{name:<{width}}  {value}", STATE_STYLES.get(value, "")) for name, value in lines)


def show_styled(lines: Iterable[StyledLine]) -> None:
    """Print lines of results, in colours on a terminal."""
    _write_styled(sys.stdout, lines)


def note_styled(lines: Iterable[StyledLine]) -> None:
    """Print lines that are not results, in colours on a terminal."""
    _write_styled(sys.stderr, lines)


def _write_styled(stream: TextIO, lines: Iterable[StyledLine]) -> None:
    if not is_terminal(stream):
        _write(stream, "".join(text + "\n" for text, _ in lines))
        return
    from rich.text import Text

    console = _console(stream)
    for text, style in lines:
        console.print(Text(text, style=style), soft_wrap=True)


def _show_plain_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    titles = [column.title for column in columns]
    widths = [max(map(len, values)) for values in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        cells = [
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        emit("  ".join(cells).rstrip())


def _show_rich_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.title, justify="right" if column.is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(
            *(Text(cell, style=column.styles.get(cell, "")) for cell, column in zip(row, columns, strict=True))
        )
    _console(sys.stdout).print(table)


def _console(stream: TextIO) -> Any:
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _write(stream: TextIO | None, content: str | bytes) -> None:
    """Write and flush; once that fails, this and all that follows goes nowhere.

    Raises:
        UnavailableError: Results cannot be written; a reader who has gone away wants none, and is no error.
    """
    if stream is None:
        return
    try:
        if isinstance(content, bytes):
            stream.buffer.write(content)
        else:
            stream.write(content)
        stream.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            raise UnavailableError(
                f"the output cannot be written: {error.strerror}", reason="OUTPUT_FAILED", hint="the job is not touched"
            ) from error
