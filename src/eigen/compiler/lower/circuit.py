"""The circuit in the making: qubits, bits, parameters and operations, as the program emits them.

Operations that are equal are one object, so that a long circuit takes little memory and encodes fast: a program's loops
emit few distinct operations many times. Qubits are one object for each index, so that an operation is found by them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from eigen.compiler.catalogue import Fault
from eigen.compiler.code import GateCall
from eigen.compiler.lower.conditions import Required
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.sequences import iterate, size_of
from eigen.compiler.lower.values import (
    Bit,
    ClassicalRegister,
    Iteration,
    Qubit,
    QubitRegister,
    Test,
    Value,
    counted,
    describe,
    is_number,
)
from eigen.compiler.report import refuse
from eigen.compiler.source_text import Place
from eigen.compiler.stages import Parameter
from eigen.contracts.aqo import PARAMETER_NAME, Affine, Angle, Condition, Operation
from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.contracts.gates import BARRIER, MEASURE, RESET

__all__ = ["Circuit"]

_MAX_REMEMBERED = 100_000
_STEPS_PER_TERM = 4
_BOOLEAN = frozenset({0, 1})  # angles that a truth value would be found by
_GROUPS = frozenset({QubitRegister, list, tuple, range, Iteration})
_BASES = {"Z": "", "X": "X", "Y": "Y"}


class Circuit:
    """What was emitted so far.

    Args:
        meter: What the program may use.

    Attributes:
        operations: In order.
        parameters: Name → parameter, in order of declaration.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._limits = meter.limits
        self._max_operations = meter.limits.operations
        self._qubits: list[Qubit] = []  # every qubit that was allocated, or addressed by a plain integer
        self._num_declared = 0  # qubits in registers
        self._last_plain: tuple[int, Place] = (-1, (1, 0, 1, 0))
        self._num_measured_all = -1  # qubits there were at the last measure_all(), or −1
        self._bits: list[Bit] = []
        self._written: set[int] = set()
        self._registers: list[ClassicalRegister] = []
        self._has_free_bits = False
        self._required = Required()
        self._condition: Condition | None = None
        self._tables: dict[Condition | None, dict[tuple[Value, ...], Operation]] = {None: {}}
        self._remembered = self._tables[None]  # gates that were emitted under the present condition
        self._num_remembered = 0
        self._others: dict[Operation, Operation] = {}
        self.operations: list[Operation] = []
        self.parameters: dict[str, Parameter] = {}

    @property
    def num_qubits(self) -> int:
        """Number of qubits so far."""
        return len(self._qubits)

    @property
    def num_bits(self) -> int:
        """Number of classical bits so far."""
        return len(self._bits)

    def require(self, required: Required) -> None:
        """Put a condition on what is emitted from now on."""
        self._required = required
        if required.excluded:  # nothing can be emitted, and nothing is remembered
            self._remembered = {}
        else:
            self._condition = required.condition
            self._remembered = self._tables.setdefault(self._condition, {})

    # Qubits and bits

    def new_qubits(self, size: Value) -> QubitRegister:
        """Allocate a register of qubits."""
        self._check_size(size)
        if self._num_declared + size > self._limits.qubits:
            refuse(Fault.QUBITS, limit=self._limits.qubits, what="qubits")
        first = self._num_declared
        self._num_declared += size
        self._grow(self._num_declared)
        return QubitRegister(tuple(self._qubits[first : first + size]))

    def new_bits(self, size: Value) -> ClassicalRegister:
        """Allocate a register of classical bits."""
        self._check_size(size)
        register = ClassicalRegister(tuple(self._more_bits(size)))
        self._registers.append(register)
        return register

    def _check_size(self, size: Value) -> None:
        if type(size) is not int or size < 1:
            refuse(Fault.REGISTER_SIZE, value=describe(size))

    def _grow(self, count: int) -> None:
        """Make sure that there are `count` qubits."""
        if count > len(self._qubits):
            if self._num_measured_all >= 0:
                refuse(Fault.MEASURE_ALL_EARLY, index=count - 1)
            self._meter.charge(count - len(self._qubits))
            self._qubits += map(Qubit, range(len(self._qubits), count))

    def _more_bits(self, count: int) -> list[Bit]:
        if len(self._bits) + count > self._limits.sequence_items:
            refuse(Fault.QUBITS, limit=self._limits.sequence_items, what="classical bits")
        first = len(self._bits)
        self._bits += map(Bit, range(first, first + count))
        return self._bits[first:]

    def _plain_qubit(self, index: int, place: Place) -> Qubit:
        """Return the qubit that a plain integer addresses."""
        if not 0 <= index < self._limits.qubits or (self._num_declared and index >= self._num_declared):
            count = (
                counted(self._num_declared, "qubit") if self._num_declared else f"at most {self._limits.qubits} qubits"
            )
            refuse(Fault.QUBIT_RANGE, place=place, index=describe(index), count=count)
        if index >= len(self._qubits):
            self._grow(index + 1)
        if index > self._last_plain[0]:
            self._last_plain = index, place
        return self._qubits[index]

    # Operations

    def gate(self, call: GateCall, operands: list[Value], places: Sequence[Place]) -> None:
        """Emit a gate, once or on each element of its registers.

        Args:
            call: Which gate.
            operands: Qubits, then angles.
            places: Where each operand stands.
        """
        if call.angles:
            self._charge_terms(operands)
        try:
            operation = self._remembered.get((call.op, *operands))
        except TypeError:  # lists cannot be looked up
            operation = None
        if operation is None:
            self._new_gate(call, operands, places)
        else:
            if len(self.operations) >= self._max_operations:
                refuse(Fault.OPERATIONS, limit=self._max_operations)
            self.operations.append(operation)

    def _new_gate(self, call: GateCall, operands: list[Value], places: Sequence[Place]) -> None:
        num_qubits = call.num_qubits
        angles = tuple(
            [
                value
                if value.__class__ is float or value.__class__ is Affine
                else self._angle(call, position, value, operands[0], places[num_qubits + position])
                for position, value in enumerate(operands[num_qubits:])
            ]
        )
        qubits = [
            self._plain_qubit(one, place) if one.__class__ is int else one
            for one, place in zip(operands[:num_qubits], places, strict=False)
        ]
        if all(one.__class__ is Qubit for one in qubits):
            self._emit(self._gate_on(call, qubits, angles))
            return
        for row in self._rows(call, operands, places):
            self._emit(self._gate_on(call, row, angles))

    def _charge_terms(self, operands: list[Value]) -> None:
        """Pay for long symbolic angles, which the circuit spells out in each operation."""
        for value in operands:
            if value.__class__ is Affine and len(value.terms) > 1:
                self._meter.charge(_STEPS_PER_TERM * len(value.terms))

    def _gate_on(self, call: GateCall, qubits: Sequence[Qubit], angles: tuple[Angle, ...]) -> Operation:
        key = (call.op, *qubits, *angles)
        known = self._remembered.get(key)
        if known is not None:
            return known
        q = tuple([one.index for one in qubits])
        if len(q) > 1 and len(set(q)) != len(q):
            double = next(one for position, one in enumerate(q) if one in q[:position])
            refuse(Fault.DUPLICATE_QUBIT, gate=call.name, qubit=double)
        self._check_condition()
        operation = Operation(call.op, q, angles, (), self._condition)
        if self._num_remembered < _MAX_REMEMBERED and not _BOOLEAN.intersection(angles):
            self._num_remembered += 1
            self._remembered[key] = operation
        return operation

    def _check_condition(self) -> None:
        """Refuse to emit under a condition that AQO cannot express."""
        if self._required.excluded:
            refuse(Fault.CONDITION_ELSE)

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
            self.qubits_of([operand], call.name, place) for operand, place in zip(operands, places, strict=False)
        ]
        sizes = sorted({len(one) for one, operand in zip(columns, operands, strict=True) if type(operand) in _GROUPS})
        if len(sizes) > 1:
            refuse(Fault.BROADCAST, gate=call.name, sizes=" and ".join(map(str, sizes)))
        size = sizes[0] if sizes else 1
        full = [one if type(operand) in _GROUPS else one * size for one, operand in zip(columns, operands, strict=True)]
        return [list(row) for row in zip(*full, strict=True)]

    def qubits_of(self, values: Iterable[Value], what: str, place: Place) -> list[Qubit]:
        """Return the qubits that values address: qubits, integers, and registers or lists of them.

        Args:
            values: Arguments of an operation.
            what: The operation, for messages.
            place: Where they stand.
        """
        qubits: list[Qubit] = []
        stack = list(values)[::-1]
        while stack:
            value = stack.pop()
            kind = type(value)
            if kind is Qubit:
                qubits.append(value)
            elif kind is int:
                qubits.append(self._plain_qubit(value, place))
            elif kind in _GROUPS:
                self._meter.items(size_of(value), "this list of qubits")
                stack += reversed(list(iterate(value)))
            else:
                self._refuse_qubit(value, what, place)
        return qubits

    def _refuse_qubit(self, value: Value, what: str, place: Place) -> None:
        instead = "give a qubit, its number, a register or a list of qubits"
        if type(value) is bool:
            instead = "truth values do not number qubits; write 0 or 1"
        elif type(value) in (Bit, Test, ClassicalRegister):
            instead = "this is the result of a measurement; give the qubit"
        refuse(Fault.QUBIT_EXPECTED, place=place, gate=what, expected="qubits", value=describe(value), instead=instead)

    def _distinct(self, values: Iterable[Value], what: str, place: Place) -> tuple[int, ...]:
        q = tuple(one.index for one in self.qubits_of(values, what, place))
        if len(set(q)) != len(q):
            double = next(one for position, one in enumerate(q) if one in q[:position])
            refuse(Fault.DUPLICATE_QUBIT, gate=what, qubit=double)
        return q

    def _all_qubits(self) -> tuple[int, ...]:
        if not self._qubits:
            refuse(Fault.NO_QUBITS)
        self._meter.charge(len(self._qubits))
        return tuple(range(len(self._qubits)))

    def _emit(self, operation: Operation) -> None:
        if len(self.operations) >= self._max_operations:
            refuse(Fault.OPERATIONS, limit=self._max_operations)
        self.operations.append(operation)

    def _emit_other(self, operation: Operation) -> None:
        """Emit an operation that is not a gate; equal ones are one object, since they may name all qubits."""
        if operation.op != BARRIER:
            self._check_condition()
            operation = operation._replace(condition=self._condition)
        self._emit(self._others.setdefault(operation, operation))

    def barrier(self, values: list[Value], place: Place) -> None:
        """Emit a barrier on some qubits, or on all; it orders operations, and so has no condition."""
        q = self._distinct(values, "barrier", place) if values else self._all_qubits()
        if q:
            self._emit_other(Operation(BARRIER, q))

    def reset(self, values: list[Value], place: Place) -> None:
        """Emit a reset of qubits to |0⟩."""
        q = self._distinct(values, "reset", place)
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
        q = self._distinct(values, "measure", place)
        bits = self._into(c, len(q), place)
        self._measure(q, bits, basis)
        is_single = len(values) == 1 and type(values[0]) in (Qubit, int)
        return bits[0] if is_single else bits

    def measure_all(self, *, basis: Value = "Z") -> list[Bit]:
        """Emit a measurement of all qubits into the next free bits."""
        q = self._all_qubits()
        bits = self._into(None, len(q), (1, 0, 1, 0))
        self._measure(q, bits, basis)
        self._num_measured_all = len(q)
        return bits

    def _measure(self, q: tuple[int, ...], bits: list[Bit], basis: Value) -> None:
        if type(basis) is not str or basis not in _BASES:
            refuse(Fault.BASIS, value=describe(basis))
        c = tuple(one.index for one in bits)
        again = self._required.bits.intersection(c)
        if again:
            refuse(Fault.CONDITION_BIT, bit=min(again))
        self._written.update(c)
        if q:
            self._emit_other(Operation(MEASURE, q, c=c, basis=_BASES[basis]))

    def _into(self, c: Value, count: int, place: Place) -> list[Bit]:
        if c is None:
            self._has_free_bits = True
            return self._more_bits(count)
        bits = self._bits_of(c)
        if len(bits) != count:
            refuse(Fault.BIT_COUNT, place=place, qubits=count, bits=len(bits))
        if len(set(bits)) != len(bits):
            double = next(one for position, one in enumerate(bits) if one in bits[:position])
            refuse(Fault.DUPLICATE_BIT, place=place, bit=double.index)
        return bits

    def _bits_of(self, value: Value) -> list[Bit]:
        bits: list[Bit] = []
        stack = [value]
        while stack:
            one = stack.pop()
            kind = type(one)
            if kind is Bit:
                bits.append(one)
            elif kind is int:
                bits.append(self._plain_bit(one))
            elif kind in (ClassicalRegister, list, tuple, range):
                self._meter.items(size_of(one), "this list of bits")
                stack += reversed(list(iterate(one)))
            else:
                refuse(Fault.BIT_EXPECTED, value=describe(one))
        return bits

    def _plain_bit(self, index: int) -> Bit:
        """Return the bit that a plain integer addresses; without registers the highest one sets their number."""
        if index < 0 or (self._registers and index >= len(self._bits)):
            refuse(Fault.BIT_RANGE, index=describe(index), count=counted(len(self._bits), "bit"))
        if index >= len(self._bits):
            self._more_bits(index + 1 - len(self._bits))
        return self._bits[index]

    # Parameters

    def parameter(self, name: Value, default: Value = None) -> Affine:
        """Declare a free parameter, and return it as a symbolic value; the same declaration twice is one."""
        if type(name) is not str or not PARAMETER_NAME.fullmatch(name):
            refuse(Fault.PARAMETER_NAME, value=describe(name))
        if default is not None and not (is_number(default) and _is_finite(default)):
            refuse(Fault.PARAMETER_DEFAULT, name=name, value=describe(default))
        value = None if default is None else float(default)
        known = self.parameters.setdefault(name, Parameter(name=name, default=value))
        if known.default != value:
            refuse(Fault.PARAMETER_TWICE, name=name)
        if len(self.parameters) > self._limits.parameters:
            refuse(Fault.PARAMETERS, limit=self._limits.parameters)
        return Affine(((name, 1.0),))

    # The end

    def finish(self) -> list[int]:
        """Check what only the end shows, and return the bits of registers that stay 0 although others are measured.

        Raises:
            Refusal: A plain integer addresses no qubit of the registers, or there are no operations.
        """
        index, place = self._last_plain
        if self._num_declared and index >= self._num_declared:
            refuse(Fault.QUBIT_RANGE, place=place, index=index, count=counted(self._num_declared, "qubit"))
        if not self._qubits:
            refuse(Fault.NO_QUBITS)
        if not self._has_free_bits:
            return []
        return [one.index for register in self._registers for one in register.items if one.index not in self._written]


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
