"""The kernel's one shell: the only place that starts tasks.

It runs the commands that the state machine gives, and feeds their outcomes back as events. Jobs come in by `arrivals`;
events and records are in `live_jobs`, the stages of work in `stages`, queues and slots in `dispatcher`, other processes
in `root_watch`, questions in `lookups`.

On the way out the work is stopped and live jobs stay as they are: once the store is closed, the next system on this
root adopts them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio

from eigen.contracts.job_events import CancelRequested, TimedOut
from eigen.contracts.jobs import JobFilter, JobPage, JobRecord, JobState, JobStatus, JobUpdate, StoredEvent
from eigen.contracts.waiting import for_jobs
from eigen.kernel.arrivals import Arrivals
from eigen.kernel.circuit_files import save_long_jobs
from eigen.kernel.commands import (
    AwaitDependencies,
    CloseUnsealed,
    Command,
    Compile,
    Enqueue,
    Execute,
    LeaveQueue,
    Seal,
    StopWork,
)
from eigen.kernel.compilation_line import CompilationLine
from eigen.kernel.dependency_watch import DependencyWatch
from eigen.kernel.dispatcher import Dispatcher
from eigen.kernel.live_jobs import LiveJobs
from eigen.kernel.lookups import POLL_SEC, Lookups
from eigen.kernel.recording import recording
from eigen.kernel.reservations import Reservations
from eigen.kernel.root_watch import RootWatch
from eigen.kernel.run import JobInputs, JobRun
from eigen.kernel.stages import Stages
from eigen.kernel.work import JobWork
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.clock import Clock, IdSource
from eigen.ports.compiler import Compiler
from eigen.ports.drivers import DriverManager
from eigen.ports.job_store import JobStore
from eigen.ports.kernel import Kernel, KernelJob, KernelLimits, KernelObserver

if TYPE_CHECKING:
    from eigen.contracts.compilation import ProgramSource
    from eigen.contracts.devices import Reservation
    from eigen.contracts.jobspec import JobSpec
    from eigen.contracts.requests import CheckedJob
    from eigen.contracts.results import JobResults

__all__ = ["QrtxKernel"]

NOTED_LINE = 16
"""Longest line of a device in which a job's place is noted when it comes; every job that comes would pay for it."""


class QrtxKernel(Kernel):
    """The orchestrator of the jobs on one root; opened and closed as an asynchronous context manager.

    Args:
        store: Records and events.
        artifacts: CircuitFS.
        compiler: Source to circuit.
        drivers: Circuit to counts.
        clock: Time.
        ids: Ids and seeds.
        observer: Is told of everything that happens.
        owner: This system's name in the job store.
        memory_bytes: What all running jobs together may take.
        limits: What else this system takes on; its `memory_bytes` is for whoever knows the machine.
        adopts: Whether jobs whose owner is gone are continued.
        works: Whether jobs that are accepted are run; else they are left to the next system when this one closes.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        artifacts: ArtifactStore,
        compiler: Compiler,
        drivers: DriverManager,
        clock: Clock,
        ids: IdSource,
        observer: KernelObserver,
        owner: str,
        memory_bytes: int,
        limits: KernelLimits,
        adopts: bool = True,
        works: bool = True,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._adopts = adopts
        self._jobs = LiveJobs(store=store, clock=clock, observer=observer, obey=self._obey, on_leaving=self._leave)
        self._lookups = Lookups(store=store, artifacts=artifacts, clock=clock, jobs=self._jobs, statuses=self._statuses)
        self._dependencies = DependencyWatch(jobs=self._jobs, lookups=self._lookups, clock=clock, observer=observer)
        self._dispatcher = Dispatcher(
            drivers=drivers,
            observer=observer,
            clock=clock,
            memory_bytes=memory_bytes,
            begin=self._begin_soon,
        )
        self._compilations = CompilationLine(clock=clock, begin=lambda run: self._start(self._stages.compile, run))
        self._reservations = Reservations(
            store=store, drivers=drivers, dispatcher=self._dispatcher, clock=clock, ids=ids, limits=limits
        )
        self._root = RootWatch(
            store=store,
            artifacts=artifacts,
            clock=clock,
            observer=observer,
            owner=owner,
            jobs=self._jobs,
            take=self._take,
            cancel=self._cancel_for_other,
            look=self._look,
            pass_time=self._reservations.pass_time,
            room=lambda: limits.live_jobs - len(self._jobs),
        )
        self._work = JobWork(
            artifacts=artifacts,
            store=store,
            compiler=compiler,
            drivers=drivers,
            clock=clock,
            ids=ids,
            memory_bytes=memory_bytes,
            observer=observer,
            tell=self._jobs.feed,
        )
        self._stages = Stages(
            jobs=self._jobs,
            work=self._work,
            compilations=self._compilations,
            dispatcher=self._dispatcher,
            clock=clock,
            observer=observer,
        )
        self._arrivals = Arrivals(
            store=store,
            artifacts=artifacts,
            clock=clock,
            ids=ids,
            observer=observer,
            limits=limits,
            jobs=self._jobs,
            begin=self._begin if works else None,
        )
        self._do: dict[type[Command], Callable[[JobRun], None]] = {
            AwaitDependencies: partial(self._start, self._dependencies.begin),
            Compile: self._join_compilations,
            Enqueue: self._join_queue,
            LeaveQueue: lambda run: self._dispatcher.leave(run.record.job_id),
            Execute: partial(self._start, self._stages.execute),
            StopWork: self._stop_work,
            Seal: partial(self._start, self._stages.seal),
            CloseUnsealed: partial(self._start, self._stages.close_unsealed),
        }

    async def __aenter__(self) -> Self:
        await self._reservations.look()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(partial(self._root.watch, adopts=self._adopts))
        self._tasks.start_soon(partial(save_long_jobs, self._jobs, save=self._work.save, clock=self._clock))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.shield = True
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)

    @property
    def num_live(self) -> int:
        """How many jobs of this system have not ended."""
        return len(self._jobs)

    @property
    def used_bytes(self) -> int:
        """How much of the memory for all jobs the running ones may take now."""
        return self._dispatcher.used_bytes

    # What others ask for

    async def enqueue(self, job: KernelJob) -> JobRecord:
        """Accept a job; see the port."""
        return await self._arrivals.take(job, tasks=self._tasks)

    async def cancel(self, job_id: str, *, by: str) -> JobRecord:
        """Ask a job to stop; see the port."""
        if self._jobs.get(job_id) is None:
            record = await self._store.get(job_id)
            if record.state.is_terminal:
                return record
            await self._root.adopt_orphans(job_id=job_id)
        run = self._jobs.get(job_id)
        if run is None:
            await self._store.request_cancel(job_id, by=by)
        elif run.record.may_stop:
            await self._jobs.feed(run, CancelRequested(at=self._clock.now(), by=by))
        else:
            await self._store.get(job_id)  # waits for whatever is on its way to the disk: another's cancel, or the end
        return await self.record(job_id)

    async def drain(self) -> None:
        """Run what has no owner, and return when nothing is left; see the port."""
        while True:
            await self._root.adopt_orphans()
            if not len(self._jobs) and not self._root.has_unbegun:
                return
            await self._clock.sleep_until(self._clock.monotonic() + POLL_SEC)

    # What others ask

    async def record(self, job_id: str) -> JobRecord:
        """Return a job's record; see the port."""
        return await self._lookups.record(job_id)

    async def ended(self, job_id: str) -> JobRecord:
        """Wait for a job's end; see the port."""
        return await self._lookups.ended(job_id)

    async def jobs(self, job_filter: JobFilter, *, page_size: int, page_token: str) -> JobPage:
        """Return jobs, newest first; see the port."""
        return await self._lookups.jobs(job_filter, page_size=page_size, page_token=page_token)

    def updates(self, job_id: str, *, last_event_seq: int = 0) -> AsyncIterator[JobUpdate]:
        """Yield a job's updates; see the port."""
        return self._lookups.updates(job_id, last_event_seq=last_event_seq)

    async def events(self, job_id: str) -> tuple[StoredEvent, ...]:
        """Return what has happened to a job; see the port."""
        return await self._lookups.events(job_id)

    async def results(self, job_id: str) -> JobResults:
        """Return the results of a job that is DONE; see the port."""
        return await self._lookups.results(job_id)

    async def check(self, spec: JobSpec, source: ProgramSource) -> CheckedJob:
        """Say what a job would be refused with before it ran; see the port."""
        return await self._work.check(JobInputs(spec=spec, source=source))

    def status(self, record: JobRecord) -> JobStatus:
        """Return a job as its user sees it, with why it waits now; see the port."""
        unmet = self._dependencies.unmet(record.job_id)
        return record.status(waiting=for_jobs(unmet) if unmet else self._dispatcher.waiting(record))

    def _statuses(self, records: Sequence[JobRecord]) -> Sequence[JobStatus]:
        return [self.status(one) for one in records]

    def load(self, device_id: str) -> tuple[int, int]:
        """Return how many jobs run on a device and how many wait for it; see the port."""
        return self._dispatcher.load(device_id)

    # Reservations

    async def reserve(
        self, device_id: str, *, subject: str, tenant: str = "default", purpose: str, ttl_sec: float
    ) -> Reservation:
        """Keep a slot of a device for a subject's jobs; see the port."""
        return await self._reservations.reserve(
            device_id, subject=subject, tenant=tenant, purpose=purpose, ttl_sec=ttl_sec
        )

    async def release_reservation(self, reservation_id: str) -> None:
        """End a reservation; see the port."""
        await self._reservations.release(reservation_id)

    async def reservations(self) -> tuple[Reservation, ...]:
        """Return the reservations that hold on the root now; see the port."""
        return await self._reservations.look()

    # Commands

    def _obey(self, run: JobRun, command: Command) -> None:
        self._do[type(command)](run)

    def _start(self, work: Callable[[JobRun], Coroutine[Any, Any, None]], run: JobRun) -> None:
        """Begin a job's next work, in the task that is at work for it where there is one."""
        run.to_do.append(work)
        if not run.is_at_work:
            run.is_at_work = True
            self._tasks.start_soon(self._work_for, run)

    async def _begin(self, run: JobRun, commands: Sequence[Command]) -> None:
        """Take a job that has come here, and work for it in the task in which it came."""
        run.is_at_work = True
        self._take(run)
        for command in commands:
            self._obey(run, command)
        await self._work_for(run)

    async def _work_for(self, run: JobRun) -> None:
        """Do what there is to do for a job, one work after the other: the outcome of one mostly commands the next."""
        try:
            with recording(run, clock=self._clock, ids=self._ids):
                while run.to_do:
                    await run.to_do.pop(0)(run)
        finally:
            run.is_at_work = False

    def _take(self, run: JobRun) -> None:
        self._jobs.add(run)
        run.since_sec = self._clock.monotonic() - self._age_sec(run)  # a takeover costs no job its turn
        timeout_sec = run.record.timeout_sec
        if timeout_sec is not None:
            run.life = anyio.CancelScope()
            self._tasks.start_soon(self._time_out, run, run.life, timeout_sec, run.since_sec + timeout_sec)

    def _leave(self, run: JobRun) -> None:
        self._dependencies.leave(run.record.job_id)
        if run.published.state.is_terminal:
            if self._dependencies.is_awaited(run.record.job_id):
                self._tasks.start_soon(self._dependencies.settle, run.published)
        else:  # it is another system's now
            self._compilations.leave(run.record.job_id)
            self._dispatcher.leave(run.record.job_id)

    async def _look(self) -> None:
        """See what others have changed on the root, besides what they ask for."""
        await self._reservations.look()
        await self._dependencies.look()

    async def _cancel_for_other(self, job_id: str, by: str) -> None:
        run = self._jobs.get(job_id)
        if run is None or run.record.may_stop:  # else its row only tells so until its end is written
            await self.cancel(job_id, by=by)

    def _stop_work(self, run: JobRun) -> None:
        self._compilations.leave(run.record.job_id)
        if run.work is not None:
            run.work.cancel()

    def _join_compilations(self, run: JobRun) -> None:
        if run.record.dependencies:  # nobody was in its way before
            run.since_sec = self._clock.monotonic()
        self._compilations.join(run)

    # Executing

    def _join_queue(self, run: JobRun) -> None:
        if run.record.state is JobState.QUEUED and run.record.ending is None:  # a cancel may have come meanwhile
            self._dispatcher.join(run.record, since_sec=run.since_sec)
            waiting = self._dispatcher.waiting(run.record, longest_line=NOTED_LINE)
            run.waited_for = {**waiting.facts, "queue_position": waiting.queue_position} if waiting else {}

    def _begin_soon(self, job_id: str) -> None:
        run = self._jobs.get(job_id)
        if run is None:  # it is another system's by now
            self._tasks.start_soon(self._free, job_id)
        else:
            self._start(self._stages.begin, run)

    async def _free(self, job_id: str) -> None:
        self._dispatcher.free(job_id)

    def _age_sec(self, run: JobRun) -> float:
        return max(0.0, (self._clock.now() - run.record.created_at).total_seconds())

    async def _time_out(self, run: JobRun, life: anyio.CancelScope, timeout_sec: float, end_sec: float) -> None:
        with life:
            await self._clock.sleep_until(end_sec)
            if run.record.may_stop:
                await self._jobs.feed(run, TimedOut(at=self._clock.now(), timeout_sec=timeout_sec))
