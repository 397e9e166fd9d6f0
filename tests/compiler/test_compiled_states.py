"""Physics: compiled circuits give the states of textbooks, by a small simulator built from the gate table.

Index of a state: qubit 0 is the least significant bit.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from eigen.compiler.pipeline import compile_source
from eigen.contracts.aqo import evaluate
from eigen.contracts.aqo_json import decode
from eigen.contracts.compilation import CompileRequest, ProgramSource
from eigen.contracts.gates import GATES

State = npt.NDArray[np.complex128]
"""Amplitudes, shape (2^n,)."""


def _state(program: str, inputs: Mapping[str, Any]) -> State:
    """The state before the final measurement."""
    compiled = compile_source(CompileRequest(source=ProgramSource(content=program.encode()), inputs=inputs))
    circuit = decode(compiled.aqo_json)
    state = np.zeros(2**circuit.qubits, dtype=np.complex128)
    state[0] = 1
    for operation in circuit.operations:
        if operation.op.lower() in GATES:
            angles = [evaluate(one, compiled.binding) for one in operation.params]
            state = _applied(state, np.array(GATES[operation.op.lower()].unitary(*angles)), operation.q)
    return state


def _applied(state: State, matrix: State, qubits: tuple[int, ...]) -> State:
    """Apply a gate whose first qubit is the least significant bit of its matrix's index."""
    num_qubits = int(math.log2(len(state)))
    axes = [num_qubits - 1 - qubit for qubit in reversed(qubits)]
    moved = np.moveaxis(state.reshape([2] * num_qubits), axes, range(len(qubits)))
    turned = (matrix @ moved.reshape(2 ** len(qubits), -1)).reshape(moved.shape)
    return np.moveaxis(turned, range(len(qubits)), axes).reshape(-1)


_GHZ = """
@hybrid_program
def main(n: int):
    q = QubitRegister(n)
    h(q[0])
    for a, b in zip(q, q[1:]):
        cx(a, b)
"""

_QFT = """
from math import pi

def qft(q):
    for i in reversed(range(q.size)):
        h(q[i])
        for j in range(i):
            cp(q[j], q[i], pi / 2 ** (i - j))
    for i in range(q.size // 2):
        swap(q[i], q[q.size - 1 - i])

@hybrid_program
def main(n: int, k: int):
    q = QubitRegister(n)
    for i in range(n):
        if k >> i & 1:
            x(q[i])
    qft(q)
"""

_TURN = """
@hybrid_program
def main(theta: Param):
    ry(0, 2 * theta)
    crx(0, 1, theta / 2 + 1)
"""


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_ghz_state_has_two_equal_amplitudes(n: int) -> None:
    expected = np.zeros(2**n, dtype=np.complex128)
    expected[0] = expected[-1] = math.sqrt(0.5)
    np.testing.assert_allclose(_state(_GHZ, {"n": n}) if n > 1 else expected, expected, atol=1e-12)


@pytest.mark.parametrize("k", [0, 1, 5, 13])
def test_the_quantum_fourier_transform_of_a_basis_state_is_a_plane_wave(k: int) -> None:
    expected = np.array([cmath.exp(2j * math.pi * k * index / 16) / 4 for index in range(16)])
    np.testing.assert_allclose(_state(_QFT, {"n": 4, "k": k}), expected, atol=1e-12)


@pytest.mark.parametrize("theta", [0.0, 0.3, -2.0])
def test_parameters_turn_by_their_affine_angles(theta: float) -> None:
    """RY(2θ) on qubit 0, then RX(θ/2 + 1) on qubit 1 where qubit 0 is 1: in closed form."""
    half = (theta / 2 + 1) / 2
    expected = [math.cos(theta), math.sin(theta) * math.cos(half), 0, -1j * math.sin(theta) * math.sin(half)]
    np.testing.assert_allclose(_state(_TURN, {"theta": theta}), expected, atol=1e-12)
