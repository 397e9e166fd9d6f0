"""Errors and diagnostics as people and programs see them; never a traceback."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from eigen.cli.rendering import StyledLine, note, note_styled
from eigen.contracts.errors import EigenError, InternalError
from eigen.contracts.printable import printable
from eigen.contracts.wire import to_json

if TYPE_CHECKING:
    from eigen.contracts.diagnostics import Diagnostic

__all__ = ["defect", "diagnostic_lines", "error_lines", "tell", "tell_warnings"]

_MAX_LINE = 2000


def tell(error: EigenError, *, as_json: bool) -> None:
    """Tell on stderr what went wrong, and what to do."""
    if as_json:
        note(json.dumps({"error": error.to_json()}, separators=(",", ":")))
    else:
        note_styled(error_lines(error))


def tell_warnings(warnings: Iterable[Diagnostic], *, as_json: bool) -> None:
    """Tell on stderr what is suspicious, if anything is."""
    if not as_json:
        note_styled(diagnostic_lines(warnings))
    elif found := [to_json(one) for one in warnings]:
        note(json.dumps({"warnings": found}, separators=(",", ":")))


def diagnostic_lines(diagnostics: Iterable[Diagnostic]) -> Iterator[StyledLine]:
    """Yield diagnostics as lines with styles."""
    from eigen.contracts.diagnostics import render

    for diagnostic in diagnostics:
        for line in render(diagnostic).splitlines():
            yield _line(line), _style(line)


def defect(error: BaseException) -> EigenError:
    """Return the error to tell for a defect of ours; its story goes into a file that the user can send."""
    return InternalError(
        "a defect of Eigen OS stopped the command; it is not your job's fault",
        reason="INTERNAL",
        hint=f"report it with {_keep_story(error)}",
    )


def error_lines(error: EigenError) -> Iterator[StyledLine]:
    """Yield what went wrong and what to do, as lines with styles."""
    if error.diagnostics:
        yield from diagnostic_lines(error.diagnostics)
        if error.details.get("more"):
            yield f"and {error.details['more']} more", "dim"
        return
    for index, line in enumerate(error.message.splitlines() or [""]):
        yield _line(f"error: {line}" if index == 0 else f"  {line}"), "bold red" if index == 0 else ""
    if error.hint:
        yield _line(f"  hint: {error.hint}"), "green"


_STYLES = (
    # how a line of a rendered diagnostic begins, how it looks
    ("error", "bold red"),
    ("warning", "bold yellow"),
    ("  hint:", "green"),
    ("  note:", "cyan"),
    ("  -->", "blue"),
)


def _style(line: str) -> str:
    if line.lstrip(" |").startswith("^"):
        return "red"
    return next((style for start, style in _STYLES if line.startswith(start)), "")


def _line(text: str) -> str:
    return printable(text, limit=_MAX_LINE)


def _keep_story(error: BaseException) -> str:
    import tempfile
    import traceback

    try:
        with tempfile.NamedTemporaryFile("w", prefix="eigen-defect-", suffix=".txt", delete=False) as story:
            story.write(f"{sys.version}\n{''.join(traceback.format_exception(error))}")
            return story.name
    except OSError:
        return f"the words: {printable(repr(error))}"
