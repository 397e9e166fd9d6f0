"""Conditions on measured bits: for all values of the bits, exactly what Python's meaning of the condition says runs.

The oracle evaluates the condition as Python would, with bits as 0 and 1 and groups of them as numbers whose first bit
is the least significant. It shares nothing with the compiler.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.compiler.pipeline import compile_source
from eigen.contracts.aqo import Operation
from eigen.contracts.aqo_json import decode
from eigen.contracts.compilation import CompiledProgram, CompileLimits, CompileRequest, ProgramSource
from eigen.contracts.errors import EigenError, InvalidArgumentError, ResourceExhaustedError

_NUM_BITS = 5
_ORDERS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class _Predicate(NamedTuple):
    text: str
    holds: Callable[[Sequence[int]], bool]  # of the bits' values


class _Group(NamedTuple):
    text: str
    bits: tuple[int, ...]

    def number(self, values: Sequence[int]) -> int:
        return sum(values[bit] << position for position, bit in enumerate(self.bits))


def _bit(index: int) -> _Predicate:
    return _Predicate(f"m[{index}]", lambda values: values[index] == 1)


def _static(number: int) -> _Predicate:
    return _Predicate(f"n > {number}", lambda _values: number < 1)


@st.composite
def _groups(draw: st.DrawFn, size: int | None = None) -> _Group:
    bits = draw(st.lists(st.integers(0, _NUM_BITS - 1), min_size=size or 1, max_size=size or 3))
    if not draw(st.booleans()):
        return _Group(f"[{', '.join(f'm[{bit}]' for bit in bits)}]", tuple(bits))
    start = draw(st.integers(0, _NUM_BITS - len(bits)))
    return _Group(f"m[{start}:{start + len(bits)}]", tuple(range(start, start + len(bits))))


@st.composite
def _with_number(draw: st.DrawFn) -> _Predicate:
    group, symbol = draw(_groups()), draw(st.sampled_from(sorted(_ORDERS)))
    size = 2 ** len(group.bits)
    number = draw(st.integers(0, size - 1) if symbol in ("==", "!=") else st.integers(-1, size))
    compare = _ORDERS[symbol]
    if draw(st.booleans()):
        return _Predicate(f"{group.text} {symbol} {number}", lambda values: compare(group.number(values), number))
    return _Predicate(f"{number} {symbol} {group.text}", lambda values: compare(number, group.number(values)))


@st.composite
def _with_group(draw: st.DrawFn) -> _Predicate:
    left, symbol = draw(_groups()), draw(st.sampled_from(sorted(_ORDERS)))
    right, compare = draw(_groups(len(left.bits))), _ORDERS[symbol]
    text = f"{left.text} {symbol} {right.text}"
    return _Predicate(text, lambda values: compare(left.number(values), right.number(values)))


@st.composite
def _with_list(draw: st.DrawFn) -> _Predicate:
    group, symbol = draw(_groups()), draw(st.sampled_from(("==", "!=")))
    wanted = draw(st.lists(st.integers(0, 1), min_size=len(group.bits), max_size=len(group.bits)))
    compare = operator.eq if symbol == "==" else operator.ne
    return _Predicate(
        f"{group.text} {symbol} {wanted}", lambda values: compare([values[bit] for bit in group.bits], wanted)
    )


@st.composite
def _member(draw: st.DrawFn) -> _Predicate:
    group, is_in = draw(_groups()), draw(st.booleans())
    numbers = draw(st.lists(st.integers(0, 2 ** len(group.bits) - 1), min_size=1, max_size=3))
    text = f"{group.text} {'in' if is_in else 'not in'} {numbers}"
    return _Predicate(text, lambda values: (group.number(values) in numbers) is is_in)


@st.composite
def _of_all(draw: st.DrawFn) -> _Predicate:
    group, function = draw(_groups()), draw(st.sampled_from((any, all)))
    return _Predicate(
        f"{function.__name__}({group.text})", lambda values: function(values[bit] == 1 for bit in group.bits)
    )


@st.composite
def _chain(draw: st.DrawFn) -> _Predicate:
    group, first, second = draw(_groups()), *draw(st.lists(st.sampled_from(("<", "<=")), min_size=2, max_size=2))
    low, high = draw(st.integers(-1, 4)), draw(st.integers(0, 8))
    return _Predicate(
        f"{low} {first} {group.text} {second} {high}",
        lambda values: _ORDERS[first](low, group.number(values)) and _ORDERS[second](group.number(values), high),
    )


def _joined(parts: st.SearchStrategy[_Predicate]) -> st.SearchStrategy[_Predicate]:
    pairs = st.tuples(parts, parts)
    return st.one_of(
        parts.map(lambda one: _Predicate(f"(not {one.text})", lambda values: not one.holds(values))),
        pairs.map(
            lambda two: _Predicate(
                f"({two[0].text} and {two[1].text})", lambda values: two[0].holds(values) and two[1].holds(values)
            )
        ),
        pairs.map(
            lambda two: _Predicate(
                f"({two[0].text} or {two[1].text})", lambda values: two[0].holds(values) or two[1].holds(values)
            )
        ),
    )


_ATOMS = st.one_of(
    st.integers(0, _NUM_BITS - 1).map(_bit), st.integers(0, 1).map(_static),
    _with_number(), _with_group(), _with_list(), _member(), _of_all(), _chain(),
)  # fmt: skip
_PREDICATES = st.recursive(_ATOMS, _joined, max_leaves=5)
_ASSIGNMENTS = [[number >> bit & 1 for bit in range(_NUM_BITS)] for number in range(2**_NUM_BITS)]


def _compiled(text: str, limits: CompileLimits | None = None) -> CompiledProgram:
    source = ProgramSource(content=text.encode())
    return compile_source(CompileRequest(source=source, limits=limits or CompileLimits()))


def _program(*lines: str) -> str:
    head = "@hybrid_program\ndef main(n: int = 1):\n    q = QubitRegister(8)\n    m = measure(q[:5])\n"
    return head + "".join(f"    {line}\n" for line in lines)


def _gates(text: str) -> list[Operation]:
    """The operations behind the first measurement."""
    return list(decode(_compiled(text).aqo_json).operations[1:])


def _run(operations: Sequence[Operation], values: Sequence[int]) -> list[str]:
    """The operations that run, where bits hold these values."""
    return [
        one.op
        for one in operations
        if one.condition is None
        or all(values[bit] == one.condition.eq >> place & 1 for place, bit in enumerate(one.condition.c))
    ]


@given(_PREDICATES)
def test_a_branch_runs_exactly_where_its_condition_holds(predicate: _Predicate) -> None:
    """Its operations once and in order, and those of its else-block elsewhere."""
    expected = [predicate.holds(values) for values in _ASSIGNMENTS]
    text = _program(f"if {predicate.text}:", "    x(q[5])", "    y(q[6])", "else:", "    z(q[5])", "h(q[7])")
    try:
        operations = _gates(text)
    except InvalidArgumentError as error:
        assert error.reason == "EL0420", "a branch that can never run is refused"
        assert not any(expected)
        return
    for values, holds in zip(_ASSIGNMENTS, expected, strict=True):
        assert _run(operations, values) == [*(["X", "Y"] if holds else ["Z"]), "H"]


@given(_PREDICATES, _PREDICATES, _PREDICATES)
def test_nested_branches_run_where_all_their_conditions_hold(
    outer: _Predicate, inner: _Predicate, other: _Predicate
) -> None:
    text = _program(
        f"if {outer.text}:", f"    if {inner.text}:", "        x(q[5])", f"    elif {other.text}:", "        y(q[5])",
        "    z(q[5])",
    )  # fmt: skip
    try:
        operations = _gates(text)
    except InvalidArgumentError as error:
        assert error.reason == "EL0420"
        first = [outer.holds(values) and inner.holds(values) for values in _ASSIGNMENTS]
        second = [outer.holds(values) and not inner.holds(values) and other.holds(values) for values in _ASSIGNMENTS]
        assert not any(first) or not any(second)
        return
    for values in _ASSIGNMENTS:
        expected = ["X"] if inner.holds(values) else ["Y"] if other.holds(values) else []
        assert _run(operations, values) == ([*expected, "Z"] if outer.holds(values) else [])


@given(_PREDICATES)
def test_no_condition_takes_more_tests_than_values_for_which_it_holds(predicate: _Predicate) -> None:
    text = _program(f"if {predicate.text}:", "    x(q[5])")
    try:
        operations = _gates(text)
    except InvalidArgumentError:
        return
    assert len(operations) <= max(sum(map(predicate.holds, _ASSIGNMENTS)), 1)


_NUM_TESTS = {
    "m[0] or m[1]": 2,
    "m[0] or m[1] or m[2]": 3,
    "not (m[0] and m[1])": 2,
    "m[0] == m[1]": 2,
    "m[0] != m[1]": 2,
    "m[0] == m[1] == m[2]": 2,
    "m != 5": 5,
    "m < 16": 1,
    "m >= 16": 1,
    "m < 2": 1,
    "m > 0": 5,
    "3 <= m < 4": 1,
    "m in (0, 1, 2, 3)": 1,
    "m in (4, 5)": 1,
    "m == [1, 0, 0, 0, 1]": 1,
    "m[:2] == m[2:4]": 4,
    "any(m)": 5,
    "all(m)": 1,
    "m[0] and (m[1] or m[2])": 2,
    "m[0] or not m[0] and m[1]": 2,
    "(m[0] and m[1]) or (m[0] and not m[1])": 1,
    "m[0] == (m[1] and m[2])": 3,
}


@pytest.mark.parametrize("condition", _NUM_TESTS)
def test_natural_conditions_take_few_tests(condition: str) -> None:
    assert len(_gates(_program(f"if {condition}:", "    x(q[5])"))) == _NUM_TESTS[condition]


def test_an_else_block_without_operations_costs_nothing() -> None:
    """Here it would be more than 64 tests; only the `elif` in it emits."""
    cases = [f"{'el' if number else ''}if m == {number * 5}:" for number in range(40)]
    lines = [part for case in cases for part in (case, "    x(q[60])")]
    text = "@hybrid_program\ndef main():\n    q = QubitRegister(61)\n    m = measure(q[:50])\n" + "".join(
        f"    {line}\n" for line in lines
    )
    operations = _gates(text)
    assert [one.condition.eq for one in operations if one.condition] == [number * 5 for number in range(40)]


def test_operations_of_many_tests_count_against_the_limit_before_they_are_made() -> None:
    text = _program("if m[0] or m[1] or m[2]:", "    for _ in range(10):", "        x(q[5])")
    assert _compiled(text, CompileLimits(operations=31)).profile.num_operations == 31
    with pytest.raises(ResourceExhaustedError, match="emits more than 30 operations"):
        _compiled(text, CompileLimits(operations=30))


def test_barriers_stand_once_between_the_tests_of_a_branch() -> None:
    operations = _gates(_program("if m[0] or m[1]:", "    x(q[5])", "    barrier(q[5])", "    y(q[5])"))
    assert [one.op for one in operations] == ["X", "X", "BARRIER", "Y", "Y"]


def test_a_branch_of_many_tests_measures_and_branches_on_what_it_measured() -> None:
    lines = (
        "if m[0] or m[1]:",
        "    k = measure(q[5])",
        "    if k:",
        "        x(q[6])",
        "    else:",
        "        y(q[6])",
    )
    operations = _gates(_program(*lines))
    for number in range(64):
        values = [number >> bit & 1 for bit in range(6)]
        expected = ["MEASURE", "X" if values[5] else "Y"] if values[0] or values[1] else []
        assert _run(operations, values) == expected


def test_a_branch_must_not_measure_into_any_bit_of_its_condition() -> None:
    with pytest.raises(InvalidArgumentError, match="bit 1 is measured again"):
        _compiled(_program("if m[0] or m[1]:", "    measure(q[5], c=1)"))
    with pytest.raises(InvalidArgumentError, match="bit 1 is measured again"):
        _compiled(_program("if m[:2] == 3:", "    x(q[5])", "else:", "    measure(q[5], c=1)"))


def test_static_sides_decide_as_in_python() -> None:
    """And then the other side is not looked at, where Python would not look at it."""
    lines = (
        "if n > 5 and m[9]:",
        "    x(q[5])",
        "if n < 5 or m[9]:",
        "    y(q[5])",
        "if m[0] or n < 5:",
        "    z(q[5])",
    )
    assert [(one.op, one.condition) for one in _gates(_program(*lines))] == [("Y", None), ("Z", None)]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("m == 1.5", "EL0417"),
        ("m == 'X'", "EL0417"),
        ("m == [1, 0]", "EL0417"),
        ("m[0] == [1]", "EL0417"),
        ("m < [1, 0, 0, 0, 0]", "EL0417"),
        ("m[:2] == m[:3]", "EL0417"),
        ("m == 32", "EL0418"),
        ("m == [2, 0, 0, 0, 0]", "EL0418"),
        ("m[0] == 2", "EL0418"),
        ("m", "EL0316"),
        ("not m", "EL0316"),
        ("m and n", "EL0316"),
        ("m[0] + m[1] == 1", "EL0316"),
        ("m[0] and not m[0]", "EL0420"),
        ("m[0] < m[0]", "EL0420"),
        ("m[0] and measure(q[5])", "EL0427"),
        ("0 < m[0] <= measure(q[5])", "EL0427"),
    ],
)
def test_conditions_without_a_meaning_are_refused(condition: str, reason: str) -> None:
    with pytest.raises(EigenError) as caught:
        _compiled(_program(f"if {condition}:", "    x(q[6])"))
    assert caught.value.reason == reason


def test_conditions_that_a_device_would_have_to_test_too_often_are_refused() -> None:
    head = "@hybrid_program\ndef main(n: int):\n    a = measure(range(n))\n    b = measure(range(n, 2 * n))\n"

    def compiled(size: int, symbol: str) -> CompiledProgram:
        source = ProgramSource(content=f"{head}    if a {symbol} b:\n        x(0)\n".encode())
        return compile_source(CompileRequest(source=source, inputs={"n": size}))

    assert compiled(6, "==").profile.num_operations == 2 + 64
    for size, symbol in ((7, "=="), (7, "!="), (20, "=="), (50, "<")):
        with pytest.raises(ResourceExhaustedError, match="more than 64 tests"):
            compiled(size, symbol)


@given(st.integers(0, 2**30))
def test_any_condition_on_many_bits_compiles_or_is_refused(seed: int) -> None:
    """Under a budget of its own, so that one which is not paid for shows."""
    numbers = [seed * prime % 9973 for prime in (2, 3, 5, 7, 11, 13)]
    parts = [f"b[{number % 40}] != b[{number % 37}]" for number in numbers]
    condition = " or ".join(f"({' and '.join(parts[start : start + 3])})" for start in range(4))
    text = f"@hybrid_program\ndef main():\n    b = measure(range(40))\n    if not ({condition}):\n        x(0)\n"
    try:
        _compiled(text, CompileLimits(steps=300_000))
    except EigenError as error:
        assert error.reason in ("EL0420", "EL0512", "EL0520")
