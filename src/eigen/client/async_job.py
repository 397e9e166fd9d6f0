"""A job as the asynchronous client sees it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from eigen.client.arguments import require_kind
from eigen.contracts.jobs import JobStatus, JobUpdate, StoredEvent
from eigen.contracts.results import JobResults

if TYPE_CHECKING:
    from eigen.client.verification import Verification
    from eigen.contracts.diagnostics import Diagnostic
    from eigen.ports.system_api import SystemApi

__all__ = ["AsyncJob"]


class AsyncJob:
    """A job, by its id.

    Attributes:
        id: The job's id.
        warnings: What was suspicious about the job file that it was submitted with, such as unknown keys; empty for a
            job that was only looked up.
    """

    def __init__(self, api: SystemApi, job_id: str, *, warnings: tuple[Diagnostic, ...] = ()) -> None:
        self._api = api
        self.id = job_id
        self.warnings = warnings

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    async def status(self) -> JobStatus:
        """Return where the job is."""
        return await self._api.get_job_status(self.id)

    async def updates(self, *, last_event_seq: int = 0) -> AsyncGenerator[JobUpdate, None]:
        """Yield the job's updates after `last_event_seq`, in order, to the terminal one."""
        require_kind(last_event_seq, int, name="last_event_seq", hint="give the number of the last update, or 0")
        async for update in self._api.stream_job_updates(self.id, last_event_seq=last_event_seq):
            yield update

    async def events(self) -> tuple[StoredEvent, ...]:
        """Return what has happened to the job so far, in order, with the facts of each event."""
        return await self._api.list_job_events(self.id)

    async def wait(self) -> JobStatus:
        """Wait for the job's end, however it ends, and return its status."""
        return await self._api.get_job_status(self.id, when_ended=True)

    async def results(self) -> JobResults:
        """Wait for the job's end and return its results.

        Raises:
            EigenError: The job ended in ERROR, CANCELLED or TIMEOUT; this is its own error.
        """
        return await self._api.get_job_results(self.id, when_ended=True)

    async def verify(self) -> Verification:
        """Compare the job's counts with the exact distribution of its circuit, without noise; for small circuits.

        Raises:
            FailedPreconditionError: The job is not DONE, has no counts, or asked for noise.
            ResourceExhaustedError: The circuit is too large for that.
        """
        from eigen.client.verification import verified

        return await verified(self._api, self.id)

    async def cancel(self) -> JobStatus:
        """Ask the job to stop; one that has ended stays as it is."""
        return await self._api.cancel_job(self.id)

    async def artifact(self, name: str) -> bytes:
        """Return one of the job's stored files, checked against its digest.

        Raises:
            NotFoundError: There is no such file.
        """
        return await self._api.get_artifact(self.id, name)
