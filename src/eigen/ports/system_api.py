"""`SystemApi`: the public gateway. Every entrance (command line, client, tests) speaks to this port only."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from eigen.ports.job_reads import JobReads

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram
    from eigen.contracts.devices import DeviceInfo, DeviceStatus, Reservation
    from eigen.contracts.jobs import JobStatus
    from eigen.contracts.requests import CheckedJob, CompileJobRequest, RequestContext, SubmitJobRequest

__all__ = ["SystemApi"]


class SystemApi(JobReads):
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
    async def cancel_job(self, job_id: str, *, context: RequestContext | None = None) -> JobStatus:
        """Ask a job to stop, and return its status; a job that has ended stays as it is.

        On return the wish is durable: a job that had not come to its end by then is not begun again, whatever happens.

        Raises:
            NotFoundError: There is no such job.
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
    async def calibrate_device(self, device_id: str, *, context: RequestContext | None = None) -> DeviceStatus:
        """Renew what this system knows of a device's calibration, and return how the device is now.

        Circuits are fitted to the new calibration from now on; those that run are not touched.

        Raises:
            NotFoundError: There is no such device.
            UnimplementedError: There is nothing to calibrate (reason `DEVICE_CALIBRATION`).
            FailedPreconditionError: Its backend cannot be loaded, or its credentials are not there.
            UnavailableError: The device cannot be asked.
        """

    @abstractmethod
    async def reserve_device(
        self, device_id: str, *, ttl_sec: float, purpose: str = "", context: RequestContext | None = None
    ) -> Reservation:
        """Keep a slot of a device for the caller's jobs, until it is released or its time is over.

        Every system on the root keeps one of its own slots; one that is busy now is kept from when its job ends. The
        caller's jobs use it without being told. A reservation outlives the system that gave it, and ends with the
        machine's boot at the latest.

        Args:
            device_id: Which device.
            ttl_sec: How long, seconds.
            purpose: Why; shown to others of the tenant.
            context: Who asks.

        Raises:
            NotFoundError: There is no such device.
            InvalidArgumentError: The time is not more than 0 or longer than is allowed, or the purpose is too long.
            ResourceExhaustedError: Every slot is reserved (`DEVICE_RESERVED`; the hint has when the first one ends),
                the caller has as many as it may have (`RESERVATION_QUOTA`), or the disk is full.
            UnavailableError: The root cannot be written.
        """

    @abstractmethod
    async def release_reservation(self, reservation_id: str, *, context: RequestContext | None = None) -> None:
        """End a reservation of the caller.

        Raises:
            NotFoundError: There is no such reservation, or it has ended, or it is another's.
        """

    @abstractmethod
    async def list_reservations(self, *, context: RequestContext | None = None) -> tuple[Reservation, ...]:
        """Return the reservations of the caller's tenant that hold on the root, the first to end at the front."""

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
