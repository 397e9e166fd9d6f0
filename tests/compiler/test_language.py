"""What each construct of the language emits."""

from __future__ import annotations

import math
from typing import Any

import pytest

from eigen.compiler.pipeline import compile_source
from eigen.contracts.angles import format_angle
from eigen.contracts.aqo import Angle, Operation
from eigen.contracts.aqo_json import decode
from eigen.contracts.compilation import CompiledProgram, CompileRequest, Language, ProgramSource
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.gates import GATE_ALIASES, GATES


def compiled(program: str, inputs: dict[str, Any] | None = None) -> CompiledProgram:
    return compile_source(CompileRequest(source=ProgramSource(content=program.encode()), inputs=inputs or {}))


def _main(body: str, *, arguments: str = "", before: str = "") -> str:
    indented = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return f"{before}\n@hybrid_program\ndef main({arguments}):\n{indented}\n"


def _shown(operation: Operation) -> str:
    op, q, params, c, condition, basis = operation
    text = f"{op} {','.join(map(str, q))}"
    if params:
        text += f" ({', '.join(map(_angle, params))})"
    if c:
        text += f" -> {','.join(map(str, c))}"
    if basis:
        text += f" {basis}"
    return text + (f" if {','.join(map(str, condition.c))}=={condition.eq}" if condition else "")


def _angle(angle: Angle) -> str:
    spelled = format_angle(angle)
    return spelled if isinstance(spelled, str) else f"{spelled:g}"


def _operations(program: str, inputs: dict[str, Any] | None = None) -> list[str]:
    return [_shown(one) for one in decode(compiled(program, inputs).aqo_json).operations]


_EMITTED: dict[str, tuple[str, str]] = {
    # what: (body, operations before the implicit measurement)
    "a range with a step": ("for i in range(4, 0, -2):\n    h(i)", "H 4; H 2"),
    "enumerate with a start": ("for i, n in enumerate([5, 6], 1):\n    rx(i, n)", "RX 1 (5); RX 2 (6)"),
    "zip stops at the shortest": ("for a, b in zip([0, 1, 2], [3, 4]):\n    cx(a, b)", "CX 0,3; CX 1,4"),
    "a list and registers joined": (
        "q = QubitRegister(4)\nfor a in [q[3]] + q[:1] + q[1:2] + [q[2]]:\n    h(a)",
        "H 3; H 0; H 1; H 2",
    ),
    "reversed": ("for i in reversed([0, 1]):\n    h(i)", "H 1; H 0"),
    "sorted downwards": ("for i in sorted([1, 2, 0], reverse=True):\n    h(i)", "H 2; H 1; H 0"),
    "iteration over a dict": ("d = {1: 0.5, 0: 1}\nfor k in d:\n    rx(k, d[k])", "RX 1 (0.5); RX 0 (1)"),
    "for else after the end": ("for i in range(1):\n    h(i)\nelse:\n    x(0)", "H 0; X 0"),
    "for else not after break": ("for i in range(3):\n    h(i)\n    break\nelse:\n    x(0)", "H 0"),
    "continue": ("for i in range(3):\n    if i == 1:\n        continue\n    h(i)", "H 0; H 2"),
    "break leaves the inner loop": (
        "for i in range(2):\n    for j in range(3):\n        if j == 1:\n            break\n        cx(i, j + 2)",
        "CX 0,2; CX 1,2",
    ),
    "nested tuple targets": ("for i, (a, b) in [(0, (1, 2))]:\n    ccx(i, a, b)", "CCX 0,1,2"),
    "an element as a loop's target": ("xs = [0]\nfor xs[0] in [1, 2]:\n    h(xs[0])", "H 1; H 2"),
    "while with else": ("n = 0\nwhile n < 2:\n    h(n)\n    n += 1\nelse:\n    x(n)", "H 0; H 1; X 2"),
    "break out of while": ("n = 0\nwhile True:\n    if n > 1:\n        break\n    h(n)\n    n = n + 1", "H 0; H 1"),
    "elif": ("n = 2\nif n == 1:\n    h(0)\nelif n == 2:\n    x(0)\nelse:\n    y(0)", "X 0"),
    "conditional expression": ("h(1 if 2 > 1 else 0)", "H 1"),
    "and decides early": ("xs = []\nif len(xs) > 0 and xs[0] > 1:\n    x(0)\nh(0)", "H 0"),
    "or gives a value": ("n = 0 or 3\nh(n)", "H 3"),
    "not": ("if not 0:\n    h(0)", "H 0"),
    "chained comparison": ("if 1 < 2 < 3 and not 1 < 3 < 2:\n    h(0)", "H 0"),
    "chained assignment": ("a = b = 1\nh(a)\nx(b)", "H 1; X 1"),
    "unpacking swaps": ("a, b = 0, 1\na, b = b, a\ncx(a, b)", "CX 1,0"),
    "augmented element": ("xs = [1, 2]\nxs[0] += 2\nh(xs[0])", "H 3"),
    "a list grows in place": ("a = [0]\nb = a\na += [1]\nh(b)", "H 0; H 1"),
    "joining makes a new list": ("a = [0]\nb = a\na = a + [1]\nh(b)", "H 0"),
    "annotation": ("n: int = 2\nh(n)", "H 2"),
    "slice and negative index": ("xs = [0, 1, 2, 3]\nh(xs[1:3])\nx(xs[-1])", "H 1; H 2; X 3"),
    "comprehension with conditions": ("h([i + j for i in range(3) if i for j in range(2) if j < i])", "H 1; H 2; H 3"),
    "comprehension has its own names": ("i = 3\nxs = [i for i in range(2)]\nh(i)", "H 3"),
    "dict comprehension": ("d = {k: k + 1 for k in range(2)}\nh(d[1])", "H 2"),
    "membership": ("if 2 in [1, 2] and 3 not in (1, 2) and 1 in {1: 2}:\n    h(0)", "H 0"),
    "arithmetic": ("h(7 // 2 - 7 % 3 + (1 << 2) - 2 ** 2 + (6 & 3) - (5 ^ 4) - ~-1)", "H 3"),
    "builtins": ("h(max(1, 2) + min([3, 1]) + sum([1, 1]) + abs(-1) + round(1.6) + int(2.9) + len((1, 2)))", "H 12"),
    "divmod": ("a, b = divmod(7, 3)\ncx(a, b)", "CX 2,1"),
    "any and all": ("if any([0, 1]) and all([1, 2]) and bool([0]):\n    h(0)", "H 0"),
    "list, tuple, dict, float": (
        "d = dict([(0, 1)])\nh(list((d[0],)) + list(tuple([2])))\nrx(0, float(1))",
        "H 1; H 2; RX 0 (1)",
    ),
    "repetition": ("for i in 2 * [0, 1]:\n    h(i)", "H 0; H 1; H 0; H 1"),
    "texts": ('for letter in "XY":\n    if letter == "X":\n        x(0)\n    else:\n        y(0)', "X 0; Y 0"),
    "equality of lists": ("if [1, (2, 3)] == [1, (2, 3)] and [1] != [2]:\n    h(0)", "H 0"),
    "none": ("n = None\nif n == None:\n    h(0)", "H 0"),
    "assert that holds": ('assert 1 < 2, "no"\nh(0)', "H 0"),
    "angles by name": ("u(0, 1, lam=3, phi=2)", "U 0 (1, 2, 3)"),
    "a register": ("q = QubitRegister(3)\nh(q[0])\nx(q[-1])\ny(q[1:])", "H 0; X 2; Y 1; Y 2"),
    "two registers": ("a = QubitRegister(1)\nb = QubitRegister(size=2)\ncx(a[0], b[1])\nh(b.size)", "CX 0,2; H 2"),
    "integers address registers": ("q = QubitRegister(2)\nh(1)", "H 1"),
    "broadcasting a gate": (
        "q = QubitRegister(2)\nrx(q, 0.5)\nh([q[1], 0])\nx(range(2))",
        "RX 0 (0.5); RX 1 (0.5); H 1; H 0; X 0; X 1",
    ),
    "broadcasting in pairs": (
        "a = QubitRegister(2)\nb = QubitRegister(2)\ncx(a, b)\ncx(a[0], b)",
        "CX 0,2; CX 1,3; CX 0,2; CX 0,3",
    ),
    "joining registers": ("a = QubitRegister(1)\nb = QubitRegister(1)\nh(a + b)", "H 0; H 1"),
    "reset and barrier": (
        "q = QubitRegister(2)\nreset(q)\nbarrier()\nbarrier(q[0], 1)",
        "RESET 0,1; BARRIER 0,1; BARRIER 0,1",
    ),
    "a constant angle folds": ("rz(0, 2 * 0.25 + 1)", "RZ 0 (1.5)"),
}


@pytest.mark.parametrize("what", _EMITTED)
def test_a_construct_emits(what: str) -> None:
    body, expected = _EMITTED[what]
    operations = _operations(_main(body))
    assert operations[:-1] == expected.split("; ")
    assert operations[-1].startswith("MEASURE"), "all qubits are measured where nothing else is"


_MEASURED: dict[str, tuple[str, str]] = {
    "into the next free bits": ("h(0)\nmeasure(0)\nmeasure(1, 2)", "H 0; MEASURE 0 -> 0; MEASURE 1,2 -> 1,2"),
    "into a register": ("q = QubitRegister(2)\nc = ClassicalRegister(2)\nmeasure(q, c=c)", "MEASURE 0,1 -> 0,1"),
    "into chosen bits": (
        "c = ClassicalRegister(2)\nmeasure(0, c=c[1])\nmeasure([0], c=0)",
        "MEASURE 0 -> 1; MEASURE 0 -> 0",
    ),
    "several qubits into chosen bits": ("measure(0, 1, 2, c=[2, 0, 1])", "MEASURE 0,1,2 -> 2,0,1"),
    "behind the bits of a register": (
        "c = ClassicalRegister(1)\nmeasure(0, c=c)\nmeasure(1)",
        "MEASURE 0 -> 0; MEASURE 1 -> 1",
    ),
    "in another basis": ('measure(0, basis="X")\nmeasure(1, basis="Z")', "MEASURE 0 -> 0 X; MEASURE 1 -> 1"),
    "all": ("h(1)\nmeasure_all()", "H 1; MEASURE 0,1 -> 0,1"),
    "if a bit": ("m = measure(0)\nif m:\n    x(1)\nh(1)", "MEASURE 0 -> 0; X 1 if 0==1; H 1"),
    "if not a bit": ("m = measure(0)\nif not m:\n    x(1)", "MEASURE 0 -> 0; X 1 if 0==0"),
    "bit compared": (
        "m = measure(0)\nif m == 0:\n    x(1)\nif m != 0:\n    y(1)\nif 1 == m:\n    z(1)",
        "MEASURE 0 -> 0; X 1 if 0==0; Y 1 if 0==1; Z 1 if 0==1",
    ),
    "else of a bit": ("m = measure(0)\nif m:\n    x(1)\nelse:\n    z(1)", "MEASURE 0 -> 0; X 1 if 0==1; Z 1 if 0==0"),
    "bits compared": ("m = measure([0, 1])\nif m == 2:\n    x(2)", "MEASURE 0,1 -> 0,1; X 2 if 0,1==2"),
    "a register compared": (
        "c = ClassicalRegister(2)\nmeasure([0, 1], c=c)\nif c == 1:\n    x(2)",
        "MEASURE 0,1 -> 0,1; X 2 if 0,1==1",
    ),
    "the first bit compared is the least": (
        "m = measure([0, 1])\nif [m[1], m[0]] == 1:\n    x(2)",
        "MEASURE 0,1 -> 0,1; X 2 if 0,1==2",
    ),
    "and": (
        "a = measure(0)\nb = measure(1)\nif a and not b and 1 < 2:\n    x(2)",
        "MEASURE 0 -> 0; MEASURE 1 -> 1; X 2 if 0,1==1",
    ),
    "nested": (
        "a = measure(0)\nb = measure(1)\nif a:\n    if b == 0:\n        x(2)\n    y(2)",
        "MEASURE 0 -> 0; MEASURE 1 -> 1; X 2 if 0,1==1; Y 2 if 0==1",
    ),
    "elif over values": (
        "m = measure([0, 1])\nif m == 1:\n    x(2)\nelif m == 2:\n    y(2)",
        "MEASURE 0,1 -> 0,1; X 2 if 0,1==1; Y 2 if 0,1==2",
    ),
    "loops and helpers under a condition": (
        "m = measure(0)\nif m:\n    for i in range(1, 3):\n        x(i)",
        "MEASURE 0 -> 0; X 1 if 0==1; X 2 if 0==1",
    ),
    "measuring under a condition": (
        "m = measure(0)\nif m:\n    n = measure(1)\nx(2)",
        "MEASURE 0 -> 0; MEASURE 1 -> 1 if 0==1; X 2",
    ),
    "a barrier has no condition": (
        "m = measure(0)\nif m:\n    barrier(1)\n    x(1)",
        "MEASURE 0 -> 0; BARRIER 1; X 1 if 0==1",
    ),
}


@pytest.mark.parametrize("what", _MEASURED)
def test_measurement_and_feed_forward_emit(what: str) -> None:
    body, expected = _MEASURED[what]
    assert _operations(_main(body)) == expected.split("; ")


@pytest.mark.parametrize("name", [*GATES, *GATE_ALIASES])
def test_every_gate_of_the_table_can_be_called(name: str) -> None:
    gate = GATES[GATE_ALIASES.get(name, name)]
    operands = [*map(str, range(gate.num_qubits)), *(f"0.{index + 1}" for index in range(len(gate.params)))]
    [operation, _] = decode(compiled(_main(f"{name}({', '.join(operands)})")).aqo_json).operations
    assert operation.op == gate.op
    assert operation.q == tuple(range(gate.num_qubits))
    assert operation.params == tuple((index + 1) / 10 for index in range(len(gate.params)))


def test_helpers_are_inlined_with_defaults_keywords_and_results() -> None:
    before = """
ANGLE = 0.5
def turn(q, angle=ANGLE, *, times=1):
    for _ in range(times):
        rx(q, angle)
    return q + 1
"""
    operations = _operations(_main("n = turn(0)\nturn(n, times=2)\nturn(angle=1, q=3)", before=before))
    assert operations[:-1] == ["RX 0 (0.5)", "RX 1 (0.5)", "RX 1 (0.5)", "RX 3 (1)"]


def test_a_return_inside_loops_leaves_all_of_them() -> None:
    before = """
def first(limit):
    for i in range(3):
        for j in range(3):
            if i + j > limit:
                return i * 10 + j
"""
    assert _operations(_main("h(first(1))\nh(first(2))\nif first(9) == None:\n    x(0)", before=before))[:3] == [
        "H 2",
        "H 12",
        "X 0",
    ]


def test_recursion_ends_under_the_depth_limit() -> None:
    before = "def count(n):\n    if n > 0:\n        h(n)\n        count(n - 1)\n"
    assert _operations(_main("count(3)", before=before))[:-1] == ["H 3", "H 2", "H 1"]


def test_a_helper_under_a_condition_bears_it() -> None:
    before = "def flip(q):\n    n = 1\n    x(q)\n    return n\n"
    operations = _operations(_main("m = measure(0)\nif m:\n    flip(1)", before=before))
    assert operations == ["MEASURE 0 -> 0", "X 1 if 0==1"]


def test_a_variable_of_a_branch_has_no_value_behind_it() -> None:
    with pytest.raises(InvalidArgumentError, match="has no value here"):
        compiled(_main("m = measure(0)\nif m:\n    k = 1\nx(k)"))


def test_mathematics_comes_from_imports() -> None:
    before = "import math as m\nfrom math import pi, sqrt as root\n"
    assert _operations(_main("rx(0, m.cos(pi))\nry(0, root(4))", before=before))[:2] == ["RX 0 (-1)", "RY 0 (2)"]


def test_names_of_the_language_can_be_imported_under_others() -> None:
    before = "from eigen_lang import *\nfrom eigen.lang import cx as controlled_not, h\n"
    assert _operations(_main("h(0)\ncontrolled_not(0, 1)", before=before))[:2] == ["H 0", "CX 0,1"]


_AFFINE = {
    "theta": "theta",
    "2 * theta + 0.5": "2*theta+0.5",
    "theta / 2 - phi": "-phi+0.5*theta",
    "-(theta + 1) * 3": "-3*theta-3",
    "sum([theta, phi, 1])": "phi+theta+1",
    "theta - theta": "0",
    "+theta": "theta",
}


@pytest.mark.parametrize("expression", _AFFINE)
def test_parameters_stay_symbolic(expression: str) -> None:
    arguments = "theta: Param = 0.1, phi: Param = 0.2"
    program = compiled(_main(f"rx(0, {expression})", arguments=arguments), {"theta": 0.3})
    [operation, _] = decode(program.aqo_json).operations
    assert _angle(operation.params[0]) == _AFFINE[expression]
    assert program.binding == {"theta": 0.3, "phi": 0.2}
    assert program.profile.parameters == ("theta", "phi")


def test_parameters_are_declared_in_the_body_too() -> None:
    program = compiled(_main('rx(0, Param("a", 1))\nry(0, Param("a", 1) + Param("b"))'), {"b": 2})
    assert program.binding == {"a": 1.0, "b": 2.0}


def test_a_vector_declares_parameters_in_order() -> None:
    body = 't = ParamVector("t", n, default=0.5)\nfor i in range(n):\n    ry(i, 2 * t[i])\nry(0, Param("t_0", 0.5))'
    program = compiled(_main(body, arguments="n: int"), {"n": 3, "t_1": -1})
    assert program.profile.parameters == ("t_0", "t_1", "t_2")
    assert program.binding == {"t_0": 0.5, "t_1": -1.0, "t_2": 0.5}


def test_inputs_shape_the_circuit() -> None:
    program = _main("for i in range(n):\n    rx(i, angles[i])", arguments="n: int, angles: list[float] = [1, 2]")
    assert _operations(program, {"n": 2, "angles": [0.1, 0.2]})[:2] == ["RX 0 (0.1)", "RX 1 (0.2)"]
    assert _operations(program, {"n": 1})[:1] == ["RX 0 (1)"]


def test_an_input_list_is_not_changed_by_the_program() -> None:
    given = [0, [1]]
    compiled(_main("xs += [2]\nxs[1][0] = 5\nh(0)", arguments="xs: list"), {"xs": given})
    assert given == [0, [1]]


def test_outputs_are_bits_and_values_by_name() -> None:
    body = 'm = measure([0, 1])\nreturn {"all": m, "one": m[1], "n": 3, "deep": {"xs": [1, (2.5, None)]}}'
    assert compiled(_main(body)).outputs == {
        "all": {"kind": "bits", "c": [0, 1]},
        "one": {"kind": "bits", "c": [1]},
        "n": {"kind": "value", "value": 3},
        "deep": {"kind": "value", "value": {"xs": [1, [2.5, None]]}},
    }
    assert compiled(_main("return measure(0)")).outputs == {"result": {"kind": "bits", "c": [0]}}


def test_the_decorator_gives_defaults() -> None:
    program = '@hybrid_program(shots=5, seed=0, optimization_level=2, metadata={"a": "b"})\ndef main():\n    h(0)\n'
    defaults = compiled(program).defaults
    assert (defaults.shots, defaults.seed, defaults.optimization_level) == (5, 0, 2)
    assert defaults.metadata == {"a": "b"}


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    source = ProgramSource(content=b"\xef\xbb\xbf@hybrid_program\r\ndef main():\r\n    h(0)\r\n")
    assert compile_source(CompileRequest(source=source)).profile.qubits == 1


def test_numbers_follow_python() -> None:
    body = "\n".join(
        f"rx(0, {expression})" for expression in ("-7 // 2", "-7 % 3", "2 ** -1", "7 / 2", "1e3", "True + 1")
    )
    angles = [one.params[0] for one in decode(compiled(_main(body)).aqo_json).operations[:-1]]
    assert angles == [-7 // 2, -7 % 3, 2**-1, 7 / 2, 1e3, 2]


def _aqo(content: bytes, inputs: dict[str, Any] | None = None) -> CompiledProgram:
    source = ProgramSource(content=content, filename="c.aqo.json", language=Language.AQO)
    return compile_source(CompileRequest(source=source, inputs=inputs or {}))


def test_aqo_is_canonicalised_measured_and_bound() -> None:
    content = b'{"operations": [{"q": [0], "op": "RX", "params": {"theta": "a * 2"}}], "qubits": 1, "version": "0.1"}'
    program = _aqo(content, {"a": 0.5})
    assert program.aqo_json == (
        b'{"clbits":1,"operations":[{"op":"RX","params":{"theta":"2*a"},"q":[0]},'
        b'{"c":[0],"op":"MEASURE","q":[0]}],"parameters":["a"],"qubits":1,"version":"0.1"}'
    )
    assert program.binding == {"a": 0.5}


@pytest.mark.parametrize("inputs", [{}, {"a": 1, "b": 2}, {"a": True}, {"a": "1"}, {"a": math.inf}, {"a": 10**400}])
def test_aqo_needs_exactly_its_parameters_as_finite_numbers(inputs: dict[str, Any]) -> None:
    content = b'{"operations":[{"op":"RX","params":{"theta":"a"},"q":[0]}],"qubits":1,"version":"0.1"}'
    with pytest.raises(InvalidArgumentError):
        _aqo(content, inputs)


def test_integers_of_every_operator_are_bounded() -> None:
    for expression in ("2 ** 4096", "1 << 4096", "(1 << 4000) * (1 << 4000)", "2 ** (2 ** 40)"):
        with pytest.raises(ResourceExhaustedError):
            compiled(_main(f"n = {expression}"))
