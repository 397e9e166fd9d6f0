"""Circuits: the value of angles, and what a circuit needs of a device."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.aqo import AQO, Affine, CircuitProfile, Condition, Operation, PauliTerm, evaluate, profile
from eigen.contracts.errors import InvalidArgumentError

floats = st.floats(-1e6, 1e6)


@given(floats, floats, floats, floats)
def test_a_symbolic_angle_has_the_value_of_its_sum(a: float, b: float, x: float, y: float) -> None:
    angle = Affine((("x", a), ("y", b)), 0.5)
    assert evaluate(angle, {"x": x, "y": y}) == pytest.approx(a * x + b * y + 0.5, abs=1e-3)


def test_a_number_is_its_own_value() -> None:
    assert evaluate(0.25, {}) == 0.25


def test_an_angle_without_a_value_for_its_parameter_is_refused() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        evaluate(Affine((("theta", 1.0),)), {"phi": 1.0})
    assert caught.value.reason == "PARAMETER_UNBOUND"
    assert '"theta"' in caught.value.message


@pytest.mark.parametrize("value", [math.inf, math.nan, 1e308])
def test_an_angle_that_is_not_finite_once_bound_is_refused(value: float) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        evaluate(Affine((("a", 1e10), ("b", 1.0))), {"a": value, "b": 1.0})
    assert caught.value.reason == "PARAMETER_NOT_FINITE"


def circuit(*operations: Operation) -> AQO:
    return AQO(qubits=2, clbits=2, operations=operations, observables={"e": (PauliTerm("Z", (0,), 1.0),)})


H, M0, M1 = Operation("H", (0,)), Operation("MEASURE", (0,), c=(0,)), Operation("MEASURE", (1,), c=(1,))


def test_a_profile_counts_operations_and_names_parameters() -> None:
    assert profile(circuit(H, H, M0)) == CircuitProfile(
        qubits=2,
        clbits=2,
        op_counts={"H": 2, "MEASURE": 1},
        observables=("e",),
        observable_bounds=(1.0,),
        is_clifford=True,
    )
    assert profile(circuit(H, H, M0)).num_operations == 3


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ((H, M0, M1), False),
        ((M0, H), True),
        ((M0, Operation("BARRIER", (0, 1)), M1), False),
        ((M0, Operation("MEASURE", (1,), c=(0,))), True),
        ((M0, Operation("RESET", (0,))), True),
        ((M0, M0), True),
    ],
)
def test_a_qubit_used_or_a_bit_written_after_a_measurement_is_mid_circuit(
    operations: tuple[Operation, ...], expected: bool
) -> None:
    assert profile(circuit(*operations)).has_mid_circuit is expected


def test_feed_forward_and_reset_are_seen() -> None:
    seen = profile(circuit(M0, Operation("RESET", (1,)), Operation("X", (1,), condition=Condition((0,), 1))))
    assert (seen.has_reset, seen.has_conditions) == (True, True)
    assert not profile(circuit(H)).has_reset
