"""`eigen`: the table of commands, and the entrance. A command line loads the command that it names, and no other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer

from eigen.cli.exit_codes import ExitCode
from eigen.cli.failures import tell
from eigen.cli.rendering import emit
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.version import VERSION
from eigen.system.collector import spared_collector

__all__ = ["build_app", "main"]

_COMMANDS: Mapping[str, str] = {
    # name: module and function
    "init": "init.init",
    "submit": "submission.submit",
    "run": "submission.run",
    "rerun": "submission.rerun",
    "status": "jobs.status",
    "watch": "jobs.watch",
    "results": "jobs.results",
    "events": "jobs.events",
    "logs": "logs.logs",
    "trace": "trace.trace",
    "explain": "explain.explain",
    "jobs": "listing.jobs",
    "cancel": "cancellation.cancel",
    "compile": "programs.compile_program",
    "check": "programs.check",
    "serve": "serve.serve",
    "metrics": "serve.metrics",
    "doctor": "doctor.doctor",
    "config": "config.config",
    "version": "version.version",
}

_GROUPS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    # name: what it does without a command, its commands
    "artifacts": (
        "artifacts.artifacts",
        {
            "ls": "artifacts.ls",
            "cat": "artifacts.cat",
            "export": "artifacts.export",
            "verify": "artifacts.verify",
        },
    ),
    "devices": (
        "devices.devices",
        {
            "list": "devices.ls",
            "show": "devices.show",
            "calibrate": "devices.calibrate",
            "status": "devices.status",
            "reserve": "devices.reserve",
            "release": "devices.release",
        },
    ),
}

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""What `typer` raises for a command line that it cannot read; it has no public name for it."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave the process.

    Args:
        arguments: Words behind the program's name; None for those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # else closed by whoever started us
            stream.reconfigure(errors="backslashreplace")
    with spared_collector():  # what is loaded from here on stays
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
    sys.exit(code)


def build_app(only: str | None = None) -> typer.Typer:
    """Return the command line.

    Args:
        only: The one command or group that is wanted, so that the others are not loaded; None for all.
    """
    app = _group(_top)
    for name, home in _COMMANDS.items():
        if only in (None, name):
            app.command(name)(_load(home))
    for name, (alone, commands) in _GROUPS.items():
        if only in (None, name):
            group = _group(_load(alone))
            for inner, home in commands.items():
                group.command(inner)(_load(home))
            app.add_typer(group, name=name)
    return app


def _load(home: str) -> Callable[..., None]:
    module, function = home.split(".")
    command: Callable[..., None] = getattr(import_module(f"eigen.cli.commands.{module}"), function)
    return command


def _run(arguments: list[str]) -> int:
    try:
        ended = build_app(only=_wanted(arguments))(arguments, prog_name="eigen", standalone_mode=False)
    except _UsageError as error:
        _tell_usage(error, as_json="--json" in arguments)
        return ExitCode.USER_ERROR
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    return int(ended or ExitCode.OK)


def _wanted(arguments: Sequence[str]) -> str | None:
    """Return the command or group that a command line begins with; None where it begins with anything else."""
    return next((word for word in arguments[:1] if word in {*_COMMANDS, *_GROUPS}), None)


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
