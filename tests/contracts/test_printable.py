"""No text from outside can move a cursor, forge a line or show another name than it has."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.printable import printable, quoted

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
anything = st.text(st.characters(codec=None, exclude_categories=[]))


@given(anything, st.integers(0, 300))
def test_no_unsafe_character_survives(text: str, limit: int) -> None:
    assert not {unicodedata.category(one) for one in printable(text, limit=limit)} & UNSAFE


@given(anything)
def test_it_can_be_encoded_and_stays_on_one_line(text: str) -> None:
    shown = printable(text)
    assert len(shown.encode().splitlines()) <= 1


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=200))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(anything)
def test_what_is_printable_stays_so(text: str) -> None:
    shown = printable(text, limit=10_000)
    assert printable(shown, limit=10**9) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ok\x1b[2Jpwned\x07", "ok\\x1b[2Jpwned\\x07"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("a\nb\u2028c\x85", "a\\x0ab\\u2028c\\x85"),
        ("\ud800\U000e0001", "\\ud800\\U000e0001"),
        ("é 量子 😀", "é 量子 😀"),
    ],
)
def test_unsafe_characters_come_out_as_visible_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_wanted_characters_may_be_kept() -> None:
    assert printable("a\tb\n", keep="\t") == "a\tb\\x0a"


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert printable("a" * 300) == "a" * 200 + "…"


def test_text_is_quoted_and_other_values_read_as_they_are() -> None:
    assert [quoted("a\x1b"), quoted(1024), quoted(1.5), quoted(None)] == ['"a\\x1b"', "1024", "1.5", "None"]


@pytest.mark.parametrize("digits", [60, 5000])
def test_an_integer_too_long_to_read_is_told_by_its_size(digits: int) -> None:
    value = -(10**digits)
    assert quoted(value) == f"an integer of {value.bit_length()} bits"
