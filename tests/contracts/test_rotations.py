"""Gates as products of Pauli rotations, against the gate table's matrices."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from eigen.contracts.gates import GATES
from eigen.contracts.rotations import CLIFFORD_GATES, ROTATIONS, quarter_turns

PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
Array = NDArray[np.complex128]


def product_of(paulis: str, positions: tuple[int, ...], num_qubits: int) -> Array:
    """Return the matrix of a Pauli product, qubit 0 least significant."""
    letters = dict(zip(positions, paulis, strict=True))
    return reduce(np.kron, [PAULI[letters.get(qubit, "I")] for qubit in reversed(range(num_qubits))])


def rotation_of(paulis: str, positions: tuple[int, ...], theta: float, num_qubits: int) -> Array:
    identity = np.eye(2**num_qubits)
    return math.cos(theta / 2) * identity - 1j * math.sin(theta / 2) * product_of(paulis, positions, num_qubits)


def is_same(one: Array, other: Array) -> bool:
    """Whether two unitaries differ by a global phase only."""
    return abs(abs(np.trace(one.conj().T @ other)) - len(one)) < 1e-9


@given(st.sampled_from(sorted(ROTATIONS)), st.lists(st.floats(-7, 7), min_size=4, max_size=4))
def test_the_rotations_of_a_gate_are_the_gate(name: str, drawn: list[float]) -> None:
    gate, angles = GATES[name], drawn[: len(GATES[name].params)]
    made = np.eye(2**gate.num_qubits)
    for one in ROTATIONS[name]:
        theta = math.fsum(c * angle for c, angle in zip(one.coefficients, angles, strict=True))
        made = rotation_of(one.paulis, one.positions, theta, gate.num_qubits) @ made
    assert is_same(made, np.array(gate.unitary(*angles)))


def test_every_gate_with_angles_has_its_rotations() -> None:
    assert ROTATIONS.keys() == {name for name, gate in GATES.items() if gate.params}


def is_clifford(unitary: Array) -> bool:
    """Whether it takes each Pauli letter on each qubit to a Pauli product, by the definition."""
    num_qubits = len(unitary).bit_length() - 1
    for qubit in range(num_qubits):
        for letter in "XZ":
            image = unitary @ product_of(letter, (qubit,), num_qubits) @ unitary.conj().T
            weights = [
                abs(np.trace(image @ product_of("".join(word), tuple(range(num_qubits)), num_qubits)))
                for word in _words(num_qubits)
            ]
            if abs(max(weights) - len(unitary)) > 1e-9:
                return False
    return True


def _words(num_qubits: int) -> list[str]:
    return reduce(lambda words, _: [word + letter for word in words for letter in "IXYZ"], range(num_qubits), [""])


@pytest.mark.parametrize("name", sorted(GATES))
def test_clifford_gates_take_products_to_products(name: str) -> None:
    gate = GATES[name]
    if not gate.params:
        assert (name in CLIFFORD_GATES) == is_clifford(np.array(gate.unitary()))
        return
    for quarters in (0, 1, 2, 3, 5, -1):
        angles = [quarters * math.pi / 2] + [math.pi * position for position in range(1, len(gate.params))]
        turns = quarter_turns(gate.op, angles)
        assert (turns is not None) <= is_clifford(np.array(gate.unitary(*angles)))
        if turns is not None:
            rotations = [rotation_of(one[0], one[1], one[2] * math.pi / 2, gate.num_qubits) for one in turns]
            made = reduce(lambda made, one: one @ made, rotations, np.eye(2**gate.num_qubits))
            assert is_same(made, np.array(gate.unitary(*angles)))
    assert quarter_turns(gate.op, [0.3] * len(gate.params)) is None


@pytest.mark.parametrize("angle", [math.pi, -3 * math.pi / 2, 5 * math.pi / 10, 1e5 * math.pi, 0.1 * 5 * math.pi])
def test_rounding_does_not_hide_a_quarter_turn(angle: float) -> None:
    assert quarter_turns("RX", (angle,)) is not None
    assert quarter_turns("RX", (angle + 1e-9,)) is None or abs(angle) > 1e4
