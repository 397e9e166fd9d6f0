"""`eigen logs`: what the log has of a job."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import JobArgument, JsonOption, RootOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode
    from eigen.ports.job_reads import JobReads
    from eigen.telemetry.log_reading import JobLog

__all__ = ["logs"]

_POLL_SEC = 0.1  # twice the time for which a line may gather with others

FollowOption = Annotated[bool, typer.Option("-f", "--follow", help="Stay until the job's end.")]
LevelOption = Annotated[str, typer.Option("--level", metavar="LEVEL", help="Least serious: info, warning or error.")]
AuditOption = Annotated[bool, typer.Option("--audit", help="Decisions on who may do what, too.")]


def logs(
    job: JobArgument,
    follow: FollowOption = False,
    level: LevelOption = "info",
    audit: AuditOption = False,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the log says of a job, whichever systems wrote it.

    With --json, or where log_format is json, each line as it is in the log.
    """
    from eigen.cli.session import answer, conduct
    from eigen.telemetry.log_reading import LEVELS

    if level not in LEVELS:
        raise typer.BadParameter(f"--level is one of {', '.join(LEVELS)}")
    end = conduct if follow else answer
    end(partial(_logs, job, follow=follow, level=level, audit=audit, root=root, as_json=as_json), as_json=as_json)


async def _logs(reference: str, *, follow: bool, level: str, audit: bool, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.log_view import show_log
    from eigen.cli.session import look_up
    from eigen.client.references import find_job
    from eigen.system.configuration import load_configuration
    from eigen.telemetry.log_reading import JobLog, Wanted

    configuration = load_configuration()
    as_json = as_json or configuration.log_format == "json"
    with look_up(root) as api:
        job = await api.get_job_status(await find_job(api, reference))
        wanted = Wanted(job_id=job.job_id, trace_id=job.trace_id, level=level, has_audit=audit)
        with JobLog(root or configuration.root, wanted) as log:
            if follow:
                await _follow(api, job.job_id, log, as_json=as_json)
            else:
                show_log(log.new_lines(), as_json=as_json)
    return ExitCode.OK


async def _follow(api: JobReads, job_id: str, log: JobLog, *, as_json: bool) -> None:
    """Show lines as they come until the job has ended and its last ones are written."""
    import anyio

    ended = anyio.Event()

    async def await_end() -> None:
        async for _ in api.stream_job_updates(job_id):
            pass
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(await_end)
        while not ended.is_set():
            await _show(log, as_json=as_json)
            with anyio.move_on_after(_POLL_SEC):
                await ended.wait()
        await anyio.sleep(_POLL_SEC)
        await _show(log, as_json=as_json)


async def _show(log: JobLog, *, as_json: bool) -> None:
    import anyio.to_thread

    from eigen.cli.log_view import show_log

    show_log(await anyio.to_thread.run_sync(log.new_lines), as_json=as_json)
