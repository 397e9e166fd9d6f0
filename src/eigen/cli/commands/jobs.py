"""`eigen status`, `watch`, `results`, `jobs` and `cancel`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import JobArgument, JsonOption, RootOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode
    from eigen.contracts.jobs import JobFilter

__all__ = ["cancel", "jobs", "results", "status", "watch"]

CANCEL_WAIT_SEC = 5.0
"""How long `cancel` waits for the job's owner to stop it."""

StateOption = Annotated[
    list[str] | None, typer.Option("--state", metavar="STATE", help="Only jobs in this state. May be repeated.")
]
JobNameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Only jobs of this name.")]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", metavar="NAME=VALUE", help="Only jobs with this label. May be repeated.")
]
LimitOption = Annotated[int, typer.Option("--limit", metavar="N", help="At most so many jobs, 1 to 1000.")]


def status(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show where a job is."""
    from eigen.cli.session import conduct

    conduct(partial(_status, job, root=root, as_json=as_json), as_json=as_json)


def watch(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Follow a job to its end.

    In a pipe, and with --json, each update is one line. A job whose process is gone is continued here.
    """
    from eigen.cli.session import conduct

    conduct(partial(_watch, job, root=root, as_json=as_json), as_json=as_json)


def results(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Print the results of a job that is DONE."""
    from eigen.cli.session import conduct

    conduct(partial(_results, job, root=root, as_json=as_json), as_json=as_json)


def jobs(
    state: StateOption = None,
    name: JobNameOption = None,
    label: LabelOption = None,
    limit: LimitOption = 100,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    from eigen.cli.session import conduct

    conduct(
        partial(_jobs, state or (), name=name, labels=label or (), limit=limit, root=root, as_json=as_json),
        as_json=as_json,
    )


def cancel(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Stop a job, also one that another process runs.

    A job that has ended stays as it is.
    """
    from eigen.cli.session import conduct

    conduct(partial(_cancel, job, root=root, as_json=as_json), as_json=as_json)


async def _status(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_json
    from eigen.cli.session import look_up
    from eigen.cli.status_view import show_status
    from eigen.client.references import find_job
    from eigen.contracts.wire import to_json

    async with look_up(root) as system:
        found = await system.api.get_job_status(await find_job(system.api, reference))
    if as_json:
        show_json(to_json(found))
    else:
        show_status(found)
    return ExitCode.OK


async def _watch(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    import sys

    from eigen.cli.pursuit import exit_code_of_status, follow, tell_end
    from eigen.cli.rendering import is_terminal
    from eigen.cli.status_view import print_update
    from eigen.client.references import find_job
    from eigen.system.composition import open_system

    async with open_system(root) as system:
        job_id = await find_job(system.api, reference)
        if as_json or not is_terminal(sys.stdout):
            async for update in system.api.stream_job_updates(job_id):
                print_update(update, as_json=as_json)
            final = await system.api.get_job_status(job_id)
        else:
            final = await follow(system.api, await system.api.get_job_status(job_id), watch=True)
    tell_end(final, as_json=as_json)
    return exit_code_of_status(final)


async def _results(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode, exit_code_of_job
    from eigen.cli.failures import tell
    from eigen.cli.results_view import print_results
    from eigen.cli.session import look_up
    from eigen.client.references import find_job

    async with look_up(root) as system:
        job_id = await find_job(system.api, reference)
        found = await system.api.get_job_status(job_id)
        error = found.failure()
        if error is not None:
            tell(error, as_json=as_json)
            return exit_code_of_job(error)
        if not found.is_terminal:
            await system.api.get_job_results(job_id)  # says why there are none yet
        await print_results(system.api, job_id, as_json=as_json)
    return ExitCode.OK


async def _jobs(
    states: Sequence[str], *, name: str | None, labels: Sequence[str], limit: int, root: Path | None, as_json: bool
) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_json
    from eigen.cli.session import look_up
    from eigen.cli.status_view import show_jobs
    from eigen.contracts.wire import to_json

    job_filter = _job_filter(states, name=name, labels=labels)
    async with look_up(root) as system:
        found = (await system.api.list_jobs(job_filter, page_size=limit)).jobs
    if as_json:
        show_json([to_json(one) for one in found])
    else:
        show_jobs(found)
    return ExitCode.OK


async def _cancel(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    import anyio

    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import emit, show_json
    from eigen.client.references import find_job
    from eigen.contracts.wire import to_json
    from eigen.system.composition import open_system

    async with open_system(root, adopts=False) as system:
        job_id = await find_job(system.api, reference)
        await system.api.cancel_job(job_id)
        with anyio.move_on_after(CANCEL_WAIT_SEC):
            async for _ in system.api.stream_job_updates(job_id):
                pass
        now = await system.api.get_job_status(job_id)
    if as_json:
        show_json(to_json(now))
    else:
        emit(f"{now.job_id} {now.state.value}" + ("" if now.is_terminal else ", and was asked to stop"))
    return ExitCode.OK


def _job_filter(states: Sequence[str], *, name: str | None, labels: Sequence[str]) -> JobFilter:
    from eigen.cli.inputs import parse_pairs
    from eigen.contracts.diagnostics import nearest
    from eigen.contracts.errors import InvalidArgumentError
    from eigen.contracts.jobs import JobFilter, JobState
    from eigen.contracts.printable import quoted

    for state in states:
        if state.upper() not in JobState.__members__:
            guess = nearest(state.upper(), JobState.__members__)
            raise InvalidArgumentError(
                f"there is no state {quoted(state)}",
                reason="UNKNOWN_STATE",
                hint=f"did you mean {guess}?" if guess else f"states are {', '.join(JobState.__members__)}",
            )
    return JobFilter(
        states=tuple(JobState(state.upper()) for state in states),
        name=name,
        labels=parse_pairs(labels, option="--label"),
    )
