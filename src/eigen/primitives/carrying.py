"""Jobs carried out together: some in flight at a time, their results in order, none left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import anyio

from eigen.client.aio import AsyncClient, AsyncJob
from eigen.contracts.errors import EigenError
from eigen.contracts.requests import SubmitJobRequest
from eigen.contracts.results import JobResults

__all__ = ["MAX_IN_FLIGHT", "carried_out"]

MAX_IN_FLIGHT = 32
"""Most jobs of one call that have been accepted and have not ended."""

_CANCEL_SEC = 10.0


async def carried_out(
    client: AsyncClient, requests: Sequence[SubmitJobRequest], accepted: dict[int, str]
) -> list[JobResults]:
    """Submit jobs and return their results, in order of the requests.

    The first one that fails ends all; so does being cancelled. Jobs that have not ended then are cancelled.

    Args:
        client: Who submits them.
        requests: The jobs.
        accepted: Takes the id of each job that is accepted, by its number.

    Raises:
        EigenError: A job was refused or failed; this is its own error.
    """
    results: dict[int, JobResults] = {}
    failures: list[EigenError] = []

    async def carry_some(waiting: Iterator[tuple[int, SubmitJobRequest]]) -> None:
        for number, request in waiting:
            try:
                job = await _accepted(client, request)
                accepted[number] = job.id
                results[number] = await _results(job)
            except EigenError as error:
                failures.append(error)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        waiting = iter(enumerate(requests))
        for _ in range(min(MAX_IN_FLIGHT, len(requests))):
            group.start_soon(carry_some, waiting)
    if failures:
        raise failures[0]
    return [results[number] for number in range(len(requests))]


async def _accepted(client: AsyncClient, request: SubmitJobRequest) -> AsyncJob:
    with anyio.CancelScope(shield=True):  # a job that is accepted must be known, or nobody could cancel it
        status = await client.system.api.submit_job(request)
    return AsyncJob(client.system.api, status.job_id)


async def _results(job: AsyncJob) -> JobResults:
    try:
        return await job.results()
    except anyio.get_cancelled_exc_class():
        with anyio.move_on_after(_CANCEL_SEC, shield=True):
            await job.cancel()
        raise
