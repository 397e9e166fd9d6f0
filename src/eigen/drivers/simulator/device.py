"""One engine as a device: says what it can run and how, and runs it in worker processes.

The engine's library is imported by the workers only. Several bindings of a circuit go to a worker in one frame; a
request that was cancelled takes its worker with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.devices import DeviceInfo, DeviceState, DeviceStatus
from eigen.contracts.errors import FailedPreconditionError, InvalidArgumentError, UnavailableError, UnimplementedError
from eigen.contracts.execution import (
    MAX_SHOTS,
    Admission,
    ExecutionOptions,
    ExecutionRequest,
    ExecutionResult,
)
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopRequest
from eigen.contracts.noise import NoiseModel, read_noise_model
from eigen.contracts.printable import printable, quoted
from eigen.contracts.rotations import CLIFFORD_GATES
from eigen.contracts.version import VERSION
from eigen.contracts.wire import from_json, to_json
from eigen.drivers.budget import MemoryBudget
from eigen.drivers.simulator.batches import batches, seeds_of
from eigen.drivers.simulator.collector import Collector
from eigen.drivers.simulator.description import Choice, Method, Simulator
from eigen.drivers.simulator.installation import installed_versions, usable_cores, worker_environment
from eigen.drivers.simulator.memory import admitted_bytes, max_qubits
from eigen.workers.pool import WorkerPool, WorkerRequest

__all__ = ["SimulatorDevice"]

_NOT_GATES = frozenset({BARRIER, MEASURE, RESET})
_CLIFFORD_OPS = _NOT_GATES | {GATES[name].op for name in CLIFFORD_GATES}


class SimulatorDevice:
    """A simulator with workers of its own; opened and closed by its driver.

    Driver options: `method`, one of the simulator's.

    Seeds: the job's 53-bit seed is used as it is; further bindings use seeds derived from it. Equal seeds and versions
    give equal counts, whatever worker, batch or number of threads ran them.

    Args:
        simulator: Which one.
        budget: Memory that it shares with other devices.
        limit_bytes: Most memory of one run.
        num_workers: Most worker processes.
    """

    def __init__(self, simulator: Simulator, *, budget: MemoryBudget, limit_bytes: int, num_workers: int) -> None:
        self.simulator = simulator
        self._cores = min(usable_cores(), simulator.max_threads or usable_cores())
        self._num_workers = num_workers
        self._limit_bytes = limit_bytes
        self._budget = budget
        self.pool = WorkerPool(simulator.engine, size=num_workers, environment=worker_environment(self._cores))
        self._running = 0
        self._failure = ""

    @cached_property
    def info(self) -> DeviceInfo:
        """What it is and can do."""
        one = self.simulator
        return DeviceInfo(
            device_id=one.device_id,
            driver=one.driver,
            description=f"not installed: {_install(one)}" if self.missing else one.description,
            simulator=True,
            num_qubits=max_qubits(one.default_method, limit_bytes=self._limit_bytes),
            max_qubits=max(max_qubits(method, limit_bytes=self._limit_bytes) for method in one.methods.values()),
            gates=tuple(name for name in GATES if any(name in method.gates for method in one.methods.values())),
            max_shots=MAX_SHOTS,
            slots=self._num_workers,
            mid_circuit_measurement=one.mid_circuit_measurement,
            feed_forward=one.feed_forward,
            reset=one.reset,
            noise_models=one.choose_with_noise is not None,
            expectation_values=one.expectation_values,
            versions=tuple(f"{name} {number}" for name, number in self._versions.items()),
        )

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Packages that it needs and that are not installed."""
        return tuple(name for name, number in installed_versions(self.simulator.distributions).items() if not number)

    def status(self) -> DeviceStatus:
        """Return how it is now: offline when it is not installed or could not be loaded the last time."""
        reason = _not_installed(self.simulator).message if self.missing else self._failure
        state = DeviceState.OFFLINE if reason else DeviceState.ONLINE
        return DeviceStatus(device_id=self.simulator.device_id, state=state, reason=reason, running=self._running)

    def admit(self, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Say which method would be used and why, and how much memory it takes; errors as `Driver.admit`."""
        if self.missing:
            raise _not_installed(self.simulator)
        choice = self._choice(profile, options)
        method = self.simulator.methods[choice.method]
        _check_gates(method, profile)
        if options.noise_model is not None:
            _check_noise(self.simulator, method, profile, read_noise_model(options.noise_model))
        memory_bytes = admitted_bytes(
            method,
            qubits=profile.qubits,
            limit_bytes=self._limit_bytes,
            share_bytes=self._limit_bytes // self._num_workers,
            num_states=method.num_states(profile, shots=options.shots),
        )
        return Admission(
            method=method.name,
            memory_bytes=memory_bytes,
            is_per_shot=_draws_noise(method, options),
            explanation=choice.reason,
        )

    def prepare(self) -> None:
        """Start a worker in the background."""
        if not self.missing:
            self.pool.prepare()

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Run a circuit in a worker process, once for each binding; when cancelled, that process is gone."""
        admission = self.admit(request.payload.profile, request.options)
        async with self._budget.taken(admission.memory_bytes):
            self._running += 1
            try:
                return await self._execute(request, admission)
            finally:
                self._running -= 1

    def runs_loops(self, profile: CircuitProfile, options: ExecutionOptions) -> bool:
        """Return whether loops over an admitted circuit run beside the engine: not where there is noise."""
        return options.noise_model is None and self.simulator.methods[self._choice(profile, options).method].runs_loops

    async def minimize(
        self, request: LoopRequest, *, journal: int, tell: Callable[[LoopProgress], None]
    ) -> LoopOutcome:
        """Run a start of a loop in a worker process; when cancelled, that process is gone."""
        admission = self.admit(request.payload.profile, request.options)
        outcomes: list[LoopOutcome] = []

        def receive(part: Mapping[str, Any]) -> None:
            if "progress" in part:
                tell(from_json(LoopProgress, part["progress"]))
            else:
                outcomes.append(from_json(LoopOutcome, part["outcome"]))

        engine_arguments = {
            "method": admission.method,
            "num_threads": 1,  # sums of several threads may differ in the last bit, and a loop goes by the last bit
            "max_memory_mb": max(1, -(-self._limit_bytes // 2**20)),
        }
        worker_request = WorkerRequest(
            digest=request.payload.digest,
            content=request.payload.data,
            memory_bytes=admission.memory_bytes,
            arguments={"task": to_json(request.task), "engine": engine_arguments},
            journal=journal,
        )
        async with self._budget.taken(admission.memory_bytes):
            self._running += 1
            try:
                await self.pool.run(worker_request, receive)
            finally:
                self._running -= 1
        return outcomes[0]

    async def _execute(self, request: ExecutionRequest, admission: Admission) -> tuple[ExecutionResult, ...]:
        method = self.simulator.methods[admission.method]
        num_threads = method.num_threads(request.payload.profile.qubits, cores=self._cores)
        collector = Collector(request, self._metadata(admission, num_threads) | _noise(request.options))
        for first, bindings in batches(request):
            worker_request = self._worker_request(request, admission, num_threads, first, bindings)
            try:
                await self.pool.run(worker_request, collector.receive)
            except UnavailableError as error:
                self._failure = error.message if error.reason == "ENGINE_UNAVAILABLE" else ""
                raise
            self._failure = ""
        return collector.results()

    def _worker_request(
        self,
        request: ExecutionRequest,
        admission: Admission,
        num_threads: int,
        first: int,
        bindings: tuple[Mapping[str, float], ...],
    ) -> WorkerRequest:
        return WorkerRequest(
            digest=request.payload.digest,
            content=request.payload.data,
            memory_bytes=admission.memory_bytes,
            num_threads=num_threads,
            arguments={
                "method": admission.method,
                "shots": request.options.shots,
                "num_threads": num_threads,
                "max_memory_mb": max(1, -(-self._limit_bytes // 2**20)),
                "bindings": [dict(binding) for binding in bindings],
                "seeds": seeds_of(request, first=first, count=len(bindings)),
                **_noise(request.options),
            },
        )

    def _metadata(self, admission: Admission, num_threads: int) -> dict[str, Any]:
        return {
            "backend": self.simulator.backend,
            "driver": self.simulator.driver,
            "engine": self.simulator.name,
            "method": admission.method,
            "method_reason": admission.explanation,
            "num_threads": num_threads,
            "precision": self.simulator.precision,
            "versions": self._versions,
        }

    @cached_property
    def _versions(self) -> dict[str, str]:
        found = installed_versions(self.simulator.distributions)
        return {"eigen-os": VERSION, **{name: number or "not installed" for name, number in found.items()}}

    def _choice(self, profile: CircuitProfile, options: ExecutionOptions) -> Choice:
        """Return the method that `driver_options` ask for, or the best one."""
        one = self.simulator
        for name in options.driver_options:
            if name != "method":
                raise InvalidArgumentError(
                    f"{one.device_id} has no driver option {quoted(name)}; it has: method",
                    reason="DRIVER_OPTION",
                    hint="remove it from spec.driver_options",
                )
        if "method" not in options.driver_options:
            if options.noise_model is not None and one.choose_with_noise is not None:
                return one.choose_with_noise(profile, self._limit_bytes, read_noise_model(options.noise_model))
            return one.choose(profile, self._limit_bytes)
        value = options.driver_options["method"]
        method = one.methods.get(value) if isinstance(value, str) else None
        if method is None:
            raise InvalidArgumentError(
                f"spec.driver_options.method is {quoted(value)}; "
                f"{one.device_id} has the method {printable(', '.join(one.methods))}",
                reason="DRIVER_OPTION",
                hint="; ".join(f"{each.name}: {each.description}" for each in one.methods.values()),
            )
        return Choice(method=method.name, reason=f"asked for: {method.description}")


def _install(simulator: Simulator) -> str:
    return f"pip install 'eigen-os[{simulator.extra}]'"


def _not_installed(simulator: Simulator) -> FailedPreconditionError:
    return FailedPreconditionError(
        f"{simulator.device_id} is not installed: {_install(simulator)}",
        reason="ENGINE_NOT_INSTALLED",
        hint="install it, or use sim:local",
    )


def _check_gates(method: Method, profile: CircuitProfile) -> None:
    ops = _ops(method.gates)
    missing = [op.lower() for op in profile.op_counts if op not in ops]
    if method.is_clifford_only and not profile.is_clifford:
        missing = missing or [op.lower() for op in profile.op_counts if op not in _CLIFFORD_OPS]
    if missing:
        raise UnimplementedError(
            f"the method {method.name} cannot run {', '.join(map(quoted, missing))}",
            reason="DEVICE_CAPABILITY",
            hint=f"{method.name} is for {method.description}; sim:local chooses a method that can",
            details={"missing": missing},
        )


def _check_noise(simulator: Simulator, method: Method, profile: CircuitProfile, noise: NoiseModel) -> None:
    missing = [one.name for one in noise.channels if one.name not in method.noise_channels]
    if missing:
        able = [one.name for one in simulator.methods.values() if one.noise_channels.issuperset(missing)]
        raise UnimplementedError(
            f"the method {method.name} of {simulator.device_id} cannot simulate the noise {', '.join(missing)}",
            reason="DEVICE_NOISE",
            hint=f"{' and '.join(able)} can" if able else "sim:local can",
            details={"missing": missing},
        )
    if profile.num_observables and not (method.has_noisy_state and noise.spares_readout):
        raise UnimplementedError(
            f"exact expectation values with noise need the method density_matrix, and noise that spares the readout; "
            f"here are {method.name} and {noise}",
            reason="DEVICE_NOISE",
            hint="leave spec.estimation out: they are then sampled",
            details={"missing": ["exact expectation values"]},
        )


def _draws_noise(method: Method, options: ExecutionOptions) -> bool:
    """Return whether noise is drawn for each shot: not where the whole mixture is kept, nor for noisy readout alone."""
    if options.noise_model is None or method.has_noisy_state:
        return False
    return bool(read_noise_model(options.noise_model).on_gates)


def _noise(options: ExecutionOptions) -> dict[str, str]:
    """Return the canonical text of the noise, for the worker and for the results' metadata."""
    return {} if options.noise_model is None else {"noise_model": str(read_noise_model(options.noise_model))}


@lru_cache(maxsize=64)
def _ops(gates: frozenset[str]) -> frozenset[str]:
    return _NOT_GATES | {GATES[name].op for name in gates}
