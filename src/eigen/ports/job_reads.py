"""`JobReads`: the part of the System API that looks at jobs and changes nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eigen.contracts.jobs import JobFilter, JobPage, JobStatus, JobUpdate, StoredEvent
    from eigen.contracts.requests import RequestContext
    from eigen.contracts.results import JobResults
    from eigen.ports.artifact_store import Artifact, ArtifactProblem

__all__ = ["JobReads"]


class JobReads(ABC):
    """Jobs, looked at. What holds for every call stands with `SystemApi`."""

    @abstractmethod
    async def get_job_status(
        self, job_id: str, *, when_ended: bool = False, context: RequestContext | None = None
    ) -> JobStatus:
        """Return a job's status.

        Args:
            job_id: The job.
            when_ended: Whether its end, however it ends, is waited for first.
            context: Who asks.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def list_jobs(
        self,
        job_filter: JobFilter | None = None,
        *,
        page_size: int = 100,
        page_token: str = "",
        all_subjects: bool = False,
        context: RequestContext | None = None,
    ) -> JobPage:
        """Return jobs of the caller's tenant, newest first; jobs that come in between pages move none of them.

        Args:
            job_filter: Which ones. Without a subject: the caller's own.
            page_size: Most jobs of one page, 1 to 1,000.
            page_token: `next_page_token` of the page before, or the id of a job: the page begins behind it.
            all_subjects: Whether the jobs of every subject are meant, where the filter names none.
            context: Who asks.

        Raises:
            InvalidArgumentError: The page's size or token is not one of ours.
            PermissionDeniedError: Others' jobs are asked for, and the caller may only see its own.
        """

    @abstractmethod
    def stream_job_updates(
        self, job_id: str, *, last_event_seq: int = 0, context: RequestContext | None = None
    ) -> AsyncIterator[JobUpdate]:
        """Yield a job's updates after `last_event_seq`, in order, to the terminal one, which always comes, once.

        A reader takes updates as fast as it likes: the job does not wait for it, nor does any other reader.

        Raises:
            NotFoundError: There is no such job.
            InvalidArgumentError: `last_event_seq` is negative.
        """

    @abstractmethod
    async def list_job_events(self, job_id: str, *, context: RequestContext | None = None) -> tuple[StoredEvent, ...]:
        """Return what has happened to a job so far, in order, with the facts of each event.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def get_job_results(
        self, job_id: str, *, when_ended: bool = False, context: RequestContext | None = None
    ) -> JobResults:
        """Return the results of a job that is DONE.

        Args:
            job_id: The job.
            when_ended: Whether its end is waited for first.
            context: Who asks.

        Raises:
            NotFoundError: There is no such job.
            FailedPreconditionError: The job has not ended, and its end was not to be waited for.
            EigenError: The job ended otherwise; this is its own error.
        """

    @abstractmethod
    async def list_artifacts(self, job_id: str, *, context: RequestContext | None = None) -> tuple[Artifact, ...]:
        """Return what is stored for a job, by name.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def get_artifact(self, job_id: str, name: str, *, context: RequestContext | None = None) -> bytes:
        """Return one stored file, checked against its digest.

        Raises:
            NotFoundError: There is no such job or file.
            InternalError: The file does not match its digest.
        """

    @abstractmethod
    async def verify_artifacts(
        self, job_id: str, *, context: RequestContext | None = None
    ) -> tuple[ArtifactProblem, ...]:
        """Return every stored file of a job that is missing or does not match its digest.

        Raises:
            NotFoundError: There is no such job.
        """
