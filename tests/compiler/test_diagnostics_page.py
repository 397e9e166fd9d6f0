"""`docs/diagnostics.md` is the catalogue, with an example of each fault from the golden programs.

`pytest tests/compiler/test_diagnostics_page.py --update-golden` writes it anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from eigen.compiler.catalogue import Fault

_GOLDEN = Path(__file__).parent / "golden"
_PAGE = Path(__file__).parents[2] / "docs" / "diagnostics.md"
_GROUPS = {
    "EL00": "The text",
    "EL01": "Syntax",
    "EL02": "Names",
    "EL03": "Values",
    "EL04": "Quantum operations, observables and loops",
    "EL05": "Limits",
    "EL07": "Warnings",
}
_HEAD = """\
# Diagnostics

What the compiler says about an Eigen-Lang program, by code. Codes are stable: scripts may test them (`reason` of an
error, `code` of a diagnostic in `eigen check --json`). All errors of a pass are told at once; warnings stop nothing.
The last pass, which evaluates the program, goes on without a gate that is wrong, and ends at a fault that what follows
depends on. A
first comment `# test: {…}` in an example gives the inputs or limits under which it was compiled.

Written from the compiler's catalogue and its golden programs by
`pytest tests/compiler/test_diagnostics_page.py --update-golden`, and compared with them by the tests.
"""
_MAX_LINES = 24
_MAX_COLUMNS = 110


def _example(code: str) -> Iterator[str]:
    """The first golden program that shows a fault, as far as it can be printed, and what is said about it."""
    program = min(_GOLDEN.glob(f"{code}_*.eigen.py"))
    lines = program.read_bytes().decode("utf-8", errors="replace").rstrip("\n").split("\n")
    is_printable = all(line.isprintable() and "�" not in line and len(line) <= _MAX_COLUMNS for line in lines)
    if is_printable and len(lines) <= _MAX_LINES:
        yield from ("", "```python", *lines, "```")
    told = program.with_name(program.name.replace(".eigen.py", ".txt")).read_text(encoding="utf-8")
    first = next(part for part in re.split(r"\n(?=error|warning)", told) if f"[{code}]" in part)
    yield from ("", "```text", *(_shortened(line) for line in first.rstrip("\n").split("\n")), "```")


def _shortened(line: str) -> str:
    return line if len(line) <= _MAX_COLUMNS else line[: _MAX_COLUMNS - 1] + "…"


def _template(text: str) -> str:
    """A template with its fields in italics."""
    return re.sub(r"\{(\w+)\}", r"*\1*", text.replace("*", r"\*").replace("<", "&lt;"))


def _section(fault: Fault) -> Iterator[str]:
    yield from ("", f"### {fault.code}", "", f"{_template(fault.message)}.")
    if fault.hint:
        yield from ("", f"Instead: {_template(fault.hint)}.")
    yield from _example(fault.code)


def _page() -> str:
    lines = [*_HEAD.rstrip("\n").split("\n")]
    for prefix, title in _GROUPS.items():
        lines += ["", f"## {title}"]
        for fault in sorted((one for one in Fault if one.code.startswith(prefix)), key=lambda one: one.code):
            lines += _section(fault)
    return "\n".join([*lines, ""])


def test_the_page_is_the_catalogue(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        _PAGE.write_text(_page(), encoding="utf-8")
    assert _PAGE.read_text(encoding="utf-8") == _page()


def test_every_fault_is_in_a_group() -> None:
    assert [one.code for one in Fault if one.code[:4] not in _GROUPS] == []
