"""Tokens to statements, one at a time.

OpenQASM 2 is read by the same rules as OpenQASM 3, with fewer statements and its own meaning of `^`. What is not
supported is refused by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from eigen.compiler.openqasm.catalogue import QasmFault, refuse
from eigen.compiler.openqasm.expressions import ExpressionParser
from eigen.compiler.openqasm.lexer import END, Lexer, Token
from eigen.compiler.openqasm.syntax import (
    Alias,
    Apply,
    Assign,
    Barrier,
    DeclareBits,
    DeclareInput,
    DeclareQubits,
    DeclareValue,
    DefineGate,
    Expression,
    For,
    If,
    Include,
    Index,
    Measure,
    Modifier,
    Operand,
    Range,
    Reset,
    Statement,
    While,
)
from eigen.contracts.gates import GATES

__all__ = ["Parser"]

_MODIFIERS = frozenset({"ctrl", "negctrl", "inv", "pow"})
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "**="})
_NUMBERS = ("int", "uint", "float", "angle", "bool")
_UNSUPPORTED = {
    # keyword: (what it is called, what to do)
    "def": ("a subroutine", "write the statements out, or a gate"),
    "extern": ("an extern function", "there is no classical code to call"),
    "cal": ("a calibration", "there are no pulses here"),
    "defcal": ("a calibration", "there are no pulses here"),
    "defcalgrammar": ("a calibration", "there are no pulses here"),
    "box": ("a box", "write its statements without the box"),
    "delay": ("delay", "remove it: there is no time in a circuit"),
    "switch": ("switch", "write if statements"),
    "break": ("break", "unroll the loop"),
    "continue": ("continue", "unroll the loop"),
    "end": ("end", "remove what comes behind it"),
    "return": ("return", "write the statements out"),
    "pragma": ("a pragma", "remove it"),
    "#": ("a pragma", "remove it"),
    "@": ("an annotation", "remove it"),
    "complex": ("a complex number", "use real numbers"),
    "duration": ("a duration", "there is no time in a circuit"),
    "stretch": ("a stretch", "there is no time in a circuit"),
    "array": ("an array", "use single values"),
    "nop": ("nop", "remove it"),
    "opaque": ("an opaque gate", "define it, or remove it"),
}
_OLDER_STATEMENTS = frozenset({"include", "qreg", "creg", "gate", "measure", "reset", "barrier", "if"})


class Parser(ExpressionParser):
    """Reads statements at a lexer's cursor.

    Args:
        lexer: The cursor.
        older: Whether this is OpenQASM 2.
    """

    def __init__(self, lexer: Lexer, *, older: bool) -> None:
        super().__init__(lexer, older=older)
        statements: dict[str, Callable[[Token], tuple[Statement, ...]]] = {
            "include": self._include,
            "qubit": self._qubit,
            "qreg": self._register,
            "creg": self._register,
            "bit": self._bit,
            "output": self._output,
            "input": self._input,
            "const": self._constant,
            "let": self._alias,
            "gate": self._gate,
            "measure": self._measure,
            "reset": self._reset,
            "barrier": self._barrier,
            "if": self._if,
            "for": self._for,
            "while": self._while,
            **dict.fromkeys(_NUMBERS, self._variable),
        }
        self._statements: Mapping[str, Callable[[Token], tuple[Statement, ...]]] = {
            name: read for name, read in statements.items() if not older or name in _OLDER_STATEMENTS
        }

    def statement(self) -> tuple[Statement, ...]:
        """Read one statement; a declaration with a measurement is two."""
        token = self.lexer.token
        if token.text in _UNSUPPORTED and token.kind in ("name", "symbol"):
            self._refuse_unsupported(token)
        if token.kind != "name":
            self.lexer.fail("a statement")
        read = self._statements.get(token.text)
        if read is not None:
            self.lexer.advance()
            return read(token)
        if token.text in _MODIFIERS and not self.older:
            return (self._application(),)
        return self._application_or_assignment()

    def version(self) -> tuple[str, Token] | None:
        """Read the header, if there is one, and return what it says."""
        token = self.lexer.token
        if token.text != "OPENQASM" or token.kind != "name":
            return None
        self.lexer.advance()
        number = self.lexer.token
        if number.kind not in ("integer", "float"):
            self.lexer.fail("a version")
        self.lexer.advance()
        self.lexer.expect(";")
        return number.text, number

    def _refuse_unsupported(self, token: Token) -> NoReturn:
        what, instead = _UNSUPPORTED[token.text]
        refuse(QasmFault.STATEMENT, token.place, statement=what, instead=instead)

    def _since(self, first: Token) -> tuple[int, int]:
        return first.start, self.lexer.last_end

    def _name(self) -> str:
        return self.lexer.expect_kind("name", "a name").text

    def _end(self) -> None:
        self.lexer.expect(";")

    # Declarations

    def _include(self, first: Token) -> tuple[Statement, ...]:
        file = self.lexer.expect_kind("text", "the name of a file")
        self._end()
        return (Include(file.text[1:-1], file.place),)

    def _size(self) -> Expression | None:
        if not self.lexer.take("["):
            return None
        size = self.expression()
        self.lexer.expect("]")
        return size

    def _qubit(self, first: Token) -> tuple[Statement, ...]:
        size, name = self._size(), self._name()
        self._end()
        return (DeclareQubits(name, size, self._since(first)),)

    def _register(self, first: Token) -> tuple[Statement, ...]:
        name, size = self._name(), self._size()
        self._end()
        place = self._since(first)
        return (DeclareQubits(name, size, place) if first.text == "qreg" else DeclareBits(name, size, None, place),)

    def _bit(self, first: Token) -> tuple[Statement, ...]:
        size, name = self._size(), self._name()
        value, measured = None, None
        if self.lexer.take("="):
            if self.lexer.token.text == "measure":
                measured = self._measured_source()
            else:
                value = self.expression()
        self._end()
        place = self._since(first)
        declared = DeclareBits(name, size, value, place)
        return (declared,) if measured is None else (declared, Measure(measured, Operand(name, (), place), place))

    def _output(self, first: Token) -> tuple[Statement, ...]:
        kind = self.lexer.token
        if kind.text not in ("bit", "creg"):
            refuse(QasmFault.STATEMENT, kind.place, statement=f"an output of type {kind.text}", instead="declare bits")
        self.lexer.advance()
        return self._bit(first) if kind.text == "bit" else self._register(kind)

    def _input(self, first: Token) -> tuple[Statement, ...]:
        kind = self._type()
        name = self._name()
        self._end()
        return (DeclareInput(kind, name, self._since(first)),)

    def _type(self) -> str:
        kind = self._name()
        self._size()
        return kind

    def _constant(self, first: Token) -> tuple[Statement, ...]:
        kind = self.lexer.token
        if kind.text not in _NUMBERS:
            self.lexer.fail("one of " + ", ".join(_NUMBERS))
        return self._value(first, self._type(), is_constant=True)

    def _variable(self, first: Token) -> tuple[Statement, ...]:
        self._size()
        return self._value(first, first.text, is_constant=False)

    def _value(self, first: Token, kind: str, *, is_constant: bool) -> tuple[Statement, ...]:
        name = self._name()
        value = self.expression() if self.lexer.take("=") else None
        if is_constant and value is None:
            self.lexer.fail("'='")
        self._end()
        return (DeclareValue(kind, name, value, is_constant, self._since(first)),)

    def _alias(self, first: Token) -> tuple[Statement, ...]:
        name = self._name()
        self.lexer.expect("=")
        parts = [self._operand()]
        while self.lexer.take("++"):
            parts.append(self._operand())
        self._end()
        return (Alias(name, tuple(parts), self._since(first)),)

    def _gate(self, first: Token) -> tuple[Statement, ...]:
        name = self._name()
        angles: tuple[str, ...] = ()
        if self.lexer.take("("):
            angles = () if self.lexer.token.text == ")" else self._names()
            self.lexer.expect(")")
        qubits = self._names()
        opening = self.lexer.expect("{")
        body: list[Apply] = []
        while not self.lexer.take("}"):
            self._gate_statement(body)
        is_known = name in GATES  # the shape of any other name is never asked for
        shape = self._shape(opening.end, self.lexer.last_end - 1, angles, qubits) if is_known else ()
        return (DefineGate(name, angles, qubits, tuple(body), shape, self._since(first)),)

    def _names(self) -> tuple[str, ...]:
        names = [self._name()]
        while self.lexer.take(","):
            names.append(self._name())
        return tuple(names)

    def _gate_statement(self, body: list[Apply]) -> None:
        token = self.lexer.token
        if token.text == "barrier":  # it has no effect, and a gate is no place to keep it
            self.lexer.advance()
            self._operands()
            self._end()
            return
        if token.kind != "name" or token.text in self._statements:
            self.lexer.fail("a gate")
        if token.text in _UNSUPPORTED:
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

    # Operations

    def _application_or_assignment(self) -> tuple[Statement, ...]:
        name = self.lexer.advance()
        if self.lexer.token.text in _ASSIGNMENTS or self.lexer.token.text == "[":
            return (self._assignment(name),)
        return (self._application_of(name, name, ()),)

    def _assignment(self, name: Token) -> Statement:
        target = Operand(name.text, self._indices(), self._since(name))
        if self.lexer.token.text not in _ASSIGNMENTS:
            self.lexer.fail("'='")
        operator = self.lexer.advance().text
        if operator == "=" and self.lexer.token.text == "measure":
            source = self._measured_source()
            self._end()
            return Measure(source, target, self._since(name))
        value = self.expression()
        self._end()
        place = self._since(name)
        if target.indices:
            instead = "only a measurement can set a bit"
            refuse(QasmFault.STATEMENT, place, statement="an assignment to a bit", instead=instead)
        return Assign(name.text, operator, value, place)

    def _application(self) -> Apply:
        first = self.lexer.token
        modifiers: list[Modifier] = []
        while self.lexer.token.text in _MODIFIERS and not self.older:
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
        angles: list[Expression] = []
        if self.lexer.take("("):
            while not self.lexer.take(")"):
                if angles:
                    self.lexer.expect(",")
                angles.append(self.expression())
        operands = () if self.lexer.token.text == ";" else self._operands()
        self._end()
        return Apply(gate.text, modifiers, tuple(angles), operands, self._since(first))

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
        self.lexer.expect("{")
        members = [self.expression()]
        while self.lexer.take(","):
            members.append(self.expression())
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

    def _measured_source(self) -> Operand:
        self.lexer.expect("measure")
        return self._operand()

    def _measure(self, first: Token) -> tuple[Statement, ...]:
        source = self._operand()
        if not self.lexer.take("->"):
            refuse(QasmFault.MEASURE_TARGET, self._since(first))
        target = self._operand()
        self._end()
        return (Measure(source, target, self._since(first)),)

    def _reset(self, first: Token) -> tuple[Statement, ...]:
        operand = self._operand()
        self._end()
        return (Reset(operand, self._since(first)),)

    def _barrier(self, first: Token) -> tuple[Statement, ...]:
        operands = () if self.lexer.token.text == ";" else self._operands()
        self._end()
        return (Barrier(operands, self._since(first)),)

    # Control flow

    def _if(self, first: Token) -> tuple[Statement, ...]:
        self.lexer.expect("(")
        condition = self.expression()
        self.lexer.expect(")")
        head = self._since(first)
        then = self._block(first)
        otherwise = self._block(first) if not self.older and self.lexer.take("else") else ()
        return (If(condition, then, otherwise, head),)

    def _for(self, first: Token) -> tuple[Statement, ...]:
        if self.lexer.token.text in _NUMBERS:
            self._type()
        name = self._name()
        self.lexer.expect("in")
        domain: Range | list[Expression] | Expression
        if self.lexer.token.text == "{":
            domain = self._set()
        else:
            opening = self.lexer.expect("[")
            domain = self._range_or_expression()
            if not isinstance(domain, Range):
                refuse(QasmFault.SYNTAX, opening.place, found="one value", expected="a range such as [0:3]")
            self.lexer.expect("]")
        head = self._since(first)
        return (For(name, domain, self._block(first), head),)

    def _while(self, first: Token) -> tuple[Statement, ...]:
        self.lexer.expect("(")
        condition = self.expression()
        self.lexer.expect(")")
        head = self._since(first)
        return (While(condition, self._block(first), head),)

    def _block(self, first: Token) -> tuple[Statement, ...]:
        self.nested(first.place)
        statements: list[Statement] = []
        if not self.older and self.lexer.take("{"):
            while not self.lexer.take("}"):
                if self.lexer.token.kind == END:
                    self.lexer.fail("'}'")
                statements += self.statement()
        else:
            statements += self.statement()
        self.unnested()
        return tuple(statements)
