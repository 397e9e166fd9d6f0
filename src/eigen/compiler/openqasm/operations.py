"""Statements that act on qubits, as operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eigen.compiler.openqasm.arithmetic import Bits, Qubits
from eigen.compiler.openqasm.catalogue import QasmFault, refuse
from eigen.compiler.openqasm.definitions import GateTable, evaluated_modifiers, repetitions
from eigen.compiler.openqasm.elements import UnknownPowerError, operations_of
from eigen.compiler.openqasm.evaluation import angle_of
from eigen.compiler.openqasm.gates import Gate, modified
from eigen.compiler.openqasm.meter import STEPS_OF_AN_ELEMENT, Meter
from eigen.compiler.openqasm.names import Names
from eigen.compiler.openqasm.registers import Registers
from eigen.compiler.openqasm.syntax import Apply, Barrier, Measure, Place, Reset
from eigen.contracts.aqo import Angle, Operation
from eigen.contracts.gates import BARRIER, MEASURE, RESET

__all__ = ["Emitter"]

_STEPS_OF_AN_OPERATION = 16


class Emitter:
    """Executes statements that act on qubits.

    Args:
        names: What names mean.
        registers: Qubits and bits.
        gates: Gates by name.
        meter: Pays for operations and for what leads to them.

    Attributes:
        operations: What was emitted.
    """

    def __init__(self, names: Names, registers: Registers, gates: GateTable, *, meter: Meter) -> None:
        self._names = names
        self._registers = registers
        self._gates = gates
        self._meter = meter
        self.operations: list[Operation] = []

    def append(self, operation: Operation, place: Place) -> None:
        """Emit an operation whose qubits and angles are known to be right."""
        self._meter.emit(1, place)
        self.operations.append(operation)

    def apply(self, statement: Apply) -> None:
        """Apply a gate to each of its operands."""
        gate = self._gates.gate(statement.gate, statement.place)
        modifiers, num_controls = evaluated_modifiers(statement.modifiers, self._names.value)
        angles = tuple([angle_of(self._names.value(one), one[-1].place) for one in statement.angles])
        operands = [self._registers.qubits(one) for one in statement.operands]
        if len(angles) != gate.num_angles:
            _refuse_count(QasmFault.NUM_ANGLES, statement, gate.num_angles, len(angles))
        if len(operands) != gate.num_qubits + num_controls:
            _refuse_count(QasmFault.NUM_QUBITS, statement, gate.num_qubits + num_controls, len(operands))
        for qubits in _broadcast(operands, statement.place):
            _check_distinct(qubits, statement.gate, statement.place)
            self._meter.work(_STEPS_OF_AN_OPERATION + 2 * (len(qubits) + len(angles)), statement.place)
            self._emit(gate, modifiers, angles, qubits, statement.place)

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
        num_elements = gate.size * repetitions(modifiers)
        self._meter.work(min(STEPS_OF_AN_ELEMENT * num_elements, 1e18), place)
        try:
            elements = modified(gate, modifiers, angles, qubits)
        except UnknownPowerError as error:
            refuse(QasmFault.POWER, place, power=error.power)
        for operation in operations_of(elements):
            self._meter.work(_STEPS_OF_AN_OPERATION, place)
            self.append(operation, place)

    def measure(self, statement: Measure) -> None:
        """Measure qubits into bits."""
        source, target = self._registers.qubits(statement.source), self._registers.bits(statement.target)
        self.measure_into(source, target, statement.place)

    def measure_into(self, source: Qubits, target: Bits, place: Place) -> None:
        """Measure qubits into bits that are known already."""
        num_qubits, num_bits = len(source.indices), len(target.indices)
        if num_qubits != num_bits:
            refuse(QasmFault.MEASURE_SIZE, place, qubits=num_qubits, bits=num_bits)
        _check_distinct(source.indices, "measure", place)
        _check_distinct(target.indices, "measure", place)
        self._names.overwrite(target.indices)
        self._append_wide(Operation(MEASURE, source.indices, c=target.indices), place)

    def reset(self, statement: Reset) -> None:
        """Reset qubits."""
        indices = self._registers.qubits(statement.operand).indices
        _check_distinct(indices, "reset", statement.place)
        self._append_wide(Operation(RESET, indices), statement.place)

    def barrier(self, statement: Barrier) -> None:
        """Keep operations on both sides of it apart; without operands, those on all qubits."""
        if statement.operands:
            named = [self._registers.qubits(operand).indices for operand in statement.operands]
            indices = tuple(dict.fromkeys(index for one in named for index in one))
        else:
            indices = tuple(range(self._registers.num_qubits))
        if indices:
            self._append_wide(Operation(BARRIER, indices), statement.place)

    def _append_wide(self, operation: Operation, place: Place) -> None:
        self._meter.emit(len(operation.q) - 1, place)
        self.append(operation, place)


def _refuse_count(fault: QasmFault, statement: Apply, expected: int, found: int) -> None:
    refuse(fault, statement.place, gate=statement.gate, expected=expected, found=found)


def _broadcast(operands: Sequence[Qubits], place: Place) -> Iterator[tuple[int, ...]]:
    sizes = {len(one.indices) for one in operands if one.is_register}
    if len(sizes) > 1:
        refuse(QasmFault.BROADCAST, place, sizes=", ".join(map(str, sorted(sizes))))
    for position in range(sizes.pop() if sizes else 1):
        yield tuple([one.indices[position if one.is_register else 0] for one in operands])


def _check_distinct(indices: tuple[int, ...], what: str, place: Place) -> None:
    if len(set(indices)) != len(indices):
        refuse(QasmFault.SAME_QUBIT, place, gate=what)
