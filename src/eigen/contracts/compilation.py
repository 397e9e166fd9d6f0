"""What the compiler takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.diagnostics import Diagnostic

__all__ = ["CompileLimits", "CompileRequest", "CompiledProgram", "Language", "ProgramDefaults", "ProgramSource"]


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
    """What a program may use; an operator may set lower limits, not higher ones."""

    source_bytes: int = 256 * 1024
    syntax_depth: int = 200
    syntax_nodes: int = 200_000
    operations: int = 1_000_000
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledProgram:
    """A compiled program.

    Attributes:
        aqo_json: The circuit as canonical JSON.
        digest: SHA-256 of `aqo_json`, hexadecimal.
        profile: What it needs of a device.
        binding: Values of its free parameters, from the inputs and the program's defaults.
        defaults: What the decorator says.
        outputs: What the program returns, by name: `{"kind": "bits", "c": [0, 1]}` or `{"kind": "value", "value": …}`.
        warnings: What is suspicious but allowed.
    """

    aqo_json: bytes = field(repr=False)
    digest: str
    profile: CircuitProfile
    binding: Mapping[str, float] = field(default_factory=dict)
    defaults: ProgramDefaults = field(default_factory=ProgramDefaults)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()
