"""`sim:qulacs`: what Qulacs can do here. Imports no SDK."""

from __future__ import annotations

from types import MappingProxyType

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.gates import GATES
from eigen.drivers.simulator.description import Choice, Method, Simulator

__all__ = ["QULACS"]

_STATEVECTOR = Method(
    name="statevector",
    description="any circuit, 2^n amplitudes of 16 bytes and 2^n cumulative probabilities of 8",
    gates=frozenset(GATES),
    needed_bytes=lambda qubits: 24 << qubits,
    state="a state vector and the probabilities of its outcomes",
    keeps_branches=True,
    first_qubits_for_threads=13,
    runs_loops=True,
)


def _choose(profile: CircuitProfile, limit_bytes: int) -> Choice:
    return Choice(method=_STATEVECTOR.name, reason=f"the only one: {_STATEVECTOR.description}")


QULACS = Simulator(
    name="qulacs",
    description="Exact simulation with Qulacs: the least overhead for up to some 16 qubits, and gradients",
    backend="qulacs",
    engine="eigen.drivers.qulacs.engine:QulacsEngine",
    distributions=("numpy", "qulacs"),
    extra="qulacs",
    methods=MappingProxyType({_STATEVECTOR.name: _STATEVECTOR}),
    choose=_choose,
    max_threads=2,  # it adds the threads' sums as they come: two of them in any order are the same, three are not
)
"""The engine of `sim:qulacs`."""
