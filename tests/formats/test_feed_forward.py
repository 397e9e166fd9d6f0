"""Functions of measured bits as sums of conjunctions, held against truth tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.aqo import Condition, Operation
from eigen.contracts.errors import UnimplementedError
from eigen.formats.bit_functions import MAX_BITS, Cases, bits_below, bits_equal, both, either, negated, unequal
from eigen.formats.feed_forward import branches

WIDTH = 4
BITS = tuple(range(WIDTH))


def holds(cases: Cases, value: int) -> bool:
    """How many conjunctions hold must be one or none: they exclude each other."""
    (matching,) = [sum(all(value >> bit & 1 == wanted for bit, wanted in case) for case in cases)]
    assert matching <= 1
    return bool(matching)


@st.composite
def functions(draw: st.DrawFn) -> tuple[Cases, frozenset[int]]:
    """A function and the values at which it holds."""
    bits = tuple(draw(st.lists(st.sampled_from(BITS), min_size=1, max_size=WIDTH, unique=True)))
    number = draw(st.integers(-1, 1 << len(bits)))
    read = {value: sum((value >> bit & 1) << position for position, bit in enumerate(bits)) for value in range(16)}
    if draw(st.booleans()):
        return bits_equal(bits, number), frozenset(value for value in range(16) if read[value] == number)
    return bits_below(bits, number), frozenset(value for value in range(16) if read[value] < number)


@given(one=functions(), other=functions())
def test_and_or_and_not_are_those_of_truth_tables(
    one: tuple[Cases, frozenset[int]], other: tuple[Cases, frozenset[int]]
) -> None:
    (left, left_true), (right, right_true) = one, other
    for value in range(16):
        assert holds(left, value) == (value in left_true)
        assert holds(negated(left), value) == (value not in left_true)
        assert holds(both(left, right), value) == (value in left_true & right_true)
        assert holds(either(left, right), value) == (value in left_true | right_true)
        assert holds(unequal(left, right), value) == (value in left_true ^ right_true)


@given(function=functions())
def test_exactly_one_of_two_branches_runs(function: tuple[Cases, frozenset[int]]) -> None:
    cases, true = function
    then, otherwise = Operation("X", (0,)), Operation("Y", (0,))
    emitted = branches(cases, [then], [otherwise])
    for value in range(16):
        ran = [
            one.op
            for one in emitted
            if one.condition is None
            or all(value >> bit & 1 == one.condition.eq >> place & 1 for place, bit in enumerate(one.condition.c))
        ]
        assert ran == (["X"] if value in true else ["Y"])


def test_a_condition_inside_a_branch_is_joined_to_it() -> None:
    inner = Operation("X", (0,), condition=Condition((2,), 1))
    assert branches(bits_equal((0, 1), 2), [inner]) == [inner._replace(condition=Condition((0, 1, 2), 6))]


def test_a_branch_that_can_never_run_is_left_out() -> None:
    inner = Operation("X", (0,), condition=Condition((0,), 1))
    assert branches(bits_equal((0,), 0), [inner]) == []


def test_a_branch_may_overwrite_its_condition_only_at_its_end() -> None:
    """AQO reads a condition again for each operation, so that anything behind it would see the new bit."""
    look, flip = Operation("MEASURE", (0,), c=(0,)), Operation("X", (1,))
    assert [one.op for one in branches(bits_equal((0,), 1), [flip, look])] == ["X", "MEASURE"]
    for then, otherwise in (([look, flip], []), ([look], [flip])):
        with pytest.raises(UnimplementedError) as caught:
            branches(bits_equal((0,), 1), then, otherwise)
        assert caught.value.reason == "CONDITION_OVERWRITTEN"


def test_a_function_of_very_many_bits_is_refused_at_once() -> None:
    wide = bits_equal(range(10_000), 5)
    assert len(wide[0]) == 10_000
    with pytest.raises(UnimplementedError) as caught:
        negated(wide)
    assert str(MAX_BITS) in caught.value.message
