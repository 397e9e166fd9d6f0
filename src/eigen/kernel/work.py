"""The three stages of a job's work: compile, execute, seal.

Each takes a run, asks the other services, notes on the run what came of it, and returns the one event that it ends in.
Nothing here starts tasks, feeds events or catches what nobody foresaw: that is the shell's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from eigen.contracts.errors import EigenError, InvariantError, UnavailableError
from eigen.contracts.job_events import (
    Closed,
    CompilationFailed,
    Compiled,
    Executed,
    ExecutionFailed,
    JobEvent,
    Progressed,
    SealFailed,
)
from eigen.contracts.jobs import JobRecord
from eigen.contracts.requests import CheckedJob
from eigen.kernel.adoption import inputs_of
from eigen.kernel.circuit_files import CircuitFiles
from eigen.kernel.history import stored
from eigen.kernel.machine import step
from eigen.kernel.progress import Progress
from eigen.kernel.run import JobInputs, JobRun
from eigen.kernel.sweep import first_inputs
from eigen.optimization.seeds import job_seed
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.clock import Clock, IdSource
from eigen.ports.compiler import Compiler
from eigen.ports.drivers import DriverManager
from eigen.ports.job_store import JobStore
from eigen.ports.kernel import KernelObserver

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram
    from eigen.contracts.execution import Admission
    from eigen.contracts.jobspec import JobSpecBody
    from eigen.contracts.loops import LoopProgress
    from eigen.kernel.execution import PointResult
    from eigen.kernel.plan import ExecutionPlan

_AT_ONCE_COUNTS = 2_000  # writing more takes longer than a turn of the event loop may take
_AT_ONCE_BYTES = 16 * 1024

__all__ = ["JobWork", "device_of"]


class JobWork:
    """What the kernel has others do for a job.

    Args:
        artifacts: CircuitFS.
        store: Keeps what jobs begin with.
        compiler: Source to circuit.
        drivers: Circuit to counts.
        clock: Time.
        ids: Seeds, where nobody names one.
        memory_bytes: Most memory that one job may take.
        observer: Is told of defects that cost no job.
        tell: Takes an event of a job while its work goes on.
    """

    def __init__(
        self,
        *,
        artifacts: ArtifactStore,
        store: JobStore,
        compiler: Compiler,
        drivers: DriverManager,
        clock: Clock,
        ids: IdSource,
        memory_bytes: int,
        observer: KernelObserver,
        tell: Callable[[JobRun, JobEvent], Awaitable[None]],
    ) -> None:
        self._artifacts = artifacts
        self._store = store
        self._compiler = compiler
        self._drivers = drivers
        self._clock = clock
        self._ids = ids
        self._memory_bytes = memory_bytes
        self._observer = observer
        self._tell = tell
        self._circuit_files = CircuitFiles()

    async def compile(self, run: JobRun) -> JobEvent:
        """Compile a job's program, and ask its device whether it can run it."""
        from eigen.contracts.devices import canonical_target
        from eigen.kernel.plan import DEFAULT_TARGET

        attempt = run.record.attempt
        inputs = run.inputs = await inputs_of(self._artifacts, run.record.job_id, run.inputs)
        body = inputs.spec.spec
        await self._drivers.prepare(canonical_target(body.target or DEFAULT_TARGET))
        run.compiled = await self._compiled(inputs)
        drawn_seed = self._drawn_seed(run.record, run.compiled, is_sweep=bool(body.sweep))
        run.plan, device_id, admission = await self._admitted(body, run.compiled, drawn_seed=drawn_seed)
        run.circuit_files = await self._circuit_files.of(run.compiled)
        return Compiled(
            at=self._clock.now(),
            attempt=attempt,
            device_id=device_id,
            target=run.plan.target,
            shots=run.plan.shots,
            seed=run.plan.options.seed,
            aqo_digest=run.compiled.digest,
            method=admission.method,
            memory_bytes=admission.memory_bytes,
            explanation=admission.explanation,
        )

    def _drawn_seed(self, record: JobRecord, compiled: CompiledProgram, *, is_sweep: bool) -> int:
        """Return the seed of a job that names none: always the same one where others may go on with what it drew."""
        if record.seed is not None:
            return record.seed
        return job_seed(record.job_id) if is_sweep or compiled.hybrid is not None else self._ids.seed()

    async def check(self, inputs: JobInputs) -> CheckedJob:
        """Say what `compile` would find, and leave nothing behind."""
        try:
            compiled = await self._compiled(inputs)
        except EigenError as error:
            return CheckedJob(problems=(error,))
        try:
            await self._admitted(inputs.spec.spec, compiled, drawn_seed=0)
        except EigenError as error:
            return CheckedJob(warnings=compiled.warnings, problems=(error,))
        return CheckedJob(warnings=compiled.warnings)

    async def _compiled(self, inputs: JobInputs) -> CompiledProgram:
        from eigen.contracts.compilation import CompileRequest

        body = inputs.spec.spec
        return await self._compiler.compile(
            CompileRequest(
                source=inputs.source, entrypoint=body.entrypoint, inputs={**body.inputs, **first_inputs(body.sweep)}
            )
        )

    async def _admitted(
        self, body: JobSpecBody, compiled: CompiledProgram, *, drawn_seed: int
    ) -> tuple[ExecutionPlan, str, Admission]:
        """Return how a compiled job is run, the id of its device, and what the device says to it."""
        from eigen.contracts.execution import Admission
        from eigen.kernel.plan import check_admission, make_plan, target_of

        device = self._drivers.device(target_of(body, compiled))
        plan = make_plan(body, compiled, drawn_seed=drawn_seed, device=device)
        if plan.estimation == "sampled":
            plan = await self._with_sampling(plan)
        admission = (
            self._drivers.admit(device.device_id, plan.asked_profile, plan.options)
            if plan.asks_device
            else Admission(method="none", memory_bytes=0, explanation="the observables are constants")
        )
        check_admission(plan, admission, memory_bytes=self._memory_bytes)
        return plan, device.device_id, admission

    async def _with_sampling(self, plan: ExecutionPlan) -> ExecutionPlan:
        from eigen.kernel.plan import with_sampling

        is_quick = len(plan.payload.data) <= _AT_ONCE_BYTES
        return with_sampling(plan) if is_quick else await run_sync(with_sampling, plan)

    def compile_failure(self, run: JobRun, error: EigenError) -> JobEvent:
        """Return the event for a program that cannot be compiled, or that no device can run."""
        return CompilationFailed(at=self._clock.now(), attempt=run.record.attempt, error=error.to_json())

    async def execute(self, run: JobRun) -> JobEvent:
        """Run a job's circuits on its device."""
        attempt = run.record.attempt
        if run.plan is None:
            raise InvariantError("executing without a plan")
        if run.plan.loop:
            await self._minimize(run, run.plan)
        if len(run.plan.points) == 1:
            async with aclosing(self._executed(run, run.plan)) as found:
                async for run.results in found:
                    pass
        else:
            await self._sweep(run, run.plan)
        elapsed_sec = run.loop_sec + sum(one.result.execution_time_sec for one in run.results)
        return Executed(at=self._clock.now(), attempt=attempt, execution_time_sec=elapsed_sec)

    def _executed(self, run: JobRun, plan: ExecutionPlan) -> AsyncGenerator[list[PointResult], None]:
        """Yield the results of the points that are not done yet, some at a time."""
        from eigen.kernel.execution import executed

        return executed(
            plan,
            self._drivers,
            job_id=run.record.job_id,
            device_id=device_of(run.record),
            clock=self._clock,
            first=len(run.results),
        )

    async def _sweep(self, run: JobRun, plan: ExecutionPlan) -> None:
        """Run the points of a sweep that are not done yet, here or by a system that is gone."""
        from eigen.kernel.kept_points import KeptPoints

        attempt, device_id = run.record.attempt, device_of(run.record)
        told = Progress(len(plan.points), clock=self._clock)
        kept = KeptPoints(
            run,
            artifacts=self._artifacts,
            device_id=device_id,
            is_simulator=self._drivers.device(device_id).simulator,
            clock=self._clock,
            save=self.save,
            give_up=partial(self._observer.on_defect, run.record.job_id, "journal"),
        )
        try:
            run.results = run.results or await kept.recorded()
            if run.results:
                await self._tell(run, self._progressed(run, attempt))
            async with aclosing(self._executed(run, plan)) as found:
                async for results in found:
                    run.results += results
                    await kept.keep(run.results)
                    if told.is_due(len(run.results)):
                        await self._tell(run, self._progressed(run, attempt))
        finally:
            await kept.close()

    async def _minimize(self, run: JobRun, plan: ExecutionPlan) -> None:
        """Run a job's loop; what is executed after it is the circuit at the best point."""
        from eigen.kernel.loop_results import best_outcome
        from eigen.kernel.loops import LoopRunner

        attempt = run.record.attempt
        most_evaluations = sum(task.max_evals for task in plan.loop)

        async def tell(progress: LoopProgress) -> None:
            event = Progressed(
                at=self._clock.now(),
                attempt=attempt,
                done=progress.evaluations,
                total=most_evaluations,
                value=progress.value,
                best=progress.best,
            )
            await self._tell(run, event)

        await self.save(run)  # journals stand in the job's folder
        runner = LoopRunner(
            plan,
            job_id=run.record.job_id,
            device_id=device_of(run.record),
            drivers=self._drivers,
            artifacts=self._artifacts,
            clock=self._clock,
            tell=tell,
        )
        began = self._clock.monotonic()
        try:
            run.outcomes = await runner.run()
        finally:
            run.loop_sec = self._clock.monotonic() - began
        best = run.outcomes[best_outcome(run.outcomes)]
        run.plan = replace(plan, binding=dict(zip(plan.payload.profile.parameters, best.x, strict=True)))

    def _progressed(self, run: JobRun, attempt: int) -> JobEvent:
        assert run.plan is not None  # noqa: S101  # it is being executed
        return Progressed(at=self._clock.now(), attempt=attempt, done=len(run.results), total=len(run.plan.points))

    def execute_failure(self, run: JobRun, error: EigenError) -> JobEvent:
        """Return the event for a device that gave an error or died; what was unavailable may be tried again."""
        return ExecutionFailed(
            at=self._clock.now(),
            attempt=run.record.attempt,
            error=error.to_json(),
            retryable=isinstance(error, UnavailableError),
        )

    async def seal(self, run: JobRun) -> JobEvent:
        """Put on disk what belongs to a job's end, the event that ends it included."""
        from eigen.kernel.outputs import closing_facts, closing_files

        closed = Closed(at=self._clock.now(), attempt=run.record.attempt)
        final = step(run.record, closed).job
        if run.inputs is None:  # it was adopted and is not begun anew: what its last owner left is still there
            await self._artifacts.reset(final.job_id)
        journals = await self._journals(run)
        close = partial(closing_files, run, final=final, last=stored(closed, final), journals=journals)
        is_large = _size(run.results) > _AT_ONCE_COUNTS or bool(journals)
        files = await run_sync(close) if is_large else close()
        async with run.saving:
            last = {**run.circuit_files, **files}
            await self._artifacts.seal(final.job_id, last, facts=closing_facts(final), opening=run.opening)
            run.circuit_files, run.opening = {}, None
        await self._store.forget_opening(final.job_id)
        run.results_json = files.get("results.json", b"")
        return closed

    async def _journals(self, run: JobRun) -> tuple[bytes, ...]:
        """Return the journals of a job that may have some: one with a loop, or one that nobody begins anew."""
        has_loop = run.plan is not None and bool(run.plan.loop) and run.opening is None
        return await self._artifacts.journals(run.record.job_id) if has_loop or run.inputs is None else ()

    async def save(self, run: JobRun) -> None:
        """Put what there is of a job on disk before its end, for whoever wants to look at it meanwhile."""
        job_id = run.record.job_id
        async with run.saving:
            if run.opening is not None and not run.record.state.is_terminal:
                await self._artifacts.create(job_id, run.opening.files, facts=run.opening.facts)
                run.opening = None
            if run.circuit_files and not run.record.state.is_terminal:
                await self._artifacts.put(job_id, run.circuit_files)
                run.circuit_files = {}

    def seal_failure(self, run: JobRun, error: EigenError) -> JobEvent:
        """Return the event for an end that could not be put on disk."""
        return SealFailed(at=self._clock.now(), attempt=run.record.attempt, error=error.to_json())


def _size(results: Sequence[PointResult]) -> int:
    """Return about how many entries results have."""
    return sum(10 + len(one.result.counts) + sum(len(group.counts) for group in one.groups) for one in results)


def device_of(record: JobRecord) -> str:
    """Return the device of a job that has been compiled."""
    if record.device_id is None:
        raise InvariantError(f"{record.job_id} has no device while {record.state}")
    return record.device_id
