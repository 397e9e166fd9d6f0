"""The importable names: the stub has what the language has, with the gate table's signatures."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import eigen.lang
from eigen.compiler.symbols import LANGUAGE_NAMES
from eigen.contracts.errors import FailedPreconditionError
from eigen.contracts.gates import GATE_ALIASES, GATES

_STUB = ast.parse((Path(eigen.lang.__file__).parent / "__init__.pyi").read_text(encoding="utf-8"))
_DEFINED = {
    node.name: node
    for node in _STUB.body
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
}
_ALIASES = {
    node.target.id for node in _STUB.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
}


def test_module_stub_and_compiler_have_the_same_names() -> None:
    assert set(eigen.lang.__all__) == {*_DEFINED, *_ALIASES} == LANGUAGE_NAMES


@pytest.mark.parametrize("name", [*GATES, *GATE_ALIASES])
def test_a_gate_in_the_stub_has_its_signature(name: str) -> None:
    gate, function = GATES[GATE_ALIASES.get(name, name)], _DEFINED[name]
    assert isinstance(function, ast.FunctionDef)
    assert len(function.args.posonlyargs) == gate.num_qubits
    assert tuple(one.arg for one in function.args.args) == gate.params


def test_calling_a_name_says_that_programs_are_compiled() -> None:
    from eigen.lang import h

    with pytest.raises(FailedPreconditionError, match="compiled, never run"):
        h(0)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="hadamard"):
        _ = eigen.lang.hadamard  # type: ignore[attr-defined]  # that is the point
