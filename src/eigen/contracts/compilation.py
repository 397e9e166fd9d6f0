"""What the compiler takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.diagnostics import Diagnostic

__all__ = [
    "OPTIMIZER_METHODS",
    "CompileLimits",
    "CompileRequest",
    "CompiledProgram",
    "HybridLoop",
    "Language",
    "ProgramDefaults",
    "ProgramSource",
]


class Language(StrEnum):
    """Languages that a program may be written in."""

    EIGEN_LANG = "eigen-lang"
    OPENQASM3 = "openqasm3"
    OPENQASM2 = "openqasm2"
    AQO = "aqo"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSource:
    """A program's text and where it came from.

    Attributes:
        content: The bytes as sent; kept unchanged as the artifact.
        filename: Name to show in diagnostics and to keep it under, such as `program.eigen.py`; never a path.
        language: What it is written in.
        inline_line: Line of `job.yaml` that holds the program's first line, where it stands inline, else 0.
        inline_indent: Columns that `job.yaml` adds in front of each of the program's lines.
    """

    content: bytes = field(repr=False)
    filename: str = "program.eigen.py"
    language: Language = Language.EIGEN_LANG
    inline_line: int = 0
    inline_indent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileLimits:
    """What a program may use; an operator may set lower limits, not higher ones.

    Attributes:
        source_bytes: Size of the text.
        syntax_depth: Depth of the syntax tree.
        syntax_nodes: Size of the syntax tree.
        operations: Emitted operations.
        terms: Pauli terms of all observables together.
        steps: Steps of evaluation; what costs more than the simplest instruction counts as several, in time and memory.
        integer_bits: Size of an integer.
        sequence_items: Elements of a list, tuple, text or dict.
        parameters: Free parameters.
        qubits: Qubits.
        call_depth: Calls inside of each other.
    """

    source_bytes: int = 256 * 1024
    syntax_depth: int = 200
    syntax_nodes: int = 200_000
    operations: int = 1_000_000
    terms: int = 100_000
    steps: int = 10_000_000
    integer_bits: int = 4_096
    sequence_items: int = 100_000
    parameters: int = 1_024
    qubits: int = 10_000
    call_depth: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileRequest:
    """A program to compile.

    Attributes:
        source: The program.
        entrypoint: Name that the decorated function must have, or None for any.
        inputs: Values for the entry function's arguments, JSON values.
        limits: What the program may use.
    """

    source: ProgramSource
    entrypoint: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    limits: CompileLimits = field(default_factory=CompileLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDefaults:
    """What the program's decorator says; job.yaml and the command line stand above it."""

    target: str | None = None
    shots: int | None = None
    seed: int | None = None
    optimization_level: int | None = None
    noise_model: str | None = None
    compiler: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


OPTIMIZER_METHODS = ("COBYLA", "NELDER-MEAD", "COBYQA", "POWELL", "L-BFGS-B", "SLSQP", "SPSA", "ADAM")
"""Optimizers that `minimize` may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridLoop:
    """A declared loop: vary the free parameters until an expectation value is least.

    Attributes:
        objective: Name of the observable whose expectation value is minimised.
        initial: Start value of every parameter by name, in order of declaration; values from the inputs stand above
            those that the program names.
        method: One of `OPTIMIZER_METHODS`.
        max_iters: Most iterations, or None for the method's default.
        max_evals: Most evaluations of each start, or None for the default.
        tol: When to stop, in the method's own sense, or None for the method's default.
        seed: Seed of everything random in the loop, or None for the job's.
        bounds: Parameter to the least and greatest value that it may have, where it is bounded.
        restarts: How many starts there are.
    """

    objective: str
    initial: Mapping[str, float]
    method: str = "COBYLA"
    max_iters: int | None = None
    max_evals: int | None = None
    tol: float | None = None
    seed: int | None = None
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    restarts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledProgram:
    """A compiled program.

    Attributes:
        aqo_json: The circuit as canonical JSON.
        digest: SHA-256 of `aqo_json`, hexadecimal.
        profile: What it needs of a device.
        binding: Values of its free parameters, from the inputs and the program's defaults.
        defaults: What the decorator says.
        outputs: What the program returns, by name: `{"kind": "bits", "c": [0, 1]}`, `{"kind": "value", "value": …}`,
            `{"kind": "expectation", "name": …}` with the name of an observable, or `{"kind": "optimizer", "field": …}`
            with what of the loop's result it is: `fun`, `x`, `method`, `nfev`, `metadata`, or empty for all of it.
        precisions: Observable to the standard error that it must not pass, where the program asks for one.
        hybrid: The loop that the program declares, or None.
        warnings: What is suspicious but allowed.
    """

    aqo_json: bytes = field(repr=False)
    digest: str
    profile: CircuitProfile
    binding: Mapping[str, float] = field(default_factory=dict)
    defaults: ProgramDefaults = field(default_factory=ProgramDefaults)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    precisions: Mapping[str, float] = field(default_factory=dict)
    hybrid: HybridLoop | None = None
    warnings: tuple[Diagnostic, ...] = ()
