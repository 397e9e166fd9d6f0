"""The budget: whatever a program is, compiling it takes bounded time and memory, and the bound is not a clock.

What programs take with the whole budget is in docs/design/safety.md. The bounds here are generous, so that only a
missing charge breaks them: the programs that led to charges took from 10 s to minutes, and up to 9 GB.
What is refused runs here with a fifth of the budget, since it costs time in proportion.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from eigen.compiler.pipeline import compile_source
from eigen.contracts.compilation import CompileLimits, CompileRequest, ProgramSource
from eigen.contracts.errors import ResourceExhaustedError

_MAX_SEC = 15  # of the processor
_MAX_BYTES = 500 * 1024 * 1024
_INTERPRETER_BYTES = 200 * 1024 * 1024  # of addresses, most of which are never touched

_HEAD = """\
from math import sin, gcd

def same(a):
    return a

@hybrid_program
def main(theta: Param = 0.1):
    q = QubitRegister(2)
"""

_REFUSED = {
    "angles that all differ": "for i in range(2000000):\n    u(q[0], i * 0.1, i * 0.2, i * 0.3)",
    "symbolic angles that all differ": "a = theta\nwhile True:\n    a = a + 1.5\n    rz(q[0], a)",
    "conditions that all differ": (
        "bits = measure(QubitRegister(50))\nfor i in range(4000000):\n    if bits == i:\n        x(q[1])"
    ),
    "a condition again and again": "bit = measure(q[0])\nwhile True:\n    if bit:\n        x(q[1])",
    "measurements": "while True:\n    measure(q[0])",
    "dicts in lists": "xs = []\nfor j in range(100000):\n    xs += [{i: i * 0.5 for i in range(99000)}]",
    "nested dicts": "x = 0\nwhile True:\n    x = {0: x, 1: x, 2: x}",
    "nested lists": "x = []\nwhile True:\n    x = [x, x, x]",
    "keys whose hashes collide": "d = {}\nfor i in range(30000):\n    d[i * (2 ** 61 - 1)] = i",
    "literal keys whose hashes collide": (
        "for j in range(1000):\n    d = {i * (2 ** 61 - 1): i for i in range(j * 30, 30000)}"
    ),
    "rounding to many digits": "while True:\n    y = round(1e300, 300)",
    "common divisors of large integers": (
        "y = (1 << 4090) - 1\nz = (1 << 4000) + 12345678901234567\nwhile True:\n    w = gcd(y, z)"
    ),
    "long texts are sorted": (
        "a = 'a' * 99999\nb = 'a' * 99998 + 'c'\nxs = [a, b] * 40000\nwhile True:\n    y = sorted(xs)"
    ),
    "long texts are compared": (
        "a = 'a' * 99999\nb = 'a' * 99998 + 'c'\nxs = [a, b] * 40000\nwhile True:\n    y = max(xs)"
    ),
    "wide nested lists are compared": (
        "x = 1\ny = 1\nfor i in range(40):\n    x = [x] * 99999\n    y = [y] * 99999\nz = x == y"
    ),
    "conditions of many cases": (
        "b = measure(QubitRegister(50))\nfor i in range(4000000):\n"
        "    y = b[:8] < i % 250 or b[20:26] == b[30:36] and not b[i % 50]"
    ),
    "cases upon cases": (
        "b = measure(QubitRegister(50))\n"
        "while True:\n    y = b[0] == b[1]\n    for i in range(2, 7):\n        y = y == b[i]"
    ),
    "operations under many tests": (
        "b = measure(QubitRegister(50))\nif b[:6] != b[6:12] or b[13]:\n    while True:\n        x(q[0])"
    ),
    "bits are compared with a number": ("bits = measure([0, 1]) * 20 + [0]\nwhile True:\n    y = bits == 0"),
    "many bits are returned often": (
        "bits = measure([0, 1]) * 45000\nd = {}\nfor i in range(2000):\n    d['a' * (i + 1)] = bits\nreturn d"
    ),
    "many values are returned": "xs = [[i * 0.5 for i in range(9000)] for j in range(400)]\nreturn xs",
    "an observable grows": "H = 0 * Z(0)\nwhile True:\n    H = H + Z(1)",
    "observables are multiplied": (
        "H = sum([X(i) for i in range(300)])\nG = sum([Z(i) for i in range(300)])\nwhile True:\n    F = H * G"
    ),
    "a product on many qubits": "H = Z(0)\nfor i in range(1, 10000):\n    H = H * Z(i)",
    "long Pauli strings": "while True:\n    H = Observable('ZXZY' * 2000)",
    "many observables": "while True:\n    H = ExpectationValue(sum([Z(0), X(1), Y(0) * Z(1)]))",
    "helpers": "while True:\n    same(1)",
    "functions": "while True:\n    y = sin(0.5)",
    "nothing": "while True:\n    pass",
}
_ACCEPTED = {
    "one operation many times": "for i in range(999000):\n    h(q[0])",
    "layers": "r = QubitRegister(1000)\nfor n in range(1000):\n    for i in range(999):\n        h(r[i])",
    "an ordinary loop whose operations all differ": (
        "r = QubitRegister(18)\nfor k in range(999000):\n    rz(r[k % 18], k / 1024)"
    ),
    "as many angles as there may be": "for i in range(180000):\n    u(q[0], i * 0.1, i * 0.2, i * 0.3)",
    "as many symbolic angles": "for i in range(75000):\n    rx(q[0], theta * i)",
    "as many conditions": (
        "bits = measure(QubitRegister(50))\nfor i in range(3000):\n    if bits == i:\n        x(q[1])"
    ),
    "wide measurements": "r = QubitRegister(9900)\nfor i in range(9):\n    measure(r)",
    "a long observable": (
        "QubitRegister(150)\n"
        "H = sum([Z(i) * X(j) * Y(k) for i in range(40) for j in range(40, 80) for k in range(80, 110)])\n"
        "return ExpectationValue(H)"
    ),
}

_CHILD = """
import resource, sys
from eigen.compiler.pipeline import compile_source
from eigen.contracts.compilation import CompileLimits, CompileRequest, ProgramSource
from eigen.contracts.errors import EigenError

resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
limits = CompileLimits(steps=int(sys.argv[3]))
try:
    source = ProgramSource(content=sys.stdin.buffer.read())
    print(len(compile_source(CompileRequest(source=source, limits=limits)).aqo_json))
except EigenError as error:
    print(error.reason)
"""


def _text(body: str) -> str:
    return _HEAD + "".join(f"    {line}\n" for line in body.split("\n"))


def _answer(text: str, *, part: int = 1) -> str:
    """The size of the AQO, or the reason of the refusal, from a process that has little memory and time.

    It gets the budget, and the time and memory above the interpreter's own, divided by `part`.
    """
    num_bytes = _INTERPRETER_BYTES + _MAX_BYTES // part
    arguments = [str(num_bytes), str(max(_MAX_SEC // part, 2)), str(CompileLimits().steps // part)]
    finished = subprocess.run(
        [sys.executable, "-c", _CHILD, *arguments],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-500:]
    return finished.stdout.strip()


@pytest.mark.parametrize("what", _REFUSED)
def test_a_program_without_end_is_refused_in_bounded_time_and_memory(what: str) -> None:
    assert _answer(_text(_REFUSED[what]), part=5).startswith("EL05")


@pytest.mark.parametrize("what", _ACCEPTED)
def test_the_largest_programs_compile_in_bounded_time_and_memory(what: str) -> None:
    assert int(_answer(_text(_ACCEPTED[what]))) > 100_000


@pytest.mark.parametrize(
    "text",
    [
        "@hybrid_program\ndef main():\n" + "".join("    " + ";".join(["h(0)"] * 1500) + "\n" for _ in range(34)),
        "@hybrid_program\ndef main():\n"
        + "".join(" " + "".join(f"a{j * 100 + i:x}();" for i in range(100)) + "\n" for j in range(250)),
        "@hybrid_program\ndef main():\n" + (" x=[" + "[a for a in b]," * 100 + "]\n") * 110,
        "\n".join(["a=b"] * 60_000),
    ],
    ids=["statements", "unknown functions", "comprehensions", "assignments"],
)
def test_a_dense_text_is_read_in_bounded_time_and_memory(text: str) -> None:
    assert _answer(text).startswith("EL")


def test_the_budget_is_exact() -> None:
    """The same program passes or fails at the same limit, on every machine."""
    source = ProgramSource(content=_text("for i in range(50):\n    rx(q[0], i * 0.1 + theta)").encode())

    def passes(steps: int) -> bool:
        try:
            compile_source(CompileRequest(source=source, limits=CompileLimits(steps=steps)))
        except ResourceExhaustedError:
            return False
        return True

    enough = next(steps for steps in range(0, 10_000, 10) if passes(steps))
    assert all(passes(enough + more) for more in (0, 1, 1000))
    assert not passes(enough - 10)
