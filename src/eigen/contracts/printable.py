r"""Outside text made safe to show: names, labels, source lines and error texts are hostile until they pass here.

Control characters, terminal escapes, bidirectional overrides and lone surrogates come out as visible escapes
(`\x1b`, `\u202e`), so that no name can move a cursor, forge a log line or show another name than it has.
"""

from __future__ import annotations

import unicodedata

__all__ = ["printable", "quoted"]

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MAX_SHOWN_BITS = 128


def printable(text: str, *, limit: int = 200, keep: str = "") -> str:
    """Return `text` with unsafe characters escaped and cut to about `limit` characters.

    Args:
        text: Anything from outside.
        limit: Longest result before it is cut, with `…` at the end.
        keep: Unsafe characters that are wanted here, such as a line feed in a source excerpt.
    """
    cut = text if len(text) <= limit else text[:limit] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(one if one in keep or _is_safe(one) else _escaped(one) for one in cut)


def quoted(value: object, *, limit: int = 60) -> str:
    """Return a value as it should stand in a message: text in double quotes and printable, others as they read."""
    if isinstance(value, int) and value.bit_length() > _MAX_SHOWN_BITS:
        return f"an integer of {value.bit_length()} bits"  # str() of a larger one may raise
    text = printable(value if isinstance(value, str) else str(value), limit=limit)
    return f'"{text}"' if isinstance(value, str) else text


def _is_safe(character: str) -> bool:
    return unicodedata.category(character) not in _UNSAFE_CATEGORIES


def _escaped(character: str) -> str:
    point = ord(character)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
