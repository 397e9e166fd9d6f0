"""The circuit in the making: operations and parameters, as the program emits them.

Operations that are equal are one object, so that a long circuit takes little memory and encodes fast: a program's loops
emit few distinct operations many times.

Where several conditions hold that exclude each other, operations are emitted under the first one, and repeated under
the others as soon as another condition or a barrier follows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from eigen.compiler.catalogue import Fault
from eigen.compiler.code import GateCall
from eigen.compiler.lower.conditions import Required
from eigen.compiler.lower.estimates import Estimates
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.registers import GROUPS, Registers, first_double
from eigen.compiler.lower.values import Bit, Expectation, Minimum, Qubit, QubitRegister, Value, describe, is_number
from eigen.compiler.report import refuse
from eigen.compiler.source_text import NO_PLACE, Place
from eigen.compiler.stages import Parameter
from eigen.contracts.aqo import PARAMETER_NAME, Affine, Angle, Condition, Operation
from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.contracts.gates import BARRIER, MEASURE, RESET

__all__ = ["Circuit"]

_MAX_REMEMBERED = 65_536
_STEPS_PER_ANGLE = 8
_STEPS_PER_OTHER = 12  # a measurement, reset or barrier that differs from all before
_STEPS_PER_CONDITION = 40
_QUBIT = frozenset({Qubit})
_ANGLES = frozenset({float, Affine})  # types that are taken as they are
_NEW = tuple.__new__  # a named tuple's own constructor takes thrice as long
_BASES = {"Z": "", "X": "X", "Y": "Y"}


class Circuit:
    """What was emitted so far.

    Args:
        meter: What the program may use.

    Attributes:
        registers: The qubits and bits.
        operations: In order.
        estimates: What is asked about the final state.
        parameters: Name → parameter, in order of declaration.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._limit = self._max_operations = meter.limits.operations
        self.registers = Registers(meter)
        self._required = Required()
        self._condition: Condition | None = None
        self._other_conditions: tuple[Condition | None, ...] = ()
        self._first_repeated = 0  # the first operation that the other conditions have yet to be put on
        self._tables: dict[Condition | None, dict[tuple[Value, ...], Operation]] = {None: {}}
        self._remembered = self._tables[None]  # gates that were emitted under the present condition
        self._num_remembered = 0
        self.estimates = Estimates(self.registers, meter)
        self._places: dict[tuple[Qubit, ...], tuple[int, ...]] = {}
        self._others: dict[Operation, Operation] = {}
        self.operations: list[Operation] = []
        self.parameters: dict[str, Parameter] = {}

    def require(self, required: Required) -> None:
        """Put a condition on what is emitted from now on."""
        self._repeat()
        self._required = required
        if required.is_put_off:  # until something is emitted; nothing is remembered
            self._remembered = {}
            self._other_conditions = ()
        else:
            self._begin_condition()

    def _begin_condition(self) -> None:
        self._condition, *others = self._required.conditions(self._meter)
        self._other_conditions = tuple(others)
        if self._condition not in self._tables:
            self._meter.charge(_STEPS_PER_CONDITION)
            self._tables[self._condition] = {}
        self._remembered = self._tables[self._condition]
        self._begin_repeated()

    def _begin_repeated(self) -> None:
        """Begin what is to be repeated, and leave room for its repetitions."""
        self._first_repeated = start = len(self.operations)
        self._max_operations = start + (self._limit - start) // (1 + len(self._other_conditions))

    def _repeat(self) -> None:
        """Pay for the condition that each operation bears, and repeat what was emitted under the other ones."""
        if self._condition is not None:
            self._meter.charge(len(self._condition.c) * (len(self.operations) - self._first_repeated))
        if self._other_conditions:
            block = self.operations[self._first_repeated :]
            steps = sum(_STEPS_PER_OTHER + len(one.q) + _STEPS_PER_ANGLE * len(one.params) for one in block)
            self._meter.charge(steps * len(self._other_conditions))
            for condition in self._other_conditions:
                repeated = {one: one._replace(condition=condition) for one in block}
                self.operations += [repeated[one] for one in block]
        self._begin_repeated()

    # Operations

    def gate(self, call: GateCall, operands: list[Value], places: Sequence[Place]) -> None:
        """Emit a gate, once or on each element of its registers.

        Args:
            call: Which gate.
            operands: Qubits, then angles.
            places: Where each operand stands.
        """
        if len(self.operations) >= self._max_operations:
            self._check_room()
        if operands[0].__class__ is int:
            self._address(operands, call, places)
        if operands[-1].__class__ is Affine or len(call.angles) > 1:
            self._charge_terms(operands)
        operation, key = None, ()
        is_flat = operands[0].__class__ is not tuple and operands[-1].__class__ is not tuple
        if is_flat and (call.size < 3 or tuple not in map(type, operands)):  # Python hashes tuples by recursion
            try:
                operation = self._remembered.get(key := (call.op, *operands))
            except TypeError:  # lists cannot be looked up
                key = ()
        if operation is not None:
            self.operations.append(operation)
        else:
            self._new_gate(call, operands, places, key)

    def _new_gate(self, call: GateCall, operands: list[Value], places: Sequence[Place], key: tuple[Value, ...]) -> None:
        """Emit a gate that was not met under the present condition; `key` is what it was looked up by, if it was."""
        first, last = operands[0], operands[-1]
        if call.size == 2 and first.__class__ is Qubit and last.__class__ is float and call.num_qubits == 1:
            self.operations.append(self._made(call.op, first.alone, (last,), key))
            return
        num_qubits = call.num_qubits
        qubits, angles = operands[:num_qubits], operands[num_qubits:]
        if not _ANGLES.issuperset(map(type, angles)):
            key = ()
            angles = [
                one if type(one) in _ANGLES else self._angle(call, position, one, first, places[num_qubits + position])
                for position, one in enumerate(angles)
            ]
        if not _QUBIT.issuperset(map(type, qubits)):
            key = ()
            self._address(qubits, call, places)
        if _QUBIT.issuperset(map(type, qubits)):
            self.operations.append(self._gate_on(call, qubits, angles, key))
            return
        for row in self._rows(call, operands, places):
            self._emit(self._gate_on(call, row, angles, ()))

    def _address(self, operands: list[Value], call: GateCall, places: Sequence[Place]) -> None:
        """Put the qubits that plain integers address in their stead."""
        for position in range(call.num_qubits):
            if operands[position].__class__ is int:
                operands[position] = self.registers.plain_qubit(operands[position], places[position])

    def _charge_terms(self, operands: list[Value]) -> None:
        """Pay for symbolic angles, which the circuit spells out in each operation."""
        for value in operands:
            if value.__class__ is Affine:
                self._meter.charge(_STEPS_PER_ANGLE * len(value.terms))

    def _gate_on(
        self, call: GateCall, qubits: list[Qubit], angles: list[Angle], missed: tuple[Value, ...]
    ) -> Operation:
        """Return a gate on single qubits; `missed` is the key that it was looked up by in vain, if it was."""
        key = missed or (call.op, *qubits, *angles)
        known = None if missed else self._remembered.get(key)
        if known is not None:
            return known
        if len(angles) > 1:
            self._meter.charge(_STEPS_PER_ANGLE * len(angles))
        return self._made(call.op, self._placed(call, tuple(qubits)), tuple(angles), key)

    def _placed(self, call: GateCall, qubits: tuple[Qubit, ...]) -> tuple[int, ...]:
        """Return the indices of qubits that must differ; equal ones are one object."""
        q = self._places.get(qubits)
        if q is None:
            q = tuple([one.index for one in qubits])
            if len(set(q)) != len(q):
                refuse(Fault.DUPLICATE_QUBIT, gate=call.name, qubit=first_double(q))
            if len(self._places) < _MAX_REMEMBERED:
                self._places[qubits] = q
        return q

    def _made(self, op: str, q: tuple[int, ...], angles: tuple[Angle, ...], key: tuple[Value, ...]) -> Operation:
        if self._required.is_put_off:
            self._begin_condition()
            self._check_room()
        operation = _NEW(Operation, (op, q, angles, (), self._condition, ""))
        if self._num_remembered < _MAX_REMEMBERED and 0 not in angles and 1 not in angles:  # true equals 1
            self._num_remembered += 1
            self._remembered[key] = operation
        return operation

    def _work_out_condition(self) -> None:
        """Work out the condition, if that was put off."""
        if self._required.is_put_off:
            self._begin_condition()

    def _angle(self, call: GateCall, position: int, value: Value, first: Value, place: Place) -> Angle:
        if is_number(value):
            return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else self._large_angle(value)
        if type(value) is Qubit or type(value) is QubitRegister:
            self._check_order(call, first)
        what = {Bit: "a measured bit has a value only when the program runs"}.get(type(value), "angles are in radians")
        return refuse(
            Fault.ANGLE_EXPECTED, place=place, name=call.angles[position], gate=call.name, value=describe(value),
            instead=what,
        )  # fmt: skip

    def _large_angle(self, value: float) -> float:
        try:
            return float(value)
        except OverflowError:
            return refuse(Fault.NOT_FINITE, operation="this angle")

    def _check_order(self, call: GateCall, first: Value) -> None:
        if type(first) in (float, Affine):
            names = ["qubit"] if call.num_qubits == 1 else [f"qubit{index}" for index in range(call.num_qubits)]
            signature = f"{call.name}({', '.join([*names, *call.angles])})"
            refuse(Fault.QUBIT_FIRST, gate=call.name, signature=signature)

    def _rows(self, call: GateCall, operands: list[Value], places: Sequence[Place]) -> list[list[Qubit]]:
        """Return the qubits of each gate, where operands are registers of one size or single qubits."""
        if type(operands[-1]) is int and call.angles:
            self._check_order(call, operands[0])
        operands = operands[: call.num_qubits]
        columns = [
            self.registers.qubits_of([operand], call.name, place)
            for operand, place in zip(operands, places, strict=False)
        ]
        sizes = sorted({len(one) for one, operand in zip(columns, operands, strict=True) if type(operand) in GROUPS})
        if len(sizes) > 1:
            refuse(Fault.BROADCAST, gate=call.name, sizes=" and ".join(map(str, sizes)))
        size = sizes[0] if sizes else 1
        full = [one if type(operand) in GROUPS else one * size for one, operand in zip(columns, operands, strict=True)]
        return [list(row) for row in zip(*full, strict=True)]

    def _emit(self, operation: Operation) -> None:
        self._check_room()
        self.operations.append(operation)

    def _check_room(self) -> None:
        if len(self.operations) < self._max_operations:
            return
        if self.estimates.observables:
            refuse(Fault.AFTER_EXPECTATION)
        refuse(Fault.OPERATIONS, limit=self._meter.limits.operations)

    def _emit_other(self, operation: Operation) -> None:
        """Emit an operation that is not a gate; equal ones are one object, since they may name all qubits."""
        if operation.op != BARRIER:
            self._work_out_condition()
            operation = operation._replace(condition=self._condition)
        if operation not in self._others:
            self._meter.charge(_STEPS_PER_OTHER + len(operation.q) + len(operation.c))
        self._emit(self._others.setdefault(operation, operation))

    def barrier(self, values: list[Value], place: Place) -> None:
        """Emit a barrier on some qubits, or on all; it orders operations, and so has no condition."""
        q = self.registers.distinct(values, "barrier", place) if values else self.registers.all_qubits("barrier")
        if q:
            self._repeat()
            self._emit_other(Operation(BARRIER, q))
            self._begin_repeated()

    def reset(self, values: list[Value], place: Place) -> None:
        """Emit a reset of qubits to |0⟩."""
        q = self.registers.distinct(values, "reset", place)
        if q:
            self._emit_other(Operation(RESET, q))

    def measure(self, values: list[Value], place: Place, *, c: Value = None, basis: Value = "Z") -> Value:
        """Emit a measurement, and return its bit or list of bits.

        Args:
            values: What to measure.
            place: Where it stands.
            c: Bits to measure into, or None for the next free ones.
            basis: `X`, `Y` or `Z`.
        """
        q = self.registers.distinct(values, "measure", place)
        bits = self.registers.bits_for(c, len(q), place)
        self._measure(q, bits, basis, is_all=False)
        is_single = len(values) == 1 and type(values[0]) in (Qubit, int)
        return bits[0] if is_single else bits

    def measure_all(self, *, basis: Value = "Z") -> list[Bit]:
        """Emit a measurement of all qubits into the next free bits."""
        q = self.registers.all_qubits("measure_all")
        bits = self.registers.bits_for(None, len(q), NO_PLACE)
        self._measure(q, bits, basis, is_all=True)
        return bits

    def _measure(self, q: tuple[int, ...], bits: list[Bit], basis: Value, *, is_all: bool) -> None:
        if type(basis) is not str or basis not in _BASES:
            near = basis.upper() if type(basis) is str and basis.upper() in _BASES else "Z"
            refuse(Fault.BASIS, value=describe(basis), instead=f'write basis="{near}"')
        c = tuple(one.index for one in bits)
        again = self._required.bits.intersection(c)
        if again:
            refuse(Fault.CONDITION_BIT, bit=min(again))
        self.registers.note_measured(c, is_all=is_all)
        if q:
            self._emit_other(Operation(MEASURE, q, c=c, basis=_BASES[basis]))

    # What is asked about the final state

    def expectation_value(self, values: list[Value], place: Place, **by_name: Value) -> Expectation:
        """Declare an expectation value of the final state; nothing can be emitted after it."""
        self._check_unconditional("ExpectationValue")
        expectation = self.estimates.expectation_value(values, place, **by_name)
        self._limit = self._max_operations = len(self.operations)
        return expectation

    def minimize(self, values: list[Value], **by_name: Value) -> Minimum:
        """Declare the loop over the free parameters."""
        self._check_unconditional("minimize")
        return self.estimates.minimize(values, list(self.parameters), **by_name)

    def _check_unconditional(self, name: str) -> None:
        if self._required.bits:
            refuse(Fault.CONDITION_DECLARATION, name=name)

    # Parameters

    def parameter(self, name: Value, default: Value = None) -> Affine:
        """Declare a free parameter, and return it as a symbolic value; the same declaration twice is one."""
        if type(name) is not str or not PARAMETER_NAME.fullmatch(name):
            refuse(Fault.PARAMETER_NAME, value=describe(name))
        if default is not None and not (is_number(default) and _is_finite(default)):
            refuse(Fault.PARAMETER_DEFAULT, name=name, value=describe(default))
        value = None if default is None else float(default)
        if self.estimates.loop is not None and name not in self.parameters:
            refuse(Fault.LATE_PARAMETER, name=name)
        known = self.parameters.setdefault(name, Parameter(name=name, default=value))
        if known.default != value:
            refuse(Fault.PARAMETER_TWICE, name=name)
        if len(self.parameters) > self._meter.limits.parameters:
            refuse(Fault.PARAMETERS, limit=self._meter.limits.parameters)
        return Affine(((name, 1.0),))

    def parameters_of(self, name: Value, size: Value, default: Value = None) -> list[Value]:
        """Declare the free parameters `name_0`, `name_1`, …, all with one default, and return them as a list."""
        if type(size) is not int or size < 1:
            refuse(Fault.PARAMETER_COUNT, value=describe(size))
        if type(name) is not str:
            refuse(Fault.PARAMETER_NAME, value=describe(name))
        return [self.parameter(f"{name}_{index}", default) for index in range(size)]


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
