"""OpenQASM behind the compiler's port: read in a process that can be killed, started when it is first needed."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from eigen.compiler.pipeline import compile_source
from eigen.compiler.service import EigenCompiler
from eigen.contracts.compilation import CompileRequest, Language, ProgramSource
from eigen.contracts.errors import EigenError, FailedPreconditionError, InvalidArgumentError

ATTACKS = Path(__file__).parent / "attacks"
BELL = """OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta;
qubit[2] q;
bit[2] c;
ry(2 * theta) q[0];
cx q[0], q[1];
c = measure q;
"""
LONG = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[9];' + "rx(1.25) q[3]; cx q[3], q[4];\n" * 200_000


def request(text: str | bytes, *, language: Language = Language.OPENQASM3, **inputs: float) -> CompileRequest:
    content = text if isinstance(text, bytes) else text.encode()
    return CompileRequest(
        source=ProgramSource(content=content, filename="program.qasm", language=language), inputs=inputs
    )


@pytest.fixture
async def compiler() -> AsyncIterator[EigenCompiler]:
    async with EigenCompiler() as opened:
        yield opened


async def test_inputs_bind_the_parameters(compiler: EigenCompiler) -> None:
    compiled = await compiler.compile(request(BELL, theta=0.5))
    assert compiled.binding == {"theta": 0.5}
    assert [one["op"] for one in json.loads(compiled.aqo_json)["operations"]] == ["RY", "CX", "MEASURE"]
    assert compiled == compile_source(request(BELL, theta=0.5))


async def test_values_do_not_change_the_digest_and_need_no_second_reading(compiler: EigenCompiler) -> None:
    first = await compiler.compile(request(BELL, theta=0.5))
    before = compiler.process_ids
    second = await compiler.compile(request(BELL, theta=0.75))
    assert (second.digest, second.binding, compiler.process_ids) == (first.digest, {"theta": 0.75}, before)


async def test_a_missing_or_unknown_input_is_refused(compiler: EigenCompiler) -> None:
    for inputs, path in (({}, "inputs.theta"), ({"theta": 1.0, "phi": 2.0}, "inputs.phi")):
        with pytest.raises(InvalidArgumentError) as caught:
            await compiler.compile(request(BELL, **inputs))
        assert [one.path for one in caught.value.diagnostics] == [path]


async def test_a_program_that_measures_nothing_measures_all(compiler: EigenCompiler) -> None:
    compiled = await compiler.compile(request('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q;'))
    assert json.loads(compiled.aqo_json)["operations"][-1] == {"op": "MEASURE", "q": [0, 1], "c": [0, 1]}


async def test_no_process_is_started_before_the_first_program_and_none_is_left() -> None:
    async with EigenCompiler() as opened:
        assert opened.process_ids == ()
        await opened.compile(request(BELL, theta=1.0))
        processes = opened.process_ids
        assert len(processes) == 2
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


async def test_a_compiler_that_is_not_open_refuses_openqasm() -> None:
    with pytest.raises(FailedPreconditionError):
        await EigenCompiler().compile(request(BELL, theta=1.0))


async def test_a_cancelled_reading_ends_at_once_with_its_worker(compiler: EigenCompiler) -> None:
    await compiler.compile(request(BELL, theta=1.0))
    (_, worker) = compiler.process_ids
    with anyio.fail_after(60):
        with anyio.move_on_after(0.3) as limit:
            await compiler.compile(request(LONG, language=Language.OPENQASM2))
    assert limit.cancelled_caught
    assert worker not in compiler.process_ids
    assert (await compiler.compile(request(BELL, theta=2.0))).binding == {"theta": 2.0}


async def test_a_killed_reader_is_replaced(compiler: EigenCompiler) -> None:
    await compiler.compile(request(BELL, theta=1.0))
    os.kill(compiler.process_ids[1], 9)
    text = BELL.replace("ry", "rx")
    assert (await compiler.compile(request(text, theta=1.0))).profile.op_counts["RX"] == 1


async def test_an_empty_program_is_told_so(compiler: EigenCompiler) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await compiler.compile(request(b""))
    assert caught.value.reason == "QASM0406"


@pytest.mark.parametrize("name", sorted(path.name for path in ATTACKS.glob("*.qasm")))
async def test_attacks_get_a_typed_answer_with_a_place(name: str, compiler: EigenCompiler) -> None:
    await compiler.compile(request(BELL, theta=1.0))
    content = (ATTACKS / name).read_bytes()
    language = Language.OPENQASM2 if b"OPENQASM 2" in content else Language.OPENQASM3
    with anyio.fail_after(60), pytest.raises(EigenError) as caught:
        await compiler.compile(request(content, language=language))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code.startswith("QASM")
    assert diagnostic.span is not None
    assert diagnostic.span.line == 2
    assert "root" not in str(caught.value.to_json())  # not a word of another file


def test_every_attack_of_the_manifest_is_there() -> None:
    rows = [line.split("\t") for line in (ATTACKS / "manifest.tsv").read_text().splitlines()[1:]]
    assert {row[0] for row in rows} == {path.name for path in ATTACKS.glob("*.qasm")}
