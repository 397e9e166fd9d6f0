"""How a compiled job is run: job file over decorator over defaults; expectation values exact or sampled.

Pure. The command line has been laid over the job file before the job came here. Contract "JobSpec", precedence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.compilation import CompiledProgram
from eigen.contracts.devices import DeviceInfo
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError, UnimplementedError
from eigen.contracts.execution import MAX_SHOTS, Admission, CircuitFormat, CircuitPayload, ExecutionOptions
from eigen.contracts.gates import MEASURE
from eigen.contracts.jobspec import JobSpecBody
from eigen.contracts.printable import printable
from eigen.contracts.sizes import human_bytes
from eigen.estimation.measurement import is_pure
from eigen.kernel.loop_plan import loop_tasks
from eigen.kernel.sweep import Point, check_parameters, check_size, sweep_points

if TYPE_CHECKING:
    from eigen.contracts.aqo import AQO
    from eigen.contracts.loops import LoopTask
    from eigen.estimation.sampling import Sampling

__all__ = [
    "DEFAULT_SHOTS",
    "DEFAULT_TARGET",
    "ExecutionPlan",
    "check_admission",
    "check_cost",
    "check_memory",
    "make_plan",
    "target_of",
    "with_sampling",
]

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
        payload: The circuit as compiled.
        binding: Values of its parameters, those that are not swept.
        points: Values of the swept ones, a mapping for each point; one empty mapping without a sweep.
        options: Shots, seed, noise and the driver's own options.
        estimation: How expectation values come about, `exact` or `sampled`; empty where there are none.
        reason: Why so, one clause.
        precisions: Observable to the standard error that it must not pass, where the program says so.
        precision: The standard error that no observable may pass, where the job says so; it stands above the program.
        sampling: What is measured for them, once worked out.
        counted: The circuit whose counts are asked for where it is another one than that of the payload.
        loop: The starts of the program's loop, which come first; empty without one.
    """

    target: str
    payload: CircuitPayload
    binding: dict[str, float]
    points: tuple[Point, ...] = ({},)
    options: ExecutionOptions
    estimation: str = ""
    reason: str = ""
    precisions: Mapping[str, float] = field(default_factory=dict)
    precision: float | None = None
    sampling: Sampling | None = None
    counted: AQO | None = None
    loop: tuple[LoopTask, ...] = ()

    @property
    def is_measured(self) -> bool:
        """Whether there are counts."""
        return MEASURE in self.payload.profile.op_counts

    @property
    def asks_device(self) -> bool:
        """Whether there is anything to run: observables that are constants need nothing measured."""
        return self.sampling is None or self.counted is not None or bool(self.sampling.groups)

    @property
    def asked_profile(self) -> CircuitProfile:
        """What the device is asked to run: where expectation values are sampled, circuits without observables."""
        if self.sampling is None:
            return self.payload.profile
        from eigen.contracts.aqo import profile

        return profile(self.counted or self.sampling.widest)

    @property
    def shots(self) -> int:
        """Repetitions of one point: of the measured circuit, or else of all that is measured; 0 where nothing is."""
        if self.is_measured or not self.estimation:
            return self.options.shots
        return sum(self.sampling.shots) if self.sampling is not None else 0

    @property
    def estimation_facts(self) -> dict[str, Any]:
        """What the results' metadata say of how expectation values came about."""
        if not self.estimation:
            return {}
        facts: dict[str, Any] = {"kind": self.estimation, "reason": self.reason}
        if self.sampling is not None:
            facts |= {"circuits": len(self.sampling.groups), "shots": sum(self.sampling.shots)}
        return {"estimation": facts}


def target_of(body: JobSpecBody, compiled: CompiledProgram) -> str:
    """Return the target of a compiled job, as it was asked for."""
    return _first(body.target, compiled.defaults.target, DEFAULT_TARGET)


def make_plan(body: JobSpecBody, compiled: CompiledProgram, *, drawn_seed: int, device: DeviceInfo) -> ExecutionPlan:
    """Return the plan of a compiled job; where it is to be sampled, `with_sampling` completes it.

    Args:
        body: What the job file and the command line say.
        compiled: The program, with what its decorator says.
        drawn_seed: The seed where nobody names one.
        device: What its device can do.

    Raises:
        InvalidArgumentError: The sweep is wrong, or there is one beside a loop; or the loop starts outside its bounds.
        ResourceExhaustedError: The shots are not 1 to 1,000,000, or they cost too much (`check_cost`); or the sweep or
            the loop is too large.
        UnimplementedError: There are no exact expectation values where they are asked for.
    """
    defaults = compiled.defaults
    shots = _first(body.shots, defaults.shots, DEFAULT_SHOTS)
    if not 1 <= shots <= MAX_SHOTS:
        raise ResourceExhaustedError(
            f"{shots} shots: a job takes 1 to {MAX_SHOTS}",
            reason="SHOTS_OUT_OF_RANGE",
            hint="change shots in the decorator, spec.shots or --shots",
        )
    if body.sweep and compiled.hybrid is not None:
        raise InvalidArgumentError(
            "the program varies its parameters itself (minimize), so that they cannot be swept",
            reason="LOOP_SWEEP",
            hint="leave spec.sweep out, or submit a job for each start with --input NAME=VALUE",
        )
    points = sweep_points(body.sweep)
    check_parameters(points, compiled.profile.parameters)
    check_cost(compiled.profile, shots=shots, points=len(points))
    estimation, reason = _estimation(body, compiled, device)
    seed = _first(body.seed, defaults.seed, drawn_seed)
    return ExecutionPlan(
        target=target_of(body, compiled),
        payload=CircuitPayload(
            format=CircuitFormat.AQO_JSON, data=compiled.aqo_json, digest=compiled.digest, profile=compiled.profile
        ),
        binding={name: value for name, value in compiled.binding.items() if name not in points[0]},
        points=points,
        options=ExecutionOptions(
            shots=shots,
            seed=seed,
            noise_model=body.noise_model if body.noise_model is not None else defaults.noise_model,
            optimization_level=_optimization_level(body, compiled),
            driver_options=body.driver_options,
        ),
        estimation=estimation,
        reason=reason,
        precisions=compiled.precisions,
        precision=body.precision,
        loop=loop_tasks(compiled, seed=seed, is_sampled=estimation == "sampled", shots=shots, precision=body.precision),
    )


def with_sampling(plan: ExecutionPlan) -> ExecutionPlan:
    """Return a plan with what is measured for its expectation values; takes time for long circuits and observables.

    Raises:
        InvalidArgumentError: There are fewer shots than circuits to measure.
        ResourceExhaustedError: There is too much to measure.
    """
    from eigen.contracts.aqo import profile
    from eigen.contracts.aqo_json import decode
    from eigen.estimation.sampling import sampling_of

    circuit = decode(plan.payload.data)
    precisions = dict.fromkeys(circuit.observables, plan.precision) if plan.precision else plan.precisions
    sampling = sampling_of(circuit, shots=plan.options.shots, precisions=precisions)
    check_size(points=len(plan.points), shots=sum(sampling.shots))
    if sampling.groups:
        check_cost(profile(sampling.widest), shots=sum(sampling.shots), points=len(plan.points))
    return replace(plan, sampling=sampling, counted=replace(circuit, observables={}) if plan.is_measured else None)


def _optimization_level(body: JobSpecBody, compiled: CompiledProgram) -> int:
    """Return the job's level; 1, its default, leaves the decorator's as it is."""
    level = body.compiler_options.optimization_level
    return level if level != 1 else _first(None, compiled.defaults.optimization_level, level)


_WORDS_OF_ESTIMATION = {
    "noise": "noise is named",
    "precision": "a precision is named",
    "shots": "shots are named",
    "device": "the device gives no exact values",
    "mixture": "measurements, resets or conditions decide the state",
    "exact": "neither shots nor a precision nor noise are named",
    "asked": "asked for by spec.estimation",
}


def _estimation(body: JobSpecBody, compiled: CompiledProgram, device: DeviceInfo) -> tuple[str, str]:
    """Return how expectation values come about, and why: `auto` is exact unless something speaks for sampling."""
    if not compiled.profile.num_observables:
        return "", ""
    named = {
        "noise": body.noise_model is not None or compiled.defaults.noise_model is not None,
        "precision": bool(compiled.precisions) or body.precision is not None,
        "shots": body.shots is not None or compiled.defaults.shots is not None,
    }
    obstacles = {
        "noise": named["noise"] and not device.noise_models,
        "device": not device.expectation_values,
        "mixture": not is_pure(compiled.profile),
    }
    obstacle = next((name for name, holds in obstacles.items() if holds), None)
    if body.estimation == "exact" and obstacle is not None:
        raise UnimplementedError(
            f"spec.estimation is exact, but {_WORDS_OF_ESTIMATION[obstacle]} ({printable(device.device_id)})",
            reason="ESTIMATION_EXACT",
            hint="leave spec.estimation out, or set it to sampled",
            details={"missing": ["exact expectation values"]},
        )
    if body.estimation != "auto":
        return body.estimation, _WORDS_OF_ESTIMATION["asked"]
    cause = next((name for name, holds in [*named.items(), *obstacles.items()] if holds), None)
    return ("exact" if cause is None else "sampled"), _WORDS_OF_ESTIMATION[cause or "exact"]


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


def check_admission(plan: ExecutionPlan, admission: Admission, *, memory_bytes: int) -> None:
    """Refuse what could never begin, and what would take days by the device's own word.

    Raises:
        ResourceExhaustedError: With the figures.
    """
    check_memory(admission, limit_bytes=memory_bytes)
    if admission.is_per_shot:
        shots = plan.options.shots if plan.sampling is None else sum(plan.sampling.shots)
        check_cost(plan.asked_profile, shots=shots, points=len(plan.points), is_per_shot=True)


def check_cost(profile: CircuitProfile, *, shots: int, points: int = 1, is_per_shot: bool = False) -> None:
    """Refuse a job that would take days, or whose counts would not fit.

    Each of the points of a sweep has `shots`. Each shot is a run of its own where a measurement is not at the end, or
    decides what follows, or a qubit is reset, or the device says so.

    Raises:
        ResourceExhaustedError: With the figures.
    """
    if MEASURE in profile.op_counts:
        check_size(points=points, shots=shots)
    operations = points * shots * profile.num_operations
    is_per_shot = is_per_shot or profile.has_mid_circuit or profile.has_reset or profile.has_conditions
    if is_per_shot and operations > MAX_SHOT_OPERATIONS:
        raise ResourceExhaustedError(
            f"{points * shots} shots of {profile.num_operations} operations, each shot a run of its own, are "
            f"{operations:.2g} operations; a job takes at most {MAX_SHOT_OPERATIONS:.0e}",
            reason="JOB_TOO_LONG",
            hint="give fewer shots, or measure at the end only, without noise",
            details={"shots": points * shots, "operations": profile.num_operations, "limit": MAX_SHOT_OPERATIONS},
        )
    outcomes = points * min(shots, 1 << min(profile.clbits, 64))
    if outcomes * profile.clbits > MAX_RESULT_BITS:
        raise ResourceExhaustedError(
            f"the counts of {points * shots} shots of {profile.clbits} classical bits may have {outcomes} outcomes; "
            f"a job takes at most {MAX_RESULT_BITS // profile.clbits}",
            reason="RESULT_TOO_LARGE",
            hint="give fewer shots, or measure fewer qubits",
            details={"shots": points * shots, "clbits": profile.clbits, "limit_bits": MAX_RESULT_BITS},
        )


def _first(given: T | None, decorated: T | None, default: T) -> T:
    if given is not None:
        return given
    return decorated if decorated is not None else default
