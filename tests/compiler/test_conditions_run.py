"""Programs with conditions on measured bits, run by the whole system: as their formulas say."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import eigen
from eigen.compiler.pipeline import compile_source
from eigen.contracts.aqo_json import decode
from eigen.contracts.compilation import CompileRequest, ProgramSource
from eigen.testing.driver_conformance import assert_distribution
from eigen.verification.exact_distribution import exact_distribution

Choice = Callable[[int, int, int], int]

_PROGRAM = """
@hybrid_program(shots=4000, seed=11)
def main():
    q = QubitRegister(5)
    for i in range(3):
        ry(q[i], 1.1 + 0.4 * i)
    m = measure(q[:3])
    if {0}:
        x(q[3])
    elif {1}:
        x(q[4])
    else:
        x(q[3:])
    measure(q[3:])
"""

CONDITIONS: dict[str, tuple[str, str, Choice]] = {
    # what: the two conditions, and what the two last bits hold for the values of the first three
    "one, some, none": ("m in (1, 2, 4)", "any(m)", lambda a, b, c: {0: 3, 1: 1}.get(a + b + c, 2)),
    "majority, parity": (
        "m[0] and m[1] or m[2] and (m[0] or m[1])",
        "(m[0] != m[1]) != m[2]",
        lambda a, b, c: 1 if a + b + c > 1 else 2 if (a + b + c) % 2 else 3,
    ),
    "orders": ("2 <= m < 6", "m > 6 or not m[0]", lambda a, b, c: _by_order(a + 2 * b + 4 * c, a)),
    "bits against bits": (
        "m[:2] == m[1:]",
        "m[:2] < m[1:]",
        lambda a, b, c: 1 if (a, b) == (b, c) else 2 if a + 2 * b < b + 2 * c else 3,
    ),
}


def _by_order(number: int, lowest: int) -> int:
    return 1 if 2 <= number < 6 else 2 if number > 6 or not lowest else 3


def _expected(choose: Choice) -> dict[str, float]:
    """Three biased coins, and what follows from them; bit 0 is the rightmost character."""
    ones = [math.sin((1.1 + 0.4 * index) / 2) ** 2 for index in range(3)]
    found = {}
    for number in range(8):
        coins = [number >> index & 1 for index in range(3)]
        chance = math.prod(one if coin else 1 - one for coin, one in zip(coins, ones, strict=True))
        found[f"{choose(*coins):02b}{number:03b}"] = chance
    return found


@pytest.mark.parametrize(("first", "second", "choose"), CONDITIONS.values(), ids=CONDITIONS)
def test_branches_run_as_their_conditions_say(
    eigen_client: eigen.Client, first: str, second: str, choose: Choice
) -> None:
    program, expected = _PROGRAM.format(first, second), _expected(choose)
    circuit = decode(compile_source(CompileRequest(source=ProgramSource(content=program.encode()))).aqo_json)
    assert exact_distribution(circuit) == pytest.approx(expected)
    counts = eigen_client.submit(program).results().counts
    assert counts is not None
    assert_distribution(counts, expected, story=first)
