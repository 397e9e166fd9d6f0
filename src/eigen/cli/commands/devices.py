"""`eigen devices`: what can run circuits here, and slots of it that are kept for oneself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eigen.cli.options import JsonOption, RootOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode
    from eigen.contracts.devices import DeviceInfo, DeviceStatus, Reservation
    from eigen.ports.system_api import SystemApi

__all__ = ["calibrate", "devices", "ls", "release", "reserve", "show", "status"]

OneDeviceArgument = Annotated[str, typer.Argument(metavar="DEVICE", help="A device, such as sim:local.")]
DeviceArgument = Annotated[
    str | None, typer.Argument(metavar="[DEVICE]", help="A device, such as sim:local; all of them without it.")
]
TtlOption = Annotated[str, typer.Option("--ttl", metavar="TIME", help="How long, such as 90s, 10m or 1h.")]
PurposeOption = Annotated[str, typer.Option("--purpose", metavar="TEXT", help="Why; others see it.")]


def devices(context: typer.Context, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show what can run circuits here."""
    if context.invoked_subcommand is None:
        ls(root=root, as_json=as_json)


def ls(root: RootOption = None, as_json: JsonOption = False) -> None:
    """List devices."""
    from eigen.cli.session import conduct

    conduct(partial(_list, root=root, as_json=as_json), as_json=as_json)


def status(device: DeviceArgument = None, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show whether devices take work, and for whom slots are kept."""
    from eigen.cli.session import conduct

    conduct(partial(_status, device, root=root, as_json=as_json), as_json=as_json)


def show(device: OneDeviceArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show everything that a device can do."""
    from eigen.cli.session import conduct

    conduct(partial(_show, device, root=root, as_json=as_json), as_json=as_json)


def calibrate(device: OneDeviceArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Renew what is known of a device's calibration, and show it."""
    from eigen.cli.session import conduct

    conduct(partial(_calibrate, device, root=root, as_json=as_json), as_json=as_json)


def reserve(
    device: OneDeviceArgument,
    ttl: TtlOption,
    purpose: PurposeOption = "",
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a slot of a device for your own jobs, on the whole root, until its time is over or it is released."""
    from eigen.cli.session import conduct

    conduct(partial(_reserve, device, ttl, purpose=purpose, root=root, as_json=as_json), as_json=as_json)


def release(
    reservation: Annotated[str, typer.Argument(metavar="RESERVATION", help="Its id; `devices status` shows it.")],
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a reservation before its time is over."""
    from eigen.cli.session import conduct

    conduct(partial(_release, reservation, root=root, as_json=as_json), as_json=as_json)


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


async def _show(device: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_facts, show_json
    from eigen.cli.session import look_around
    from eigen.contracts.wire import to_json

    async with look_around(root) as system:
        found = await system.api.get_device_details(device)
    if as_json:
        show_json(to_json(found))
    else:
        show_facts(
            {name.replace("_", " "): _told(value) for name, value in to_json(found).items() if value is not None}
        )
    return ExitCode.OK


def _told(value: Any) -> str:
    """Return a fact of a device in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join("-".join(map(str, one)) if isinstance(one, list) else str(one) for one in value)
    return str(value)


async def _calibrate(device: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_json
    from eigen.cli.session import look_around
    from eigen.contracts.wire import to_json

    async with look_around(root) as system:
        found = await system.api.calibrate_device(device)
    if as_json:
        show_json(to_json(found))
    else:
        _show_states([found])
        _show_properties(found.properties)
    return ExitCode.OK


async def _status(device: str | None, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_json
    from eigen.cli.session import look_around
    from eigen.contracts.wire import to_json

    async with look_around(root) as system:
        wanted = [device] if device else [one.device_id for one in await system.api.list_devices()]
        found = await _states(system.api, wanted)
    if as_json:
        show_json([to_json(one) for one in found])
    else:
        _show_states(found)
        _show_reservations([reservation for one in found for reservation in one.reservations])
        if device:
            _show_properties(found[0].properties)
    return ExitCode.OK


async def _states(api: SystemApi, device_ids: list[str]) -> list[DeviceStatus]:
    """Ask for the states of devices at once: some are asked over a network."""
    import anyio

    from eigen.contracts.errors import EigenError

    found: dict[str, DeviceStatus] = {}
    failures: list[EigenError] = []

    async def ask(device_id: str) -> None:
        try:
            found[device_id] = await api.get_device_status(device_id)
        except EigenError as error:
            failures.append(error)

    async with anyio.create_task_group() as tasks:
        for device_id in device_ids:
            tasks.start_soon(ask, device_id)
    if failures:
        raise failures[0]
    return [found[device_id] for device_id in device_ids]


def _show_states(found: list[DeviceStatus]) -> None:
    from eigen.cli.rendering import STATE_STYLES, Column, show_table

    columns = [
        Column("device"),
        Column("state", styles=STATE_STYLES),
        Column("reserved", is_number=True),
        Column("reason"),
    ]
    show_table(columns, [(one.device_id, one.state.value, str(one.reserved), one.reason) for one in found])


def _show_properties(properties: Mapping[str, Any]) -> None:
    """Print what a vendor measured of a device; nested values as JSON."""
    import json

    from eigen.cli.rendering import emit, show_facts

    if properties:
        emit("")
        show_facts({key: one if isinstance(one, str) else json.dumps(one) for key, one in properties.items()})


async def _reserve(device: str, ttl: str, *, purpose: str, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.moments import parse_duration
    from eigen.cli.rendering import emit, show_json
    from eigen.cli.session import look_around
    from eigen.contracts.wire import format_time, to_json

    ttl_sec = parse_duration(ttl, option="--ttl")
    async with look_around(root) as system:
        held = await system.api.reserve_device(device, ttl_sec=ttl_sec, purpose=purpose)
    if as_json:
        show_json(to_json(held))
    else:
        until = format_time(held.expires_at)
        emit(f"Slot reserved: reservation_id={held.reservation_id} device={held.device_id} until={until}")
    return ExitCode.OK


async def _release(reservation_id: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import emit, show_json
    from eigen.cli.session import look_around

    async with look_around(root) as system:
        await system.api.release_reservation(reservation_id)
    if as_json:
        show_json({"reservation_id": reservation_id})
    else:
        emit(f"Slot released: reservation_id={reservation_id}")
    return ExitCode.OK


def _show_reservations(found: list[Reservation]) -> None:
    from eigen.cli.rendering import Column, emit, show_table
    from eigen.contracts.wire import format_time

    if found:
        emit("")
        show_table(
            [Column("reservation"), Column("device"), Column("for"), Column("until"), Column("purpose")],
            [
                (one.reservation_id, one.device_id, one.subject, format_time(one.expires_at), one.purpose)
                for one in found
            ],
        )


def _show_devices(found: tuple[DeviceInfo, ...]) -> None:
    from eigen.cli.rendering import Column, show_table

    columns = [
        Column("device"),
        Column("qubits", is_number=True),
        Column("coupled"),
        Column("max shots", is_number=True),
        Column("slots", is_number=True),
        Column("description"),
    ]
    show_table(
        columns,
        [
            (one.device_id, _qubits(one), _coupled(one), str(one.max_shots), str(one.slots), one.description)
            for one in found
        ],
    )


def _coupled(device: DeviceInfo) -> str:
    """Return how many pairs of qubits gates can act on, or whether that is for the driver to know."""
    if device.connectivity is not None:
        return f"{len(device.connectivity)} pairs"
    return "routed" if device.routes else "all"


def _qubits(device: DeviceInfo) -> str:
    """Return how many qubits any circuit may have, and how many those may have that it has a cheaper method for."""
    more = device.max_qubits
    return str(device.num_qubits) if more in (None, device.num_qubits) else f"{device.num_qubits} ({more})"
