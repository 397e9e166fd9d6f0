"""Devices over backends of Qiskit: one pool of workers for all devices of a driver. This module imports no SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.canonical import sha256_hex
from eigen.contracts.devices import DeviceInfo, DeviceState, DeviceStatus
from eigen.contracts.errors import (
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from eigen.contracts.execution import (
    Admission,
    ExecutionOptions,
    ExecutionRequest,
    ExecutionResult,
)
from eigen.contracts.printable import printable, quoted
from eigen.contracts.version import VERSION
from eigen.drivers.budget import MemoryBudget
from eigen.drivers.qiskit_backends.description import NO_CIRCUIT, QiskitBackend
from eigen.drivers.simulator.batches import Piece, portions, seeds_of
from eigen.drivers.simulator.collector import Collector, into
from eigen.drivers.simulator.installation import installed_versions, usable_cores, worker_environment
from eigen.drivers.simulator.memory import available_bytes
from eigen.ports.drivers import Driver
from eigen.workers.pool import WorkerPool, WorkerRequest

__all__ = ["QiskitBackendDriver"]

_TRANSPILER_BYTES = 2**28
_MOST_DOUBLINGS = 40


class QiskitBackendDriver(Driver):
    """Devices that run whatever has Qiskit's `BackendV2` interface, in worker processes.

    Driver options: `noise: false` runs a circuit as transpiled, without the noise, on a device that has some.

    Args:
        name: The first part of the devices' ids.
        backends: The devices, by id.
        num_workers: Most worker processes; by default one for each core.
        memory_limit_bytes: Most memory that all runs together may take; by default 80 % of what is available.
    """

    engine = "eigen.drivers.qiskit_backends.engine:QiskitBackendEngine"
    """Import path of what its workers run."""

    def __init__(
        self,
        name: str,
        backends: Mapping[str, QiskitBackend],
        *,
        num_workers: int | None = None,
        memory_limit_bytes: int | None = None,
    ) -> None:
        self.name = name
        self._backends = dict(backends)
        self._num_workers = num_workers or usable_cores()
        self._limit_bytes = memory_limit_bytes or available_bytes()
        self._budget = MemoryBudget(self._limit_bytes)
        self._pool = WorkerPool(self.engine, size=self._num_workers, environment=worker_environment(usable_cores()))
        self._running: dict[str, int] = {}
        self._failures: dict[str, str] = {}
        self._renewals: dict[str, int] = {}
        self._calibrations: dict[str, Mapping[str, Any]] = {}

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The ids of the processes that work for this driver now."""
        return self._pool.process_ids

    async def __aenter__(self) -> Self:
        """Begin to serve; no process is started yet."""
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End every worker process."""
        await self._pool.__aexit__(kind, error, traceback)

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return its devices."""
        return tuple(one.info(_versions(one)) for one in self._backends.values())

    async def status(self, device_id: str) -> DeviceStatus:
        """Return how a device is now: offline when its backend could not be loaded the last time.

        Its properties are what `calibrate` found.
        """
        self._backend(device_id)
        reason = self._failures.get(device_id, "")
        return DeviceStatus(
            device_id=device_id,
            state=DeviceState.OFFLINE if reason else DeviceState.ONLINE,
            reason=reason,
            running=self._running.get(device_id, 0),
            properties=self._calibrations.get(device_id, {}),
        )

    async def calibrate(self, device_id: str) -> DeviceStatus:
        """Load a device's backend anew, in every worker before its next circuit, and return what it says of itself."""
        backend = self._backend(device_id)
        self._renewals[device_id] = self._renewals.get(device_id, 0) + 1
        parts = await self._asked(backend, {"do": "calibrate"})
        self._calibrations[device_id] = parts[-1]["properties"]
        return await self.status(device_id)

    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Say what a circuit takes; whether it can be transpiled shows in the worker."""
        backend = self._backend(device_id)
        _check_options(backend, options)
        state_bytes = 16 << min(2 * backend.num_qubits, _MOST_DOUBLINGS) if backend.simulator else 0
        return Admission(
            method="transpiled",
            memory_bytes=min(_TRANSPILER_BYTES + state_bytes, self._limit_bytes // self._num_workers),
            is_per_shot=backend.is_noisy and options.driver_options.get("noise", True) is True,
            explanation=f"transpiled with optimization level {options.optimization_level}",
        )

    async def prepare(self, device_id: str) -> None:
        """Start a worker in the background."""
        self._backend(device_id)
        self._pool.prepare()

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Transpile and run a circuit in a worker, once for each binding; when cancelled, its process is gone."""
        return (await self._executed((request,)))[0]

    async def execute_many(self, requests: Sequence[ExecutionRequest]) -> tuple[tuple[ExecutionResult, ...], ...]:
        """Send several circuits together, where a job of the backend should hold many."""
        if self._backend(requests[0].device_id).max_batch == 1:
            return await super().execute_many(requests)
        return await self._executed(requests)

    async def _executed(self, requests: Sequence[ExecutionRequest]) -> tuple[tuple[ExecutionResult, ...], ...]:
        device_id = requests[0].device_id
        admissions = [self.admit(device_id, request.payload.profile, request.options) for request in requests]
        memory_bytes = max(admission.memory_bytes for admission in admissions)
        backend = self._backend(device_id)
        collectors = [
            Collector(request, self._metadata(backend, admission) | _noise_fact(backend, request))
            for request, admission in zip(requests, admissions, strict=True)
        ]
        async with self._budget.taken(memory_bytes):
            self._running[device_id] = self._running.get(device_id, 0) + 1
            try:
                for pieces in portions(requests):
                    await self._run(device_id, self._worker_request(backend, pieces, memory_bytes), into(collectors))
            finally:
                self._running[device_id] -= 1
        return tuple(collector.results() for collector in collectors)

    def _worker_request(self, backend: QiskitBackend, pieces: Sequence[Piece], memory_bytes: int) -> WorkerRequest:
        content = b"\n".join(piece.request.payload.data for piece in pieces)
        return WorkerRequest(
            digest=pieces[0].request.payload.digest if len(pieces) == 1 else sha256_hex(content),
            content=content,
            memory_bytes=memory_bytes,
            grace_sec=backend.cancel_sec,
            arguments={
                **self._place(backend),
                "max_batch": backend.max_batch,
                "circuits": [
                    {
                        "noise": _has_noise(backend, piece.request),
                        "optimization_level": piece.request.options.optimization_level,
                        "seed_transpiler": piece.request.options.seed,
                        "shots": piece.request.options.shots,
                        "bindings": [dict(binding) for binding in piece.bindings],
                        "seeds": seeds_of(piece.request, first=piece.first, count=len(piece.bindings)),
                    }
                    for piece in pieces
                ],
            },
        )

    async def _asked(
        self, backend: QiskitBackend, arguments: Mapping[str, Any], *, content: bytes = NO_CIRCUIT
    ) -> list[Mapping[str, Any]]:
        """Return the parts of a worker's answer to a question."""
        parts: list[Mapping[str, Any]] = []
        question = WorkerRequest(
            digest=sha256_hex(content),
            content=content,
            memory_bytes=min(_TRANSPILER_BYTES, self._limit_bytes // self._num_workers),
            arguments={**self._place(backend), **arguments},
        )
        await self._run(backend.device_id, question, parts.append)
        if not parts:
            raise InternalError("the worker gave no answer", reason="ENGINE_BROKE_PROMISE")
        return parts

    def _place(self, backend: QiskitBackend) -> dict[str, Any]:
        """Return where a backend is, for a worker, and which of its calibrations is wanted."""
        return {
            "path": backend.path,
            "options": dict(backend.options),
            "backend_name": backend.backend_name,
            "renewal": self._renewals.get(backend.device_id, 0),
        }

    async def _run(
        self, device_id: str, worker_request: WorkerRequest, receive: Callable[[Mapping[str, Any]], None]
    ) -> None:
        try:
            await self._pool.run(worker_request, receive)
        except (UnavailableError, FailedPreconditionError) as error:
            self._failures[device_id] = error.message if error.reason != "WORKER_DIED" else ""
            raise
        self._failures.pop(device_id, None)

    def _metadata(self, backend: QiskitBackend, admission: Admission) -> dict[str, Any]:
        return {
            "backend": backend.path.rpartition(":")[2],
            "driver": self.name,
            "method": admission.method,
            "versions": {"eigen-os": VERSION, **_versions(backend)},
        }

    def _backend(self, device_id: str) -> QiskitBackend:
        backend = self._backends.get(device_id)
        if backend is None:
            raise NotFoundError(
                f"the driver {self.name} has no device {quoted(device_id)}",
                reason="UNKNOWN_TARGET",
                hint=f"it has {printable(', '.join(self._backends))}",
            )
        return backend


def _has_noise(backend: QiskitBackend, request: ExecutionRequest) -> bool:
    return backend.is_noisy and request.options.driver_options.get("noise", True) is True


def _noise_fact(backend: QiskitBackend, request: ExecutionRequest) -> dict[str, str]:
    return {"noise_model": f"that of {backend.device_id}"} if _has_noise(backend, request) else {}


def _versions(backend: QiskitBackend) -> dict[str, str]:
    return {name: number or "not installed" for name, number in installed_versions(backend.distributions).items()}


def _check_options(backend: QiskitBackend, options: ExecutionOptions) -> None:
    known = ("noise",) if backend.is_noisy else ()
    for name, value in options.driver_options.items():
        if name not in known:
            raise InvalidArgumentError(
                f"{backend.device_id} has no driver option {quoted(name)}; it has: {', '.join(known) or 'none'}",
                reason="DRIVER_OPTION",
                hint="remove it from spec.driver_options",
            )
        if not isinstance(value, bool):
            raise InvalidArgumentError(
                f"spec.driver_options.{name} is {quoted(value)}; it must be true or false", reason="DRIVER_OPTION"
            )
