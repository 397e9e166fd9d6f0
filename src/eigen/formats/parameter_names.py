"""Any name → a name that AQO takes: an ASCII identifier of at most 64 characters, none given twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["free_name", "parameter_names"]

_GREEK = re.compile(r"GREEK (?:SMALL|CAPITAL) LETTER ([A-Z]+)")
_MAX_STEM = 56


def parameter_names(names: Iterable[str]) -> dict[str, str]:
    """Return a valid and unique name for each name, in their order.

    Greek letters are spelled out, an index in brackets is joined by an underscore, anything else becomes an underscore;
    a name that is taken by an earlier one gets a number.

    Args:
        names: Different names.

    Example:
        >>> parameter_names(["θ", "a[10]", "theta"])
        {'θ': 'theta', 'a[10]': 'a_10', 'theta': 'theta_2'}
    """
    taken: set[str] = set()
    return {name: free_name(name, taken) for name in names}


def free_name(name: str, taken: set[str]) -> str:
    """Return a valid name that is not taken yet, and take it."""
    stem = _identifier(name)
    candidate, number = stem, 2
    while candidate in taken:
        candidate, number = f"{stem}_{number}", number + 1
    taken.add(candidate)
    return candidate


def _identifier(name: str) -> str:
    spelled = "".join(map(_spelled, name.removesuffix("]")))[:_MAX_STEM]
    return spelled if spelled and not spelled[0].isdigit() else f"_{spelled}"


def _spelled(character: str) -> str:
    if character.isascii():
        return character if character.isalnum() or character == "_" else "_"
    greek = _GREEK.fullmatch(unicodedata.name(character, ""))
    return greek[1].lower().replace("lamda", "lambda") if greek else "_"
