"""`eigen devices`: what can run circuits here."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import JsonOption, RootOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode
    from eigen.contracts.devices import DeviceInfo

__all__ = ["devices", "ls", "status"]

DeviceArgument = Annotated[
    str | None, typer.Argument(metavar="[DEVICE]", help="A device, such as sim:local; all of them without it.")
]


def devices(context: typer.Context, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show what can run circuits here."""
    if context.invoked_subcommand is None:
        ls(root=root, as_json=as_json)


def ls(root: RootOption = None, as_json: JsonOption = False) -> None:
    """List devices."""
    from eigen.cli.session import conduct

    conduct(partial(_list, root=root, as_json=as_json), as_json=as_json)


def status(device: DeviceArgument = None, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show whether devices take work."""
    from eigen.cli.session import conduct

    conduct(partial(_status, device, root=root, as_json=as_json), as_json=as_json)


async def _list(*, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_json
    from eigen.cli.session import look_around
    from eigen.contracts.wire import to_json

    async with look_around(root) as system:
        found = await system.api.list_devices()
    if as_json:
        show_json([to_json(one) for one in found])
    else:
        _show_devices(found)
    return ExitCode.OK


async def _status(device: str | None, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import STATE_STYLES, Column, show_json, show_table
    from eigen.cli.session import look_around
    from eigen.contracts.wire import to_json

    async with look_around(root) as system:
        wanted = [device] if device else [one.device_id for one in await system.api.list_devices()]
        found = [await system.api.get_device_status(one) for one in wanted]
    if as_json:
        show_json([to_json(one) for one in found])
    else:
        show_table(
            [Column("device"), Column("state", styles=STATE_STYLES), Column("reason")],
            [(one.device_id, one.state.value, one.reason) for one in found],
        )
    return ExitCode.OK


def _show_devices(found: tuple[DeviceInfo, ...]) -> None:
    from eigen.cli.rendering import Column, show_table

    columns = [
        Column("device"),
        Column("qubits", is_number=True),
        Column("max shots", is_number=True),
        Column("slots", is_number=True),
        Column("description"),
    ]
    show_table(
        columns,
        [(one.device_id, str(one.num_qubits), str(one.max_shots), str(one.slots), one.description) for one in found],
    )
