"""The compiler behind its port: in a thread, with caches that never change an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from threading import Event

import pytest
from anyio import create_task_group
from anyio.to_thread import current_default_thread_limiter, run_sync

from eigen.compiler.lower.meter import STEPS_AT_ONCE
from eigen.compiler.service import EigenCompiler
from eigen.contracts.compilation import CompiledProgram, CompileLimits, CompileRequest, ProgramSource
from eigen.contracts.errors import InvalidArgumentError, OperationCancelledError

_GHZ = b"""\
def chain(q):
    for a, b in zip(q, q[1:]):
        cx(a, b)

@hybrid_program(target="sim:local", shots=100)
def main(n: int, theta: Param = 0.1):
    q = QubitRegister(n)
    ry(q[0], 2 * theta)
    chain(q)
    measure(q)
"""


async def test_a_program_compiles_behind_the_port() -> None:
    """Inputs shape the circuit, parameters stay symbolic, the decorator's options are defaults."""
    request = CompileRequest(source=ProgramSource(content=_GHZ), inputs={"n": 3, "theta": 0.5})
    compiled = await EigenCompiler().compile(request)
    circuit = json.loads(compiled.aqo_json)
    assert [one["op"] for one in circuit["operations"]] == ["RY", "CX", "CX", "MEASURE"]
    assert circuit["operations"][0]["params"] == {"theta": "2*theta"}
    assert compiled.binding == {"theta": 0.5}
    assert (compiled.defaults.target, compiled.defaults.shots) == ("sim:local", 100)


async def test_what_was_compiled_before_needs_no_thread() -> None:
    """Every thread is taken, and the answer comes all the same, with this request's values of the parameters."""
    compiler = EigenCompiler()
    source = ProgramSource(content=_GHZ)
    first = await compiler.compile(CompileRequest(source=source, inputs={"n": 3, "theta": 0.5}))
    threads = current_default_thread_limiter()
    takers = [object() for _ in range(int(threads.total_tokens))]
    for taker in takers:
        await threads.acquire_on_behalf_of(taker)
    try:
        again = await compiler.compile(CompileRequest(source=source, inputs={"n": 3, "theta": 0.7}))
    finally:
        for taker in takers:
            threads.release_on_behalf_of(taker)
    assert (again.digest, again.binding) == (first.digest, {"theta": 0.7})


async def test_wrong_values_are_refused_however_often_the_program_was_compiled() -> None:
    """The circuit is at hand, and the inputs are checked again each time."""
    compiler = EigenCompiler()
    source = ProgramSource(content=_GHZ)
    await compiler.compile(CompileRequest(source=source, inputs={"n": 3}))
    for inputs in ({"n": 3, "theta": "x"}, {"n": 3, "phi": 1.0}, {"n": "3"}, {"n": [3]}):
        with pytest.raises(InvalidArgumentError):
            await compiler.compile(CompileRequest(source=source, inputs=inputs))


class _Watched(EigenCompiler):
    """Tells when a compilation begins, and after how many steps it was stopped."""

    def __init__(self) -> None:
        super().__init__(limits=CompileLimits(steps=10**15))
        self.has_begun = Event()
        self.has_ended = Event()
        self.steps = 0

    def compile_now(self, request: CompileRequest, *, is_stopped: Callable[[], bool] = bool) -> CompiledProgram:
        self.has_begun.set()
        try:
            return super().compile_now(request, is_stopped=is_stopped)
        except OperationCancelledError as error:
            self.steps = error.details["steps"]
            raise
        finally:
            self.has_ended.set()


async def test_the_thread_of_a_cancelled_compilation_ends() -> None:
    """Its budget would last for years; `wait` has a bound only so that a fault does not hang the tests."""
    compiler = _Watched()
    endless = b"@hybrid_program\ndef main():\n    h(0)\n    while True:\n        pass\n"
    request = CompileRequest(source=ProgramSource(content=endless), limits=CompileLimits(steps=10**15))
    async with create_task_group() as tasks:
        tasks.start_soon(compiler.compile, request)
        await run_sync(compiler.has_begun.wait)
        tasks.cancel_scope.cancel()
    assert await run_sync(compiler.has_ended.wait, 60)
    assert 0 < compiler.steps < 10**12


def test_a_stopped_compilation_ends_at_the_meters_next_look() -> None:
    request = CompileRequest(source=ProgramSource(content=_GHZ.replace(b"measure(q)", b"while True: pass")))
    with pytest.raises(OperationCancelledError) as caught:
        EigenCompiler().compile_now(replace(request, inputs={"n": 3}), is_stopped=lambda: True)
    assert caught.value.details["steps"] < 2 * STEPS_AT_ONCE
