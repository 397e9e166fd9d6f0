"""What `sim:auto` and `sim:local` choose, and that they say why."""

from __future__ import annotations

import math
from typing import Any

import pytest

from eigen.contracts.aqo import AQO, Operation, PauliTerm, profile
from eigen.contracts.execution import ExecutionOptions
from eigen.drivers.aer.simulator import choose
from eigen.drivers.simulator.choice import choose_engine

ALL = ("local", "qulacs", "stim", "qsim")


def chain(qubits: int, *, depth: int = 1, angle: float = 0.3, **changes: Any) -> AQO:
    """Layers of rotations and a chain of cx: one bit of entanglement for each layer."""
    every = tuple(range(qubits))
    layer = [Operation("RX", (qubit,), (angle,)) for qubit in every]
    layer += [Operation("CX", (qubit, qubit + 1)) for qubit in every[:-1]]
    last = Operation("MEASURE", every, c=every)
    return AQO(**{"qubits": qubits, "clbits": qubits, "operations": (*layer * depth, last), **changes})


def clifford(qubits: int) -> AQO:
    return chain(qubits, depth=qubits, angle=math.pi / 2)


ENERGY = {"energy": (PauliTerm("Z", (0,), 1.0),)}
AGAIN = (*chain(4).operations, Operation("H", (0,)), Operation("MEASURE", (0,), c=(0,)))
CLIFFORD_AGAIN = (*clifford(4).operations, Operation("H", (0,)), Operation("MEASURE", (0,), c=(0,)))

CHOICES = [
    # circuit, engine where all are installed, where only Aer and Qulacs are, what the reason names
    (chain(2), "qulacs", "qulacs", "least overhead"),
    (clifford(11), "qulacs", "qulacs", "least overhead"),
    (clifford(12), "stim", "qulacs", "Clifford"),
    (chain(4, operations=CLIFFORD_AGAIN), "stim", "qulacs", "measurements in the middle"),
    (chain(4, operations=AGAIN), "qulacs", "qulacs", "branches"),
    (chain(12, depth=20), "qulacs", "qulacs", "least overhead"),
    (chain(13, depth=20), "qsim", "qulacs", "single precision"),
    (chain(19, depth=20, observables=ENERGY), "qulacs", "qulacs", "least overhead"),
    (chain(20, depth=20, observables=ENERGY), "local", "local", "fuses"),
    (chain(20, depth=20), "qsim", "local", "single precision"),
    (chain(50, depth=4), "local", "local", "matrix product state"),
    (chain(50, depth=4, observables=ENERGY), "local", "local", "matrix product state"),
    (chain(1_000, angle=math.pi / 2), "stim", "local", "Clifford"),
]


@pytest.mark.parametrize(("circuit", "best", "without", "word"), CHOICES)
def test_the_engine_is_chosen_by_the_circuit_and_by_what_is_installed(
    circuit: AQO, best: str, without: str, word: str
) -> None:
    options = ExecutionOptions(shots=100, seed=1)
    choice = choose_engine(profile(circuit), options, installed=ALL)
    assert (choice.engine, word in choice.reason) == (best, True), choice
    fewer = choose_engine(profile(circuit), options, installed=("local", "qulacs"))
    assert (fewer.engine, f"sim:{best} would be faster" in fewer.reason) == (without, best != without)
    alone = choose_engine(profile(circuit), options, installed=("local",))
    assert (alone.engine, "would be faster" in alone.reason) == ("local", best != "local")


def test_noise_is_simulated_by_aer() -> None:
    options = ExecutionOptions(shots=100, seed=1, noise_model="depolarizing:0.01")
    assert choose_engine(profile(clifford(30)), options, installed=ALL).engine == "local"


@pytest.mark.parametrize(
    ("circuit", "method"),
    [
        (chain(21, depth=2), "statevector"),
        (chain(22, depth=2), "matrix_product_state"),
        (chain(24, depth=8), "statevector"),
        (chain(60, depth=2), "matrix_product_state"),
        (chain(60, depth=40), "statevector"),
        (AQO(qubits=40, clbits=0, operations=tuple(Operation("CX", (0, one)) for one in range(1, 40))), "stabilizer"),
        (AQO(qubits=13, clbits=0, operations=(Operation("CX", (0, 12)),)), "statevector"),
        (AQO(qubits=14, clbits=0, operations=(Operation("CX", (0, 13)),)), "stabilizer"),
        (AQO(qubits=14, clbits=0, operations=(Operation("CX", (0, 13)),), observables=ENERGY), "statevector"),
        (AQO(qubits=400, clbits=0, operations=(Operation("CX", (0, 399)),)), "stabilizer"),
        (
            AQO(qubits=400, clbits=0, operations=(Operation("CX", (0, 399)),), observables=ENERGY),
            "matrix_product_state",
        ),
        (AQO(qubits=400, clbits=0, operations=(Operation("RESET", (0,)),)), "matrix_product_state"),
    ],
)
def test_aers_method_is_chosen_by_the_circuit(circuit: AQO, method: str) -> None:
    choice = choose(profile(circuit), 2**34)
    assert choice.method == method
    assert choice.reason
