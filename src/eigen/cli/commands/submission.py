"""`eigen submit` and `eigen run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import (
    InputOption,
    JsonOption,
    NameOption,
    PriorityOption,
    ProgramOption,
    RootOption,
    SeedOption,
    ShotsOption,
    TargetOption,
    TimeoutOption,
    WatchOption,
)

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.order import Order
    from eigen.cli.pursuit import Announce
    from eigen.contracts.jobs import JobStatus
    from eigen.contracts.requests import SubmitJobRequest
    from eigen.ports.system_api import SystemApi

__all__ = ["run", "submit"]

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
    target: TargetOption = None,
    shots: ShotsOption = None,
    seed: SeedOption = None,
    inputs: InputOption = None,
    priority: PriorityOption = None,
    timeout_sec: TimeoutOption = None,
    idempotency_key: KeyOption = "",
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Submit a job and see it through to its end.

    The first line names the job: from then on it is durable. The system runs in this process, which stays until the job
    has ended; Ctrl-C cancels the job.
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
            "target": target,
            "shots": shots,
            "seed": seed,
            "priority": priority,
            "timeout_sec": timeout_sec,
        },
        inputs=inputs or (),
        idempotency_key=idempotency_key,
    )
    if detach:
        conduct(partial(_submit_detached, order, root=root, as_json=as_json), as_json=as_json)
    conduct(partial(_submit, order, root=root, watch=watch is not False, as_json=as_json), as_json=as_json)


def run(
    files: FilesArgument,
    watch: WatchOption = None,
    target: TargetOption = None,
    shots: ShotsOption = None,
    seed: SeedOption = None,
    inputs: InputOption = None,
    timeout_sec: TimeoutOption = None,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run job files or programs and print their results.

    Takes job.yaml files, and programs without one: .eigen.py, .qasm and .aqo.json. Several files run side by side where
    their device has room. With --json each job's results.json is one line.
    """
    from eigen.cli.order import Order
    from eigen.cli.session import conduct

    overrides = {"target": target, "shots": shots, "seed": seed, "timeout_sec": timeout_sec}
    orders = [Order(file=file, overrides=overrides, inputs=inputs or ()) for file in files]
    conduct(partial(_run, orders, root=root, watch=watch is not False, as_json=as_json), as_json=as_json)


async def _submit(order: Order, *, root: Path | None, watch: bool, as_json: bool) -> ExitCode:
    from eigen.cli.pursuit import run_to_end, tell_end
    from eigen.cli.rendering import emit, show_json
    from eigen.contracts.wire import to_json

    async def report(api: SystemApi, final: JobStatus) -> None:
        if as_json:
            show_json(to_json(final))
        tell_end(final, as_json=as_json)

    return await run_to_end(
        await _requests([order], as_json=as_json),
        root=root,
        watch=watch and not as_json,
        announce=_announcing(as_json=as_json, to=emit),
        report=report,
    )


async def _run(orders: Sequence[Order], *, root: Path | None, watch: bool, as_json: bool) -> ExitCode:
    from eigen.cli.pursuit import run_to_end
    from eigen.cli.rendering import note

    return await run_to_end(
        await _requests(orders, as_json=as_json),
        root=root,
        watch=watch and not as_json,
        announce=_announcing(as_json=as_json, to=note),
        report=partial(_print_results, as_json=as_json),
    )


async def _submit_detached(order: Order, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import emit, show_json
    from eigen.contracts.wire import to_json
    from eigen.system.composition import open_system
    from eigen.system.drain import start_drain

    (request,) = await _requests([order], as_json=as_json)
    async with open_system(root, adopts=False, works=False) as system:
        status = await system.api.submit_job(request)
    if as_json:
        show_json(to_json(status))
    else:
        _announcing(as_json=False, to=emit)(status)
    start_drain(system.root)
    return ExitCode.OK


async def _requests(orders: Sequence[Order], *, as_json: bool) -> list[SubmitJobRequest]:
    """Read all files before anything is submitted, so that one that is wrong costs nothing."""
    import anyio.to_thread

    from eigen.cli.failures import tell_warnings

    packaged = [await anyio.to_thread.run_sync(order.package) for order in orders]
    for one in packaged:
        tell_warnings(one.warnings, as_json=as_json)
    return [one.request for one in packaged]


async def _print_results(api: SystemApi, final: JobStatus, *, as_json: bool) -> None:
    from eigen.cli.pursuit import tell_end
    from eigen.cli.results_view import print_results

    tell_end(final, as_json=as_json)
    if final.error is None:
        await print_results(api, final.job_id, as_json=as_json)


def _announcing(*, as_json: bool, to: Callable[[str], None]) -> Announce:
    """Return what names a job as soon as it is durable; with JSON nothing does, so that all that is printed is JSON."""

    def announce(status: JobStatus) -> None:
        if not as_json:
            to(f"Job submitted: job_id={status.job_id}")

    return announce
