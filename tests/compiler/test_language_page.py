"""The programs in `docs/language.md` compile, with nothing suspicious in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eigen.compiler.pipeline import compile_source
from eigen.contracts.compilation import CompileLimits, CompileRequest, ProgramSource

_PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
_PROGRAMS = re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)


@pytest.mark.parametrize("program", _PROGRAMS)
def test_a_program_of_the_page_compiles(program: str) -> None:
    compiled = compile_source(CompileRequest(source=ProgramSource(content=program.encode())))
    assert compiled.warnings == ()
    assert compiled.profile.num_operations > 2


def test_the_page_shows_a_loop() -> None:
    loops = [one for one in _PROGRAMS if "minimize(" in one]
    compiled = compile_source(CompileRequest(source=ProgramSource(content=loops[0].encode())))
    assert compiled.hybrid is not None
    assert dict(compiled.hybrid.initial) == {"theta": 0.3, "phi": 0.1}


@pytest.mark.parametrize(
    "name", ["operations", "terms", "steps", "integer_bits", "sequence_items", "parameters", "qubits"]
)
def test_the_page_names_the_limits(name: str) -> None:
    assert f"{getattr(CompileLimits(), name):,}" in _PAGE.partition("## Limits")[2]
