"""How a compiled job is run: job file over decorator over defaults.

Pure. The command line has been laid over the job file before the job came here. Contract "JobSpec", precedence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.compilation import CompiledProgram
from eigen.contracts.errors import ResourceExhaustedError, UnimplementedError
from eigen.contracts.execution import MAX_SHOTS, Admission, CircuitFormat, CircuitPayload, ExecutionOptions
from eigen.contracts.jobspec import JobSpecBody
from eigen.contracts.sizes import human_bytes

__all__ = ["DEFAULT_SHOTS", "DEFAULT_TARGET", "ExecutionPlan", "check_cost", "check_memory", "make_plan"]

MAX_SHOT_OPERATIONS = 10**11
"""Most operations times shots where each shot is a run of its own: some days of a simulator's work."""

MAX_RESULT_BITS = 2**28
"""Most bits of all different outcomes that the counts of a job may have."""

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
        ResourceExhaustedError: The shots are not 1 to 1,000,000, or they cost too much (`check_cost`).
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
    check_cost(compiled.profile, shots=shots)
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


def check_memory(admission: Admission, *, limit_bytes: int) -> None:
    """Refuse a job that could never begin, since all running jobs together may not take as much memory.

    Raises:
        ResourceExhaustedError: With the figures.
    """
    if admission.memory_bytes > limit_bytes:
        raise ResourceExhaustedError(
            f"the job needs {human_bytes(admission.memory_bytes)} for its {admission.method} run; "
            f"all jobs of this system together may take {human_bytes(limit_bytes)}",
            reason="MEMORY_LIMIT",
            hint="make the circuit smaller, choose another method, or give the system more memory",
            details={"needed_bytes": admission.memory_bytes, "limit_bytes": limit_bytes},
        )


def check_cost(profile: CircuitProfile, *, shots: int) -> None:
    """Refuse a job that would take days, or whose counts would not fit.

    Each shot is a run of its own where a measurement is not at the end, or decides what follows, or a qubit is reset.

    Raises:
        ResourceExhaustedError: With the figures.
    """
    operations = shots * profile.num_operations
    if (profile.has_mid_circuit or profile.has_reset or profile.has_conditions) and operations > MAX_SHOT_OPERATIONS:
        raise ResourceExhaustedError(
            f"{shots} shots of {profile.num_operations} operations, each shot a run of its own, are {operations:.2g} "
            f"operations; a job takes at most {MAX_SHOT_OPERATIONS:.0e}",
            reason="JOB_TOO_LONG",
            hint="give fewer shots, or measure at the end only",
            details={"shots": shots, "operations": profile.num_operations, "limit": MAX_SHOT_OPERATIONS},
        )
    outcomes = min(shots, 1 << min(profile.clbits, 64))
    if outcomes * profile.clbits > MAX_RESULT_BITS:
        raise ResourceExhaustedError(
            f"the counts of {shots} shots of {profile.clbits} classical bits may have {outcomes} outcomes; "
            f"a job takes at most {MAX_RESULT_BITS // profile.clbits}",
            reason="RESULT_TOO_LARGE",
            hint="give fewer shots, or measure fewer qubits",
            details={"shots": shots, "clbits": profile.clbits, "limit_bits": MAX_RESULT_BITS},
        )


def _first(given: T | None, decorated: T | None, default: T) -> T:
    if given is not None:
        return given
    return decorated if decorated is not None else default
