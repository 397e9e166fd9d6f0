"""Aer inside a worker process: prepares circuits, runs them, and believes nothing that Aer says without a check.

What Aer does in silence, and what is done about it here or before: NaN and infinite angles give counts (refused when
bound), no shots or no measurement give success (refused before), failure is a field of the result (checked, for the
job and the experiment), memory is compared with the machine's total (`max_memory_mb` and the worker's limit).

Options that do not change the distribution but cost time or memory are fixed: one circuit, one shot after another (the
random numbers of parallel shots would depend on the number of threads), no per-shot memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from eigen.contracts.aqo import AQO
from eigen.contracts.aqo_json import decode
from eigen.contracts.errors import InternalError, ResourceExhaustedError
from eigen.contracts.printable import printable
from eigen.drivers.aer.options import METHODS
from eigen.workers.engine import Engine

__all__ = ["AerEngine"]

_PART_CHARACTERS = 200_000
_MEMORY_WORDS = ("memory", "bad_alloc", "alloc")


@dataclass(slots=True)
class _PreparedCircuit:
    circuit: AQO
    lowered: dict[str, Any] = field(default_factory=dict)


class AerEngine(Engine):
    """Runs AQO on `qiskit_aer.AerSimulator`.

    Arguments of `run`: `method`, `shots`, `num_threads`, `max_memory_mb`, `bindings` and one of `seeds` for each.
    Parts: `{"counts": {...}}`, as many as a result needs, then `{"execution_time_sec": t}`; the next binding follows.
    """

    def __init__(self) -> None:
        self._simulators: dict[str, Any] = {}

    @classmethod
    def preload(cls) -> None:
        """Import Qiskit and Aer, and make the simulator's tables."""
        from qiskit_aer import AerSimulator

        import eigen.drivers.aer.lowering  # noqa: F401  # for the imports that it makes

        AerSimulator(method="statevector")

    def prepare(self, content: bytes) -> _PreparedCircuit:
        """Read an AQO document; it is lowered when the method is known."""
        return _PreparedCircuit(decode(content))

    def run(self, prepared: _PreparedCircuit, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run the circuit once for each binding."""
        method = arguments["method"]
        lowered = self._lowered(prepared, method)
        for binding, seed in zip(arguments["bindings"], arguments["seeds"], strict=True):
            bound = lowered.bound(binding)
            started = time.perf_counter()
            counts = self._counts(bound, arguments, seed)
            elapsed_sec = time.perf_counter() - started
            yield from _in_parts(counts, prepared.circuit.clbits)
            yield {"execution_time_sec": elapsed_sec}

    def _lowered(self, prepared: _PreparedCircuit, method: str) -> Any:
        from eigen.drivers.aer.lowering import LoweredCircuit

        if method not in prepared.lowered:
            prepared.lowered[method] = LoweredCircuit(prepared.circuit, METHODS[method])
        return prepared.lowered[method]

    def _counts(self, bound: Any, arguments: Mapping[str, Any], seed: int) -> dict[str, int]:
        """Return counts by hexadecimal number of the classical bits."""
        job = self._simulator(arguments["method"]).run(
            bound,
            shots=arguments["shots"],
            seed_simulator=seed,
            max_parallel_threads=arguments["num_threads"],
            max_memory_mb=arguments["max_memory_mb"],
        )
        result = job.result()
        _check_success(result)
        counts: dict[str, int] = result.results[0].data.to_dict().get("counts", {})
        if not counts or sum(counts.values()) != arguments["shots"]:
            raise InternalError(
                f"the simulator gave {sum(counts.values())} counts for {arguments['shots']} shots",
                reason="ENGINE_BROKE_PROMISE",
            )
        return counts

    def _simulator(self, method: str) -> Any:
        if method not in self._simulators:
            from qiskit_aer import AerSimulator

            self._simulators[method] = AerSimulator(
                method=method, precision="double", max_parallel_experiments=1, max_parallel_shots=1, memory=False
            )
        return self._simulators[method]


def _check_success(result: Any) -> None:
    experiments = result.results
    if result.success and len(experiments) == 1 and experiments[0].success:
        return
    said = "; ".join(str(status) for status in (result.status, *(one.status for one in experiments)))
    if any(word in said for word in _MEMORY_WORDS):
        raise ResourceExhaustedError(
            "the simulation ran out of the memory that it was given",
            reason="DEVICE_MEMORY",
            hint="use fewer qubits, or a method that needs less memory",
        )
    raise InternalError(f"the simulator failed: {printable(said)}", reason="ENGINE_FAILED")


def _in_parts(counts: Mapping[str, int], width: int) -> Iterator[Mapping[str, Any]]:
    """Yield counts by bitstring of fixed width, cut so that the system's event loop can read each in a moment."""
    per_part = max(1, _PART_CHARACTERS // (width + 10))
    entries = list(counts.items())
    for start in range(0, len(entries), per_part):
        chunk = entries[start : start + per_part]
        yield {"counts": {f"{int(number, 16):0{width}b}": count for number, count in chunk}}
