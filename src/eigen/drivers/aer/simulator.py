"""`sim:local`: Qiskit Aer, its methods, and which one is best for a circuit. Imports no SDK.

`sim:local` offers the methods that are exact up to rounding. Aer's `extended_stabilizer` is left out: it samples by a
random walk, and its counts can be wrong without saying so. The gate sets were found by running every gate of the table
under every method (Aer 0.17 and 0.18); what a method lacks is lowered, see `lowering`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.gates import GATES
from eigen.drivers.simulator.description import Choice, Method, Simulator

__all__ = ["AER", "DEFAULT_METHOD", "METHODS", "PROBABILITIES", "AerMethod", "choose"]

DEFAULT_METHOD = "statevector"

PROBABILITIES = "probabilities"
"""Under which name Aer gives the probabilities that a circuit saves."""

_UNKNOWN_TO_AER = frozenset({"ch", "cs", "csdg", "iswap"})
_ALL = frozenset(GATES) - _UNKNOWN_TO_AER
_CLIFFORD = frozenset(["id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap", "ecr"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AerMethod(Method):
    """One of Aer's methods.

    Attributes:
        native: Gates that Aer runs by themselves.
        takes_matrices: Whether any other gate can be run by its matrix.
    """

    native: frozenset[str]
    takes_matrices: bool = True


METHODS: Mapping[str, AerMethod] = MappingProxyType(
    {
        method.name: method
        for method in (
            AerMethod(
                name="statevector",
                description="any circuit, 2^n amplitudes of 16 bytes",
                gates=frozenset(GATES),
                needed_bytes=lambda qubits: 16 << qubits,
                state="a state vector",
                first_qubits_for_threads=16,
                native=_ALL,
            ),
            AerMethod(
                name="density_matrix",
                description="any circuit, 4^n elements of 16 bytes",
                gates=frozenset(GATES),
                needed_bytes=lambda qubits: 16 << 2 * qubits,
                state="a density matrix",
                first_qubits_for_threads=8,
                native=_ALL - frozenset(["csx", "crx", "cry", "crz", "cu", "ccz", "cswap"]),
            ),
            AerMethod(
                name="stabilizer",
                description="Clifford circuits, thousands of qubits",
                gates=_CLIFFORD | {"iswap"},
                needed_bytes=lambda qubits: qubits * qubits + 4096,
                state="a stabilizer tableau",
                native=_CLIFFORD,
                takes_matrices=False,
            ),
            AerMethod(
                name="matrix_product_state",
                description="circuits of low entanglement, many qubits",
                gates=frozenset(GATES),
                native=_ALL - frozenset(["crx", "cry", "crz", "cu", "ccz"]),
            ),
        )
    }
)
"""Every method that a job may choose, by name. A stabilizer tableau of n qubits has 2n rows of 2n bits, kept twice."""


def choose(profile: CircuitProfile, limit_bytes: int) -> Choice:
    """Return the best method for a circuit."""
    return Choice(method=DEFAULT_METHOD, reason=f"the default: {METHODS[DEFAULT_METHOD].description}")


AER = Simulator(
    name="local",
    description="Exact simulation on this machine with Qiskit Aer",
    backend="qiskit_aer_simulator",
    engine="eigen.drivers.aer.engine:AerEngine",
    distributions=("numpy", "qiskit", "qiskit-aer"),
    methods=METHODS,
    choose=choose,
)
"""The engine of `sim:local`."""
