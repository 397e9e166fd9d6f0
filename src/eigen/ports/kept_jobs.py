"""`KeptJobs`: the part of the job store that answers, for whoever changes nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod

from eigen.contracts.jobs import JobFilter, JobRecord, StoredEvent

__all__ = ["KeptJobs"]


class KeptJobs(ABC):
    """What has been kept of jobs, for whoever asks."""

    @abstractmethod
    async def get(self, job_id: str) -> JobRecord:
        """Return a record.

        Raises:
            NotFoundError: There is no such job.
            InternalError: Its record is damaged (reason `RECORD_DAMAGED`).
        """

    @abstractmethod
    async def select(self, job_filter: JobFilter, *, limit: int, before_job_id: str = "") -> tuple[JobRecord, ...]:
        """Return at most `limit` matching records, newest first; where it is given, older than `before_job_id`.

        For one that is damaged there is a stand-in, in the stage `damaged`.
        """

    @abstractmethod
    async def events(self, job_id: str, *, after_seq: int = 0) -> tuple[StoredEvent, ...]:
        """Return a job's events after `after_seq`, in order; empty for a job that is not there.

        Raises:
            InternalError: One of them is damaged (reason `RECORD_DAMAGED`).
        """

    @abstractmethod
    async def opening(self, job_id: str) -> bytes:
        """Return what a job begins with, as `insert` took it; empty where there is none or it was forgotten."""
