"""Backends of Qiskit inside a worker process: loads them once, transpiles, runs, and checks what they say.

Arguments of `run`: where the backend is, `path`, `options`, `backend_name` and `renewal`, with whose change it is
loaded anew; besides

- with a circuit `optimization_level`, `seed_transpiler`, `shots`, `bindings` and one of `seeds` for each, `max_batch`,
  and `noise`, whether a snapshot has its noise. Parts: as in `eigen.drivers.simulator.parts`, with the facts of the
  transpilation as `metadata`.
- without one nothing. Part: `{"properties": facts}`, see `calibration`.

A backend that takes no seed gets up to `max_batch` bindings in one job of its own; one that does, each by itself, since
a binding's counts depend on its own seed only.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from eigen.contracts.aqo import AQO, Operation
from eigen.contracts.aqo_json import decode
from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import InternalError, ResourceExhaustedError
from eigen.contracts.gates import MEASURE
from eigen.contracts.printable import printable, quoted
from eigen.drivers.bit_flow import settled
from eigen.drivers.qiskit_backends.credentials import Credentials
from eigen.drivers.qiskit_backends.description import NO_CIRCUIT
from eigen.drivers.simulator.parts import checked_total, result_in_parts
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
        transpiled: By backend and calibration, level and seed.
    """

    circuit: AQO
    width: int
    clbits: tuple[int, ...]
    transpiled: dict[tuple[bytes, int, int, int], TranspiledCircuit] = field(default_factory=dict)


class QiskitBackendEngine(Engine):
    """Runs AQO on anything with Qiskit's `BackendV2` interface."""

    def __init__(self) -> None:
        self._credentials = Credentials()
        self._backends: dict[bytes, tuple[int, Any]] = {}

    @classmethod
    def preload(cls) -> None:
        """Import Qiskit, its transpiler and Aer, which most local backends run on."""
        import qiskit_aer  # noqa: F401

        import eigen.drivers.qiskit_backends.transpilation  # noqa: F401  # for the imports that it makes

    def prepare(self, content: bytes) -> _PreparedCircuit | None:
        """Read an AQO document; it is transpiled when the backend is known."""
        if content == NO_CIRCUIT:
            return None
        circuit = decode(content)
        narrow, clbits = _without_unused_bits(_settled(circuit))
        return _PreparedCircuit(narrow, circuit.clbits, clbits)

    def run(self, prepared: _PreparedCircuit | None, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run the circuit once for each binding, or say what the backend says of itself."""
        key = canonical_json({name: arguments[name] for name in ("path", "options", "backend_name")})
        backend = self._backend(key, arguments)
        if prepared is not None:
            yield from self._results(prepared, key, backend, arguments)
        else:
            yield {"properties": self._calibration(backend)}

    def _calibration(self, backend: Any) -> dict[str, Any]:
        from eigen.drivers.qiskit_backends.backends import running
        from eigen.drivers.qiskit_backends.calibration import calibration_of

        with running(self._credentials):
            return calibration_of(backend)

    def _results(
        self, prepared: _PreparedCircuit, key: bytes, backend: Any, arguments: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        transpiled = self._transpiled(prepared, key, backend, arguments)
        facts = {"transpilation": transpiled.facts, "repeatable": self._takes_seed(backend)}
        size = 1 if facts["repeatable"] else arguments["max_batch"]
        bindings, seeds = arguments["bindings"], arguments["seeds"]
        for first in range(0, len(bindings), size):
            bound = [transpiled.bound(binding) for binding in bindings[first : first + size]]
            started = time.perf_counter()
            found = self._counts(backend, bound, seed=seeds[first], arguments=arguments)
            each_sec = (time.perf_counter() - started) / len(bound)
            for counts in found:
                checked_total(counts, shots=arguments["shots"])
                end = {"execution_time_sec": each_sec, "sampling": "shots", "metadata": facts}
                yield from result_in_parts(_spread(counts, prepared.clbits), width=prepared.width, end=end)

    def _backend(self, key: bytes, arguments: Mapping[str, Any]) -> Any:
        renewal, backend = self._backends.get(key, (None, None))
        if renewal != arguments["renewal"]:
            from eigen.drivers.qiskit_backends.backends import load_backend

            backend = load_backend(
                arguments["path"],
                options=arguments["options"],
                backend_name=arguments["backend_name"],
                credentials=self._credentials,
            )
            self._backends[key] = (arguments["renewal"], backend)
        return backend

    def _transpiled(
        self, prepared: _PreparedCircuit, key: bytes, backend: Any, arguments: Mapping[str, Any]
    ) -> TranspiledCircuit:
        from eigen.drivers.qiskit_backends.backends import transpiling
        from eigen.drivers.qiskit_backends.transpilation import TranspiledCircuit

        level, seed = arguments["optimization_level"], arguments["seed_transpiler"]
        name = (key, arguments["renewal"], level, seed)
        if name not in prepared.transpiled:
            with transpiling(self._credentials):
                _check_width(backend, prepared.circuit)
                made = TranspiledCircuit.of(prepared.circuit, backend, optimization_level=level, seed=seed)
            prepared.transpiled[name] = made
        return prepared.transpiled[name]

    def _takes_seed(self, backend: Any) -> bool:
        from eigen.drivers.qiskit_backends.backends import running

        with running(self._credentials):
            return hasattr(backend.options, "seed_simulator")

    def _counts(
        self, backend: Any, circuits: Sequence[QuantumCircuit], *, seed: int, arguments: Mapping[str, Any]
    ) -> Sequence[Mapping[int, int]]:
        """Return the counts of each circuit of one job by number of the classical bits."""
        from eigen.drivers.qiskit_backends.backends import running
        from eigen.drivers.qiskit_backends.stopping import result_of

        options: dict[str, Any] = {"seed_simulator": seed} if self._takes_seed(backend) else {}
        asked = circuits[0] if len(circuits) == 1 else list(circuits)  # some backends take no list

        def submit() -> Any:
            return backend.run(asked, shots=arguments["shots"], **options)

        with running(self._credentials):
            result = result_of(submit, self._credentials)
            if not result.success:
                raise InternalError(
                    "the backend says that it failed to run this circuit, and gave no counts",
                    reason="ENGINE_FAILED",
                    hint="run it on another device; details.engine_said has the backend's words",
                    details={"engine_said": printable(str(getattr(result, "status", "")))},
                )
            found = [result.get_counts(index) for index in range(len(circuits))]
            return [_by_number(one, width=circuits[0].num_clbits) for one in found]


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

    def _takes_seed(self, backend: Any) -> bool:
        return True  # it is Aer that runs

    def _counts(
        self, backend: Any, circuits: Sequence[QuantumCircuit], *, seed: int, arguments: Mapping[str, Any]
    ) -> Sequence[Mapping[int, int]]:
        from eigen.drivers.qiskit_backends.snapshot_noise import compacted

        compact, active = compacted(circuits[0])
        simulator = self._simulator(backend, active if arguments["noise"] else None)
        return super()._counts(simulator, [compact], seed=seed, arguments=arguments)

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


def _settled(circuit: AQO) -> AQO:
    """Return what is run of a circuit; all of it where no measurement ever runs, since backends want one."""
    short = settled(circuit)
    return short if any(one.op == MEASURE for one in short.operations) else circuit


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
