"""`SimulatorDriver`: simulators of this machine, each a device with its own workers, under one budget of memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.devices import DeviceInfo, DeviceStatus
from eigen.contracts.errors import NotFoundError
from eigen.contracts.execution import Admission, ExecutionOptions, ExecutionRequest, ExecutionResult
from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopRequest
from eigen.contracts.printable import printable, quoted
from eigen.drivers.budget import MemoryBudget
from eigen.drivers.simulator.auto import AutoDevice
from eigen.drivers.simulator.description import Simulator
from eigen.drivers.simulator.device import SimulatorDevice
from eigen.drivers.simulator.installation import usable_cores
from eigen.drivers.simulator.memory import available_bytes
from eigen.ports.drivers import Driver

__all__ = ["SimulatorDriver"]


class SimulatorDriver(Driver):
    """Simulation on this machine by the engines that are given.

    Args:
        simulators: The engines.
        memory_limit_bytes: Most memory that all runs together may take; by default 80 % of what is available.
        num_workers: Most worker processes of each engine; by default one for each core.
    """

    name = "sim"

    def __init__(
        self, simulators: Iterable[Simulator], *, memory_limit_bytes: int | None = None, num_workers: int | None = None
    ) -> None:
        limit_bytes = memory_limit_bytes or available_bytes()
        budget = MemoryBudget(limit_bytes)
        self._engines = {
            one.name: SimulatorDevice(
                one, budget=budget, limit_bytes=limit_bytes, num_workers=num_workers or usable_cores()
            )
            for one in simulators
        }
        self._devices: dict[str, SimulatorDevice | AutoDevice] = {
            device.simulator.device_id: device for device in self._engines.values()
        }
        self._stack = AsyncExitStack()

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The ids of the processes that work for this driver now."""
        return tuple(pid for device in self._engines.values() for pid in device.pool.process_ids)

    async def __aenter__(self) -> Self:
        """Begin to serve; no process is started yet."""
        await self._stack.__aenter__()
        for device in self._engines.values():
            await self._stack.enter_async_context(device.pool)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End every worker process."""
        await self._stack.__aexit__(kind, error, traceback)

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return a device for each engine, installed or not."""
        return tuple(device.info for device in self._devices.values())

    async def status(self, device_id: str) -> DeviceStatus:
        """Return how a device is now: offline when its engine is not installed or could not be loaded."""
        return self._device(device_id).status()

    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Say which method would be used and why, and how much memory it takes."""
        return self._device(device_id).admit(profile, options)

    async def prepare(self, device_id: str) -> None:
        """Start a worker in the background."""
        self._device(device_id).prepare()

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Run a circuit in a worker process, once for each binding; when cancelled, that process is gone."""
        return await self._device(request.device_id).execute(request)

    def runs_loops(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> bool:
        """Return whether the method that would be used runs loops in its workers."""
        return self._device(device_id).runs_loops(profile, options)

    async def minimize(
        self, request: LoopRequest, *, journal: int, tell: Callable[[LoopProgress], None]
    ) -> LoopOutcome:
        """Run one start of a loop in a worker process; when cancelled, that process is gone."""
        return await self._device(request.device_id).minimize(request, journal=journal, tell=tell)

    def _device(self, device_id: str) -> SimulatorDevice | AutoDevice:
        device = self._devices.get(device_id)
        if device is None:
            raise NotFoundError(
                f"the driver {self.name} has no device {quoted(device_id)}",
                reason="UNKNOWN_TARGET",
                hint=f"it has {printable(', '.join(self._devices))}",
            )
        return device
