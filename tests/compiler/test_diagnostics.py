"""Every fault of the catalogue, told as it is expected: `golden/NAME.eigen.py` and, beside it, `golden/NAME.txt`.

A program may begin with a comment `# test: {…}`, JSON with `inputs`, `entrypoint`, `limits`, `inline_line` and
`inline_indent` of its compilation. `pytest tests/compiler --update-golden` writes the expected texts anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eigen.compiler.catalogue import Fault
from eigen.compiler.pipeline import compile_source
from eigen.contracts.compilation import CompileLimits, CompileRequest, ProgramSource
from eigen.contracts.diagnostics import Diagnostic, render
from eigen.contracts.errors import EigenError

_GOLDEN = Path(__file__).parent / "golden"
_PROGRAMS = sorted(path.name.removesuffix(".eigen.py") for path in _GOLDEN.glob("*.eigen.py"))
_MARK = b"# test: "


def _options(content: bytes) -> dict[str, Any]:
    first = content.partition(b"\n")[0]
    return json.loads(first.removeprefix(_MARK)) if first.startswith(_MARK) else {}


def _request(content: bytes) -> CompileRequest:
    options = _options(content)
    return CompileRequest(
        source=ProgramSource(
            content=content,
            inline_line=options.get("inline_line", 0),
            inline_indent=options.get("inline_indent", 0),
        ),
        entrypoint=options.get("entrypoint"),
        inputs=options.get("inputs", {}),
        limits=CompileLimits(**options.get("limits", {})),
    )


def _told(content: bytes) -> str:
    """What the compiler says about a program, as plain text."""
    request = _request(content)
    diagnostics: tuple[Diagnostic, ...]
    try:
        diagnostics = compile_source(request).warnings
        kind = "compiled"
    except EigenError as error:
        diagnostics = error.diagnostics
        kind = str(error.code)
    return "\n".join([kind, *(render(one) for one in diagnostics), ""])


@pytest.mark.parametrize("name", _PROGRAMS)
def test_a_faulty_program_is_told_as_expected(name: str, request: pytest.FixtureRequest) -> None:
    expected = _GOLDEN / f"{name}.txt"
    told = _told((_GOLDEN / f"{name}.eigen.py").read_bytes())
    if request.config.getoption("--update-golden"):
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def test_every_fault_has_a_golden_test() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in _GOLDEN.glob("*.txt"))
    assert [one.code for one in Fault if f"[{one.code}]" not in texts] == []


def _diagnostics(name: str) -> tuple[Diagnostic, ...]:
    request = _request((_GOLDEN / f"{name}.eigen.py").read_bytes())
    try:
        return compile_source(request).warnings
    except EigenError as error:
        return error.diagnostics


@pytest.mark.parametrize("name", _PROGRAMS)
def test_every_diagnostic_has_a_place_for_editors(name: str) -> None:
    """A span in the program, in code points from 1; only an input that the program does not have has none."""
    for one in _diagnostics(name):
        if one.code == Fault.UNKNOWN_INPUT.code:
            assert one.path.startswith("inputs.")
            continue
        assert one.span is not None
        assert (one.span.line, one.span.column) <= (one.span.end_line, one.span.end_column)
        assert min(one.span.line, one.span.column) >= 1


@pytest.mark.parametrize("name", _PROGRAMS)
def test_every_diagnostic_says_what_to_do(name: str) -> None:
    told = _diagnostics(name)
    assert [one.code for one in told if not one.hint] == []
    assert [one.code for one in told if re.search(r"\{\w+\}", one.message + one.hint)] == [], "all fields are filled"


@pytest.mark.parametrize("name", ["note_helper_calls", "note_observable_in_helper"])
def test_a_fault_in_a_helper_says_where_it_was_called(name: str) -> None:
    [diagnostic] = _diagnostics(name)
    assert diagnostic.span is not None
    calls = [one.span for one in diagnostic.notes if one.span is not None]
    assert calls
    assert all(one.text and one.line != diagnostic.span.line for one in calls)


def test_codes_are_unique() -> None:
    codes = [one.code for one in Fault]
    assert len(set(codes)) == len(codes)
