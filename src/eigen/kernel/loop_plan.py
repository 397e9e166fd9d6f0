"""How a program's loop is run: its starts, its limits, its seeds. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.loops import DEFAULT_EVALUATIONS, LoopTask
from eigen.contracts.printable import printable
from eigen.optimization.seeds import start_points

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram, HybridLoop

__all__ = ["MAX_JOURNAL_VALUES", "loop_tasks"]

MAX_JOURNAL_VALUES = 10_000_000
"""Most values of parameters in all lines of a job's journal together, some 200 MB."""


def loop_tasks(
    compiled: CompiledProgram, *, seed: int, is_sampled: bool, shots: int, precision: float | None
) -> tuple[LoopTask, ...]:
    """Return the starts of a program's loop; none where it declares no loop.

    Args:
        compiled: The program.
        seed: The job's seed; the loop's own stands above it.
        is_sampled: Whether expectation values are sampled.
        shots: Shots of each sampled value.
        precision: Standard error that no sampled value may pass, above what the program says; or None.

    Raises:
        InvalidArgumentError: A start value is outside its bounds.
        ResourceExhaustedError: The journal would be too large.
    """
    loop = compiled.hybrid
    if loop is None:
        return ()
    parameters = compiled.profile.parameters
    first = tuple(compiled.binding[name] for name in parameters)
    pairs = [loop.bounds.get(name) for name in parameters] if loop.bounds else []
    _check_within(parameters, first, pairs)
    limits = [(-math.inf, math.inf) if pair is None else pair for pair in pairs]
    loop_seed = seed if loop.seed is None else loop.seed
    points = start_points(first, bounds=limits, number=loop.restarts, seed=loop_seed)
    return tuple(
        LoopTask(
            objective=loop.objective,
            initial=point,
            bounds=tuple((None, None) if pair is None else pair for pair in pairs),
            method=loop.method,
            max_iters=loop.max_iters,
            max_evals=_max_evals(loop, num_parameters=len(parameters)),
            tol=loop.tol,
            seed=loop_seed,
            start=start,
            is_sampled=is_sampled,
            shots=shots,
            precision=precision or compiled.precisions.get(loop.objective),
        )
        for start, point in enumerate(points)
    )


def _check_within(
    parameters: tuple[str, ...], first: tuple[float, ...], pairs: list[tuple[float, float] | None]
) -> None:
    for name, value, pair in zip(parameters, first, pairs, strict=False):
        if pair is not None and not pair[0] <= value <= pair[1]:
            raise InvalidArgumentError(
                f"{printable(name, limit=60)} starts at {value:g}, outside its bounds {pair[0]:g} and {pair[1]:g}",
                reason="LOOP_START",
                hint="change x0, the input of this name, or the bounds",
            )


def _max_evals(loop: HybridLoop, *, num_parameters: int) -> int:
    """Return the most evaluations of a start: as asked for, else the default, or as many as the journal takes."""
    most = MAX_JOURNAL_VALUES // (num_parameters * loop.restarts)
    if loop.max_evals is None:
        return max(1, min(DEFAULT_EVALUATIONS, most))
    if loop.max_evals > most:
        raise ResourceExhaustedError(
            f"{loop.restarts} starts of {loop.max_evals} evaluations with {num_parameters} parameters; "
            f"the journal of a job takes at most {MAX_JOURNAL_VALUES} values",
            reason="LOOP_TOO_LARGE",
            hint=f"give max_evals of at most {most}, or fewer restarts",
            details={"limit": MAX_JOURNAL_VALUES},
        )
    return loop.max_evals
