"""Following jobs to their end, and what is said of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eigen.cli.exit_codes import ExitCode, exit_code_of_job
from eigen.cli.failures import tell
from eigen.cli.progress import showing_progress
from eigen.cli.rendering import STATE_STYLES, note_styled

if TYPE_CHECKING:
    from eigen.client.packaging import PackagedJob
    from eigen.contracts.diagnostics import Diagnostic
    from eigen.contracts.jobs import JobStatus
    from eigen.ports.system_api import SystemApi

__all__ = ["Announce", "Report", "exit_code_of_status", "follow", "run_to_end", "tell_end"]

Announce = Callable[["JobStatus", "Sequence[Diagnostic]"], None]
"""Is told of a job as soon as it is durable, and of what is suspicious about it."""

Report = Callable[["SystemApi", "JobStatus"], Awaitable[None]]
"""Is told of a job's end."""


async def run_to_end(
    orders: Sequence[PackagedJob], *, root: Path | None, watch: bool, announce: Announce, report: Report
) -> ExitCode:
    """Submit jobs to a system in this process, which stays until all of them have ended.

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
    from eigen.system.composition import open_system

    worst = ExitCode.OK
    async with interruptible() as interruption, open_system(root) as system:
        submitted: list[JobStatus] = []
        for order in orders:
            status = await system.api.submit_job(order.request)
            announce(status, order.warnings)
            submitted.append(status)
            await interruption.covers(system.api, status.job_id)
        for status in submitted:
            final = await follow(system.api, status, watch=watch)
            await report(system.api, final)
            worst = max(worst, exit_code_of_status(final))
    return ExitCode.INTERRUPTED if interruption.is_asked else worst


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
        duration_sec = (status.updated_at - status.created_at).total_seconds()
        state = status.state.value
        note_styled([(f"{status.job_id} is {state} after {duration_sec:.1f} s", STATE_STYLES.get(state, ""))])
    error = status.failure()
    if error is not None:
        tell(error, as_json=as_json)
