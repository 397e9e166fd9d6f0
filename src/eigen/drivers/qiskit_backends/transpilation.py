"""Circuits fitted to a backend's couplings and gates, and a record of what that did. Runs in a worker.

A circuit is transpiled once with its parameters, and bound after. Its measurements carry their classical bits along, so
that counts come back by the program's bits wherever routing has moved its qubits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter

from eigen.contracts.aqo import AQO
from eigen.contracts.gates import GATES
from eigen.drivers.aer.lowering import LoweredCircuit
from eigen.drivers.aer.simulator import AerMethod

__all__ = ["TranspiledCircuit"]

_QISKIT = AerMethod(
    name="qiskit",
    description="any gate",
    gates=frozenset(GATES),
    native=frozenset(GATES),
    takes_matrices=False,
    keeps_barriers=True,
)
_ROUTING = ("SabreLayout", "SabreSwap", "BasicSwap", "LookaheadSwap", "StochasticSwap")
_SEED_BITS = 31


@dataclass(frozen=True, slots=True)
class TranspiledCircuit:
    """A circuit as a backend runs it.

    Attributes:
        circuit: With the backend's gates on the backend's qubits; it may have parameters.
        lowered: What it was made from, which knows the parameters' values.
        facts: `optimization_level`, `seed_transpiler`, `depth`, `two_qubit_gates`, `swaps` (that routing put in),
            `initial_layout` and `final_layout` (the backend's qubit of each of the program's, before and after).
    """

    circuit: QuantumCircuit
    lowered: LoweredCircuit
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, circuit: AQO, backend: Any, *, optimization_level: int, seed: int) -> TranspiledCircuit:
        """Return a circuit transpiled for a backend; raises whatever Qiskit raises."""
        lowered = LoweredCircuit(circuit, _QISKIT)
        swaps = _Swaps()
        seed_transpiler = seed % (1 << _SEED_BITS)
        fitted = transpile(
            lowered.template,
            backend,
            optimization_level=optimization_level,
            seed_transpiler=seed_transpiler,
            callback=swaps.see,
        )
        facts = {
            "optimization_level": optimization_level,
            "seed_transpiler": seed_transpiler,
            "depth": fitted.depth(),
            "two_qubit_gates": fitted.num_nonlocal_gates(),
            "swaps": swaps.added,
            **_layouts(fitted),
        }
        return cls(fitted, lowered, facts)

    def bound(self, binding: Mapping[str, float]) -> QuantumCircuit:
        """Return the circuit with a value for each parameter; errors as `LoweredCircuit.values`."""
        values: dict[Parameter, float] = self.lowered.values(binding)
        return self.circuit.assign_parameters(values, strict=False) if values else self.circuit


class _Swaps:
    """Counts the swaps that come with the passes that route."""

    def __init__(self) -> None:
        self.added = 0
        self._before = 0

    def see(self, **stage: Any) -> None:
        now = stage["dag"].count_ops().get("swap", 0)
        if type(stage["pass_"]).__name__ in _ROUTING:
            self.added += max(now - self._before, 0)
        self._before = now


def _layouts(fitted: QuantumCircuit) -> dict[str, list[int]]:
    if fitted.layout is None:
        return {}
    return {
        "initial_layout": fitted.layout.initial_index_layout(filter_ancillas=True),
        "final_layout": fitted.layout.final_index_layout(filter_ancillas=True),
    }
