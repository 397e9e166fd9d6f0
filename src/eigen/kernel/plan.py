"""How a compiled job is run: job file over decorator over defaults.

Pure. The command line has been laid over the job file before the job came here. Contract "JobSpec", precedence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from eigen.contracts.compilation import CompiledProgram
from eigen.contracts.errors import ResourceExhaustedError, UnimplementedError
from eigen.contracts.execution import MAX_SHOTS, CircuitFormat, CircuitPayload, ExecutionOptions
from eigen.contracts.jobspec import JobSpecBody

__all__ = ["DEFAULT_SHOTS", "DEFAULT_TARGET", "ExecutionPlan", "make_plan"]

T = TypeVar("T")
DEFAULT_TARGET = "sim:local"
DEFAULT_SHOTS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionPlan:
    """What is to be executed.

    Attributes:
        target: The target as it was asked for.
        payload: The circuit.
        binding: Values of its parameters.
        options: Shots, seed, noise and the driver's own options.
    """

    target: str
    payload: CircuitPayload
    binding: dict[str, float]
    options: ExecutionOptions


def make_plan(body: JobSpecBody, compiled: CompiledProgram, *, drawn_seed: int) -> ExecutionPlan:
    """Return the plan of a compiled job.

    Args:
        body: What the job file and the command line say.
        compiled: The program, with what its decorator says.
        drawn_seed: The seed where nobody names one.

    Raises:
        ResourceExhaustedError: The shots are not 1 to 1,000,000.
        UnimplementedError: The program declares a hybrid loop.
    """
    if compiled.hybrid is not None:
        raise UnimplementedError(
            "the program declares a hybrid loop (minimize), which this version does not run",
            reason="HYBRID_LOOP",
            hint="leave minimize out and run the loop at your side, one job per iteration, with --input NAME=VALUE",
            details={"missing": ["hybrid loops"]},
        )
    defaults = compiled.defaults
    shots = _first(body.shots, defaults.shots, DEFAULT_SHOTS)
    if not 1 <= shots <= MAX_SHOTS:
        raise ResourceExhaustedError(
            f"{shots} shots: a job takes 1 to {MAX_SHOTS}",
            reason="SHOTS_OUT_OF_RANGE",
            hint="change shots in the decorator, spec.shots or --shots",
        )
    return ExecutionPlan(
        target=_first(body.target, defaults.target, DEFAULT_TARGET),
        payload=CircuitPayload(
            format=CircuitFormat.AQO_JSON, data=compiled.aqo_json, digest=compiled.digest, profile=compiled.profile
        ),
        binding=dict(compiled.binding),
        options=ExecutionOptions(
            shots=shots,
            seed=_first(body.seed, defaults.seed, drawn_seed),
            noise_model=body.noise_model if body.noise_model is not None else defaults.noise_model,
            driver_options=body.driver_options,
        ),
    )


def _first(given: T | None, decorated: T | None, default: T) -> T:
    if given is not None:
        return given
    return decorated if decorated is not None else default
