"""A driver that does what a test tells it: answer, wait, fail. A real driver, with no backend behind it.

Untold, it answers at once with the exact distribution of the circuit, apportioned to the shots, so that a Bell circuit
of 1024 shots always gives 512 of each.

Example:
    ```python
    async def test_a_failed_run_is_told(eigen_system, eigen_driver):
        eigen_driver.fail(UnavailableError("the cryostat is warm"), times=3)
        ...
    ```
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from anyio.from_thread import run_sync
from anyio.lowlevel import EventLoopToken, current_token

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.aqo_json import decode
from eigen.contracts.devices import DeviceInfo, DeviceState, DeviceStatus
from eigen.contracts.errors import NotFoundError
from eigen.contracts.execution import Admission, ExecutionOptions, ExecutionRequest, ExecutionResult
from eigen.contracts.gates import GATES
from eigen.contracts.printable import quoted
from eigen.contracts.version import VERSION
from eigen.ports.drivers import Driver
from eigen.verification.exact_distribution import apportioned, exact_distribution

__all__ = ["SCRIPTED_DEVICE", "ScriptedDriver"]

SCRIPTED_DEVICE = DeviceInfo(
    device_id="scripted:device",
    driver="scripted",
    description="Answers what a test has written",
    simulator=True,
    num_qubits=32,
    gates=tuple(GATES),
    max_shots=1_000_000,
    slots=4,
    mid_circuit_measurement=True,
    feed_forward=True,
    reset=True,
    noise_models=False,
    expectation_values=False,
)
"""The device of a `ScriptedDriver` that is not told otherwise."""


class ScriptedDriver(Driver):
    """A driver with one device.

    All of its methods belong to the event loop; only `release` may be called from another thread, as a synchronous test
    does.

    Args:
        device: What the device is and can do.

    Attributes:
        requests: Every request that `execute` was called with, in order.
        running: How many requests it works on now.
        cancelled: How many requests were cancelled while it worked on them.
        prepared: How often `prepare` was called.
        calibrated: How often `calibrate` was called.
    """

    name = "scripted"

    def __init__(self, device: DeviceInfo = SCRIPTED_DEVICE) -> None:
        self._device = device
        self.requests: list[ExecutionRequest] = []
        self.running = 0
        self.cancelled = 0
        self.prepared = 0
        self.calibrated = 0
        self._counts: Mapping[str, int] | None = None
        self._errors: list[BaseException] = []
        self._offline_reason = ""
        self._memory_of: Callable[[CircuitProfile], int] = _no_memory
        self._held: anyio.Event | None = None
        self._loop: EventLoopToken | None = None
        self._progress: anyio.Event | None = None

    def answer(self, counts: Mapping[str, int] | None) -> None:
        """Answer every request from now on with these counts, right or wrong; None: with the exact distribution."""
        self._counts = counts

    def fail(self, error: BaseException, *, times: int = 1) -> None:
        """Raise an error for the next requests; several calls queue up."""
        self._errors.extend([error] * times)

    def hold(self) -> None:
        """Let every request from now on wait until `release`."""
        self._held = anyio.Event()

    def release(self) -> None:
        """Let all requests that wait go on, and later ones pass."""
        held, self._held = self._held, None
        if held is None:
            return
        if self._loop is None or self._loop == _running_loop():
            held.set()
        else:
            run_sync(held.set, token=self._loop)

    def need(self, memory_of: Callable[[CircuitProfile], int]) -> None:
        """Say of every circuit from now on that it takes so many bytes of memory."""
        self._memory_of = memory_of

    def go_offline(self, reason: str) -> None:
        """Report the device as offline, for this reason; an empty one means online again."""
        self._offline_reason = reason

    async def started(self, num_requests: int = 1) -> None:
        """Return when so many requests have reached the driver, since it was made."""
        while len(self.requests) < num_requests:
            self._progress = self._progress or anyio.Event()
            await self._progress.wait()

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return the one device."""
        return (self._device,)

    async def status(self, device_id: str) -> DeviceStatus:
        """Return how the device is now."""
        self._check_device(device_id)
        state = DeviceState.OFFLINE if self._offline_reason else DeviceState.ONLINE
        return DeviceStatus(device_id=device_id, state=state, reason=self._offline_reason, running=self.running)

    async def calibrate(self, device_id: str) -> DeviceStatus:
        """Count the call."""
        self._check_device(device_id)
        self.calibrated += 1
        return await self.status(device_id)

    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Take everything; what the device lacks is for the manager to refuse."""
        self._check_device(device_id)
        return Admission(method="script", memory_bytes=self._memory_of(profile), explanation="nothing is simulated")

    async def prepare(self, device_id: str) -> None:
        """Count the call."""
        self._check_device(device_id)
        self.prepared += 1

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Do what the script says: wait, fail, or answer."""
        self._check_device(request.device_id)
        self._loop = current_token()
        self.requests.append(request)
        self._tell_progress()
        self.running += 1
        try:
            await self._wait_while_held()
            if self._errors:
                raise self._errors.pop(0)
            return tuple(self._result(request, binding) for binding in request.bindings)
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        finally:
            self.running -= 1

    async def _wait_while_held(self) -> None:
        await anyio.lowlevel.checkpoint()
        if self._held is not None:
            await self._held.wait()

    def _tell_progress(self) -> None:
        progress, self._progress = self._progress, None
        if progress is not None:
            progress.set()

    def _result(self, request: ExecutionRequest, binding: Mapping[str, float]) -> ExecutionResult:
        metadata: dict[str, Any] = {
            "backend": "scripted",
            "driver": self.name,
            "method": "script",
            "seed": request.options.seed,
            "versions": {"eigen-os": VERSION},
        }
        return ExecutionResult(counts=self._answer_for(request, binding), execution_time_sec=0.0, metadata=metadata)

    def _answer_for(self, request: ExecutionRequest, binding: Mapping[str, float]) -> dict[str, int]:
        if self._counts is not None:
            return dict(self._counts)
        distribution = exact_distribution(decode(request.payload.data), binding)
        return apportioned(_normalised(distribution), request.options.shots)

    def _check_device(self, device_id: str) -> None:
        if device_id != self._device.device_id:
            raise NotFoundError(
                f"the driver {self.name} has no device {quoted(device_id)}",
                reason="UNKNOWN_TARGET",
                hint=f"it has {self._device.device_id}",
            )


def _no_memory(profile: CircuitProfile) -> int:
    return 0


def _normalised(distribution: Mapping[str, float]) -> dict[str, float]:
    total = math.fsum(distribution.values())
    return {bits: probability / total for bits, probability in distribution.items()}


def _running_loop() -> EventLoopToken | None:
    try:
        return current_token()
    except anyio.NoEventLoopError:
        return None
