"""The gates that a program has at a point of its text: built in, included, and defined by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from eigen.compiler.openqasm.arithmetic import Value
from eigen.compiler.openqasm.catalogue import MAX_CONTROLS, MAX_NESTING, QasmFault, refuse
from eigen.compiler.openqasm.evaluation import angle_of, evaluated, integer_of
from eigen.compiler.openqasm.gates import (
    BUILT_IN,
    BUILT_IN_OLDER,
    PRELUDE,
    QELIB1,
    QELIB1_OF_THE_PAPER,
    STDGATES,
    Gate,
    Step,
    known_definition,
    parsed_definitions,
)
from eigen.compiler.openqasm.meter import Meter
from eigen.compiler.openqasm.syntax import Apply, DefineGate, Expression, Modifier, Place
from eigen.compiler.report import did_you_mean
from eigen.contracts.aqo import Affine, Angle
from eigen.contracts.gates import GATES

__all__ = ["GateTable", "evaluated_modifiers", "repetitions"]

Constant = Callable[[str], bool | int | float | None]

_MAX_SIZE = 10**9
_MEMBERS_PER_ELEMENT = 16  # so many qubits or angles are handed on in the time that it takes to expand an element


def evaluated_modifiers(
    modifiers: tuple[Modifier, ...], value: Callable[[Expression], Value]
) -> tuple[tuple[tuple[str, float], ...], int]:
    """Return modifiers with their arguments as numbers, and how many controls they add.

    Args:
        modifiers: As they stand.
        value: Value of an expression.
    """
    found: list[tuple[str, float]] = []
    num_controls = 0
    for kind, argument, place in modifiers:
        number = 1.0 if argument is None else _modifier_number(value(argument), place)
        if kind in ("ctrl", "negctrl"):
            num_controls += integer_of(number, "the number of controls", place)
            if number < 1 or num_controls > MAX_CONTROLS:
                refuse(QasmFault.CONTROLS_LIMIT, place, found=number, limit=MAX_CONTROLS)
        found.append((kind, number))
    return tuple(found), num_controls


def repetitions(modifiers: tuple[tuple[str, float], ...]) -> float:
    """Return how often a gate is repeated under modifiers, at most."""
    found = 1.0
    for kind, argument in modifiers:
        found *= max(1.0, abs(argument)) if kind == "pow" else 1.0
    return found


def _modifier_number(value: Value, place: Place) -> float:
    number = angle_of(value, place)
    if not isinstance(number, int | float):
        refuse(QasmFault.TYPE, place, what="a modifier's argument", expected="a constant", found="an input")
    return number


class GateTable:
    """Gates by name.

    Args:
        older: Whether this is OpenQASM 2.
        meter: Pays for angles.
    """

    def __init__(self, *, older: bool, meter: Meter) -> None:
        self._older = older
        self._meter = meter
        self._gates: dict[str, Gate] = dict(BUILT_IN_OLDER if older else BUILT_IN)
        self._library: Mapping[str, Gate] = {}
        self._file = "qelib1.inc" if older else "stdgates.inc"

    def find(self, name: str) -> Gate | None:
        """Return a gate, or None."""
        return self._gates.get(name)

    def gate(self, name: str, place: Place) -> Gate:
        """Return a gate.

        Raises:
            QasmRefusal: There is none.
        """
        found = self._gates.get(name)
        if found is not None:
            return found
        standard = QELIB1 if self._older else STDGATES
        instead: object = did_you_mean(name, (*GATES, *self._gates), otherwise="define it")
        if name in standard:
            instead = f'include "{self._file}"; above it'
        elif name in GATES:
            instead = f"{self._file} has no such gate; define it, as the export of a circuit to OpenQASM does"
        return refuse(QasmFault.UNKNOWN_GATE, place, name=name, instead=instead)

    def include(self, file: str, place: Place) -> None:
        """Add the standard library.

        Raises:
            QasmRefusal: It is any other file, or one of its gates is defined already.
        """
        if file != self._file:
            refuse(QasmFault.INCLUDE, place, file=f'"{file}"', library=self._file)
        if self._library:
            return
        self._library = dict(QELIB1 if self._older else STDGATES)
        for name in self._library:
            if name in self._gates and name not in BUILT_IN_OLDER:
                refuse(QasmFault.TAKEN, place, name=name)
        self._gates |= self._library
        if self._older:
            for definition in parsed_definitions(PRELUDE, older=False):
                self._gates[definition.name] = self._composite(definition, lambda name: None)

    def define(self, definition: DefineGate, constant: Constant) -> None:
        """Add a gate that the program defines.

        Args:
            definition: The definition.
            constant: Value of a constant that stands before it, or None.

        Raises:
            QasmRefusal: Its name or one of its body's names is wrong.
        """
        present = self._gates.get(definition.name)
        may_replace = self._older and present is not None and self._is_optional(definition.name, present)
        if present is not None and not may_replace:
            refuse(QasmFault.TAKEN, definition.place, name=definition.name)
        names = (*definition.angles, *definition.qubits)
        if len(set(names)) != len(names):
            refuse(QasmFault.TAKEN, definition.place, name="one of its arguments")
        gate = self._composite(definition, constant)
        table_name = known_definition(definition)
        if table_name and all(self._library.get(step.gate.name) is step.gate for step in gate.body):
            known = GATES[table_name]
            gate = Gate(name=gate.name, num_angles=gate.num_angles, num_qubits=gate.num_qubits, op=known.op)
        self._gates[definition.name] = gate

    def _is_optional(self, name: str, present: Gate) -> bool:
        return self._library.get(name, present) is present and name not in QELIB1_OF_THE_PAPER | set(BUILT_IN_OLDER)

    def _composite(self, definition: DefineGate, constant: Constant) -> Gate:
        known = _Known(_numbered(definition.angles), _numbered(definition.qubits), constant)
        body = tuple([self._step(one, known) for one in definition.body])
        size = 1 + (len(definition.angles) + len(definition.qubits)) // _MEMBERS_PER_ELEMENT
        for step in body:
            size = min(_MAX_SIZE, size + int(min(step.gate.size * repetitions(step.modifiers), _MAX_SIZE)))
        depth = 1 + max((step.gate.depth for step in body), default=0)
        if depth > MAX_NESTING:
            refuse(QasmFault.NESTING_LIMIT, definition.place, limit=MAX_NESTING)
        return Gate(
            name=definition.name,
            num_angles=len(definition.angles),
            num_qubits=len(definition.qubits),
            body=body,
            size=size,
            depth=depth,
        )

    def _step(self, call: Apply, known: _Known) -> Step:
        gate = self.gate(call.gate, call.place)
        modifiers, num_controls = evaluated_modifiers(call.modifiers, lambda code: self._value(code, known.number))
        if len(call.angles) != gate.num_angles:
            facts = {"gate": call.gate, "expected": gate.num_angles, "found": len(call.angles)}
            refuse(QasmFault.NUM_ANGLES, call.place, **facts)
        positions = _positions(call, known.qubits)
        if len(positions) != gate.num_qubits + num_controls:
            facts = {"gate": call.gate, "expected": gate.num_qubits + num_controls, "found": len(positions)}
            refuse(QasmFault.NUM_QUBITS, call.place, **facts)
        return Step(gate=gate, modifiers=modifiers, angles=self._angles(call.angles, known), qubits=positions)

    def _value(self, code: Expression, lookup: Callable[[str, Place], Value]) -> Value:
        return evaluated(code, lookup, older=self._older, meter=self._meter)

    def _angles(self, codes: tuple[Expression, ...], known: _Known) -> Callable[[tuple[Angle, ...]], tuple[Angle, ...]]:
        """Return the function from the gate's angles to those of one of its steps."""
        loaded = {step.argument: step.place for code in codes for step in code if step.code == "load"}
        if loaded.keys().isdisjoint(known.angles):
            fixed = tuple([angle_of(self._value(code, known.number), code[-1].place) for code in codes])
            return lambda angles: fixed
        if all(len(code) == 1 and code[0].code == "load" for code in codes) and loaded.keys() <= known.angles.keys():
            order = tuple([known.angles[code[0].argument] for code in codes])
            return lambda angles: tuple([angles[position] for position in order])
        for name, place in loaded.items():
            if name not in known.angles:
                known.number(name, place)

        def computed(angles: tuple[Angle, ...]) -> tuple[Angle, ...]:
            def lookup(name: str, place: Place) -> Value:
                if name not in known.angles:
                    return known.number(name, place)
                angle = angles[known.angles[name]]
                return angle if isinstance(angle, Affine) else float(angle)  # an angle is never an integer

            return tuple([angle_of(self._value(code, lookup), code[-1].place) for code in codes])

        return computed


class _Known(NamedTuple):
    """What a gate's body knows: its angles and qubits by position, and constants of the program."""

    angles: Mapping[str, int]
    qubits: Mapping[str, int]
    constant: Constant

    def number(self, name: str, place: Place) -> bool | int | float:
        """Return a constant of the program."""
        value = self.constant(name)
        if value is None:
            refuse(QasmFault.UNKNOWN_NAME, place, name=name, instead="a gate knows its angles and constants only")
        return value


def _numbered(names: tuple[str, ...]) -> Mapping[str, int]:
    return {name: position for position, name in enumerate(names)}


def _positions(call: Apply, places: Mapping[str, int]) -> tuple[int, ...]:
    positions = []
    for operand in call.operands:
        if operand.indices or operand.name not in places:
            what = "it is no qubit of the gate"
            refuse(QasmFault.UNKNOWN_NAME, operand.place, name=operand.name, instead=what)
        positions.append(places[operand.name])
    if len(set(positions)) != len(positions):
        refuse(QasmFault.SAME_QUBIT, call.place, gate=call.gate)
    return tuple(positions)
