"""Whose turn it is to be compiled, and that a job which waits for it can be stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio

from eigen.compiler.service import EigenCompiler
from eigen.contracts.compilation import CompiledProgram, CompileRequest
from eigen.contracts.jobs import JobState
from eigen.kernel.compilation_line import MAX_COMPILATIONS, CompilationLine
from eigen.kernel.run import JobRun
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


def a_job(priority: int) -> JobRun:
    record = replace(new_job().record, priority=priority)
    return JobRun(record=record, published=record, inputs=None)


def test_the_urgent_job_goes_first_and_one_that_gives_up_leaves_the_line() -> None:
    begun: list[JobRun] = []
    line = CompilationLine(clock=ManualClock(), begin=begun.append, places=1)
    first, slow, given_up, urgent, last = (a_job(priority) for priority in (50, 10, 50, 90, 50))
    for run in (first, slow, given_up, urgent):
        line.join(run)
    line.leave(given_up.record.job_id)
    line.leave(first.record.job_id)  # it has begun: its place is free when it is done
    assert begun == [first]
    for _ in range(3):
        line.free()
    assert begun == [first, urgent, slow]
    line.join(last)
    assert begun[-1] is last


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
