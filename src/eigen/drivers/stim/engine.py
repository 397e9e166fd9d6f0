"""Stim inside a worker process: stabilizer tableaus of thousands of qubits.

Without conditions, one reference sample and Pauli frames give all shots (C. Gidney, Quantum 5, 497), measurements in
the middle and resets included. With conditions the circuit is run by branches, see
`eigen.drivers.simulator.branching`. A Pauli product's expectation value in a stabilizer state is −1, 0 or 1, so that
values of observables are exact but for the sum of their coefficients.

Stim's sampler draws the same shots for the same seed, version and instruction set of the processor.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eigen.contracts.aqo import AQO, PauliTerm
from eigen.contracts.aqo_json import decode
from eigen.contracts.gates import MEASURE
from eigen.drivers.simulator.parts import checked_total, result_in_parts
from eigen.workers.engine import Engine

if TYPE_CHECKING:
    import stim

    from eigen.drivers.simulator.branching import Plan

__all__ = ["StimEngine"]


@dataclass(frozen=True, slots=True)
class _PreparedCircuit:
    """A circuit made ready.

    Attributes:
        circuit: As it came.
        state: Everything in front of the measurements that end it, where it has observables; else None.
        counting: How it is counted: the whole of it for Stim's sampler; or, where it has conditions, its plan and the
            plan's gates by their step.
        sampling: How the counts come about.
    """

    circuit: AQO
    state: stim.Circuit | None
    counting: stim.Circuit | tuple[Plan, Mapping[int, stim.Circuit]]
    sampling: str


class StimEngine(Engine):
    """Runs AQO on Stim.

    Arguments of `run`: `shots`, `bindings` (no circuit has parameters) and one of `seeds` for each. Parts: as in
    `eigen.drivers.simulator.parts`; `sampling` is `frames`, `branches` or `none`.
    """

    @classmethod
    def preload(cls) -> None:
        """Import Stim."""
        import eigen.drivers.stim.branch_state
        import eigen.drivers.stim.lowering
        import eigen.drivers.stim.sampling  # noqa: F401  # all for the imports that they make

    def prepare(self, content: bytes) -> _PreparedCircuit:
        """Read an AQO document and lower it."""
        from eigen.drivers.simulator.branching import Gates, plan_of
        from eigen.drivers.stim.lowering import lowered

        circuit = decode(content)
        gates = [operation for operation in circuit.operations if operation.op != MEASURE]
        state = lowered(gates) if circuit.observables else None
        if any(operation.condition for operation in circuit.operations):
            plan = plan_of(circuit, draws=False)
            steps = enumerate(plan.steps)
            pieces = {place: lowered(step.operations) for place, step in steps if isinstance(step, Gates)}
            return _PreparedCircuit(circuit, state, (plan, pieces), plan.sampling)
        sampling = "frames" if len(gates) < len(circuit.operations) else "none"
        return _PreparedCircuit(circuit, state, lowered(circuit.operations), sampling)

    def run(self, prepared: _PreparedCircuit, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run the circuit once for each binding."""
        shots, width = arguments["shots"], prepared.circuit.clbits
        for _, seed in zip(arguments["bindings"], arguments["seeds"], strict=True):
            started = time.perf_counter()
            values = _values(prepared)
            counts = checked_total(_counts(prepared, shots, seed), shots=shots) if prepared.sampling != "none" else {}
            elapsed_sec = time.perf_counter() - started
            end = {"execution_time_sec": elapsed_sec, "sampling": prepared.sampling}
            yield from result_in_parts(counts, width=width, values=values, end=end)


def _counts(prepared: _PreparedCircuit, shots: int, seed: int) -> Mapping[int, int]:
    """Return counts by number of the classical bits."""
    import numpy as np

    from eigen.drivers.simulator.branching import walked
    from eigen.drivers.stim.branch_state import StimState
    from eigen.drivers.stim.sampling import Records

    if not isinstance(prepared.counting, tuple):
        return Records(prepared.circuit).counts(prepared.counting, shots=shots, seed=seed)
    plan, pieces = prepared.counting
    generator = np.random.Generator(np.random.PCG64(seed))
    state = StimState.zero(prepared.circuit.qubits)
    return walked(plan, pieces, state=state, turns=None, shots=shots, generator=generator)


def _values(prepared: _PreparedCircuit) -> dict[str, float]:
    """Return the values of a circuit's observables."""
    import stim

    if prepared.state is None:
        return {}
    simulator = stim.TableauSimulator()
    simulator.set_num_qubits(prepared.circuit.qubits)
    simulator.do(prepared.state)
    return {
        name: math.fsum(one.coefficient * _product_value(simulator, one) for one in terms)
        for name, terms in prepared.circuit.observables.items()
    }


def _product_value(simulator: stim.TableauSimulator, product: PauliTerm) -> int:
    import stim

    letters = dict(zip(product.qubits, product.paulis, strict=True))
    return simulator.peek_observable_expectation(stim.PauliString(letters)) if letters else 1
