"""Devices and their state, as `eigen devices` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["CircuitFormat", "DeviceInfo", "DeviceState", "DeviceStatus", "Reservation", "canonical_target"]

_TARGET_ALIASES = {"sim": "sim:local", "simulator": "sim:local"}


def canonical_target(target: str) -> str:
    """Return the device id that a target means: `simulator` and `sim` mean `sim:local`."""
    return _TARGET_ALIASES.get(target, target)


class CircuitFormat(StrEnum):
    """How the bytes of a circuit are to be read."""

    AQO_JSON = "AQO_JSON"
    QASM3_TEXT = "QASM3_TEXT"
    BACKEND_NATIVE = "BACKEND_NATIVE"


class DeviceState(StrEnum):
    """Whether a device takes work."""

    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInfo:
    """What a device is and can do.

    Attributes:
        device_id: `<driver>:<device>`, such as `sim:local`.
        driver: Name of its driver.
        description: One sentence.
        simulator: Whether it simulates.
        num_qubits: Most qubits of any circuit that it can run here.
        max_qubits: Most qubits of circuits that it has a cheaper method for, such as Clifford ones; None where it has
            none.
        gates: Names of the gates that it runs, Eigen-Lang's spelling.
        connectivity: Pairs of qubits, the lower first, that a gate can act on together; None where any can, or where
            only its driver can tell which, which then `routes`.
        routes: Whether its driver fits circuits to the connectivity. Where not, a circuit with a gate on other pairs is
            refused.
        max_shots: Most shots of one run.
        slots: How many circuits it runs at once.
        max_batch: How many circuits, each with its values, are best sent in one call, as where every call waits in a
            queue; 1 where a call costs nothing.
        mid_circuit_measurement: Whether a qubit may be used after it was measured.
        feed_forward: Whether operations may depend on measured bits.
        reset: Whether it can reset a qubit.
        noise_models: Whether it takes `noise_model`.
        expectation_values: Whether it gives exact expectation values.
        formats: How circuits may be sent to it.
        versions: Libraries and their versions.
    """

    device_id: str
    driver: str
    description: str
    simulator: bool
    num_qubits: int
    gates: tuple[str, ...]
    max_shots: int
    slots: int
    mid_circuit_measurement: bool = False
    feed_forward: bool = False
    reset: bool = False
    noise_models: bool = False
    expectation_values: bool = False
    max_qubits: int | None = None
    connectivity: tuple[tuple[int, int], ...] | None = None
    routes: bool = False
    max_batch: int = 1
    formats: tuple[CircuitFormat, ...] = (CircuitFormat.AQO_JSON,)
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A slot of a device that is kept for one subject's jobs for some time.

    Attributes:
        reservation_id: Its id.
        device_id: Which device.
        subject: For whom.
        tenant: On whose behalf.
        purpose: Why, in the subject's words.
        created_at: When it was given.
        expires_at: When it ends by itself; for people, the system counts on a clock that is never set.
    """

    reservation_id: str
    device_id: str
    subject: str
    tenant: str
    purpose: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """How a device is now.

    Attributes:
        device_id: Which device.
        state: Whether it takes work.
        reason: Why it does not.
        running: Circuits running in this system.
        queued: Jobs waiting for it in this system.
        reserved: How many of its slots are kept for somebody.
        reservations: Those of them that the asker may know of, the first to end at the front.
        properties: What its vendor measured of it, such as couplings, lifetimes and errors; JSON values.
    """

    device_id: str
    state: DeviceState
    reason: str = ""
    running: int = 0
    queued: int = 0
    reserved: int = 0
    reservations: tuple[Reservation, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
