"""Following jobs to their end, and what is said of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from eigen.cli.exit_codes import ExitCode, exit_code_of_job
from eigen.cli.failures import tell
from eigen.cli.progress import showing_progress
from eigen.cli.rendering import STATE_STYLES, note, note_styled
from eigen.contracts.errors import EigenError

if TYPE_CHECKING:
    from eigen.cli.interruption import Interruption
    from eigen.client.packaging import PackagedJob
    from eigen.contracts.diagnostics import Diagnostic
    from eigen.contracts.jobs import JobStatus
    from eigen.ports.system_api import SystemApi
    from eigen.system.composition import System

__all__ = [
    "Announce",
    "Report",
    "exit_code_of_status",
    "follow",
    "hand_over",
    "run_to_end",
    "tell_end",
    "telling_of_silence",
]

Announce = Callable[["JobStatus", "Sequence[Diagnostic]"], None]
"""Is told of a job as soon as it is durable, and of what is suspicious about it."""

SILENCE_LOOK_SEC = 3.0
"""How often the system that has a job is asked whether it is there."""

Report = Callable[["SystemApi", "JobStatus"], Awaitable[None]]
"""Is told of a job's end."""


async def run_to_end(
    orders: Sequence[PackagedJob], *, root: Path | None, watch: bool, announce: Announce, report: Report
) -> ExitCode:
    """Submit jobs, and stay until all of them have ended.

    Where a process serves the root they are handed to it, and go on there should this one be left; else a system in
    this process runs them.

    Args:
        orders: The jobs; all are submitted before the first one is waited for.
        root: The system's folder.
        watch: Whether progress is shown.
        announce: Is told of each job as soon as it is durable.
        report: Is told of each job's end, in order of submission.

    Returns:
        The worst of their ends; INTERRUPTED where Ctrl-C ended them.
    """
    from eigen.cli.interruption import interruptible

    worst = ExitCode.OK
    async with interruptible() as interruption, _accepted(orders, root, announce, interruption) as (system, submitted):
        for status in submitted:
            async with telling_of_silence(system.root, status.job_id):
                final = await follow(system.api, status, watch=watch)
            await report(system.api, final)
            worst = max(worst, exit_code_of_status(final))
    return ExitCode.INTERRUPTED if interruption.is_asked else worst


async def hand_over(orders: Sequence[PackagedJob], *, root: Path | None, announce: Announce) -> list[JobStatus]:
    """Submit jobs for another process on the root to run; on return none of them is this process's.

    Args:
        orders: The jobs.
        root: The system's folder.
        announce: Is told of each job as soon as it is durable.
    """
    from eigen.system.composition import open_system

    async with open_system(root, adopts=False, works=False) as system:
        return [await _submitted(system.api, order, announce) for order in orders]


@asynccontextmanager
async def _accepted(
    orders: Sequence[PackagedJob], root: Path | None, announce: Announce, interruption: Interruption
) -> AsyncIterator[tuple[System, Sequence[JobStatus]]]:
    """Submit jobs to whoever runs them, and yield the system that they are followed in; Ctrl-C covers them."""
    from anyio.to_thread import run_sync

    from eigen.system.collector import spared_collector
    from eigen.system.composition import open_system
    from eigen.system.root import default_root
    from eigen.system.serving import is_served, open_beside_server, stopped_server

    folder = root or default_root()
    stopped = await run_sync(stopped_server, folder.absolute())
    if stopped is not None:
        note(f"process {stopped} serves this root and is stopped: going on without it")
    if await run_sync(is_served, folder.absolute()):
        handed = await hand_over(orders, root=root, announce=announce)
        async with open_beside_server(folder) as system:
            for status in handed:
                await interruption.covers(system.api, status.job_id)
            yield system, handed
        return
    async with open_system(root) as system:
        with spared_collector():
            submitted = []
            for order in orders:
                submitted.append(await _submitted(system.api, order, announce))
                await interruption.covers(system.api, submitted[-1].job_id)
            yield system, submitted


async def _submitted(api: SystemApi, order: PackagedJob, announce: Announce) -> JobStatus:
    status = await api.submit_job(order.request)
    announce(status, order.warnings)
    return status


@asynccontextmanager
async def telling_of_silence(root: Path, job_id: str) -> AsyncIterator[None]:
    """Tell on stderr, once and meanwhile, that the process which has a job does not answer.

    Args:
        root: The system's folder.
        job_id: The job.
    """
    import anyio

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_tell_of_silence, root, job_id)
        yield
        tasks.cancel_scope.cancel()


async def _tell_of_silence(root: Path, job_id: str) -> None:
    import anyio
    from anyio.to_thread import run_sync

    from eigen.system.live_statuses import silence_around

    waiting = None
    while waiting is None:
        await anyio.sleep(SILENCE_LOOK_SEC)
        with suppress(EigenError):  # whoever follows the job tells of a store that cannot be read
            waiting = await run_sync(silence_around, root, job_id)
    note(f"{job_id}: {waiting.message}")


async def follow(api: SystemApi, status: JobStatus, *, watch: bool) -> JobStatus:
    """Wait for a job's end, and return its status then."""
    with showing_progress(f"{status.name} {status.job_id}", wanted=watch) as show:
        async for update in api.stream_job_updates(status.job_id):
            show(update)
    return await api.get_job_status(status.job_id)


def exit_code_of_status(status: JobStatus) -> ExitCode:
    """Return how a command ends whose job has ended like this."""
    return exit_code_of_job(status.failure())


def tell_end(status: JobStatus, *, as_json: bool) -> None:
    """Tell on stderr how a job has ended, and why."""
    if not as_json:
        state = status.state.value
        note_styled([(f"{status.job_id} is {state} after {status.took_sec:.1f} s", STATE_STYLES.get(state, ""))])
    error = status.failure()
    if error is not None:
        tell(error, as_json=as_json)
