"""How much a precision costs, and how a point is measured that costs more than one measurement may.

Theory: an observable whose coefficients' moduli sum to W takes about (W/p)² shots to keep the standard error within p
whatever the state is (`eigen.estimation.allocation`). A job takes no more than `MAX_SHOTS` for a point. The mean of k
measurements of precision p·√k has the precision p, so that such a point is measured k times, with seeds of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from eigen.contracts.aqo import PauliTerm
from eigen.contracts.errors import ResourceExhaustedError
from eigen.contracts.execution import MAX_SHOTS
from eigen.kernel.sweep import MAX_SWEEP_SHOTS

__all__ = ["Effort", "effort_of", "mean"]


class Effort(NamedTuple):
    """What a point takes.

    Attributes:
        repeats: How often it is measured.
        precision: Of each time; 0 where the value may be exact.
        shots: Most shots of each time.
    """

    repeats: int
    precision: float
    shots: int

    def spec_values(self) -> dict[str, Any]:
        """Return what it means for a job's spec."""
        return {"precision": self.precision} if self.precision else {}


def effort_of(observables: Iterable[Sequence[PauliTerm]], precision: float) -> Effort:
    """Return what it takes to measure some observables together.

    Raises:
        ResourceExhaustedError: More than `MAX_SWEEP_SHOTS` shots for one point.
    """
    if not precision:
        return Effort(1, 0.0, 0)
    measured = [[abs(one.coefficient) for one in terms if one.qubits] for terms in observables]
    shots = sum((math.fsum(moduli) / precision) ** 2 for moduli in measured)
    most_circuits = sum(map(len, measured))  # each of them rounds its shots up
    if not shots <= MAX_SWEEP_SHOTS - most_circuits:
        raise ResourceExhaustedError(
            f"the precision {precision:g} takes {shots:.2g} shots at each point; the most is {MAX_SWEEP_SHOTS:.0e}",
            reason="PRECISION_SHOTS",
            hint=f"the finest that can be had is about {precision * math.sqrt(shots / MAX_SWEEP_SHOTS):.2g}",
        )
    repeats = math.ceil(shots / max(MAX_SHOTS - most_circuits, 1)) or 1
    return Effort(repeats, precision * math.sqrt(repeats), math.ceil(shots / repeats) + most_circuits)


def mean(estimates: Sequence[Mapping[str, float]]) -> tuple[float, float]:
    """Return the mean of some independent estimates, and its standard error.

    Example:
        >>> mean([{"value": 1.0, "std_error": 0.3}, {"value": 2.0, "std_error": 0.4}])
        (1.5, 0.25)
    """
    number = len(estimates)
    error = math.sqrt(math.fsum(one["std_error"] ** 2 for one in estimates))
    return math.fsum(one["value"] for one in estimates) / number, error / number
