"""`eigen compile` and `eigen check`: programs that are not run. They leave nothing in the system's folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import InputOption, JsonOption, ProgramOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.order import Order
    from eigen.contracts.compilation import CompiledProgram
    from eigen.contracts.diagnostics import Diagnostic
    from eigen.contracts.errors import EigenError
    from eigen.contracts.requests import SubmitJobRequest
    from eigen.ports.system_api import SystemApi

__all__ = ["check", "compile_program"]


class Form(StrEnum):
    """What a compiled program may be written as."""

    AQO = "aqo"
    QASM3 = "qasm3"
    QASM2 = "qasm2"


JobOption = Annotated[Path, typer.Option("--job", metavar="FILE", help="A job.yaml, or a program file.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write here instead of stdout, which - means too.")
]
EmitOption = Annotated[Form, typer.Option("--emit", help="What to write: canonical AQO, or OpenQASM.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A job.yaml, or a program file.")]


def compile_program(
    job: JobOption,
    out: OutOption = None,
    emit: EmitOption = Form.AQO,
    program: ProgramOption = None,
    inputs: InputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compile a program to AQO or OpenQASM without running it.

    OpenQASM 3 keeps parameters as inputs; OpenQASM 2 has none, so that they take the values that the inputs give them.
    """
    from eigen.cli.order import Order
    from eigen.cli.session import conduct

    out = None if out == Path("-") else out
    if as_json and emit is not Form.AQO:
        raise typer.BadParameter("--json prints canonical AQO; leave --emit or --json out")
    order = Order(file=job, program=program, inputs=inputs or ())
    conduct(partial(_compile, order, out=out, emit=emit, as_json=as_json), as_json=as_json)


def check(file: FileArgument, inputs: InputOption = None, as_json: JsonOption = False) -> None:
    """Check a job file or program without running it.

    Shows everything that is wrong. Exit code 2 where anything is an error.
    """
    from eigen.cli.order import Order
    from eigen.cli.session import conduct

    conduct(partial(_check, Order(file=file, inputs=inputs or ()), as_json=as_json), as_json=as_json)


async def _compile(order: Order, *, out: Path | None, emit: Form, as_json: bool) -> ExitCode:
    import anyio.to_thread

    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.failures import tell_warnings
    from eigen.cli.files import write_whole
    from eigen.cli.rendering import emit_bytes, note

    packaged = await anyio.to_thread.run_sync(order.package)
    async with _nowhere() as api:
        compiled = await _compiled(api, packaged.request)
    tell_warnings((*packaged.warnings, *compiled.warnings), as_json=as_json)
    content = await anyio.to_thread.run_sync(_written, compiled, emit)
    if out is None or as_json:
        emit_bytes(content)
    if out is not None:
        await anyio.to_thread.run_sync(write_whole, out, content)
        if not as_json:
            note(f"{compiled.profile.qubits} qubits, sha256 {compiled.digest}")
    return ExitCode.OK


def _written(compiled: CompiledProgram, form: Form) -> bytes:
    """Return a compiled program in one of its forms."""
    if form is Form.AQO:
        return compiled.aqo_json
    from eigen.contracts.aqo_json import decode
    from eigen.formats.openqasm_export import to_openqasm2, to_openqasm3

    circuit = decode(compiled.aqo_json, require_measurement=False)
    if form is Form.QASM3:
        return to_openqasm3(circuit).encode()
    return to_openqasm2(circuit, binding=compiled.binding).encode()


async def _check(order: Order, *, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.failures import diagnostic_lines
    from eigen.cli.rendering import note, show_json, show_styled
    from eigen.contracts.diagnostics import Severity
    from eigen.contracts.wire import to_json

    diagnostics = await _diagnostics(order)
    errors = sum(one.severity is Severity.ERROR for one in diagnostics)
    if as_json:
        show_json([to_json(one) for one in diagnostics])
    else:
        show_styled(diagnostic_lines(diagnostics))
        note(f"errors: {errors}, warnings: {len(diagnostics) - errors}" if diagnostics else "nothing is wrong")
    return ExitCode.USER_ERROR if errors else ExitCode.OK


async def _diagnostics(order: Order) -> list[Diagnostic]:
    """Return everything that is suspicious or wrong, as far as it can be read."""
    import anyio.to_thread

    from eigen.contracts.errors import EigenError

    try:
        packaged = await anyio.to_thread.run_sync(order.package)
    except EigenError as error:
        return [*_diagnostics_of(error)]
    async with _nowhere() as api:
        checked = await api.check_job(packaged.request)
    problems = [diagnostic for error in checked.problems for diagnostic in _diagnostics_of(error)]
    return [*packaged.warnings, *problems, *checked.warnings]


def _diagnostics_of(error: EigenError) -> Iterable[Diagnostic]:
    """Return a user's error as diagnostics; raise any other one again."""
    from eigen.cli.exit_codes import ExitCode, exit_code_of
    from eigen.contracts.diagnostics import Diagnostic

    if exit_code_of(error) is not ExitCode.USER_ERROR:
        raise error
    path = _PATHS.get(error.reason, "")
    return error.diagnostics or (Diagnostic(code=error.reason, message=error.message, hint=error.hint, path=path),)


_PATHS = {"JOBSPEC_UNKNOWN_TARGET": "spec.target"}
"""Where a fault stands in the job file that its error tells in words only."""


async def _compiled(api: SystemApi, request: SubmitJobRequest) -> CompiledProgram:
    from eigen.contracts.requests import CompileJobRequest

    body = request.spec.spec
    return await api.compile(CompileJobRequest(source=request.source, entrypoint=body.entrypoint, inputs=body.inputs))


@asynccontextmanager
async def _nowhere() -> AsyncIterator[SystemApi]:
    """Open a system on a folder that goes with it: what is only compiled is not kept."""
    from tempfile import TemporaryDirectory

    from eigen.cli.session import look_around

    with TemporaryDirectory(prefix="eigen-") as folder:
        async with look_around(Path(folder)) as system:
            yield system.api
