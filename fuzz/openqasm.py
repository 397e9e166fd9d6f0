"""The grammar of random OpenQASM programs, of both versions: what is read, and much that is refused."""

from __future__ import annotations

import random

from fuzz.templates import Grammar, Rules

__all__ = ["WORDS", "draw_openqasm"]

_TAME: Rules = {
    "program": (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\n$known\nqubit[4] q;\nbit[4] c;\n$statements\n',
        'OPENQASM 3.0;\ninclude "stdgates.inc";\n$known\n$definitions\nqubit[4] q;\nbit[4] c;\n'
        "$statements\n$statements\n",
        'OPENQASM 3.1;\ninclude "stdgates.inc";\n$known\nqubit[4] q;\nbit[4] c;\n'
        "$subroutines\n$statements\n$statements\n",
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[4];\ncreg c[4];\n$older_statements\nmeasure q -> c;\n',
        'OPENQASM 2.0;\ninclude "qelib1.inc";\n$older_definitions\nqreg q[4];\ncreg c[4];\n$older_statements\n',
        "OPENQASM 3.0;\nqubit[4] q;\nbit[4] c;\nU(0, 0, pi) q;\n"
        "ctrl @ U($number, 0, tau) q[0], q[1];\ngphase($number);\n",
    ),
    "known": (
        "input float[64] theta;\ninput bool flip;\ninput int n;\nconst float x = pi / 4;\n"
        "gate g(t) a { rx(t) a; ctrl @ gphase(t / 2) a; }",
    ),
    "older_definitions": (
        "gate k a { h a; }", "gate k(t, s) a, b { u1(t / 2) a; cx a, b; rz(-s) b; }", "gate swap a, b { cx a, b; }",
    ),
    "older_statements": ("$older", "$older\n$older_statements", "$older\n$older_statements"),
    "older": (
        "h q[$index];", "cx q[0], q[1];", "rx($real) q[$index];", "u3($real, $real, 0) q[1];", "u2(0, $real) q;",
        "cu1($real) q[0], q[2];", "if (c == $index) x q[$index];", "measure q[$index] -> c[$index];",
        "reset q[$index];",
        "barrier q[0], q[1];", "barrier q;", "c3x q[0], q[1], q[2], q[3];", "// comment", "CX q[0], q[3];",
    ),
    "real": ("0.5", "pi", "-pi/2", "sin($real)", "2 * $real", "($real + $real)", "$real ^ 2", "ln(2)", "1e-3"),
    "definitions": (
        "gate k(t, s) a, b { g(t / 2) a; cx a, b; g(-s) b; }", "const int[32] m = $int;\nconst float y = $fixed;",
        "gate l a, b { pow(2) @ inv @ cx a, b; barrier a; }",
    ),
    "subroutines": (
        "def f(qubit a, int k, angle t) { for int i in [0:k] { rz(t) a; } }\nf(q[$index], $int, $number);",
        "def f(qubit a) -> bit { h a; return measure a; }\nc[$index] = f(q[$index]);\nbit e = f(q[0]);",
        "def f(qubit[2] a, bit[4] b) { if (b == $index) { cx a[0], a[1]; } }\nlet s = q[0:1];\nf(s, c);",
        "def f(qubit a) { $statement }\ndef g(qubit a) { f(a); f(a); }\ng(q[$index]);",
    ),
    "statements": ("$statement", "$statement\n$statements", "$statement\n$statements"),
    "statement": (
        "h q[$index];", "cx q[0], q[1];", "rx($number) q[$index];", "u3($number, $number, 0) q[1];",
        "U($number, 0, pi/2) q[0];",
        "ccx q[0], q[1], q[2];", "h q;", "c[$index] = measure q[$index];", "measure q[$index] -> c[$index];",
        "c = measure q;",
        "measure q -> c;", "reset q[$index];", "barrier q;", "barrier q[0], q[1];", "if (c[0]) x q[1];",
        "if (c == 3) x q[0];",
        "if (c[0] == 1) { x q[1]; h q[2]; } else { z q[0]; }", "ctrl @ x q[0], q[1];", "inv @ t q[0];",
        "pow(2) @ s q[0];",
        "ctrl(2) @ z q[0], q[1], q[2];", "negctrl @ inv @ pow(0.5) @ x q[0], q[1];", "g($number) q[0];",
        "for int i in [0:$index] { h q[i]; rz(i * $fixed) q[0]; }", "// comment", "/* comment */",
        "let a = q[0:2];\nh a;",
        "rz(theta) q[0];",
        "float[64] z = $number;", "gphase($number);", "cp($number) q[0], q[2];",
        "switch (c) { case 0, 1 { $statement } case 2 { x q[0]; } default { $statement } }",
        "switch (n) { case $index { $statement } default { y q[1]; } }", "if (flip) { $statement }",
        "for int i in [1:n] { x q[$index]; }", "int s = c; if (s > $index) { $statement }", "@note on it\nx q[0];",
        "if (c[0] && !c[1] || c[2] ^ c[3]) { $statement }", "while (n < 0) { $statement }",
    ),
    "index": ("0", "1", "2", "3"),
    "fixed": ("0.5", "pi", "-pi / 2", "cos($fixed)", "sqrt(2) * $fixed", "($fixed + $int)", "π", "x", "2 ** 3"),
    "int": ("1", "2", "n", "3 + $int", "($int)", "7 % 3", "2 ** 3", "1 << 2"),
    "number": (
        "0.5", "pi", "-pi/2", "$int", "sin($fixed)", "2 * $number", "($number + $number)", "$number / 4", "1e-3",
        "π", "theta",
        "-$number", "pi ** 2", "x", "cos(pi) * $number", "tau", "$fixed",
    ),
    "any": ("q", "c", "1", "-1", "9" * 400, "1e999", "\"q\"", "q[9]", "true", "0x1F", "1_000", "pi", "{", "}", "(",
        "[", ";", "@", "U", "\u0440", "//",
            "/*", "1.5ns", "0b101", "im", "#pragma a", "[0:1:9]", "2**2**2**99", "1 << 4000", "10**400", "1/0",
            "sqrt(-1)", "ln(0)", "float(1)"),
}  # fmt: skip
_WILD: Rules = {
    "program": ("$any", "OPENQASM $any;\n$statements", "$statements", "OPENQASM 3.0;\n$any $any;\n",
        "OPENQASM 2.0;\nqreg q[$any];\n$statements",
                "OPENQASM 3.0;\nqubit[$any] q;\nbit[$any] c;\n$statements"),
    "definitions": ("gate g a { g a; }",
        "gate a0 q { h q; h q; }\ngate a1 q { a0 q; a0 q; }\ngate a2 q { a1 q; a1 q; }\ngate a3 q { a2 q; a2 q; }",
                    "gate g($any) a { $any }", "gate h a { }", "opaque g a;", "const int n = n;",
                    "const float x = $any;", "gate g a, a { }",
                    "include \"/etc/passwd\";", "include \"$any\";", "def f(int a) -> int { return a; }",
                    "extern f(int) -> int;", "gate g a { $statement }"),
    "statement": (
        "$any;", "h $any;", "$any q[0];", "cx q[0], q[0];", "cx q;", "rx q[0];", "rx($any) q[0];",
        "if ($any) h q[0];", "for int i in [0:$any] { $statement }",
        "for int i in [0:1000000000] { for int j in [0:1000000000] { h q[0]; } }", "while (true) { $statement }",
        "pow($any) @ x q[0];", "ctrl($any) @ x q;",
        "pow(1000000000) @ x q[0];", "ctrl @ " * 30 + "x q;", "if (c == 0) " * 30 + "x q[0];", "{" * 60,
        "rx(" + "(" * 200 + "1" + ")" * 200 + ") q[0];",
        "rx(" + "-" * 400 + "1) q[0];", "rx(" + "1+" * 3000 + "1) q[0];", "let a = $any;", "measure $any -> $any;",
        "c = measure $any;", "qubit[$any] z;",
        "bit[$any] z = $any;", "const int[$any] z = $any;", "input $any z;", "switch (1) { case 1 { } }",
        "defcal x q { }", "cal { }", "box { h q; }",
        "def f($any) { $statement }", "def f(qubit a) -> $any { return $any; }", "return measure $any;",
        "f($any, $any);",
        "switch ($any) { case $any { $statement } $any }", "case 1 { x q; }", "input $any $any;", "@$any",
        "if (c == $any) {",
        "}", "int s = $any; s = c; s += $any;", "for int i in {$any, $any} { $statement }", "let b = $any ++ $any;",
        "delay[1ns] q;", "array[int, 3] a = {1, 2};", "return;", "end;", "x q[0:9];", "x q[{0, 1}];", "h q[-1];",
        "U(1) q[0];", "gate z q { }", "pragma a",
    ),
    "index": ("$any", "-1", "4", "99999999999", "0:2", "i"),
    "number": ("$any", "1/0", "$any + $any", "sin($any)", "unknown(1)", "10**10**10", "(1", "arccos(2)", "1.0.0",
        ".5.", "theta * theta", "theta / theta",
               "1 / theta"),
    "int": ("$any", "2 ** 2 ** 99", "1 << 99999", "-9223372036854775808", "$int * $int * $int"),
}  # fmt: skip

_GRAMMAR = Grammar(_TAME, _WILD)

WORDS = tuple(
    word.encode()
    for word in (
        *_TAME["any"], *_WILD["statement"], *_TAME["statement"], "qubit", "bit", "qreg", "creg", "measure", "->",
        "gate", "ctrl @ ", "inv @ ",
        "pow(2) @ ", "include", "OPENQASM", "input", "const", "if", "else", "for", "in", "let", "reset", "barrier",
        "\x00", "\x1b", "\u202e",
    )
)  # fmt: skip
"""What is spliced into OpenQASM programs."""


def draw_openqasm(chance: random.Random) -> bytes:
    """Return a random OpenQASM program."""
    wildness, budget = chance.choice((0.0, 0.0, 0.05, 0.3)), chance.choice((40, 120, 400))
    return _GRAMMAR.draw(chance, start="program", wildness=wildness, budget=budget).encode("utf-8", "surrogatepass")
