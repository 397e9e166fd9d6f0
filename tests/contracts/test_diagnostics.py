"""A diagnostic shows what is wrong, where, and what to write instead."""

from __future__ import annotations

import pytest

from eigen.contracts.diagnostics import Diagnostic, Note, Severity, Span, nearest, render


def span(text: str, column: int, end_column: int, *, line: int = 3, end_line: int = 3) -> Span:
    return Span(file="p.eigen.py", line=line, column=column, end_line=end_line, end_column=end_column, text=text)


def underline(place: Span) -> tuple[str, str]:
    """The source line and the underlining as they stand below each other."""
    lines = render(Diagnostic(code="C", message="m", span=place)).splitlines()
    return lines[-2][5:], lines[-1][5:]


def test_everything_that_a_diagnostic_has_is_shown_in_order() -> None:
    diagnostic = Diagnostic(
        code="EL0101",
        message='unknown gate "hh"',
        severity=Severity.WARNING,
        span=span("    hh(0)", 5, 7),
        path="spec.program",
        label="no such gate",
        hint='did you mean "h"?',
        notes=(Note(message="called here", span=span("f()", 1, 4, line=120, end_line=120)),),
    )
    assert render(diagnostic) == (
        'warning[EL0101]: unknown gate "hh"\n'
        "  --> p.eigen.py:3:5 (spec.program)\n"
        "   |\n"
        " 3 |     hh(0)\n"
        "   |     ^^ no such gate\n"
        "  note: called here\n"
        "  --> p.eigen.py:120:1\n"
        "    |\n"
        "120 | f()\n"
        "    | ^^^\n"
        '  hint: did you mean "h"?'
    )


def test_a_place_in_a_document_without_text_is_its_path() -> None:
    assert (
        render(Diagnostic(code="C", message="m", path="operations[0].q[0]")) == "error[C]: m\n  --> operations[0].q[0]"
    )


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (span("\thh(0)", 2, 4), ("\thh(0)", "\t^^")),
        (span("量子 hh", 4, 6), ("量子 hh", "     ^^")),
        (span("量子", 1, 3), ("量子", "^^^^")),
        (span("e\u0301 hh", 4, 6), ("e\u0301 hh", "  ^^")),
        (span("abc", 2, 1, end_line=5), ("abc", " ^^")),
        (span("abc", 4, 4), ("abc", "   ^")),
    ],
)
def test_the_underlining_stands_under_the_text(place: Span, shown: tuple[str, str]) -> None:
    assert underline(place) == shown


def test_a_place_beyond_the_shown_part_of_a_line_is_not_underlined() -> None:
    assert "^" not in render(Diagnostic(code="C", message="m", span=span("a" * 200 + "…", 500, 503)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("shot", "shots"), ("SHOTS", "shots"), ("targte", "target"), ("xyzzy", ""), ("", ""), ("s" * 100_000, "")],
)
def test_the_nearest_known_name_is_found_where_there_is_one(name: str, expected: str) -> None:
    assert nearest(name, ["shots", "target", "seed"]) == expected
