"""Every gate with angles as a product of Pauli rotations, and which of these are Clifford.

Theory: a rotation is exp(−i θ/2 P) for a Pauli product P. A controlled rotation is two of them, since
|1⟩⟨1| = (1 − Z)/2: controlled exp(−i θ/2 P) = exp(−i θ/4 P) · exp(+i θ/4 Z⊗P). Each θ is linear in the gate's angles,
so that a symbolic gate is a product of rotations with symbolic angles, which engines differentiate. A rotation is
Clifford where its angle is a multiple of π/2 (Nielsen and Chuang, section 10.5.2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from eigen.contracts.gates import GATES

__all__ = ["CLIFFORD_GATES", "ROTATIONS", "QuarterTurn", "Rotation", "quarter_turns"]

_TOLERANCE_TURNS = 1e-12


class Rotation(NamedTuple):
    """exp(−i θ/2 P) with θ = Σ coefficients[k] × the gate's angle k.

    Attributes:
        paulis: The letters of P.
        positions: On which of the gate's qubits each of them acts.
        coefficients: One for each of the gate's angles.
    """

    paulis: str
    positions: tuple[int, ...]
    coefficients: tuple[float, ...]


class QuarterTurn(NamedTuple):
    """exp(−i π/4 · quarters · P): a Clifford gate.

    Attributes:
        paulis: The letters of P.
        positions: On which of the gate's qubits each of them acts.
        quarters: 1, 2 or 3.
    """

    paulis: str
    positions: tuple[int, ...]
    quarters: int


def _rotation(paulis: str, *coefficients: float) -> Rotation:
    return Rotation(paulis, tuple(range(len(paulis))), coefficients)


def _controlled(pauli: str, *coefficients: float) -> tuple[Rotation, Rotation]:
    halves = tuple(0.5 * one for one in coefficients)
    return Rotation(pauli, (1,), halves), Rotation(f"Z{pauli}", (0, 1), tuple(-one for one in halves))


ROTATIONS: Mapping[str, tuple[Rotation, ...]] = MappingProxyType(
    {
        "p": (_rotation("Z", 1),),
        "rx": (_rotation("X", 1),),
        "ry": (_rotation("Y", 1),),
        "rz": (_rotation("Z", 1),),
        "r": (_rotation("Z", 0, -1), _rotation("X", 1, 0), _rotation("Z", 0, 1)),
        "u": (_rotation("Z", 0, 0, 1), _rotation("Y", 1, 0, 0), _rotation("Z", 0, 1, 0)),
        "cp": (_rotation("Z", 0.5), *_controlled("Z", 1)),
        "crx": _controlled("X", 1),
        "cry": _controlled("Y", 1),
        "crz": _controlled("Z", 1),
        "cu": (
            _rotation("Z", 0, 0.5, 0.5, 1),
            *_controlled("Z", 0, 0, 1, 0),
            *_controlled("Y", 1, 0, 0, 0),
            *_controlled("Z", 0, 1, 0, 0),
        ),
        "rxx": (_rotation("XX", 1),),
        "ryy": (_rotation("YY", 1),),
        "rzz": (_rotation("ZZ", 1),),
        "rzx": (_rotation("ZX", 1),),
    }
)
"""Gate to its rotations in the order in which they act, up to a global phase."""

CLIFFORD_GATES = frozenset(
    ("id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap", "iswap", "ecr")
)
"""Gates without angles that take Pauli products to Pauli products."""

_ROTATIONS_OF_OP = {GATES[name].op: rotations for name, rotations in ROTATIONS.items()}


def quarter_turns(op: str, params: Sequence[object]) -> tuple[QuarterTurn, ...] | None:
    """Return a gate with angles as Clifford rotations, or None where it is not one (or an angle is symbolic).

    Args:
        op: The gate's name in AQO.
        params: Its angles, radians.

    Example:
        >>> quarter_turns("CP", (math.pi,))
        (QuarterTurn(paulis='Z', positions=(0,), quarters=1), QuarterTurn(paulis='Z', positions=(1,), quarters=1), \
QuarterTurn(paulis='ZZ', positions=(0, 1), quarters=3))
    """
    angles = [angle for angle in params if isinstance(angle, int | float)]
    rotations = _ROTATIONS_OF_OP.get(op)
    if rotations is None or len(angles) != len(params):
        return None
    found = []
    for rotation in rotations:
        terms = zip(rotation.coefficients, angles, strict=True)
        turns = math.fsum(coefficient * angle for coefficient, angle in terms) / (math.pi / 2)
        quarters = round(turns)
        if abs(turns - quarters) > _TOLERANCE_TURNS * max(1, abs(quarters)):
            return None
        if quarters % 4:
            found.append(QuarterTurn(rotation.paulis, rotation.positions, quarters % 4))
    return tuple(found)
