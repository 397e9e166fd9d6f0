"""What each pass gives to the next: the type of a pass's result forces the order of the passes.

`ProgramSource → ParsedProgram → CheckedProgram → ResolvedProgram → LoweredProgram → CanonicalProgram → CompiledProgram`

What must never live here: anything that a pass does.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eigen.compiler.code import Code
from eigen.compiler.source_text import Place, SourceText
from eigen.contracts.aqo import CircuitProfile, Operation, PauliTerm
from eigen.contracts.compilation import HybridLoop, ProgramDefaults
from eigen.contracts.diagnostics import Diagnostic, Span

__all__ = [
    "CanonicalProgram",
    "CheckedProgram",
    "InputArgument",
    "LoweredProgram",
    "Parameter",
    "ParsedProgram",
    "ResolvedProgram",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedProgram:
    """Safe text and its syntax tree, of which nothing is checked yet.

    Attributes:
        text: The decoded text.
        tree: Its tree, which may be deep: never walk it recursively.
    """

    text: SourceText
    tree: ast.Module = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedProgram:
    """A tree of bounded depth and size that holds allowed constructs only.

    Attributes:
        text: The decoded text.
        body: The module's statements.
        entry: The decorated function.
        imports: Names that imports bring in: local name → (`lang` or `math`, name there).
        modules: Local names of the module `math`.
        defaults: What the decorator says.
        num_nodes: Size of the tree.
    """

    text: SourceText
    body: tuple[ast.stmt, ...] = field(repr=False)
    entry: ast.FunctionDef = field(repr=False)
    imports: Mapping[str, tuple[str, str]]
    modules: frozenset[str]
    defaults: ProgramDefaults
    num_nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputArgument:
    """An argument of the entry function.

    Attributes:
        name: Its name.
        type: What its annotation says: `Param`, `int`, `float`, `bool`, `str`, `list`, or empty for any value.
        elements: What the elements of a list are, and of the lists in it, as far as the annotation says.
        place: Where it stands.
    """

    name: str
    type: str
    elements: tuple[str, ...] = ()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedProgram:
    """Flat code in which every name is a slot, a constant, a gate or a function. It holds no syntax tree.

    Attributes:
        text: The decoded text.
        module: Code of the module: constants and defaults of arguments.
        functions: Code of every function.
        entry: Index of the entry function.
        constants: Names of the module's constants, defaults of arguments among them, by slot.
        inputs: Arguments of the entry function.
        defaults: What the decorator says.
        warnings: What is suspicious.
        size_bytes: About how much memory it holds.
    """

    text: SourceText
    module: Code
    functions: tuple[Code, ...]
    entry: int
    constants: tuple[str, ...]
    inputs: tuple[InputArgument, ...]
    defaults: ProgramDefaults
    warnings: tuple[Diagnostic, ...] = ()
    size_bytes: int = 0

    @property
    def static_inputs(self) -> frozenset[str]:
        """Names of the inputs that shape the circuit; all others are values of free parameters."""
        return frozenset(one.name for one in self.inputs if one.type != "Param")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A free parameter.

    Attributes:
        name: Its name.
        default: Its value where the inputs give none, or None.
        span: Where it stands in the text, if it is an argument of the program.
    """

    name: str
    default: float | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweredProgram:
    """A circuit as it was emitted.

    Attributes:
        qubits: Number of qubits.
        clbits: Number of classical bits.
        operations: In order of emission; equal ones may be one object.
        parameters: In order of declaration.
        observables: Named sums of Pauli terms.
        precisions: Observable to the standard error that is wanted, as in `CompiledProgram`.
        outputs: What the program returns, by name, as in `CompiledProgram`.
        hybrid: The loop that it declares.
        defaults: What the decorator says.
        warnings: What is suspicious.
    """

    qubits: int
    clbits: int
    operations: tuple[Operation, ...] = field(repr=False)
    parameters: tuple[Parameter, ...] = ()
    observables: Mapping[str, tuple[PauliTerm, ...]] = field(default_factory=dict)
    precisions: Mapping[str, float] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    hybrid: HybridLoop | None = None
    defaults: ProgramDefaults = field(default_factory=ProgramDefaults)
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalProgram:
    """A compiled program whose parameters have no values yet: the same for every binding.

    Attributes:
        aqo_json: The circuit as canonical JSON.
        digest: SHA-256 of it.
        profile: What it needs of a device.
        parameters: In order of declaration.
        outputs: What the program returns.
        precisions: What standard errors are wanted.
        hybrid: The loop that it declares, with the start values that the program names.
        defaults: What the decorator says.
        warnings: What is suspicious.
    """

    aqo_json: bytes = field(repr=False)
    digest: str
    profile: CircuitProfile
    parameters: tuple[Parameter, ...]
    outputs: Mapping[str, Any]
    precisions: Mapping[str, float]
    hybrid: HybridLoop | None
    defaults: ProgramDefaults
    warnings: tuple[Diagnostic, ...]
