"""Backends of Qiskit inside a worker process: loads them once, transpiles, runs, and checks what they say.

Arguments of `run`: `path`, `options`, `backend_name`, `optimization_level`, `seed_transpiler`, `shots`, `bindings` and
one of `seeds` for each; and `noise`, whether a snapshot has its noise. Parts: as in `eigen.drivers.simulator.parts`,
with the facts of the transpilation as `metadata`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from eigen.contracts.aqo import AQO, Operation
from eigen.contracts.aqo_json import decode
from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import InternalError, ResourceExhaustedError
from eigen.contracts.printable import quoted
from eigen.drivers.qiskit_backends.credentials import Credentials
from eigen.drivers.simulator.parts import checked_total, counts_in_parts
from eigen.workers.engine import Engine

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from eigen.drivers.qiskit_backends.transpilation import TranspiledCircuit

__all__ = ["QiskitBackendEngine", "SnapshotEngine"]


@dataclass(slots=True)
class _PreparedCircuit:
    """A circuit with the classical bits that it uses only, since some backends stumble over others.

    Attributes:
        circuit: The circuit.
        width: Number of the program's classical bits.
        clbits: The program's bit of each of the circuit's, ascending.
        transpiled: By backend, level and seed.
    """

    circuit: AQO
    width: int
    clbits: tuple[int, ...]
    transpiled: dict[tuple[bytes, int, int], TranspiledCircuit] = field(default_factory=dict)


class QiskitBackendEngine(Engine):
    """Runs AQO on anything with Qiskit's `BackendV2` interface."""

    def __init__(self) -> None:
        self._credentials = Credentials()
        self._backends: dict[bytes, Any] = {}

    @classmethod
    def preload(cls) -> None:
        """Import Qiskit, its transpiler and Aer, which most local backends run on."""
        import qiskit_aer  # noqa: F401

        import eigen.drivers.qiskit_backends.transpilation  # noqa: F401  # for the imports that it makes

    def prepare(self, content: bytes) -> _PreparedCircuit:
        """Read an AQO document; it is transpiled when the backend is known."""
        circuit = decode(content)
        narrow, clbits = _without_unused_bits(circuit)
        return _PreparedCircuit(narrow, circuit.clbits, clbits)

    def run(self, prepared: _PreparedCircuit, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run the circuit once for each binding."""
        key = canonical_json({name: arguments[name] for name in ("path", "options", "backend_name")})
        backend = self._backend(key, arguments)
        transpiled = self._transpiled(prepared, key, backend, arguments)
        for binding, seed in zip(arguments["bindings"], arguments["seeds"], strict=True):
            bound = transpiled.bound(binding)
            started = time.perf_counter()
            counts, seeded = self._counts(backend, bound, seed=seed, arguments=arguments)
            elapsed_sec = time.perf_counter() - started
            checked_total(counts, shots=arguments["shots"])
            yield from counts_in_parts(_spread(counts, prepared.clbits), width=prepared.width)
            facts = {"transpilation": transpiled.facts, "repeatable": seeded}
            yield {"execution_time_sec": elapsed_sec, "sampling": "shots", "metadata": facts}

    def _backend(self, key: bytes, arguments: Mapping[str, Any]) -> Any:
        if key not in self._backends:
            from eigen.drivers.qiskit_backends.backends import load_backend

            self._backends[key] = load_backend(
                arguments["path"],
                options=arguments["options"],
                backend_name=arguments["backend_name"],
                credentials=self._credentials,
            )
        return self._backends[key]

    def _transpiled(
        self, prepared: _PreparedCircuit, key: bytes, backend: Any, arguments: Mapping[str, Any]
    ) -> TranspiledCircuit:
        from eigen.drivers.qiskit_backends.backends import transpiling
        from eigen.drivers.qiskit_backends.transpilation import TranspiledCircuit

        level, seed = arguments["optimization_level"], arguments["seed_transpiler"]
        if (key, level, seed) not in prepared.transpiled:
            _check_width(backend, prepared.circuit)
            with transpiling(self._credentials):
                made = TranspiledCircuit.of(prepared.circuit, backend, optimization_level=level, seed=seed)
            prepared.transpiled[key, level, seed] = made
        return prepared.transpiled[key, level, seed]

    def _counts(
        self, backend: Any, circuit: QuantumCircuit, *, seed: int, arguments: Mapping[str, Any]
    ) -> tuple[Mapping[int, int], bool]:
        """Return counts by number of the classical bits, and whether the backend took the seed."""
        from eigen.drivers.qiskit_backends.backends import running

        takes_seed = hasattr(backend.options, "seed_simulator")
        options: dict[str, Any] = {"seed_simulator": seed} if takes_seed else {}
        with running(self._credentials):
            result = backend.run(circuit, shots=arguments["shots"], **options).result()
            if not result.success:
                raise InternalError(
                    f"the backend failed: {quoted(str(getattr(result, 'status', '')), limit=200)}",
                    reason="ENGINE_FAILED",
                )
            return _by_number(result.get_counts(), width=circuit.num_clbits), takes_seed


class SnapshotEngine(QiskitBackendEngine):
    """Runs snapshots of IBM's machines on Aer, with the noise of the qubits that a circuit uses.

    Their package is imported once for all workers.
    """

    def __init__(self) -> None:
        super().__init__()
        self._simulators: dict[tuple[str, tuple[int, ...] | None], Any] = {}

    @classmethod
    def preload(cls) -> None:
        """Import that package too."""
        super().preload()
        import_module("qiskit_ibm_runtime.fake_provider")
        import_module("eigen.drivers.qiskit_backends.snapshot_noise")

    def _counts(
        self, backend: Any, circuit: QuantumCircuit, *, seed: int, arguments: Mapping[str, Any]
    ) -> tuple[Mapping[int, int], bool]:
        from eigen.drivers.qiskit_backends.snapshot_noise import compacted

        compact, active = compacted(circuit)
        simulator = self._simulator(backend, active if arguments["noise"] else None)
        return super()._counts(simulator, compact, seed=seed, arguments=arguments)

    def _simulator(self, backend: Any, noisy: tuple[int, ...] | None) -> Any:
        """Return Aer with the noise of some qubits, or without any."""
        if (backend.name, noisy) not in self._simulators:
            from qiskit_aer import AerSimulator

            from eigen.drivers.qiskit_backends.snapshot_noise import noise_of

            noise = noise_of(backend.properties(), noisy) if noisy is not None else None
            self._simulators[backend.name, noisy] = AerSimulator(
                noise_model=noise, max_parallel_experiments=1, max_parallel_shots=1
            )  # the random numbers of parallel shots would depend on the number of threads
        return self._simulators[backend.name, noisy]


def _without_unused_bits(circuit: AQO) -> tuple[AQO, tuple[int, ...]]:
    """Return a circuit whose classical bits are all measured or read, and the former number of each of them."""
    used: set[int] = set()
    for operation in circuit.operations:
        used.update(operation.c, operation.condition.c if operation.condition is not None else ())
    clbits = tuple(sorted(used))
    if len(clbits) == circuit.clbits:
        return circuit, clbits
    place_of = {clbit: place for place, clbit in enumerate(clbits)}
    operations = tuple(_renumbered(operation, place_of) for operation in circuit.operations)
    return replace(circuit, clbits=len(clbits), operations=operations), clbits


def _renumbered(operation: Operation, place_of: Mapping[int, int]) -> Operation:
    condition = operation.condition
    if condition is not None:
        condition = condition._replace(c=tuple(place_of[clbit] for clbit in condition.c))
    return operation._replace(c=tuple(place_of[clbit] for clbit in operation.c), condition=condition)


def _spread(counts: Mapping[int, int], clbits: tuple[int, ...]) -> Mapping[int, int]:
    """Return counts by number of the program's classical bits."""
    if clbits == tuple(range(len(clbits))):
        return counts
    return {
        sum((number >> place & 1) << clbit for place, clbit in enumerate(clbits)): count
        for number, count in counts.items()
    }


def _by_number(counts: Mapping[str, int], *, width: int) -> Mapping[int, int]:
    """Return counts by number; the bitstrings of Qiskit's results have blanks between registers."""
    numbers: dict[int, int] = {}
    for bits, count in counts.items():
        plain = bits.replace(" ", "")
        if len(plain) != width or plain.strip("01"):
            raise InternalError(
                f"the backend gave the bitstring {quoted(bits)} for {width} bits", reason="ENGINE_BROKE_PROMISE"
            )
        numbers[int(plain, 2)] = numbers.get(int(plain, 2), 0) + int(count)
    return dict(sorted(numbers.items()))


def _check_width(backend: Any, circuit: AQO) -> None:
    num_qubits = backend.target.num_qubits
    if num_qubits is not None and circuit.qubits > num_qubits:
        raise ResourceExhaustedError(
            f"the circuit has {circuit.qubits} qubits; the backend has {num_qubits}",
            reason="DEVICE_QUBITS",
            hint=f"use at most {num_qubits} qubits, or correct qubits in the device's section of config.toml",
        )
