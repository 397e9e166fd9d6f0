"""`eigen explain`: what became of a job, and why."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eigen.cli.options import JobArgument, JsonOption, RootOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode

__all__ = ["explain"]


def explain(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Tell what became of a job, and why.

    Why it waited, where and how it ran, what was at hand, where its time went, what was lost and begun anew, and what
    failed and what to do. With --json a list of findings.
    """
    from eigen.cli.session import answer

    answer(partial(_explain, job, root=root, as_json=as_json), as_json=as_json)


async def _explain(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_json, show_styled
    from eigen.cli.session import look_up
    from eigen.client.references import find_job
    from eigen.contracts.printable import printable
    from eigen.contracts.wire import to_json
    from eigen.telemetry.explanation import explain

    with look_up(root) as api:
        job = await api.get_job_status(await find_job(api, reference))
        found = explain(job, await api.list_job_events(job.job_id))
    if as_json:
        show_json(to_json(found))
    else:
        styles = {"failure": "bold red", "advice": "yellow"}
        show_styled((f"{one.topic:<9} {printable(one.text, limit=2000)}", styles.get(one.topic, "")) for one in found)
    return ExitCode.OK
