"""How many shots each circuit gets.

Theory: a group whose values lie within ±w has a variance of at most w² a shot, and the variances of the groups' means
add up. For a given number of shots that bound is least where each group gets shots in proportion to its w; with
W = Σ w, shots n = w·W/p² for each group then keep the standard error within the precision p, whatever the state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.execution import MAX_SHOTS
from eigen.estimation.grouping import MeasurementGroup

__all__ = ["allocated", "apportioned"]


def allocated(groups: Sequence[MeasurementGroup], *, shots: int, precisions: Mapping[str, float]) -> tuple[int, ...]:
    """Return the shots of each group.

    Args:
        groups: All groups.
        shots: What the observables without a precision share.
        precisions: Observable to the standard error that it must not pass.

    Raises:
        InvalidArgumentError: There are fewer shots than groups.
        ResourceExhaustedError: A precision takes more than `MAX_SHOTS` shots.
    """
    totals = _totals(groups)
    needed = [_needed(group, totals, precisions) for group in groups]
    sharing = [name for name in totals if name not in precisions]
    if sharing:
        weights = [math.fsum(group.weights.get(name, 0.0) / totals[name] for name in sharing) for group in groups]
        with_share = [index for index, weight in enumerate(weights) if weight]
        shares = apportioned([weights[index] for index in with_share], shots)
        for index, share in zip(with_share, shares, strict=True):
            needed[index] = max(needed[index], share)
    _check_precisions(totals, precisions, sum(needed))
    return tuple(needed)


def apportioned(weights: Sequence[float], shots: int) -> tuple[int, ...]:
    """Return whole numbers of at least 1 that sum to `shots`: one for each, the rest by largest remainders.

    Raises:
        InvalidArgumentError: There are fewer shots than weights.

    Example:
        >>> apportioned([0.5, 0.3, 0.2], 13)
        (6, 4, 3)
    """
    if shots < len(weights):
        raise InvalidArgumentError(
            f"{shots} shots for observables that take {len(weights)} circuits",
            reason="SHOTS_TOO_FEW",
            hint=f"give at least {len(weights)} shots, better a hundred times as many",
            details={"shots": shots, "circuits": len(weights)},
        )
    rest, total = shots - len(weights), math.fsum(weights)
    quotas = [weight / total * rest for weight in weights]
    shares = [1 + math.floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(weights)), key=lambda index: (math.floor(quotas[index]) - quotas[index], index))
    for index in by_remainder[: shots - sum(shares)]:
        shares[index] += 1
    return tuple(shares)


def _totals(groups: Sequence[MeasurementGroup]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for group in groups:
        for name, weight in group.weights.items():
            totals[name] = totals.get(name, 0.0) + weight
    return totals


def _needed(group: MeasurementGroup, totals: Mapping[str, float], precisions: Mapping[str, float]) -> int:
    """Return the shots that the precisions ask of a group; 0 where they ask for none."""
    wanted = [
        weight / precisions[name] * (totals[name] / precisions[name])
        for name, weight in group.weights.items()
        if name in precisions
    ]
    return math.ceil(min(max(wanted, default=0.0), MAX_SHOTS + 1.0))


def _check_precisions(totals: Mapping[str, float], precisions: Mapping[str, float], shots: int) -> None:
    if not precisions or shots <= MAX_SHOTS:
        return
    finest = {name: totals[name] / math.sqrt(MAX_SHOTS) for name in precisions if name in totals}
    listed = ", ".join(f"{finest[name]:.2g} for {name}" for name in sorted(finest)[:3])
    raise ResourceExhaustedError(
        f"the precision takes more than {MAX_SHOTS} shots, which is the most of a job",
        reason="PRECISION_SHOTS",
        hint=f"the finest that a job can promise by itself is {listed}",
        details={"limit": MAX_SHOTS, "finest": finest},
    )
