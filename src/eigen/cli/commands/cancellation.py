"""`eigen cancel`: jobs by name, or all that a filter finds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import JsonOption, RootOption
from eigen.cli.selection import (
    AllSubjectsOption,
    JobGroupOption,
    JobNameOption,
    LabelOption,
    Selection,
    SinceOption,
    StateOption,
    SubjectOption,
    UntilOption,
)

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode
    from eigen.contracts.errors import EigenError
    from eigen.contracts.jobs import JobStatus
    from eigen.ports.system_api import SystemApi

__all__ = ["cancel"]

CANCEL_WAIT_SEC = 5.0
"""How long `cancel` waits for the jobs' owners to stop them."""

AT_ONCE = 64
"""How many jobs are asked to stop at once."""

MOST = 100_000
"""Most jobs that one command cancels."""

JobsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[JOB...]", help="Ids, unique prefixes of them, or @last.")
]
AllOption = Annotated[bool, typer.Option("--all", help="Every job of your own that has not ended.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def cancel(
    jobs: JobsArgument = None,
    everything: AllOption = False,
    state: StateOption = None,
    name: JobNameOption = None,
    group: JobGroupOption = None,
    label: LabelOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    subject: SubjectOption = None,
    all_subjects: AllSubjectsOption = False,
    yes: YesOption = False,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop jobs, also those that another process runs.

    A job that has ended stays as it is. Jobs are named, or found by the same options as in `eigen jobs`; then the
    command asks first. With --json each job's status is one line.
    """
    from eigen.cli.session import conduct, perform

    selection = Selection(
        states=state or (),
        name=name,
        group=group,
        labels=label or (),
        since=since,
        until=until,
        subject=subject,
        all_subjects=all_subjects,
    )
    if jobs and (everything or selection):
        raise typer.BadParameter("name jobs or say which ones by options: both were given")
    if not jobs and not (everything or selection):
        raise typer.BadParameter(
            "name jobs, or say which ones with --all, --state, --name, --group, --label or --since"
        )
    if jobs:
        conduct(partial(_cancel, jobs, root=root, as_json=as_json), as_json=as_json)
    perform(partial(_cancel_selected, selection, yes=yes, root=root, as_json=as_json), as_json=as_json)


def _cancel_selected(selection: Selection, *, yes: bool, root: Path | None, as_json: bool) -> ExitCode:
    """Find the jobs, ask, and cancel them; between the two nothing is open."""
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import note
    from eigen.cli.session import on_loop
    from eigen.workers.blocking import without_loop

    found = without_loop(partial(_live, selection, root=root))
    if not found:
        note("no jobs")
        return ExitCode.OK
    if not yes and not _is_confirmed(found, as_json=as_json):
        return ExitCode.OK
    return on_loop(partial(_cancel, [one.job_id for one in found], root=root, as_json=as_json))


def _is_confirmed(found: Sequence[JobStatus], *, as_json: bool) -> bool:
    from eigen.cli.rendering import is_terminal, note
    from eigen.contracts.errors import FailedPreconditionError
    from eigen.contracts.printable import printable

    if as_json or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise FailedPreconditionError(
            f"{len(found)} jobs would be cancelled, and there is nobody to ask",
            reason="CONFIRMATION_NEEDED",
            hint="look at them with `eigen jobs` and the same options, then give --yes",
        )
    for one in found:
        note(f"{one.job_id}  {one.state.value:<9}  {printable(one.name)}")
    return typer.confirm(f"cancel {len(found)} job{'s' if len(found) > 1 else ''}?", err=True)


async def _live(selection: Selection, *, root: Path | None) -> list[JobStatus]:
    from eigen.cli.session import look_up

    with look_up(root) as api:
        page = await selection.find(api, limit=MOST)
    return [one for one in page.jobs if not one.is_terminal]


async def _cancel(references: Sequence[str], *, root: Path | None, as_json: bool) -> ExitCode:
    import anyio

    from eigen.cli.exit_codes import ExitCode, exit_code_of
    from eigen.cli.failures import tell
    from eigen.cli.pursuit import telling_of_silence
    from eigen.client.references import find_job
    from eigen.system.composition import open_system

    async with open_system(root, adopts=False) as system:
        job_ids = list(dict.fromkeys([await find_job(system.api, one) for one in references]))
        refused = await _ask(system.api, job_ids)
        asked = [job_id for job_id in job_ids if job_id not in refused]
        ended: dict[str, JobStatus] = {}
        with anyio.move_on_after(CANCEL_WAIT_SEC):
            for job_id in asked:
                async with telling_of_silence(system.root, job_id):
                    ended[job_id] = await system.api.get_job_status(job_id, when_ended=True)
        for job_id in asked:
            _show(ended.get(job_id) or await system.api.get_job_status(job_id), as_json=as_json)
    for error in refused.values():
        tell(error, as_json=as_json)
    return max(map(exit_code_of, refused.values()), default=ExitCode.OK)


async def _ask(api: SystemApi, job_ids: Sequence[str]) -> dict[str, EigenError]:
    """Ask jobs to stop, many at once, which share writes to the disk; return those that cannot be asked, and why."""
    import anyio

    from eigen.contracts.errors import EigenError

    refused: dict[str, EigenError] = {}
    turns = anyio.CapacityLimiter(AT_ONCE)

    async def ask(job_id: str) -> None:
        async with turns:
            try:
                await api.cancel_job(job_id)
            except EigenError as error:
                refused[job_id] = error

    async with anyio.create_task_group() as tasks:
        for job_id in job_ids:
            tasks.start_soon(ask, job_id)
    return refused


def _show(now: JobStatus, *, as_json: bool) -> None:
    import json

    from eigen.cli.rendering import emit
    from eigen.contracts.wire import to_json

    if as_json:
        emit(json.dumps(to_json(now), separators=(",", ":")))
    else:
        emit(f"{now.job_id} {now.state.value}" + ("" if now.is_terminal else ", and was asked to stop"))
