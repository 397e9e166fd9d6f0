"""Conditions, loops, choices and subroutines: unrolled, decided, or made conditions of single operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eigen.compiler.openqasm.arithmetic import Bits, Qubits, Value, When, apply_binary, cast, describe, truth
from eigen.compiler.openqasm.catalogue import MAX_NESTING, QasmFault, refuse
from eigen.compiler.openqasm.evaluation import integer_of
from eigen.compiler.openqasm.meter import STEPS_OF_A_STATEMENT, Meter
from eigen.compiler.openqasm.names import Names, Scope, Variable
from eigen.compiler.openqasm.operations import Emitter
from eigen.compiler.openqasm.registers import Registers
from eigen.compiler.openqasm.syntax import (
    Assign,
    Call,
    DefineSubroutine,
    Expression,
    For,
    Formal,
    If,
    Place,
    Range,
    Return,
    Statement,
    Switch,
    While,
)
from eigen.contracts.aqo import Affine, Operation
from eigen.formats.bit_functions import Cases, bits_equal, both, negated
from eigen.formats.feed_forward import branches, selected

__all__ = ["ControlFlow"]

_MAX_MEASURED_VALUES = 64


class ControlFlow:
    """Executes statements that decide which others run.

    Args:
        names: What names mean.
        registers: Qubits and bits.
        emitter: Where operations go.
        meter: Pays for repetitions.
        run: Executes statements one after another, and says whether all of them were right.
    """

    def __init__(
        self,
        names: Names,
        registers: Registers,
        emitter: Emitter,
        *,
        meter: Meter,
        run: Callable[[Sequence[Statement]], bool],
    ) -> None:
        self._names = names
        self._registers = registers
        self._emitter = emitter
        self._meter = meter
        self._run = run
        self._open_branches = 0
        self._open_calls = 0

    # Conditions

    def branch(self, statement: If) -> None:
        """Run one of two blocks."""
        holds = truth(self._names.value(statement.condition), statement.place)
        if isinstance(holds, bool):
            self._block(statement.then if holds else statement.otherwise)
            return
        then, otherwise = self._captured(statement.then), self._captured(statement.otherwise)
        self._pay_for_conditions([holds], [then, otherwise], statement.place)
        self._emit(branches(holds, then, otherwise), len(then) + len(otherwise), statement.place)

    def choose(self, statement: Switch) -> None:
        """Run the block of one of several values."""
        target = self._names.value(statement.target)
        labels = self._labels(statement)
        if isinstance(target, Bits):
            self._choose_measured(statement, target, labels)
            return
        number = integer_of(target, "what a switch reads", statement.place)
        chosen = next((index for index, values in enumerate(labels) if number in values), None)
        if chosen is None:
            chosen = next((index for index, case in enumerate(statement.cases) if not case.labels), None)
        if chosen is not None:
            self._block(statement.cases[chosen].body)

    def _labels(self, statement: Switch) -> list[list[int]]:
        """Return the values of each case; the default's are none."""
        seen: set[int | None] = set()
        labels: list[list[int]] = []
        for case in statement.cases:
            values = [self._names.integer(one, "a case", case.place) for one in case.labels]
            named = set(values) if values else {None}
            if len(named) < len(values) or not seen.isdisjoint(named):
                refuse(QasmFault.TAKEN, case.place, name="a value of this case")
            seen |= named
            labels.append(values)
        return labels

    def _choose_measured(self, statement: Switch, target: Bits, labels: list[list[int]]) -> None:
        if sum(map(len, labels)) > _MAX_MEASURED_VALUES:
            problem = f"a switch on measured bits has more than {_MAX_MEASURED_VALUES} values"
            refuse(QasmFault.CONDITION, statement.place, problem=problem, instead="compare fewer bits")
        functions: list[Cases] = [
            tuple(case for value in values for case in bits_equal(target.indices, value)) for values in labels
        ]
        if [] in labels:
            others = both(*(negated((case,)) for function in functions for case in function))
            functions[labels.index([])] = others
        blocks = [self._captured(case.body) for case in statement.cases]
        self._pay_for_conditions(functions, blocks, statement.place)
        emitted = selected(list(zip(functions, blocks, strict=True)))
        self._emit(emitted, sum(map(len, blocks)), statement.place)

    def _captured(self, block: Sequence[Statement]) -> list[Operation]:
        outside, self._emitter.operations = self._emitter.operations, []
        self._open_branches += 1
        try:
            self._block(block)
            return self._emitter.operations
        finally:
            self._open_branches -= 1
            self._emitter.operations = outside

    def _pay_for_conditions(
        self, functions: Sequence[Cases], blocks: Sequence[Sequence[Operation]], place: Place
    ) -> None:
        """Pay for what conditions read: as much again as the operations under them."""
        num_bits = 1 + sum(len(case) for function in functions for case in function)
        num_tests = num_bits * sum(map(len, blocks))
        self._meter.work(STEPS_OF_A_STATEMENT * num_tests, place)
        self._meter.emit(num_tests, place)

    def _emit(self, emitted: Sequence[Operation], num_paid: int, place: Place) -> None:
        self._meter.emit(max(0, len(emitted) - num_paid), place)
        self._emitter.operations += emitted

    def _block(self, block: Sequence[Statement]) -> bool:
        with self._names.scope():
            return self._run(block)

    # Loops

    def repeat(self, statement: For) -> None:
        """Run a block for each number of a range or a set."""
        domain, place = statement.domain, statement.place
        numbers: Sequence[int | float]
        if isinstance(domain, Range):
            numbers = self._registers.numbers(domain, None)
        else:
            numbers = [self._number(one, place) for one in domain]
        num_steps = STEPS_OF_A_STATEMENT * (1 + len(statement.body))
        self._meter.work(num_steps * _count(numbers), place)  # all at once: a long loop ends before it begins
        with self._names.scope() as scope:
            for number in numbers:
                scope.clear()
                scope[statement.name] = number
                if not self._run(statement.body):
                    return

    def _number(self, code: Expression, place: Place) -> int | float:
        value = self._names.value(code)
        if not isinstance(value, int | float):
            refuse(QasmFault.TYPE, place, what="a member of the set", expected="a number", found=describe(value))
        return value

    def repeat_while(self, statement: While) -> None:
        """Run a block as long as a static condition holds."""
        num_steps = STEPS_OF_A_STATEMENT * (1 + len(statement.body))
        while True:
            holds = truth(self._names.value(statement.condition), statement.place)
            if not isinstance(holds, bool):
                instead = "a loop on measured bits has no fixed length; unroll it with if"
                refuse(QasmFault.STATEMENT, statement.place, statement="while on measured bits", instead=instead)
            self._meter.work(num_steps, statement.place)
            if not holds or not self._block(statement.body):
                return

    # Variables

    def assign(self, statement: Assign) -> None:
        """Let a variable hold another value."""
        name, place = statement.name, statement.place
        variable = self._names.find(name)
        value = self._names.value(statement.value)
        if variable is None:
            self._names.lookup(name, place)
        if not isinstance(variable, Variable):
            refuse(QasmFault.TYPE, place, what=name, expected="a variable", found="something else")
        if self._open_branches:
            problem = "an assignment under a condition on measured bits is not supported"
            refuse(QasmFault.CONDITION, place, problem=problem, instead="assign outside of the condition")
        if statement.operator != "=":
            current = self._names.lookup(name, place)
            operator = statement.operator.removesuffix("=")
            value = apply_binary(operator, current, value, place, older=self._names.older)
        self._names.assign(variable, cast(variable.type, None, value, place))

    # Subroutines

    def call(self, statement: Call) -> None:
        """Run a subroutine in the place of its call."""
        name, place = statement.name, statement.place
        routine = self._names.find(name)
        if not isinstance(routine, DefineSubroutine):
            refuse(QasmFault.UNKNOWN_NAME, place, name=name, instead="define the subroutine above its call")
        if len(statement.arguments) != len(routine.formals):
            expected, found = len(routine.formals), len(statement.arguments)
            refuse(QasmFault.NUM_ARGUMENTS, place, name=name, expected=expected, found=found)
        if (statement.target is None) != (routine.result is None):
            problem = "gives nothing to keep" if routine.result is None else "gives bits that the call does not keep"
            refuse(QasmFault.RESULT, place, name=name, problem=problem)
        target = None if statement.target is None else self._registers.bits(statement.target)
        values = [self._names.value(one) for one in statement.arguments]
        arguments: Scope = {
            formal.name: self._argument(formal, value, place)
            for formal, value in zip(routine.formals, values, strict=True)
        }
        self._execute(routine, arguments, target, place)

    def _argument(self, formal: Formal, value: Value, place: Place) -> Value:
        size = self._names.size(formal.size, formal.name, formal.place)
        if formal.type in ("qubit", "bit"):
            kind = Qubits if formal.type == "qubit" else Bits
            is_register = formal.size is not None
            if not isinstance(value, kind) or len(value.indices) != size or value.is_register != is_register:
                expected = f"{size} {formal.type}{'s' if size > 1 else ''}"
                refuse(QasmFault.TYPE, place, what=formal.name, expected=expected, found=describe(value))
            return value
        converted = cast(formal.type, None, value, place)
        if not isinstance(converted, bool | int | float | Affine | When):
            refuse(QasmFault.TYPE, place, what=formal.name, expected="a number", found=describe(value))
        return converted

    def _execute(self, routine: DefineSubroutine, arguments: Scope, target: Bits | None, place: Place) -> None:
        if self._open_calls == MAX_NESTING:
            refuse(QasmFault.NESTING_LIMIT, place, limit=MAX_NESTING)
        self._meter.work(STEPS_OF_A_STATEMENT * (2 + len(routine.body)), place)
        self._open_calls += 1
        try:
            with self._names.frame(arguments):
                if self._run(routine.body) and routine.result is not None and target is not None:
                    self._emitter.measure_into(self._registers.qubits(routine.result), target, place)
        finally:
            self._open_calls -= 1

    def leave(self, statement: Return) -> None:
        """Refuse a return that is not a subroutine's last statement."""
        instead = "return at the end of a subroutine only"
        refuse(QasmFault.STATEMENT, statement.place, statement="a return in the middle", instead=instead)


def _count(numbers: Sequence[int | float]) -> int:
    """Return how many there are, of a range too long for `len` as well."""
    if isinstance(numbers, range):
        return max(0, -((numbers.start - numbers.stop) // numbers.step))
    return len(numbers)
