"""The grammar of random programs: every construct of the language, and much that it refuses.

Variables have fixed names and kinds (`q` a register, `n` an integer, `f` a number, `xs` a list, `t` a text, `d` a dict,
`m` a measured bit, `theta` a free parameter), in helpers too, so that a drawn text is mostly meaningful and reaches the
last pass. Gates come from the one gate table.
"""

from __future__ import annotations

import random

from eigen.contracts.gates import GATE_ALIASES, GATES
from fuzz.templates import Grammar, Rules

__all__ = ["draw_program"]

_QUBITS = ("q[0]", "q[1]", "q[2]")
_ARGUMENTS = "q, n, xs, f, t, d, m, theta"
_BUDGETS = (40, 120, 120, 400)
_WILDNESS = (0.0, 0.0, 0.0, 0.01, 0.05, 0.3)

_GATES = [
    f"{name}({', '.join([*_QUBITS[: gate.num_qubits], *('$angle' for _ in gate.params)])})"
    for name, gate in GATES.items()
] + [f"{alias}({', '.join(_QUBITS[: GATES[name].num_qubits])})" for alias, name in GATE_ALIASES.items()]

_TAME: Rules = {
    "program": (
        "$head\n$decorator\ndef main(n: int = $digit, theta: Param = 0.5):\n"
        "    q = QubitRegister($register)\n    b = ClassicalRegister($register)\n    xs = [1, 2, 3]\n    f = 0.5\n"
        "    t = 'text'\n    d = {'a': 1, 'b': 2}\n    m = measure(q[0])\n    $block\n    $ending\n",
    ),
    "head": ("", "$imports", "$imports\n$constants\n$helpers", "$helpers", "$constants\n$helpers", '"""Text."""'),
    "imports": (
        "import math",
        "from eigen_lang import *",
        "from eigen.lang import QubitRegister, h, cx",
        "from math import pi, sin as sine",
        "import math\nfrom math import sqrt, tau",
    ),
    "constants": ("LAYERS = 2", "LAYERS = 2\nWIDTH: int = 3", "TABLE = [1, 2, 3]\nSCALE = 0.25 * 4"),
    "helpers": ("$helper", "$helper\n$helper_more"),
    "helper": (
        f"def apply({_ARGUMENTS}):\n    $block",
        f"def apply({_ARGUMENTS}):\n    if n > 0:\n        $block\n        apply(q, n - 1, xs, f, t, d, m, theta)",
        f"def apply({_ARGUMENTS}):\n    if n > 3 or n < 1:\n        return $number\n    $block\n    return apply("
        "q, n - 1, xs, f, t, d, m, theta)",
    ),
    "helper_more": (
        "def value(n, xs, f=1.5, *, k=2):\n    return $pure",
        "def pair(a, b):\n    h(a)\n    cx(a, b)\n    return measure(a, b)",
    ),
    "decorator": (
        "@hybrid_program",
        "@hybrid_program()",
        '@hybrid_program(target="sim:local", shots=100)',
        "@hybrid_program(seed=7, optimization_level=1, metadata={'a': 'b'})",
    ),
    "register": ("3", "4", "5", "8"),
    "block": ("$statement", "$statement\n$block", "$statement\n$block"),
    "gates": ("$gate", "$gate\n$gates"),
    "statement": (
        "$gate", "$gate", "$gate", "$gate",
        "for i in $iterable:\n    $loop",
        "for i, j in enumerate($list):\n    $loop",
        "for i, j in zip($iterable, $list):\n    $loop",
        "for i in range($digit):\n    for j in range($digit):\n        $block",
        "for a, c in zip(q, q[1:]):\n    cx(a, c)",
        "for i in $iterable:\n    $block\nelse:\n    $block",
        "k = 3\nwhile k > 0:\n    k -= 1\n    $block",
        "if $condition:\n    $block",
        "if $condition:\n    $block\nelif $condition:\n    $block\nelse:\n    $block",
        "if $measured:\n    $gates",
        "if $measured:\n    $gates\nelse:\n    $gates",
        "if $measured:\n    if $measured:\n        $gates",
        "n = $int", "f = $number", "xs = $list", "t = $text", "d = $dict", "m = measure(q[$small])",
        "n, f = $int, $number", "n, (f, xs) = 1, (2.0, $list)",
        "n $augmented $digit", "xs += $list", "xs[0] = $number", "d[$key] = $number", "f += $number",
        "bits = measure(q)", "bits = measure(q[0], q[1], c=[b[0], b[1]])", 'measure(q[1], basis="X")',
        "barrier()", "barrier(q)", "reset(q[$small])", "pass", "assert $condition", "assert n == n, 'text'",
        "e1 = Param('phi', 0.25)\nrx(q[0], e1)", "o1 = $observable", "e2 = ExpectationValue($observable)",
        "r1 = QubitRegister(2)\nh(r1)",
        "xs: list = [$number for i in $iterable]", "y1 = $angle\nrz(q[1], y1)",
    ),
    "loop": ("$block", "if $condition:\n    break\n$block", "if $condition:\n    continue\n$block"),
    "gate": (*_GATES, "h(q)", "rx(q, $angle)", "cx(q[0], [q[1], q[2]])", "ry(q[$small], theta=$angle)",
             "swap(q[0], q[-1])", "h(0)", "cx(0, 1)", "x(q[1:])"),
    "angle": (
        "0.5", "theta", "3.14159", "f", "n", "2 * theta + 0.5", "-theta / 4", "$number", "theta * $small",
        "theta + $number", "(theta - f) * 2", "theta if $condition else $number", "-$angle", "$angle + $angle",
    ),
    "digit": ("2", "0", "1", "3", "4", "7"),
    "small": ("0", "1", "2", "-1", "n % 3", "len(xs) % 3"),
    "int": (
        "1", "$digit", "n", "len($list)", "$int + $int", "$int - $int", "$digit * $int", "$int // 3", "$int % 7",
        "$int & 15", "$int ^ $digit", "$int | 1", "~$int", "$digit ** $digit", "1 << $digit", "$int >> 1", "q.size",
        "abs($int)", "int($number)", "max($int, $int)", "min($list)", "sum($list)", "round($number)", "-$int", "+$int",
        "($int)", "$int if $condition else $int", "len(t)", "len(q)",
    ),
    "number": (
        "0.5", "$int", "$int", "f", "$number + $number", "$number * $number", "$number - $number", "$int / 4",
        "float($int)", "1e-3", "2.5e2", "divmod($int, 3)[0]", "[$number, $number][0]",
        "$number if $condition else $number",
        "round($number, 2)", "max($number, $number)", "abs($number)", "d['a']", "xs[0]", "($number, 1)[0]",
    ),
    "pure": ("n", "n + f", "f * k", "sum(xs)", "[n, f, k]", "(n, xs)", "xs", "n if f > k else f", "{'n': n}"),
    "condition": (
        "n > 1", "$number < $number", "$int == $int", "not $condition", "$condition and $condition", "True",
        "$condition or $condition", "$int in $list", "$number not in $list", "0 < $int < 5", "all([$condition])",
        "any([$condition for i in $iterable])", "xs", "t == 'text'", "bool($int)", "xs == [1, 2, 3]", "'a' in d",
        "$list == $list", "n != f", "t in 'some text'", "$number in $range", "None == n", "$text < $text", "False",
    ),
    "measured": ("m", "m == 0", "m == 1", "not m", "m != 1", "m and m", "m == n % 2"),
    "iterable": ("range(2)", "$list", "$range", "$list", "(1, 2)", "reversed($list)", "sorted($list)", "d", "xs[:2]"),
    "range": ("range($digit)", "range(1, $digit)", "range($digit, 0, -1)", "range(0, 20, 7)"),
    "list": (
        "[1, 2]", "xs", "[$number, $number]", "[$int for i in $iterable]", "[i for i in $iterable if i != 2]",
        "[i + j for i in $range for j in $range]", "$list + $list", "$list[:2]", "$list[::-1]", "$list[1:]",
        "list($iterable)",
        "sorted($list)", "[$number] * $digit", "[[i, j][0] for i, j in enumerate($list)]", "tuple($list)", "[0]",
        "[$number if i else $number for i in $iterable]", "[sum([j for j in $range]) for i in $range]", "list(d)",
    ),
    "dict": ("{'a': 1}", "{'a': $number, 'b': $int}", "{i: $number for i in $iterable}", "dict([('a', $number)])", "d"),
    "key": ("'c'", "$digit", "'a'", "True", "None", "0.5", "$text"),
    "text": ("'t'", "t", "'some' 'text'", "t + 'x'", "'ab' * $digit", "t[0]", "t[::-1]", '"""x"""', "r'\\d'",
        "'\\u00e9'"),
    "augmented": ("+=", "-=", "*=", "//=", "%=", "&=", "|=", "^="),
    "observable": (
        "Z(0)", "o1", "$number * $observable", "$observable + $observable", "$observable - $observable", "X(0) * Z(1)",
        "Observable('0.18 XX - 1.05 II')", "Observable({'XX': $number, 'ZI': 0.39})", "Observable(Z=0, X=1)",
        "Y(q[$small])",
        "$observable * $observable", "-$observable", "Observable($observable)", "$observable / 2",
        "sum([Z(i) for i in $range])",
        "I(0)",
    ),
    "ending": (
        "return {'energy': ExpectationValue($observable)}", "return ExpectationValue('E', $observable)",
        "return minimize(ExpectationValue($observable), [0.1], max_iters=$digit)",
        "measure(q)", "measure_all()", "return {'bits': measure(q), 'n': n}", "return measure(q)", "return m",
        "return n", "return {'xs': xs, 'f': f}", "pass", "return [n, f]", "return", "return None",
        'return measure_all(basis="Y")',
    ),
}  # fmt: skip

_HUGE = (
    "10 ** 12", "1 << 4095", "1 << 62", "-(1 << 4000)", "9 ** 9 ** 9", "10 ** 400", "2 ** 1000 * 2 ** 1000",
    "0x" + "f" * 900, "9" * 400, "1_000_000", "(-1) ** (10 ** 900)", "1e308", "1e-320", "-0.0", "1e308 * 10", "5e-324",
    "2 ** -1074", "0 ** -1", "(-8) ** 0.5", "1 / 0", "n % 0", "1 << -1", "1.5 // 0.0", "divmod(1, 0)",
    "float(10 ** 309)",
    "True", "int(1e300)", "round(1e300, -300)", "round(5, -400)", "1 << (1 << 70)", "abs(-1e308) * 17",
)  # fmt: skip
_ODD = (
    "theta", "m", "q", "q[0]", "b", "b[0]", "xs", "d", "t", "None", "True", "range(3)", "slice", "h", "main", "apply",
    "enumerate(xs)", "zip(q, xs)", "reversed(q)", "measure(q)", "measure", "nothing", "__name__", "...", "()", "[]",
    "{}",
    "lambda: 1", "(n := 1)", "f'{n}'", "b'x'", "1j", "[*xs]", "{1, 2}", "(i for i in xs)", "xs.append", "q.items",
    "q.size",
    "xs.append(1)", "t.format(1)", "print(1)", "eval('1')", "open('/etc/passwd')", "__import__('os')", "Qubit", "I(0)",
    "Observable('XX')", "ExpectationValue(Z(0))", "minimize(f, [0])", "0.5 * Z(0) * Z(1)", "getattr(q, 'x')", "h(q[0])",
    "QubitRegister(1)", "ClassicalRegister(2)", "Param('p', 1)", "q[5:1:-1]", "q[9]", "q[-9]", "q + q", "m == 1",
    "not m",
    "m and m == 0", "b == 3", "[m, m]", "theta * theta", "theta ** 2", "1 / theta", "theta == 1", "await n", "yield",
    "n if m else f",
)  # fmt: skip
_WILD: Rules = {
    "program": (
        "$head\n$decorator\ndef main($any: int = $any, *, theta: Param = $any):\n"
        "    q = QubitRegister($any)\n    $block\n",
        "$head\n$block\n$decorator\n$decorator\ndef main():\n    $block\n",
        "$decorator\ndef main():\n    $block\n    $block\n\ndef apply(a=$any, *rest, **more) -> $any:\n    $block\n",
        "$head\n$decorator\ndef main(n, theta: Param):\n    $block\n    $ending\n",
        "$head\n$decorator\ndef main(xs: list = [1, [2]], f: float = 1, t: str = 'a', k: bool = True, q=3):\n"
        "    $block\n",
    ),
    "imports": (
        "import os", "from os import *", "from math import *", "import math as q", "from . import x",
        "from eigen_lang import nope",
        "from __future__ import annotations", "import eigen.lang", "from eigen_lang import h as __h__",
        "import math, sys",
    ),
    "decorator": (
        "@hybrid_program(shots=$any)", "@hybrid_program($any)", "@hybrid_program(seed=-1, nope=2)", "@other", "",
        "@hybrid_program(shots=1, shots=2)", "@hybrid_program(**d)", "@hybrid_program(metadata={'a': {}})", "@h",
    ),
    "constants": ("LAYERS = $any", "LAYERS = measure(0)", "LAYERS = [$any for i in range(10 ** 5)]",
        "a = b = 1\nb += 1", "q = $huge"),
    "register": ("0", "-1", "$huge", "9999", "10001", "$any", "1.5", "theta"),
    "statement": (
        "while True:\n    $block",
        "while $any:\n    $statement",
        "for i in range(10 ** 12):\n    $statement",
        "for i in range($huge):\n    $statement",
        "for i in $any:\n    $block",
        "for $target in $list:\n    $statement",
        "$target = $any", "$target += $any", "del xs", "global n", "nonlocal n", "return $any", "break", "continue",
        "$any",
        "try:\n    $statement\nexcept $any:\n    pass", "with $any:\n    $statement", "class A:\n    $statement",
        "def inner():\n    $statement", "async def inner():\n    $statement",
        "match n:\n    case 1:\n        $statement",
        "import os", "raise $any", "apply($any)", "apply(n=$any)", "apply(q, n, xs, f, t, d, m, theta)", "main()",
        "xs[0] = xs\nn = xs == [xs]", "d['a'] = d\nn = d == d", "xs = [xs, xs]\nxs += xs", "d = {$any: $any}",
        "for i in range(300):\n    xs = (xs,)\nh(xs)", "for i in range(300):\n    xs = [xs]\nn = xs == [xs]",
        "for i in range(40):\n    xs = zip(xs, xs)\nfor i in xs:\n    pass", "while True:\n    xs += xs",
        "t = t * 99999\nt += t",
        "while True:\n    t = t + t", "while True:\n    n = n * n + 3", "while True:\n    measure(q)",
        "while True:\n    QubitRegister(100)",
        "while True:\n    d[n] = d\n    n += 1", "while True:\n    n = 0.5 in range(10 ** 6)",
        "while True:\n    xs = sorted(xs + xs)",
        "while True:\n    theta = theta + theta * 0.5", "for i in range(2000):\n    Param(t * i + 'p', i)",
        "assert $any, $any",
        "if m:\n    $block", "if m == $any:\n    $block\nelse:\n    $block", "if b == 1:\n    x(q)",
        "if $any:\n    $block",
        "while m:\n    h(q[0])", "m = [m, m, b[0]]\nif m == $digit:\n    $gates", "apply(*xs)", "h(**d)",
        "measure(q, c=$any)",
        "measure(q, basis=$any)", "barrier($any)", "reset($any)", "measure_all($any)", "n: $any = 1", "n: int",
    ),
    "gate": (
        "h($any)", "rx($any, $any)", "cx($any, $any)", "cx(q[0], q[0])", "rx(theta, 0)", "u(q[0])", "ccx(q, q, q)",
        "H(q[0])",
        "rx(q[0], thetta=1)", "rx(q[0], theta=1, theta=2)", "cx(q)", "h()", "h(q[0], q[1])", "h(9999)", "h(-1)",
        "h(10 ** 30)",
        "rx(q[0], $huge)", "h([[q[0]], [q[1], [q[2]]]])", "h(True)", "h(1.0)", "x.c(0)", "q.h(0)", "hh(q[0])",
        "swap(q, q[::-1])",
    ),
    "angle": ("$any", "$huge", "theta * theta", "1 / theta", "theta ** 2", "theta * 1e308 * 10", "theta - theta", "m"),
    "digit": ("$huge", "$any", "100", "1000"),
    "small": ("$any", "9", "-9", "$huge"),
    "int": ("$any", "$huge", "$int << $int", "$int ** $int", "$int $operator $int", "-" * 30 + "n", "not " * 30 + "n"),
    "number": ("$any", "$huge", "math.sqrt($any)", "math.log($number)", "math.$any", "math.gcd($int, $huge)",
        "math.exp($huge)",
               "($any)[$any]", "($any)[$any:$any:$any]", "$any $operator $any", "sum($any, $any)", "round($any, $any)"),
    "condition": ("$any", "$any == $any", "$any in $any", "$any < $any", "m or m", "0 < m < 2", "$any is $any",
        "q == q", "$huge > $any"),
    "measured": ("m or m", "m < 1", "m == 2", "b == $huge", "b", "m == m", "[m] == 1", "b[:1] == 1", "$any == m",
        "m == theta", "m == 0.0"),
    "iterable": ("$any", "range($huge)", "range($any)", "enumerate($any, $huge)", "zip()", "zip($any, $any)",
        "reversed($any)"),
    "list": ("$any", "[$any] * $huge", "[i for i in range(10 ** 7)]", "[[[[[]]]]]", "list($any)",
        "[[j for j in i] for i in $any]",
             "[i for i in $any for j in $any]", "sorted($any)", "$list * 1000 * 1000", "[$any for $target in $any]"),
    "dict": ("{$any: $any}", "{**d}", "{xs: 1}", "dict($any)", "{i: i for i in $any}"),
    "text": ("'a' * $huge", "'\\N{DIGIT ONE}'", "'\\q'", "'unclosed", "'é' * 9", "u'x'", "'\\ud800'", "$any",
        "'a' * 99999 + 'b' * 99999"),
    "key": ("$any", "xs", "$huge"),
    "observable": (
        "$any", "Observable($any)", "Observable('$any')", "Observable({$any: $any})", "Z($any)", "Observable(Q=$any)",
        "$huge * Z(0)",
        "Z(0) ** $any", "Z(0) == X(0)", "Observable('XX' * 9999)", "Observable('1e999 Z')", "Z(9999)",
        "Observable('')", "Z(0, 1)",
        "sum([X(i) * Z(j) for i in range(300) for j in range(300)])",
        "$observable * $observable * $observable * $observable",
    ),
    "pure": ("$any", "value(n, xs)", "value(n, xs, $any, k=$any)", "apply(n)"),
    "ending": ("return $any", "return {$any: $any}", "return {'n': $huge}", "return [xs] * 99999",
        "return {'q': q, 'b': b}", "return t * 99999"),
}  # fmt: skip
_TAME_EXTRA: Rules = {
    "any": _ODD,
    "huge": _HUGE,
    "operator": ("+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "@"),
    "target": (
        "n",
        "xs[0]",
        "xs[:]",
        "d['z']",
        "q",
        "a, b",
        "(a, [b, c])",
        "q.size",
        "a, *c",
        "theta",
        "m",
        "__x__",
        "f()",
        "pi",
    ),
}

_GRAMMAR = Grammar({**_TAME, **_TAME_EXTRA}, _WILD)


def draw_program(chance: random.Random) -> bytes:
    """Return a random program: half of them mean to be right."""
    text = _GRAMMAR.draw(chance, start="program", wildness=chance.choice(_WILDNESS), budget=chance.choice(_BUDGETS))
    return text.encode("utf-8", "surrogatepass")
