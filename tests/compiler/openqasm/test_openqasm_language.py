"""What OpenQASM programs mean, and what is told of those that are wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eigen.compiler.openqasm.catalogue import MAX_NESTING, QasmFault
from eigen.compiler.openqasm.reader import read_openqasm
from eigen.contracts.aqo import AQO, Affine, Operation
from eigen.contracts.compilation import CompileLimits, Language, ProgramSource
from eigen.contracts.diagnostics import render
from eigen.contracts.errors import EigenError

HEADER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
OLDER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def read(text: str | bytes, *, language: Language = Language.OPENQASM3, limits: CompileLimits | None = None) -> AQO:
    content = text if isinstance(text, bytes) else text.encode()
    source = ProgramSource(content=content, filename="program.qasm", language=language)
    return read_openqasm(source, limits=limits).circuit


def told(text: str) -> list[str]:
    """A program's operations, shortly."""
    language = Language.OPENQASM2 if text.startswith("OPENQASM 2") else Language.OPENQASM3
    return [shown(one) for one in read(text, language=language).operations]


def shown(one: Operation) -> str:
    angles = f"({', '.join(f'{angle:.4g}' if isinstance(angle, int | float) else '~' for angle in one.params)})"
    condition = f" if {one.condition.c}=={one.condition.eq}" if one.condition else ""
    into = f"->{one.c}" if one.c else ""
    return f"{one.op}{angles if one.params else ''}{one.q}{into}{condition}".replace(" ", "").replace("if", " if ")


MEANINGS = {
    "a register is broadcast": ("qubit[2] q; h q;", ["H(0,)", "H(1,)"]),
    "two registers go side by side": ("qubit[2] a; qubit[2] b; cx a, b;", ["CX(0,2)", "CX(1,3)"]),
    "one qubit goes with each": ("qubit a; qubit[2] b; cx a, b;", ["CX(0,1)", "CX(0,2)"]),
    "an alias names qubits": ("qubit[4] q; let a = q[1:2] ++ q[0]; x a[2];", ["X(0,)"]),
    "ranges have steps and ends": ("qubit[5] q; x q[0:2:4]; y q[-1];", ["X(0,)", "X(2,)", "X(4,)", "Y(4,)"]),
    "a set of indices": ("qubit[3] q; x q[{2, 0}];", ["X(2,)", "X(0,)"]),
    "constants": ("const int n = 2; const float a = pi / n; qubit[n] q; rz(a) q[n - 1];", ["RZ(1.571)(1,)"]),
    "variables": ("int i = 1; i += 2; qubit q; rz(i) q;", ["RZ(3)(0,)"]),
    "a loop is unrolled": ("qubit[3] q; for uint i in [0:2] { rz(i * 0.5) q[i]; }",
                           ["RZ(0)(0,)", "RZ(0.5)(1,)", "RZ(1)(2,)"]),
    "a loop over a set": ("qubit q; for float a in {0.5, 1.5} rz(a) q;", ["RZ(0.5)(0,)", "RZ(1.5)(0,)"]),
    "a static while": ("qubit q; int i = 0; while (i < 2) { x q; i += 1; }", ["X(0,)", "X(0,)"]),
    "a static if": ("qubit q; if (2 > 1) x q; else y q;", ["X(0,)"]),
    "functions": ("qubit q; rz(sqrt(4) + arccos(1.0) + 2 ** 3) q;", ["RZ(10)(0,)"]),
    "powers bind to the right and before signs": ("qubit q; rz(-2.0 ** 3 ** 2) q;", ["RZ(-512)(0,)"]),
    "a bit": ("qubit[2] q; bit c = measure q[0]; if (c) x q[1];", ["MEASURE(0,)->(0,)", "X(1,) if (0,)==1"]),
    "a bit of a register": ("qubit[2] q; bit[2] c = measure q; if (c[1] == 0) x q[0];",
                            ["MEASURE(0,1)->(0,1)", "X(0,) if (1,)==0"]),
    "not a bit": ("qubit q; bit[2] c; if (!c[1]) x q;", ["X(0,) if (1,)==0"]),
    "a register": ("qubit q; bit[2] c; if (c == 2) x q;", ["X(0,) if (0,1)==2"]),
    "a register as a text": ('qubit q; bit[2] c; if (c == "01") x q;', ["X(0,) if (0,1)==1"]),
    "a register as a number": ("qubit q; bit[2] c; if (uint[2](c) == 3) x q;", ["X(0,) if (0,1)==3"]),
    "both of two bits": ("qubit q; bit[2] c; if (c[0] && !c[1]) x q;", ["X(0,) if (0,1)==1"]),
    "one of two bits": ("qubit q; bit[2] c; if (c[0] || c[1]) x q;", ["X(0,) if (0,1)==1", "X(0,) if (1,)==1"]),
    "a register but one value": ("qubit q; bit[2] c; if (c != 3) x q;", ["X(0,) if (0,1)==2", "X(0,) if (1,)==0"]),
    "less than": ("qubit q; bit[2] c; if (c < 2) x q;", ["X(0,) if (1,)==0"]),
    "at least": ("qubit q; bit[2] c; if (2 <= c) x q;", ["X(0,) if (1,)==1"]),
    "else": ("qubit q; bit c; if (c) x q; else { y q; z q; }",
             ["X(0,) if (0,)==1", "Y(0,) if (0,)==0", "Z(0,) if (0,)==0"]),
    "nested conditions": ("qubit q; bit[2] c; if (c[0]) { if (c[1]) x q; }", ["X(0,) if (0,1)==3"]),
    "a measurement under its own condition": ("qubit[2] q; bit[2] c; if (c == 0) { c = measure q; }",
                                              ["MEASURE(0,1)->(0,1) if (0,1)==0"]),
    "resets and barriers":
        ("qubit[2] q; reset q; barrier q[1]; barrier;", ["RESET(0,1)", "BARRIER(1,)", "BARRIER(0,1)"]),
    "physical qubits": ("h $2; cx $2, $0;", ["H(2,)", "CX(2,0)"]),
    "a gate of the program's own":
        ("gate g(a, b) x1, y1 { rz(a / 2) y1; cx y1, x1; p(b) x1; } qubit[2] q; g(1, 2) q[0], q[1];",
                                    ["RZ(0.5)(1,)", "CX(1,0)", "P(2)(0,)"]),
    "a known definition is its gate":
        ("gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; } qubit[2] q; rzz(0.5) q[0], q[1];",
                                       ["RZZ(0.5)(0,1)"]),
    "another definition of a name is what it says": ("gate rzz(t) a, b { rz(t) a; } qubit[2] q; rzz(0.5) q[0], q[1];",
                                                     ["RZ(0.5)(0,)"]),
    "Greek and Unicode": ("/* größe */ qubit q; gate g(θ) a { rz(θ) a; } g(π) q; // ✓", ["RZ(3.142)(0,)"]),
    "older registers": ("qreg q[1]; creg c[1]; measure q -> c;", ["MEASURE(0,)->(0,)"]),
    "a subroutine runs where it is called":
        ("qubit[3] q; def f(qubit a, qubit[2] r, int n, float t) { for int i in [1:n] x a; rz(t / 2) r[1]; } "
         "let s = q[0:1]; f(q[2], s, 2, 1);",
         ["X(2,)", "X(2,)", "RZ(0.5)(1,)"]),
    "a subroutine's measurement":
        ("qubit[2] q; def f(qubit a) -> bit { h a; return measure a; } bit c = f(q[1]); bit[2] d; d[1] = f(q[0]);",
         ["H(1,)", "MEASURE(1,)->(0,)", "H(0,)", "MEASURE(0,)->(2,)"]),
    "a subroutine's own bits":
        ("qubit q; def f(qubit a) { bit b; b = measure a; if (b) x a; } f(q); f(q);",
         ["MEASURE(0,)->(0,)", "X(0,) if (0,)==1", "MEASURE(0,)->(1,)", "X(0,) if (1,)==1"]),
    "subroutines call those above them":
        ("qubit q; def f(qubit a) { x a; } def g(qubit b, angle t) { f(b); rz(t) b; f(b); } g(q, pi);",
         ["X(0,)", "RZ(3.142)(0,)", "X(0,)"]),
    "a static switch": ("qubit q; int n = 3; switch (n) { case 0, 1 { x q; } case 3 { y q; } default { z q; } }",
                        ["Y(0,)"]),
    "a static switch's default": ("qubit q; switch (7) { case 0 { x q; } default { z q; } }", ["Z(0,)"]),
    "a static switch without a match": ("qubit q; y q; switch (7) { case 0 { x q; } }", ["Y(0,)"]),
    "a measured switch":
        ("qubit q; bit[2] c; switch (c) { case 0 { x q; } case 1, 2 { y q; } default { z q; } }",
         ["X(0,) if (0,1)==0", "Y(0,) if (0,1)==1", "Y(0,) if (0,1)==2", "Z(0,) if (0,1)==3"]),
    "a switch in Qiskit's words":
        ("qubit q; bit[2] c; int s; s = c; switch (s) { case 3 { x q; } }", ["X(0,) if (0,1)==3"]),
    "annotations mean nothing": ("@reversible now\nqubit q;\n@a.b {} \"\n@c\nx q;", ["X(0,)"]),
    "a copy of bits": ("qubit q; bit c; bool b = c; if (b) x q;", ["X(0,) if (0,)==1"]),
    "joined measurements": ("qubit[2] q; bit[2] c; c[0] = measure q[1]; c[1] = measure q[0];", ["MEASURE(1,0)->(0,1)"]),
}  # fmt: skip


@pytest.mark.parametrize("case", MEANINGS)
def test_openqasm_3_means(case: str) -> None:
    text, expected = MEANINGS[case]
    assert told(HEADER + text) == expected


OLDER_MEANINGS = {
    "numbers are real and ^ is the power": ("qreg q[1]; rz(1/2 + 2^3) q[0];", ["RZ(8.5)(0,)"]),
    "a register's condition": ("qreg q[1]; creg a[2]; creg b[2]; if (b==2) x q[0];", ["X(0,) if (2,3)==2"]),
    "a condition on a measurement": ("qreg q[1]; creg c[1]; if (c==1) measure q[0] -> c[0];",
                                     ["MEASURE(0,)->(0,) if (0,)==1"]),
    "U and CX": ("qreg q[2]; U(0.1,0.2,0.3) q[0]; CX q[0],q[1];", ["U(0.1,0.2,0.3)(0,)", "CX(0,1)"]),
    "older names": ("qreg q[2]; u2(0,pi) q[0]; cu3(1,2,3) q[0],q[1]; u1(1) q; u0(1) q[0];",
                    ["U(1.571,0,3.142)(0,)", "CU(1,2,3,0)(0,1)", "P(1)(0,)", "P(1)(1,)", "ID(0,)"]),
    "a gate that not every library has may be defined":
        ("gate swap a,b { cx a,b; } qreg q[2]; swap q[0],q[1];", ["CX(0,1)"]),
    "ln": ("qreg q[1]; rz(ln(1)) q[0];", ["RZ(0)(0,)"]),
}  # fmt: skip


@pytest.mark.parametrize("case", OLDER_MEANINGS)
def test_openqasm_2_means(case: str) -> None:
    text, expected = OLDER_MEANINGS[case]
    assert told(OLDER + text) == expected


def test_an_input_is_a_parameter_of_aqo() -> None:
    """A Greek name is spelled out; what is affine in it stays symbolic."""
    circuit = read(HEADER + "input float[64] θ; input angle[32] b; qubit q; rz(-(2 * θ - b / 4) + pi) q;")
    assert circuit.parameters == ("theta", "b")
    (angle,) = circuit.operations[0].params
    assert isinstance(angle, Affine)
    assert angle.terms == (("b", 0.25), ("theta", -2.0))


FAULTS = {
    QasmFault.CONTROL_CHARACTER: "qubit q;\u202e",
    QasmFault.CHARACTER: "qubit q; x q ? ;",
    QasmFault.NUMBER: "qubit q; rz(12abc) q;",
    QasmFault.INCLUDE: 'include "/etc/passwd";',
    QasmFault.SYNTAX: "qubit q\nx q;",
    QasmFault.PLACE: "bit c; if (c) { qubit q; }",
    QasmFault.UNKNOWN_NAME: "qubit quux; x qux;",
    QasmFault.UNKNOWN_GATE: "qubit q; hh q;",
    QasmFault.TAKEN: "qubit q; bit q;",
    QasmFault.TYPE: "bit c; x c;",
    QasmFault.INDEX: "qubit[2] q; x q[2];",
    QasmFault.SIZE: "qubit[0] q;",
    QasmFault.ARITHMETIC: "qubit q; rz(sqrt(-1.0)) q;",
    QasmFault.INTEGER_DIVISION: "qubit q; rz(1/2) q;",
    QasmFault.NOT_AFFINE: "input float a; qubit q; rz(a * a) q;",
    QasmFault.RANGE: "qubit q; for int i in [0:0:2] x q;",
    QasmFault.NUM_ANGLES: "qubit q; rz q;",
    QasmFault.NUM_QUBITS: "qubit[2] q; x q[0], q[1];",
    QasmFault.SAME_QUBIT: "qubit[2] q; cx q[0], q[0];",
    QasmFault.BROADCAST: "qubit[2] a; qubit[3] b; cx a, b;",
    QasmFault.MEASURE_SIZE: "qubit[2] q; bit c; c = measure q;",
    QasmFault.NO_QUBITS: "bit c;",
    QasmFault.PHYSICAL: "qubit q; x $0;",
    QasmFault.QUBITS_LIMIT: "qubit[20000000] q;",
    QasmFault.BITS_LIMIT: "bit[20000] c;",
    QasmFault.OPERATIONS_LIMIT: "qubit[9999] r;" + "".join(f"let a{number} = r;" for number in range(101)),
    QasmFault.STEPS_LIMIT: "qubit q; for int i in [1:1000000000000] { }",
    QasmFault.EXPRESSION_LIMIT: "qubit q; rz(1" + "+1" * 10_000 + ") q;",
    QasmFault.NESTING_LIMIT: f"qubit q; rz({'(' * 5000}1{')' * 5000}) q;",
    QasmFault.INTEGER_LIMIT: "qubit q; rz(9 ** 9 ** 9) q;",
    QasmFault.CONTROLS_LIMIT: "qubit q; ctrl(99) @ x q;",
    QasmFault.STATEMENT: "qubit q; box { x q; }",
    QasmFault.NUM_ARGUMENTS: "qubit q; def f(qubit a) { x a; } f(q, 1);",
    QasmFault.RESULT: "qubit q; def f(qubit a) { x a; } bit c = f(q);",
    QasmFault.CONDITION: "qubit q; bit[2] a; bit[2] b; if (a == b) x q;",
    QasmFault.INPUT_TYPE: "input bit[2] n;",
    QasmFault.POWER: "qubit q; gate g a { h a; t a; } pow(0.5) @ g q;",
    QasmFault.EXPRESSION: "qubit q; bit[4] c; if (c[0:1] == 1) x q;",
    QasmFault.MEASURE_TARGET: "qubit q; measure q;",
    QasmFault.NOT_FINITE: "input float a; qubit q; rz(1e300 * a * 1e300) q;",
    QasmFault.PARAMETERS_LIMIT: "".join(f"input float p{number};" for number in range(1025)),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one.name)
def test_a_faulty_program_is_told_with_its_place(fault: QasmFault) -> None:
    with pytest.raises(fault.kind) as caught:
        read(HEADER + FAULTS[fault])
    error = caught.value
    assert error.reason == fault.code
    (diagnostic,) = error.diagnostics
    assert diagnostic.span is not None
    assert diagnostic.span.line == (1 if fault is QasmFault.NO_QUBITS else 4 if fault is QasmFault.SYNTAX else 3)
    assert "{" not in diagnostic.message + diagnostic.hint
    assert render(diagnostic).startswith(f"error[{fault.code}]")


REFUSED = {
    "while on bits": ("bit c; while (c) { x q; }", "QASM0601"),
    "a return in the middle": ("def f(qubit a) { if (true) { return; } x a; } f(q);", "QASM0601"),
    "a return outside": ("return;", "QASM0601"),
    "a returned number": ("def f(qubit a) -> int { return 1; }", "QASM0601"),
    "a subroutine of itself": ("def f(qubit a) { f(a); } f(q);", "QASM0505"),
    "a subroutine's argument of another kind": ("def f(qubit[2] a) { } f(q);", "QASM0301"),
    "an array argument": ("def f(readonly array[int, 2] a) { }", "QASM0601"),
    "a case twice": ("switch (1) { case 1 { } case 0, 1 { } }", "QASM0203"),
    "two defaults": ("switch (1) { default { } default { } }", "QASM0203"),
    "bits measured again after they were copied":
        ("bit c; bool b = c; c = measure q; if (b) x q;", "QASM0602"),
    "a switch that measures what it reads, and goes on":
        ("bit[2] c; switch (c) { case 0 { c[0] = measure q; x q; } default { y q; } }", "QASM0602"),
    "a number that is infinite": ("int z = 1e999;", "QASM0304"),
    "an angle that is infinite": ("rz(1e999) q;", "QASM0304"),
    "an array": ("array[int[32], 3] a = {1, 2, 3};", "QASM0601"),
    "a delay": ("delay[100ns] q;", "QASM0601"),
    "a duration": ("duration d = 100ns;", "QASM0601"),
    "a stretch": ("stretch s;", "QASM0601"),
    "a pulse": ("defcal x $0 { play(drive($0), gaussian(1.0)); }", "QASM0601"),
    "an extern": ("extern f(int) -> int;", "QASM0601"),
    "an end": ("end;", "QASM0601"),
    "a pragma": ("pragma now", "QASM0601"),
    "an opaque gate": ("opaque g a;", "QASM0601"),
    "a range of bits in an expression": ("bit[4] c; if (c[0:1] == 1) x q;", "QASM0605"),
    "an include of a file": ('include "/etc/passwd";', "QASM0005"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_circuit_is_refused_by_its_name(case: str) -> None:
    text, code = REFUSED[case]
    with pytest.raises(EigenError) as caught:
        read(f"{HEADER}qubit q; {text}")
    assert [one.code for one in caught.value.diagnostics] == [code]


def test_faults_of_the_text_as_a_whole() -> None:
    for content, language, fault in (
        (b"\xff", Language.OPENQASM3, QasmFault.NOT_UTF8),
        (b"OPENQASM 2.0; qreg q[1];", Language.OPENQASM3, QasmFault.VERSION),
        (b"OPENQASM 3.0; qubit q;", Language.OPENQASM2, QasmFault.VERSION),
        (b" " * (16 * 1024 * 1024 + 1), Language.OPENQASM3, QasmFault.SOURCE_LIMIT),
    ):
        with pytest.raises(EigenError) as caught:
            read(content, language=language)
        assert caught.value.reason == fault.code


def test_every_fault_has_a_test() -> None:
    whole = {QasmFault.NOT_UTF8, QasmFault.VERSION, QasmFault.SOURCE_LIMIT}
    assert set(FAULTS) | whole == set(QasmFault)
    assert len({fault.code for fault in QasmFault}) == len(QasmFault)


def test_the_place_is_underlined_in_code_points() -> None:
    with pytest.raises(EigenError) as caught:
        read(HEADER + "qubit q; /* größe */ foo q;\n")
    assert render(caught.value.diagnostics[0]) == (
        "error[QASM0202]: there is no gate foo\n"
        "  --> program.qasm:3:22\n"
        "   |\n"
        " 3 | qubit q; /* größe */ foo q;\n"
        "   |                      ^^^^^^\n"
        "  hint: define it"
    )


def test_a_gate_without_the_library_gets_a_hint_at_it() -> None:
    with pytest.raises(EigenError) as caught:
        read("OPENQASM 3.0; qubit q; h q;")
    assert caught.value.hint == 'include "stdgates.inc"; above it'


def test_gates_that_double_at_each_level_are_refused_before_they_are_expanded() -> None:
    for innermost in ("x a;", ""):
        text = f"gate g0 a {{ {innermost} }}"
        for level in range(1, MAX_NESTING - 1):
            text += f" gate g{level} a {{ g{level - 1} a; g{level - 1} a; }}"
        with pytest.raises(EigenError) as caught:
            read(f"{HEADER}{text} qubit q; g{MAX_NESTING - 2} q;")
        assert caught.value.reason == QasmFault.STEPS_LIMIT.code


@pytest.mark.parametrize(
    "text",
    [
        "qreg q[10000];" + "barrier q;" * 200_000,
        "qreg q[1]; creg c[10000];" + "if (c==1) x q[0];" * 100_000,
        "qreg q[1];" + "gate g " + ",".join(f"a{k}" for k in range(9_000)) + " {" + "x a8999;" * 100_000 + "}",
        "/*" * 500_000,
        "qreg q[1]; rz(" + "-" * 500_000 + "1) q[0];",
        "qreg q[1]; rz(1" + "+1" * 100_000 + ") q[0];",
        "qreg q[1]; x q[" * 50_000,
        "(" * 500_000,
    ],
    ids=["wide barriers", "wide conditions", "wide gates", "comments", "signs", "sums", "indices", "brackets"],
)
def test_hostile_texts_are_answered_in_bounded_time(text: str) -> None:
    """Each is half a megabyte or more, or would be gigabytes once expanded."""
    started = time.process_time()
    try:
        read(OLDER + text, language=Language.OPENQASM2)
    except EigenError as error:
        assert error.reason.startswith("QASM")
    assert time.process_time() - started < 10


def test_limits_are_those_of_the_request() -> None:
    with pytest.raises(EigenError) as caught:
        read(HEADER + "qubit q; x q; x q; x q;", limits=CompileLimits(operations=2))
    assert caught.value.reason == QasmFault.OPERATIONS_LIMIT.code


def test_both_ways_of_reading_gates_agree() -> None:
    """A comment in front of an operand keeps a statement from the quick way."""
    for call in ("rx(0.5) q[0]", "cx q[0], q[1]", "u3(pi/2, -0.1, 1e-3) q[1]", "rz(2*pi) q[0]"):
        quick, slow = read(f"{HEADER}qubit[2] q; {call};"), read(f"{HEADER}qubit[2] q; {call} /**/;")
        assert quick == slow


@given(text=st.text(st.sampled_from('qcx h[]{}()012;=,.:/*"$@+-<>!&|^ \n') | st.characters(), max_size=200))
@settings(max_examples=400)
def test_any_text_is_a_circuit_or_a_typed_error(text: str) -> None:
    for header in (HEADER + "qubit[3] q; bit[2] c; ", OLDER + "qreg q[3]; creg c[2]; "):
        try:
            read(header + text, language=Language.OPENQASM2 if header.startswith(OLDER) else Language.OPENQASM3)
        except EigenError as error:
            assert error.reason.startswith("QASM")
        except UnicodeEncodeError:
            return


WORDS = [
    "h", "cx", "rz", "q", "q[0]", "q[1]", "c", "c[0]", "(", ")", "{", "}", ";", ",", "if", "else", "==", "measure", "=",
    "->", "reset", "gate", "g", "ctrl @", "inv @", "pow(2) @", "pi", "0.5", "2", "for int i in [0:2]", "let",
    "const int",
    "input float", "int", "bit[2]", "a", "!", "&&", "-", "**", "/", "barrier", "while", "++", "$1", "i", "true",
]  # fmt: skip


@given(words=st.lists(st.sampled_from(WORDS), max_size=25))
@settings(max_examples=600)
def test_any_words_of_the_language_are_a_circuit_or_a_typed_error(words: list[str]) -> None:
    try:
        read(f"{HEADER}qubit[3] q; bit[2] c; {' '.join(words)}")
    except EigenError as error:
        assert error.reason.startswith("QASM")
