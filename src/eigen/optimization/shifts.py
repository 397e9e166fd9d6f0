"""Exact derivatives by an angle from values at shifted angles.

Theory. As a function of one angle of one gate the energy is a trigonometric polynomial; its frequencies are differences
of the eigenvalues of the gate's generator. Where they are ω, 2ω, …, Rω, the derivative at 0 is

    E'(0) = Σ_{μ=1}^{2R} E(x_μ/ω) · ω (−1)^{μ−1} / (4R sin²(x_μ/2)),   x_μ = (2μ−1)π/(2R),

two values for a rotation by a Pauli product (R = 1, ω = 1: half the difference of the values at ±π/2), four for a
controlled rotation (ω = 1/2, frequencies 1/2 and 1) and for the axis of `r` (frequencies 1 and 2).

Source: D. Wierichs, J. Izaac, C. Wang and C. Y.-Y. Lin, "General parameter-shift rules for quantum gradients",
Quantum 6, 677 (2022), equation (26); for two and four terms K. Mitarai et al., Phys. Rev. A 98, 032309 (2018), and
G.-L. R. Anselmetti et al., New J. Phys. 23, 113010 (2021).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from eigen.optimization.circuits import GateAngle

__all__ = ["Shift", "shifts_of"]

Shift = tuple[float, float]
"""By how much the angle is shifted, in radians, and the weight of the value there."""

_SPECTRA: Mapping[tuple[str, int], tuple[float, int]] = MappingProxyType(
    {
        # gate, place of the angle: lowest frequency, number of frequencies; all others have the frequency 1 alone
        ("CRX", 0): (0.5, 2),
        ("CRY", 0): (0.5, 2),
        ("CRZ", 0): (0.5, 2),
        ("CU", 0): (0.5, 2),
        ("R", 1): (1.0, 2),
    }
)


def shifts_of(angle: GateAngle) -> tuple[Shift, ...]:
    """Return where the energy is to be asked, and with which weights the answers sum up to its derivative.

    Example:
        >>> [(round(shift, 4), round(weight, 4)) for shift, weight in shifts_of(GateAngle("RX", 0))]
        [(1.5708, 0.5), (-1.5708, -0.5)]
    """
    return _rule(*_SPECTRA.get((angle.op, angle.place), (1.0, 1)))


@cache
def _rule(frequency: float, number: int) -> tuple[Shift, ...]:
    points = [(2 * index + 1) * math.pi / (2 * number) for index in range(2 * number)]
    weights = [
        frequency * (-1) ** index / (4 * number * math.sin(point / 2) ** 2) for index, point in enumerate(points)
    ]
    return tuple(
        ((point if point < math.pi else point - 2 * math.pi) / frequency, weight)
        for point, weight in zip(points, weights, strict=True)
    )
