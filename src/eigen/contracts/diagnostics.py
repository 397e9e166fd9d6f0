"""Places in a user's text and what is wrong there.

Lines and columns count from 1, columns in code points (what an editor shows; `ast` counts UTF-8 bytes). `end_column`
is the column just behind the last character. A diagnostic carries the offending line itself, so that it can be shown
where the source is not at hand, as from `error.json` of a job that another process ran.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from unicodedata import combining, east_asian_width

from eigen.contracts.printable import printable

__all__ = ["Diagnostic", "Note", "Severity", "Span", "nearest", "render"]


class Severity(StrEnum):
    """Whether the text can be used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a user's text.

    Attributes:
        file: Name to show, such as `job.yaml` or `program.eigen.py`; never a path of the machine.
        line: First line, from 1.
        column: First column in code points, from 1.
        end_line: Last line.
        end_column: Column behind the last character.
        text: The first line as it stands in the file, made printable (tabs may stay); may be empty.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A second place or fact that helps to understand, such as the call of a helper."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing that is wrong, or suspicious, in a job file, a program or an AQO document.

    Attributes:
        code: Stable code, such as `EL0203` or `JOBSPEC_UNKNOWN_KEY`.
        message: What is wrong, one sentence, the offending value made printable.
        severity: Error or warning.
        span: The place in the text, where there is one.
        path: The place in a document, such as `spec.shots` or `operations[0].q[0]`; empty where it has none.
        label: A few words to stand under the text, such as `has 2 qubits`.
        hint: What to write instead.
        notes: Further places and facts.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    span: Span | None = None
    path: str = ""
    label: str = ""
    hint: str = ""
    notes: tuple[Note, ...] = ()


def nearest(name: str, known: object) -> str:
    """Return the known name that `name` most likely meant, or an empty string.

    Args:
        name: What was written.
        known: An iterable of the names there are.
    """
    from difflib import get_close_matches  # only where something is wrong

    candidates = sorted(str(one) for one in known)  # type: ignore[attr-defined]  # any iterable will do
    same = [one for one in candidates if one.lower() == name.lower()]
    if same:
        return same[0]
    found = get_close_matches(name[:64], candidates, n=1, cutoff=0.6)
    if not found:
        lower = {one.lower(): one for one in candidates}
        found = [lower[one] for one in get_close_matches(name[:64].lower(), lower, n=1, cutoff=0.6)]
    return found[0] if found else ""


def render(diagnostic: Diagnostic) -> str:
    """Return a diagnostic as plain lines: what, where, the text underlined, why, what to do.

    Example:
        >>> print(render(Diagnostic(code="EL0101", message='unknown gate "hh"', hint='did you mean "h"?',
        ...     span=Span(file="p.eigen.py", line=3, column=5, end_line=3, end_column=7, text="    hh(0)"))))
        error[EL0101]: unknown gate "hh"
          --> p.eigen.py:3:5
           |
         3 |     hh(0)
           |     ^^
          hint: did you mean "h"?
    """
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    lines += _place(diagnostic.span, diagnostic.label, diagnostic.path)
    for note in diagnostic.notes:
        lines.append(f"  note: {note.message}")
        lines += _place(note.span, "", "")
    if diagnostic.hint:
        lines.append(f"  hint: {diagnostic.hint}")
    return "\n".join(lines)


def _place(span: Span | None, label: str, path: str) -> list[str]:
    if span is None:
        return [f"  --> {path}"] if path else []
    lines = [f"  --> {printable(span.file)}:{span.line}:{span.column}" + (f" ({path})" if path else "")]
    if span.text:
        number = str(span.line)
        width = max(2, len(number))
        last = span.end_column if span.end_line == span.line else len(span.text) + 1
        begin, end = span.column - 1, min(last - 1, len(span.text))
        underline = _blank(span.text[:begin]) + "^" * max(1, len(_blank(span.text[begin:end])))
        lines += [f" {' ' * width}|", f"{number:>{width}} | {span.text}"]
        if begin <= len(span.text):
            lines.append(f" {' ' * width}| {underline}" + (f" {label}" if label else ""))
    return lines


def _blank(text: str) -> str:
    """Return blanks as wide as the text on a terminal; tabs stay."""
    return "".join(one if one == "\t" else " " * _WIDTHS.get(east_asian_width(one), not combining(one)) for one in text)


_WIDTHS = {"W": 2, "F": 2}
