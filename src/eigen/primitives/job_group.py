"""Jobs carried out together: some in flight at a time, their results in order, none left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import anyio
from anyio.abc import TaskGroup

from eigen.client.aio import AsyncClient
from eigen.client.async_job import AsyncJob
from eigen.contracts.errors import EigenError
from eigen.contracts.requests import SubmitJobRequest
from eigen.contracts.results import JobResults

__all__ = ["MAX_IN_FLIGHT", "JobGroup"]

MAX_IN_FLIGHT = 32
"""Most jobs of one call that have been accepted and have not ended."""

_CANCEL_SEC = 10.0


class JobGroup:
    """The jobs of one call.

    Args:
        requests: The jobs.

    Attributes:
        accepted: Id of each job that has been accepted, by its number.
        is_stopping: Whether those that have not ended are to be cancelled; set before the group itself is cancelled.
            Where it is not set, the client is closing, and leaves its jobs to the next one.
    """

    def __init__(self, requests: Sequence[SubmitJobRequest]) -> None:
        self._requests = requests
        self._results: dict[int, JobResults] = {}
        self._failures: list[EigenError] = []
        self.accepted: dict[int, str] = {}
        self.is_stopping = False

    async def results(self, client: AsyncClient) -> list[JobResults]:
        """Submit the jobs and return their results, in order; the first one that fails ends all.

        Raises:
            EigenError: A job was refused or failed; this is its own error.
        """
        waiting = iter(enumerate(self._requests))
        async with anyio.create_task_group() as tasks:
            for _ in range(min(MAX_IN_FLIGHT, len(self._requests))):
                tasks.start_soon(self._carry_some, client, waiting, tasks)
        if self._failures:
            raise self._failures[0]
        return [self._results[number] for number in range(len(self._requests))]

    async def _carry_some(
        self, client: AsyncClient, waiting: Iterator[tuple[int, SubmitJobRequest]], tasks: TaskGroup
    ) -> None:
        for number, request in waiting:
            try:
                job = await _accepted(client, request)
                self.accepted[number] = job.id
                self._results[number] = await self._ended(job)
            except EigenError as error:
                self._failures.append(error)
                self.is_stopping = True
                tasks.cancel_scope.cancel()

    async def _ended(self, job: AsyncJob) -> JobResults:
        try:
            return await job.results()
        except anyio.get_cancelled_exc_class():
            if self.is_stopping:
                with anyio.move_on_after(_CANCEL_SEC, shield=True):
                    await job.cancel()
            raise


async def _accepted(client: AsyncClient, request: SubmitJobRequest) -> AsyncJob:
    with anyio.CancelScope(shield=True):  # a job that is accepted must be known, or nobody could cancel it
        status = await client.system.api.submit_job(request)
    return AsyncJob(client.system.api, status.job_id)
