"""How the expectation values of one circuit are sampled: its groups, their circuits, shots and seeds."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eigen.contracts.aqo import AQO
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.printable import quoted
from eigen.estimation.allocation import allocated
from eigen.estimation.estimates import Estimate, estimated, outcomes_of
from eigen.estimation.grouping import MeasurementGroup, grouped
from eigen.estimation.measurement import before_measurement, measured

__all__ = ["MAX_OPERATIONS", "Sampling", "group_seed", "sampling_of"]

MAX_OPERATIONS = 10_000_000
"""Most operations of all measured circuits together."""

_SEED_BITS = 53
_LARGEST_COEFFICIENT = 1e100  # its square is a number still


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """A plan of measurements.

    Attributes:
        state: The circuit whose last state is measured.
        groups: What is measured together.
        shots: How often each group is measured.
        constants: Observable to the coefficient of its identity, which nothing has to be measured for.
    """

    state: AQO
    groups: tuple[MeasurementGroup, ...]
    shots: tuple[int, ...]
    constants: Mapping[str, float]

    def circuit(self, index: int) -> AQO:
        """Return the circuit that measures a group."""
        return measured(self.state, self.groups[index])

    @property
    def widest(self) -> AQO:
        """The circuit that measures the most qubits; the state's own where nothing has to be measured."""
        if not self.groups:
            return self.state
        return self.circuit(max(range(len(self.groups)), key=lambda index: len(self.groups[index].qubits)))

    def estimate(self, counts: Sequence[Mapping[str, int]]) -> dict[str, Estimate]:
        """Return the estimate of each observable from the counts of each group's circuit."""
        outcomes = (outcomes_of(one, first_bit=self.state.clbits) for one in counts)
        return estimated(self.constants, zip(self.groups, outcomes, strict=True))


def sampling_of(circuit: AQO, *, shots: int, precisions: Mapping[str, float]) -> Sampling:
    """Return how a circuit's observables are sampled.

    Args:
        circuit: With its observables.
        shots: What the observables without a precision share.
        precisions: Observable to the standard error that it must not pass.

    Raises:
        InvalidArgumentError: There are fewer shots than circuits to measure, or a coefficient is beyond 10^100.
        ResourceExhaustedError: There are too many products, circuits, operations or shots.
    """
    _check_coefficients(circuit)
    groups = grouped(circuit.observables)
    state = before_measurement(circuit)
    operations = len(groups) * len(state.operations)
    if operations > MAX_OPERATIONS:
        raise ResourceExhaustedError(
            f"{len(groups)} circuits of {len(state.operations)} operations; at most {MAX_OPERATIONS:.0e} operations "
            "are run to sample a job's observables",
            reason="OBSERVABLE_TOO_LARGE",
            hint="drop the smallest terms, or make the circuit shorter",
            details={"circuits": len(groups), "operations": len(state.operations), "limit": MAX_OPERATIONS},
        )
    return Sampling(
        state=state,
        groups=groups,
        shots=allocated(groups, shots=shots, precisions=precisions),
        constants={
            name: math.fsum(one.coefficient for one in terms if not one.qubits)
            for name, terms in circuit.observables.items()
        },
    )


def group_seed(seed: int, index: int) -> int:
    """Return the seed of a group's measurement, 0 to 2^53 − 1; depends on the job's seed and the group's number only.

    Example:
        >>> group_seed(7, 0) != group_seed(7, 1)
        True
    """
    digest = hashlib.sha256(f"eigen group {seed} {index}".encode()).digest()
    return int.from_bytes(digest[:8]) >> (64 - _SEED_BITS)


def _check_coefficients(circuit: AQO) -> None:
    for name, terms in circuit.observables.items():
        largest = max((abs(one.coefficient) for one in terms), default=0.0)
        if largest > _LARGEST_COEFFICIENT:
            raise InvalidArgumentError(
                f"the observable {quoted(name)} has the coefficient {largest:g}; sampling takes at most 1e100",
                reason="OBSERVABLE_TOO_LARGE",
                hint="choose other units",
            )
