"""Text to tokens, one at a time: a program is read in one pass and in bounded memory.

The text is checked as a whole before: strict UTF-8, no control or invisible characters. Letters beyond ASCII are
taken in comments; in names only Greek ones are, since nothing else is in use and no letter shall pass for another.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from eigen.compiler.openqasm.catalogue import MAX_SOURCE_BYTES, QasmFault, QasmRefusal, refuse

__all__ = ["END", "Lexer", "Token", "decoded", "with_line_feeds"]

_GREEK = "\u0391-\u03a9\u03b1-\u03c9"
_BLANKS = r"(?:[ \t\n]++|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+"
_TOKEN = re.compile(
    _BLANKS
    + rf"""(?:
    (?P<float>(?:[0-9](?:_?[0-9])*+\.(?:[0-9](?:_?[0-9])*+)?|\.[0-9](?:_?[0-9])*+)(?:[eE][+-]?[0-9]++)?
             |[0-9](?:_?[0-9])*+[eE][+-]?[0-9]++)
  | (?P<integer>0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*+|0[bB][01](?:_?[01])*+|0[oO][0-7](?:_?[0-7])*+|[0-9](?:_?[0-9])*+)
  | (?P<name>[A-Za-z_{_GREEK}\u2107][A-Za-z0-9_{_GREEK}]*+)
  | (?P<physical>\$[0-9]++)
  | (?P<text>"[^"\n]*+"|'[^'\n]*+')
  | (?P<comment>/\*)
  | (?P<symbol>->|\+\+|\*\*=?|==|!=|<<=?|>>=?|<=|>=|&&|\|\||[-+*/%&|^~]=|[-+*/%&|^~!<>=()\[\]{{}},:;@.\#])
  | (?P<end>\Z)
)""",
    re.VERBOSE,
)
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_MAX_DIGITS = 1_300

END = "end"


class Token(NamedTuple):
    """A token.

    Attributes:
        kind: `float`, `integer`, `name`, `physical`, `text`, `symbol` or `end`.
        text: As it stands.
        start: Offset of its first character.
        end: Offset behind its last one.
    """

    kind: str
    text: str
    start: int
    end: int

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands."""
        return self.start, self.end


def decoded(content: bytes) -> str:
    """Return a program's text with line feeds as its line ends.

    Raises:
        QasmRefusal: It is too large, no UTF-8, or holds characters that nobody can see.
    """
    if len(content) > MAX_SOURCE_BYTES:
        refuse(QasmFault.SOURCE_LIMIT, (0, 0), found=len(content), limit=MAX_SOURCE_BYTES)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        refuse(QasmFault.NOT_UTF8, (0, 0), offset=error.start)
    text = with_line_feeds(text)
    found = _UNSAFE.search(text)
    if found:
        refuse(QasmFault.CONTROL_CHARACTER, found.span(), character=f"U+{ord(found[0]):04X}")
    return text


def with_line_feeds(text: str) -> str:
    """Return a text with line feeds as its line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Lexer:
    """A cursor on the tokens of a text.

    Attributes:
        text: The text.
        token: The token that comes next.
    """

    def __init__(self, text: str, start: int = 0) -> None:
        self.text = text
        self.last_end = start
        self.token = self._read(start)

    def advance(self) -> Token:
        """Return the token that came next, and go on to the one behind it."""
        token = self.token
        self.last_end = token.end
        self.token = self._read(token.end)
        return token

    def seek(self, offset: int) -> None:
        """Go on from an offset, which must lie between two tokens."""
        self.last_end = offset
        self.token = self._read(offset)

    def skip_line(self) -> None:
        """Go on behind the end of the line on which the next token stands."""
        end = self.text.find("\n", self.token.start)
        self.seek(len(self.text) if end < 0 else end)

    def skip_statement(self, *, depth: int, in_block: bool) -> None:
        """Go on behind the statement that could not be read.

        Args:
            depth: How many of its braces are open.
            in_block: Whether it stands in a block, whose end it cannot pass.
        """
        token = self._readable(self.last_end)
        while token.kind != END:
            if token.text == "}" and depth == 0 and in_block:
                break
            depth += {"{": 1, "}": -1}.get(token.text, 0)
            self.last_end = token.end
            is_end = token.text == "}" or (token.text == ";" and depth == 0)
            token = self._readable(token.end)
            if is_end and depth <= 0 and token.text not in ("else", ";"):
                break
        self.token = token

    def _readable(self, offset: int) -> Token:
        """Return the next token behind what is none."""
        while True:
            try:
                return self._read(offset)
            except QasmRefusal as refusal:
                offset = refusal.end

    def take(self, text: str) -> bool:
        """Go on if this symbol or keyword comes next, and say whether it did."""
        if self.token.text != text or self.token.kind in ("text", END):
            return False
        self.advance()
        return True

    def expect(self, text: str) -> Token:
        """Return this symbol or keyword, which must come next."""
        if self.token.text != text or self.token.kind in ("text", END):
            self.fail(f"'{text}'")
        return self.advance()

    def expect_kind(self, kind: str, expected: str) -> Token:
        """Return a token of this kind, which must come next."""
        if self.token.kind != kind:
            self.fail(expected)
        return self.advance()

    def fail(self, expected: str) -> None:
        """Refuse the token that comes next."""
        found = "the end" if self.token.kind == END else f"'{self.token.text}'"
        refuse(QasmFault.SYNTAX, self.token.place, found=found, expected=expected)

    def _read(self, offset: int) -> Token:
        match = _TOKEN.match(self.text, offset)
        if match is None:
            return self._refuse_character(offset)
        kind = match.lastgroup or END
        start, end = match.span(kind)
        if kind in ("integer", "float"):
            self._check_number(start, end)
        elif kind == "comment":
            refuse(QasmFault.SYNTAX, (start, len(self.text)), found="the end", expected="'*/'")
        return Token(kind, match[kind], start, end)

    def _check_number(self, start: int, end: int) -> None:
        behind = self.text[end : end + 1]
        if behind.isalnum() or (behind in ("_", "µ") and behind):
            refuse(QasmFault.NUMBER, (start, end + 1), number=self.text[start:end])
        if end - start > _MAX_DIGITS:
            refuse(QasmFault.INTEGER_LIMIT, (start, end), limit=4096)

    def _refuse_character(self, offset: int) -> Token:
        blanks = re.compile(_BLANKS).match(self.text, offset)
        at = blanks.end() if blanks else offset
        refuse(QasmFault.CHARACTER, (at, at + 1), character=f"'{self.text[at : at + 1]}'")
