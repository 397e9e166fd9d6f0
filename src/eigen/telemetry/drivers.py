"""`ObservedDriverManager`: every call of a driver counted and timed; every execution logged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.devices import DeviceInfo, DeviceStatus
from eigen.contracts.execution import Admission, ExecutionOptions, ExecutionRequest, ExecutionResult
from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopRequest
from eigen.ports.drivers import DriverManager
from eigen.telemetry.calls import Call, Calls, Instruments
from eigen.telemetry.metrics import OTHER

__all__ = ["ObservedDriverManager"]

_EXECUTIONS = frozenset({"execute", "minimize"})


class ObservedDriverManager(DriverManager):
    """Passes every call on to another driver manager, and opens and closes it."""

    def __init__(self, inner: DriverManager, instruments: Instruments) -> None:
        self._inner = inner
        self._metrics = instruments.metrics
        self._drivers: dict[str, str] = {}
        self._calls = Calls(
            instruments,
            prefix="driver",
            service="driver-manager",
            count=self._count,
            logged=_EXECUTIONS,
            traced=_EXECUTIONS,
        )

    async def __aenter__(self) -> Self:
        """Open the other manager."""
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the other manager."""
        await self._inner.__aexit__(kind, error, traceback)

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Pass on; a look into a table is no request."""
        return self._inner.devices()

    def device(self, target: str) -> DeviceInfo:
        """Pass on; a look into a table is no request."""
        return self._inner.device(target)

    async def status(self, device_id: str) -> DeviceStatus:
        """Pass on."""
        with self._calls("status", label=self._driver(device_id), device_id=device_id):
            return await self._inner.status(device_id)

    async def calibrate(self, device_id: str) -> DeviceStatus:
        """Pass on."""
        with self._calls("calibrate", label=self._driver(device_id), device_id=device_id):
            return await self._inner.calibrate(device_id)

    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Pass on."""
        with self._calls("admit", label=self._driver(device_id), device_id=device_id):
            return self._inner.admit(device_id, profile, options)

    async def prepare(self, device_id: str) -> None:
        """Pass on."""
        with self._calls("prepare", label=self._driver(device_id), device_id=device_id):
            await self._inner.prepare(device_id)

    async def execute_many(self, requests: Sequence[ExecutionRequest]) -> tuple[tuple[ExecutionResult, ...], ...]:
        """Pass on, and log the first circuit's digest and what was asked for."""
        first = requests[0]
        with self._calls(
            "execute",
            label=self._driver(first.device_id),
            job_id=first.job_id,
            device_id=first.device_id,
            payload_digest=first.payload.digest,
            num_circuits=len(requests),
            num_bindings=len(first.bindings),
            shots=first.options.shots,
        ):
            return await self._inner.execute_many(requests)

    def runs_loops(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> bool:
        """Pass on; a look into a table is no request."""
        return self._inner.runs_loops(device_id, profile, options)

    async def minimize(
        self, request: LoopRequest, *, journal: int, tell: Callable[[LoopProgress], None]
    ) -> LoopOutcome:
        """Pass on, and log the circuit's digest and the method."""
        with self._calls(
            "minimize",
            label=self._driver(request.device_id),
            job_id=request.job_id,
            device_id=request.device_id,
            payload_digest=request.payload.digest,
            method=request.task.method,
            start=request.task.start,
        ):
            return await self._inner.minimize(request, journal=journal, tell=tell)

    def _driver(self, device_id: str) -> str:
        """Return the name of a device's driver; whatever is no device of ours is `other`, lest callers make labels."""
        if device_id not in self._drivers:
            self._drivers = {device.device_id: device.driver for device in self._inner.devices()}
        return self._drivers.get(device_id, OTHER)

    def _count(self, call: Call) -> None:
        self._metrics.driver_request(call.label, op=call.op, status=call.status, duration_sec=call.duration_sec)
