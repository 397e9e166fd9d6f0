"""Hostile OpenQASM: short texts that ask for much, and long ones of nothing, are answered soon and small."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from eigen.compiler.openqasm.reader import read_openqasm
from eigen.contracts.collection import no_collections
from eigen.contracts.compilation import CompileLimits, Language, ProgramSource
from eigen.contracts.errors import EigenError, ResourceExhaustedError

NEWER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[4] q;\nbit[4] c;\n'
OLDER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[4];\ncreg c[4];\n'
_MAX_SEC = 10.0  # a second is promised, and measured by `python -m fuzz`; a machine may be slow, what hangs is slower
_MAX_BYTES = 200 * 1024 * 1024
_CONTROLS = ", ".join(f"r[{index}]" for index in range(13))
_DOUBLING = "gate g0 a { x a; }" + "".join(f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}" for n in range(1, 60))
_NESTED_CALLS = "def f0(qubit a) { x a; }" + "".join(
    f"def f{n}(qubit a) {{ f{n - 1}(a); f{n - 1}(a); }}" for n in range(1, 60)
)

EXPENSIVE = {
    # what is tried: the text
    "a loop over a million": "for int i in [1:1000000] x q[0];",
    "a loop over 10**12": "for int i in [1:10 ** 12] x q[0];",
    "a loop over 10**1000": "for int i in [1:10 ** 1000] x q[0];",
    "a loop down": "for int i in [10 ** 12:-1:1] x q[0];",
    "loops in loops": "for int i in [1:9999] for int j in [1:9999] for int k in [1:9999] x q[0];",
    "an endless loop": "while (true) { }",
    "an endless loop that counts": "int n = 0; while (n >= 0) n += 1;",
    "an endless loop of large integers": "int x = 2 ** 4000; int y; while (true) y = (x * 2) / 2;",
    "a long body": "int j = 0; for int i in [1:1000] {" + "j += 1;" * 20_000 + "}",
    "declarations in a loop": "for int i in [1:1000000] { int a = 1; int b = 2; }",
    "bits in a loop": "for int i in [1:1000000] { bit[9000] b; }",
    "gates that double": _DOUBLING + "g59 q[0];",
    "subroutines that double": _NESTED_CALLS + "f59(q[0]);",
    "powers": "pow(10 ** 9) @ h q[0];",
    "powers of powers": "pow(1000) @ pow(1000) @ pow(1000) @ h q[0];",
    "powers in definitions": "gate g a { pow(1000) @ h a; } gate k a { pow(1000) @ g a; } pow(1000) @ k q[0];",
    "infinite powers": "pow(1e308) @ h q[0];",
    "controls in a loop": f"qubit[13] r; for int i in [1:99999] ctrl(12) @ x {_CONTROLS};",
    "a gate on a wide register": "qubit[9000] r;" + "h r;" * 300,
    "wide registers in a loop": "qubit[9000] r; for int i in [1:1000000] barrier r;",
    "wide sets": "qubit[9000] r; x r[{" + "0, " * 100_000 + "0}];",
    "wide ranges": "x q[0:1:10 ** 18];",
    "aliases": "qubit[9000] r;" + "".join(f"let a{n} = r;" for n in range(300)),
    "aliases that double": "let a0 = q;" + "".join(f"let a{n} = a{n - 1} ++ a{n - 1};" for n in range(1, 60)),
    "a long sum": "rz(1" + "+1" * 300_000 + ") q[0];",
    "a long sum in a loop": "for int i in [1:1000000] rz(1" + "+1" * 4_000 + ") q[0];",
    "a sum of inputs in a loop": "".join(f"input float p{n};" for n in range(1_000))
    + "for int i in [1:100000] rz(" + "+".join(f"p{n}" for n in range(1_000)) + ") q[0];",
    "a call of many arguments": "rz(sin(" + "1," * 100_000 + "1)) q[0];",
    "a tower of powers": "rz(9 ** 9 ** 9 ** 9) q[0];",
    "a shift": "rz(1 << 10 ** 9) q[0];",
    "brackets": "rz(" + "(" * 100_000,
    "signs": "rz(" + "-" * 100_000 + "1) q[0];",
    "indices": "x q[" * 100_000,
    "braces": "if (true) {" * 100_000,
    "modifiers": "ctrl @ " * 100_000 + "x q[0];",
    "a wide condition": "bit[9000] d; if (d != 1) x q[0];",
    "a condition of many": "bit[64] d; if (" + " ^ ".join(f"d[{n}]" for n in range(64)) + ") x q[0];",
    "conditions in conditions": "if (c[0]) {" * 60 + "x q[0];" * 5_000 + "}" * 60,
    "a large block under a condition": "if (c != 1) { for int i in [1:99999] x q[0]; }",
    "a large switch": "switch (c) {"
    + "".join(f"case {n} {{ for int i in [1:9999] x q[0]; }}" for n in range(16)) + "}",
    "a switch of many cases": "bit[20] d; switch (d) {" + "".join(f"case {n} {{ x q[0]; }}" for n in range(20_000))
    + "default { y q[0]; } }",
    "a wide gate": "gate g " + ",".join(f"a{n}" for n in range(9_000)) + " {" + "x a8999;" * 50_000 + "}",
    "a gate of many angles": "gate g(" + ",".join(f"a{n}" for n in range(3_000)) + ") b {" + "rz(a0 + a1) b;" * 300
    + "} for int i in [1:1000] g(" + "1," * 2_999 + "1) q[0];",
    "an empty gate of many": "gate g a {" + "id a;" * 50_000 + "} for int i in [1:99] g q[0];",
    "thousands of gates": "".join(f"gate g{n} a {{ rz({n}) a; }}" for n in range(10_000)),
    "thousands of constants and gates":
        "".join(f"const int k{n} = {n};" for n in range(5_000))
        + "".join(f"gate g{n} a {{ rz(k{n}) a; }}" for n in range(5_000)),
    "thousands of unknown names": "".join(f"x r{n};" for n in range(20_000)),
    "thousands of unreadable statements": "x x x;" * 50_000,
    "nothing but semicolons": ";" * 500_000,
    "comments": "/**/" * 500_000,
    "lines": "\n" * 4_000_000,
    "an open comment": "/*" * 500_000,
    "quotes": "\"'" * 250_000,
    "a name of a megabyte": "x " + "a" * 1_000_000 + ";",
    "a number of a megabyte": "rz(" + "9" * 1_000_000 + ") q[0];",
    "a number with a million underscores": "rz(1" + "_1" * 500_000 + ") q[0];",
    "annotations": "@a\n" * 300_000 + "x q[0];",
    "a line of other letters": "/* " + "ß" * 500_000 + " */" + "x q[9];" * 2_000,
}  # fmt: skip

EXPENSIVE_OLDER = {
    "gates that double": _DOUBLING + "g59 q[0];",
    "wide barriers": "qreg r[9990];" + "barrier r;" * 100_000,
    "wide gates": "qreg r[9990];" + "h r;" * 300,
    "wide conditions": "creg d[9990];" + "if (d==1) x q[0];" * 50_000,
    "powers": "rz(2^2^2^2^2^2^2) q[0];",
    "a definition again and again": "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }" * 20_000,
    "a huge register": "qreg r[99999999999999999999];",
    "a huge index": "x q[99999999999999999999];",
    "an include of itself": 'include "program.qasm";' * 50_000,
    "an include of a device": 'include "/dev/zero";',
}  # fmt: skip


def _read(text: str, language: Language) -> None:
    source = ProgramSource(content=text.encode(), filename="program.qasm", language=language)
    try:
        with no_collections():
            read_openqasm(source)
    except EigenError as error:
        assert error.reason.startswith("QASM")
        assert error.diagnostics
        assert all(one.span is not None for one in error.diagnostics)


def _check(text: str, language: Language) -> None:
    before = time.process_time()
    _read(text, language)
    assert time.process_time() - before < _MAX_SEC


@pytest.mark.parametrize("what", EXPENSIVE)
def test_a_hostile_text_is_answered_soon(what: str) -> None:
    _check(NEWER + EXPENSIVE[what], Language.OPENQASM3)


@pytest.mark.parametrize("what", EXPENSIVE_OLDER)
def test_a_hostile_text_of_openqasm_2_is_answered_soon(what: str) -> None:
    _check(OLDER + EXPENSIVE_OLDER[what], Language.OPENQASM2)


@pytest.mark.parametrize(
    "what", ["a loop over a million", "aliases that double", "bits in a loop", "a long sum", "lines"]
)
def test_a_hostile_text_takes_little_memory(what: str) -> None:
    tracemalloc.start()
    try:
        _read(NEWER + EXPENSIVE[what], Language.OPENQASM3)
        assert tracemalloc.get_traced_memory()[1] < _MAX_BYTES
    finally:
        tracemalloc.stop()


def test_a_long_program_may_unroll_more_than_a_short_one() -> None:
    """Work is paid in proportion to the text; operations are limited for any."""
    gate = "gate g a { " + "x a; " * 5 + "}\n"
    limits = CompileLimits(steps=1_000_000)

    def num_operations(text: str, limits: CompileLimits) -> int:
        source = ProgramSource(content=(NEWER + gate + text).encode(), language=Language.OPENQASM3)
        return len(read_openqasm(source, limits=limits).circuit.operations)

    assert num_operations("g q[0];\n" * 10_000, limits) == 50_000
    for text, lower in (
        ("for int i in [1:10000] g q[0];", limits),
        ("g q[0];\n" * 10_000, CompileLimits(operations=49_999)),
    ):
        with pytest.raises(ResourceExhaustedError):
            num_operations(text, lower)
