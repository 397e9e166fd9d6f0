"""Hostile programs that reach what they attack: each is refused by the rule that is meant for it, at a place."""

from __future__ import annotations

import pytest

from eigen.compiler.pipeline import compile_source
from eigen.contracts.compilation import CompileLimits, CompileRequest, ProgramSource
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError

_START = "@hybrid_program\ndef main():\n    q = QubitRegister(2)\n"
_DOUBLING = (
    "def g0(q):\n    h(q[0])\n"
    + "".join(f"def g{level}(q):\n    g{level - 1}(q)\n    g{level - 1}(q)\n" for level in range(1, 41))
    + "@hybrid_program\ndef main():\n    q = QubitRegister(2)\n    g40(q)\n"
)
_ACKERMANN = """
def a(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return a(m - 1, 1)
    return a(m - 1, a(m, n - 1))
@hybrid_program
def main():
    q = QubitRegister(2)
    h(q[a(4, 2)])
"""
BODIES = {
    # what is tried: the body behind a register of two qubits, and the reason of the refusal
    "p17 nested ranges": (
        "    for i in range(1000):\n        for j in range(1000):\n"
        "            for k in range(1000):\n                h(q[0])\n",
        "EL0511",
    ),
    "p19 while true": ("    while True:\n        h(q[0])\n", "EL0511"),
    "p45 nan": ("    rx(1e308*10 - 1e308*10, q[0])\n", "EL0304"),
    "p47 bool index": ("    h(q[True])\n", "EL0307"),
    "p49 same qubit": ("    cx(q[0], q[0])\n", "EL0404"),
    "p51 register": ("    r = QubitRegister(10**9)\n", "EL0516"),
    "register of a power": ("    r = QubitRegister(10**(10**5))\n", "EL0513"),
    "register of zero": ("    r = QubitRegister(0)\n", "EL0407"),
    "register of minus one": ("    r = QubitRegister(-1)\n", "EL0407"),
    "register of a float": ("    r = QubitRegister(2.0)\n", "EL0407"),
    "register of nan": ("    r = QubitRegister(1e308 * 10)\n", "EL0304"),
    "register of a bool": ("    r = QubitRegister(True)\n", "EL0407"),
    "many registers": ("    for i in range(10**6):\n        r = QubitRegister(9000)\n", "EL0516"),
    "classical register": ("    c = ClassicalRegister(10**12)\n", "EL0516"),
    "many bits": ("    for i in range(10**6):\n        c = ClassicalRegister(9000)\n", "EL0516"),
    "list times": ("    x = [0] * 10**9\n", "EL0514"),
    "list doubling": ("    x = [1]\n    while True:\n        x = x + x\n", "EL0514"),
    "text doubling": ("    x = 'a'\n    while True:\n        x = x + x\n", "EL0514"),
    "text times": ("    x = 'ab' * 10**12\n", "EL0514"),
    "negative times": ("    x = [0] * (0 - 10**9)\n    h(x[0])\n", "EL0308"),
    "list of range": ("    x = list(range(10**12))\n", "EL0512"),
    "sum of range": ("    rx(sum(range(10**12)), q[0])\n", "EL0512"),
    "sorted range": ("    x = sorted(range(10**12))\n", "EL0512"),
    "reversed range": ("    for i in reversed(range(10**15)):\n        h(q[0])\n", "EL0512"),
    "max of a range": ("    h(q[max(range(10**13))])\n", "EL0512"),
    "range of range": ("    for i in range(10**18, 0, -1):\n        h(q[0])\n", "EL0512"),
    "zip of ranges": ("    for i, j in zip(range(10**12), range(10**12)):\n        h(q[0])\n", "EL0512"),
    "enumerate": ("    for i, j in enumerate(range(10**12)):\n        h(q[0])\n", "EL0512"),
    "membership": ("    n = 0.5 in list(range(10**7))\n", "EL0514"),
    "shift": ("    x = 1 << 10**9\n", "EL0513"),
    "shift grows": ("    x = 1\n    while True:\n        x = x << 1\n", "EL0513"),
    "power tower": ("    x = 9**9**9**9\n", "EL0513"),
    "negative power": ("    rx(0 ** -1, q[0])\n", "EL0303"),
    "complex root": ("    rx((-1) ** 0.5, q[0])\n", "EL0303"),
    "float overflow": ("    rx(10.0 ** 400, q[0])\n", "EL0304"),
    "integer to float": ("    rx(10 ** 400 * 1.5, q[0])\n", "EL0304"),
    "modulo by zero": ("    rx(5 % 0, q[0])\n", "EL0303"),
    "index of minus": ("    h(q[-10**30])\n", "EL0308"),
    "slice of huge": ("    h(q[0:10**30:10**29])\n    h(q[5])\n", "EL0308"),
    "slice step zero": ("    h(q[::0])\n", "EL0325"),
    "dict of dicts": ("    d = {}\n    while True:\n        d = {0: d}\n", "EL0512"),
    "unpack": ("    a, b, c = range(10**9)\n", "EL0512"),
    "nan key": ("    d = {1e308*10 - 1e308*10: 1}\n", "EL0304"),
    "string to int": ("    x = int('9' * 5000)\n", "EL0313"),
    "float of text": ("    rx(float('nan'), q[0])\n", "EL0313"),
    "text format": ("    x = '%s' % q\n", "EL0301"),
    "attribute chain": ("    x = q.__class__.__mro__\n", "EL0107"),
    "attribute of size": ("    x = q.size.real\n", "EL0106"),
    "getattr": ("    getattr(q, 'size')\n", "EL0202"),
    "dunder name": ("    __import__('os').system('id')\n", "EL0105"),
    "eval": ("    eval('1')\n", "EL0202"),
    "open": ("    open('/etc/passwd')\n", "EL0202"),
    "lambda": ("    (lambda: 1)()\n", "EL0111"),
    "comprehension bomb": ("    x = [[i for i in range(10**4)] for j in range(10**6)]\n", "EL0512"),
    "generator": ("    x = (i for i in range(3))\n", "EL0102"),
    "walrus": ("    while (n := 1):\n        h(q[0])\n", "EL0102"),
    "star": ("    h(*[q[0]] * 10**8)\n", "EL0102"),
    "double star": ("    h(**{'q': q[0]})\n", "EL0102"),
    "assert message": ("    assert 1 == 2, 'a' * 10**9\n", "EL0514"),
    "global": ("    global q\n", "EL0102"),
    "nonlocal": ("    nonlocal q\n", "EL0102"),
    "del": ("    del q\n", "EL0102"),
    "try": ("    try:\n        h(q[0])\n    except Exception:\n        pass\n", "EL0102"),
    "with": ("    with q:\n        pass\n", "EL0102"),
    "yield": ("    yield q\n", "EL0102"),
    "await": ("    await q\n", "EL0102"),
    "match": ("    match q:\n        case _:\n            pass\n", "EL0102"),
    "class": ("    class A:\n        pass\n", "EL0102"),
    "import os": ("    import os\n", "EL0102"),
    "import relative": ("    from . import os\n", "EL0102"),
    "f-string": ("    x = f'{q}'\n", "EL0006"),
    "bytes": ("    x = b'a' * 10**9\n", "EL0006"),
    "ellipsis": ("    x = ...\n", "EL0110"),
    "complex": ("    rx(1j, q[0])\n", "EL0110"),
    "matmul": ("    x = q @ q\n", "EL0102"),
    "type hint": ("    x: (lambda: 1)() = 2\n", "EL0211"),
    "gate of a gate": ("    h(h)\n", "EL0204"),
    "gate as value": ("    x = h\n", "EL0204"),
    "shadow": ("    h = 1\n    h(q[0])\n", "EL0205"),
    "measured loop": ("    for i in range(measure(q[0])):\n        h(q[1])\n", "EL0316"),
    "measured index": ("    h(q[measure(q[0])])\n", "EL0316"),
    "measured while": ("    while measure(q[0]):\n        h(q[1])\n", "EL0316"),
    "param loop": ("    for i in range(Param('n')):\n        h(q[0])\n", "EL0314"),
    "param product": ("    rx(Param('a') * Param('b'), q[0])\n", "EL0315"),
    "param power": ("    rx(Param('a') ** 2, q[0])\n", "EL0315"),
    "param name": ("    rx(Param('a' * 10**5), q[0])\n", "EL0414"),
    "param of text": ("    rx(Param('../../etc'), q[0])\n", "EL0414"),
    "many params": ("    for i in range(10**6):\n        rx(Param('a' + str(i)), q[0])\n", "EL0202"),
    "condition bits": ("    c = measure(QubitRegister(60))\n    if c == 2**59:\n        x(q[0])\n", "EL0417"),
    "surrogate text": ("    x = '\\ud800'\n    rx(Param(x), q[0])\n", "EL0414"),
    "null text": ("    x = '\\0'\n    rx(Param(x), q[0])\n", "EL0414"),
    "observable bomb": (
        "    o = X(0)\n    for i in range(1, 40):\n        o = o * (X(i) + Z(i))\n    return ExpectationValue(o)\n",
        "EL0519",
    ),
    "observable power": ("    o = (X(0) + Z(1)) ** (10**9)\n    return ExpectationValue(o)\n", "EL0301"),
    "observable of a far qubit": ("    return ExpectationValue(X(10**12))\n", "EL0405"),
}

PROGRAMS = {
    # what is tried: the whole program, the reason of the refusal
    "p21 doubling": (_DOUBLING, "EL0512"),
    "recursion": ("def f(q):\n    f(q)\n@hybrid_program\ndef main():\n    q = QubitRegister(2)\n    f(q)\n", "EL0517"),
    "mutual recursion": (
        "def f(q):\n    g(q)\ndef g(q):\n    f(q)\n    f(q)\n"
        "@hybrid_program\ndef main():\n    q = QubitRegister(2)\n    f(q)\n",
        "EL0517",
    ),
    "recursion in a default": ("def f(n=f(1)):\n    return n\n@hybrid_program\ndef main():\n    h(0)\n", "EL0212"),
    "ackermann": (_ACKERMANN, "EL0517"),
    "constant bomb": ("N = 10 ** 10 ** 10\n@hybrid_program\ndef main():\n    h(0)\n", "EL0513"),
    "constant list": ("N = [0] * 10 ** 9\n@hybrid_program\ndef main():\n    h(0)\n", "EL0514"),
    "a program in a string": ("'''@hybrid_program\ndef main():\n    h(0)\n'''\n", "EL0112"),
    "decorator with a call": ("@hybrid_program(shots=__import__('os').getpid())\ndef main():\n    h(0)\n", "EL0116"),
    "decorator of shots": ("@hybrid_program(shots=10**100)\ndef main():\n    h(0)\n", "EL0116"),
    "decorator of a list": ("@hybrid_program(metadata={'a': ['b'] * 10**6})\ndef main():\n    h(0)\n", "EL0116"),
    "type alias": ("type A = int\n@hybrid_program\ndef main():\n    h(0)\n", "EL0101"),
    "async program": ("@hybrid_program\nasync def main():\n    h(0)\n", "EL0102"),
    "return annotation": ("@hybrid_program\ndef main() -> open('/etc/passwd'):\n    h(0)\n", "EL0211"),
    "argument annotation": ("@hybrid_program\ndef main(n: open('/etc/passwd')):\n    h(0)\n", "EL0211"),
    "main guard": ("@hybrid_program\ndef main():\n    h(0)\nif __name__ == '__main__':\n    main()\n", "EL0103"),
    "nul": ("@hybrid_program\ndef main():\n    h(0)\x00\n", "EL0002"),
    "vertical tab": ("@hybrid_program\ndef main():\x0b\n    h(0)\n", "EL0002"),
    "next line": ("@hybrid_program\ndef main():\n    h(0)\u0085    x(0)\n", "EL0002"),
    "line separator": ("@hybrid_program\ndef main():\n    h(0) # \u2028x(0)\n", "EL0002"),
    "bidi": ("@hybrid_program\ndef main():\n    h(0) # \u202e)0(x\n", "EL0002"),
    "soft hyphen": ("@hybrid_program\ndef main():\n    h\u00ad(0)\n", "EL0002"),
    "roman numeral": ("@hybrid_program\ndef main():\n    rx(\u0661, 0)\n", "EL0004"),
    "tag characters": ("@hybrid_program\ndef main():\n    h(0) # \U000e0041\n", "EL0002"),
}


def _check(content: str, reason: str) -> None:
    with pytest.raises((InvalidArgumentError, ResourceExhaustedError)) as caught:
        compile_source(CompileRequest(source=ProgramSource(content=content.encode("utf-8", "surrogatepass"))))
    assert caught.value.reason == reason
    assert caught.value.diagnostics
    assert all(one.span is not None and one.span.line <= content.count("\n") + 1 for one in caught.value.diagnostics)


@pytest.mark.parametrize("what", BODIES)
def test_a_hostile_body_is_refused_by_its_rule(what: str) -> None:
    body, reason = BODIES[what]
    _check(_START + body, reason)


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_hostile_program_is_refused_by_its_rule(what: str) -> None:
    _check(*PROGRAMS[what])


@pytest.mark.parametrize("field", ["steps", "operations", "qubits", "parameters", "call_depth"])
def test_an_operators_limit_of_one_is_kept(field: str) -> None:
    """The least limits refuse what passes them, and nothing breaks under them."""
    text = """
def f(q, t):
    rx(q[0], t)
    g(q)
def g(q):
    h(q[1])
@hybrid_program
def main(a: Param = 1, b: Param = 2):
    q = QubitRegister(2)
    x = [1, 2]
    f(q, a + b)
    h(q[0])
"""
    limits = CompileLimits(**{field: 1})
    source = ProgramSource(content=text.encode())
    with pytest.raises(ResourceExhaustedError):
        compile_source(CompileRequest(source=source, limits=limits))
