"""Tokens to operands, applications of gates, and definitions of gates."""

from __future__ import annotations

from typing import NoReturn

from eigen.compiler.openqasm.catalogue import MAX_EXPRESSION, QasmFault, refuse
from eigen.compiler.openqasm.expressions import ExpressionParser
from eigen.compiler.openqasm.lexer import Lexer, Token
from eigen.compiler.openqasm.syntax import (
    Apply,
    DefineGate,
    Expression,
    Index,
    Modifier,
    Operand,
    Place,
    Range,
)
from eigen.contracts.gates import GATES

__all__ = ["MODIFIERS", "UNSUPPORTED", "ApplicationParser"]

MODIFIERS = frozenset({"ctrl", "negctrl", "inv", "pow"})
"""What may stand in front of a gate."""

UNSUPPORTED = {
    # keyword: (what it is called, what to do)
    "extern": ("an extern function", "there is no classical code to call"),
    "cal": ("a calibration", "there are no pulses here"),
    "defcal": ("a calibration", "there are no pulses here"),
    "defcalgrammar": ("a calibration", "there are no pulses here"),
    "box": ("a box", "write its statements without the box"),
    "delay": ("delay", "remove it: there is no time in a circuit"),
    "break": ("break", "unroll the loop"),
    "continue": ("continue", "unroll the loop"),
    "end": ("end", "remove what comes behind it"),
    "pragma": ("a pragma", "remove it"),
    "#": ("a pragma", "remove it"),
    "complex": ("a complex number", "use real numbers"),
    "duration": ("a duration", "there is no time in a circuit"),
    "stretch": ("a stretch", "there is no time in a circuit"),
    "array": ("an array", "use single values"),
    "nop": ("nop", "remove it"),
    "opaque": ("an opaque gate", "define it, or remove it"),
}
"""What is refused by its name: what it is called, what to do instead."""

_STATEMENTS = (
    "include qubit qreg creg bit output input const let gate measure reset if else for while switch def return int "
    "uint float angle bool"
)
_NO_GATES = frozenset(_STATEMENTS.split())


class ApplicationParser(ExpressionParser):
    """Reads applications and definitions of gates at a lexer's cursor.

    Args:
        lexer: The cursor.
        older: Whether this is OpenQASM 2.
    """

    def __init__(self, lexer: Lexer, *, older: bool) -> None:
        super().__init__(lexer, older=older)
        self._braces = 0  # that are open, but for those of blocks

    def _since(self, first: Token) -> Place:
        return first.start, self.lexer.last_end

    def _name(self) -> str:
        return self.lexer.expect_kind("name", "a name").text

    def _names(self) -> tuple[str, ...]:
        names = [self._name()]
        while self.lexer.take(","):
            names.append(self._name())
        return tuple(names)

    def _end(self) -> None:
        self.lexer.expect(";")

    def _open_brace(self) -> Token:
        brace = self.lexer.expect("{")
        self._braces += 1
        return brace

    def _took_brace(self) -> bool:
        """Go on if a brace is closed here, and say whether it was."""
        is_closed = self.lexer.take("}")
        self._braces -= is_closed
        return is_closed

    def _refuse_unsupported(self, token: Token) -> NoReturn:
        what, instead = UNSUPPORTED[token.text]
        refuse(QasmFault.STATEMENT, token.place, statement=what, instead=instead)

    # Definitions

    def _gate(self, first: Token) -> tuple[DefineGate, ...]:
        name = self._name()
        angles: tuple[str, ...] = ()
        if self.lexer.take("("):
            angles = () if self.lexer.token.text == ")" else self._names()
            self.lexer.expect(")")
        qubits = self._names()
        opening = self._open_brace()
        body: list[Apply] = []
        while not self._took_brace():
            self._gate_statement(body)
        is_known = name in GATES  # the shape of any other name is never asked for
        shape = self._shape(opening.end, self.lexer.last_end - 1, angles, qubits) if is_known else ()
        return (DefineGate(name, angles, qubits, tuple(body), shape, self._since(first)),)

    def _gate_statement(self, body: list[Apply]) -> None:
        token = self.lexer.token
        if token.text == "barrier":  # it has no effect, and a gate is no place to keep it
            self.lexer.advance()
            self._operands()
            self._end()
            return
        if token.kind != "name" or token.text in _NO_GATES:
            self.lexer.fail("a gate")
        if token.text in UNSUPPORTED:
            self._refuse_unsupported(token)
        body.append(self._application())

    def _shape(self, start: int, end: int, angles: tuple[str, ...], qubits: tuple[str, ...]) -> tuple[str, ...]:
        numbered = {name: f"#{number}" for number, name in enumerate((*angles, *qubits))}
        lexer = Lexer(self.lexer.text, start)
        shape = []
        while lexer.token.start < end:
            text = lexer.advance().text
            shape.append(numbered.get(text, text))
        return tuple(shape)

    # Applications

    def _application(self) -> Apply:
        first = self.lexer.token
        modifiers: list[Modifier] = []
        while self.lexer.token.text in MODIFIERS and not self.older:
            modifiers.append(self._modifier())
        return self._application_of(first, self.lexer.expect_kind("name", "a gate"), tuple(modifiers))

    def _modifier(self) -> Modifier:
        kind = self.lexer.advance()
        argument = None
        if self.lexer.take("("):
            argument = self.expression()
            self.lexer.expect(")")
        elif kind.text == "pow":
            self.lexer.fail("'('")
        self.lexer.expect("@")
        return Modifier(kind.text, argument, self._since(kind))

    def _application_of(self, first: Token, gate: Token, modifiers: tuple[Modifier, ...]) -> Apply:
        angles = self._arguments() if self.lexer.take("(") else ()
        operands = () if self.lexer.token.text == ";" else self._operands()
        self._end()
        return Apply(gate.text, modifiers, angles, operands, self._since(first))

    def _arguments(self) -> tuple[Expression, ...]:
        """Read what stands between brackets, the first of which is read already."""
        arguments: list[Expression] = []
        while not self.lexer.take(")"):
            if arguments:
                self.lexer.expect(",")
            arguments.append(self.expression())
        return tuple(arguments)

    def _operands(self) -> tuple[Operand, ...]:
        operands = [self._operand()]
        while self.lexer.take(","):
            operands.append(self._operand())
        return tuple(operands)

    def _operand(self) -> Operand:
        token = self.lexer.token
        if token.kind not in ("name", "physical"):
            self.lexer.fail("a qubit or bit")
        self.lexer.advance()
        return Operand(token.text, self._indices(), self._since(token))

    def _indices(self) -> tuple[Index, ...]:
        indices: list[Index] = []
        while self.lexer.take("["):
            if self.lexer.token.text == "{":
                indices.append(self._set())
            else:
                indices.append(self._range_or_expression())
            self.lexer.expect("]")
        return tuple(indices)

    def _set(self) -> list[Expression]:
        opening = self.lexer.expect("{")
        members = [self.expression()]
        while self.lexer.take(","):
            members.append(self.expression())
            if len(members) > MAX_EXPRESSION:
                refuse(QasmFault.EXPRESSION_LIMIT, opening.place, what="the set", limit=MAX_EXPRESSION)
        self.lexer.expect("}")
        return members

    def _range_or_expression(self) -> Expression | Range:
        first = self.lexer.token
        start = None if first.text == ":" else self.expression()
        if self.lexer.token.text != ":" and start is not None:
            return start
        parts: list[Expression | None] = [start]
        while self.lexer.take(":"):
            parts.append(None if self.lexer.token.text in (":", "]") else self.expression())
            if len(parts) > 3:
                self.lexer.fail("']'")
        start, step, stop = (parts[0], None, parts[1]) if len(parts) == 2 else (parts[0], parts[1], parts[2])
        return Range(start, step, stop, self._since(first))
