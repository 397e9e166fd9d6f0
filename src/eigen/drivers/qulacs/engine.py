"""Qulacs inside a worker process: a state vector, gates by its kernels, counts drawn from the last state.

Where there are more shots than outcomes the counts are one draw from the multinomial distribution (NumPy's PCG64 with
the job's seed), else Qulacs draws the shots one by one (Mersenne twister, seeded by the former). Measurements in the
middle, resets and conditions are run by branches, see `eigen.drivers.simulator.branching`.

Qulacs takes one thread for small states by itself, and `OMP_NUM_THREADS` for large ones; that cannot be told for each
run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eigen.contracts.aqo import AQO, PauliTerm
from eigen.contracts.aqo_json import decode
from eigen.drivers.simulator.parts import checked_total, result_in_parts
from eigen.workers.engine import Engine

if TYPE_CHECKING:
    import qulacs

    from eigen.drivers.qulacs.lowering import Circuit
    from eigen.drivers.simulator.branching import Plan
    from eigen.estimation.grouping import MeasurementGroup
    from eigen.optimization.landscape import Landscape

__all__ = ["QulacsEngine"]


@dataclass(frozen=True, slots=True)
class _PreparedCircuit:
    """A circuit made ready.

    Attributes:
        circuit: As it came.
        plan: How it is run.
        pieces: Gates by their step.
        turns: Gates in front of the last measurements, or None.
        observables: Each one's constant, and the rest for Qulacs, or None where there is none.
    """

    circuit: AQO
    plan: Plan
    pieces: Mapping[int, Circuit]
    turns: Circuit | None
    observables: Mapping[str, tuple[float, qulacs.Observable | None]]


class QulacsEngine(Engine):
    """Runs AQO on `qulacs.QuantumState`.

    Arguments of `run`: `shots`, `bindings` and one of `seeds` for each. Parts: as in `eigen.drivers.simulator.parts`;
    `sampling` is `draws`, `branches` or `none`.
    """

    @classmethod
    def preload(cls) -> None:
        """Import Qulacs."""
        import eigen.drivers.qulacs.landscape
        import eigen.drivers.qulacs.state  # noqa: F401  # both for the imports that they make

    def prepare(self, content: bytes) -> _PreparedCircuit:
        """Read an AQO document and lower it."""
        from eigen.drivers.qulacs.lowering import Circuit
        from eigen.drivers.simulator.branching import Gates, plan_of

        circuit = decode(content)
        plan = plan_of(circuit)
        pieces = {
            place: Circuit(step.operations, num_qubits=circuit.qubits)
            for place, step in enumerate(plan.steps)
            if isinstance(step, Gates)
        }
        turns = Circuit(plan.turns, num_qubits=circuit.qubits) if plan.turns else None
        observables = {name: observable_of(terms, circuit.qubits) for name, terms in circuit.observables.items()}
        return _PreparedCircuit(circuit, plan, pieces, turns, observables)

    def run(self, prepared: _PreparedCircuit, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run the circuit once for each binding."""
        shots = arguments["shots"]
        for binding, seed in zip(arguments["bindings"], arguments["seeds"], strict=True):
            started = time.perf_counter()
            values, counts = _outcome(prepared, binding, shots=shots, seed=seed)
            elapsed_sec = time.perf_counter() - started
            end = {"execution_time_sec": elapsed_sec, "sampling": prepared.plan.sampling}
            yield from result_in_parts(counts, width=prepared.circuit.clbits, values=values, end=end)

    def landscape(self, circuit: AQO, *, groups: Sequence[MeasurementGroup], arguments: Mapping[str, Any]) -> Landscape:
        """Return a circuit's energy as a function of its angles."""
        from eigen.drivers.qulacs.landscape import QulacsLandscape

        return QulacsLandscape(circuit, groups=groups)


def _outcome(
    prepared: _PreparedCircuit, binding: Mapping[str, float], *, shots: int, seed: int
) -> tuple[Mapping[str, float], Mapping[int, int]]:
    """Return the values of the observables, and counts by number of the classical bits."""
    import numpy as np

    from eigen.drivers.qulacs.state import QulacsState
    from eigen.drivers.simulator.branching import walked

    for piece in prepared.pieces.values():
        piece.bind(binding)
    state = QulacsState.zero(prepared.circuit.qubits)
    values: dict[str, float] = {}
    plan, pieces = prepared.plan, prepared.pieces
    if prepared.observables:
        for piece in pieces.values():
            state.apply(piece)
        values = {name: state.value(constant, rest) for name, (constant, rest) in prepared.observables.items()}
        plan, pieces = plan.at_end(), {}
    if plan.sampling == "none":
        return values, {}
    generator = np.random.Generator(np.random.PCG64(seed))
    counts = walked(plan, pieces, state=state, turns=prepared.turns, shots=shots, generator=generator)
    return values, checked_total(counts, shots=shots)


def observable_of(terms: Sequence[PauliTerm], num_qubits: int) -> tuple[float, qulacs.Observable | None]:
    """Return an observable's constant, and the rest for Qulacs, or None where there is none."""
    import qulacs

    constant = math.fsum(one.coefficient for one in terms if not one.qubits)
    products = [one for one in terms if one.qubits]
    if not products:
        return constant, None
    observable = qulacs.Observable(num_qubits)
    for one in products:
        letters = (f"{letter} {qubit}" for letter, qubit in zip(one.paulis, one.qubits, strict=True))
        observable.add_operator(one.coefficient, " ".join(letters))
    return constant, observable
