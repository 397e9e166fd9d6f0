"""Declarations: what a program names before it uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eigen.compiler.catalogue import Fault
from eigen.compiler.openqasm.arithmetic import Bits, Qubits, Value, When, cast, describe
from eigen.compiler.openqasm.catalogue import QasmFault, refuse
from eigen.compiler.openqasm.definitions import GateTable
from eigen.compiler.openqasm.meter import Meter
from eigen.compiler.openqasm.names import Names, Variable
from eigen.compiler.openqasm.registers import Registers
from eigen.compiler.openqasm.syntax import (
    Alias,
    DeclareInput,
    DeclareValue,
    DefineGate,
    DefineSubroutine,
    Include,
)
from eigen.contracts.aqo import Affine
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.printable import quoted
from eigen.formats.parameter_names import free_name

__all__ = ["Declarations"]

_FREE = frozenset({"float", "angle"})
_STATIC: Mapping[str, tuple[type[int], str]] = {
    "int": (int, "an integer"),
    "uint": (int, "an integer"),
    "bool": (bool, "true or false"),
}


class Declarations:
    """Executes declarations, but for those of registers.

    Args:
        names: What names mean.
        registers: Qubits and bits.
        gates: Gates by name.
        limits: What the circuit may use.
        meter: Pays for aliases.
        inputs: Values of the program's inputs.

    Attributes:
        parameters: Names of the free inputs, in order.
        static_inputs: Names of the inputs whose values shape the circuit.
    """

    def __init__(
        self,
        names: Names,
        registers: Registers,
        gates: GateTable,
        *,
        limits: CompileLimits,
        meter: Meter,
        inputs: Mapping[str, Any],
    ) -> None:
        self._names = names
        self._registers = registers
        self._gates = gates
        self._limits = limits
        self._meter = meter
        self._inputs = inputs
        self._input_names: set[str] = set()
        self.parameters: list[str] = []
        self.static_inputs: list[str] = []

    def include(self, statement: Include) -> None:
        """Take a library."""
        self._names.only_outside("include", statement.place)
        self._gates.include(statement.file, statement.place)

    def value(self, statement: DeclareValue) -> None:
        """Declare a constant or a variable."""
        value: Value | None = None
        if statement.value is not None:
            value = cast(statement.type, None, self._names.value(statement.value), statement.place)
            if not isinstance(value, bool | int | float | Affine | Bits | When):
                found = describe(value)
                refuse(QasmFault.TYPE, statement.place, what=statement.name, expected="a number", found=found)
        if statement.is_constant and value is not None:
            if isinstance(value, Bits | When):
                found = describe(value)
                refuse(QasmFault.TYPE, statement.place, what=statement.name, expected="a constant", found=found)
            self._names.declare(statement.name, value, statement.place)
            return
        variable = Variable(statement.type, None)
        if value is not None:
            self._names.assign(variable, value)
        self._names.declare(statement.name, variable, statement.place)

    def input(self, statement: DeclareInput) -> None:
        """Declare an input: a free parameter, or a value that is given before the program is read."""
        self._names.only_outside("an input", statement.place)
        if statement.type in _STATIC:
            self._static_input(statement)
            return
        if statement.type not in _FREE:
            refuse(QasmFault.INPUT_TYPE, statement.place, type=statement.type)
        if len(self.parameters) == self._limits.parameters:
            refuse(QasmFault.PARAMETERS_LIMIT, statement.place, limit=self._limits.parameters)
        name = free_name(statement.name, self._input_names)
        self.parameters.append(name)
        self._names.declare(statement.name, Affine(((name, 1.0),)), statement.place)

    def _static_input(self, statement: DeclareInput) -> None:
        name = free_name(statement.name, self._input_names)
        self.static_inputs.append(name)
        if name not in self._inputs:
            refuse(Fault.MISSING_INPUT, statement.place, name=name)
        given = self._inputs[name]
        kind, expected = _STATIC[statement.type]
        if type(given) is not kind:  # a truth value is no integer here
            refuse(Fault.INPUT_TYPE, statement.place, name=name, expected=expected, value=quoted(given))
        width = None if statement.width is None else self._names.size(statement.width, name, statement.place)
        self._names.declare(statement.name, cast(statement.type, width, kind(given), statement.place), statement.place)

    def alias(self, statement: Alias) -> None:
        """Name qubits or bits that have names already."""
        parts = [self._registers.chosen(part) for part in statement.parts]
        kinds = {type(part) for part in parts}
        if len(kinds) > 1:
            refuse(QasmFault.TYPE, statement.place, what="an alias", expected="qubits or bits", found="both")
        num_members = sum(len(part.indices) for part in parts)
        self._meter.emit(num_members, statement.place)
        indices = tuple([index for part in parts for index in part.indices])
        is_register = len(parts) > 1 or parts[0].is_register
        alias = Bits(indices, is_register) if kinds == {Bits} else Qubits(indices, is_register)
        self._names.declare(statement.name, alias, statement.place)

    def gate(self, statement: DefineGate) -> None:
        """Define a gate."""
        self._names.only_outside("a definition of a gate", statement.place)
        self._gates.define(statement, self._names.constant)

    def subroutine(self, statement: DefineSubroutine) -> None:
        """Define a subroutine."""
        self._names.only_outside("a definition of a subroutine", statement.place)
        if self._gates.find(statement.name) is not None:
            refuse(QasmFault.TAKEN, statement.place, name=statement.name)
        self._names.declare(statement.name, statement, statement.place)
