"""Tokens to statements, one at a time.

OpenQASM 2 is read by the same rules as OpenQASM 3, with fewer statements and its own meaning of `^`. What is not
supported is refused by its name. A statement that cannot be read is noted and left out, and the next one is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eigen.compiler.openqasm.applications import MODIFIERS, UNSUPPORTED, ApplicationParser
from eigen.compiler.openqasm.catalogue import QasmFault, QasmRefusal, refuse
from eigen.compiler.openqasm.findings import Findings
from eigen.compiler.openqasm.lexer import END, Lexer, Token
from eigen.compiler.openqasm.syntax import (
    Alias,
    Assign,
    Barrier,
    Call,
    Case,
    DeclareBits,
    DeclareInput,
    DeclareQubits,
    DeclareValue,
    DefineSubroutine,
    Expression,
    For,
    Formal,
    If,
    Include,
    Measure,
    Operand,
    Place,
    Range,
    Reset,
    Return,
    Statement,
    Switch,
    While,
)

__all__ = ["Parser"]

_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "**="})
_NUMBERS = ("int", "uint", "float", "angle", "bool")
_FORMALS = frozenset({"qubit", "bit", *_NUMBERS})
_OLDER_STATEMENTS = frozenset({"include", "qreg", "creg", "gate", "measure", "reset", "barrier", "if"})


class Parser(ApplicationParser):
    """Reads statements at a lexer's cursor.

    Args:
        lexer: The cursor.
        older: Whether this is OpenQASM 2.
        findings: Where faults are noted; without it, the first one is raised.
    """

    def __init__(self, lexer: Lexer, *, older: bool, findings: Findings | None = None) -> None:
        super().__init__(lexer, older=older)
        self._findings = findings
        self._subroutines: set[str] = set()
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
            "def": self._subroutine,
            "return": self._return,
            "measure": self._measure,
            "reset": self._reset,
            "barrier": self._barrier,
            "if": self._if,
            "for": self._for,
            "while": self._while,
            "switch": self._switch,
            **dict.fromkeys(_NUMBERS, self._variable),
        }
        self._statements: Mapping[str, Callable[[Token], tuple[Statement, ...]]] = {
            name: read for name, read in statements.items() if not older or name in _OLDER_STATEMENTS
        }

    def statements(self, *, in_block: bool) -> tuple[Statement, ...]:
        """Read one statement, which may be several: a declaration with a measurement is two.

        One that cannot be read is noted, and gives none.
        """
        start, depth, braces = self.lexer.token.start, self._depth, self._braces
        try:
            return self._statement()
        except QasmRefusal as refusal:
            if self._findings is None:
                raise
            self._findings.note(refusal)
            self.lexer.skip_statement(depth=self._braces - braces, in_block=in_block)
            self._depth, self._braces = depth, braces
            self._findings.suspect_text((start, self.lexer.last_end))
            return ()

    def version(self) -> tuple[str, Place] | None:
        """Read the header, if there is one, and return what it says."""
        if self.lexer.token.text != "OPENQASM" or self.lexer.token.kind != "name":
            return None
        self.lexer.advance()
        number = self.lexer.token
        if number.kind not in ("integer", "float"):
            self.lexer.fail("a version")
        self.lexer.advance()
        self._end()
        return number.text, number.place

    def _statement(self) -> tuple[Statement, ...]:
        while self.lexer.token.text == "@" and not self.older:  # annotations do not change what a statement means
            self.lexer.skip_line()
        token = self.lexer.token
        if token.text in UNSUPPORTED and token.kind in ("name", "symbol"):
            self._refuse_unsupported(token)
        if token.kind != "name":
            self.lexer.fail("a statement")
        read = self._statements.get(token.text)
        if read is not None:
            self.lexer.advance()
            return read(token)
        if token.text in MODIFIERS and not self.older:
            return (self._application(),)
        return self._application_or_assignment()

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
        target = Operand(name, (), self._since(first))
        value: Expression | None = None
        filled: tuple[Statement, ...] = ()
        if self.lexer.take("="):
            filled = self._filling(first, target)
            value = self.expression() if not filled else None
        self._end()
        return (DeclareBits(name, size, value, self._since(first)), *filled)

    def _filling(self, first: Token, target: Operand) -> tuple[Statement, ...]:
        """Read what measures into a target, if it is such a thing."""
        token = self.lexer.token
        if self.lexer.take("measure"):
            return (Measure(self._operand(), target, self._since(first)),)
        if token.kind == "name" and token.text in self._subroutines:
            self.lexer.advance()
            self.lexer.expect("(")
            return (Call(token.text, self._arguments(), target, self._since(first)),)
        return ()

    def _output(self, first: Token) -> tuple[Statement, ...]:
        kind = self.lexer.token
        if kind.text not in ("bit", "creg"):
            refuse(QasmFault.STATEMENT, kind.place, statement=f"an output of type {kind.text}", instead="declare bits")
        self.lexer.advance()
        return self._bit(first) if kind.text == "bit" else self._register(kind)

    def _input(self, first: Token) -> tuple[Statement, ...]:
        kind, width, name = self._name(), self._size(), self._name()
        self._end()
        return (DeclareInput(kind, width, name, self._since(first)),)

    def _constant(self, first: Token) -> tuple[Statement, ...]:
        kind = self.lexer.token
        if kind.text not in _NUMBERS:
            self.lexer.fail("one of " + ", ".join(_NUMBERS))
        self.lexer.advance()
        self._size()
        return self._value(first, kind.text, is_constant=True)

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

    # Subroutines

    def _subroutine(self, first: Token) -> tuple[Statement, ...]:
        name = self._name()
        self.lexer.expect("(")
        formals: list[Formal] = []
        while not self.lexer.take(")"):
            if formals:
                self.lexer.expect(",")
            formals.append(self._formal())
        if self.lexer.take("->"):
            self._result_type()
        head = self._since(first)
        self._subroutines.add(name)
        body = self._block(first)
        if body and isinstance(body[-1], Return):
            return (DefineSubroutine(name, tuple(formals), body[:-1], body[-1].measured, head),)
        return (DefineSubroutine(name, tuple(formals), body, None, head),)

    def _formal(self) -> Formal:
        kind = self.lexer.token
        if kind.text not in _FORMALS:
            instead = "take qubits, bits and single numbers"
            refuse(
                QasmFault.STATEMENT,
                kind.place,
                statement=f"a subroutine's argument of type {kind.text}",
                instead=instead,
            )
        self.lexer.advance()
        size, name = self._size(), self._name()
        return Formal(kind.text, size, name, self._since(kind))

    def _result_type(self) -> None:
        kind = self.lexer.token
        if kind.text != "bit":
            instead = "return bits: return measure q;"
            refuse(QasmFault.STATEMENT, kind.place, statement=f"a subroutine that gives a {kind.text}", instead=instead)
        self.lexer.advance()
        self._size()

    def _return(self, first: Token) -> tuple[Statement, ...]:
        measured = None
        if self.lexer.take("measure"):
            measured = self._operand()
        elif self.lexer.token.text != ";":
            instead = "return measure q;"
            refuse(QasmFault.STATEMENT, self._since(first), statement="the return of a value", instead=instead)
        self._end()
        return (Return(measured, self._since(first)),)

    # Operations

    def _application_or_assignment(self) -> tuple[Statement, ...]:
        name = self.lexer.advance()
        if self.lexer.token.text in _ASSIGNMENTS or self.lexer.token.text == "[":
            return (self._assignment(name),)
        if name.text in self._subroutines:
            self.lexer.expect("(")
            arguments = self._arguments()
            self._end()
            return (Call(name.text, arguments, None, self._since(name)),)
        return (self._application_of(name, name, ()),)

    def _assignment(self, name: Token) -> Statement:
        target = Operand(name.text, self._indices(), self._since(name))
        if self.lexer.token.text not in _ASSIGNMENTS:
            self.lexer.fail("'='")
        operator = self.lexer.advance().text
        filled = self._filling(name, target) if operator == "=" else ()
        if filled:
            self._end()
            return filled[0]
        value = self.expression()
        self._end()
        place = self._since(name)
        if target.indices:
            instead = "only a measurement can set a bit"
            refuse(QasmFault.STATEMENT, place, statement="an assignment to a bit", instead=instead)
        return Assign(name.text, operator, value, place)

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
        condition = self._bracketed()
        head = self._since(first)
        then = self._block(first)
        otherwise = self._block(first) if not self.older and self.lexer.take("else") else ()
        return (If(condition, then, otherwise, head),)

    def _for(self, first: Token) -> tuple[Statement, ...]:
        if self.lexer.token.text in _NUMBERS:
            self.lexer.advance()
            self._size()
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
        condition = self._bracketed()
        head = self._since(first)
        return (While(condition, self._block(first), head),)

    def _switch(self, first: Token) -> tuple[Statement, ...]:
        target = self._bracketed()
        head = self._since(first)
        self._open_brace()
        cases: list[Case] = []
        while not self._took_brace():
            cases.append(self._case())
        return (Switch(target, tuple(cases), head),)

    def _case(self) -> Case:
        first = self.lexer.token
        if self.lexer.take("default"):
            return Case((), self._block(first), first.place)
        self.lexer.expect("case")
        labels = [self.expression()]
        while self.lexer.take(","):
            labels.append(self.expression())
        head = self._since(first)
        return Case(tuple(labels), self._block(first), head)

    def _bracketed(self) -> Expression:
        self.lexer.expect("(")
        expression = self.expression()
        self.lexer.expect(")")
        return expression

    def _block(self, first: Token) -> tuple[Statement, ...]:
        self.nested(first.place)
        block: list[Statement] = []
        if not self.older and self.lexer.take("{"):
            while not self.lexer.take("}"):
                if self.lexer.token.kind == END:
                    self.lexer.fail("'}'")
                block += self.statements(in_block=True)
        else:
            block += self._statement()
        self.unnested()
        return tuple(block)
