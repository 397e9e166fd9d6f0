"""Mutations of bytes: what typing, copying, transmission and malice do to a text.

Each takes the source of decisions, the text, and another text of the corpus to borrow from. None knows the language
of the text; the words that are spliced in come from a dictionary that the caller gives.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

__all__ = ["MAX_BYTES", "mutate"]

MAX_BYTES = 300 * 1024
"""Largest mutant: a little more than the largest program that is taken."""

_ROUNDS = (1, 1, 1, 2, 2, 3, 5, 12)
_TOKEN = re.compile(rb"[A-Za-z_]\w*|\d[\w.]*|\s+|.", re.DOTALL)
_LARGE_ODDS = 200
"""One in so many mutants is blown up: they take a hundred times as long as others."""


def mutate(chance: random.Random, corpus: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Return a mutant of a text of the corpus.

    Args:
        chance: Where decisions come from.
        corpus: Texts to begin with.
        words: What is spliced in.
    """
    text = chance.choice(corpus)
    for _ in range(chance.choice(_ROUNDS)):
        text = chance.choice(_MUTATIONS)(chance, text, chance.choice(corpus), chance.choice(words))[:MAX_BYTES]
    if chance.randrange(_LARGE_ODDS) == 0:
        text = _blown_up(chance, text)[:MAX_BYTES]
    return text


Mutation = Callable[[random.Random, bytes, bytes, bytes], bytes]


def _span(chance: random.Random, text: bytes, most: int) -> tuple[int, int]:
    start = chance.randint(0, len(text))
    return start, min(len(text), start + chance.randint(0, most))


def _flip_bit(chance: random.Random, text: bytes, _other: bytes, _word: bytes) -> bytes:
    if not text:
        return b"\x00"
    at = chance.randrange(len(text))
    return text[:at] + bytes([text[at] ^ (1 << chance.randrange(8))]) + text[at + 1 :]


def _delete(chance: random.Random, text: bytes, _other: bytes, _word: bytes) -> bytes:
    start, end = _span(chance, text, 12)
    return text[:start] + text[end:]


def _insert_word(chance: random.Random, text: bytes, _other: bytes, word: bytes) -> bytes:
    at = chance.randint(0, len(text))
    return text[:at] + word + text[at:]


def _replace_token(chance: random.Random, text: bytes, _other: bytes, word: bytes) -> bytes:
    tokens = _TOKEN.findall(text[:20_000])
    if not tokens:
        return word
    tokens[chance.randrange(len(tokens))] = word
    return b"".join(tokens) + text[20_000:]


def _swap_tokens(chance: random.Random, text: bytes, _other: bytes, _word: bytes) -> bytes:
    tokens = _TOKEN.findall(text[:20_000])
    if not tokens:
        return text
    first, second = chance.randrange(len(tokens)), chance.randrange(len(tokens))
    tokens[first], tokens[second] = tokens[second], tokens[first]
    return b"".join(tokens) + text[20_000:]


def _repeat_span(chance: random.Random, text: bytes, _other: bytes, _word: bytes) -> bytes:
    start, end = _span(chance, text, 24)
    return text[:end] + text[start:end] * chance.choice((1, 2, 8, 60)) + text[end:]


def _splice(chance: random.Random, text: bytes, other: bytes, _word: bytes) -> bytes:
    start, end = _span(chance, other, 200)
    at = chance.randint(0, len(text))
    return text[:at] + other[start:end] + text[at:]


def _cross(chance: random.Random, text: bytes, other: bytes, _word: bytes) -> bytes:
    return text[: chance.randint(0, len(text))] + other[chance.randint(0, len(other)) :]


def _truncate(chance: random.Random, text: bytes, _other: bytes, _word: bytes) -> bytes:
    return text[: chance.randint(0, len(text))]


def _on_lines(change: Callable[[random.Random, list[bytes], list[bytes]], None]) -> Mutation:
    def mutation(chance: random.Random, text: bytes, other: bytes, _word: bytes) -> bytes:
        lines = text.split(b"\n")
        change(chance, lines, other.split(b"\n"))
        return b"\n".join(lines)

    return mutation


def _drop_line(chance: random.Random, lines: list[bytes], _others: list[bytes]) -> None:
    del lines[chance.randrange(len(lines))]


def _copy_line(chance: random.Random, lines: list[bytes], _others: list[bytes]) -> None:
    lines.insert(chance.randint(0, len(lines)), chance.choice(lines))


def _swap_lines(chance: random.Random, lines: list[bytes], _others: list[bytes]) -> None:
    first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]


def _borrow_lines(chance: random.Random, lines: list[bytes], others: list[bytes]) -> None:
    start = chance.randrange(len(others))
    at = chance.randint(0, len(lines))
    lines[at:at] = others[start : start + chance.randint(1, 5)]


def _indent(chance: random.Random, lines: list[bytes], _others: list[bytes]) -> None:
    at = chance.randrange(len(lines))
    blanks = chance.choice((b"    ", b" ", b"\t", b"  "))
    for index in range(at, min(len(lines), at + chance.choice((1, 1, 3, 100)))):
        lines[index] = blanks + lines[index]


def _dedent(chance: random.Random, lines: list[bytes], _others: list[bytes]) -> None:
    at = chance.randrange(len(lines))
    lines[at] = lines[at].lstrip(b" \t")


_MUTATIONS: Sequence[Mutation] = (
    _flip_bit,
    _delete,
    _insert_word,
    _insert_word,
    _replace_token,
    _replace_token,
    _replace_token,
    _swap_tokens,
    _repeat_span,
    _splice,
    _cross,
    _truncate,
    *map(_on_lines, (_drop_line, _copy_line, _swap_lines, _borrow_lines, _indent, _dedent)),
)


def _blown_up(chance: random.Random, text: bytes) -> bytes:
    """Repeat a piece until the text is about as large as may be."""
    start, end = _span(chance, text, 40)
    if start == end:
        return text
    times = chance.choice((100, 1_000, MAX_BYTES)) // (end - start) + 1
    return text[:end] + text[start:end] * times + text[end:]
