"""Bytes to syntax tree: decode strictly, scan, then call Python's parser with care.

The parser is given a name that cannot exist, because it opens the file of that name to quote a line when it meets a
syntax error. Its errors are translated; none of them, and no path, leaves this module.
"""

from __future__ import annotations

import ast

from eigen.compiler.catalogue import Fault
from eigen.compiler.parse.scan import scan
from eigen.compiler.report import Report
from eigen.compiler.source_text import NO_PLACE, Place, SourceText
from eigen.compiler.stages import ParsedProgram
from eigen.contracts.compilation import CompileLimits, ProgramSource
from eigen.contracts.errors import InvariantError

__all__ = ["parse"]

_NO_FILE = "/dev/null/eigen-lang"
"""Below a device there is no file, so nobody can put one there."""

_BOM = b"\xef\xbb\xbf"


def parse(source: ProgramSource, *, limits: CompileLimits) -> ParsedProgram:
    """Return the syntax tree of a program.

    Args:
        source: The program as it was sent.
        limits: What it may use.

    Raises:
        InvalidArgumentError: The text is not UTF-8, deceptive, or not Python syntax.
        ResourceExhaustedError: The text is too large, or nests too deep to be parsed.
    """
    text = _decode(source, limits)
    report = Report(text)
    scan(text, report)
    report.raise_if_any()
    return ParsedProgram(text=text, tree=_tree(text, report, limits))


def _decode(source: ProgramSource, limits: CompileLimits) -> SourceText:
    content = source.content
    empty = Report(SourceText.of(source, ""))
    if len(content) > limits.source_bytes:
        empty.fail(Fault.SOURCE_SIZE, NO_PLACE, size=len(content), limit=limits.source_bytes)
    try:
        text = content.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1)
        empty.fail(Fault.NOT_UTF8, (line, column, line, column + 1), offset=error.start)
    return SourceText.of(source, text.replace("\r\n", "\n"))


def _tree(text: SourceText, report: Report, limits: CompileLimits) -> ast.Module:
    try:
        return ast.parse(text.text, filename=_NO_FILE)
    except SyntaxError as error:
        report.fail(Fault.SYNTAX, _place_of(error, text), problem=error.msg)
    except (RecursionError, MemoryError):
        report.fail(Fault.SYNTAX_DEPTH, NO_PLACE, limit=limits.syntax_depth)
    except ValueError as error:
        raise InvariantError("the scan let a text pass that Python's parser does not take") from error


def _place_of(error: SyntaxError, text: SourceText) -> Place:
    """Return the place of a syntax error, whose columns are code points from 1 and may be missing or 0."""
    line = min(max(error.lineno or 1, 1), len(text.lines))
    column = max((error.offset or 1) - 1, 0)
    end_line, end_column = error.end_lineno or line, (error.end_offset or 0) - 1
    if end_line != line or end_column <= column:
        end_column = column + 1
    shown = text.lines[line - 1]
    return line, len(shown[:column].encode()), line, len(shown[:end_column].encode())
