"""`sim:auto`: not an engine but the choice of one, made anew for each circuit and told with its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.devices import DeviceInfo, DeviceState, DeviceStatus
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.execution import Admission, ExecutionOptions, ExecutionRequest, ExecutionResult
from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopRequest
from eigen.contracts.printable import quoted
from eigen.drivers.simulator.choice import EngineChoice, choose_engine
from eigen.drivers.simulator.device import SimulatorDevice

__all__ = ["AutoDevice"]


class AutoDevice:
    """The fastest engine that is exact for a circuit.

    Args:
        devices: The engines by name; `local` among them.
    """

    def __init__(self, devices: Mapping[str, SimulatorDevice]) -> None:
        self._devices = devices

    @cached_property
    def info(self) -> DeviceInfo:
        """What it is and can do: what `sim:local` can, by the best engine."""
        infos = [device.info for device in self._usable.values()]
        return replace(
            self._devices["local"].info,
            device_id="sim:auto",
            description=f"The fastest engine for each circuit: {', '.join(self._usable)}",
            max_qubits=max(info.max_qubits or info.num_qubits for info in infos),
            versions=tuple(dict.fromkeys(version for info in infos for version in info.versions)),
        )

    def status(self) -> DeviceStatus:
        """Return how it is now: it takes work as long as Aer does."""
        states = [device.status() for device in self._usable.values()]
        return replace(states[0], device_id="sim:auto", state=DeviceState(states[0].state))

    def admit(self, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Say which engine and method would be used and why; errors as `Driver.admit`."""
        choice, device = self._choice(profile, options)
        admission = device.admit(profile, options)
        return replace(admission, method=f"{choice.engine} {admission.method}", explanation=choice.reason)

    def prepare(self) -> None:
        """Start a worker of the engine for small circuits; which one is needed is known when the circuit is."""
        small = CircuitProfile(qubits=2, clbits=2, op_counts={})
        self._choice(small, ExecutionOptions(shots=1, seed=0))[1].prepare()

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Run a circuit on its engine, once for each binding; when cancelled, the process is gone."""
        choice, device = self._choice(request.payload.profile, request.options)
        results = await device.execute(request)
        return tuple(
            replace(result, metadata={**result.metadata, "engine_reason": choice.reason}) for result in results
        )

    def runs_loops(self, profile: CircuitProfile, options: ExecutionOptions) -> bool:
        """Return whether loops over an admitted circuit run beside its engine."""
        return self._choice(profile, options)[1].runs_loops(profile, options)

    async def minimize(
        self, request: LoopRequest, *, journal: int, tell: Callable[[LoopProgress], None]
    ) -> LoopOutcome:
        """Run a start of a loop beside the circuit's engine; when cancelled, the process is gone."""
        device = self._choice(request.payload.profile, request.options)[1]
        return await device.minimize(request, journal=journal, tell=tell)

    @cached_property
    def _usable(self) -> dict[str, SimulatorDevice]:
        return {name: device for name, device in self._devices.items() if not device.missing}

    def _choice(self, profile: CircuitProfile, options: ExecutionOptions) -> tuple[EngineChoice, SimulatorDevice]:
        for name in options.driver_options:
            raise InvalidArgumentError(
                f"sim:auto has no driver option {quoted(name)}: it chooses engine and method",
                reason="DRIVER_OPTION",
                hint="name an engine as the target, such as sim:local, and give it the option",
            )
        choice = choose_engine(profile, options, installed=self._usable.keys())
        return choice, self._devices[choice.engine]
