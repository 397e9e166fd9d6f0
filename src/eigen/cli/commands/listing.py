"""`eigen jobs`."""

from __future__ import annotations

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

__all__ = ["jobs"]

LimitOption = Annotated[int, typer.Option("--limit", metavar="N", help="Show at most so many.")]
OlderOption = Annotated[
    str | None,
    typer.Option("--older-than", metavar="JOB", help="Only jobs accepted before this one, such as the last one shown."),
]


def jobs(
    state: StateOption = None,
    name: JobNameOption = None,
    group: JobGroupOption = None,
    label: LabelOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    subject: SubjectOption = None,
    all_subjects: AllSubjectsOption = False,
    older_than: OlderOption = None,
    limit: LimitOption = 100,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """List your own jobs, newest first.

    Others' jobs, with --subject and --all-subjects, are for administrators, such as the owner of the root.
    """
    from eigen.cli.session import answer

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
    answer(partial(_jobs, selection, older_than, limit=limit, root=root, as_json=as_json), as_json=as_json)


async def _jobs(
    selection: Selection, older_than: str | None, *, limit: int, root: Path | None, as_json: bool
) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import note, show_json
    from eigen.cli.session import look_up
    from eigen.cli.status_view import show_jobs
    from eigen.client.references import find_job
    from eigen.contracts.wire import to_json

    with look_up(root) as api:
        behind = await find_job(api, older_than) if older_than else ""
        page = await selection.find(api, limit=limit, behind=behind)
    if as_json:
        show_json([to_json(one) for one in page.jobs])
        return ExitCode.OK
    show_jobs(page.jobs, with_subject=selection.all_subjects)
    if page.next_page_token:
        note(f"there are more: --older-than {page.next_page_token}")
    return ExitCode.OK
