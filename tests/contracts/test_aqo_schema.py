"""The published schema: it is the one that is drawn from the rules, and it takes what the reader takes."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from eigen.compiler.pipeline import compile_source
from eigen.contracts.aqo_json import decode, encode
from eigen.contracts.aqo_schema import aqo_schema
from eigen.contracts.compilation import CompileRequest, ProgramSource
from eigen.contracts.errors import EigenError

PUBLISHED = Path(__file__).parents[2] / "docs" / "aqo.schema.json"
SEED_EXAMPLE = {
    "version": "0.1",
    "qubits": 4,
    "operations": [
        {"op": "RY", "q": [0], "params": {"theta": "p0"}},
        {"op": "CX", "q": [0, 1]},
        {"op": "MEASURE", "q": [0, 1], "c": [0, 1]},
    ],
}
FULL_EXAMPLE = {
    "version": "0.1",
    "qubits": 2,
    "clbits": 2,
    "parameters": ["theta"],
    "operations": [
        {"op": "RY", "q": [0], "params": {"theta": "2*theta+0.5"}},
        {"op": "CX", "q": [0, 1]},
        {"op": "MEASURE", "q": [0, 1], "c": [0, 1]},
        {"op": "X", "q": [1], "if": {"c": [0], "eq": 1}},
    ],
    "observables": {"energy": [["XX", [0, 1], 0.18], ["", [], -1.05]]},
}


def takes(document: Any) -> bool:
    return jsonschema.Draft202012Validator(aqo_schema()).is_valid(document)


def reads(document: Any) -> bool:
    try:
        decode(json.dumps(document).encode())
    except EigenError:
        return False
    return True


def test_the_published_schema_is_drawn_from_the_rules(request: pytest.FixtureRequest) -> None:
    drawn = json.dumps(aqo_schema(), indent=2, sort_keys=True) + "\n"
    if request.config.getoption("--update-golden"):
        PUBLISHED.write_text(drawn)
    assert PUBLISHED.read_text() == drawn
    jsonschema.Draft202012Validator.check_schema(aqo_schema())


@pytest.mark.parametrize("document", [SEED_EXAMPLE, FULL_EXAMPLE])
def test_schema_and_reader_take_the_examples_of_seed_and_contract(document: Any) -> None:
    assert takes(document)
    assert reads(document)
    assert takes(json.loads(encode(decode(json.dumps(document).encode()))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 0.1),
        (("qubits",), True),
        (("qubits",), 0),
        (("clbits",), -1),
        (("parameters",), ["2x"]),
        (("operations", 0, "op"), "ry"),
        (("operations", 0, "q"), [0, 1]),
        (("operations", 0, "params"), {}),
        (("operations", 0, "params", "theta"), None),
        (("operations", 1, "q"), [0, 0]),
        (("operations", 1, "params"), {"theta": 1}),
        (("operations", 2, "c"), None),
        (("operations", 3, "if", "eq"), -1),
        (("observables", "energy", 0), ["XQ", [0, 1], 1]),
        (("more",), 1),
    ],
)
def test_what_the_schema_refuses_the_reader_refuses_too(path: tuple[Any, ...], value: Any) -> None:
    document = copy.deepcopy(FULL_EXAMPLE)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not takes(document)
    assert not reads(document)


def test_the_schema_takes_what_the_compiler_gives() -> None:
    source = b"""
@hybrid_program
def main(theta: Param = 0.5):
    q = QubitRegister(3)
    u(q[0], theta, 2 * theta, -theta)
    ccx(q[0], q[1], q[2])
    bit = measure(q[0], basis="X")
    if bit:
        rzz(q[1], q[2], 0.25)
    reset(q[0])
    measure(q)
"""
    compiled = compile_source(CompileRequest(source=ProgramSource(content=source)))
    assert takes(json.loads(compiled.aqo_json))
