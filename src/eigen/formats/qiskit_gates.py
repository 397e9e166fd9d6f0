"""Qiskit's standard gates as operations of AQO, found by their class: a name alone proves nothing about a gate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from qiskit.circuit.library import get_standard_gate_name_mapping

from eigen.contracts.gates import GATES

__all__ = ["KnownGate", "known_gates"]

_OLDER: Mapping[str, tuple[str, Callable[..., tuple[Any, ...]]]] = {
    # Qiskit's older names: (gate of the table, its angles)
    "u1": ("p", lambda lam: (lam,)),
    "u2": ("u", lambda phi, lam: (math.pi / 2, phi, lam)),
    "u3": ("u", lambda theta, phi, lam: (theta, phi, lam)),
    "cu1": ("cp", lambda lam: (lam,)),
    "cu3": ("cu", lambda theta, phi, lam: (theta, phi, lam, 0)),
}


class KnownGate(NamedTuple):
    """A standard gate of Qiskit.

    Attributes:
        op: The operation of AQO.
        kind: Its class in Qiskit.
        angles: Qiskit's parameters → angles of the operation, or None where they are the same.
    """

    op: str
    kind: type
    angles: Callable[..., tuple[Any, ...]] | None


@cache
def known_gates() -> Mapping[str, KnownGate]:
    """Return the standard gates that AQO has, by Qiskit's name."""
    classes = {name: gate.base_class for name, gate in get_standard_gate_name_mapping().items()}
    same = {gate.qiskit: KnownGate(gate.op, classes[gate.qiskit], None) for gate in GATES.values()}
    older = {
        name: KnownGate(GATES[gate].op, classes[name], angles)
        for name, (gate, angles) in _OLDER.items()
        if name in classes
    }
    return same | older
