"""All faults of a program are told at once, and none that another one has made."""

from __future__ import annotations

import pytest

from eigen.compiler.openqasm.reader import read_openqasm
from eigen.compiler.report import MAX_DIAGNOSTICS
from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.errors import EigenError, InvalidArgumentError

HEADER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\n'


def faults(text: str, *, header: str = HEADER, language: Language = Language.OPENQASM3) -> list[tuple[str, int]]:
    """Code and line of each fault, lines counted from the first one behind the header."""
    source = ProgramSource(content=(header + text).encode(), filename="program.qasm", language=language)
    with pytest.raises(EigenError) as caught:
        read_openqasm(source)
    found = caught.value.diagnostics
    return [(one.code, one.span.line - header.count("\n")) for one in found if one.span is not None]


TOLD = {
    "faults of every kind": (
        "x q[2];\nhh q[0];\nrz(1/2) q[0];\ny q[0]\nz q[0];\ncx q[0], q[0];\nbox { x q[0]; }\nx ? q[0];\nx q[0];",
        [("QASM0302", 1), ("QASM0202", 2), ("QASM0306", 3), ("QASM0101", 5), ("QASM0403", 6), ("QASM0601", 7),
         ("QASM0003", 8)],
    ),
    "a name whose declaration is wrong is not missed": ("int n = 1 / 2;\nx q[n];\nint m = n + 1;\nx q[m];", [
        ("QASM0306", 1)]),
    "nor one whose declaration cannot be read": ("qubit[2 r;\nx r;\ngate g a { x a b; }\ng q[0];", [
        ("QASM0101", 1), ("QASM0101", 3)]),
    "every statement of a block": ("if (c == 1) {\nx q[5];\ny q[6];\n}\nx q[7];", [
        ("QASM0302", 2), ("QASM0302", 3), ("QASM0302", 5)]),
    "unreadable statements of a block": ("if (c == 1) {\nx q[;\ny q[6];\nz z z;\n}\nx q[7];", [
        ("QASM0101", 2), ("QASM0302", 3), ("QASM0101", 4), ("QASM0302", 6)]),
    "a loop's statement once": ("for int i in [0:9] {\nx q[i + 2];\ny q[i];\n}", [("QASM0302", 2)]),
    "a subroutine's statement once": ("def f(qubit a) {\nx a[0];\n}\nf(q[0]);\nf(q[1]);", [("QASM0301", 2)]),
    "a block that is not closed": ("if (c == 1) {\nx q[5];\n", [("QASM0101", 3)]),
    "a brace too many": ("x q[0];\n}\nx q[5];", [("QASM0101", 2), ("QASM0302", 3)]),
    "an else without its if": ("if (c = 1) { x q[0]; } else { y q[0]; }\nx q[5];", [("QASM0101", 1), ("QASM0302", 2)]),
    "a comment that is not closed": ("x q[0];\n/* x q[6];\nx q[7];", [("QASM0101", 2)]),
    "a condition that has no form": ("bit[2] d;\nif (c == d) x q[0];\nx q[5];", [("QASM0602", 2), ("QASM0302", 3)]),
    "a limit ends the reading": ("x q[5];\nqubit[20000] r;\nx q[6];", [("QASM0302", 1), ("QASM0502", 2)]),
    "a case of a switch": ("switch (1) { case 0 { x q[5]; } cas 1 { } }\nx q[6];", [("QASM0101", 1), ("QASM0302", 2)]),
    "a calibration is left out whole": ("cal { port d0; frame f = newframe(d0, 5.0e9, 0.0); }\nx q[5];", [
        ("QASM0601", 1), ("QASM0302", 2)]),
    "no qubits are missed where other things are wrong": ("x q[5];", [("QASM0302", 1)]),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_all_faults_are_told(case: str) -> None:
    text, expected = TOLD[case]
    assert faults(text) == expected


def test_all_faults_of_openqasm_2_are_told() -> None:
    text = "qreg q[2];\nx q[2];\nif (c==1) x q[0];\ny q[0]\nopaque g a;\nz q[3];\n"
    header = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
    found = faults(text, header=header, language=Language.OPENQASM2)
    assert found == [("QASM0302", 2), ("QASM0201", 3), ("QASM0101", 5), ("QASM0302", 6)]


def test_no_more_faults_are_shown_than_can_be_read_and_how_many_more_is_said() -> None:
    source = ProgramSource(content=(HEADER + "x q[5];\n" * 300).encode(), language=Language.OPENQASM3)
    with pytest.raises(InvalidArgumentError) as caught:
        read_openqasm(source)
    assert len(caught.value.diagnostics) == MAX_DIAGNOSTICS
    assert caught.value.details == {"more": 300 - MAX_DIAGNOSTICS}


def test_columns_count_code_points_in_every_line() -> None:
    source = ProgramSource(
        content=(HEADER + "/* größe ✓ */ x q[5];\n/* 😀 */ y q[6];").encode(), language=Language.OPENQASM3
    )
    with pytest.raises(InvalidArgumentError) as caught:
        read_openqasm(source)
    spans = [one.span for one in caught.value.diagnostics]
    assert [(one.line, one.column) for one in spans if one is not None] == [(5, 17), (6, 11)]
