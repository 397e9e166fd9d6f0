"""The kernel's one shell: the only place that starts tasks.

It runs the commands that the state machine gives, feeds their outcomes back as events, and is the single writer of each
job that it owns. What the work itself is stands in `work`. Rules:

- One door for events, `_feed`; the record changes there, at once, before anything is awaited.
- Everything that starts work goes through `_attempt_work`, which turns every way to end into one outcome event; this is
  the one place that catches all exceptions.
- A terminal state is published only when it is durable; the states before it are written behind.
- On the way out the work is stopped and live jobs stay as they are: once the store is closed, the next system on this
  root adopts them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio

from eigen.contracts.errors import (
    AlreadyExistsError,
    EigenError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    InvariantError,
    ResourceExhaustedError,
)
from eigen.contracts.jobs import (
    JOB_ID,
    Adopted,
    CancelRequested,
    Closed,
    CompilationStarted,
    Dispatched,
    ExecutionStopped,
    JobEvent,
    JobFilter,
    JobPage,
    JobRecord,
    JobState,
    JobUpdate,
    StoredEvent,
    TimedOut,
)
from eigen.contracts.printable import quoted
from eigen.contracts.trace import working_for
from eigen.kernel import machine
from eigen.kernel.adoption import SealedEnd, legacy
from eigen.kernel.history import stored
from eigen.kernel.inputs import content_digest, opening_facts, opening_files, submission
from eigen.kernel.machine import step
from eigen.kernel.run import JobInputs, JobRun
from eigen.kernel.scheduler import Scheduler
from eigen.kernel.work import JobWork, device_of
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.clock import Clock, IdSource
from eigen.ports.compiler import Compiler
from eigen.ports.drivers import DriverManager
from eigen.ports.job_store import JobStore, NewJob, StaleOwnerError
from eigen.ports.kernel import Kernel, KernelJob, KernelObserver

if TYPE_CHECKING:
    from eigen.contracts.results import JobResults

__all__ = ["QrtxKernel"]

POLL_SEC = 0.1
"""How often the root is looked at for what other processes have written."""

ADOPT_EVERY_SEC = 1.0
"""How often jobs whose owner is gone are looked for."""

STORE_AGAIN_SEC = 1.0
"""How long to wait before a job store that failed is tried again."""

MAX_LIVE_JOBS = 10_000
"""Most live jobs of one system; more are refused, so that memory stays bounded."""

REMEMBERED_JOBS = 4096
"""How many ended jobs' records are kept at hand; they never change."""

Work = Callable[[JobRun], Awaitable[JobEvent]]
Failure = Callable[[JobRun, EigenError], JobEvent]


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
        adopts: bool = True,
        works: bool = True,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._drivers = drivers
        self._clock = clock
        self._ids = ids
        self._observer = observer
        self._owner = owner
        self._adopts = adopts
        self._works = works
        self._runs: dict[str, JobRun] = {}
        self._ended: OrderedDict[str, JobRecord] = OrderedDict()
        self._adopting = anyio.Lock()
        self._scheduler = Scheduler()
        self._work = JobWork(artifacts=artifacts, compiler=compiler, drivers=drivers, clock=clock, ids=ids)
        self._obey: dict[type[machine.Command], Callable[[JobRun], None]] = {
            machine.Compile: partial(self._start, self._compile_job),
            machine.Enqueue: self._join_queue,
            machine.LeaveQueue: self._leave_queue,
            machine.Execute: partial(self._start, self._execute_job),
            machine.StopWork: lambda run: run.work.cancel(),
            machine.Seal: partial(self._start, self._seal_job),
            machine.CloseUnsealed: partial(self._start, self._close_unsealed),
        }

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._watch_root)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.shield = True
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)

    # What others ask for

    async def enqueue(self, job: KernelJob) -> JobRecord:
        """Accept a job; see the port."""
        if len(self._runs) >= MAX_LIVE_JOBS:
            raise ResourceExhaustedError(
                f"{len(self._runs)} jobs are live in this system, and more are not taken",
                reason="QUEUE_FULL",
                hint="wait for some to end, or cancel some",
            )
        now = self._clock.now()
        files = opening_files(job)
        submitted = submission(job, files, job_id=self._ids.job_id(now), at=now)
        accepted = step(None, submitted).job
        run = JobRun(record=accepted, published=accepted, inputs=JobInputs(spec=job.spec, source=job.source))
        first = stored(submitted, accepted)
        await self._artifacts.create(accepted.job_id, files, facts=opening_facts(accepted, job))
        new = NewJob(
            record=accepted,
            event=first,
            idempotency_key=job.idempotency_key,
            content_digest=content_digest(submitted),
        )
        try:
            kept = await self._store.insert(new)
        except AlreadyExistsError:
            await self._artifacts.discard(accepted.job_id)
            raise
        if kept.job_id != accepted.job_id:
            await self._artifacts.discard(accepted.job_id)
            return kept
        self._observer.on_transition(None, accepted, first.kind)
        run.publish(first)
        if self._works:
            self._take(run)
            self._run_commands(run, (machine.Compile(),))
        return accepted

    async def record(self, job_id: str) -> JobRecord:
        """Return a job's record; see the port."""
        run = self._runs.get(job_id)
        if run is not None:
            return run.published
        return self._ended.get(job_id) or await self._store.get(job_id)

    async def jobs(self, job_filter: JobFilter, *, page_size: int, page_token: str) -> JobPage:
        """Return jobs, newest first; see the port."""
        if page_token and not JOB_ID.fullmatch(page_token):
            raise InvalidArgumentError(f"{quoted(page_token)} is not a page token", reason="PAGE_TOKEN")
        records = await self._store.select(job_filter, limit=page_size + 1, before_job_id=page_token)
        more = len(records) > page_size
        return JobPage(
            jobs=tuple(record.status() for record in records[:page_size]),
            next_page_token=records[page_size - 1].job_id if more else "",
        )

    async def cancel(self, job_id: str, *, by: str) -> JobRecord:
        """Ask a job to stop; see the port."""
        if job_id not in self._runs:
            record = await self._store.get(job_id)
            if record.state.is_terminal:
                return record
            await self._adopt_orphans(job_id=job_id)
        run = self._runs.get(job_id)
        if run is None:
            await self._store.request_cancel(job_id, by=by)
        elif run.record.may_stop:
            await self._feed(run, CancelRequested(at=self._clock.now(), by=by))
        return await self.record(job_id)

    async def updates(self, job_id: str, *, last_event_seq: int = 0) -> AsyncIterator[JobUpdate]:
        """Yield a job's updates; see the port."""
        await self.record(job_id)
        seq = last_event_seq
        run = self._runs.get(job_id)
        while run is not None and (run.record.state.is_terminal or self._runs.get(job_id) is run):
            changed = run.changed
            for event in run.events[seq:]:
                seq = event.event_seq
                yield event.update(job_id)
                if event.state.is_terminal:
                    return
            await changed.wait()
        while True:  # another system's job, or one that has ended: the store has its events
            has_ended = (await self.record(job_id)).state.is_terminal
            for event in await self._store.events(job_id, after_seq=seq):
                seq = event.event_seq
                yield event.update(job_id)
            if has_ended:
                return
            await self._clock.sleep_until(self._clock.monotonic() + POLL_SEC)

    async def results(self, job_id: str) -> JobResults:
        """Return the results of a job that is DONE; see the port."""
        record = await self.record(job_id)
        if not record.state.is_terminal:
            raise FailedPreconditionError(
                f"job {job_id} has no results yet: it is {record.state}",
                reason="JOB_NOT_FINISHED",
                hint=f"`eigen watch {job_id}` waits for its end",
            )
        if record.state is not JobState.DONE:
            raise EigenError.from_json(record.error) if record.error else InvariantError("an end without an error")
        import json

        from eigen.contracts.results import JobResults

        return JobResults.from_json(json.loads(await self._artifacts.read(job_id, "results.json")))

    async def drain(self) -> None:
        """Run what has no owner, and return when nothing is left; see the port."""
        while True:
            await self._adopt_orphans()
            if not self._runs:
                return
            await self._clock.sleep_until(self._clock.monotonic() + POLL_SEC)

    def load(self, device_id: str) -> tuple[int, int]:
        """Return how many jobs run on a device and how many wait for it; see the port."""
        return self._scheduler.load(device_id)

    # Events

    async def _feed(self, run: JobRun, event: JobEvent) -> None:
        """Apply an event to a job of ours, keep it, and run what the machine commands."""
        before = run.record
        if self._runs.get(before.job_id) is not run:  # it has ended, or is another system's by now
            return
        after, commands = step(before, event)
        if after is before:
            return
        run.record = after
        last = stored(event, after)
        is_final = after.state.is_terminal
        if not await self._keep(run, last, durable=is_final):
            self._let_go(run)
            return
        self._observer.on_transition(before, after, last.kind)
        run.publish(last)
        if is_final:
            self._let_go(run)
        self._run_commands(run, commands)

    async def _keep(self, run: JobRun, last: StoredEvent, *, durable: bool) -> bool:
        """Store a job's last event; an end is tried until the store takes it. False: the job is not ours any more."""
        while True:
            try:
                await self._store.append(run.record, (*run.events, last) if durable else (last,), durable=durable)
            except StaleOwnerError:
                return False
            except EigenError as error:
                self._observer.on_defect(run.record.job_id, "store", error)
                await self._clock.sleep_until(self._clock.monotonic() + STORE_AGAIN_SEC)
            else:
                return True

    def _run_commands(self, run: JobRun, commands: tuple[machine.Command, ...]) -> None:
        for command in commands:
            self._obey[type(command)](run)

    def _start(self, work: Callable[[JobRun], Coroutine[Any, Any, None]], run: JobRun) -> None:
        self._tasks.start_soon(work, run)

    def _take(self, run: JobRun) -> None:
        self._runs[run.record.job_id] = run
        if run.record.timeout_sec is not None:
            self._tasks.start_soon(self._time_out, run, run.record.timeout_sec)

    def _let_go(self, run: JobRun) -> None:
        """Forget a job that has ended, or that another system owns now."""
        self._runs.pop(run.record.job_id, None)
        run.life.cancel()
        if run.record.state.is_terminal:
            self._ended[run.record.job_id] = run.record
            if len(self._ended) > REMEMBERED_JOBS:
                self._ended.popitem(last=False)
        else:
            run.work.cancel()
        run.changed.set()

    async def _attempt_work(self, run: JobRun, stage: str, work: Work, failure: Failure) -> JobEvent:
        """Do a job's work and return the one event that it ends in."""
        began = self._clock.monotonic()
        with working_for(run.record.job_id, self._ids.child_of(run.trace)):
            try:
                return await work(run)
            except EigenError as error:
                return failure(run, error)
            except Exception as error:  # noqa: BLE001  # the boundary where commands run: a defect costs one job
                self._observer.on_defect(run.record.job_id, stage, error)
                return failure(run, _defect(run.record))
            finally:
                self._observer.on_stage(stage, self._clock.monotonic() - began)

    # Compiling

    async def _compile_job(self, run: JobRun) -> None:
        if run.record.ending is not None:  # cancelled before it could begin
            return
        await self._feed(run, CompilationStarted(at=self._clock.now(), attempt=run.record.attempt))
        await self._feed(run, await self._attempt_work(run, "compile", self._work.compile, self._work.compile_failure))

    # Waiting for a device

    def _join_queue(self, run: JobRun) -> None:
        device_id = device_of(run.record)
        self._scheduler.add_device(device_id, slots=self._drivers.device(device_id).slots)
        self._scheduler.enqueue(run.record.job_id, device_id=device_id, priority=run.record.priority)
        self._dispatch(device_id)

    def _leave_queue(self, run: JobRun) -> None:
        device_id = device_of(run.record)
        self._scheduler.leave(run.record.job_id, device_id=device_id)
        self._tell_queue_depth(device_id)

    def _dispatch(self, device_id: str) -> None:
        for job_id in self._scheduler.dispatch(device_id):
            self._tasks.start_soon(self._begin, job_id, device_id)
        self._tell_queue_depth(device_id)

    async def _begin(self, job_id: str, device_id: str) -> None:
        run = self._runs.get(job_id)
        if run is None or run.record.state is not JobState.QUEUED or run.record.ending is not None:
            self._free_slot(job_id, device_id)
        else:
            run.work = anyio.CancelScope()
            await self._feed(run, Dispatched(at=self._clock.now(), attempt=run.record.attempt))

    def _free_slot(self, job_id: str, device_id: str) -> None:
        self._scheduler.release(job_id, device_id=device_id)
        self._dispatch(device_id)

    def _tell_queue_depth(self, device_id: str) -> None:
        self._observer.on_queue_depth(device_id, self._scheduler.load(device_id)[1])

    # Executing

    async def _execute_job(self, run: JobRun) -> None:
        stopped = ExecutionStopped(at=self._clock.now(), attempt=run.record.attempt)
        outcome: JobEvent = stopped
        with run.work:
            outcome = await self._attempt_work(run, "execute", self._work.execute, self._work.execute_failure)
        self._free_slot(run.record.job_id, device_of(run.record))
        if outcome is stopped:
            outcome = ExecutionStopped(at=self._clock.now(), attempt=stopped.attempt)
        await self._feed(run, outcome)

    # Ending

    async def _seal_job(self, run: JobRun) -> None:
        await self._feed(run, await self._attempt_work(run, "store", self._work.seal, self._work.seal_failure))

    async def _close_unsealed(self, run: JobRun) -> None:
        await self._feed(run, Closed(at=self._clock.now(), attempt=run.record.attempt))

    async def _time_out(self, run: JobRun, timeout_sec: float) -> None:
        elapsed_sec = (self._clock.now() - run.record.created_at).total_seconds()
        with run.life:
            await self._clock.sleep_until(self._clock.monotonic() + max(0.0, timeout_sec - elapsed_sec))
            if run.record.may_stop:
                await self._feed(run, TimedOut(at=self._clock.now(), timeout_sec=timeout_sec))

    # Other processes on this root

    async def _watch_root(self) -> None:
        next_adoption = 0.0
        while True:
            try:
                if await self._store.changed():
                    for job_id, by in await self._store.cancel_requests():
                        await self.cancel(job_id, by=by)
                if self._adopts and self._clock.monotonic() >= next_adoption:
                    next_adoption = self._clock.monotonic() + ADOPT_EVERY_SEC
                    await self._adopt_orphans()
            except EigenError as error:
                self._observer.on_defect("", "watch", error)
            await self._clock.sleep_until(self._clock.monotonic() + POLL_SEC)

    async def _adopt_orphans(self, *, job_id: str | None = None) -> None:
        """Take over jobs whose owner is gone, or that one; on return they are live here, whoever adopted them."""
        async with self._adopting:
            for orphan in await self._store.adopt(job_id=job_id):
                await self._adopt(orphan)

    async def _adopt(self, orphan: JobRecord) -> None:
        """Go on with a job whose owner is gone: record the end that it has on disk, or begin anew."""
        left = await legacy(self._artifacts, orphan)
        if isinstance(left, SealedEnd):
            await self._store.append(left.record, left.missing, durable=True)
            self._observer.on_transition(orphan, left.record, left.missing[-1].kind)
            return
        events = list(await self._store.events(orphan.job_id))
        run = JobRun(record=orphan, published=orphan, inputs=left, events=events)
        self._take(run)
        await self._feed(run, Adopted(at=self._clock.now(), owner=self._owner))


def _defect(record: JobRecord) -> InternalError:
    return InternalError(
        "a defect of Eigen OS stopped the job; it is not your program's fault",
        reason="INTERNAL",
        hint=f"report it with the log lines of trace {record.trace_id}",
        details={"trace_id": record.trace_id},
    )
