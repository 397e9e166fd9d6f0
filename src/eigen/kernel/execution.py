"""From a plan to results: all circuits and some points of a job in one call, estimates from what comes back.

A job without observables, or whose device gives their exact values, is one circuit. One whose expectation values are
sampled is the measured circuit, where it measures anything, and a circuit for each group of products. The points of a
sweep go in portions that take about `PORTION_SEC` each, or, where each call waits in a queue, in the device's batches;
results and seeds do not depend on how it is portioned.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from eigen.contracts.execution import CircuitFormat, CircuitPayload, ExecutionOptions, ExecutionRequest, ExecutionResult

if TYPE_CHECKING:
    from eigen.contracts.aqo import AQO
    from eigen.kernel.plan import ExecutionPlan
    from eigen.ports.clock import Clock
    from eigen.ports.drivers import DriverManager

__all__ = ["PORTION_SEC", "PointResult", "executed", "parts_of", "payload_of"]

PORTION_SEC = 0.25
"""About how long the points of one request take: how soon progress is told, and how much a lost worker costs."""

MOST_IN_PORTION = 256
"""Most points of one request."""

_FIRST_PORTION = 16
_PORTION_AMPLITUDES = 1 << 26  # so many times is an amplitude changed in a good part of `PORTION_SEC`
_MOST_QUBITS = 64
_AT_ONCE_OPERATIONS = 200  # writing longer circuits, or reading more outcomes, takes longer than a turn of the loop may
_AT_ONCE_OUTCOMES = 2_000


@dataclass(frozen=True, slots=True)
class Part:
    """One circuit of a job, and how it is run."""

    payload: CircuitPayload
    options: ExecutionOptions


@dataclass(frozen=True, slots=True)
class PointResult:
    """What came of one point.

    Attributes:
        result: Counts of the measured circuit, expectation values, the time of all circuits together.
        groups: Counts of each group of products, where they were measured.
    """

    result: ExecutionResult
    groups: tuple[ExecutionResult, ...] = ()


def parts_of(plan: ExecutionPlan) -> list[Part]:
    """Return the circuits of a job: the measured one, if any, then one for each group of products."""
    if plan.sampling is None:
        return [Part(plan.payload, plan.options)]
    from eigen.estimation.sampling import group_seed

    sampling = plan.sampling
    parts = [Part(payload_of(plan.counted), plan.options)] if plan.counted is not None else []
    for index, shots in enumerate(sampling.shots):
        options = replace(plan.options, shots=shots, seed=group_seed(plan.options.seed, index))
        parts.append(Part(payload_of(sampling.circuit(index)), options))
    return parts


async def executed(
    plan: ExecutionPlan, drivers: DriverManager, *, job_id: str, device_id: str, clock: Clock, first: int = 0
) -> AsyncGenerator[list[PointResult], None]:
    """Yield the results of a job's points from `first` on, some at a time; errors as `DriverManager.execute`."""
    is_quick = plan.sampling is None or len(plan.sampling.state.operations) <= _AT_ONCE_OPERATIONS
    parts = parts_of(plan) if is_quick else await run_sync(parts_of, plan)
    batch = drivers.device(device_id).max_batch
    size = _first_portion(plan) if batch == 1 else max(1, batch // len(parts))
    while first < len(plan.points):
        began = clock.monotonic()
        bindings = tuple({**plan.binding, **point} for point in plan.points[first : first + size])
        requests = [
            ExecutionRequest(
                job_id=job_id,
                device_id=device_id,
                payload=part.payload,
                bindings=bindings,
                first_binding=first,
                options=part.options,
            )
            for part in parts
        ]
        of_parts = await drivers.execute_many(requests) if requests else ()
        yield [await _point(plan, [results[index] for results in of_parts]) for index in range(len(bindings))]
        first += len(bindings)
        if batch == 1:
            size = max(1, size // 2) if clock.monotonic() - began > PORTION_SEC else min(2 * size, MOST_IN_PORTION)


def _first_portion(plan: ExecutionPlan) -> int:
    """Return how many points are asked for first, where nothing is known of their time but the circuit's size.

    Of a portion that is cut off nothing is left: points that take seconds go one by one.
    """
    profile, is_noisy = plan.payload.profile, plan.options.noise_model is not None
    is_per_shot = is_noisy or profile.has_mid_circuit or profile.has_reset or profile.has_conditions
    runs = plan.options.shots if is_per_shot else 1
    changed = runs * profile.num_operations << min(profile.qubits, _MOST_QUBITS)
    return max(1, min(_FIRST_PORTION, _PORTION_AMPLITUDES // max(changed, 1)))


async def _point(plan: ExecutionPlan, of_parts: Sequence[ExecutionResult]) -> PointResult:
    """Return a point's result from those of its circuits."""
    if plan.sampling is None:
        facts, result = plan.estimation_facts, of_parts[0]
        return PointResult(replace(result, metadata={**result.metadata, **facts}) if facts else result)
    groups = tuple(of_parts[len(of_parts) - len(plan.sampling.groups) :])
    counts = [one.counts for one in groups]
    is_quick = sum(map(len, counts)) <= _AT_ONCE_OUTCOMES
    estimates = plan.sampling.estimate(counts) if is_quick else await run_sync(plan.sampling.estimate, counts)
    facts = {**of_parts[0].metadata} if of_parts else {}
    if plan.counted is None:
        facts["seed"] = plan.options.seed  # each group has its own, see `measurements.json`
    result = ExecutionResult(
        counts=of_parts[0].counts if plan.counted is not None else {},
        execution_time_sec=sum(one.execution_time_sec for one in of_parts),
        metadata={**facts, **plan.estimation_facts},
        expectation_values=estimates,
    )
    return PointResult(result, groups)


def payload_of(circuit: AQO) -> CircuitPayload:
    """Return a circuit as it is sent to a driver."""
    from eigen.contracts.aqo import profile
    from eigen.contracts.aqo_json import encode
    from eigen.contracts.canonical import sha256_hex

    content = encode(circuit)
    return CircuitPayload(
        format=CircuitFormat.AQO_JSON, data=content, digest=sha256_hex(content), profile=profile(circuit)
    )
