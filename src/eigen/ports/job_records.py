"""`JobRecords`: what is known of jobs, whoever runs them; looking changes nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eigen.contracts.jobs import JobFilter, JobPage, JobRecord, JobStatus, JobUpdate, StoredEvent
    from eigen.contracts.results import JobResults

__all__ = ["JobRecords"]


class JobRecords(ABC):
    """The records of all jobs on one root."""

    @abstractmethod
    async def record(self, job_id: str) -> JobRecord:
        """Return a job's record.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def ended(self, job_id: str) -> JobRecord:
        """Wait for a job's end, and return its last record.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def jobs(self, job_filter: JobFilter, *, page_size: int, page_token: str) -> JobPage:
        """Return jobs, newest first.

        Raises:
            InvalidArgumentError: The page token is not one of ours.
        """

    @abstractmethod
    def updates(self, job_id: str, *, last_event_seq: int = 0) -> AsyncIterator[JobUpdate]:
        """Yield a job's updates after `last_event_seq`, in order, to the terminal one.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def events(self, job_id: str) -> tuple[StoredEvent, ...]:
        """Return what has happened to a job so far, in order.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def results(self, job_id: str) -> JobResults:
        """Return the results of a job that is DONE.

        Raises:
            NotFoundError: There is no such job.
            FailedPreconditionError: The job has not ended.
            EigenError: The job ended otherwise; this is its own error.
        """

    @abstractmethod
    def status(self, record: JobRecord) -> JobStatus:
        """Return a job as its user sees it: why it waits and its place in the line as they are now, in this system.

        Of another system's job the record alone tells: for which device or jobs it waits, but not its place.
        """
