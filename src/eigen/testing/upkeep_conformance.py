"""What a driver does beside running circuits: it prepares at once, and calibrates what has a calibration."""

from __future__ import annotations

import json

import anyio

from eigen.contracts.devices import DeviceStatus
from eigen.contracts.errors import NotFoundError, UnavailableError, UnimplementedError
from eigen.testing.driver_subject import LONGEST_STANDSTILL_SEC, DriverSubject, with_standstill
from eigen.testing.expectations import expect

__all__ = ["check_calibrate", "check_prepare"]

_AT_ONCE_SEC = 0.5
_TRIES = 5


async def check_prepare(subject: DriverSubject) -> None:
    """Prepare some times; a busy machine may hold up any of them, but hardly all."""
    took_sec, standstills_sec = [], []
    for _ in range(_TRIES):
        began = anyio.current_time()
        _, standstill_sec = await with_standstill(subject.driver.prepare(subject.device.device_id))
        took_sec.append(anyio.current_time() - began)
        standstills_sec.append(standstill_sec)
        if took_sec[-1] < _AT_ONCE_SEC and standstill_sec < LONGEST_STANDSTILL_SEC:
            break
    expect(min(standstills_sec) < LONGEST_STANDSTILL_SEC, f"it blocks the event loop, for {min(standstills_sec):.3f} s")
    expect(min(took_sec) < _AT_ONCE_SEC, f"it does not return at once, but after {min(took_sec):.1f} s")


async def check_calibrate(subject: DriverSubject) -> None:
    """Calibrate, or be told that there is nothing to; the device runs afterwards as before."""
    device_id = subject.device.device_id
    try:
        status = await subject.driver.calibrate(device_id)
    except UnimplementedError as error:
        expect(error.reason == "DEVICE_CALIBRATION", f"it is refused for the reason {error.reason}")
    except UnavailableError:
        subject.untried.append("a calibration: the device cannot be asked")
    else:
        _check_status(status, device_id)
    try:
        await subject.driver.calibrate(f"{subject.device.driver}:no-such-device")
    except NotFoundError:
        pass
    else:
        raise AssertionError("calibrate() did not raise NotFoundError when there is no such device")
    await subject.run(subject.coins())


def _check_status(status: object, device_id: str) -> None:
    if not isinstance(status, DeviceStatus):
        raise AssertionError(f"it returned a {type(status).__name__}, not a status")  # noqa: TRY004  # as every fault
    expect(status.device_id == device_id, f"it returned the status of {status.device_id!r}")
    try:
        json.dumps(dict(status.properties), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"the properties are no JSON: {error}") from error
