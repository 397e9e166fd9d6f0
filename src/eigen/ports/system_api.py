"""`SystemApi`: the public gateway. Every entrance (command line, client, tests) speaks to this port only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram
    from eigen.contracts.devices import DeviceInfo, DeviceStatus, Reservation
    from eigen.contracts.jobs import JobFilter, JobPage, JobStatus, JobUpdate, StoredEvent
    from eigen.contracts.requests import CheckedJob, CompileJobRequest, RequestContext, SubmitJobRequest
    from eigen.contracts.results import JobResults
    from eigen.ports.artifact_store import Artifact, ArtifactProblem

__all__ = ["SystemApi"]


class SystemApi(ABC):
    """Identity, validation, and the way to everything else.

    Every call takes the caller's `RequestContext`; without one the caller is who runs this process. Every call may
    raise `PermissionDeniedError` or `UnauthenticatedError`; a job of another subject or another tenant is answered with
    `NotFoundError`, as if it did not exist. Where the context has a deadline, every call may raise
    `DeadlineExceededError` (reason `CALL_DEADLINE`): a call that changes something has then been carried out whole, or
    will be, or not at all.
    """

    @abstractmethod
    async def submit_job(self, request: SubmitJobRequest, *, context: RequestContext | None = None) -> JobStatus:
        """Accept a job; on return its record and its inputs are durable.

        The same idempotency key of the same tenant's subject with the same content gives the same job.

        Raises:
            InvalidArgumentError: The job names an unknown device or contradicts itself.
            NotFoundError: It depends on a job that is not there, or that the caller may not see.
            UnimplementedError: The job asks for something that this version cannot do.
            AlreadyExistsError: The idempotency key was used for another content.
            ResourceExhaustedError: The queue or the disk is full.
        """

    @abstractmethod
    async def get_job_status(self, job_id: str, *, context: RequestContext | None = None) -> JobStatus:
        """Return a job's status.

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
    async def cancel_job(self, job_id: str, *, context: RequestContext | None = None) -> JobStatus:
        """Ask a job to stop, and return its status; a job that has ended stays as it is.

        Raises:
            NotFoundError: There is no such job.
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
    async def get_job_results(self, job_id: str, *, context: RequestContext | None = None) -> JobResults:
        """Return the results of a job that is DONE.

        Raises:
            NotFoundError: There is no such job.
            FailedPreconditionError: The job has not ended.
            EigenError: The job ended otherwise; this is its own error.
        """

    @abstractmethod
    async def list_devices(self, *, context: RequestContext | None = None) -> tuple[DeviceInfo, ...]:
        """Return all devices, by id."""

    @abstractmethod
    async def get_device_details(self, device_id: str, *, context: RequestContext | None = None) -> DeviceInfo:
        """Return what a device is.

        Raises:
            NotFoundError: There is no such device.
        """

    @abstractmethod
    async def get_device_status(self, device_id: str, *, context: RequestContext | None = None) -> DeviceStatus:
        """Return how a device is now.

        Raises:
            NotFoundError: There is no such device.
        """

    @abstractmethod
    async def reserve_device(
        self, device_id: str, *, ttl_sec: float, purpose: str = "", context: RequestContext | None = None
    ) -> Reservation:
        """Keep a slot of a device for the caller's jobs, until it is released or its time is over.

        A slot that is busy now is kept from when its job ends. A reservation lives in the system that gave it, and ends
        with it.

        Args:
            device_id: Which device.
            ttl_sec: How long, seconds.
            purpose: Why; shown to others of the tenant.
            context: Who asks.

        Raises:
            NotFoundError: There is no such device.
            InvalidArgumentError: The time is not more than 0 or longer than is allowed, or the purpose is too long.
            ResourceExhaustedError: Every slot is reserved; the hint has when the first of them ends.
        """

    @abstractmethod
    async def release_reservation(self, reservation_id: str, *, context: RequestContext | None = None) -> None:
        """End a reservation of the caller.

        Raises:
            NotFoundError: There is no such reservation, or it has ended, or it is another's.
        """

    @abstractmethod
    async def list_reservations(self, *, context: RequestContext | None = None) -> tuple[Reservation, ...]:
        """Return the reservations of the caller's tenant that hold now, the first to end at the front."""

    @abstractmethod
    async def compile(self, request: CompileJobRequest, *, context: RequestContext | None = None) -> CompiledProgram:
        """Compile a program without running it.

        Raises:
            InvalidArgumentError: The program is wrong; its diagnostics say where.
            ResourceExhaustedError: The program passes a limit.
        """

    @abstractmethod
    async def check_job(self, request: SubmitJobRequest, *, context: RequestContext | None = None) -> CheckedJob:
        """Say what a job's submission would be refused with, and what it would end in before it ran; keep nothing.

        Jobs that it depends on are not looked for: they belong to the moment of a submission.
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
