"""Statements to operations: the circuit under construction.

Loops are unrolled, static conditions decided, gates expanded; what depends on measured bits becomes conditions of
single operations. Every step that a program can repeat is charged before it is done, so that a short text cannot ask
for a long answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from eigen.compiler.openqasm.arithmetic import Bits, Qubits, Value, apply_binary, cast, describe, truth
from eigen.compiler.openqasm.catalogue import MAX_BITS, QasmFault, refuse
from eigen.compiler.openqasm.definitions import GateTable, evaluated_modifiers
from eigen.compiler.openqasm.elements import UnknownPowerError, operations_of
from eigen.compiler.openqasm.evaluation import angle_of, element, evaluated, integer_of
from eigen.compiler.openqasm.gates import Gate, modified
from eigen.compiler.openqasm.syntax import (
    Alias,
    Apply,
    Assign,
    Barrier,
    DeclareBits,
    DeclareInput,
    DeclareQubits,
    DeclareValue,
    DefineGate,
    Expression,
    For,
    If,
    Include,
    Index,
    Measure,
    Operand,
    Place,
    Range,
    Reset,
    Statement,
    While,
)
from eigen.contracts.aqo import AQO, Affine, Angle, Operation
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.diagnostics import nearest
from eigen.contracts.errors import UnimplementedError
from eigen.contracts.gates import BARRIER, MEASURE, RESET
from eigen.formats.feed_forward import branches
from eigen.formats.measurements import joined_measurements
from eigen.formats.parameter_names import free_name

__all__ = ["CircuitBuilder"]


class _Variable:
    """A value that the program may assign to."""

    __slots__ = ("type", "value")

    def __init__(self, kind: str, value: Value | None) -> None:
        self.type = kind
        self.value = value


class CircuitBuilder:
    """Executes statements one after another.

    Args:
        older: Whether this is OpenQASM 2.
        limits: What the circuit may use.
    """

    def __init__(self, *, older: bool, limits: CompileLimits) -> None:
        self.gates = GateTable(older=older)
        self._older = older
        self._limits = limits
        self._left = limits.operations
        self._scopes: list[dict[str, Value | _Variable]] = [{}]
        self._operations: list[Operation] = []
        self._num_qubits = 0
        self._num_bits = 0
        self._has_physical = False
        self._inputs: list[str] = []
        self._input_names: set[str] = set()
        self._open_branches = 0
        self._run: Mapping[type, Callable[[Any], None]] = {
            Include: self._include,
            DeclareQubits: self._declare_qubits,
            DeclareBits: self._declare_bits,
            DeclareValue: self._declare_value,
            DeclareInput: self._declare_input,
            Alias: self._alias,
            Apply: self._apply,
            DefineGate: self._define_gate,
            Measure: self._measure,
            Reset: self._reset,
            Barrier: self._barrier,
            If: self._if,
            For: self._for,
            While: self._while,
            Assign: self._assign,
        }

    def run(self, statement: Statement) -> None:
        """Execute a statement.

        Raises:
            QasmRefusal: It is wrong, or not supported.
        """
        try:
            self._run[type(statement)](statement)
        except UnimplementedError as error:  # a condition has no form in AQO
            refuse(QasmFault.CONDITION, statement.place, problem=error.message, instead=error.hint)

    def append(self, operation: Operation, place: Place) -> None:
        """Emit an operation whose qubits and angles are known to be right."""
        self._charge(1, place)
        self._operations.append(operation)

    def circuit(self) -> AQO:
        """Return what was built.

        Raises:
            QasmRefusal: There are no qubits.
        """
        if not self._num_qubits:
            refuse(QasmFault.NO_QUBITS, (0, 0))
        return AQO(
            qubits=self._num_qubits,
            clbits=self._num_bits,
            parameters=tuple(self._inputs),
            operations=joined_measurements(self._operations),
        )

    def qubit(self, name: str, index: int) -> int | None:
        """Return a qubit of a global register, or None where there is none such."""
        value = self._scopes[0].get(name)
        if type(value) is Qubits and value.is_register and index < len(value.indices):
            return value.indices[index]
        return None

    def _charge(self, steps: int, place: Place) -> None:
        self._left -= steps
        if self._left < 0:
            refuse(QasmFault.OPERATIONS_LIMIT, place, limit=self._limits.operations)

    # Names

    def _lookup(self, name: str, place: Place) -> Value:
        for scope in reversed(self._scopes):
            if name in scope:
                value = scope[name]
                if not isinstance(value, _Variable):
                    return value
                if value.value is None:
                    refuse(QasmFault.TYPE, place, what=name, expected="a value", found="a variable without one")
                return value.value
        guess = nearest(name, [one for scope in self._scopes for one in scope])
        instead = f"did you mean {guess}?" if guess else "declare it"
        return refuse(QasmFault.UNKNOWN_NAME, place, name=name, instead=instead)

    def _declare(self, name: str, value: Value | _Variable, place: Place) -> None:
        if name in self._scopes[-1]:
            refuse(QasmFault.TAKEN, place, name=name)
        self._scopes[-1][name] = value

    def _only_outside(self, what: str, place: Place) -> None:
        if len(self._scopes) > 1:
            refuse(QasmFault.PLACE, place, statement=what)

    def _value(self, code: Expression) -> Value:
        return evaluated(code, self._lookup, older=self._older)

    @contextmanager
    def _scope(self) -> Iterator[dict[str, Value | _Variable]]:
        scope: dict[str, Value | _Variable] = {}
        self._scopes.append(scope)
        try:
            yield scope
        finally:
            self._scopes.pop()

    # Declarations

    def _include(self, statement: Include) -> None:
        self._only_outside("include", statement.place)
        self.gates.include(statement.file, statement.place)

    def _size(self, size: Expression | None, what: str, place: Place) -> int:
        if size is None:
            return 1
        number = integer_of(self._value(size), "a size", place)
        if number < 1:
            refuse(QasmFault.SIZE, place, what=what, size=number)
        return number

    def _declare_qubits(self, statement: DeclareQubits) -> None:
        self._only_outside("a declaration of qubits", statement.place)
        if self._has_physical:
            refuse(QasmFault.PHYSICAL, statement.place)
        size = self._size(statement.size, statement.name, statement.place)
        first = self._num_qubits
        if first + size > self._limits.qubits:
            refuse(QasmFault.QUBITS_LIMIT, statement.place, found=first + size, limit=self._limits.qubits)
        self._num_qubits += size
        register = Qubits(tuple(range(first, first + size)), statement.size is not None)
        self._declare(statement.name, register, statement.place)

    def _declare_bits(self, statement: DeclareBits) -> None:
        size = self._size(statement.size, statement.name, statement.place)
        first = self._num_bits
        if first + size > MAX_BITS:
            refuse(QasmFault.BITS_LIMIT, statement.place, found=first + size, limit=MAX_BITS)
        if statement.value is not None:
            self._check_initial(self._value(statement.value), statement.place)
        self._num_bits += size
        register = Bits(tuple(range(first, first + size)), statement.size is not None)
        self._declare(statement.name, register, statement.place)

    @staticmethod
    def _check_initial(value: Value, place: Place) -> None:
        """Bits are 0 at first: nothing else can be said of them before a measurement."""
        is_zero = not value.strip("0") if isinstance(value, str) else isinstance(value, bool | int) and not value
        if not is_zero:
            instead = "flip a qubit and measure it into the bit"
            refuse(QasmFault.STATEMENT, place, statement="a bit that is 1 at first", instead=instead)

    def _declare_value(self, statement: DeclareValue) -> None:
        value = None
        if statement.value is not None:
            value = cast(statement.type, None, self._value(statement.value), statement.place)
            if not isinstance(value, bool | int | float | Affine):
                found = describe(value)
                refuse(QasmFault.TYPE, statement.place, what=statement.name, expected="a number", found=found)
        if statement.is_constant and value is not None:
            self._declare(statement.name, value, statement.place)
        else:
            self._declare(statement.name, _Variable(statement.type, value), statement.place)

    def _declare_input(self, statement: DeclareInput) -> None:
        self._only_outside("an input", statement.place)
        if statement.type not in ("float", "angle"):
            refuse(QasmFault.INPUT_TYPE, statement.place, type=statement.type)
        if len(self._inputs) == self._limits.parameters:
            refuse(QasmFault.PARAMETERS_LIMIT, statement.place, limit=self._limits.parameters)
        name = free_name(statement.name, self._input_names)
        self._inputs.append(name)
        self._declare(statement.name, Affine(((name, 1.0),)), statement.place)

    def _define_gate(self, statement: DefineGate) -> None:
        self._only_outside("a definition of a gate", statement.place)
        constants = {name: one for name, one in self._scopes[0].items() if isinstance(one, bool | int | float)}
        self.gates.define(statement, constants)

    def _alias(self, statement: Alias) -> None:
        parts = [self._resolved(part) for part in statement.parts]
        kinds = {type(part) for part in parts}
        if len(kinds) > 1:
            refuse(QasmFault.TYPE, statement.place, what="an alias", expected="qubits or bits", found="both")
        indices = tuple(index for part in parts for index in part.indices)
        self._charge(len(indices), statement.place)
        is_register = len(parts) > 1 or parts[0].is_register
        alias = Bits(indices, is_register) if kinds == {Bits} else Qubits(indices, is_register)
        self._declare(statement.name, alias, statement.place)

    def _assign(self, statement: Assign) -> None:
        variable = next((scope[statement.name] for scope in reversed(self._scopes) if statement.name in scope), None)
        value = self._value(statement.value)
        if not isinstance(variable, _Variable):
            what = statement.name
            refuse(QasmFault.TYPE, statement.place, what=what, expected="a variable", found="something else")
        if self._open_branches:
            refuse(
                QasmFault.CONDITION,
                statement.place,
                problem="an assignment under a condition on measured bits is not supported",
                instead="assign outside of the condition",
            )
        if statement.operator != "=":
            current = self._lookup(statement.name, statement.place)
            operator = statement.operator.removesuffix("=")
            value = apply_binary(operator, current, value, statement.place, older=self._older)
        variable.value = cast(variable.type, None, value, statement.place)

    # Operands

    def _resolved(self, operand: Operand) -> Qubits | Bits:
        value = self._physical(operand) if operand.name.startswith("$") else self._lookup(operand.name, operand.place)
        if not isinstance(value, Qubits | Bits):
            what, found = operand.name, describe(value)
            refuse(QasmFault.TYPE, operand.place, what=what, expected="qubits or bits", found=found)
        for index in operand.indices:
            if not value.is_register:
                what = operand.name
                refuse(QasmFault.TYPE, operand.place, what=what, expected="a register", found="one of its members")
            value = self._selected(value, index, operand)
        return value

    def _physical(self, operand: Operand) -> Qubits:
        if self._num_qubits and not self._has_physical:
            refuse(QasmFault.PHYSICAL, operand.place)
        digits = operand.name[1:]
        index = int(digits) if len(digits) < 10 else 10**9
        if index >= self._limits.qubits:
            refuse(QasmFault.QUBITS_LIMIT, operand.place, found=index + 1, limit=self._limits.qubits)
        self._has_physical = True
        self._num_qubits = max(self._num_qubits, index + 1)
        return Qubits((index,), False)

    def _selected(self, value: Qubits | Bits, index: Index, operand: Operand) -> Qubits | Bits:
        if isinstance(index, tuple) and not isinstance(index, Range):
            number = integer_of(self._value(index), "an index", operand.place)
            one = element(value.indices, number, name=operand.name, place=operand.place)
            return value._replace(indices=(one,), is_register=False)
        numbers = (
            self._range(index, len(value.indices)) if isinstance(index, Range) else self._set(index, operand.place)
        )
        self._charge(len(numbers), operand.place)
        chosen = tuple(element(value.indices, one, name=operand.name, place=operand.place) for one in numbers)
        return value._replace(indices=chosen)

    def _set(self, members: Sequence[Expression], place: Place) -> list[int]:
        return [integer_of(self._value(one), "an index", place) for one in members]

    def _range(self, spoken: Range, size: int | None) -> range:
        """Return the numbers of a range, whose stop is included; `size` is that of the register, if there is one."""
        step = 1 if spoken.step is None else integer_of(self._value(spoken.step), "a step", spoken.place)
        if step == 0:
            refuse(QasmFault.RANGE, spoken.place)
        if size is None and spoken.stop is None:
            refuse(QasmFault.SYNTAX, spoken.place, found="a range without an end", expected="one with an end")
        ends = (0, 0 if size is None else size - 1) if step > 0 else (0 if size is None else size - 1, 0)
        start, stop = (
            default if end is None else self._range_end(end, size, spoken.place)
            for end, default in zip((spoken.start, spoken.stop), ends, strict=True)
        )
        return range(start, stop + (1 if step > 0 else -1), step)

    def _range_end(self, code: Expression, size: int | None, place: Place) -> int:
        number = integer_of(self._value(code), "the end of a range", place)
        return number + size if size is not None and number < 0 else number

    def _qubits(self, operand: Operand) -> Qubits:
        value = self._resolved(operand)
        if isinstance(value, Bits):
            refuse(QasmFault.TYPE, operand.place, what=operand.name, expected="qubits", found=describe(value))
        return value

    def _distinct(self, indices: tuple[int, ...], what: str, place: Place) -> tuple[int, ...]:
        if len(set(indices)) != len(indices):
            refuse(QasmFault.SAME_QUBIT, place, gate=what)
        return indices

    # Operations

    def _apply(self, statement: Apply) -> None:
        gate = self.gates.gate(statement.gate, statement.place)
        modifiers, num_controls = evaluated_modifiers(statement.modifiers, self._value)
        angles = tuple([angle_of(self._value(one), one[-1].place) for one in statement.angles])
        operands = [self._qubits(one) for one in statement.operands]
        if len(angles) != gate.num_angles:
            self._refuse_count(QasmFault.NUM_ANGLES, statement, gate.num_angles, len(angles))
        if len(operands) != gate.num_qubits + num_controls:
            self._refuse_count(QasmFault.NUM_QUBITS, statement, gate.num_qubits + num_controls, len(operands))
        for qubits in self._broadcast(operands, statement.place):
            self._distinct(qubits, statement.gate, statement.place)
            self._emit(gate, modifiers, angles, qubits, statement.place)

    @staticmethod
    def _refuse_count(fault: QasmFault, statement: Apply, expected: int, found: int) -> None:
        refuse(fault, statement.place, gate=statement.gate, expected=expected, found=found)

    def _broadcast(self, operands: Sequence[Qubits], place: Place) -> Iterator[tuple[int, ...]]:
        sizes = {len(one.indices) for one in operands if one.is_register}
        if len(sizes) > 1:
            refuse(QasmFault.BROADCAST, place, sizes=", ".join(map(str, sorted(sizes))))
        for position in range(sizes.pop() if sizes else 1):
            yield tuple([one.indices[position if one.is_register else 0] for one in operands])

    def _emit(
        self,
        gate: Gate,
        modifiers: tuple[tuple[str, float], ...],
        angles: tuple[Angle, ...],
        qubits: tuple[int, ...],
        place: Place,
    ) -> None:
        if gate.op and gate.op != "GPHASE" and not modifiers:
            own = angles if gate.adapted is None else gate.adapted(*angles)
            self.append(Operation(gate.op, qubits, own), place)
            return
        repetitions = 1.0
        for kind, argument in modifiers:
            repetitions *= max(1.0, abs(argument)) if kind == "pow" else 1.0
        paid = int(min(gate.size * repetitions, self._limits.operations + 1))
        self._charge(paid, place)
        try:
            elements = modified(gate, modifiers, angles, qubits)
        except UnknownPowerError as error:
            refuse(QasmFault.POWER, place, power=error.power)
        for number, operation in enumerate(operations_of(elements)):
            if number >= paid:
                self._charge(1, place)
            self._operations.append(operation)

    def _measure(self, statement: Measure) -> None:
        source, target = self._qubits(statement.source), self._resolved(statement.target)
        if not isinstance(target, Bits):
            what, found = statement.target.name, describe(target)
            refuse(QasmFault.TYPE, statement.target.place, what=what, expected="bits", found=found)
        num_qubits, num_bits = len(source.indices), len(target.indices)
        if num_qubits != num_bits:
            refuse(QasmFault.MEASURE_SIZE, statement.place, qubits=num_qubits, bits=num_bits)
        self._distinct(source.indices, "measure", statement.place)
        self._distinct(target.indices, "measure", statement.place)
        self._charge(num_qubits - 1, statement.place)
        self.append(Operation(MEASURE, source.indices, c=target.indices), statement.place)

    def _reset(self, statement: Reset) -> None:
        indices = self._qubits(statement.operand).indices
        self._charge(len(indices) - 1, statement.place)
        self.append(Operation(RESET, self._distinct(indices, "reset", statement.place)), statement.place)

    def _barrier(self, statement: Barrier) -> None:
        named = (index for operand in statement.operands for index in self._qubits(operand).indices)
        indices = tuple(dict.fromkeys(named)) if statement.operands else tuple(range(self._num_qubits))
        if indices:
            self._charge(len(indices) - 1, statement.place)
            self.append(Operation(BARRIER, indices), statement.place)

    # Control flow

    def _if(self, statement: If) -> None:
        holds = truth(self._value(statement.condition), statement.place)
        if isinstance(holds, bool):
            self._block(statement.then if holds else statement.otherwise)
            return
        then, otherwise = self._captured(statement.then), self._captured(statement.otherwise)
        bits = sum(map(len, holds)) + 1
        self._charge(bits * (len(then) + len(otherwise)), statement.place)  # what a condition reads costs as much again
        emitted = branches(holds, then, otherwise)
        self._charge(max(0, len(emitted) - len(then) - len(otherwise)), statement.place)
        self._operations += emitted

    def _captured(self, block: Sequence[Statement]) -> list[Operation]:
        outside, self._operations = self._operations, []
        self._open_branches += 1
        self._block(block)
        self._open_branches -= 1
        inside, self._operations = self._operations, outside
        return inside

    def _block(self, block: Sequence[Statement]) -> None:
        with self._scope():
            for one in block:
                self.run(one)

    def _for(self, statement: For) -> None:
        domain = statement.domain
        numbers: Sequence[int | float]
        if isinstance(domain, Range):
            numbers = self._range(domain, None)
        else:
            numbers = [self._number(one, statement.place) for one in domain]
        with self._scope() as scope:
            for number in numbers:
                self._charge(1, statement.place)
                scope.clear()
                scope[statement.name] = number
                for one in statement.body:
                    self.run(one)

    def _number(self, code: Expression, place: Place) -> int | float:
        value = self._value(code)
        if not isinstance(value, int | float):
            refuse(QasmFault.TYPE, place, what="a member of the set", expected="a number", found=describe(value))
        return value

    def _while(self, statement: While) -> None:
        while True:
            holds = truth(self._value(statement.condition), statement.place)
            if not isinstance(holds, bool):
                instead = "a loop on measured bits has no fixed length; unroll it with if"
                refuse(QasmFault.STATEMENT, statement.place, statement="while on measured bits", instead=instead)
            if not holds:
                return
            self._charge(1, statement.place)
            self._block(statement.body)
