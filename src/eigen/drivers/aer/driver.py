"""`sim:local`: Qiskit Aer in worker processes. This module imports neither Qiskit nor NumPy; the workers do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, distribution
from types import TracebackType
from typing import Any, Self

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.devices import DeviceInfo, DeviceState, DeviceStatus
from eigen.contracts.errors import InternalError, NotFoundError, UnavailableError, UnimplementedError
from eigen.contracts.execution import (
    MAX_SHOTS,
    Admission,
    CircuitFormat,
    ExecutionOptions,
    ExecutionRequest,
    ExecutionResult,
)
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.contracts.printable import quoted
from eigen.contracts.version import VERSION
from eigen.drivers.aer.memory import admitted_bytes, available_bytes, max_qubits
from eigen.drivers.aer.options import DEFAULT_METHOD, METHODS, Method, chosen_method
from eigen.drivers.budget import MemoryBudget
from eigen.drivers.capability import check_capabilities
from eigen.drivers.seeds import derived_seed
from eigen.ports.drivers import Driver
from eigen.workers.pool import WorkerPool, WorkerRequest

__all__ = ["AerDriver"]

_DEVICE_ID = "sim:local"
_ENGINE = "eigen.drivers.aer.engine:AerEngine"
_BACKEND = "qiskit_aer_simulator"
_DISTRIBUTIONS = ("numpy", "qiskit", "qiskit-aer")
_NOT_GATES = frozenset({BARRIER, MEASURE, RESET})

_VALUES_PER_BATCH = 2_048
"""Most parameter values in one frame: about 50 KB of JSON, a millisecond of the event loop."""

_BINDINGS_PER_BATCH = 256
"""Most bindings in one frame."""

_FIRST_QUBITS_FOR_THREADS: Mapping[str, int] = {"statevector": 16, "density_matrix": 8}
"""From how many qubits on more threads make a run faster; the other methods use one thread (measured on 2 cores)."""


class AerDriver(Driver):
    """Exact, noise-free simulation of any circuit on this machine.

    Driver options: `method`, one of `statevector` (default), `density_matrix`, `stabilizer`, `matrix_product_state`.

    Seeds: Aer takes 63 bits, so that the job's 53-bit seed is used as it is; further bindings use seeds derived from
    it. Equal seeds and versions give equal counts, whatever worker, batch or number of threads ran them.

    Args:
        memory_limit_bytes: Most memory that all runs together may take; by default 80 % of what is available.
        num_workers: Most worker processes; by default one for each core.
    """

    name = "sim"

    def __init__(self, *, memory_limit_bytes: int | None = None, num_workers: int | None = None) -> None:
        self._cores = _usable_cores()
        self._num_workers = num_workers or self._cores
        self._memory_limit_bytes = memory_limit_bytes or available_bytes()
        self._versions = {"eigen-os": VERSION, **{name: _version(name) for name in _DISTRIBUTIONS}}
        self._budget = MemoryBudget(self._memory_limit_bytes)
        self._pool = WorkerPool(_ENGINE, size=self._num_workers, environment=_environment(self._cores))
        self._running = 0
        self._failure = ""

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
        """Return the one device."""
        return (self._device,)

    async def status(self, device_id: str) -> DeviceStatus:
        """Return how the device is now: offline when its engine could not be loaded the last time."""
        _check_device(device_id)
        state = DeviceState.OFFLINE if self._failure else DeviceState.ONLINE
        return DeviceStatus(device_id=device_id, state=state, reason=self._failure, running=self._running)

    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Say which method would be used, and how much memory it takes."""
        _check_device(device_id)
        method = chosen_method(options.driver_options)
        _check_gates(method, profile)
        memory_bytes = admitted_bytes(
            method,
            qubits=profile.qubits,
            limit_bytes=self._memory_limit_bytes,
            share_bytes=self._memory_limit_bytes // self._num_workers,
        )
        check_capabilities(self._device, profile, options)
        explanation = "asked for" if "method" in options.driver_options else "the default"
        return Admission(
            method=method.name, memory_bytes=memory_bytes, explanation=f"{explanation}: {method.description}"
        )

    async def prepare(self, device_id: str) -> None:
        """Start a worker in the background."""
        _check_device(device_id)
        self._pool.prepare()

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Run a circuit in a worker process, once for each binding; when cancelled, that process is gone."""
        if request.payload.format is not CircuitFormat.AQO_JSON:
            raise UnimplementedError(
                f"sim:local takes AQO, not {request.payload.format}", reason="DEVICE_FORMAT", hint="compile it to AQO"
            )
        admission = self.admit(request.device_id, request.payload.profile, request.options)
        async with self._budget.taken(admission.memory_bytes):
            self._running += 1
            try:
                return await self._execute(request, admission)
            finally:
                self._running -= 1

    async def _execute(self, request: ExecutionRequest, admission: Admission) -> tuple[ExecutionResult, ...]:
        num_threads = self._num_threads(admission.method, request.payload.profile.qubits)
        collector = _Collector(request, self._metadata(admission.method, num_threads))
        for first, bindings in _batches(request):
            worker_request = self._worker_request(request, admission, num_threads, first, bindings)
            try:
                await self._pool.run(worker_request, collector.receive)
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
        indexes = range(request.first_binding + first, request.first_binding + first + len(bindings))
        seeds = [derived_seed(request.options.seed, binding_index=index) for index in indexes]
        return WorkerRequest(
            digest=request.payload.digest,
            content=request.payload.data,
            memory_bytes=admission.memory_bytes,
            num_threads=num_threads,
            arguments={
                "method": admission.method,
                "shots": request.options.shots,
                "num_threads": num_threads,
                "max_memory_mb": max(1, -(-self._memory_limit_bytes // 2**20)),
                "bindings": [dict(binding) for binding in bindings],
                "seeds": seeds,
            },
        )

    def _num_threads(self, method_name: str, qubits: int) -> int:
        first = _FIRST_QUBITS_FOR_THREADS.get(method_name)
        return self._cores if first is not None and qubits >= first else 1

    def _metadata(self, method_name: str, num_threads: int) -> dict[str, Any]:
        return {
            "backend": _BACKEND,
            "driver": self.name,
            "method": method_name,
            "num_threads": num_threads,
            "precision": "double",
            "versions": self._versions,
        }

    @cached_property
    def _device(self) -> DeviceInfo:
        return DeviceInfo(
            device_id=_DEVICE_ID,
            driver=self.name,
            description="Exact simulation on this machine with Qiskit Aer",
            simulator=True,
            num_qubits=max_qubits(DEFAULT_METHOD, limit_bytes=self._memory_limit_bytes),
            gates=tuple(GATES),
            max_shots=MAX_SHOTS,
            slots=self._num_workers,
            mid_circuit_measurement=True,
            feed_forward=True,
            reset=True,
            noise_models=False,
            expectation_values=True,
            versions=tuple(f"{name} {number}" for name, number in self._versions.items()),
        )


class _Collector:
    """Puts the parts of a worker's answers together."""

    def __init__(self, request: ExecutionRequest, metadata: Mapping[str, Any]) -> None:
        self._seed = request.options.seed
        self._first = request.first_binding
        self._expected = len(request.bindings)
        self._metadata = metadata
        self._counts: dict[str, int] = {}
        self._values: dict[str, tuple[float, float]] = {}
        self._results: list[ExecutionResult] = []

    def receive(self, part: Mapping[str, Any]) -> None:
        """Take a part: some counts, some expectation values, or the end of a binding."""
        if "counts" in part:
            self._counts.update(part["counts"])
            return
        if "expectation_values" in part:
            self._values.update({name: (value, 0.0) for name, value in part["expectation_values"].items()})
            return
        seed = derived_seed(self._seed, binding_index=self._first + len(self._results))
        result = ExecutionResult(
            counts=self._counts,
            expectation_values=self._values,
            execution_time_sec=part["execution_time_sec"],
            metadata={**self._metadata, "seed": seed, "sampling": part["sampling"]},
        )
        self._results.append(result)
        self._counts, self._values = {}, {}

    def results(self) -> tuple[ExecutionResult, ...]:
        """Return one result for each binding."""
        if len(self._results) != self._expected:
            raise InternalError(
                f"{len(self._results)} results came for {self._expected} bindings", reason="ENGINE_BROKE_PROMISE"
            )
        return tuple(self._results)


def _batches(request: ExecutionRequest) -> Iterator[tuple[int, tuple[Mapping[str, float], ...]]]:
    """Yield the bindings in runs of bounded size, each with the index of its first one."""
    fitting = _VALUES_PER_BATCH // max(1, len(request.payload.profile.parameters))
    per_batch = min(max(1, fitting), _BINDINGS_PER_BATCH)
    for first in range(0, len(request.bindings), per_batch):
        yield first, request.bindings[first : first + per_batch]


def _check_device(device_id: str) -> None:
    if device_id != _DEVICE_ID:
        raise NotFoundError(
            f"the driver sim has no device {quoted(device_id)}", reason="UNKNOWN_TARGET", hint=f"it has {_DEVICE_ID}"
        )


def _check_gates(method: Method, profile: CircuitProfile) -> None:
    missing = [op.lower() for op in profile.op_counts if op not in _ops(method.name)]
    if missing:
        raise UnimplementedError(
            f"the method {method.name} cannot run {', '.join(map(quoted, missing))}",
            reason="DEVICE_CAPABILITY",
            hint=f"{method.name} is for {method.description}; leave driver_options.method out",
            details={"missing": missing},
        )


@cache
def _ops(method_name: str) -> frozenset[str]:
    return _NOT_GATES | {GATES[name].op for name in METHODS[method_name].gates}


def _usable_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _environment(cores: int) -> dict[str, str]:
    """Return variables for the nursery: libraries start no threads of their own, Aer's wait without burning a core."""
    return {
        "OMP_NUM_THREADS": str(cores),
        "OMP_WAIT_POLICY": "PASSIVE",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "RAYON_NUM_THREADS": "1",
        "QISKIT_PARALLEL": "FALSE",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONHASHSEED": "0",
    }


def _version(name: str) -> str:
    """Return a distribution's version; by hand, since `importlib.metadata.version` first imports the email package."""
    try:
        lines = (distribution(name).read_text("METADATA") or "").splitlines()
    except PackageNotFoundError:
        return "not installed"
    return next((line.removeprefix("Version: ") for line in lines if line.startswith("Version: ")), "unknown")
