"""Qubits and bits: what is declared, and what operands choose of them."""

from __future__ import annotations

from collections.abc import Sequence

from eigen.compiler.openqasm.arithmetic import Bits, Qubits, Value, describe
from eigen.compiler.openqasm.catalogue import MAX_BITS, QasmFault, refuse
from eigen.compiler.openqasm.evaluation import element
from eigen.compiler.openqasm.meter import Meter
from eigen.compiler.openqasm.names import Names
from eigen.compiler.openqasm.syntax import DeclareBits, DeclareQubits, Expression, Index, Operand, Place, Range
from eigen.contracts.compilation import CompileLimits

__all__ = ["Registers"]


class Registers:
    """Registers under construction.

    Args:
        names: What names mean.
        limits: What the circuit may use.
        meter: Pays for what operands choose.

    Attributes:
        num_qubits: How many qubits there are so far.
        num_bits: How many bits.
    """

    def __init__(self, names: Names, *, limits: CompileLimits, meter: Meter) -> None:
        self._names = names
        self._limits = limits
        self._meter = meter
        self._has_physical = False
        self.num_qubits = 0
        self.num_bits = 0

    def declare_qubits(self, statement: DeclareQubits) -> None:
        """Add qubits.

        Raises:
            QasmRefusal: They cannot be declared here, or there are too many.
        """
        place = statement.place
        self._names.only_outside("a declaration of qubits", place)
        if self._has_physical:
            refuse(QasmFault.PHYSICAL, place)
        size = self._names.size(statement.size, statement.name, place)
        first = self.num_qubits
        if first + size > self._limits.qubits:
            refuse(QasmFault.QUBITS_LIMIT, place, found=first + size, limit=self._limits.qubits)
        self._names.declare(
            statement.name, Qubits(tuple(range(first, first + size)), statement.size is not None), place
        )
        self.num_qubits += size

    def declare_bits(self, statement: DeclareBits) -> None:
        """Add bits.

        Raises:
            QasmRefusal: They have another value than 0 at first, or there are too many.
        """
        place = statement.place
        size = self._names.size(statement.size, statement.name, place)
        first = self.num_bits
        if first + size > MAX_BITS:
            refuse(QasmFault.BITS_LIMIT, place, found=first + size, limit=MAX_BITS)
        self._meter.work(2 * size, place)
        if statement.value is not None:
            _check_initial(self._names.value(statement.value), place)
        self._names.declare(statement.name, Bits(tuple(range(first, first + size)), statement.size is not None), place)
        self.num_bits += size

    def chosen(self, operand: Operand) -> Qubits | Bits:
        """Return what an operand chooses.

        Raises:
            QasmRefusal: There is no such thing.
        """
        name, place = operand.name, operand.place
        value = self._physical(operand) if name.startswith("$") else self._names.lookup(name, place)
        if not isinstance(value, Qubits | Bits):
            refuse(QasmFault.TYPE, place, what=name, expected="qubits or bits", found=describe(value))
        for index in operand.indices:
            if not value.is_register:
                refuse(QasmFault.TYPE, place, what=name, expected="a register", found="one of its members")
            members, is_register = self._selected(value.indices, index, operand)
            value = value._replace(indices=members, is_register=is_register)
        return value

    def qubits(self, operand: Operand) -> Qubits:
        """Return the qubits that an operand chooses.

        Raises:
            QasmRefusal: It chooses none.
        """
        value = self.chosen(operand)
        if isinstance(value, Bits):
            refuse(QasmFault.TYPE, operand.place, what=operand.name, expected="qubits", found=describe(value))
        return value

    def bits(self, operand: Operand) -> Bits:
        """Return the bits that an operand chooses.

        Raises:
            QasmRefusal: It chooses none.
        """
        value = self.chosen(operand)
        if isinstance(value, Qubits):
            refuse(QasmFault.TYPE, operand.place, what=operand.name, expected="bits", found=describe(value))
        return value

    def numbers(self, spoken: Range, size: int | None) -> range:
        """Return the numbers of a range, whose stop is included.

        Args:
            spoken: The range.
            size: Size of the register that it chooses from, or None.

        Raises:
            QasmRefusal: It has no end, or the step 0.
        """
        step = 1 if spoken.step is None else self._names.integer(spoken.step, "a step", spoken.place)
        if step == 0:
            refuse(QasmFault.RANGE, spoken.place)
        if size is None and spoken.stop is None:
            refuse(QasmFault.SYNTAX, spoken.place, found="a range without an end", expected="one with an end")
        ends = (0, 0 if size is None else size - 1) if step > 0 else (0 if size is None else size - 1, 0)
        start, stop = (
            default if end is None else self._end(end, size, spoken.place)
            for end, default in zip((spoken.start, spoken.stop), ends, strict=True)
        )
        return range(start, stop + (1 if step > 0 else -1), step)

    def _end(self, code: Expression, size: int | None, place: Place) -> int:
        number = self._names.integer(code, "the end of a range", place)
        return number + size if size is not None and number < 0 else number

    def _physical(self, operand: Operand) -> Qubits:
        if self.num_qubits and not self._has_physical:
            refuse(QasmFault.PHYSICAL, operand.place)
        digits = operand.name[1:]
        index = int(digits) if len(digits) < 10 else 10**9
        if index >= self._limits.qubits:
            refuse(QasmFault.QUBITS_LIMIT, operand.place, found=index + 1, limit=self._limits.qubits)
        self._has_physical = True
        self.num_qubits = max(self.num_qubits, index + 1)
        return Qubits((index,), False)

    def _selected(self, members: tuple[int, ...], index: Index, operand: Operand) -> tuple[tuple[int, ...], bool]:
        """Return the members that an index chooses, and whether they are a register again."""
        name, place = operand.name, operand.place
        if isinstance(index, tuple) and not isinstance(index, Range):
            one = element(members, self._names.integer(index, "an index", place), name=name, place=place)
            return (one,), False
        numbers: Sequence[int]
        if isinstance(index, Range):
            numbers = self.numbers(index, len(members))
        else:
            numbers = [self._names.integer(one, "an index", place) for one in index]
        for end in (numbers[0], numbers[-1]) if numbers else ():  # a range may be too long to count
            element(members, end, name=name, place=place)
        self._meter.work(4 * len(numbers), place)
        return tuple([element(members, one, name=name, place=place) for one in numbers]), True


def _check_initial(value: Value, place: Place) -> None:
    """Bits are 0 at first: nothing else can be said of them before a measurement."""
    is_zero = not value.strip("0") if isinstance(value, str) else isinstance(value, bool | int) and not value
    if not is_zero:
        instead = "flip a qubit and measure it into the bit"
        refuse(QasmFault.STATEMENT, place, statement="a bit that is 1 at first", instead=instead)
