"""Whose turn it is to be compiled, and that a job which waits for it can be stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio

from eigen.compiler.service import EigenCompiler
from eigen.contracts.compilation import CompiledProgram, CompileRequest
from eigen.contracts.jobs import JobRecord, JobState
from eigen.kernel.compilation_line import MAX_COMPILATIONS, CompilationLine
from eigen.ports.compiler import Compiler
from eigen.testing.clock import ManualClock
from tests.kernel.kernel_house import bell, house
from tests.kernel.test_sqlite_store import new_job


class HeldCompiler(Compiler):
    """The compiler, as soon as it is let go."""

    def __init__(self) -> None:
        self.freed = anyio.Event()
        self._compiler = EigenCompiler()

    async def compile(self, request: CompileRequest) -> CompiledProgram:
        await self.freed.wait()
        return await self._compiler.compile(request)


def a_job(priority: int = 50) -> JobRecord:
    return replace(new_job().record, priority=priority)


async def test_the_urgent_job_goes_first_and_one_that_gives_up_leaves_the_line() -> None:
    line, begun = CompilationLine(clock=ManualClock(), places=1), list[str]()
    jobs = {"slow": a_job(10), "urgent": a_job(90)}

    async def compile_one(name: str) -> None:
        async with line.turn(jobs[name]):
            begun.append(name)

    async with anyio.create_task_group() as tasks, line.turn(a_job()):
        tasks.start_soon(compile_one, "slow")
        with anyio.CancelScope() as given_up:
            given_up.cancel()
            async with line.turn(a_job()):
                begun.append("nobody")
        tasks.start_soon(compile_one, "urgent")
        await anyio.wait_all_tasks_blocked()
    assert begun == ["urgent", "slow"]
    async with line.turn(a_job()):
        begun.append("next")
    assert begun[-1] == "next"


async def test_a_turn_that_comes_too_late_is_passed_on() -> None:
    line, begun = CompilationLine(clock=ManualClock(), places=1), list[str]()
    scope = anyio.CancelScope()

    async def first() -> None:
        with scope:
            async with line.turn(a_job(90)):
                begun.append("first")

    async def second() -> None:
        async with line.turn(a_job(10)):
            begun.append("second")

    async with anyio.create_task_group() as tasks, line.turn(a_job()):
        tasks.start_soon(first)
        tasks.start_soon(second)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()  # it hears of it when the place has been given to it
    assert begun == ["second"]


async def test_a_job_that_waits_to_be_compiled_is_pending_and_ends_at_once_when_it_is_cancelled(tmp_path: Path) -> None:
    compiler = HeldCompiler()
    async with house(tmp_path, compiler=compiler) as one:
        busy = [(await one.kernel.enqueue(bell())).job_id for _ in range(MAX_COMPILATIONS)]
        for job_id in busy:
            await one.reach(job_id, "compiling")
        waits = (await one.kernel.enqueue(bell())).job_id
        await anyio.wait_all_tasks_blocked()
        assert (await one.kernel.record(waits)).state is JobState.PENDING
        await one.kernel.cancel(waits, by="ada")
        assert (await one.end(waits)).state is JobState.CANCELLED
        compiler.freed.set()
        assert {(await one.end(job_id)).state for job_id in busy} == {JobState.DONE}
        assert one.is_idle()
