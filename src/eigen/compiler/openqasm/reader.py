"""An OpenQASM program to a circuit, or an error with its place.

Most of a long program is plain gates on single qubits with numbers as angles. A pattern takes these whole, and what
it has met before costs a look-up; everything else goes through tokens and statements. Both ways end in the same
operations.
"""

from __future__ import annotations

import re
from typing import NoReturn

from eigen.compiler.openqasm.catalogue import MAX_SOURCE_BYTES, QasmFault, QasmRefusal, refuse
from eigen.compiler.openqasm.circuit import CircuitBuilder
from eigen.compiler.openqasm.evaluation import angle_of, evaluated
from eigen.compiler.openqasm.expressions import ExpressionParser
from eigen.compiler.openqasm.lexer import END, Lexer, decoded, with_line_feeds
from eigen.compiler.openqasm.parser import Parser
from eigen.compiler.openqasm.syntax import Place
from eigen.compiler.source_text import SourceText
from eigen.contracts.aqo import AQO, Angle, Operation
from eigen.contracts.compilation import CompileLimits, Language, ProgramSource
from eigen.contracts.diagnostics import Diagnostic
from eigen.contracts.printable import printable

__all__ = ["read_openqasm"]

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


def read_openqasm(source: ProgramSource, *, limits: CompileLimits | None = None) -> AQO:
    """Return the circuit of a program. It is a pure function: nothing is opened, printed or executed.

    Args:
        source: The program, in OpenQASM 3 or 2.
        limits: What it may use; by default what the language allows.

    Raises:
        InvalidArgumentError: The program is wrong; `diagnostics` says where (codes `QASM…`).
        ResourceExhaustedError: It passes a limit.
        UnimplementedError: It uses a part of the language that is not supported.

    Example:
        >>> text = b'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'
        >>> circuit = read_openqasm(ProgramSource(content=text, language=Language.OPENQASM3))
        >>> [one.op for one in circuit.operations]
        ['H', 'CX', 'MEASURE']
    """
    try:
        return _circuit(decoded(source.content), source.language, limits or CompileLimits())
    except QasmRefusal as refusal:
        _raise_diagnostic(refusal, source)


def _circuit(text: str, language: Language, limits: CompileLimits) -> AQO:
    older = language is Language.OPENQASM2
    parser = Parser(Lexer(text), older=older)
    builder = CircuitBuilder(older=older, limits=limits)
    _check_version(parser, language)
    plain = _PlainGates(builder, older=older)
    lexer = parser.lexer
    while lexer.token.kind != END:
        if plain.take(lexer):
            continue
        for statement in parser.statement():
            builder.run(statement)
    return builder.circuit()


def _check_version(parser: Parser, language: Language) -> None:
    found = parser.version()
    if found is None:
        return
    version, token = found
    exact, prefix = _VERSIONS[language]
    if version != exact and not version.startswith(prefix):
        refuse(QasmFault.VERSION, token.place, version=version, language=str(language))


class _PlainGates:
    """Takes gates of the table on single qubits with plain numbers, as many as stand one behind the other.

    Args:
        builder: Where they go.
        older: Whether this is OpenQASM 2.
    """

    def __init__(self, builder: CircuitBuilder, *, older: bool) -> None:
        self._builder = builder
        self._older = older
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
            self._builder.append(operation, found.span())
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
        return angle_of(evaluated(code, _no_names, older=self._older), _NOWHERE)


def _no_names(name: str, place: Place) -> NoReturn:
    refuse(QasmFault.UNKNOWN_NAME, place, name=name, instead="")


def _raise_diagnostic(refusal: QasmRefusal, source: ProgramSource) -> NoReturn:
    fault = refusal.fault
    text = with_line_feeds(source.content[:MAX_SOURCE_BYTES].decode("utf-8", "replace"))
    facts = {name: printable(str(fact), limit=160) for name, fact in refusal.facts.items()}
    lines = SourceText.of(source, text)
    span = lines.span((*_position(text, refusal.start), *_position(text, max(refusal.start, refusal.end))))
    found = Diagnostic(
        code=fault.code,
        message=fault.message.format_map(facts),
        hint=fault.hint.format_map(facts),
        span=span,
        notes=lines.notes(span),
    )
    raise fault.kind(
        f"{printable(source.filename)}:{span.line}:{span.column}: {found.message}",
        reason=fault.code,
        hint=found.hint,
        diagnostics=[found],
    ) from None


def _position(text: str, offset: int) -> tuple[int, int]:
    """Return the line, from 1, and the column in UTF-8 bytes, from 0, of an offset."""
    begin = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, len(text[begin:offset].encode())
