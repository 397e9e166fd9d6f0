"""Amazon Braket's simulator inside a worker process: OpenQASM 3 in, exact probabilities and expectation values out.

Counts are drawn from the probabilities (`eigen.drivers.simulator.sampling`). Where a circuit has both measurements and
observables it is run twice: the observables belong to the state before the measurements turn it to their basis.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from eigen.contracts.aqo import AQO
from eigen.contracts.aqo_json import decode
from eigen.contracts.gates import MEASURE
from eigen.drivers.braket.dialect import to_braket
from eigen.drivers.simulator.parts import checked_total, result_in_parts
from eigen.workers.engine import Engine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eigen.drivers.simulator.sampling import Readout

__all__ = ["BraketEngine"]


class BraketEngine(Engine):
    """Runs AQO on `braket.default_simulator.StateVectorSimulator`.

    Arguments of `run`: `shots`, `bindings` and one of `seeds` for each. Parts: as in `eigen.drivers.simulator.parts`;
    `sampling` is `multinomial` or `none`.
    """

    @classmethod
    def preload(cls) -> None:
        """Import the simulator and what draws counts."""
        import eigen.drivers.simulator.sampling  # noqa: F401  # for the imports that it makes

        _simulator()

    def prepare(self, content: bytes) -> AQO:
        """Read an AQO document."""
        return decode(content)

    def run(self, prepared: AQO, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run the circuit once for each binding."""
        readout = _readout(prepared)
        for binding, seed in zip(arguments["bindings"], arguments["seeds"], strict=True):
            started = time.perf_counter()
            values = _values(prepared, binding)
            counts = _counts(prepared, binding, readout, shots=arguments["shots"], seed=seed) if readout else {}
            elapsed_sec = time.perf_counter() - started
            end = {"execution_time_sec": elapsed_sec, "sampling": "multinomial" if readout else "none"}
            yield from result_in_parts(counts, width=prepared.clbits, values=values, end=end)


def _readout(circuit: AQO) -> Readout | None:
    """Return which qubit is read into which bit, or None where nothing is measured."""
    from eigen.drivers.simulator.sampling import Readout

    qubit_of = {
        clbit: qubit
        for operation in circuit.operations
        if operation.op == MEASURE
        for qubit, clbit in zip(operation.q, operation.c, strict=True)
    }
    clbits = tuple(sorted(qubit_of))
    return Readout(qubits=tuple(qubit_of[clbit] for clbit in clbits), clbits=clbits) if clbits else None


def _counts(
    circuit: AQO, binding: Mapping[str, float], readout: Readout, *, shots: int, seed: int
) -> Mapping[int, int]:
    import numpy as np

    (probabilities,) = _results(to_braket(circuit, binding, read=readout.qubits))
    by_readout = _reordered(np.asarray(probabilities, dtype=np.float64), readout.qubits)
    return checked_total(readout.counts(by_readout, shots=shots, seed=seed), shots=shots)


def _reordered(probabilities: NDArray[np.float64], qubits: tuple[int, ...]) -> NDArray[np.float64]:
    """Return probabilities whose index has the value of `qubits[k]` as bit k.

    Args:
        probabilities: float64, one for each outcome; the lowest of the qubits is the most significant bit.
        qubits: Which qubits, in any order.
    """
    axis_of = {qubit: axis for axis, qubit in enumerate(sorted(qubits))}
    axes = [axis_of[qubit] for qubit in reversed(qubits)]
    return probabilities.reshape((2,) * len(qubits)).transpose(axes).reshape(-1)


def _values(circuit: AQO, binding: Mapping[str, float]) -> dict[str, float]:
    """Return the expectation value of each observable."""
    products = [one for terms in circuit.observables.values() for one in terms if one.qubits]
    found = iter(_results(to_braket(circuit, binding, read=(), terms=products)) if products else ())
    return {
        name: math.fsum(one.coefficient * (float(next(found)) if one.qubits else 1.0) for one in terms)
        for name, terms in circuit.observables.items()
    }


def _results(program: str) -> list[Any]:
    simulator, program_class = _simulator()
    result = simulator().run(program_class(source=program), shots=0)
    return [one.value for one in result.resultTypes]


def _simulator() -> tuple[Any, Any]:
    from braket.default_simulator import StateVectorSimulator
    from braket.ir.openqasm import Program

    return StateVectorSimulator, Program
