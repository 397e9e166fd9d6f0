"""Tokens to expressions in postfix form, by operator precedence.

What recurses is bounded: brackets and powers by `MAX_NESTING`, operators by the number of their precedences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from eigen.compiler.openqasm.catalogue import MAX_EXPRESSION, MAX_NESTING, QasmFault, refuse
from eigen.compiler.openqasm.lexer import Lexer, Token
from eigen.compiler.openqasm.syntax import Expression, Instruction

__all__ = ["CONSTANTS", "ExpressionParser"]

CONSTANTS: Mapping[str, float | bool] = MappingProxyType(
    {
        "pi": math.pi,
        "π": math.pi,
        "tau": math.tau,
        "τ": math.tau,
        "euler": math.e,
        "ℇ": math.e,
        "true": True,
        "false": False,
    }
)
"""Names that every program has."""

_LEVELS = (
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"),
    ("*", "/", "%"), ("**",),
)  # fmt: skip
_PRECEDENCE = {symbol: level for level, symbols in enumerate(_LEVELS, 1) for symbol in symbols}
_POWER = _PRECEDENCE["**"]
_OLDER_PRECEDENCE = {symbol: _PRECEDENCE[symbol] for symbol in ("==", "+", "-", "*", "/")} | {"^": _POWER}
_UNARY = frozenset({"-", "!", "~", "+"})
_CASTS = frozenset({"int", "uint", "float", "bool", "bit", "angle"})
_BASES = {"x": 16, "b": 2, "o": 8}


class ExpressionParser:
    """Reads expressions at a lexer's cursor.

    Args:
        lexer: The cursor.
        older: Whether this is OpenQASM 2, where `^` is the power and numbers are real.
    """

    def __init__(self, lexer: Lexer, *, older: bool) -> None:
        self.lexer = lexer
        self.older = older
        self._precedence = _OLDER_PRECEDENCE if older else _PRECEDENCE
        self._depth = 0

    def expression(self) -> Expression:
        """Read one expression."""
        code: list[Instruction] = []
        self._binary(code, 1)
        return tuple(code)

    def nested(self, place: tuple[int, int]) -> None:
        """Go one level deeper."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            refuse(QasmFault.NESTING_LIMIT, place, limit=MAX_NESTING)

    def unnested(self) -> None:
        """Come back one level."""
        self._depth -= 1

    def _binary(self, code: list[Instruction], least: int) -> None:
        start = self.lexer.token.start
        self._unary(code)
        while self.lexer.token.kind == "symbol":
            level = self._precedence.get(self.lexer.token.text, 0)
            if level < least:
                return
            operator = self.lexer.advance()
            symbol = "**" if level == _POWER else operator.text
            self.nested(operator.place)
            self._binary(code, level if level == _POWER else level + 1)
            self.unnested()
            code.append(Instruction("binary", symbol, (start, self.lexer.last_end)))
            if len(code) > MAX_EXPRESSION:
                refuse(QasmFault.EXPRESSION_LIMIT, operator.place, what="the expression", limit=MAX_EXPRESSION)

    def _unary(self, code: list[Instruction]) -> None:
        operators: list[Token] = []
        while self.lexer.token.kind == "symbol" and self.lexer.token.text in _UNARY:
            operators.append(self.lexer.advance())
            if len(operators) > MAX_NESTING:
                refuse(QasmFault.NESTING_LIMIT, operators[0].place, limit=MAX_NESTING)
        if not operators:
            self._primary(code)
            return
        self.nested(operators[0].place)
        self._binary(code, _POWER)
        self.unnested()
        end = self.lexer.last_end
        code += (Instruction("unary", operator.text, (operator.start, end)) for operator in reversed(operators))

    def _primary(self, code: list[Instruction]) -> None:
        token = self.lexer.token
        if token.kind == "name":
            self._named(code)
        elif token.kind in ("integer", "float", "text"):
            self.lexer.advance()
            code.append(Instruction("push", self._literal(token), token.place))
        elif self.lexer.take("("):
            self.nested(token.place)
            self._binary(code, 1)
            self.unnested()
            self.lexer.expect(")")
        else:
            self.lexer.fail("a value")

    def _literal(self, token: Token) -> int | float | str:
        text = token.text.replace("_", "")
        if token.kind == "text":
            return token.text[1:-1]
        if token.kind == "float":
            return self._finite(float(text), token)
        number = int(text, _BASES.get(text[1:2].lower(), 10))
        return float(number) if self.older and number < 1 << 1000 else number

    @staticmethod
    def _finite(number: float, token: Token) -> float:
        if math.isinf(number):
            refuse(QasmFault.ARITHMETIC, token.place, problem="this number is too large")
        return number

    def _named(self, code: list[Instruction]) -> None:
        name = self.lexer.advance()
        if name.text in CONSTANTS:
            code.append(Instruction("push", CONSTANTS[name.text], name.place))
        elif name.text in _CASTS:
            self._cast(code, name)
        elif self.lexer.token.text == "(" and self.lexer.token.kind == "symbol":
            self._call(code, name)
        elif name.text == "measure":
            refuse(QasmFault.EXPRESSION, name.place, construct="measure")
        else:
            code.append(Instruction("load", name.text, name.place))
            while self.lexer.take("["):
                self._index(code, name)

    def _index(self, code: list[Instruction], name: Token) -> None:
        self.nested(name.place)
        self._binary(code, 1)
        self.unnested()
        if self.lexer.token.text in (":", ","):
            refuse(QasmFault.EXPRESSION, self.lexer.token.place, construct="a range of bits")
        self.lexer.expect("]")
        code.append(Instruction("index", name.text, (name.start, self.lexer.last_end)))

    def _cast(self, code: list[Instruction], kind: Token) -> None:
        width = None
        if self.lexer.take("["):
            width = int(self._literal(self.lexer.expect_kind("integer", "a width")))
            self.lexer.expect("]")
        self.lexer.expect("(")
        self.nested(kind.place)
        self._binary(code, 1)
        self.unnested()
        self.lexer.expect(")")
        code.append(Instruction("cast", (kind.text, width), (kind.start, self.lexer.last_end)))

    def _call(self, code: list[Instruction], name: Token) -> None:
        self.lexer.expect("(")
        count = 0
        while not self.lexer.take(")"):
            if count:
                self.lexer.expect(",")
            self.nested(name.place)
            self._binary(code, 1)
            self.unnested()
            count += 1
            if count > MAX_EXPRESSION:
                refuse(QasmFault.EXPRESSION_LIMIT, name.place, what="the call", limit=MAX_EXPRESSION)
        code.append(Instruction("call", (name.text, count), (name.start, self.lexer.last_end)))
