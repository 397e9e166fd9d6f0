"""Fifth pass: emitted operations to canonical AQO, its digest, its profile; then values for its parameters.

The circuit holds no values of parameters, so that its digest names the program and not one evaluation of it. A program
that measures nothing measures all its qubits at the end, qubit i into bit i.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from eigen.compiler.catalogue import Fault
from eigen.compiler.stages import CanonicalProgram, LoweredProgram
from eigen.contracts.aqo import AQO, Operation, profile
from eigen.contracts.aqo_json import encode
from eigen.contracts.canonical import sha256_hex
from eigen.contracts.compilation import CompiledProgram
from eigen.contracts.diagnostics import Diagnostic, Span, nearest
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.gates import MEASURE
from eigen.contracts.observables import canonical_terms
from eigen.contracts.printable import printable, quoted

__all__ = ["bind", "canonicalise"]


def canonicalise(lowered: LoweredProgram) -> CanonicalProgram:
    """Return the program's circuit in its one canonical form.

    Args:
        lowered: Result of the fourth pass.
    """
    circuit = _circuit(lowered)
    aqo_json = encode(circuit)
    return CanonicalProgram(
        aqo_json=aqo_json,
        digest=sha256_hex(aqo_json),
        profile=profile(circuit),
        parameters=lowered.parameters,
        outputs=lowered.outputs,
        precisions=lowered.precisions,
        hybrid=lowered.hybrid,
        defaults=lowered.defaults,
        warnings=lowered.warnings,
    )


def _circuit(lowered: LoweredProgram) -> AQO:
    operations, clbits = lowered.operations, lowered.clbits
    if not lowered.observables and not any(one.op == MEASURE for one in operations):
        every = tuple(range(lowered.qubits))
        operations = (*operations, Operation(MEASURE, every, c=every))
        clbits = max(clbits, lowered.qubits)
    return AQO(
        qubits=lowered.qubits,
        clbits=clbits,
        parameters=tuple(one.name for one in lowered.parameters),
        operations=operations,
        observables={name: canonical_terms(terms) for name, terms in lowered.observables.items()},
    )


def bind(program: CanonicalProgram, *, inputs: Mapping[str, Any], static_inputs: frozenset[str]) -> CompiledProgram:
    """Return the compiled program with values for its parameters.

    Args:
        program: The circuit.
        inputs: All inputs.
        static_inputs: Names of those that shaped the circuit.

    Raises:
        InvalidArgumentError: An input is unknown, is not a finite number, or a parameter has no value.
    """
    values = {name: value for name, value in inputs.items() if name not in static_inputs}
    names = [one.name for one in program.parameters]
    defaults = _defaults(program)
    faults = [
        *_unknown(values, [*names, *sorted(static_inputs)], names),
        *_unbound(defaults, values, {one.name: one.span for one in program.parameters}),
    ]
    if faults:
        raise InvalidArgumentError(faults[0].message, reason=faults[0].code, hint=faults[0].hint, diagnostics=faults)
    binding: dict[str, Any] = {
        name: float(values[name]) if name in values else default for name, default in defaults.items()
    }
    return CompiledProgram(
        aqo_json=program.aqo_json,
        digest=program.digest,
        profile=program.profile,
        binding=binding,
        defaults=program.defaults,
        outputs=program.outputs,
        precisions=program.precisions,
        hybrid=replace(program.hybrid, initial=binding) if program.hybrid else None,
        warnings=program.warnings,
    )


def _unknown(values: Mapping[str, Any], known: list[str], parameters: list[str]) -> Iterator[Diagnostic]:
    for name in sorted(set(values) - set(parameters)):
        guess = nearest(name, known)
        listed = f"it has {', '.join(known[:10])}" if known else "it takes none"
        yield _diagnostic(Fault.UNKNOWN_INPUT, name, instead=f'did you mean "{guess}"?' if guess else listed)


def _defaults(program: CanonicalProgram) -> dict[str, float | None]:
    """Return parameter → value where the inputs give none: where a loop starts, else the program's default."""
    start = program.hybrid.initial if program.hybrid else {}
    return {one.name: start.get(one.name, one.default) for one in program.parameters}


def _unbound(
    defaults: Mapping[str, float | None], values: Mapping[str, Any], spans: Mapping[str, Span | None]
) -> Iterator[Diagnostic]:
    for name, default in defaults.items():
        if name in values:
            if not _is_finite_number(values[name]):
                shown = quoted(values[name])
                yield _diagnostic(Fault.INPUT_TYPE, name, spans[name], expected="a finite number", value=shown)
        elif default is None:
            yield _diagnostic(Fault.MISSING_INPUT, name, spans[name])


def _is_finite_number(value: Any) -> bool:
    if type(value) not in (int, float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _diagnostic(fault: Fault, name: str, span: Span | None = None, **facts: str) -> Diagnostic:
    shown = {"name": printable(name, limit=60), **facts}
    return Diagnostic(
        code=fault.code,
        message=fault.message.format_map(shown),
        hint=fault.hint.format_map(shown),
        span=span,
        path=f"inputs.{shown['name']}",
    )
