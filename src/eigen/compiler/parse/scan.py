r"""A linear scan of the program's text before Python's parser sees it.

What lives here: refusing everything that can make `ast.parse` take minutes, gigabytes or the whole C stack (thousands
of combining marks in a name, long dotted names, deep brackets, operator chains, f-strings), everything that reads
otherwise than it looks (control and bidirectional characters, letters that Unicode normalisation turns into ASCII,
encoding cookies), and what makes the parser warn or import (unknown escapes, `\N{…}`, numbers that run into names).

The scan knows Python's tokens, not its grammar. It is one regular expression without backtracking (possessive
quantifiers), so that its time is linear. Most lines of a straight-line circuit are one token (`plain`).

Source: Python reference, "Lexical analysis"; CPython gh-149079 for normalisation of names.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

from eigen.compiler.catalogue import Fault
from eigen.compiler.report import Report
from eigen.compiler.source_text import SourceText

__all__ = ["scan"]

MAX_LINE_LENGTH = 10_000
MAX_NAME_LENGTH = 64
MAX_NUMBER_LENGTH = 4_200  # CPython reads at most 4,300 digits
MAX_STRING_LENGTH = 65_536
MAX_BRACKETS = 50
MAX_OPERATORS = 1_000
MAX_UNARY_RUN = 50
MAX_DOTTED_PARTS = 16
MAX_DECORATORS = 32

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_COOKIE = re.compile(r"#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_UTF8 = frozenset({"utf-8", "utf8", "utf_8", "utf-8-unix"})
_BAD_ESCAPE = re.compile(r"\\(?:[^\n\\'\"abfnrtvxuU0-7]|[4-7][0-7][0-7])")
_ANY_ESCAPE = re.compile(r"\\(?s:.)")

_OPERAND = r"-?[A-Za-z_0-9.]{1,40}+(?:\[\w{1,40}+(?:[ ]?[-+][ ]?\w{1,40}+)?\])?+"
_ARGUMENT = rf"{_OPERAND}(?:[ ]?[-+*/][ ]?{_OPERAND}){{0,4}}+"
_TOKEN = re.compile(
    rf"(?P<plain>^[ ]*+[A-Za-z_]\w{{0,63}}+\((?:{_ARGUMENT}(?:,[ ]?(?=[-\w])|(?=\))))*+\)\n)"
    r"""
    | (?P<space>[ \t]++|\\\n|\#[^\n]*+)
    | (?P<string>(?P<prefix>[A-Za-z]{0,2}+)
        (?:\"\"\"(?:[^"\\]|\\(?s:.)|"(?!""))*+\"\"\"
        | '''(?:[^'\\]|\\(?s:.)|'(?!''))*+'''
        | "(?!"")(?:[^"\\\n]|\\(?s:.))*+"
        | '(?!'')(?:[^'\\\n]|\\(?s:.))*+'
        | ""(?!") | ''(?!')))
    | (?P<number>(?:0[xX][\da-fA-F_]++|0[bBoO][\d_]++|(?:\d[\d_]*+\.?[\d_]*+|\.\d[\d_]*+)(?:[eE][+-]?[\d_]++)?))
    | (?P<name>[A-Za-z_]\w*+(?:\.[A-Za-z_]\w*+)*+)
    | (?P<end>[\n;])
    | (?P<comma>,)
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<decorator>(?<![^\n])[ \t]*+@)
    | (?P<sign>[-+~])
    | (?P<operator>\*\*|//|<<|>>|[*/%&|^@<>=!:.]=?)
    | (?P<quote>\"\"\"|'''|["'])
    | (?P<other>[^\x00-\x7f]++|[^\n])
    """,
    re.VERBOSE | re.ASCII | re.MULTILINE,
)
_CLOSING = {")": "(", "]": "[", "}": "{"}
_WORD_OPERATORS = frozenset({"and", "or", "not", "if", "else", "lambda", "in", "is", "await", "for", "yield", "from"})
_RAW = frozenset("rR")


def scan(text: SourceText, report: Report) -> None:
    """Refuse what is dangerous or deceptive in a program's text.

    Args:
        text: The decoded program.
        report: Where faults are noted; after the scan the text is safe to parse if it is empty.
    """
    _Scan(text, report).run()


class _Scan:
    def __init__(self, text: SourceText, report: Report) -> None:
        self._text = text.text
        self._report = report
        self._lines = text.lines
        self._starts: list[int] = []
        self._brackets: list[str] = []
        self._chains = [0]  # operators since the last comma, for each open bracket
        self._operators = 0  # the sum of them: an upper bound for the depth of what is open
        self._unary_run = 0
        self._decorators = 0

    def run(self) -> None:
        self._characters()
        self._line_lengths()
        self._cookies()
        if self._report.is_empty:
            self._tokens()

    def _characters(self) -> None:
        for found in _UNSAFE.finditer(self._text):
            self._fault(Fault.CONTROL_CHARACTER, found.start(), found.end(), character=f"U+{ord(found[0]):04X}")
            return

    def _line_lengths(self) -> None:
        for number, line in enumerate(self._lines, 1):
            if len(line) > MAX_LINE_LENGTH:
                self._report.add(Fault.LINE_LENGTH, (number, 0, number, 1), size=len(line), limit=MAX_LINE_LENGTH)

    def _cookies(self) -> None:
        for number, line in enumerate(self._lines[:2], 1):
            found = _COOKIE.match(line.strip())
            if found and found[1].lower() not in _UTF8:
                self._report.add(Fault.CODING_COOKIE, (number, 0, number, len(line.encode())), encoding=found[1])

    def _tokens(self) -> None:
        handlers = {
            "string": self._string,
            "number": self._number,
            "name": self._name,
            "end": self._end,
            "comma": self._comma,
            "open": self._open,
            "close": self._close,
            "sign": self._sign,
            "operator": self._operator,
            "decorator": self._decorator,
            "quote": self._quote,
            "other": self._other,
        }
        for token in _TOKEN.finditer(self._text):
            kind = token.lastgroup
            if kind == "plain" or kind == "space":
                continue
            handlers[kind or "other"](token)
            if not self._report.is_empty:  # what comes behind a fault may be read wrongly
                return

    def _name(self, token: re.Match[str]) -> None:
        name = token[0]
        self._unary_run = self._unary_run + 1 if name == "not" else 0
        if name in _WORD_OPERATORS:
            self._count(token)
        elif len(name) > MAX_NAME_LENGTH:
            self._long_name(token)

    def _long_name(self, token: re.Match[str]) -> None:
        parts = token[0].split(".")
        if len(parts) > MAX_DOTTED_PARTS:
            self._at(Fault.DOTTED_NAME, token, limit=MAX_DOTTED_PARTS)
        longest = max(map(len, parts))
        if longest > MAX_NAME_LENGTH:
            self._at(Fault.NAME_LENGTH, token, size=longest, limit=MAX_NAME_LENGTH)

    def _number(self, token: re.Match[str]) -> None:
        self._unary_run = 0
        if len(token[0]) > MAX_NUMBER_LENGTH:
            self._at(Fault.LITERAL_LENGTH, token, size=len(token[0]), limit=MAX_NUMBER_LENGTH)
        behind = self._text[token.end() : token.end() + 1]
        if behind.isalpha() and behind not in "jJ":
            self._at(Fault.NUMBER_NAME, token, number=token[0])

    def _string(self, token: re.Match[str]) -> None:
        self._unary_run = 0
        prefix = token["prefix"]
        if len(token[0]) > MAX_STRING_LENGTH:
            self._at(Fault.LITERAL_LENGTH, token, size=len(token[0]), limit=MAX_STRING_LENGTH)
        elif prefix and prefix not in _RAW and prefix not in "uU":
            self._at(Fault.STRING_PREFIX, token, prefix=prefix)
        elif prefix not in _RAW and "\\" in token[0]:
            self._escapes(token)

    def _escapes(self, token: re.Match[str]) -> None:
        for escape in _ANY_ESCAPE.finditer(token[0]):
            if _BAD_ESCAPE.match(token[0], escape.start()):
                start = token.start() + escape.start()
                self._fault(Fault.STRING_ESCAPE, start, start + 2, escape=escape[0])
                return

    def _quote(self, token: re.Match[str]) -> None:
        self._at(Fault.UNCLOSED_STRING, token, quote=token[0])

    def _other(self, token: re.Match[str]) -> None:
        if token[0].isascii():
            self._at(Fault.SYNTAX, token, problem=f"unexpected character {token[0]}")
        else:
            self._at(Fault.NON_ASCII, token, characters=token[0][:16])

    def _open(self, token: re.Match[str]) -> None:
        self._unary_run = 0
        self._brackets.append(token[0])
        self._chains.append(0)
        if len(self._brackets) > MAX_BRACKETS:
            self._at(Fault.BRACKET_DEPTH, token, limit=MAX_BRACKETS)

    def _close(self, token: re.Match[str]) -> None:
        opened = self._brackets.pop() if self._brackets else "nothing"
        if opened != _CLOSING[token[0]]:
            self._at(Fault.MIXED_BRACKETS, token, found=token[0], opened=opened)
        else:
            self._operators -= self._chains.pop()

    def _comma(self, _token: re.Match[str]) -> None:
        self._unary_run = 0
        self._operators -= self._chains[-1]
        self._chains[-1] = 0

    def _end(self, token: re.Match[str]) -> None:
        if not self._brackets:
            self._comma(token)

    def _sign(self, token: re.Match[str]) -> None:
        self._unary_run += 1
        self._count(token)

    def _operator(self, token: re.Match[str]) -> None:
        self._unary_run = 0
        self._count(token)

    def _decorator(self, token: re.Match[str]) -> None:
        self._decorators += 1
        if self._decorators > MAX_DECORATORS:
            self._at(Fault.DECORATORS, token, limit=MAX_DECORATORS)

    def _count(self, token: re.Match[str]) -> None:
        self._operators += 1
        self._chains[-1] += 1
        if self._operators > MAX_OPERATORS:
            self._at(Fault.OPERATOR_CHAIN, token, limit=MAX_OPERATORS)
        elif self._unary_run > MAX_UNARY_RUN:
            self._at(Fault.OPERATOR_CHAIN, token, limit=MAX_UNARY_RUN)

    def _at(self, fault: Fault, token: re.Match[str], **facts: Any) -> None:
        self._fault(fault, token.start(), token.end(), **facts)

    def _fault(self, fault: Fault, start: int, end: int, **facts: Any) -> None:
        self._report.add(fault, (*self._place(start), *self._place(end)), **facts)

    def _place(self, offset: int) -> tuple[int, int]:
        """Return line and column in UTF-8 bytes of an offset in code points."""
        if not self._starts:
            position = 0
            for line in self._lines:
                self._starts.append(position)
                position += len(line) + 1
        index = bisect_right(self._starts, offset) - 1
        return index + 1, len(self._text[self._starts[index] : offset].encode())
