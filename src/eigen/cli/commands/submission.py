"""`eigen submit` and `eigen run`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import (
    GroupOption,
    InputOption,
    JobArgument,
    JsonOption,
    NameOption,
    NoiseOption,
    PriorityOption,
    ProgramOption,
    RootOption,
    SeedOption,
    ShotsOption,
    SweepOption,
    TargetOption,
    TimeoutOption,
    WatchOption,
)

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.order import Order
    from eigen.client.packaging import PackagedJob
    from eigen.contracts.diagnostics import Diagnostic
    from eigen.contracts.jobs import JobStatus
    from eigen.ports.system_api import SystemApi

__all__ = ["rerun", "run", "submit"]

JobOption = Annotated[Path, typer.Option("--job", metavar="FILE", help="A job.yaml, or a program file.")]
DetachOption = Annotated[bool, typer.Option("--detach", help="Return at once; the job goes on in the background.")]
KeyOption = Annotated[
    str, typer.Option("--idempotency-key", metavar="KEY", help="The same key and content give the same job.")
]
FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Job files or programs.")]


def submit(
    job: JobOption,
    program: ProgramOption = None,
    watch: WatchOption = None,
    detach: DetachOption = False,
    name: NameOption = None,
    group: GroupOption = None,
    target: TargetOption = None,
    shots: ShotsOption = None,
    seed: SeedOption = None,
    noise: NoiseOption = None,
    inputs: InputOption = None,
    sweep: SweepOption = None,
    priority: PriorityOption = None,
    timeout_sec: TimeoutOption = None,
    idempotency_key: KeyOption = "",
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Submit a job and see it through to its end.

    The first line names the job: from then on it is durable. With --json it is the job's status, with its warnings.
    Where `eigen serve` runs on the root the job is handed to it, else it runs in this process. Either way the command
    stays until the job has ended, and Ctrl-C cancels it.
    """
    from eigen.cli.order import Order
    from eigen.cli.session import conduct

    if detach and watch:
        raise typer.BadParameter("--detach and --watch exclude each other")
    order = Order(
        file=job,
        program=program,
        overrides={
            "name": name,
            "group": group,
            "target": target,
            "shots": shots,
            "seed": seed,
            "noise_model": noise,
            "priority": priority,
            "timeout_sec": timeout_sec,
        },
        inputs=inputs or (),
        sweep=sweep or (),
        idempotency_key=idempotency_key,
    )
    if detach:
        conduct(partial(_submit_detached, order, root=root, as_json=as_json), as_json=as_json)
    conduct(partial(_submit, order, root=root, watch=watch is not False, as_json=as_json), as_json=as_json)


def run(
    files: FilesArgument,
    watch: WatchOption = None,
    group: GroupOption = None,
    target: TargetOption = None,
    shots: ShotsOption = None,
    seed: SeedOption = None,
    noise: NoiseOption = None,
    inputs: InputOption = None,
    sweep: SweepOption = None,
    timeout_sec: TimeoutOption = None,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run job files or programs and print their results.

    Takes job.yaml files, and programs without one: .eigen.py, .qasm and .aqo.json. Several files run side by side where
    their device has room. With --json each job's results.json is one line, and stderr has a line {"submitted": …} for
    each job.
    """
    from eigen.cli.order import Order
    from eigen.cli.session import conduct

    overrides = {
        "group": group,
        "target": target,
        "shots": shots,
        "seed": seed,
        "noise_model": noise,
        "timeout_sec": timeout_sec,
    }
    orders = [Order(file=file, overrides=overrides, inputs=inputs or (), sweep=sweep or ()) for file in files]
    conduct(partial(_run, orders, root=root, watch=watch is not False, as_json=as_json), as_json=as_json)


def rerun(
    job: JobArgument,
    watch: WatchOption = None,
    detach: DetachOption = False,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Submit a job once more, with the same spec, program and seed.

    With the same versions its counts are equal. results.json of the new job names the old one: provenance.rerun_of.
    """
    from eigen.cli.session import conduct

    if detach and watch:
        raise typer.BadParameter("--detach and --watch exclude each other")
    conduct(partial(_rerun, job, root=root, watch=watch is not False, detach=detach, as_json=as_json), as_json=as_json)


async def _submit(order: Order, *, root: Path | None, watch: bool, as_json: bool) -> ExitCode:
    (packaged,) = await _packaged([order], as_json=as_json)
    return await _see_through(packaged, root=root, watch=watch, as_json=as_json)


async def _submit_detached(order: Order, *, root: Path | None, as_json: bool) -> ExitCode:
    (packaged,) = await _packaged([order], as_json=as_json)
    return await _leave_behind(packaged, root=root, as_json=as_json)


async def _rerun(reference: str, *, root: Path | None, watch: bool, detach: bool, as_json: bool) -> ExitCode:
    from eigen.cli.session import look_up
    from eigen.client.packaging import PackagedJob
    from eigen.client.references import find_job
    from eigen.client.repetition import repetition

    with look_up(root) as api:
        request = await repetition(api, await find_job(api, reference))
    packaged = PackagedJob(request=request, warnings=())
    if detach:
        return await _leave_behind(packaged, root=root, as_json=as_json)
    return await _see_through(packaged, root=root, watch=watch, as_json=as_json)


async def _run(orders: Sequence[Order], *, root: Path | None, watch: bool, as_json: bool) -> ExitCode:
    from eigen.cli.pursuit import run_to_end

    return await run_to_end(
        await _packaged(orders, as_json=as_json),
        root=root,
        watch=watch and not as_json,
        announce=_note_submission_as_json if as_json else _note_submission,
        report=partial(_print_results, as_json=as_json),
    )


async def _see_through(packaged: PackagedJob, *, root: Path | None, watch: bool, as_json: bool) -> ExitCode:
    from eigen.cli.pursuit import run_to_end

    return await run_to_end(
        [packaged],
        root=root,
        watch=watch and not as_json,
        announce=_announce_as_json if as_json else _announce,
        report=partial(_tell_end, as_json=as_json),
    )


async def _leave_behind(packaged: PackagedJob, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.pursuit import hand_over
    from eigen.system.drain import start_drain
    from eigen.system.root import default_root
    from eigen.system.serving import is_served

    await hand_over([packaged], root=root, announce=_announce_as_json if as_json else _announce)
    folder = (root or default_root()).absolute()
    if not is_served(folder):
        start_drain(folder)
    return ExitCode.OK


async def _packaged(orders: Sequence[Order], *, as_json: bool) -> list[PackagedJob]:
    """Read all files before anything is submitted, so that one that is wrong costs nothing.

    People are told here what is suspicious; programs, beside the job.
    """
    import anyio.to_thread

    from eigen.cli.failures import tell_warnings

    packaged = [await anyio.to_thread.run_sync(order.package) for order in orders]
    if not as_json:
        for one in packaged:
            tell_warnings(one.warnings, as_json=False)
    return packaged


async def _tell_end(api: SystemApi, final: JobStatus, *, as_json: bool) -> None:
    from eigen.cli.pursuit import tell_end

    tell_end(final, as_json=as_json)


async def _print_results(api: SystemApi, final: JobStatus, *, as_json: bool) -> None:
    from eigen.cli.pursuit import tell_end
    from eigen.cli.results_view import print_results

    tell_end(final, as_json=as_json)
    if final.error is None:
        await print_results(api, final.job_id, as_json=as_json)


def _announce(status: JobStatus, warnings: Sequence[Diagnostic]) -> None:
    from eigen.cli.rendering import emit

    emit(f"Job submitted: job_id={status.job_id}")


def _announce_as_json(status: JobStatus, warnings: Sequence[Diagnostic]) -> None:
    from eigen.cli.rendering import show_json
    from eigen.cli.status_view import accepted_document

    show_json(accepted_document(status, warnings))


def _note_submission(status: JobStatus, warnings: Sequence[Diagnostic]) -> None:
    from eigen.cli.rendering import note

    note(f"Job submitted: job_id={status.job_id}")


def _note_submission_as_json(status: JobStatus, warnings: Sequence[Diagnostic]) -> None:
    from eigen.cli.rendering import note
    from eigen.cli.status_view import accepted_document

    note(json.dumps({"submitted": accepted_document(status, warnings)}, separators=(",", ":")))
