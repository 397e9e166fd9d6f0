"""How a job comes in: it is put on disk, acknowledged, and begun, in a task that is its own from here to its end.

A job is taken whole or not at all, whatever becomes of its caller: so the task is the kernel's, and the caller only
waits for the answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from eigen.contracts.errors import (
    AlreadyExistsError,
    EigenError,
    InvariantError,
    ResourceExhaustedError,
    UnavailableError,
)
from eigen.contracts.jobs import JobRecord
from eigen.contracts.trace import span
from eigen.kernel.commands import Command
from eigen.kernel.history import stored
from eigen.kernel.inputs import content_digest, is_large, opening_facts, opening_files, submission
from eigen.kernel.intake import Intake
from eigen.kernel.live_jobs import LiveJobs
from eigen.kernel.machine import step
from eigen.kernel.recording import recording
from eigen.kernel.run import JobInputs, JobRun
from eigen.ports.artifact_store import ArtifactStore, Opening
from eigen.ports.clock import Clock, IdSource
from eigen.ports.job_store import JobStore, NewJob
from eigen.ports.kernel import KernelJob, KernelLimits, KernelObserver
from eigen.workers.signal import Signal

__all__ = ["Arrivals"]

MAX_ACCEPTING = 32
"""How many jobs are put on disk at once; when thousands come together, the others wait for their turn."""


@dataclass(slots=True)
class _Arrival:
    """A job on its way in: its record or the error that it is refused with, once that is told."""

    answered: Signal = field(default_factory=Signal)
    record: JobRecord | None = None
    error: Exception | None = None


class Arrivals:
    """Takes jobs in.

    Args:
        store: Records and events.
        artifacts: CircuitFS.
        clock: Time.
        ids: Job ids, and ids of spans.
        observer: Is told of each job that is taken.
        limits: What this system takes on.
        jobs: Those that it has.
        begin: Takes a job with its first commands, and works for it. None: jobs are left to another system.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        artifacts: ArtifactStore,
        clock: Clock,
        ids: IdSource,
        observer: KernelObserver,
        limits: KernelLimits,
        jobs: LiveJobs,
        begin: Callable[[JobRun, Sequence[Command]], Awaitable[None]] | None,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._clock = clock
        self._ids = ids
        self._observer = observer
        self._jobs = jobs
        self._begin = begin
        self._intake = Intake(limits)
        self._accepting = anyio.Semaphore(MAX_ACCEPTING, fast_acquire=True)

    async def take(self, job: KernelJob, *, tasks: TaskGroup) -> JobRecord:
        """Accept a job, and begin with it in one of the kernel's tasks; see `Kernel.enqueue`."""
        live, of_subject = len(self._jobs), self._jobs.count(job.tenant, job.subject)
        if self._begin is None:  # it is left to another system, as others may have left theirs
            live, of_subject = await self._store.num_live(job.tenant, job.subject)
        try:
            with self._intake.room(job.subject, tenant=job.tenant, live=live, live_of_subject=of_subject):
                async with self._accepting:
                    arrival = _Arrival()
                    tasks.start_soon(self._arrive, job, arrival)
                    await arrival.answered.wait()
        except ResourceExhaustedError:  # who repeats a submission asks for no more room
            if job.idempotency_key and (known := await self._known(job)) is not None:
                return known
            raise
        if arrival.error is not None:
            raise arrival.error
        if arrival.record is None:
            raise InvariantError("a job that was neither taken nor refused")
        return arrival.record

    async def _known(self, job: KernelJob) -> JobRecord | None:
        """Return the job that was taken before with a job's key and content; None where there is none."""
        now = self._clock.now()
        submitted = submission(job, await run_sync(opening_files, job), job_id=self._ids.job_id(now), at=now)
        record = step(None, submitted).job
        return await self._store.known(
            NewJob(
                record=record,
                event=stored(submitted, record),
                idempotency_key=job.idempotency_key,
                content_digest=content_digest(submitted),
            )
        )

    async def _arrive(self, job: KernelJob, arrival: _Arrival) -> None:
        """Take a job in, tell its caller, and begin with it."""
        try:
            taken = await self._accept(job, arrival)
        except Exception as error:  # noqa: BLE001  # raised where the caller waits
            arrival.error = error
            return
        finally:
            arrival.answered.set()
        if taken is not None and self._begin is not None:
            await self._begin(*taken)

    async def _accept(self, job: KernelJob, arrival: _Arrival) -> tuple[JobRun, Sequence[Command]] | None:
        """Put a job on disk; return it with its first commands, None where it is another one's by its key."""
        now, has_folder = self._clock.now(), is_large(job) or self._begin is None
        files = await run_sync(opening_files, job) if has_folder else opening_files(job)
        submitted = submission(job, files, job_id=self._ids.job_id(now), at=now)
        accepted, commands = step(None, submitted)
        run = JobRun(record=accepted, published=accepted, inputs=JobInputs(spec=job.spec, source=job.source))
        opening = Opening(files=files, facts=opening_facts(accepted, job))
        run.opening = None if has_folder else opening
        first = stored(submitted, accepted)
        new = NewJob(
            record=accepted,
            event=first,
            idempotency_key=job.idempotency_key,
            content_digest=content_digest(submitted),
            opening=b"" if has_folder else opening.to_bytes(),
            require_place=partial(self._require_place, job.subject) if self._begin is None else None,
        )
        with recording(run, clock=self._clock, ids=self._ids), span("kernel.accept"):
            arrival.record = await (self._insert_beside(opening, new) if has_folder else self._insert(new))
        if arrival.record.job_id != accepted.job_id:
            return None
        run.keep_spans()
        self._observer.on_transition(None, accepted, first.kind)
        run.publish(first)
        return run, commands

    def _require_place(self, subject: str, live: int, live_of_subject: int) -> None:
        """Refuse a job that is left to another system, where others have meanwhile left too many."""
        self._intake.require_place(subject, live=live, live_of_subject=live_of_subject)

    async def _insert_beside(self, opening: Opening, new: NewJob) -> JobRecord:
        """Make a job's folder and insert its record; the folder goes where the record was not taken."""
        job_id = new.record.job_id
        await self._artifacts.create(job_id, opening.files, facts=opening.facts)
        try:
            kept = await self._insert(new)
        except (AlreadyExistsError, ResourceExhaustedError):
            with suppress(EigenError):  # it was never acknowledged, so nobody asks for it
                await self._artifacts.discard(job_id)
            raise
        if kept.job_id != job_id:
            await self._artifacts.discard(job_id)
        return kept

    async def _insert(self, new: NewJob) -> JobRecord:
        """Insert a job's record; return it, or that of the job whose key it has."""
        try:
            return await self._store.insert(new)
        except UnavailableError as error:  # the disk may have done it all the same
            return await self._found(new.record.job_id, error)

    async def _found(self, job_id: str, error: UnavailableError) -> JobRecord:
        """Return the record of a job whose insertion has failed with an error, or raise that: it is not there."""
        try:
            return await self._store.get(job_id)
        except EigenError:
            raise error from None
