"""Simulation methods of Aer, and what a job may choose.

`sim:local` offers the methods that are exact up to rounding. Aer's `extended_stabilizer` is left out: it samples by a
random walk, and its counts can be wrong without saying so. The gate sets were found by running every gate of the table
under every method (Aer 0.17 and 0.18); what a method lacks is lowered, see `lowering`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.gates import GATES
from eigen.contracts.printable import printable, quoted

__all__ = ["DEFAULT_METHOD", "METHODS", "PROBABILITIES", "Method", "chosen_method"]

DEFAULT_METHOD = "statevector"

PROBABILITIES = "probabilities"
"""Under which name Aer gives the probabilities that a circuit saves."""

_UNKNOWN_TO_AER = frozenset({"ch", "cs", "csdg", "iswap"})
_ALL = frozenset(GATES) - _UNKNOWN_TO_AER
_CLIFFORD = frozenset(["id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap", "ecr"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to simulate.

    Attributes:
        name: Aer's name of it.
        native: Gates that Aer runs by themselves.
        takes_matrices: Whether any other gate can be run by its matrix.
        description: What it is good for, one clause.
    """

    name: str
    native: frozenset[str]
    takes_matrices: bool
    description: str

    @property
    def gates(self) -> frozenset[str]:
        """Gates that circuits may use."""
        return frozenset(GATES) if self.takes_matrices else self.native | {"iswap"}


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        method.name: method
        for method in (
            Method(
                name="statevector",
                native=_ALL,
                takes_matrices=True,
                description="any circuit, 2^n amplitudes of 16 bytes",
            ),
            Method(
                name="density_matrix",
                native=_ALL - frozenset(["csx", "crx", "cry", "crz", "cu", "ccz", "cswap"]),
                takes_matrices=True,
                description="any circuit, 4^n elements of 16 bytes",
            ),
            Method(
                name="stabilizer",
                native=_CLIFFORD,
                takes_matrices=False,
                description="Clifford circuits, thousands of qubits",
            ),
            Method(
                name="matrix_product_state",
                native=_ALL - frozenset(["crx", "cry", "crz", "cu", "ccz"]),
                takes_matrices=True,
                description="circuits of low entanglement, many qubits",
            ),
        )
    }
)
"""Every method that a job may choose, by name."""


def chosen_method(driver_options: Mapping[str, Any]) -> Method:
    """Return the method that a job's `driver_options` ask for.

    Raises:
        InvalidArgumentError: An option or its value is unknown; the message has the list.
    """
    for name in driver_options:
        if name != "method":
            raise InvalidArgumentError(
                f"sim:local has no driver option {quoted(name)}; it has: method",
                reason="DRIVER_OPTION",
                hint="remove it from spec.driver_options",
            )
    value = driver_options.get("method", DEFAULT_METHOD)
    method = METHODS.get(value) if isinstance(value, str) else None
    if method is None:
        raise InvalidArgumentError(
            f"spec.driver_options.method is {quoted(value)}; sim:local has {printable(', '.join(METHODS))}",
            reason="DRIVER_OPTION",
            hint="; ".join(f"{one.name}: {one.description}" for one in METHODS.values()),
        )
    return method
