"""An OpenQASM program to a circuit, or an error with its place.

Most of a long program is plain gates on single qubits with numbers as angles. A pattern takes these whole, and what
it has met before costs a look-up; everything else goes through tokens and statements. Both ways end in the same
operations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple, NoReturn

from eigen.compiler.openqasm.catalogue import QasmFault, QasmRefusal, refuse
from eigen.compiler.openqasm.circuit import CircuitBuilder
from eigen.compiler.openqasm.evaluation import angle_of, evaluated
from eigen.compiler.openqasm.expressions import ExpressionParser
from eigen.compiler.openqasm.findings import EndedError, Findings
from eigen.compiler.openqasm.lexer import END, Lexer, decoded
from eigen.compiler.openqasm.meter import Meter
from eigen.compiler.openqasm.parser import Parser
from eigen.compiler.openqasm.syntax import Place
from eigen.contracts.aqo import AQO, Angle, Operation
from eigen.contracts.compilation import CompileLimits, Language, ProgramSource

__all__ = ["OpenQasmProgram", "read_openqasm"]

_NAME = r"[A-Za-z_][A-Za-z0-9_]*+"
_QUBIT = rf"{_NAME}\[[0-9]{{1,9}}+\]"
_ANGLES = r"[-+*/ .,0-9eEpi]{1,200}+"
_PLAIN = re.compile(
    rf"[ \t\n]*+({_NAME})(?:[ \t]*+\(({_ANGLES})\))?[ \t\n]++({_QUBIT}(?:[ ]*+,[ ]*+{_QUBIT})*+)[ ]*+;",
    re.ASCII,
)
_PART = re.compile(rf"({_NAME})\[([0-9]++)\]")
_FLOAT = re.compile(r" *+-?(?:[0-9]++\.[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)? *+")
_NOWHERE = (0, 0)
_REMEMBERED_ANGLES = 10_000
_VERSIONS = {Language.OPENQASM3: ("3", "3."), Language.OPENQASM2: ("2", "2.")}


class OpenQasmProgram(NamedTuple):
    """What a program says.

    Attributes:
        circuit: The circuit.
        static_inputs: Names of the inputs whose values shaped it.
    """

    circuit: AQO
    static_inputs: frozenset[str]


def read_openqasm(
    source: ProgramSource, *, inputs: Mapping[str, Any] | None = None, limits: CompileLimits | None = None
) -> OpenQasmProgram:
    """Return what a program says. It is a pure function: nothing is opened, printed or executed.

    Args:
        source: The program, in OpenQASM 3 or 2.
        inputs: Values of its inputs; only those of integers and truth values are looked at.
        limits: What it may use; by default what the language allows.

    Raises:
        InvalidArgumentError: The program is wrong; `diagnostics` says where (codes `QASM…`), of each of its faults.
        ResourceExhaustedError: It passes a limit.
        UnimplementedError: It uses a part of the language that is not supported.

    Example:
        >>> text = b'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'
        >>> program = read_openqasm(ProgramSource(content=text, language=Language.OPENQASM3))
        >>> [one.op for one in program.circuit.operations]
        ['H', 'CX', 'MEASURE']
    """
    findings = Findings(source)
    try:
        return _read(source, findings, inputs or {}, limits or CompileLimits())
    except QasmRefusal as refusal:
        with suppress(EndedError):
            findings.note(refusal)
    except EndedError:
        pass
    findings.raise_if_any()
    raise AssertionError("a fault was noted")


def _read(
    source: ProgramSource, findings: Findings, inputs: Mapping[str, Any], limits: CompileLimits
) -> OpenQasmProgram:
    text = decoded(source.content)
    older = source.language is Language.OPENQASM2
    lexer = Lexer(text)
    meter = Meter(limits, num_characters=len(text))
    parser = Parser(lexer, older=older, findings=findings)
    builder = CircuitBuilder(older=older, limits=limits, inputs=inputs, meter=meter, findings=findings)
    _check_version(parser, source.language)
    plain = _PlainGates(builder, older=older, meter=meter)
    while lexer.token.kind != END:
        try:
            if plain.take(lexer):
                continue
        except QasmRefusal as refusal:  # what comes behind is no token
            findings.note(refusal)
            lexer.skip_statement(depth=0, in_block=False)
            continue
        builder.run(parser.statements(in_block=False))
    findings.raise_if_any()
    return OpenQasmProgram(builder.circuit(), builder.static_inputs)


def _check_version(parser: Parser, language: Language) -> None:
    found = parser.version()
    if found is None:
        return
    version, place = found
    exact, prefix = _VERSIONS[language]
    if version != exact and not version.startswith(prefix):
        refuse(QasmFault.VERSION, place, version=version, language=str(language))


class _PlainGates:
    """Takes gates of the table on single qubits with plain numbers, as many as stand one behind the other.

    Args:
        builder: Where they go.
        older: Whether this is OpenQASM 2.
        meter: Pays for angles.
    """

    def __init__(self, builder: CircuitBuilder, *, older: bool, meter: Meter) -> None:
        self._builder = builder
        self._older = older
        self._meter = meter
        self._qubits: dict[str, tuple[int, ...]] = {}
        self._angles: dict[str, tuple[Angle, ...]] = {}

    def take(self, lexer: Lexer) -> bool:
        """Go on behind the plain gates that come next, and say whether there was any."""
        if lexer.token.kind != "name":
            return False
        text, begin = lexer.text, lexer.token.start
        position = begin
        while (found := _PLAIN.match(text, position)) is not None:
            operation = self._operation(found[1], found[2], found[3])
            if operation is None:
                break
            self._builder.emitter.append(operation, found.span())
            position = found.end()
        if position == begin:
            return False
        lexer.seek(position)
        return True

    def _operation(self, name: str, angles_text: str | None, qubits_text: str) -> Operation | None:
        gate = self._builder.gates.find(name)
        if gate is None or not gate.op:
            return None
        qubits = self._qubits.get(qubits_text) or self._known_qubits(qubits_text)
        angles = self._known_angles(angles_text)
        if qubits is None or angles is None or len(qubits) != gate.num_qubits or len(angles) != gate.num_angles:
            return None
        return Operation(gate.op, qubits, angles if gate.adapted is None else gate.adapted(*angles))

    def _known_qubits(self, text: str) -> tuple[int, ...] | None:
        """Return qubits of global registers, or None; what a name means there never changes."""
        found = [self._builder.qubit(name, int(index)) for name, index in _PART.findall(text)]
        if None in found or len(set(found)) != len(found):
            return None
        qubits = self._qubits[text] = tuple([one for one in found if one is not None])
        return qubits

    def _known_angles(self, text: str | None) -> tuple[Angle, ...] | None:
        """Return numbers, or None where there is anything else; what they mean does not depend on where they stand."""
        if text is None:
            return ()
        angles = self._angles.get(text)
        if angles is None:
            try:
                angles = tuple([self._angle(one) for one in text.split(",")])
            except QasmRefusal:
                return None
            if len(self._angles) < _REMEMBERED_ANGLES:
                self._angles[text] = angles
        return angles

    def _angle(self, text: str) -> Angle:
        if _FLOAT.fullmatch(text):
            return angle_of(float(text), _NOWHERE)
        parser = ExpressionParser(Lexer(text), older=self._older)
        code = parser.expression()
        parser.lexer.expect_kind(END, "the end")
        return angle_of(evaluated(code, _no_names, older=self._older, meter=self._meter), _NOWHERE)


def _no_names(name: str, place: Place) -> NoReturn:
    refuse(QasmFault.UNKNOWN_NAME, place, name=name, instead="")
