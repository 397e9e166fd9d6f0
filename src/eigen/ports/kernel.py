"""`Kernel`: queue, life cycle and recovery of jobs (QRTX)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eigen.contracts.compilation import ProgramSource
    from eigen.contracts.jobs import JobFilter, JobPage, JobRecord, JobUpdate, StoredEvent
    from eigen.contracts.jobspec import JobSpec
    from eigen.contracts.results import JobResults
    from eigen.contracts.trace import TraceContext

__all__ = ["Kernel", "KernelJob", "KernelObserver"]


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


class Kernel(ABC):
    """The orchestrator of all jobs on one root."""

    @abstractmethod
    async def enqueue(self, job: KernelJob) -> JobRecord:
        """Accept a job: on return its record and its inputs are durable.

        Raises:
            AlreadyExistsError: The idempotency key was used for another content.
            ResourceExhaustedError: The queue or the disk is full.
        """

    @abstractmethod
    async def record(self, job_id: str) -> JobRecord:
        """Return a job's record.

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
    async def cancel(self, job_id: str, *, by: str) -> JobRecord:
        """Ask a job to stop; a job that has ended stays as it is.

        Raises:
            NotFoundError: There is no such job.
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
    async def drain(self) -> None:
        """Run jobs whose owner is gone, and return when there are none of those and no live job of this system."""

    @abstractmethod
    def load(self, device_id: str) -> tuple[int, int]:
        """Return how many jobs run on a device and how many wait for it, in this system."""


class KernelObserver(ABC):
    """What is told of everything that happens to jobs; it must be quick and must not raise."""

    @abstractmethod
    def on_transition(self, before: JobRecord | None, after: JobRecord, event_kind: str) -> None:
        """Take note that an event was applied to a job, and is on its way to the store."""

    @abstractmethod
    def on_stage(self, stage: str, duration_sec: float) -> None:
        """Take note that some work of the kernel has ended after `duration_sec` on the monotonic clock."""

    @abstractmethod
    def on_queue_depth(self, device_id: str, depth: int) -> None:
        """Take note of how many jobs wait for a device now."""

    @abstractmethod
    def on_defect(self, job_id: str, stage: str, error: BaseException) -> None:
        """Take note of a defect of ours; the user is told the trace, the log keeps the story."""
