"""What can be asked about jobs, whoever owns them: records, lists, updates and results.

A live job of this system is answered from memory; any other one from the store, which every process on the root shares.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from eigen.contracts.errors import EigenError, FailedPreconditionError, InvalidArgumentError, InvariantError
from eigen.contracts.jobs import JOB_ID, JobFilter, JobPage, JobRecord, JobState, JobStatus, JobUpdate, StoredEvent
from eigen.contracts.printable import quoted
from eigen.ports.artifact_store import ArtifactReads
from eigen.ports.clock import Clock
from eigen.ports.job_records import JobRecords
from eigen.ports.kept_jobs import KeptJobs
from eigen.workers.blocking import Blocking, beside_the_loop

if TYPE_CHECKING:
    from eigen.contracts.results import JobResults
    from eigen.kernel.live_jobs import LiveJobs
    from eigen.kernel.run import JobRun

__all__ = ["POLL_SEC", "Lookups"]

POLL_SEC = 0.1
"""How often the root is looked at for what other processes have written."""


def _as_kept(records: Sequence[JobRecord]) -> Sequence[JobStatus]:
    return [one.status() for one in records]


class Lookups(JobRecords):
    """Answers about jobs; changes nothing.

    Args:
        store: Records and events.
        artifacts: CircuitFS.
        clock: Time.
        jobs: The live jobs of this system; None for one that runs none.
        statuses: Records as users see them, with why they wait; by default what the records alone tell.
        blocking: Where long results are read.
    """

    def __init__(
        self,
        *,
        store: KeptJobs,
        artifacts: ArtifactReads,
        clock: Clock,
        jobs: LiveJobs | None = None,
        statuses: Callable[[Sequence[JobRecord]], Sequence[JobStatus]] = _as_kept,
        blocking: Blocking = beside_the_loop,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._clock = clock
        self._jobs = jobs
        self._statuses = statuses
        self._blocking = blocking

    async def record(self, job_id: str) -> JobRecord:
        """Return a job's record; see the port."""
        run = self._run(job_id)
        if run is not None:
            return run.published
        ended = self._jobs.ended(job_id) if self._jobs is not None else None
        return ended or await self._store.get(job_id)

    async def ended(self, job_id: str) -> JobRecord:
        """Wait for a job's end; see the port."""
        run = self._run(job_id)
        if run is not None and self._owns(run):
            await run.has_left().wait()
            if run.published.state.is_terminal:
                return run.published
        async for _ in self.updates(job_id):  # another system's job, or one that has ended
            pass
        return await self.record(job_id)

    async def jobs(self, job_filter: JobFilter, *, page_size: int, page_token: str) -> JobPage:
        """Return jobs, newest first; see the port."""
        if page_token and not (isinstance(page_token, str) and JOB_ID.fullmatch(page_token)):
            raise InvalidArgumentError(
                f"{quoted(page_token)} is not a page token",
                reason="PAGE_TOKEN",
                hint="give the next_page_token of the page before",
            )
        records = await self._store.select(job_filter, limit=page_size + 1, before_job_id=page_token)
        more = len(records) > page_size
        return JobPage(
            jobs=tuple(self._statuses([self._newest(record) for record in records[:page_size]])),
            next_page_token=records[page_size - 1].job_id if more else "",
        )

    def _newest(self, record: JobRecord) -> JobRecord:
        """Return a record as it is now where the job is this system's: the store is some moments behind."""
        run = self._run(record.job_id)
        return run.published if run is not None else record

    async def updates(self, job_id: str, *, last_event_seq: int = 0) -> AsyncIterator[JobUpdate]:
        """Yield a job's updates; see the port."""
        await self.record(job_id)
        seq = last_event_seq
        run = self._run(job_id)
        while run is not None and (run.published.state.is_terminal or self._owns(run)):
            changed = run.watched()
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

    async def events(self, job_id: str) -> tuple[StoredEvent, ...]:
        """Return what has happened to a job; see the port."""
        run = self._run(job_id)
        if run is not None:
            return tuple(run.events)
        await self.record(job_id)
        return await self._store.events(job_id)

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
        from eigen.contracts.large_counts import AT_ONCE_BYTES
        from eigen.contracts.results import JobResults

        kept = self._jobs.results_json(job_id) if self._jobs is not None else None
        content = kept or await self._artifacts.read(job_id, "results.json")
        if len(content) <= AT_ONCE_BYTES:
            return JobResults.from_bytes(content)
        return await self._blocking(partial(JobResults.from_bytes, content))

    def status(self, record: JobRecord) -> JobStatus:
        """Return a job as its user sees it; see the port."""
        return self._statuses((record,))[0]

    def _run(self, job_id: str) -> JobRun | None:
        return self._jobs.get(job_id) if self._jobs is not None else None

    def _owns(self, run: JobRun) -> bool:
        return self._jobs is not None and self._jobs.owns(run)
