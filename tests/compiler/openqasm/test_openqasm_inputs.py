"""Inputs that shape the circuit, and inputs that stay free."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eigen.compiler.pipeline import compile_source
from eigen.compiler.service import EigenCompiler
from eigen.contracts.compilation import CompiledProgram, CompileRequest, Language, ProgramSource
from eigen.contracts.errors import InvalidArgumentError

TEXT = """OPENQASM 3.0;
include "stdgates.inc";
input int[8] n;
input uint[4] k;
input bool flip;
input float[64] theta;
input angle phi;
qubit[4] q;
for uint i in [1:n] x q[k];
if (flip) y q[0];
rz(theta * k + phi) q[1];
"""
VALUES: dict[str, Any] = {"n": 2, "k": 3, "flip": True, "theta": 0.5, "phi": 1.5}


def request(**changes: Any) -> CompileRequest:
    inputs = {name: one for name, one in (VALUES | changes).items() if one is not None}
    source = ProgramSource(content=TEXT.encode(), filename="program.qasm", language=Language.OPENQASM3)
    return CompileRequest(source=source, inputs=inputs)


def operations(compiled: CompiledProgram) -> list[tuple[str, list[int]]]:
    return [(one["op"], one["q"]) for one in json.loads(compiled.aqo_json)["operations"]]


def test_integers_and_truth_values_shape_the_circuit() -> None:
    compiled = compile_source(request())
    assert operations(compiled)[:-1] == [("X", [3]), ("X", [3]), ("Y", [0]), ("RZ", [1])]
    assert compiled.binding == {"theta": 0.5, "phi": 1.5}
    assert json.loads(compiled.aqo_json)["parameters"] == ["theta", "phi"]
    assert operations(compile_source(request(n=1, k=0, flip=False)))[:-1] == [("X", [0]), ("RZ", [1])]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"n": None}, "EL0318"),
        ({"flip": None, "k": None}, "EL0318"),
        ({"theta": None}, "EL0318"),
        ({"n": 2.0}, "EL0320"),
        ({"n": "2"}, "EL0320"),
        ({"n": True}, "EL0320"),
        ({"flip": 1}, "EL0320"),
        ({"theta": "0.5"}, "EL0320"),
        ({"m": 1}, "EL0319"),
        ({"k": 16}, "QASM0304"),
        ({"k": -1}, "QASM0304"),
        ({"n": 128}, "QASM0304"),
        ({"k": 4}, "QASM0302"),
    ],
)
def test_a_wrong_input_is_told(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        compile_source(request(**changes))
    found = caught.value.diagnostics
    assert {one.code for one in found} == {code}
    assert len(found) == len([one for one in changes.values() if one is None] or changes)
    assert all(one.span is not None or one.path for one in found)


async def test_the_worker_reads_anew_for_other_shapes_only() -> None:
    async with EigenCompiler() as compiler:
        first = await compiler.compile(request())
        assert first == compile_source(request())
        processes = compiler.process_ids
        assert (await compiler.compile(request(theta=0.75))).digest == first.digest
        other = await compiler.compile(request(n=1))
        assert operations(other)[:2] == [("X", [3]), ("Y", [0])]
        assert (await compiler.compile(request(flip=False))).digest not in (first.digest, other.digest)
        assert await compiler.compile(request()) == first
        assert compiler.process_ids == processes
        assert compiler.compile_now(request(n=1)) == other
