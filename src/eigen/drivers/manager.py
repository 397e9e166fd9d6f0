"""`LocalDriverManager`: all drivers of a system in its own process.

It knows no vendor. It resolves targets, opens each driver once, and stands between every driver and the rest of the
system: nothing that a device cannot run goes in, and nothing that cannot be right comes out.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import anyio.to_thread

from eigen.contracts.devices import DeviceInfo, DeviceState, DeviceStatus, canonical_target
from eigen.contracts.errors import EigenError, InternalError, NotFoundError, UnimplementedError
from eigen.contracts.printable import printable, quoted
from eigen.drivers.registry import DriverProblem, find_drivers
from eigen.ports.drivers import Driver, DriverManager

if TYPE_CHECKING:
    from eigen.contracts.aqo import CircuitProfile
    from eigen.contracts.execution import Admission, ExecutionOptions, ExecutionRequest, ExecutionResult
    from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopRequest

__all__ = ["LocalDriverManager"]

_log = logging.getLogger(__name__)

T = TypeVar("T")

_NAMED_DEVICES = 2
"""Most devices that an error names as able to do what another one cannot."""

_NEAREST_DEVICES = 3
"""Most devices that an error names as what an unknown one may have meant."""

_SLIP_RATIO = 0.85
"""From which likeness on an unknown device is taken for a slip of the pen."""

_FEW_DEVICES = 8
"""Up to how many devices an error names all of them."""

_EXTRAS = {"fake": "ibm"}
"""Driver to the extra of this package without which it has no device."""


class LocalDriverManager(DriverManager):
    """Drivers in this process; opened and closed in one task.

    Args:
        drivers: Drivers by name; by default those that are installed.
        configured: Further ones by name, beside those that are installed.
    """

    def __init__(
        self, drivers: Mapping[str, Driver] | None = None, *, configured: Mapping[str, Driver] | None = None
    ) -> None:
        self._given = drivers
        self._configured = dict(configured or {})
        self._stack = AsyncExitStack()
        self._drivers: dict[str, Driver] = {}
        self._devices: dict[str, DeviceInfo] = {}
        self._problems: list[DriverProblem] = []

    @property
    def problems(self) -> tuple[DriverProblem, ...]:
        """Drivers that cannot be used, and why."""
        return tuple(self._problems)

    async def __aenter__(self) -> Self:
        """Find and open the drivers; one that fails is reported in `problems` and by its devices' absence."""
        await self._stack.__aenter__()
        drivers = self._given
        if drivers is None:
            found = await anyio.to_thread.run_sync(find_drivers)  # reads the metadata of all installed packages
            drivers = found.drivers
            self._problems.extend(found.problems)
        further = self._configured if self._given is None else {}
        for name, driver in [*drivers.items(), *further.items()]:
            await self._open(name, driver)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every driver, the last opened first."""
        self._drivers.clear()
        await self._stack.__aexit__(kind, error, traceback)

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return all devices, by id."""
        return tuple(self._devices[device_id] for device_id in sorted(self._devices))

    def device(self, target: str) -> DeviceInfo:
        """Return the device that a target means."""
        device_id = canonical_target(target)
        found = self._devices.get(device_id)
        if found is None:
            raise self._unknown(device_id)
        return found

    async def status(self, device_id: str) -> DeviceStatus:
        """Return how a device is now; UNKNOWN where its driver cannot tell."""
        device = self.device(device_id)
        try:
            return await self._driver(device).status(device.device_id)
        except Exception as error:  # noqa: BLE001  # asking for a state must not fail for one vendor's fault
            _log.warning("no status of %s", device.device_id, exc_info=error)
            reason = printable(str(error)) or type(error).__name__
            return DeviceStatus(device_id=device.device_id, state=DeviceState.UNKNOWN, reason=reason)

    async def calibrate(self, device_id: str) -> DeviceStatus:
        """Renew what is known of a device's calibration, and return how it is now."""
        device = self.device(device_id)
        return await self._guarded(device, self._driver(device).calibrate(device.device_id))

    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Check a circuit against a device; where that lacks something, the error names devices that have it."""
        device = self.device(device_id)
        try:
            return self._admission(device, profile, options)
        except UnimplementedError as error:
            able = list(islice(self._able(profile, options), _NAMED_DEVICES))
            if able:
                error.hint = "; ".join([*([error.hint] if error.hint else []), f"{' and '.join(able)} can run it"])
                error.details["devices"] = able
            raise

    def _admission(self, device: DeviceInfo, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Ask first what a device's driver knows, then what the device says of itself."""
        from eigen.drivers.capability import check_capabilities  # not before a circuit comes: a look-up needs none

        try:
            admission = self._driver(device).admit(device.device_id, profile, options)
        except EigenError:
            raise
        except Exception as error:
            raise _driver_failed(device, error) from error
        check_capabilities(device, profile, options)
        return admission

    def _able(self, profile: CircuitProfile, options: ExecutionOptions) -> Iterator[str]:
        """Yield the devices that can run a circuit without options of their own, simulators of this machine first."""
        plain = replace(options, driver_options={})
        for device in sorted(self._devices.values(), key=lambda one: (one.driver != "sim", one.device_id)):
            with suppress(EigenError):
                self._admission(device, profile, plain)
                yield device.device_id

    async def prepare(self, device_id: str) -> None:
        """Begin whatever is slow about a device, and return at once; unknown devices are ignored."""
        device = self._devices.get(canonical_target(device_id))
        if device is not None:
            await self._guarded(device, self._driver(device).prepare(device.device_id))

    async def execute_many(self, requests: Sequence[ExecutionRequest]) -> tuple[tuple[ExecutionResult, ...], ...]:
        """Run several circuits on one device, with everything checked on the way in and out."""
        from eigen.drivers.capability import check_format
        from eigen.drivers.outcome import broken_promise, check_bindings, checked_results

        device = self.device(requests[0].device_id)
        for request in requests:
            check_format(device, request.payload)
            self.admit(device.device_id, request.payload.profile, request.options)
            await check_bindings(request)
        found = await self._guarded(device, self._driver(device).execute_many(requests))
        if not isinstance(found, Sequence):
            raise broken_promise(device.device_id, f"gave a {type(found).__name__} in place of results")
        if len(found) != len(requests):
            raise broken_promise(device.device_id, f"gave results of {len(found)} circuits for {len(requests)}")
        return tuple([await checked_results(*one) for one in zip(requests, found, strict=True)])

    def runs_loops(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> bool:
        """Return whether a device's driver runs loops beside its engine."""
        device = self.device(device_id)
        return self._driver(device).runs_loops(device.device_id, profile, options)

    async def minimize(
        self, request: LoopRequest, *, journal: int, tell: Callable[[LoopProgress], None]
    ) -> LoopOutcome:
        """Run one start of a loop on a device whose driver runs loops."""
        device = self.device(request.device_id)
        self.admit(device.device_id, request.payload.profile, request.options)
        return await self._guarded(device, self._driver(device).minimize(request, journal=journal, tell=tell))

    async def _open(self, name: str, driver: Driver) -> None:
        try:
            await self._stack.enter_async_context(driver)
            found = await anyio.to_thread.run_sync(driver.devices)  # may read the metadata of packages
            devices = {device.device_id: device for device in found}
        except Exception as error:  # noqa: BLE001  # one vendor's fault must not take the system down
            _log.warning("the driver %s cannot be opened", printable(name), exc_info=error)
            self._problems.append(DriverProblem(name=name, reason=printable(f"{type(error).__name__}: {error}")))
            return
        for device_id in devices.keys() & self._devices.keys():
            self._problems.append(DriverProblem(name=name, reason=f"{printable(device_id)} belongs to another driver"))
            del devices[device_id]
        self._devices.update(devices)
        self._drivers.update(dict.fromkeys(devices, driver))

    def _driver(self, device: DeviceInfo) -> Driver:
        driver = self._drivers.get(device.device_id)
        if driver is None:
            raise NotFoundError(f"{printable(device.device_id)} is closed", reason="UNKNOWN_TARGET")
        return driver

    def _unknown(self, device_id: str) -> NotFoundError:
        for problem in self._problems:
            if device_id.partition(":")[0] == problem.name:
                return NotFoundError(
                    f"there is no device {quoted(device_id)}: its driver cannot be used ({problem.reason})",
                    reason="UNKNOWN_TARGET",
                    hint="repair or remove the driver's package",
                )
        name = device_id.partition(":")[0]
        if name in _EXTRAS and not any(one.startswith(f"{name}:") for one in self._devices):
            return NotFoundError(
                f"there is no device {quoted(device_id)}: its packages are not installed",
                reason="UNKNOWN_TARGET",
                hint=f"pip install 'eigen-os[{_EXTRAS[name]}]'",
            )
        return NotFoundError(
            f"there is no device {quoted(device_id)}", reason="UNKNOWN_TARGET", hint=_nearest(device_id, self._devices)
        )

    @staticmethod
    async def _guarded(device: DeviceInfo, work: Awaitable[T]) -> T:
        """Await a driver's work; nothing but an EigenError or a cancellation comes out."""
        try:
            return await work
        except EigenError:
            raise
        except Exception as error:
            raise _driver_failed(device, error) from error


def _nearest(device_id: str, known: Collection[str]) -> str:
    """Return a hint: the device that was meant, else the nearest ones, else all where they are few."""
    from difflib import get_close_matches

    slip = get_close_matches(device_id, known, n=1, cutoff=_SLIP_RATIO)
    if slip:
        return f"did you mean {slip[0]}?"
    nearest = get_close_matches(device_id, known, n=_NEAREST_DEVICES, cutoff=0.5)
    if nearest:
        return f"did you mean {' or '.join(nearest)}? `eigen devices` lists all"
    if len(known) <= _FEW_DEVICES:
        return f"there is: {', '.join(sorted(known)) or 'none'}"
    return f"`eigen devices` lists all {len(known)}"


def _driver_failed(device: DeviceInfo, error: Exception) -> InternalError:
    _log.error("the driver of %s failed", printable(device.device_id), exc_info=error)
    return InternalError(
        f"the driver of {printable(device.device_id)} failed with {type(error).__name__}",
        reason="DRIVER_FAILED",
        hint="the log has the full story",
    )
