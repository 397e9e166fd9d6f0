"""The five passes in order: the compiler as one pure function. Other languages than Eigen-Lang join at the last one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eigen.compiler.canonical import bind, canonicalise
from eigen.compiler.check import check
from eigen.compiler.lower import lower
from eigen.compiler.parse import parse
from eigen.compiler.resolve import resolve
from eigen.compiler.stages import CanonicalProgram, LoweredProgram, Parameter, ResolvedProgram
from eigen.contracts.aqo import AQO
from eigen.contracts.aqo_json import decode
from eigen.contracts.collection import no_collections
from eigen.contracts.compilation import CompiledProgram, CompileLimits, CompileRequest, Language, ProgramSource
from eigen.contracts.trace import span

__all__ = ["OPENQASM", "back_half", "compile_source", "front_half", "read_aqo", "read_openqasm"]

OPENQASM = frozenset({Language.OPENQASM3, Language.OPENQASM2})
"""Languages that the system reads in a worker process."""


def compile_source(request: CompileRequest) -> CompiledProgram:
    """Compile a program. It is a pure function: equal requests give equal bytes.

    Args:
        request: The program, its inputs and limits.

    Raises:
        InvalidArgumentError: The program or its inputs are wrong.
        ResourceExhaustedError: The program passes a limit.
        UnimplementedError: A part of the language is not supported.
    """
    if request.source.language is Language.AQO:
        circuit = read_aqo(request.source, limits=request.limits)
        return bind(circuit, inputs=request.inputs, static_inputs=frozenset())
    if request.source.language in OPENQASM:
        with no_collections():
            circuit, static = read_openqasm(request.source, inputs=request.inputs, limits=request.limits)
        return bind(circuit, inputs=request.inputs, static_inputs=static)
    with no_collections():
        resolved = front_half(request.source, entrypoint=request.entrypoint, limits=request.limits)
        circuit = back_half(resolved, inputs=request.inputs, limits=request.limits)
    return bind(circuit, inputs=request.inputs, static_inputs=resolved.static_inputs)


def front_half(source: ProgramSource, *, entrypoint: str | None, limits: CompileLimits) -> ResolvedProgram:
    """Return what the first three passes give: it does not depend on inputs."""
    with span("compiler.parse"):
        parsed = parse(source, limits=limits)
    with span("compiler.check"):
        checked = check(parsed, entrypoint=entrypoint, limits=limits)
    with span("compiler.resolve"):
        return resolve(checked)


def back_half(
    resolved: ResolvedProgram,
    *,
    inputs: Mapping[str, Any],
    limits: CompileLimits,
    is_stopped: Callable[[], bool] = lambda: False,
) -> CanonicalProgram:
    """Return what the last two passes give: it depends on the static inputs."""
    with span("compiler.lower"):
        lowered = lower(resolved, inputs=inputs, limits=limits, is_stopped=is_stopped)
    with span("compiler.canonical"):
        return canonicalise(lowered)


def read_aqo(source: ProgramSource, *, limits: CompileLimits) -> CanonicalProgram:
    """Return a program that was written as AQO, canonicalised."""
    with span("compiler.read"):
        circuit = decode(source.content, require_measurement=False, limits=limits)
    return _canonical(circuit)


def read_openqasm(
    source: ProgramSource, *, inputs: Mapping[str, Any], limits: CompileLimits
) -> tuple[CanonicalProgram, frozenset[str]]:
    """Return a program that was written in OpenQASM, canonicalised, and the names of the inputs that shaped it."""
    from eigen.compiler.openqasm import reader

    with span("compiler.read"):
        program = reader.read_openqasm(source, inputs=inputs, limits=limits)
    return _canonical(program.circuit), program.static_inputs


def _canonical(circuit: AQO) -> CanonicalProgram:
    program = LoweredProgram(
        qubits=circuit.qubits,
        clbits=circuit.clbits,
        operations=circuit.operations,
        parameters=tuple(Parameter(name=name) for name in circuit.parameters),
        observables=circuit.observables,
    )
    with span("compiler.canonical"):
        return canonicalise(program)
