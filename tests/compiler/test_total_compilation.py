"""Total compilation: whatever is deleted from a program, doubled or renamed in it, somebody notices.

For every statement of a corpus, each mutation must change what the compiler says (the circuit, its outputs, defaults,
loop, values of parameters, warnings) or be an error. What need not be noticed is given by rules, each of which says
why. A mutation deletes a statement, doubles it, or renames one name where it stands once.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from eigen.compiler.pipeline import compile_source
from eigen.contracts.compilation import CompileRequest, ProgramSource
from eigen.contracts.errors import EigenError

_EXAMPLES = Path(__file__).parents[2] / "examples"
_LOOP = '''
"""A loop over an ansatz."""
from math import pi

LAYERS = 2
H = 0.5 * Z(0) * Z(1) - 1.2 * X(0) + 0.3

def ansatz(q, angle, *, layers=LAYERS):
    """Layers of rotations and entangling gates."""
    for layer in range(layers):
        ry(q, angle + layer * pi / 4)
        barrier(q)
        for a, b in zip(q, q[1:]):
            cx(a, b)

@hybrid_program(target="sim:local", shots=100)
def main(theta: Param = 0.1, n: int = 2):
    q = QubitRegister(n)
    ansatz(q, 2 * theta)
    field = sum([Z(one) for one in q])
    spins = ExpectationValue("spins", field)
    result = minimize(ExpectationValue(H), [0.3], method="SPSA", max_iters=10, seed=1)
    return {"energy": result.fun, "at": result.x, "spins": spins}
'''
_CONTROL = """
@hybrid_program
def main(flags: list = [1, 0, 1, 1]):
    c = ClassicalRegister(2)
    total: int = 0
    for index, flag in enumerate(flags):
        if flag and index < 2:
            x(index)
            continue
        elif index > 1:
            break
        total += index
        rz(index, [0.1, 0.2][flag])
    else:
        h(0)
    counts = {index: flag for index, flag in enumerate(flags)}
    counts[1] += 4
    while total < 5:
        total += counts[1]
        reset(2)
    measure(0, 1, c=c)
    if c == 2:
        z(2)
    elif c == 1:
        y(2)
    bit = measure(2, basis="X")
    if not bit:
        x(2)
    else:
        s(2)
    return {"bit": bit, "total": total}
"""

_CONDITIONS = """
@hybrid_program
def main(least: int = 2):
    q = QubitRegister(9)
    m = measure(q[:3])
    n = measure(q[3:5])
    if m[0] or n[1]:
        x(q[5])
    elif not (m[1] == n[0]):
        y(q[5])
    else:
        z(q[5])
    if least <= m < 6 and n != 3:
        k = measure(q[6])
        if k != m[2] and least > 1:
            h(q[7])
        barrier(q[7])
        s(q[7])
    if n == [1, 0] or m in (1, 2) or any(n) and all(m):
        t(q[8])
    return {"m": m, "n": n}
"""


def _corpus() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for job in sorted(_EXAMPLES.glob("*/job.yaml")):
        spec = yaml.safe_load(job.read_text())["spec"]
        text = spec.get("program") or (job.parent / "program.eigen.py").read_text()
        yield job.parent.name, text, spec.get("inputs", {})
    yield "loop", _LOOP, {}
    yield "control", _CONTROL, {}
    yield "conditions", _CONDITIONS, {}


_CORPUS = {name: (text, inputs) for name, text, inputs in _corpus()}


_BRANCHES: dict[str, list[dict[str, Any]]] = {
    "ising_trotter": [{"order": 1}, {"order": 4}],
    "control": [{"flags": [1, 0]}],
}
"""Inputs that lead into the branches that a program's own inputs leave out."""


def _said(name: str, tree: ast.Module) -> list[Any]:
    """All that the compiler says about a program under each of its inputs."""
    text = ast.unparse(ast.fix_missing_locations(tree))
    inputs = _CORPUS[name][1]
    return [_answer(text, inputs | more) for more in [{}, *_BRANCHES.get(name, [])]]


def _answer(text: str, inputs: dict[str, Any]) -> object:
    """All that the compiler says, but for places."""
    source = ProgramSource(content=text.encode())
    try:
        compiled = compile_source(CompileRequest(source=source, inputs=inputs))
    except EigenError as error:
        return error.reason
    warnings = sorted(one.message for one in compiled.warnings)
    return (
        compiled.aqo_json, dict(compiled.outputs), compiled.hybrid, dict(compiled.binding), compiled.defaults, warnings
    )  # fmt: skip


def _blocks(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def _names(statement: ast.stmt) -> list[ast.Name]:
    """Where names stand in a statement itself, not in the statements inside of it."""
    names: list[ast.Name] = []
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        stack += [one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.stmt)]
        if isinstance(node, ast.Name):
            names.append(node)
    return names


def _mutants(tree: ast.Module) -> Iterator[tuple[str, ast.stmt, ast.Module]]:
    """Every mutation of every statement: what was done, to what, and the whole program."""
    num_blocks = len(list(_blocks(tree)))
    for block_index in range(num_blocks):
        block = list(_blocks(tree))[block_index]
        for index, statement in enumerate(block):
            for how in ("deleted", "doubled", *range(len(_names(statement)))):
                mutant = copy.deepcopy(tree)
                target = list(_blocks(mutant))[block_index]
                if how == "deleted":
                    target[index : index + 1] = [] if len(target) > 1 else [ast.Pass()]
                elif how == "doubled":
                    target.insert(index, copy.deepcopy(target[index]))
                else:
                    name = _names(target[index])[how]
                    name.id += "_other"
                    how = f"{name.id} at {name.col_offset}"
                yield how, statement, mutant


def _need_not_be_noticed(what: str, statement: ast.stmt) -> bool:
    """The rules."""
    if isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    ):
        return True  # says nothing: a docstring, `pass`
    if isinstance(statement, ast.ImportFrom) and statement.module in ("eigen_lang", "eigen.lang"):
        return True  # the names are there without it
    if ast.unparse(statement) == "measure(q)" and what == "deleted":
        return True  # a program that measures nothing measures all its qubits at the end
    if isinstance(statement, ast.While) and what == "doubled":
        return True  # behind the first one its condition is false
    if isinstance(statement, ast.Assert):
        return what in ("deleted", "doubled")  # a check that holds does nothing else
    if isinstance(statement, ast.Import | ast.ImportFrom) and what == "doubled":
        return True  # imports what is imported
    return what == "doubled" and _is_idempotent(statement)


def _is_idempotent(statement: ast.stmt) -> bool:
    """Whether doing it twice is doing it once: it computes from names that it does not assign, or always leaves."""
    nodes = list(ast.walk(statement))
    if any(isinstance(one, ast.Return | ast.Break | ast.Continue) for one in nodes):
        return isinstance(statement, ast.If)
    stored = {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    loaded = {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    is_quiet = not any(isinstance(one, ast.Call | ast.AugAssign) and not _is_declaration(one) for one in nodes)
    return is_quiet and stored.isdisjoint(loaded)


def _is_declaration(node: ast.AST) -> bool:
    """Whether it declares parameters: the same declaration twice is one."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("Param", "ParamVector")


@pytest.mark.parametrize("name", _CORPUS)
def test_nothing_is_dropped_in_silence(name: str) -> None:
    tree = ast.parse(_CORPUS[name][0])
    before = _said(name, tree)
    assert all(isinstance(one, tuple) for one in before), "the program compiles"
    assert all(one[-1] == [] for one in before), "and nothing in it is suspicious"
    unnoticed = [
        f"{what}: {ast.unparse(statement)[:200]}"
        for what, statement, mutant in _mutants(tree)
        if not _need_not_be_noticed(what, statement) and _said(name, mutant) == before
    ]
    assert unnoticed == []


def test_the_harness_notices_what_is_dropped() -> None:
    """A program with a statement that does nothing, as the rules see it, is found out."""
    tree = ast.parse("@hybrid_program\ndef main():\n    n = 3\n    for i in range(0):\n        h(i)\n    x(n)\n")
    before = _answer(ast.unparse(tree), {})
    unnoticed = {what for what, _, mutant in _mutants(tree) if _answer(ast.unparse(mutant), {}) == before}
    assert "deleted" in unnoticed
