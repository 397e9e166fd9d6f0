"""Qiskit's `QuantumCircuit` to AQO, in the process of whoever has the circuit.

- A standard gate of the table becomes its operation; any other instruction is replaced by its definition, again and
  again, to a bounded depth. One without a definition is refused by name: nothing is dropped and nothing is synthesised
  that Qiskit does not itself define.
- Qubits and bits keep the circuit's own numbering, so that bitstrings read as Qiskit's.
- Parameters may enter angles as affine expressions. Their names are made valid for AQO (`parameter_names`). Any other
  expression becomes a parameter of its own, whose value is the expression's: `read_qiskit` says which.
- `if` blocks become conditions on operations; `for` loops are unrolled under the budget of operations.
- The global phase is ignored: no measurement can see it, since every gate's own control is already written out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eigen.contracts.angles import exact_number
from eigen.contracts.aqo import AQO, Affine, Angle, Operation
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError, UnimplementedError
from eigen.contracts.gates import BARRIER, MEASURE, RESET
from eigen.contracts.printable import quoted
from eigen.formats.feed_forward import branches, selected
from eigen.formats.measurements import joined_measurements
from eigen.formats.parameter_names import free_name, parameter_names

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["ReadCircuit", "from_qiskit", "qiskit_parameter_names", "read_qiskit"]

_REFUSED_HINTS = {
    "delay": "remove it: there is no time in AQO",
    "while_loop": "unroll it: a loop on measured bits has no fixed length",
    "break_loop": "unroll the loop",
    "continue_loop": "unroll the loop",
    "box": "inline its body",
    "store": "variables of run time are not supported",
}
_HINT = "decompose it into standard gates, measurements and resets first"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCircuit:
    """A Qiskit circuit as AQO, and what its parameters mean.

    Attributes:
        aqo: The circuit.
        names: AQO's name of each of the circuit's parameters, by Qiskit's name, in Qiskit's order.
        expressions: Further parameters of the AQO, each with the expression over Qiskit's parameters that is its value.
    """

    aqo: AQO
    names: Mapping[str, str]
    expressions: Mapping[str, Any]


def from_qiskit(circuit: QuantumCircuit, *, limits: CompileLimits | None = None) -> AQO:
    """Return a Qiskit circuit as AQO.

    Args:
        circuit: The circuit; it is not changed.
        limits: What it may use; by default what the language allows.

    Raises:
        UnimplementedError: An instruction or condition has no counterpart (reasons `QISKIT_INSTRUCTION`,
            `QISKIT_CONDITION`, `CONDITION_…`).
        InvalidArgumentError: An angle is not an affine function of parameters, or not finite; there are no qubits.
        ResourceExhaustedError: It has too many qubits, parameters or operations.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> bell = QuantumCircuit(2)
        >>> _ = bell.h(0), bell.cx(0, 1)
        >>> bell.measure_all()
        >>> [one.op for one in from_qiskit(bell).operations]
        ['H', 'CX', 'BARRIER', 'MEASURE']
    """
    read = read_qiskit(circuit, limits=limits)
    for expression in read.expressions.values():
        raise InvalidArgumentError(
            f"the angle {quoted(str(expression))} is not a number plus numbers times parameters",
            reason="QISKIT_ANGLE",
            hint="give the expression a parameter of its own, and its value as an input",
        )
    return read.aqo


def read_qiskit(circuit: QuantumCircuit, *, limits: CompileLimits | None = None) -> ReadCircuit:
    """Return a Qiskit circuit as AQO with any expressions as angles: equal ones share a parameter of their own.

    Arguments and errors as `from_qiskit`, which takes affine expressions only.
    """
    limits = limits or CompileLimits()
    names = qiskit_parameter_names(circuit)
    _check_size(circuit, len(names), limits)
    reader = _Reader(names, limits)
    operations = reader.block(circuit, range(circuit.num_qubits), range(circuit.num_clbits), 0)
    _check_size(circuit, len(names) + len(reader.expressions), limits)
    aqo = AQO(
        qubits=circuit.num_qubits,
        clbits=circuit.num_clbits,
        parameters=(*names.values(), *reader.expressions),
        operations=joined_measurements(operations),
    )
    return ReadCircuit(aqo=aqo, names=names, expressions=reader.expressions)


def qiskit_parameter_names(circuit: QuantumCircuit) -> dict[str, str]:
    """Return AQO's name of each of the circuit's parameters, by Qiskit's name, in Qiskit's order."""
    return parameter_names(parameter.name for parameter in circuit.parameters)


def _check_size(circuit: QuantumCircuit, num_parameters: int, limits: CompileLimits) -> None:
    if not circuit.num_qubits:
        raise InvalidArgumentError("the circuit has no qubits", reason="QISKIT_EMPTY", hint="add qubits and gates")
    for what, number, most in (
        ("qubits", circuit.num_qubits, limits.qubits),
        ("classical bits", circuit.num_clbits, limits.operations),
        ("parameters", num_parameters, limits.parameters),
    ):
        if number > most:
            raise ResourceExhaustedError(f"the circuit has {number} {what}; at most {most} are taken")


class _Reader:
    """Walks a circuit, its definitions and its blocks.

    Args:
        names: AQO's name of each parameter.
        limits: What the circuit may use.

    Attributes:
        expressions: What is no affine expression, by the name of the parameter that stands for it.
    """

    def __init__(self, names: Mapping[str, str], limits: CompileLimits) -> None:
        from qiskit.circuit import Barrier, ForLoopOp, IfElseOp, Measure, Reset, SwitchCaseOp

        from eigen.formats.qiskit_gates import known_gates

        self._names = names
        self._limits = limits
        self._steps_left = limits.operations
        self._known = known_gates()
        self._angles: dict[Any, Angle] = {}
        self._taken = set(names.values())
        self.expressions: dict[str, Any] = {}
        self._handlers = {
            Measure: self._measure,
            Reset: self._reset,
            Barrier: self._barrier,
            IfElseOp: self._if_else,
            SwitchCaseOp: self._switch,
            ForLoopOp: self._for_loop,
        }

    def block(self, circuit: Any, qubits: Sequence[int], clbits: Sequence[int], depth: int) -> list[Operation]:
        """Return the operations of a circuit, its bits being those of the whole circuit with these numbers."""
        if depth > self._limits.call_depth:
            raise ResourceExhaustedError(f"definitions are nested more than {self._limits.call_depth} deep")
        index_of: dict[Any, int] = dict(zip(circuit.qubits, qubits, strict=True))
        index_of.update(zip(circuit.clbits, clbits, strict=True))
        emitted: list[Operation] = []
        for instruction in circuit.data:
            self._charge(1)
            operation = instruction.operation
            known = self._known.get(operation.name)
            q = tuple([index_of[bit] for bit in instruction.qubits])
            if known is not None and operation.base_class is known.kind:
                params = operation.params if known.angles is None else known.angles(*operation.params)
                emitted.append(Operation(known.op, q, tuple(map(self._angle, params)) if params else ()))
            else:
                emitted += self._other(instruction, q, index_of, depth)
        return emitted

    def _charge(self, steps: int) -> None:
        self._steps_left -= steps
        if self._steps_left < 0:
            raise ResourceExhaustedError(
                f"the circuit has more than {self._limits.operations} operations", reason="QISKIT_OPERATIONS"
            )

    def _other(self, instruction: Any, q: tuple[int, ...], index_of: Mapping[Any, int], depth: int) -> list[Operation]:
        operation = instruction.operation
        handler = self._handlers.get(operation.base_class)
        if handler is not None:
            return handler(instruction, q, index_of, depth)
        definition = operation.definition if operation.name not in _REFUSED_HINTS else None
        if definition is None:
            raise UnimplementedError(
                f"the instruction {quoted(operation.name)} has no counterpart in AQO, and no definition",
                reason="QISKIT_INSTRUCTION",
                hint=_REFUSED_HINTS.get(operation.name, _HINT),
            )
        c = [index_of[bit] for bit in instruction.clbits]
        return self.block(definition, q, c, depth + 1)

    def _measure(
        self, instruction: Any, q: tuple[int, ...], index_of: Mapping[Any, int], depth: int
    ) -> list[Operation]:
        return [Operation(MEASURE, q, c=tuple(index_of[bit] for bit in instruction.clbits))]

    def _reset(self, instruction: Any, q: tuple[int, ...], index_of: Mapping[Any, int], depth: int) -> list[Operation]:
        return [Operation(RESET, q)]

    def _barrier(
        self, instruction: Any, q: tuple[int, ...], index_of: Mapping[Any, int], depth: int
    ) -> list[Operation]:
        return [Operation(BARRIER, q)] if q else []

    def _if_else(
        self, instruction: Any, q: tuple[int, ...], index_of: Mapping[Any, int], depth: int
    ) -> list[Operation]:
        from eigen.formats.qiskit_conditions import condition_cases

        c = [index_of[bit] for bit in instruction.clbits]
        blocks = [self.block(one, q, c, depth + 1) for one in instruction.operation.blocks]
        emitted = branches(condition_cases(instruction.operation.condition, index_of), *blocks)
        self._charge(len(emitted))
        return emitted

    def _switch(self, instruction: Any, q: tuple[int, ...], index_of: Mapping[Any, int], depth: int) -> list[Operation]:
        from eigen.formats.qiskit_conditions import switch_cases

        c = [index_of[bit] for bit in instruction.clbits]
        blocks = [self.block(one, q, c, depth + 1) for one in instruction.operation.blocks]
        functions = switch_cases(instruction.operation, index_of)
        emitted = selected(list(zip(functions, blocks, strict=True)))
        self._charge(len(emitted))
        return emitted

    def _for_loop(
        self, instruction: Any, q: tuple[int, ...], index_of: Mapping[Any, int], depth: int
    ) -> list[Operation]:
        indices, parameter, body = instruction.operation.params
        if not isinstance(indices, range | list | tuple):
            raise UnimplementedError("a for loop over an expression is not supported", reason="QISKIT_INSTRUCTION")
        c = [index_of[bit] for bit in instruction.clbits]
        emitted: list[Operation] = []
        for index in indices:
            self._charge(1)
            bound = body if parameter is None else body.assign_parameters({parameter: index}, strict=False)
            emitted += self.block(bound, q, c, depth + 1)
        return emitted

    def _angle(self, value: Any) -> Angle:
        if type(value) is float and math.isfinite(value):
            return exact_number(value)
        if hasattr(value, "parameters"):
            if value not in self._angles:
                self._angles[value] = self._affine(value)
            return self._angles[value]
        number = _real(value)
        if number is None:
            raise InvalidArgumentError(f"{quoted(str(value))} is not a finite angle", reason="QISKIT_ANGLE")
        return exact_number(number)

    def _affine(self, expression: Any) -> Angle:
        """Return an expression; where its derivatives are all constant it is affine, and they are its coefficients."""
        parameters = sorted(expression.parameters, key=lambda one: self._names[one.name])
        slopes = [_slope(expression, one) for one in parameters]
        constant = _real(expression.bind(dict.fromkeys(parameters, 0))) if None not in slopes else None
        if constant is None:
            own = free_name("angle", self._taken)
            self.expressions[own] = expression
            return Affine(((own, 1.0),))
        terms = tuple((self._names[one.name], slope) for one, slope in zip(parameters, slopes, strict=True) if slope)
        return Affine(terms, constant) if terms else exact_number(constant)


def _slope(expression: Any, parameter: Any) -> float | None:
    """Return the derivative, or None where it is not a constant."""
    try:
        return _real(expression.gradient(parameter))
    except (RuntimeError, TypeError, ValueError):  # Qiskit's own, for what it cannot differentiate
        return None


def _real(value: Any) -> float | None:
    """Return a finite real number, or None."""
    try:
        number = complex(value)
    except (TypeError, ValueError, RuntimeError):
        return None
    return number.real if number.imag == 0 and math.isfinite(number.real) else None
