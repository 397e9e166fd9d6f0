"""Reading `results.json` with very many counts.

One call of the JSON library over a million counts takes a second in which no other thread of the process gets a turn,
the event loop's neither. So the objects named `counts`, which hold numbers only, are taken out of the text and read
piece by piece; what is left is small.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["AT_ONCE_BYTES", "read_results"]

AT_ONCE_BYTES = 128 * 1024
"""Size up to which reading takes no longer than a turn of the event loop may take."""

_PIECE_CHARS = 128 * 1024
_OPENING = '"counts":{'
_STAND_IN = "\0"  # the one key of what stands for an object that was taken out; nobody can name anything so


def read_results(content: bytes) -> Any:
    """Return the JSON value of a `results.json` that `JobResults.to_bytes` wrote."""
    if len(content) <= AT_ONCE_BYTES:
        import orjson

        return orjson.loads(content)
    text = content.decode()
    taken: list[dict[str, int]] = []
    rest: list[str] = []
    start = 0
    while (found := text.find(_OPENING, start)) >= 0:
        first = found + len(_OPENING)
        rest += [text[start:first], f'"\\u0000":{len(taken)}']
        start = text.index("}", first)
        taken.append(_entries(text, first, start))
    rest.append(text[start:])

    def put_back(one: dict[str, Any]) -> dict[str, Any]:
        return taken[one[_STAND_IN]] if _STAND_IN in one else one

    return json.loads("".join(rest), object_hook=put_back)


def _entries(text: str, start: int, end: int) -> dict[str, int]:
    entries: dict[str, int] = {}
    while start < end:
        stop = text.find(",", start + _PIECE_CHARS, end)
        stop = end if stop < 0 else stop
        entries.update(json.loads(f"{{{text[start:stop]}}}"))
        start = stop + 1
    return entries
