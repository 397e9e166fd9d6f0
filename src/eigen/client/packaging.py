"""What a user hands over, made into a request: files read and checked, overrides laid on.

The command line and both clients package jobs here, and nowhere else. Seed section 3.2, step 1.2.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar, Union

from eigen.client.arguments import plain, require_kind
from eigen.contracts.aqo import AQO
from eigen.contracts.compilation import CompileLimits, Language
from eigen.contracts.diagnostics import Diagnostic
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.jobspec import JobSpec
from eigen.contracts.requests import SubmitJobRequest
from eigen.jobfile.loader import LoadedJob, load_job, override
from eigen.jobfile.program import job_of_program, load_program, source_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["Overrides", "PackagedJob", "is_quick", "own_names", "package"]

_QUICK_CHARACTERS = 64 * 1024
_QUICK_INPUTS = 100
_JOB_FILES = frozenset({".yaml", ".yml"})

T = TypeVar("T")

JobLike = Union[str, os.PathLike[str], JobSpec, AQO, "QuantumCircuit"]
"""A job file or program file (`Path`, or text without a line break), source text (Eigen-Lang, or OpenQASM with its
header), a `JobSpec`, a circuit as AQO, or a Qiskit circuit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Values that stand above the job file; None leaves a value as it is.

    Attributes:
        name: `metadata.name`.
        group: The label `eigen.os/group`.
        target: `spec.target`.
        shots: `spec.shots`.
        seed: `spec.seed`.
        priority: `spec.priority`.
        timeout_sec: `spec.timeout_sec`, seconds.
        sweep: `spec.sweep`.
        estimation: `spec.estimation`.
        noise_model: `spec.noise_model`.
        inputs: Laid over `spec.inputs`, key by key.
    """

    name: str | None = None
    group: str | None = None
    target: str | None = None
    shots: int | None = None
    seed: int | None = None
    priority: int | None = None
    timeout_sec: float | None = None
    sweep: Mapping[str, Any] | None = None
    estimation: str | None = None
    noise_model: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """Return what is overridden, by name, NumPy's values as Python's."""
        fields = (
            "name",
            "group",
            "target",
            "shots",
            "seed",
            "priority",
            "timeout_sec",
            "sweep",
            "estimation",
            "noise_model",
        )
        given = {name: plain(getattr(self, name)) for name in fields if getattr(self, name) is not None}
        return given | ({"inputs": plain(self.inputs)} if self.inputs else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedJob:
    """A request, and what its user should know of it."""

    request: SubmitJobRequest
    warnings: tuple[Diagnostic, ...]


def package(
    job: JobLike,
    *,
    program: str | os.PathLike[str] | None = None,
    overrides: Overrides | None = None,
    idempotency_key: str = "",
) -> PackagedJob:
    """Return the request for a job.

    Args:
        job: A `job.yaml`, a program file, source text, a `JobSpec` with an inline program, or a circuit: AQO, or
            Qiskit's, which becomes a program in AQO here, in the caller's process.
        program: A program file that stands above the one that the job names.
        overrides: Values that stand above the job's; inputs of a Qiskit circuit may go by its parameters or their
            names.
        idempotency_key: The same key and content give the same job.

    Raises:
        NotFoundError: A file is not there.
        InvalidArgumentError: A file or a value is wrong; `diagnostics` says where.
        ResourceExhaustedError: A limit is passed.
        UnimplementedError: A Qiskit circuit holds what AQO cannot say.
    """
    _check_kinds(job, program, overrides, idempotency_key)
    loaded = _load(job, program=Path(program) if program is not None else None)
    if overrides is not None:
        overrides = replace(overrides, inputs=own_names(job, overrides.inputs))
    if overrides is not None and overrides.values():
        loaded = replace(loaded, spec=override(loaded.spec, overrides.values()))
    request = SubmitJobRequest(
        spec=loaded.spec, source=loaded.source, job_yaml=loaded.job_yaml, idempotency_key=idempotency_key
    )
    return PackagedJob(request=request, warnings=loaded.warnings)


def own_names(job: JobLike, values: Mapping[Any, T]) -> Mapping[Any, T]:
    """Return values by AQO's names of a Qiskit circuit's parameters; other names and other jobs' as they are."""
    if not _is_qiskit_circuit(job):
        return values
    from eigen.formats.qiskit_circuit import qiskit_parameter_names

    names = qiskit_parameter_names(job)
    spelled = {getattr(given, "name", given): value for given, value in values.items()}
    return {names.get(name, name): value for name, value in spelled.items()}


def is_quick(job: JobLike, *, overrides: Overrides) -> bool:
    """Return whether packaging a job takes no longer than a turn of the event loop may: a short text, short inputs."""
    return (
        isinstance(job, str)
        and "\n" in job
        and len(job) <= _QUICK_CHARACTERS
        and not overrides.sweep
        and isinstance(overrides.inputs, Mapping)
        and len(overrides.inputs) <= _QUICK_INPUTS
        and all(isinstance(value, int | float) for value in overrides.inputs.values())
    )


def _check_kinds(job: object, program: object, overrides: Overrides | None, idempotency_key: object) -> None:
    paths = (str, os.PathLike)
    if not _is_qiskit_circuit(job):
        what = "the path of a job.yaml or a program, source text, a JobSpec, an AQO, or a Qiskit circuit"
        require_kind(job, (*paths, JobSpec, AQO), name="a job", hint=f"hand over {what}")
    if program is not None:
        require_kind(program, paths, name="program", hint="give a program's path")
    if overrides is not None:
        require_kind(overrides.inputs, Mapping, name="inputs", hint='give values by name, such as {"theta": 0.3}')
    require_kind(idempotency_key, str, name="idempotency_key", hint="give a text")


def _load(job: JobLike, *, program: Path | None) -> LoadedJob:
    if isinstance(job, JobSpec):
        loaded = _of_spec(job)
    elif isinstance(job, AQO):
        loaded = _of_circuit(job)
    elif _is_qiskit_circuit(job):
        loaded = _of_qiskit(job)
    elif isinstance(job, str) and "\n" in job:
        loaded = _of_text(job) if len(job) <= _QUICK_CHARACTERS else _of_long_text(job)
    elif (path := Path(job)).suffix in _JOB_FILES:
        return load_job(path, program=program)
    else:
        return job_of_program(load_program(program or path))
    return loaded if program is None else replace(loaded, source=load_program(program))


def _of_long_text(text: str) -> LoadedJob:
    return job_of_program(source_of(text.encode("utf-8", "surrogatepass"), filename=""))


_of_text = lru_cache(maxsize=32)(_of_long_text)
"""Loops submit the same text again and again, with other seeds or inputs."""


def _of_spec(spec: JobSpec) -> LoadedJob:
    if spec.spec.program is None:
        raise InvalidArgumentError(
            "a JobSpec that is handed over as an object needs its program inline",
            reason="JOBSPEC_NO_PROGRAM",
            hint="set spec.program, or give the path of a job.yaml",
        )
    content = spec.spec.program.encode("utf-8", "surrogatepass")
    if len(content) > (most := CompileLimits().source_bytes * 256):
        raise ResourceExhaustedError(
            f"spec.program has {len(content)} bytes; at most {most} are taken",
            reason="JOBSPEC_PROGRAM_SIZE",
            hint="split the work over several jobs",
        )
    source = source_of(content, filename="", language=spec.spec.language)
    return replace(job_of_program(source), spec=spec)


def _of_circuit(circuit: AQO) -> LoadedJob:
    from eigen.contracts.aqo_json import encode

    return job_of_program(source_of(encode(circuit), filename="", language=Language.AQO))


def _of_qiskit(circuit: QuantumCircuit) -> LoadedJob:
    from eigen.formats.qiskit_circuit import from_qiskit

    return _of_circuit(from_qiskit(circuit))


def _is_qiskit_circuit(job: object) -> TypeGuard[QuantumCircuit]:
    """Tell without loading Qiskit: whoever has a circuit has loaded it."""
    qiskit = sys.modules.get("qiskit")
    return qiskit is not None and isinstance(job, qiskit.QuantumCircuit)
