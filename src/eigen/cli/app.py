"""`eigen`: the table of commands, and the entrance."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, NoReturn

import typer

from eigen.cli.commands import artifacts, devices, jobs, programs, submission
from eigen.cli.commands import version as versions
from eigen.cli.exit_codes import ExitCode
from eigen.cli.failures import tell
from eigen.cli.rendering import emit
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.version import VERSION

__all__ = ["build_app", "main"]

_COMMANDS: Mapping[str, Callable[..., None]] = {
    "submit": submission.submit,
    "run": submission.run,
    "status": jobs.status,
    "watch": jobs.watch,
    "results": jobs.results,
    "jobs": jobs.jobs,
    "cancel": jobs.cancel,
    "compile": programs.compile_program,
    "check": programs.check,
    "version": versions.version,
}

_GROUPS: Mapping[str, tuple[Callable[..., None], Mapping[str, Callable[..., None]]]] = {
    # name: what it does without a command, its commands
    "artifacts": (
        artifacts.artifacts,
        {"ls": artifacts.ls, "cat": artifacts.cat, "export": artifacts.export, "verify": artifacts.verify},
    ),
    "devices": (devices.devices, {"list": devices.ls, "status": devices.status}),
}

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""What `typer` raises for a command line that it cannot read; it has no public name for it."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave the process.

    Args:
        arguments: Words behind the program's name; None for those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by whoever started us
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # typeshed says TextIO
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def build_app() -> typer.Typer:
    """Return the command line with all its commands."""
    app = _group(_top)
    for name, command in _COMMANDS.items():
        app.command(name)(command)
    for name, (alone, commands) in _GROUPS.items():
        group = _group(alone)
        for inner, command in commands.items():
            group.command(inner)(command)
        app.add_typer(group, name=name)
    return app


def _run(arguments: list[str]) -> int:
    try:
        ended = build_app()(arguments, prog_name="eigen", standalone_mode=False)
    except _UsageError as error:
        _tell_usage(error, as_json="--json" in arguments)
        return ExitCode.USER_ERROR
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    return int(ended or ExitCode.OK)


def _tell_usage(error: Exception, *, as_json: bool) -> None:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "eigen"
    message = str(error.format_message())  # type: ignore[attr-defined]  # every usage error of typer has it
    tell(InvalidArgumentError(message, reason="USAGE", hint=f"`{path} --help` shows how"), as_json=as_json)


def _group(callback: Callable[..., None]) -> typer.Typer:
    group = typer.Typer(
        invoke_without_command=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    group.callback()(callback)
    return group


def _show_version(wanted: bool) -> None:
    if wanted:
        emit(f"eigen {VERSION}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave.")
]


def _top(context: typer.Context, version: VersionOption = False) -> None:
    """Run quantum jobs that are never lost: compiled without executing your code, durable, repeatable."""
    if context.invoked_subcommand is None:
        emit(context.get_help())
