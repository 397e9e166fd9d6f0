"""The stages of a job's life that are work, each from its command to its one outcome event.

What the work itself is stands in `work`. Everything goes through `_attempt`, which turns every way to end into one
outcome event; this is the one place that catches all exceptions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from eigen.contracts.errors import EigenError, InternalError, OperationCancelledError
from eigen.contracts.job_events import Closed, CompilationStarted, Dispatched, ExecutionStopped, JobEvent
from eigen.contracts.jobs import JobRecord, JobState
from eigen.contracts.trace import span
from eigen.kernel.compilation_line import CompilationLine
from eigen.kernel.dispatcher import Dispatcher
from eigen.kernel.live_jobs import LiveJobs
from eigen.kernel.run import JobRun
from eigen.kernel.work import JobWork
from eigen.ports.clock import Clock
from eigen.ports.kernel import KernelObserver

__all__ = ["Stages"]

Work = Callable[[JobRun], Awaitable[JobEvent]]
Failure = Callable[[JobRun, EigenError], JobEvent]


class Stages:
    """Runs the stages of jobs.

    Args:
        jobs: Takes the events.
        work: What is done.
        compilations: Has the places at compiling.
        dispatcher: Has the slots.
        clock: Time.
        observer: Is told how long each stage takes, and of defects.
    """

    def __init__(
        self,
        *,
        jobs: LiveJobs,
        work: JobWork,
        compilations: CompilationLine,
        dispatcher: Dispatcher,
        clock: Clock,
        observer: KernelObserver,
    ) -> None:
        self._jobs = jobs
        self._work = work
        self._compilations = compilations
        self._dispatcher = dispatcher
        self._clock = clock
        self._observer = observer

    async def compile(self, run: JobRun) -> None:
        """Compile a job's program; its place is free when that has ended, or never began."""
        outcome: JobEvent | None = None
        try:
            if run.record.ending is not None or not self._jobs.owns(run):  # cancelled or lost before it could begin
                return
            run.work = anyio.CancelScope()
            with run.work:
                await self._jobs.feed(run, CompilationStarted(at=self._clock.now(), attempt=run.record.attempt))
                outcome = await self._attempt(run, "compile", self._work.compile, self._work.compile_failure)
        finally:
            self._compilations.free()
        stopped = OperationCancelledError
        await self._jobs.feed(run, outcome or self._work.compile_failure(run, stopped("the compilation was stopped")))

    async def begin(self, run: JobRun) -> None:
        """Give a job its slot, or the slot to others where the job waits no longer."""
        if not self._jobs.owns(run) or run.record.state is not JobState.QUEUED or run.record.ending is not None:
            self._dispatcher.free(run.record.job_id)
        else:
            run.work = anyio.CancelScope()
            await self._jobs.feed(
                run, Dispatched(at=self._clock.now(), attempt=run.record.attempt, waited_for=run.waited_for)
            )

    async def execute(self, run: JobRun) -> None:
        """Run a job's circuit; its slot is free when the work has really ended."""
        attempt, outcome = run.record.attempt, None
        with run.work or anyio.CancelScope():  # made when it got its slot: it may have been stopped since
            outcome = await self._attempt(run, "execute", self._work.execute, self._work.execute_failure)
        self._dispatcher.free(run.record.job_id)
        await self._jobs.feed(run, outcome or self._stopped(run, attempt))

    def _stopped(self, run: JobRun, attempt: int) -> ExecutionStopped:
        points = len(run.plan.points) if run.plan is not None and run.plan.points[0] else 0
        return ExecutionStopped(
            at=self._clock.now(), attempt=attempt, points=points, points_done=len(run.results) if points else 0
        )

    async def seal(self, run: JobRun) -> None:
        """Put on disk what belongs to a job's end."""
        await self._jobs.feed(run, await self._attempt(run, "store", self._work.seal, self._work.seal_failure))

    async def close_unsealed(self, run: JobRun) -> None:
        """End a job although not even its error could be put on disk."""
        await self._jobs.feed(run, Closed(at=self._clock.now(), attempt=run.record.attempt))

    async def _attempt(self, run: JobRun, stage: str, work: Work, failure: Failure) -> JobEvent:
        """Do a job's work and return the one event that it ends in."""
        began = self._clock.monotonic()
        try:
            with span(f"kernel.{stage}", attempt=run.record.attempt):
                return await work(run)
        except EigenError as error:
            return failure(run, error)
        except Exception as error:  # noqa: BLE001  # the boundary where commands run: a defect costs one job
            self._observer.on_defect(run.record.job_id, stage, error)
            return failure(run, _defect(run.record))
        finally:
            run.keep_spans()
            self._observer.on_stage(stage, self._clock.monotonic() - began)


def _defect(record: JobRecord) -> InternalError:
    return InternalError(
        "a defect of Eigen OS stopped the job; it is not your program's fault",
        reason="INTERNAL",
        hint=f"report it with the log lines of trace {record.trace_id}",
        details={"trace_id": record.trace_id},
    )
