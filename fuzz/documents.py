"""The grammars of random job files and of random AQO documents.

Fields, gates and their angles come from the tables of the product; what stands in them is mostly right, so that a
document reaches the checks behind the first fault.
"""

from __future__ import annotations

import random

from eigen.contracts.aqo_rules import OPS, OpRule
from fuzz.templates import Grammar, Rules

__all__ = ["PROGRAM_NAME", "draw_circuit", "draw_job"]

PROGRAM_NAME = "program.eigen.py"
"""The one file that job files of a run may name."""

_WILDNESS = (0.0, 0.01, 0.05, 0.3)
_BUDGETS = (60, 200, 800)

_SCALARS = (
    "1", "0", "-1", "true", "no", "null", "~", "''", '""', "a", "0x10", "010", "1_000", "1:00:00", "2024-01-01",
    "1e3", "1e999",
    ".inf", "-.INF", ".nan", "9007199254740992", "-9007199254740991", "1.0", "1e-400", "-0", "0.1", '"1024"',
    "'a''b'", "99999999",
    '"\\x1b[31m"', '"\\u202e"', '"\\ud800"', '"\\U99999999"', '"\\q"', "&a 1", "*a",
    "!!python/object/apply:os.system [a]", "!!binary aGk=",
    "!t 1", "|\n  a\n  b", ">-\n  a\n\n  b", "|9\n  a", "|+\n\n", "? a\n: b", "<<: {a: 1}", "%TAG", "@a", "`a`", "{",
    "}", "[", "]", ":", "- -",
    "{}", "[]", "[[[[]]]]", "{a: {b: {c: {}}}}", "{a: 1, a: 2}", "{[1]: 2}", "{? {a: 1} : 2}", "[1, 2", "'unclosed",
    "# comment", "--- a", "...",
    "1" * 5000, "a" * 300, "é", "😀", "\u202e", "\ufeff", "\x85", "\u2028", "\t", "a: b: c", "sim:local", "[" * 40,
    "{a: " * 40,
)  # fmt: skip
_PATHS = (
    PROGRAM_NAME, "./program.eigen.py", "../secret.eigen.py", "/etc/passwd", "link.eigen.py", "folder/program.eigen.py",
    "folder", "linked/secret.eigen.py", "program.eigen.py/", "a/../program.eigen.py", '"program\\0.eigen.py"',
    "missing.qasm",
    "fifo.eigen.py", ".", "..", "''", "./.", "a" * 300, "a/" * 400 + "a", "~/a.py", "//a.py", "program.aqo.json",
    "\\\\host\\a.py",
)  # fmt: skip

_JOB: Rules = {
    "job": (
        "$head\nmetadata:\n  name: $name\n$labels\nspec:\n  program_path: $path\n$fields\n",
        "$head\nmetadata: {name: $name}\nspec:\n  program: |\n$program\n$fields\n",
        "$head\nmetadata: {name: $name}\nspec:\n  inputs: {n: $value, theta: $value}\n$fields\n",
        "{apiVersion: eigen.os/v0.1, kind: QuantumJob, metadata: {name: $name},\n spec: {program_path: $path,"
        " shots: $value}}",
        "apiVersion: eigen.os/v1\nkind: QuantumJob\nmetadata: {name: $name}\n"
        "spec:\n  program: {path: $path, entrypoint: main}\n"
        '  metadata: {shots: "1024"}\n$fields\n',
    ),
    "head": ("apiVersion: eigen.os/v0.1\nkind: QuantumJob",),
    "program": (
        "    @hybrid_program\n    def main(n: int = 1, theta: Param = 0.5):\n      rx(0, theta * n)\n",
        "    @hybrid_program\n    def main(n=1, xs=[1], theta: Param = 0.5):\n        for i in range(n):\n"
        "            h(i)\n        $statement\n",
        "    $statement\n", "      @hybrid_program\n    def main():\n      h(0)\n", "\n\n    # comment\n    h(\n",
    ),
    "statement": ("h(0)", "hh(0)", "m = measure(0)", "return {'n': n}", "while True: h(0)", "import os", "\th(0)",
        "é(0)", "  h(0)"),
    "labels": ("", "  labels: {a: b}", "  annotations:\n    a: b\n    c: $value", "  nope: $value"),
    "name": ("bell", "a-b-0", "a", "0"),
    "path": (PROGRAM_NAME,),
    "fields": ("", "  $field", "  $field\n$fields", "  $field\n$fields", "  $field\n$fields"),
    "field": (
        "shots: $value", "seed: $value", "inputs: {n: $value, theta: $value}",
        "inputs:\n  xs: [$value, $value]\n  n: 2",
        "target: sim:local", "priority: 50", "timeout_sec: 30.5", "entrypoint: main", "language: eigen-lang",
        "noise_model: none",
        'compiler_options: {optimization_level: "1"}', "driver_options: {method: statevector}", "metadata: {a: b}",
        "sweep: {theta: [0.0, 0.1], n: [1, 2]}", "sweep: {product: {a: [0, 1], b: [0]}}", "dependencies: []",
        "# comment",
        "program_sha256: " + "0" * 64, "nope: $value",
    ),
    "value": ("1", "100", "0.5", "a", "[1, 2]", "true", '"1"'),
    "any": _SCALARS,
    "places": _PATHS,
}  # fmt: skip
_WILD_JOB: Rules = {
    "job": ("$any", "$any\n$any: $any\n", "apiVersion: $any\nkind: $any\nmetadata: $any\nspec: $any\n",
        "- $any\n- $any\n", "--- $any\n--- $any"),
    "name": ("$any", "Bell", "a" * 64, "-a", '"../a"'),
    "path": ("$places", "$places", "$places", "$any"),
    "labels": ("  labels: $any", "  labels: {$any: $any}", "  annotations: [$any]", "  name: twice"),
    "value": ("$any",),
    "field": (
        "shots: $any", "seed: $any", "inputs: $any", "inputs: {$any: $any}", "target: $any", "priority: $any",
        "timeout_sec: $any",
        "entrypoint: $any", "language: $any", "noise_model: $any", "compiler_options: $any",
        "compiler_options: {optimization_level: $any}",
        "driver_options: {a: $any}", "metadata: $any", "sweep: $any", "sweep: {theta: $any, n: [1]}",
        "sweep: {product: $any}",
        "dependencies: [$any]", "dependencies: $any", "program_sha256: $any", "$any: $any", "$any",
        "shots: 1\nshots: 2", "program: $any",
        "program_path: $places", "language: aqo", "language: openqasm3",
        "inputs: {n: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
        "inputs: {n: 1000000000000, theta: 1e308}", "entrypoint: other",
    ),
}  # fmt: skip


def _operation(name: str, rule: OpRule) -> str:
    qubits = ",".join(map(str, range(rule.num_qubits or 2)))
    angles = ",".join(f'"{one}":$angle' for one in rule.angles)
    params = f',"params":{{{angles}}}' if angles else ""
    return f'{{"op":"{name}","q":[{qubits}]{params}}}'


_OPERATIONS = [_operation(name, rule) for name, rule in OPS.items()]
_VALUES = (
    "1", "0", "-1", "true", "null", '"a"', "[]", "{}", "1.0", "1e999", "NaN", "-Infinity", "9007199254740993",
    "1" * 400, "1" * 5000, '"\\ud800"',
    '"\\u001b"', "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", '{"a":1,"a":2}', "-0", "0.5", "1E5", "01", "+1", ".5", "1.",
    "'a'", "\t1", "// a\n1", "", ",",
    "]", "}", "{", "[", '"', "\ufeff1", '"é"', '"\u202e"', "1e-400", "[" * 50, '{"a":' * 50,
)  # fmt: skip
_CIRCUIT: Rules = {
    "circuit": (
        '{"clbits":$count,"operations":[$operations],"qubits":$count,"version":"0.1"}',
        '{"version":"0.1","qubits":$count,"operations":[$operations]}',
        '{ "version" : "0.1",\n  "qubits" : $count , "operations":\n[\n $operations ] }\n',
        '{"clbits":$count,"operations":[$operations],"parameters":["theta","phi"],"qubits":$count,"version":"0.1"}',
        '{"observables":{"H":[$terms]},"operations":[$operations],"qubits":$count,"version":"0.1"}',
    ),
    "count": ("4", "5", "30"),
    "operations": ("$operation", "$operation,$operations", "$operation,$operations", "$operation, $operations"),
    "operation": (
        '{"c":[0],"op":"MEASURE","q":[0]}', '{"c":[0,1],"op":"MEASURE","q":[$index,3]}',
        '{"op":"RX","params":{"theta":$angle},"q":[$index]}',
        '{"if":{"c":[0],"eq":1},"op":"X","q":[$index]}', '{"basis":"X","c":[2],"op":"MEASURE","q":[2]}',
        '{"op":"H","q":[$index]}', *_OPERATIONS,
    ),
    "index": ("0", "1", "2", "3"),
    "angle": ("0.5", '"theta"', '"2*theta"', '"-theta"', "1", "-3.25e-2", '"0.5*theta + phi - 1"', '"2*theta+0.5"',
        "0"),
    "terms": ('["Z",[0],0.5]', '["ZZ",[0,1],-1],["",[],2]', '["XY",[1,0],1e-3],$terms'),
    "any": _VALUES,
}  # fmt: skip
_WILD_CIRCUIT: Rules = {
    "circuit": (
        "$any", "[$any]", '{"version":$any,"qubits":$any,"operations":$any}',
        '{"operations":[$operations],"qubits":$count}', "{$any:$any}",
        '{"version":"0.1","qubits":$count,"operations":[$operations],"nope":$any}', '{"operations":[$operations]',
        '{"version":"0.1","qubits":2,"parameters":$any,"observables":$any,"operations":[$operations]}',
    ),
    "count": ("$any", "1", "10001", "1000000000000"),
    "operation": (
        "$any", '{"op":$any,"q":$any}', '{"op":"H","q":[0,0]}', '{"op":"CX","q":[$index,$index]}',
        '{"op":"RX","q":[0],"params":$any}',
        '{"op":"RX","params":{"theta":$any},"q":[0]}', '{"op":"MEASURE","q":[0],"c":$any}',
        '{"if":$any,"op":"X","q":[0]}', '{"op":"hh","q":[0]}',
        '{"if":{"c":$any,"eq":$any},"op":"X","q":[0]}', '{"op":"H","q":[$any]}', '{"op":"H","q":[0],"op":"X"}',
        '{"basis":$any,"op":"MEASURE","q":[0]}',
        '{"op":"H","q":[0],"params":{"theta":1}}', '{"op":"BARRIER","q":[]}', '{"op":"H","q":[0]},{',
        '{"op":"RX","params":{"theta":1},"params":{},"q":[0]}',
        '{"op":"U","params":{"theta":1,"phi":2},"q":[0]}', '{"op":"MEASURE","q":[0,1],"c":[0]}', '{"op":"H","q":[4]},"',
    ),
    "index": ("$any", "4", "-1", "1e0", "true"),
    "angle": (
        "$any", '"theta*theta"', '"1/theta"', '"sin(theta)"', '"9**9**9"', '"__import__(\'os\')"',
        '"%s"' % ("theta+" * 200 + "theta"), '"1e999*theta"',
        '"((theta))"', '"theta theta"', '""', '"pi"', '"2*"', '"*theta"', '"1e308*theta+1e308*theta"', '"-" ',
        '"theta + -0"', '"%s"' % ("a" * 300),
    ),
    "terms": ("$any", '["Q",[0],1]', '["Z",[9],1]', '["ZZ",[0,0],1]', '["Z",[0],$any]', "[$any,$any,$any]",
        '["ZZ",[0],1]'),
}  # fmt: skip

_JOBS = Grammar(_JOB, _WILD_JOB)
_CIRCUITS = Grammar(_CIRCUIT, _WILD_CIRCUIT)


def draw_job(chance: random.Random) -> bytes:
    """Return a random job file."""
    return _draw(_JOBS, "job", chance)


def draw_circuit(chance: random.Random) -> bytes:
    """Return a random AQO document."""
    return _draw(_CIRCUITS, "circuit", chance)


def _draw(grammar: Grammar, start: str, chance: random.Random) -> bytes:
    text = grammar.draw(chance, start=start, wildness=chance.choice(_WILDNESS), budget=chance.choice(_BUDGETS))
    return text.encode("utf-8", "surrogatepass")
