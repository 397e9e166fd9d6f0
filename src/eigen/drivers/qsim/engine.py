"""qsim inside a worker process: counts of circuits whose measurements are their end.

Every gate goes by its matrix, since qsim multiplies the matrices of neighbouring gates anyway (up to four qubits). The
counts are drawn from the amplitudes it gives, see `eigen.drivers.simulator.amplitudes`. It is called by the module that
the `qsimcirq` package wraps for Cirq, see `library`; building Cirq's circuits first would cost several times as much.

Precision: amplitudes of 24 bits. Each layer rounds by 2^-24, so that probabilities are right to some 10^-6, which a
million shots cannot tell from exact ones: their own spread is a thousand times that. No values of observables.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from eigen.contracts.aqo import AQO, Affine
from eigen.contracts.aqo_json import decode
from eigen.drivers.simulator.parts import checked_total, result_in_parts
from eigen.workers.engine import Engine

__all__ = ["QsimEngine"]


class _PreparedCircuit(NamedTuple):
    """A circuit, and its gates for qsim where no angle is symbolic."""

    circuit: AQO
    lowered: Any


class QsimEngine(Engine):
    """Runs AQO on qsim.

    Arguments of `run`: `shots`, `num_threads`, `bindings` and one of `seeds` for each. Parts: as in
    `eigen.drivers.simulator.parts`; `sampling` is `draws`.
    """

    @classmethod
    def preload(cls) -> None:
        """Import qsim."""
        import eigen.drivers.qsim.lowering
        import eigen.drivers.simulator.amplitudes
        import eigen.drivers.simulator.branching  # noqa: F401  # all for the imports that they make

    def prepare(self, content: bytes) -> _PreparedCircuit:
        """Read an AQO document, and lower it if that can be done without a binding."""
        from eigen.drivers.qsim.lowering import lowered

        circuit = decode(content)
        is_symbolic = any(isinstance(angle, Affine) for one in circuit.operations for angle in one.params)
        return _PreparedCircuit(circuit, None if is_symbolic else lowered(circuit, {}))

    def run(self, prepared: _PreparedCircuit, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run the circuit once for each binding."""
        for binding, seed in zip(arguments["bindings"], arguments["seeds"], strict=True):
            started = time.perf_counter()
            counts = _counts(prepared, binding, seed=seed, arguments=arguments)
            elapsed_sec = time.perf_counter() - started
            end = {"execution_time_sec": elapsed_sec, "sampling": "draws"}
            yield from result_in_parts(counts, width=prepared.circuit.clbits, end=end)


def _counts(
    prepared: _PreparedCircuit, binding: Mapping[str, float], *, seed: int, arguments: Mapping[str, Any]
) -> Mapping[int, int]:
    """Return counts by number of the classical bits."""
    import numpy as np

    from eigen.drivers.qsim.lowering import final_amplitudes, lowered
    from eigen.drivers.simulator.amplitudes import drawn
    from eigen.drivers.simulator.branching import plan_of
    from eigen.drivers.simulator.sampling import tally

    readout = plan_of(prepared.circuit).readout
    if readout is None:
        return {}
    circuit = lowered(prepared.circuit, binding) if prepared.lowered is None else prepared.lowered
    amplitudes = final_amplitudes(circuit, num_threads=arguments["num_threads"])
    generator = np.random.Generator(np.random.PCG64(seed))
    outcomes, times = drawn(amplitudes, shots=arguments["shots"], generator=generator)
    return checked_total(tally(outcomes, times, readout), shots=arguments["shots"])
