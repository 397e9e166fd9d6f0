"""`sim:stim`: what Stim can do here. Imports no SDK."""

from __future__ import annotations

from types import MappingProxyType

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.rotations import CLIFFORD_GATES, ROTATIONS
from eigen.drivers.simulator.description import Choice, Method, Simulator

__all__ = ["STIM"]

_STABILIZER = Method(
    name="stabilizer",
    description="Clifford circuits, thousands of qubits; angles are multiples of π/2",
    gates=CLIFFORD_GATES | frozenset(ROTATIONS),
    needed_bytes=lambda qubits: qubits * qubits + 2**26,
    state="a stabilizer tableau and a batch of shots",
    is_clifford_only=True,
    keeps_branches=True,
)


def _choose(profile: CircuitProfile, limit_bytes: int) -> Choice:
    return Choice(method=_STABILIZER.name, reason=f"the only one: {_STABILIZER.description}")


STIM = Simulator(
    name="stim",
    description="Exact simulation of Clifford circuits of thousands of qubits with Stim",
    backend="stim",
    engine="eigen.drivers.stim.engine:StimEngine",
    distributions=("numpy", "stim"),
    extra="stim",
    methods=MappingProxyType({_STABILIZER.name: _STABILIZER}),
    choose=_choose,
    precision="exact",
)
"""The engine of `sim:stim`."""
