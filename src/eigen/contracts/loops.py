"""A hybrid loop on its way to whoever runs it, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eigen.contracts.execution import CircuitPayload, ExecutionOptions

__all__ = [
    "DEFAULT_EVALUATIONS",
    "MAX_EVALUATIONS",
    "MAX_STARTS",
    "LoopOutcome",
    "LoopProgress",
    "LoopRequest",
    "LoopTask",
]

MAX_EVALUATIONS = 100_000
"""Most evaluations of one start."""

DEFAULT_EVALUATIONS = 10_000
"""Most evaluations of one start where nobody says."""

MAX_STARTS = 64
"""Most starts of one loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTask:
    """One start of a loop: minimise one observable of one circuit from one point.

    Attributes:
        objective: Name of the observable whose expectation value is minimised.
        initial: Where to start, a number for each of the circuit's parameters, in its order.
        bounds: Least and greatest value of each of them, None for no limit; empty where nothing is bounded.
        method: One of `OPTIMIZER_METHODS`.
        max_iters: Most iterations, or None for the method's default.
        max_evals: Most evaluations of the objective.
        tol: When to stop, in the method's own sense, or None for its default.
        seed: From which the optimizer's own random numbers and the seeds of all evaluations are derived.
        start: Number of this start among those of the job, from 0.
        is_sampled: Whether the value of the objective is sampled; else it is exact.
        shots: Shots of each sampled value.
        precision: Standard error that a sampled value must not pass, in place of `shots`; or None.
    """

    objective: str
    initial: tuple[float, ...]
    bounds: tuple[tuple[float | None, float | None], ...] = ()
    method: str
    max_iters: int | None = None
    max_evals: int
    tol: float | None = None
    seed: int
    start: int = 0
    is_sampled: bool
    shots: int
    precision: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopRequest:
    """A start of a loop, for a driver that runs it.

    Attributes:
        job_id: The job it belongs to.
        device_id: Which device, such as `sim:local`.
        payload: The circuit, as compiled; all of its parameters are varied.
        task: What to minimise, and how.
        options: Noise and the driver's own options.
    """

    job_id: str
    device_id: str
    payload: CircuitPayload
    task: LoopTask
    options: ExecutionOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopProgress:
    """How far a start is.

    Attributes:
        start: Which start.
        evaluations: How many values it has.
        value: The last one.
        best: The least one.
    """

    start: int
    evaluations: int
    value: float
    best: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOutcome:
    """What a start came to.

    Attributes:
        fun: The objective's value at `x`, as it was evaluated there.
        std_error: Its standard error; 0 for an exact value.
        x: Value of each parameter, in the order of the circuit.
        evaluation: Number of the evaluation that gave it.
        nfev: Number of evaluations, those of the journal that were not repeated included.
        njev: How many of them gave a gradient too.
        nit: Number of iterations.
        success: Whether the method ended because it had converged.
        message: Why it ended.
        metadata: How gradients came about, the optimizer's library and version.
    """

    fun: float
    std_error: float
    x: tuple[float, ...]
    evaluation: int
    nfev: int
    njev: int
    nit: int
    success: bool
    message: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
