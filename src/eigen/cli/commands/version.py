"""`eigen version`: what is installed, without loading any of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from eigen.cli.options import JsonOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode

__all__ = ["version", "versions"]

DISTRIBUTIONS = ("qiskit", "qiskit-aer", "numpy", "scipy", "anyio", "pydantic", "rich", "typer")
"""Libraries that matter to what a job gives, and to this command."""


def version(as_json: JsonOption = False) -> None:
    """Show what is installed: Eigen OS, Python, libraries."""
    from eigen.cli.session import perform

    perform(partial(_version, as_json=as_json), as_json=as_json)


def _version(*, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_facts, show_json

    found = versions()
    if as_json:
        show_json(found)
    else:
        show_facts({name: version or "not installed" for name, version in found.items()})
    return ExitCode.OK


def versions() -> dict[str, str | None]:
    """Return the versions of what is installed, by name; None where something is not."""
    import platform
    import sqlite3

    from eigen.contracts.version import VERSION

    own = {"eigen": VERSION, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    return own | {name: _installed(name) for name in DISTRIBUTIONS}


def _installed(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
