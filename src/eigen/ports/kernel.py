"""`Kernel`: queue, life cycle and recovery of jobs (QRTX)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eigen.ports.job_records import JobRecords

if TYPE_CHECKING:
    from eigen.contracts.compilation import ProgramSource
    from eigen.contracts.devices import Reservation
    from eigen.contracts.jobs import JobRecord, StoredEvent
    from eigen.contracts.jobspec import JobSpec
    from eigen.contracts.requests import CheckedJob
    from eigen.contracts.trace import TraceContext

__all__ = ["Kernel", "KernelJob", "KernelLimits", "KernelObserver"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelJob:
    """A job that the System API has let in.

    Attributes:
        spec: What to run.
        source: The program.
        job_yaml: The job file as submitted.
        subject: Who asks.
        tenant: On whose behalf.
        trace: Its trace; every span of the job is a child.
        idempotency_key: Unique within the tenant's subject; empty for none.
    """

    spec: JobSpec
    source: ProgramSource
    job_yaml: bytes = field(repr=False)
    subject: str
    tenant: str
    trace: TraceContext
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelLimits:
    """What one system takes on, so that its memory stays bounded and nobody can fill it alone.

    Attributes:
        live_jobs: Most jobs that have not ended. A system that runs none and leaves them to another one counts those of
            the whole root.
        live_jobs_per_subject: Most of them that belong to one subject of one tenant.
        memory_bytes: What all running jobs together may take; None: the memory that the machine has available when the
            system is opened, less a tenth.
        reservation_sec: Longest reservation of a slot.
        reservations_per_subject: Most reservations of one subject of one tenant, on the whole root.
    """

    live_jobs: int = 10_000
    live_jobs_per_subject: int = 10_000
    memory_bytes: int | None = None
    reservation_sec: float = 3600.0
    reservations_per_subject: int = 16


class Kernel(JobRecords):
    """The orchestrator of all jobs on one root."""

    @abstractmethod
    async def enqueue(self, job: KernelJob) -> JobRecord:
        """Accept a job: on return its record and its inputs are durable.

        Raises:
            AlreadyExistsError: The idempotency key was used for another content.
            ResourceExhaustedError: The queue or the subject's part of it is full (`QUEUE_FULL`, `SUBJECT_QUOTA`: there
                will be room again), or the disk.
        """

    @abstractmethod
    async def cancel(self, job_id: str, *, by: str) -> JobRecord:
        """Ask a job to stop; a job that has ended stays as it is.

        On return the wish is durable: if this system is gone before the job has stopped, the next one ends it.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def drain(self) -> None:
        """Run jobs whose owner is gone, and return when there are none of those and no live job of this system."""

    @abstractmethod
    async def check(self, spec: JobSpec, source: ProgramSource) -> CheckedJob:
        """Say what a job would be refused with before it ran: its program, its plan and its device; keep nothing."""

    @abstractmethod
    def load(self, device_id: str) -> tuple[int, int]:
        """Return how many jobs run on a device and how many wait for it, in this system."""

    @abstractmethod
    async def reserve(
        self, device_id: str, *, subject: str, tenant: str = "default", purpose: str, ttl_sec: float
    ) -> Reservation:
        """Keep a slot of a device for the jobs of a tenant's subject, until it is released or its time is over.

        Every system on the root keeps one of its own slots; one that is busy now is kept from when its job ends. The
        reservation outlives this system, and ends with the machine's boot at the latest.

        Raises:
            NotFoundError: There is no such device.
            InvalidArgumentError: The time is not more than 0, or longer than is allowed.
            ResourceExhaustedError: Every slot is reserved (`DEVICE_RESERVED`; the hint has when the first one ends),
                the subject has as many as it may have (`RESERVATION_QUOTA`), or the disk is full.
            UnavailableError: The root cannot be written.
        """

    @abstractmethod
    async def release_reservation(self, reservation_id: str) -> None:
        """End a reservation.

        Raises:
            NotFoundError: There is no such reservation, or it has ended.
        """

    @abstractmethod
    async def reservations(self) -> tuple[Reservation, ...]:
        """Return the reservations that hold on the root now, whoever gave them, the first to end at the front."""


class KernelObserver(ABC):
    """What is told of everything that happens to jobs; it must be quick and must not raise."""

    @abstractmethod
    def on_transition(self, before: JobRecord | None, after: JobRecord, event_kind: str) -> None:
        """Take note that an event was applied to a job, and is on its way to the store."""

    @abstractmethod
    def on_ended(self, job: JobRecord, events: Sequence[StoredEvent], spans: Sequence[Mapping[str, Any]]) -> None:
        """Take note that a job has ended, durably.

        Args:
            job: Its last record.
            events: All that has happened to it, with the spans of the work.
            spans: Work that no event tells of, such as putting the last event on disk; as JSON.
        """

    @abstractmethod
    def on_stage(self, stage: str, duration_sec: float) -> None:
        """Take note that some work of the kernel has ended after `duration_sec` on the monotonic clock."""

    @abstractmethod
    def on_queue_depth(self, device_id: str, depth: int) -> None:
        """Take note of how many jobs wait for a device now."""

    @abstractmethod
    def on_defect(self, job_id: str, stage: str, error: BaseException) -> None:
        """Take note of a defect of ours; the user is told the trace, the log keeps the story."""
