"""Canonical JSON is RFC 8785's, and reading is strict."""

from __future__ import annotations

import hashlib
import json
import struct
import tracemalloc
from collections import OrderedDict
from enum import IntEnum, StrEnum

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from eigen.contracts.canonical import canonical_json, read_json, sha256_hex
from eigen.contracts.errors import EigenError, InvalidArgumentError, ResourceExhaustedError

RFC_8785_APPENDIX_B = """
0000000000000000 0
8000000000000000 0
0000000000000001 5e-324
8000000000000001 -5e-324
7fefffffffffffff 1.7976931348623157e+308
ffefffffffffffff -1.7976931348623157e+308
4340000000000000 9007199254740992
c340000000000000 -9007199254740992
4430000000000000 295147905179352830000
44b52d02c7e14af5 9.999999999999997e+22
44b52d02c7e14af6 1e+23
44b52d02c7e14af7 1.0000000000000001e+23
444b1ae4d6e2ef4e 999999999999999700000
444b1ae4d6e2ef4f 999999999999999900000
444b1ae4d6e2ef50 1e+21
3eb0c6f7a0b5ed8c 9.999999999999997e-7
3eb0c6f7a0b5ed8d 0.000001
41b3de4355555553 333333333.3333332
41b3de4355555554 333333333.33333325
41b3de4355555555 333333333.3333333
41b3de4355555556 333333333.3333334
41b3de4355555557 333333333.33333343
becbf647612f3696 -0.0000033333333333333333
43143ff3c1cb0959 1424953923781206.2
"""

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


def read(text: str | bytes, *, max_bytes: int = 10_000_000, max_depth: int = 32) -> object:
    return read_json(text if isinstance(text, bytes) else text.encode(), max_bytes=max_bytes, max_depth=max_depth)


@pytest.mark.parametrize("line", RFC_8785_APPENDIX_B.strip().splitlines())
def test_numbers_are_written_as_in_appendix_b_of_rfc_8785(line: str) -> None:
    bits, text = line.split()
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(number).decode() == text


def test_the_example_of_rfc_8785_section_3_2_2_comes_out_as_printed_there() -> None:
    source = rb"""{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"""
    assert canonical_json(read(source)).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@given(values)
@example(
    {"": [], "a": {}, "\x7f": '\u2028\x00\x1f\x7f/"\\\b\f', "A": (1.0, -0.0, 1e16, 1e-5, 1e21, 123456789012345680000.0)}
)
@example([True, 1, Colour.RED, Level.HIGH, OrderedDict(b=1, a=2)])
def test_values_are_written_byte_for_byte_as_the_reference_package_does(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # JSON values


@given(
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-400, 400).map(lambda power: 1.5 * 10.0 ** (power / 2))
)
def test_every_number_is_written_as_the_reference_package_does(number: float) -> None:
    assert canonical_json(number) == rfc8785.dumps(number)


@pytest.mark.parametrize(
    "value",
    [
        {1: "a"},
        {"a": {None: 1}},
        {"a": b"bytes"},
        object(),
        {"a": {1, 2}},
        [float("nan")],
        "\ud800",
        {"\udc00": 1},
        {"é": 1, "\ud800": 2},
    ],
)
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(InvalidArgumentError):
        canonical_json(value)


def test_keys_are_sorted_by_utf_16_code_units_as_in_section_3_2_3() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    written = json.loads(canonical_json(dict.fromkeys(keys)))
    assert list(written) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@given(values)
def test_what_is_written_is_read_back_equal(value: object) -> None:
    assert read(canonical_json(value), max_depth=100) == value


@given(values)
def test_writing_what_was_read_gives_the_same_bytes(value: object) -> None:
    content = canonical_json(value)
    assert canonical_json(json.loads(content, parse_int=float)) == content


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {1: 2}, {"a": object()}])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        canonical_json(value)
    assert caught.value.reason == "JSON_VALUE"
    assert caught.value.hint


@pytest.mark.parametrize("value", [2**53, -(2**53), 10**400])
def test_an_integer_that_json_readers_would_round_is_refused(value: int) -> None:
    with pytest.raises(ResourceExhaustedError) as caught:
        canonical_json(value)
    assert caught.value.reason == "JSON_INTEGER"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("", InvalidArgumentError, "JSON_SYNTAX"),
        ("{", InvalidArgumentError, "JSON_SYNTAX"),
        ("[1,]", InvalidArgumentError, "JSON_SYNTAX"),
        ("1 2", InvalidArgumentError, "JSON_SYNTAX"),
        ("{'a':1}", InvalidArgumentError, "JSON_SYNTAX"),
        ("[01]", InvalidArgumentError, "JSON_SYNTAX"),
        ('"a\nb"', InvalidArgumentError, "JSON_SYNTAX"),
        ("\ufeff{}", InvalidArgumentError, "JSON_SYNTAX"),
        ("{}".encode("utf-16"), InvalidArgumentError, "JSON_ENCODING"),
        (b'"\xc0\xaf"', InvalidArgumentError, "JSON_ENCODING"),
        ('{"a":1,"a":1}', InvalidArgumentError, "JSON_DUPLICATE_KEY"),
        ('{"b":{"a":1,"\\u0061":1}}', InvalidArgumentError, "JSON_DUPLICATE_KEY"),
        ("[NaN]", InvalidArgumentError, "JSON_NOT_FINITE"),
        ("[-Infinity]", InvalidArgumentError, "JSON_NOT_FINITE"),
        ("1e999", InvalidArgumentError, "JSON_NOT_FINITE"),
        ('"\\ud800"', InvalidArgumentError, "JSON_SURROGATE"),
        ('{"\\udc00\\ud800":1}', InvalidArgumentError, "JSON_SURROGATE"),
        ("9" * 5000, ResourceExhaustedError, "JSON_INTEGER"),
        ("9" * 400, ResourceExhaustedError, "JSON_INTEGER"),
        ("[" * 33 + "]" * 33, ResourceExhaustedError, "JSON_DEPTH"),
        ("[" * 1_000_000, ResourceExhaustedError, "JSON_DEPTH"),
        ('{"a":' * 100_000, ResourceExhaustedError, "JSON_DEPTH"),
        ('["\\"]",' * 40 + '"]"' + "[" * 100 + "]" * 140, ResourceExhaustedError, "JSON_DEPTH"),
        (" " * 10_000_001, ResourceExhaustedError, "JSON_SIZE"),
    ],
)
def test_what_other_readers_take_is_refused_with_a_reason(
    text: str | bytes, kind: type[EigenError], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        read(text)
    assert caught.value.reason == reason
    assert caught.value.hint


def test_brackets_in_texts_do_not_count_as_nesting() -> None:
    assert read('["[[[[", "\\"[[[[", {"}": "]"}]', max_depth=2) == ["[[[[", '"[[[[', {"}": "]"}]


def test_a_pair_of_surrogates_and_an_escaped_backslash_before_u_are_fine() -> None:
    assert read('"\\ud83d\\ude00 \\\\ud800"') == "😀 \\ud800"


@given(values, st.integers(0, 6))
def test_exactly_what_nests_deeper_than_allowed_is_refused(value: object, max_depth: int) -> None:
    def depth(one: object) -> int:
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)

    if depth(value) <= max_depth:
        assert read(canonical_json(value), max_depth=max_depth) == value
    else:
        with pytest.raises(ResourceExhaustedError, match="nests deeper"):
            read(canonical_json(value), max_depth=max_depth)


@given(st.binary(max_size=100) | st.text('[]{}",:\\u0d8e1- \n', max_size=60).map(str.encode))
def test_bytes_of_any_kind_are_a_value_or_a_typed_error(content: bytes) -> None:
    try:
        read(content)
    except EigenError as error:
        assert error.reason.startswith("JSON_")


def test_a_digest_is_sha_256_in_lower_case_hexadecimal() -> None:
    assert sha256_hex(b"abc") == hashlib.sha256(b"abc").hexdigest()


def test_what_is_kept_of_a_short_document_is_short() -> None:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = [canonical_json({"a": list(range(300))}) for _ in range(100)]
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held < 2 * sum(map(len, kept))
