"""`eigen config`: what is set, and where."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eigen.cli.options import JsonOption, RootOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode

__all__ = ["config"]


def config(root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show what is set, and where.

    Options stand above the environment, that above config.toml, and that above defaults.
    """
    from eigen.cli.session import perform

    perform(partial(_config, root=root, as_json=as_json), as_json=as_json)


def _config(*, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import Column, note, show_json, show_table
    from eigen.system.configuration import Setting, load_configuration

    configuration = load_configuration()
    settings = {name: Setting(_plain(one.value), one.origin) for name, one in configuration.everything().items()}
    if root is not None:
        settings["root"] = Setting(str(root), "--root")
    exists = configuration.file.exists()
    if as_json:
        document = {name: {"value": one.value, "origin": one.origin} for name, one in settings.items()}
        show_json({"file": str(configuration.file), "exists": exists, "settings": document})
        return ExitCode.OK
    rows = [(name, _shown(one.value), one.origin) for name, one in settings.items()]
    show_table([Column("key"), Column("value"), Column("from")], rows)
    note(f"{configuration.file}{'' if exists else ' is not there'}")
    return ExitCode.OK


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _shown(value: object) -> str:
    return "as much as there is" if value is None else str(value)
