"""Texts drawn from a grammar that is a table.

A grammar maps symbols to alternatives; `$name` in an alternative stands for a symbol. The first alternative of each
symbol is the simplest and leads to an end: it is taken once the budget of expansions is used up, so that every text
ends. A symbol that stands alone behind blanks is indented by them, so that blocks nest as they do in Python and YAML.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

__all__ = ["Grammar", "Rules"]

Rules = Mapping[str, Sequence[str]]
"""Symbol → alternatives, the simplest first."""

_SYMBOL = re.compile(r"\$([a-z_]+)")
_INDENT = re.compile(r"(?:^|\n)([ ]*)[^\n]*\Z")

_Part = tuple[str, str, str]
"""Text, the symbol behind it, and the blanks that its line begins with."""


class Grammar:
    """Draws texts.

    Args:
        tame: Alternatives that mostly give right texts.
        wild: Alternatives that mostly give wrong, large or strange ones, for some of the same symbols.
    """

    def __init__(self, tame: Rules, wild: Rules) -> None:
        self._tame = {symbol: [_parts(one) for one in alternatives] for symbol, alternatives in tame.items()}
        self._wild = {symbol: [_parts(one) for one in alternatives] for symbol, alternatives in wild.items()}

    def draw(self, chance: random.Random, *, start: str, wildness: float, budget: int) -> str:
        """Return a text.

        Args:
            chance: Where decisions come from.
            start: The symbol of the whole text.
            wildness: Share of decisions that are wild, from 0 to 1.
            budget: Expansions before only the simplest alternatives are taken.
        """
        return _Drawing(self._tame, self._wild, chance, wildness, budget).expand(start)


class _Drawing:
    def __init__(
        self,
        tame: Mapping[str, list[list[_Part]]],
        wild: Mapping[str, list[list[_Part]]],
        chance: random.Random,
        wildness: float,
        budget: int,
    ) -> None:
        self._tame = tame
        self._wild = wild
        self._chance = chance
        self._wildness = wildness
        self._budget = budget

    def expand(self, symbol: str, depth: int = 0) -> str:
        self._budget -= 1
        pieces: list[str] = []
        for text, inner, indent in self._choose(symbol, depth):
            pieces.append(text)
            if inner:
                expanded = self.expand(inner, depth + 1)
                pieces.append(expanded.replace("\n", "\n" + indent) if indent else expanded)
        return "".join(pieces)

    def _choose(self, symbol: str, depth: int) -> list[_Part]:
        if self._budget < 0 or depth > _MAX_DEPTH:
            return self._tame[symbol][0]
        is_wild = self._wildness > 0 and symbol in self._wild and self._chance.random() < self._wildness
        alternatives = self._wild[symbol] if is_wild else self._tame[symbol]
        return alternatives[int(self._chance.random() * len(alternatives))]


_MAX_DEPTH = 60


def _parts(template: str) -> list[_Part]:
    parts: list[_Part] = []
    end = 0
    for found in _SYMBOL.finditer(template):
        indent = _INDENT.search(template[: found.start()])
        parts.append((template[end : found.start()], found[1], indent[1] if indent else ""))
        end = found.end()
    return [*parts, (template[end:], "", "")]
