"""Statements to a circuit.

Loops are unrolled, static conditions decided, gates expanded, subroutines executed where they are called; what
depends on measured bits becomes conditions of single operations. A statement that is wrong is noted and left out, so
that all of a program's faults are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eigen.compiler.openqasm.arithmetic import Qubits
from eigen.compiler.openqasm.catalogue import QasmFault, QasmRefusal, refuse
from eigen.compiler.openqasm.control_flow import ControlFlow
from eigen.compiler.openqasm.declarations import Declarations
from eigen.compiler.openqasm.definitions import GateTable
from eigen.compiler.openqasm.findings import Findings
from eigen.compiler.openqasm.meter import Meter
from eigen.compiler.openqasm.names import Names
from eigen.compiler.openqasm.operations import Emitter
from eigen.compiler.openqasm.registers import Registers
from eigen.compiler.openqasm.syntax import (
    Alias,
    Apply,
    Assign,
    Barrier,
    Call,
    DeclareBits,
    DeclareInput,
    DeclareQubits,
    DeclareValue,
    DefineGate,
    DefineSubroutine,
    For,
    If,
    Include,
    Measure,
    Reset,
    Return,
    Statement,
    Switch,
    While,
)
from eigen.contracts.aqo import AQO
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.errors import UnimplementedError
from eigen.formats.measurements import joined_measurements

__all__ = ["CircuitBuilder"]

_Naming = (
    Alias | DeclareBits | DeclareInput | DeclareQubits | DeclareValue | DefineGate | DefineSubroutine
)  # without them, the names that they declare mean nothing


class CircuitBuilder:
    """Executes statements one after another.

    Args:
        older: Whether this is OpenQASM 2.
        limits: What the circuit may use.
        inputs: Values of the program's inputs.
        meter: Pays for what is done.
        findings: Where faults are noted.

    Attributes:
        gates: Gates by name.
        emitter: Where operations go.
    """

    def __init__(
        self, *, older: bool, limits: CompileLimits, inputs: Mapping[str, Any], meter: Meter, findings: Findings
    ) -> None:
        self._findings = findings
        self._names = Names(older=older, meter=meter)
        self._registers = registers = Registers(self._names, limits=limits, meter=meter)
        self.gates = GateTable(older=older, meter=meter)
        self.emitter = emitter = Emitter(self._names, registers, self.gates, meter=meter)
        self._declarations = declarations = Declarations(
            self._names, registers, self.gates, limits=limits, meter=meter, inputs=inputs
        )
        control = ControlFlow(self._names, registers, emitter, meter=meter, run=self.run)
        self._execute: Mapping[type, Callable[[Any], None]] = {
            Include: declarations.include,
            DeclareQubits: registers.declare_qubits,
            DeclareBits: registers.declare_bits,
            DeclareValue: declarations.value,
            DeclareInput: declarations.input,
            Alias: declarations.alias,
            DefineGate: declarations.gate,
            DefineSubroutine: declarations.subroutine,
            Apply: emitter.apply,
            Measure: emitter.measure,
            Reset: emitter.reset,
            Barrier: emitter.barrier,
            If: control.branch,
            Switch: control.choose,
            For: control.repeat,
            While: control.repeat_while,
            Assign: control.assign,
            Call: control.call,
            Return: control.leave,
        }

    def run(self, statements: Sequence[Statement]) -> bool:
        """Execute statements; those that are wrong, or not supported, are noted and left out.

        Returns:
            Whether all of them were right, those inside of them too.
        """
        before = len(self._findings)
        is_right = True
        for statement in statements:
            try:
                self._execute[type(statement)](statement)
            except QasmRefusal as refusal:
                is_right = False
                self._findings.note(refusal)
                if isinstance(statement, _Naming):
                    self._findings.suspect([statement.name])
            except UnimplementedError as error:  # a condition has no form in AQO
                is_right = False
                place, facts = statement.place, {"problem": error.message, "instead": error.hint}
                self._findings.note(QasmRefusal(QasmFault.CONDITION, *place, facts))
        return is_right and len(self._findings) == before

    @property
    def static_inputs(self) -> frozenset[str]:
        """Names of the inputs whose values shape the circuit."""
        return frozenset(self._declarations.static_inputs)

    def circuit(self) -> AQO:
        """Return what was built.

        Raises:
            QasmRefusal: There are no qubits.
        """
        if not self._registers.num_qubits:
            refuse(QasmFault.NO_QUBITS, (0, 0))
        return AQO(
            qubits=self._registers.num_qubits,
            clbits=self._registers.num_bits,
            parameters=tuple(self._declarations.parameters),
            operations=joined_measurements(self.emitter.operations),
        )

    def qubit(self, name: str, index: int) -> int | None:
        """Return a qubit of a global register, or None where there is none such."""
        value = self._names.find_global(name)
        if type(value) is Qubits and value.is_register and index < len(value.indices):
            return value.indices[index]
        return None
