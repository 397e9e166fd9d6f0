"""Backends of Qiskit inside a worker process: loads them once, transpiles, runs, and checks what they say.

The content is a line of canonical JSON for each circuit. Arguments of `run`: where the backend is, `path`, `options`,
`backend_name` and `renewal`, with whose change it is loaded anew; besides

- with circuits `max_batch`, and for each of the `circuits` its `optimization_level`, `seed_transpiler`, `shots`,
  `noise`, whether a snapshot has its own, `bindings` and one of `seeds` for each. Parts: as in
  `eigen.drivers.simulator.parts`, with the facts of the transpilation as `metadata`.
- without any nothing. Part: `{"properties": facts}`, see `calibration`.

A backend that takes no seed gets up to `max_batch` circuits and values in one job of its own, as long as their shots
are equal; one that does, each by itself, since the counts depend on the own seed only. A circuit of which no
measurement ever runs is not sent: backends want one, and its bits stay 0.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from eigen.contracts.aqo import AQO
from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import ResourceExhaustedError
from eigen.drivers.qiskit_backends.credentials import Credentials
from eigen.drivers.qiskit_backends.sent_circuit import SentCircuit
from eigen.drivers.simulator.parts import checked_total, result_in_parts
from eigen.workers.engine import Engine

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from eigen.drivers.qiskit_backends.transpilation import TranspiledCircuit

__all__ = ["QiskitBackendEngine", "SnapshotEngine"]


@dataclass(slots=True)
class _PreparedCircuit:
    """A circuit, and what it was transpiled to, by backend and calibration, level and seed."""

    sent: SentCircuit
    transpiled: dict[tuple[bytes, int, int, int], TranspiledCircuit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Run:
    """One circuit with its values; `transpiled` is None where it is not sent."""

    sent: SentCircuit
    transpiled: TranspiledCircuit | None
    binding: Mapping[str, float]
    shots: int
    seed: int
    is_noisy: bool


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

    def prepare(self, content: bytes) -> tuple[_PreparedCircuit, ...]:
        """Read AQO documents, one in each line that is not empty; each is transpiled when the backend is known."""
        return tuple(_PreparedCircuit(SentCircuit.of(line)) for line in content.split(b"\n") if line)

    def run(self, prepared: tuple[_PreparedCircuit, ...], arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run each circuit once for each of its bindings, or say what the backend says of itself."""
        key = canonical_json({name: arguments[name] for name in ("path", "options", "backend_name")})
        backend = self._backend(key, arguments)
        if prepared:
            yield from self._results(prepared, key, backend, arguments)
        else:
            yield {"properties": self._calibration(backend)}

    def _calibration(self, backend: Any) -> dict[str, Any]:
        from eigen.drivers.qiskit_backends.backends import running
        from eigen.drivers.qiskit_backends.calibration import calibration_of

        with running(self._credentials):
            return calibration_of(backend)

    def _results(
        self, prepared: tuple[_PreparedCircuit, ...], key: bytes, backend: Any, arguments: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        is_seeded = self._takes_seed(backend)
        most = 1 if is_seeded else self._most_in_job(backend, arguments["max_batch"])
        for runs in _jobs(self._runs(prepared, key, backend, arguments), most=most):
            started = time.perf_counter()
            found = self._found(backend, runs)
            each_sec = (time.perf_counter() - started) / len(runs)
            for run, counts in zip(runs, found, strict=True):
                checked_total(counts, shots=run.shots)
                facts = {"transpilation": run.transpiled.facts} if run.transpiled is not None else {}
                end = {
                    "execution_time_sec": each_sec,
                    "sampling": "shots",
                    "metadata": {**facts, "repeatable": is_seeded},
                }
                yield from result_in_parts(counts, width=run.sent.width, end=end)

    def _runs(
        self, prepared: tuple[_PreparedCircuit, ...], key: bytes, backend: Any, arguments: Mapping[str, Any]
    ) -> Iterator[_Run]:
        for circuit, asked in zip(prepared, arguments["circuits"], strict=True):
            name = (key, arguments["renewal"], asked["optimization_level"], asked["seed_transpiler"])
            transpiled = self._transpiled(circuit, backend, name) if circuit.sent.is_measured else None
            for binding, seed in zip(asked["bindings"], asked["seeds"], strict=True):
                yield _Run(circuit.sent, transpiled, binding, asked["shots"], seed, asked["noise"])

    def _found(self, backend: Any, runs: Sequence[_Run]) -> list[Mapping[int, int]]:
        """Return the counts of each run of one job; what is not sent gives zeros."""
        from eigen.drivers.qiskit_backends.backends import running

        bound = [run.transpiled.bound(run.binding) for run in runs if run.transpiled is not None]
        with running(self._credentials):
            given = iter(self._counts(backend, bound, runs[0]) if bound else ())
            return [run.sent.counts(next(given)) if run.transpiled is not None else {0: run.shots} for run in runs]

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
        self, prepared: _PreparedCircuit, backend: Any, name: tuple[bytes, int, int, int]
    ) -> TranspiledCircuit:
        from eigen.drivers.qiskit_backends.backends import transpiling
        from eigen.drivers.qiskit_backends.transpilation import TranspiledCircuit

        if name not in prepared.transpiled:
            _, _, level, seed = name
            with transpiling(self._credentials):
                _check_width(backend, prepared.sent.circuit)
                made = TranspiledCircuit.of(prepared.sent.circuit, backend, optimization_level=level, seed=seed)
            prepared.transpiled[name] = made
        return prepared.transpiled[name]

    def _takes_seed(self, backend: Any) -> bool:
        from eigen.drivers.qiskit_backends.backends import running

        with running(self._credentials):
            return hasattr(backend.options, "seed_simulator")

    def _most_in_job(self, backend: Any, max_batch: int) -> int:
        """Return how many circuits a job may hold, by the device's section and by the backend itself."""
        from eigen.drivers.qiskit_backends.backends import running

        with running(self._credentials):
            return min(max_batch, getattr(backend, "max_circuits", None) or max_batch)

    def _counts(self, backend: Any, circuits: Sequence[QuantumCircuit], first: _Run) -> list[Mapping[str, int]]:
        """Return the counts of each circuit of one job, whose `first` run says how; raises what the backend raises."""
        from eigen.drivers.qiskit_backends.stopping import result_of
        from eigen.drivers.qiskit_backends.submission import Submission

        options: dict[str, Any] = {"seed_simulator": first.seed} if self._takes_seed(backend) else {}
        return result_of(lambda: Submission.of(backend, circuits, shots=first.shots, **options), self._credentials)


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

    def _counts(self, backend: Any, circuits: Sequence[QuantumCircuit], first: _Run) -> list[Mapping[str, int]]:
        from eigen.drivers.qiskit_backends.snapshot_noise import compacted

        (circuit,) = circuits
        compact, active = compacted(circuit)
        simulator = self._simulator(backend, active if first.is_noisy else None)
        return super()._counts(simulator, [compact], first)

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


def _jobs(runs: Iterator[_Run], *, most: int) -> Iterator[list[_Run]]:
    """Yield runs one after the other in jobs of at most so many, each of equal shots."""
    for _, alike in groupby(runs, key=lambda run: run.shots):
        while job := list(islice(alike, most)):
            yield job


def _check_width(backend: Any, circuit: AQO) -> None:
    num_qubits = backend.target.num_qubits
    if num_qubits is not None and circuit.qubits > num_qubits:
        raise ResourceExhaustedError(
            f"the circuit has {circuit.qubits} qubits; the backend has {num_qubits}",
            reason="DEVICE_QUBITS",
            hint=f"use at most {num_qubits} qubits, or correct qubits in the device's section of config.toml",
        )
