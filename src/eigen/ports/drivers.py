"""`Driver` and `DriverManager`: backends behind one small interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from eigen.contracts.errors import UnimplementedError
from eigen.contracts.printable import printable

if TYPE_CHECKING:
    from eigen.contracts.aqo import CircuitProfile
    from eigen.contracts.devices import DeviceInfo, DeviceStatus
    from eigen.contracts.execution import Admission, ExecutionOptions, ExecutionRequest, ExecutionResult
    from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopRequest

__all__ = ["Driver", "DriverManager"]


class Driver(ABC):
    """One vendor's backends. Found by its entry point in the group `eigen.drivers`, made with no arguments.

    It is opened and closed as an asynchronous context manager, in one task. Opening must be quick and import no SDK;
    what is slow is done by `prepare` or the first `execute`.
    """

    name: str
    """The first part of its devices' ids, as in `sim:local`."""

    async def __aenter__(self) -> Self:
        """Begin to serve."""
        return self

    async def __aexit__(  # noqa: B027  # one that holds nothing has nothing to let go
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all work and let go of every process and connection."""

    @abstractmethod
    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return its devices; quick, without importing the SDK."""

    @abstractmethod
    async def status(self, device_id: str) -> DeviceStatus:
        """Return how a device is now.

        Raises:
            NotFoundError: It has no such device.
        """

    async def calibrate(self, device_id: str) -> DeviceStatus:
        """Renew what is known of a device's calibration, to which circuits are fitted from now on; return its status.

        Raises:
            NotFoundError: It has no such device.
            UnimplementedError: There is nothing to calibrate (reason `DEVICE_CALIBRATION`), as here.
            UnavailableError: The device cannot be asked.
        """
        await self.status(device_id)
        raise UnimplementedError(
            f"{printable(device_id)} has no calibration: there is nothing to renew",
            reason="DEVICE_CALIBRATION",
            hint="leave it as it is",
        )

    @abstractmethod
    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Say how a circuit would be run and what it takes; start nothing.

        What the device declares of itself (`DeviceInfo`) need not be checked here: the manager does, after this.

        Raises:
            NotFoundError: It has no such device.
            ResourceExhaustedError: It does not fit: the message has the figures.
            InvalidArgumentError: An option is unknown or wrong.
            UnimplementedError: The device lacks something that the circuit needs; the message names it.
        """

    async def prepare(self, device_id: str) -> None:  # noqa: B027  # a driver with nothing slow has nothing to do
        """Begin whatever is slow, such as starting a worker, and return at once; never needed for correctness."""

    @abstractmethod
    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Run a circuit once for each binding.

        When the calling task is cancelled, the work is really ended before this returns: its process is gone.

        Returns:
            One result for each binding, in order. The counts of each sum to the shots, or there is none of them. Where
            the circuit has observables, each result has their exact values.

        Raises:
            InvalidArgumentError: A binding lacks a value or gives an angle that is not finite.
            ResourceExhaustedError: The backend ran out of memory.
            UnavailableError: The backend died or cannot be reached; trying again may help.
            InternalError: The backend gave something that breaks its promises.
        """

    async def execute_many(self, requests: Sequence[ExecutionRequest]) -> tuple[tuple[ExecutionResult, ...], ...]:
        """Run several circuits of one job on one device, such as the measurement groups of an expectation value.

        One after the other, unless a driver sends them together, as it does where every call waits in a queue.

        Returns:
            For each request what `execute` returns; errors as there.
        """
        return tuple([await self.execute(request) for request in requests])

    def runs_loops(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> bool:
        """Return whether `minimize` can be asked for an admitted circuit; where not, the kernel executes each value.

        Args:
            device_id: One of its devices.
            profile: The circuit, observables included; its last state is no mixture (`estimation.measurement.is_pure`).
            options: How its values are asked for.
        """
        return False

    async def minimize(
        self, request: LoopRequest, *, journal: int, tell: Callable[[LoopProgress], None]
    ) -> LoopOutcome:
        """Run one start of a loop beside the engine, in a worker process.

        Args:
            request: What to minimise, and how.
            journal: Descriptor of the start's journal, open for reading and appending; the worker gets its own.
            tell: Is told how far it is, some times a second.

        Raises:
            EigenError: As `execute`.
        """
        raise UnimplementedError(f"{self.name} runs no loops", reason="DEVICE_LOOPS")


class DriverManager(ABC):
    """All drivers of a system; opened and closed as an asynchronous context manager."""

    async def __aenter__(self) -> Self:
        """Begin to serve."""
        return self

    async def __aexit__(  # noqa: B027  # one that holds nothing has nothing to let go
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every driver."""

    @abstractmethod
    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return all devices, by id."""

    @abstractmethod
    def device(self, target: str) -> DeviceInfo:
        """Return the device that a target means (`simulator` and `sim` mean `sim:local`).

        Raises:
            NotFoundError: There is none (reason `UNKNOWN_TARGET`); the hint has the nearest id.
        """

    @abstractmethod
    async def status(self, device_id: str) -> DeviceStatus:
        """Return how a device is now.

        Raises:
            NotFoundError: There is no such device.
        """

    @abstractmethod
    async def calibrate(self, device_id: str) -> DeviceStatus:
        """Renew what is known of a device's calibration; errors as `Driver.calibrate`."""

    @abstractmethod
    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Check a circuit against a device's capabilities; errors as `Driver.admit`."""

    @abstractmethod
    async def prepare(self, device_id: str) -> None:
        """Begin whatever is slow about a device, and return at once; unknown devices are ignored."""

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Run a circuit once for each binding, with results checked and normalised; errors as `Driver.execute`."""
        return (await self.execute_many((request,)))[0]

    @abstractmethod
    async def execute_many(self, requests: Sequence[ExecutionRequest]) -> tuple[tuple[ExecutionResult, ...], ...]:
        """Run several circuits of one job on one device, with results checked and normalised, one tuple for each.

        Errors as `Driver.execute`.
        """

    @abstractmethod
    def runs_loops(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> bool:
        """Return whether a device's driver runs loops beside its engine; as `Driver.runs_loops`."""

    @abstractmethod
    async def minimize(
        self, request: LoopRequest, *, journal: int, tell: Callable[[LoopProgress], None]
    ) -> LoopOutcome:
        """Run one start of a loop; as `Driver.minimize`."""
