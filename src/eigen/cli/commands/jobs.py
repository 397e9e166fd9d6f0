"""`eigen status`, `watch`, `results` and `events`: one job, looked at."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eigen.cli.options import JobArgument, JsonOption, RootOption, VerifyOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode

__all__ = ["events", "results", "status", "watch"]


def status(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show where a job is, and what it waits for."""
    from eigen.cli.session import answer

    answer(partial(_status, job, root=root, as_json=as_json), as_json=as_json)


def watch(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Follow a job to its end.

    In a pipe, and with --json, each update is one line. A job whose process is gone is continued here.
    """
    from eigen.cli.session import conduct

    conduct(partial(_watch, job, root=root, as_json=as_json), as_json=as_json)


def results(
    job: JobArgument, root: RootOption = None, verify: VerifyOption = False, as_json: JsonOption = False
) -> None:
    """Print the results of a job that is DONE.

    With --verify its counts are compared with the exact distribution of its circuit without noise, and
    `metadata.verification` has the p-value.
    """
    from eigen.cli.session import answer, conduct

    end = conduct if verify else answer  # to verify takes long, and goes on beside a loop
    end(partial(_results, job, root=root, verify=verify, as_json=as_json), as_json=as_json)


def events(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show what has happened to a job so far.

    With --json a list of the events, as events.jsonl has them.
    """
    from eigen.cli.session import answer

    answer(partial(_events, job, root=root, as_json=as_json), as_json=as_json)


async def _status(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_json
    from eigen.cli.session import look_up
    from eigen.cli.status_view import show_status
    from eigen.client.references import find_job
    from eigen.contracts.wire import to_json

    with look_up(root) as api:
        found = await api.get_job_status(await find_job(api, reference))
    if as_json:
        show_json(to_json(found))
    else:
        show_status(found)
    return ExitCode.OK


async def _watch(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    import sys

    from eigen.cli.pursuit import exit_code_of_status, follow, tell_end, telling_of_silence
    from eigen.cli.rendering import is_terminal
    from eigen.cli.status_view import print_update
    from eigen.client.references import find_job
    from eigen.system.composition import open_system

    async with open_system(root) as system:
        job_id = await find_job(system.api, reference)
        async with telling_of_silence(system.root, job_id):
            if as_json or not is_terminal(sys.stdout):
                async for update in system.api.stream_job_updates(job_id):
                    print_update(update, as_json=as_json)
                final = await system.api.get_job_status(job_id)
            else:
                final = await follow(system.api, await system.api.get_job_status(job_id), watch=True)
    tell_end(final, as_json=as_json)
    return exit_code_of_status(final)


async def _results(reference: str, *, root: Path | None, verify: bool, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode, exit_code_of_job
    from eigen.cli.failures import tell
    from eigen.cli.results_view import print_partial_results, print_results
    from eigen.cli.session import look_up
    from eigen.client.references import find_job

    with look_up(root) as api:
        job_id = await find_job(api, reference)
        found = await api.get_job_status(job_id)
        error = found.failure()
        if error is not None:
            tell(error, as_json=as_json)
            await print_partial_results(api, job_id, as_json=as_json)
            return exit_code_of_job(error)
        if not found.is_terminal:
            await api.get_job_results(job_id)  # says why there are none yet
        await print_results(api, job_id, as_json=as_json, verify=verify)
    return ExitCode.OK


async def _events(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_json
    from eigen.cli.session import look_up
    from eigen.cli.status_view import show_events
    from eigen.client.references import find_job
    from eigen.contracts.wire import to_json

    with look_up(root) as api:
        found = await api.list_job_events(await find_job(api, reference))
    if as_json:
        show_json([to_json(one) for one in found])
    else:
        show_events(found)
    return ExitCode.OK
