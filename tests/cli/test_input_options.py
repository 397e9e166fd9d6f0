"""`--input NAME=VALUE`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.cli.inputs import parse_inputs
from eigen.contracts.errors import InvalidArgumentError

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,10}", fullmatch=True)
SCALARS = st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(inputs=st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_is_written_as_json_is_read_back(inputs):
    read = parse_inputs([f"{name}={json.dumps(value)}" for name, value in inputs.items()])
    assert json.dumps(read) == json.dumps(inputs)  # 1, 1.0 and true differ


@given(name=NAMES, text=st.text())
def test_anything_behind_the_equals_sign_is_taken(name, text):
    (value,) = parse_inputs([f"{name}={text}"]).values()
    assert isinstance(value, bool | int | float | str | list)


@pytest.mark.parametrize("text", ["bell", "", "NaN", "Infinity", "null", '{"a": 1}', "[1,", "1_000", "=", "[" * 10**5])
def test_what_is_no_json_constant_is_text(text):
    assert parse_inputs([f"a={text}"]) == {"a": text}


@pytest.mark.parametrize("texts", [["a"], ["=1"], [""], ["a=1", "b=1", "a=2"]])
def test_a_name_is_needed_and_comes_once(texts):
    with pytest.raises(InvalidArgumentError):
        parse_inputs(texts)
