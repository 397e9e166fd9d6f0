"""The grammar of random OpenQASM programs, of both versions: what is read, and much that is refused."""

from __future__ import annotations

import random

from fuzz.templates import Grammar, Rules

__all__ = ["WORDS", "draw_openqasm"]

_TAME: Rules = {
    "program": (
        "OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[4] q;\nbit[4] c;\n$statements\n",
        "OPENQASM 3;\ninclude \"stdgates.inc\";\ninput float theta;\n"
        "$definitions\nqubit[4] q;\nbit[4] c;\n$statements\n",
        "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[4];\ncreg c[4];\n$statements\n",
        "OPENQASM 2.0;\ninclude \"qelib1.inc\";\n$definitions\nqreg q[4];\ncreg c[4];\n$statements\nmeasure q -> c;\n",
        "OPENQASM 3.0;\nqubit q;\nqubit[4] r;\nbit c;\nU(0, 0, pi) q;\n$statements\n",
    ),
    "definitions": ("gate g a { h a; }",
        "gate g(t) a { rx(t) a; }\ngate k(t, s) a, b { g(t / 2) a; cx a, b; g(-s) b; }",
                    "const int[32] n = $int;\nconst float x = $number;", "$definitions\n$definitions"),
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
        "ctrl(2) @ z q[0], q[1], q[2];", "negctrl @ inv @ pow(0.5) @ x q[0], q[1];", "g($number) q[0];", "g q[0];",
        "for int i in [0:$index] { h q[i]; }", "// comment", "/* comment */", "let a = q[0:2];\nh a;",
        "rz(theta) q[0];",
        "bit[2] d = \"01\";", "float[64] y = $number;", "qubit[2] s;", "gphase($number);", "cu1($number) q[0], q[2];",
    ),
    "index": ("0", "1", "2", "3"),
    "int": ("1", "2", "n", "3 + $int", "($int)", "7 % 3", "2 ** 3", "1 << 2"),
    "number": ("0.5", "pi", "-pi/2", "$int", "sin($number)", "2 * $number", "($number + $number)", "$number / 4",
        "1e-3", "π", "theta", "-$number",
               "pi ** 2", "x", "cos(pi) * $number", "tau", "sqrt(2)"),
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
