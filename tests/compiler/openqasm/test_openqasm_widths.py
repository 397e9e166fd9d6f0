"""The width of a cast may be written in any base."""

from __future__ import annotations

import pytest

from eigen.compiler.openqasm.reader import read_openqasm
from eigen.contracts.compilation import Language, ProgramSource


@pytest.mark.parametrize("width", ["16", "0x10", "0b1_0000", "0o20"])
def test_a_casts_width_is_an_integer_in_any_base(width: str) -> None:
    text = f'OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2] q;\nx q[uint[{width}](1)];\n'
    source = ProgramSource(content=text.encode(), filename="program.qasm", language=Language.OPENQASM3)
    assert [(one.op, one.q) for one in read_openqasm(source).circuit.operations if one.op == "X"] == [("X", (1,))]
