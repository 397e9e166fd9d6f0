"""Jobs that wait for other jobs: told at once of ends in this system, and by a look at the store of all others."""

from __future__ import annotations

from collections.abc import Iterable

from eigen.contracts.errors import EigenError, InternalError, NotFoundError
from eigen.contracts.job_events import DependenciesMet, DependencyFailed, JobEvent
from eigen.contracts.jobs import JobRecord, JobState
from eigen.kernel.dependencies import Prerequisites, dependency_error
from eigen.kernel.live_jobs import LiveJobs
from eigen.kernel.lookups import Lookups
from eigen.kernel.run import JobRun
from eigen.ports.clock import Clock
from eigen.ports.kernel import KernelObserver

__all__ = ["DependencyWatch"]


class DependencyWatch:
    """Ends the wait of jobs for other jobs.

    Args:
        jobs: The live jobs of this system.
        lookups: Knows the others.
        clock: Time.
        observer: Is told of defects.
    """

    def __init__(self, *, jobs: LiveJobs, lookups: Lookups, clock: Clock, observer: KernelObserver) -> None:
        self._jobs = jobs
        self._lookups = lookups
        self._clock = clock
        self._observer = observer
        self._prerequisites = Prerequisites()

    def unmet(self, job_id: str) -> tuple[str, ...]:
        """Return the jobs that a job of this system still waits for."""
        return self._prerequisites.unmet(job_id)

    def is_awaited(self, job_id: str) -> bool:
        """Return whether a job of this system waits for a job."""
        return self._prerequisites.is_awaited(job_id)

    def leave(self, job_id: str) -> None:
        """Let a job wait no longer."""
        self._prerequisites.leave(job_id)

    async def begin(self, run: JobRun) -> None:
        """Let a job wait for those that it needs; some may have ended long ago."""
        if run.record.ending is None:
            self._prerequisites.wait(run.record.job_id, on=run.record.dependencies)
            await self._look_at(run.record.dependencies)

    async def look(self) -> None:
        """See which jobs that are not this system's have ended."""
        await self._look_at(self._prerequisites.awaited)

    async def settle(self, dependency: JobRecord) -> None:
        """Tell everybody who waits for a job that it has ended."""
        for job_id in self._prerequisites.settle(dependency.job_id, done=dependency.state is JobState.DONE):
            run = self._jobs.get(job_id)
            if run is not None:
                await self._jobs.feed(run, self._outcome(run, dependency))

    async def _look_at(self, dependencies: Iterable[str]) -> None:
        for job_id in dependencies:
            if self._jobs.get(job_id) is not None:  # its end will be told
                continue
            try:
                record = await self._lookups.record(job_id)
            except (NotFoundError, InternalError) as error:  # it is gone, or its record is damaged: it never gets DONE
                await self._give_up(job_id, error)
            except EigenError as error:  # the next look comes soon
                self._observer.on_defect(job_id, "dependencies", error)
            else:
                if record.state.is_terminal:
                    await self.settle(record)

    async def _give_up(self, dependency: str, error: EigenError) -> None:
        for job_id in self._prerequisites.settle(dependency, done=False):
            run = self._jobs.get(job_id)
            if run is not None:
                lost = DependencyFailed(at=self._clock.now(), attempt=run.record.attempt, error=error.to_json())
                await self._jobs.feed(run, lost)

    def _outcome(self, run: JobRun, dependency: JobRecord) -> JobEvent:
        at, attempt = self._clock.now(), run.record.attempt
        if dependency.state is JobState.DONE:
            return DependenciesMet(at=at, attempt=attempt)
        return DependencyFailed(at=at, attempt=attempt, error=dependency_error(dependency))
