"""Qubits and classical bits: how they are allocated, and what a program's values address.

Registers allocate in order; plain integers address the same qubits and bits, and in a program without registers the
highest one sets their number. Qubits and bits are one object for each index, so that they can be looked up by identity.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from eigen.compiler.catalogue import Fault
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
)
from eigen.compiler.report import refuse
from eigen.compiler.source_text import NO_PLACE, Place

__all__ = ["GROUPS", "Registers", "first_double"]

GROUPS = frozenset({QubitRegister, list, tuple, range, Iteration})
"""Types of values that stand for several qubits."""

T = TypeVar("T", bound=Hashable)


def first_double(values: Sequence[T]) -> T | None:
    """Return the first value that stands in a sequence twice, or None."""
    seen: set[T] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


class Registers:
    """The qubits and bits of a program.

    Args:
        meter: What the program may use.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._limits = meter.limits
        self._qubits: list[Qubit] = []  # every qubit that was allocated, or addressed by a plain integer
        self._num_declared = 0  # qubits in registers
        self._last_plain: tuple[int, Place] = (-1, NO_PLACE)
        self._is_measured_all = False
        self._bits: list[Bit] = []
        self._written: set[int] = set()
        self._registers: list[ClassicalRegister] = []
        self._has_free_bits = False

    @property
    def num_qubits(self) -> int:
        """Number of qubits so far."""
        return len(self._qubits)

    @property
    def num_bits(self) -> int:
        """Number of classical bits so far."""
        return len(self._bits)

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
            if self._is_measured_all:
                refuse(Fault.MEASURE_ALL_EARLY, index=count - 1)
            self._meter.charge(count - len(self._qubits))
            self._qubits += map(Qubit, range(len(self._qubits), count))

    def _more_bits(self, count: int) -> list[Bit]:
        if len(self._bits) + count > self._limits.sequence_items:
            refuse(Fault.QUBITS, limit=self._limits.sequence_items, what="classical bits")
        first = len(self._bits)
        self._bits += map(Bit, range(first, first + count))
        return self._bits[first:]

    def plain_qubit(self, index: int, place: Place) -> Qubit:
        """Return the qubit that a plain integer addresses."""
        if 0 <= index <= self._last_plain[0]:
            return self._qubits[index]
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
                qubits.append(self.plain_qubit(value, place))
            elif kind in GROUPS:
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
            if what == "measure":
                instead = "name the bits that are measured into: measure(q, c=c)"
        refuse(Fault.QUBIT_EXPECTED, place=place, gate=what, expected="qubits", value=describe(value), instead=instead)

    def distinct(self, values: Iterable[Value], what: str, place: Place) -> tuple[int, ...]:
        """Return the indices of the qubits that values address, none of them twice."""
        q = tuple(one.index for one in self.qubits_of(values, what, place))
        double = first_double(q)
        if double is not None:
            refuse(Fault.DUPLICATE_QUBIT, gate=what, qubit=double)
        return q

    def all_qubits(self, what: str) -> tuple[int, ...]:
        """Return the indices of all qubits there are so far, for an operation on them."""
        if not self._qubits:
            refuse(Fault.NO_QUBITS_YET, name=what)
        self._meter.charge(len(self._qubits))
        return tuple(range(len(self._qubits)))

    def bits_for(self, c: Value, count: int, place: Place) -> list[Bit]:
        """Return the bits that `count` qubits are measured into: those that `c` addresses, or the next free ones."""
        if c is None:
            self._has_free_bits = True
            return self._more_bits(count)
        bits = self._bits_of(c)
        if len(bits) != count:
            refuse(Fault.BIT_COUNT, place=place, qubits=counted(count, "qubit"), bits=counted(len(bits), "bit"))
        double = first_double(bits)
        if double is not None:
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

    def note_measured(self, c: Iterable[int], *, is_all: bool) -> None:
        """Note bits that are measured into, and whether all qubits were measured: then there can be no new ones."""
        self._written.update(c)
        self._is_measured_all |= is_all

    def finish(self) -> list[int]:
        """Check what only the end shows, and return the bits of registers that stay 0 although others are measured.

        Raises:
            Refusal: A plain integer addresses no qubit of the registers, or there are no qubits.
        """
        index, place = self._last_plain
        if self._num_declared and index >= self._num_declared:
            refuse(Fault.QUBIT_RANGE, place=place, index=index, count=counted(self._num_declared, "qubit"))
        if not self._qubits:
            refuse(Fault.NO_QUBITS)
        if not self._has_free_bits:
            return []
        return [one.index for register in self._registers for one in register.items if one.index not in self._written]
