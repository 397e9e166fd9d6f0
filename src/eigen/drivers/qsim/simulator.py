"""`sim:qsim`: what qsim can do here. Imports no SDK."""

from __future__ import annotations

from types import MappingProxyType

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.gates import GATES
from eigen.drivers.simulator.description import Choice, Method, Simulator

__all__ = ["QSIM"]

_STATEVECTOR = Method(
    name="statevector",
    description="counts of large circuits, 2^n amplitudes of 8 bytes",
    gates=frozenset(GATES),
    needed_bytes=lambda qubits: (8 << qubits) + 2**26,
    state="a state vector of single precision",
    first_qubits_for_threads=17,
)


def _choose(profile: CircuitProfile, limit_bytes: int) -> Choice:
    return Choice(method=_STATEVECTOR.name, reason=f"the only one: {_STATEVECTOR.description}")


QSIM = Simulator(
    name="qsim",
    description="Counts of large circuits with qsim: single precision, gates fused",
    backend="qsim",
    engine="eigen.drivers.qsim.engine:QsimEngine",
    distributions=("numpy", "qsimcirq"),
    extra="qsim",
    methods=MappingProxyType({_STATEVECTOR.name: _STATEVECTOR}),
    choose=_choose,
    mid_circuit_measurement=False,
    feed_forward=False,
    reset=False,
    expectation_values=False,
    precision="single",
)
"""The engine of `sim:qsim`."""
