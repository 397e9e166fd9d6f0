"""Noise on Aer against density matrices that NumPy evolves by Kraus operators, written from the definitions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from eigen.contracts.aqo import AQO, Condition, Operation, PauliTerm
from eigen.contracts.aqo_json import encode
from eigen.contracts.gates import GATES
from eigen.contracts.noise import NoiseModel, read_noise_model
from eigen.drivers.aer.engine import AerEngine
from eigen.testing.driver_conformance import assert_distribution

Array = NDArray[np.complex128]
PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.array([[1, 0], [0, -1]]),
}
EVERYTHING = (
    "amplitude_damping:0.05,0.02 + depolarizing:1q=0.03,2q=0.07 + phase_damping:0.04,0.1 "
    "+ thermal:t1=50us,t2=70us,gate1q=3us,gate2q=8us"
)
ENGINE = AerEngine()


class Evolution:
    """A mixture of density matrices, one for each value of the classical bits; qubit 0 is the least significant."""

    def __init__(self, circuit: AQO, noise: NoiseModel) -> None:
        self.num_qubits = circuit.qubits
        self.noise = noise
        pure = np.zeros((2**circuit.qubits,) * 2, dtype=complex)
        pure[0, 0] = 1
        self.branches: dict[int, Array] = {0: pure}
        for operation in circuit.operations:
            self.apply(operation)

    def apply(self, operation: Operation) -> None:
        after: dict[int, Array] = {}
        for bits, state in self.branches.items():
            c, eq = operation.condition or Condition((), 0)
            holds = sum((bits >> clbit & 1) << place for place, clbit in enumerate(c)) == eq
            for new_bits, new_state in self.outcomes(operation, bits, state) if holds else [(bits, state)]:
                after[new_bits] = after.get(new_bits, 0) + new_state
        self.branches = after

    def outcomes(self, operation: Operation, bits: int, state: Array) -> list[tuple[int, Array]]:
        if operation.op == "MEASURE":
            found = [(bits, state)]
            for qubit, clbit in zip(operation.q, operation.c, strict=True):
                found = [one for pair in found for one in self.read(*pair, qubit, clbit)]
            return found
        if operation.op == "RESET":
            (qubit,) = operation.q
            down = np.array([[0, 1], [0, 0]])
            return [(bits, self.channel(state, [np.diag([1, 0]), down], (qubit,)))]
        if operation.op == "FREE_H":
            return [(bits, self.channel(state, [np.array([[1, 1], [1, -1]]) / math.sqrt(2)], operation.q))]
        state = self.channel(state, [unitary_of(operation)], operation.q)
        for one in self.noise.on_gates:
            strength = one.strength(len(operation.q))
            if one.name == "depolarizing":
                state = self.channel(state, depolarizing(strength, len(operation.q)), operation.q)
            else:
                for qubit in operation.q:
                    state = self.channel(state, self.kraus(one.name, strength), (qubit,))
        return [(bits, state)]

    def read(self, bits: int, state: Array, qubit: int, clbit: int) -> list[tuple[int, Array]]:
        for one in self.noise.on_gates:
            if one.name == "thermal":
                state = self.channel(state, self.kraus("thermal", one["readout"]), (qubit,))
        zero_as_one, one_as_zero = self.noise.readout
        outcomes = []
        for value, wrong in ((0, zero_as_one), (1, one_as_zero)):
            projected = self.channel(state, [np.diag([1 - value, value])], (qubit,))
            for seen, probability in ((value, 1 - wrong), (1 - value, wrong)):
                outcomes.append((bits & ~(1 << clbit) | seen << clbit, probability * projected))
        return outcomes

    def kraus(self, name: str, strength: float) -> list[Array]:
        if name == "amplitude_damping":
            return [np.diag([1, math.sqrt(1 - strength)]), math.sqrt(strength) * np.array([[0, 1], [0, 0]])]
        if name == "phase_damping":
            return [np.diag([1, math.sqrt(1 - strength)]), np.diag([0, math.sqrt(strength)])]
        (thermal,) = [one for one in self.noise.channels if one.name == "thermal"]
        decay, coherence = math.exp(-strength / thermal["t1"]), math.exp(-strength / thermal["t2"])
        damping = 1 - decay  # then what is left of the coherence is lost in phase
        dephasing = 1 - coherence**2 / decay
        first, second = self.kraus("amplitude_damping", damping), self.kraus("phase_damping", dephasing)
        return [later @ earlier for later in second for earlier in first]

    def channel(self, state: Array, kraus: list[Array], qubits: tuple[int, ...]) -> Array:
        wide = [embedded(one, qubits, self.num_qubits) for one in kraus]
        return sum(one @ state @ one.conj().T for one in wide)

    @property
    def state(self) -> Array:
        return sum(self.branches.values())

    def probabilities(self, num_bits: int) -> dict[str, float]:
        found = {f"{bits:0{num_bits}b}": float(np.trace(state).real) for bits, state in self.branches.items()}
        return {bits: probability for bits, probability in found.items() if probability > 1e-12}


def unitary_of(operation: Operation) -> Array:
    gate = next(one for one in GATES.values() if one.op == operation.op)
    return np.array(gate.unitary(*operation.params), dtype=complex)


def depolarizing(p: float, num_qubits: int) -> list[Array]:
    """(1 − p) ρ + p 1/2^n as a sum over all Pauli products, each with p / 4^n."""
    products = [product(letters) for letters in itertools.product("IXYZ", repeat=num_qubits)]
    weights = [p / 4**num_qubits] * len(products)
    weights[0] += 1 - p
    return [math.sqrt(weight) * one for weight, one in zip(weights, products, strict=True)]


def product(letters: tuple[str, ...]) -> Array:
    """The first letter acts on the least significant qubit."""
    matrix = np.eye(1)
    for letter in letters:
        matrix = np.kron(PAULIS[letter], matrix)
    return matrix


def embedded(matrix: Array, qubits: tuple[int, ...], num_qubits: int) -> Array:
    rest = [qubit for qubit in range(num_qubits) if qubit not in qubits]
    wide = np.zeros((2**num_qubits,) * 2, dtype=complex)
    for row, column in itertools.product(range(2**num_qubits), repeat=2):
        if all(row >> qubit & 1 == column >> qubit & 1 for qubit in rest):
            inner = [
                sum((index >> qubit & 1) << place for place, qubit in enumerate(qubits)) for index in (row, column)
            ]
            wide[row, column] = matrix[inner[0], inner[1]]
    return wide


def run(circuit: AQO, noise: NoiseModel, *, method: str, shots: int = 1) -> list[Mapping[str, object]]:
    arguments = {
        "method": method,
        "shots": shots,
        "num_threads": 1,
        "max_memory_mb": 256,
        "bindings": [{}],
        "seeds": [7],
        "noise_model": str(noise),
    }
    return list(ENGINE.run(ENGINE.prepare(encode(circuit)), arguments))


def counts_of(circuit: AQO, noise: NoiseModel, *, method: str, shots: int) -> dict[str, int]:
    parts = run(circuit, noise, method=method, shots=shots)
    return {bits: count for part in parts for bits, count in part.get("counts", {}).items()}


def measured(num_qubits: int, *operations: Operation, clbits: tuple[int, ...] = ()) -> AQO:
    order = clbits or tuple(range(num_qubits))
    return AQO(
        qubits=num_qubits,
        clbits=num_qubits,
        operations=(*operations, Operation("MEASURE", tuple(range(num_qubits)), c=order)),
    )


@pytest.mark.parametrize("noise", [EVERYTHING, EVERYTHING.replace("70us", "20us")], ids=["T2>T1", "T2<T1"])
def test_every_gate_of_the_table_has_its_noise_and_the_state_is_exact(noise: str) -> None:
    """All Pauli products of the state behind each gate; the qubits come to it in an order that is not theirs."""
    model = read_noise_model(noise)
    faults = []
    for gate in GATES.values():
        qubits = tuple(reversed(range(gate.num_qubits)))
        turned = [Operation("U", (qubit,), (0.4 + qubit, 0.3, 1.1 - qubit)) for qubit in qubits]
        angles = tuple(0.7 + 0.5 * place for place in range(len(gate.params)))
        letters = list(itertools.product("IXYZ", repeat=gate.num_qubits))[1:]
        circuit = AQO(
            qubits=gate.num_qubits,
            clbits=0,
            operations=(*turned, Operation(gate.op, qubits, angles)),
            observables={"".join(one): (term(one),) for one in letters},
        )
        (values,) = run(circuit, model, method="density_matrix")
        state = Evolution(replace(circuit, observables={}), model).state
        for one in letters:
            expected = np.trace(product(one) @ state).real
            if abs(values["expectation_values"]["".join(one)] - expected) > 1e-9:
                faults.append(f"{gate.name} {one}: {values['expectation_values'][''.join(one)]}, not {expected}")
    assert not faults


def term(letters: tuple[str, ...]) -> PauliTerm:
    acting = [(letter, qubit) for qubit, letter in enumerate(letters) if letter != "I"]
    return PauliTerm("".join(letter for letter, _ in acting), tuple(qubit for _, qubit in acting), 1.0)


def test_the_parameter_of_depolarizing_is_aers() -> None:
    """⟨Z⟩ of |0⟩ behind an X with p is −(1 − p), and ⟨ZZ⟩ behind a CX as well."""
    operations = (Operation("X", (0,)), Operation("CX", (0, 1)))
    observables = {"z": (PauliTerm("Z", (0,), 1.0),)}
    one = AQO(qubits=1, clbits=0, operations=operations[:1], observables=observables)
    two = AQO(qubits=2, clbits=0, operations=operations, observables=observables)
    noise = read_noise_model("depolarizing:1q=0.1,2q=0.2")
    for circuit, expected in ((one, -0.9), (two, -0.9 * 0.8)):
        (part,) = run(circuit, noise, method="density_matrix")
        assert part["expectation_values"] == {"z": pytest.approx(expected)}


BELL = (Operation("H", (0,)), Operation("CX", (0, 1)), Operation("SX", (1,)), Operation("CZ", (1, 2)))
FED_FORWARD = AQO(
    qubits=3,
    clbits=3,
    operations=(
        *BELL,
        Operation("MEASURE", (0,), c=(2,), basis="X"),
        Operation("X", (1,), condition=Condition((2,), 1)),
        Operation("RESET", (2,)),
        Operation("CX", (0, 2), condition=Condition((2,), 0)),
        Operation("MEASURE", (1, 2), c=(0, 1)),
    ),
)
UNWRITTEN = AQO(
    qubits=2,
    clbits=4,
    operations=(
        Operation("X", (0,), condition=Condition((1, 3), 0)),
        Operation("MEASURE", (0,), c=(1,)),
        Operation("H", (1,), condition=Condition((2, 1), 2)),
        Operation("X", (1,), condition=Condition((1, 3), 3)),
        Operation("MEASURE", (1,), c=(0,), condition=Condition((3,), 0)),
        Operation("MEASURE", (0,), c=(2,)),
    ),
)
CASES = {
    "bits of other qubits": measured(3, *BELL, clbits=(2, 0, 1)),
    "rotations to the basis are free of noise": AQO(
        qubits=2, clbits=2, operations=(*BELL[:2], Operation("MEASURE", (0, 1), c=(1, 0), basis="X"))
    ),
    "conditions see what was read": FED_FORWARD,
    "a bit that nothing was measured into yet is 0": UNWRITTEN,
    "qubits under a condition are never measured": AQO(
        qubits=3,
        clbits=1,
        operations=(
            Operation("MEASURE", (2,), c=(0,)),
            Operation("CX", (1, 0), condition=Condition((0,), 1)),
            Operation("MEASURE", (2,), c=(0,), basis="X"),
        ),
    ),
    "a value that is overwritten is misread once": AQO(
        qubits=3,
        clbits=2,
        operations=(
            *BELL[:2],
            Operation("MEASURE", (0, 2), c=(1, 0)),
            Operation("MEASURE", (1,), c=(1,)),
            Operation("MEASURE", (2,), c=(0,), basis="X"),
        ),
    ),
    "no measurement ever runs": AQO(
        qubits=1,
        clbits=2,
        operations=(Operation("X", (0,)), Operation("MEASURE", (0,), c=(0,), condition=Condition((1,), 1))),
    ),
}
READOUT = "readout:0.1,0.3 + thermal:t1=10us,t2=15us,gate1q=1us,gate2q=2us,readout=4us + depolarizing:0.02,0.05"
PAULI = "phase_damping:0.1 + depolarizing:0.02,0.05 + readout:0.1,0.3"


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("method", "noise", "shots"),
    [
        ("density_matrix", READOUT, 4_000),
        ("statevector", READOUT, 4_000),
        ("matrix_product_state", READOUT, 2_000),
        ("stabilizer", PAULI, 4_000),
    ],
)
def test_counts_have_the_distribution_of_the_noisy_state(name: str, method: str, noise: str, shots: int) -> None:
    model, circuit = read_noise_model(noise), CASES[name]
    expected = Evolution(in_computational_basis(circuit), model).probabilities(circuit.clbits)
    assert_distribution(counts_of(circuit, model, method=method, shots=shots), expected, story=f"{name} by {method}")


@pytest.mark.parametrize("method", ["statevector", "matrix_product_state"])
@pytest.mark.parametrize("strength", ["0.3", "1"])
def test_gates_on_three_qubits_have_noise_of_every_kind_shot_by_shot(method: str, strength: str) -> None:
    model = read_noise_model(f"depolarizing:1q={strength},2q=0.4 + amplitude_damping:1q={strength},2q=0.2")
    circuit = AQO(
        qubits=3,
        clbits=3,
        operations=(
            *BELL,
            Operation("MEASURE", (0,), c=(2,)),
            Operation("CCX", (2, 0, 1), condition=Condition((2,), 1)),
            Operation("MEASURE", (1, 2), c=(1, 0)),
        ),
    )
    expected = Evolution(circuit, model).probabilities(3)
    assert_distribution(counts_of(circuit, model, method=method, shots=2_000), expected, story=method)


def in_computational_basis(circuit: AQO) -> AQO:
    """X-measurements as noise-free rotations (to and fro) around one in the computational basis."""
    operations: list[Operation] = []
    for operation in circuit.operations:
        turn = [Operation("FREE_H", (qubit,)) for qubit in operation.q] if operation.basis else []
        operations += [*turn, operation._replace(basis=""), *turn]
    return replace(circuit, operations=tuple(operations))
