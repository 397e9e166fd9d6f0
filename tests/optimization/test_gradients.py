"""Gradients by shifts are exact: against closed forms, finite differences of matrices, and adjoints.

The oracle is NumPy: matrices of the gate table on a state vector, and the observable's matrix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eigen.contracts.aqo import AQO, Affine, Operation, PauliTerm, evaluate
from eigen.contracts.gates import GATES
from eigen.estimation.grouping import MeasurementGroup
from eigen.estimation.sampling import sampling_of
from eigen.optimization.circuits import GateAngle, loop_circuit
from eigen.optimization.landscape import Landscape
from eigen.optimization.objective import Objective
from eigen.optimization.shifts import shifts_of
from eigen.optimization.sources import ExactSource, SampledSource

_QUBITS = 3
_GATE_OF_OP = {gate.op: gate for gate in GATES.values()}
_ANGLES = [(gate.name, place) for gate in GATES.values() for place in range(len(gate.params))]
_LETTERS = {
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}
_OBSERVABLE = (
    PauliTerm("", (), 0.3),
    PauliTerm("X", (0,), 0.7),
    PauliTerm("YZ", (0, 1), -0.4),
    PauliTerm("ZZ", (1, 2), 0.9),
    PauliTerm("XYX", (0, 1, 2), 0.25),
)


def _on_qubits(matrix: NDArray[np.complex128], qubits: Sequence[int]) -> NDArray[np.complex128]:
    """Return a gate's matrix on all qubits; qubit 0 is the least significant bit of an index."""
    size = 2**_QUBITS
    whole = np.zeros((size, size), dtype=complex)
    for column in range(size):
        local = sum((column >> qubit & 1) << place for place, qubit in enumerate(qubits))
        rest = column & ~sum(1 << qubit for qubit in qubits)
        for row_local in range(2 ** len(qubits)):
            row = rest | sum((row_local >> place & 1) << qubit for place, qubit in enumerate(qubits))
            whole[row, column] = matrix[row_local, local]
    return whole


def _matrix_of(term: PauliTerm) -> NDArray[np.complex128]:
    product = np.eye(2**_QUBITS, dtype=complex)
    for letter, qubit in zip(term.paulis, term.qubits, strict=True):
        product = product @ _on_qubits(_LETTERS[letter], (qubit,))
    return term.coefficient * product


_ENERGY = sum(map(_matrix_of, _OBSERVABLE))


class TextbookLandscape(Landscape):
    """A circuit's energy by matrices."""

    def __init__(self, circuit: AQO, groups: Sequence[MeasurementGroup] = ()) -> None:
        self._circuit = circuit
        self._groups = groups

    def value(self, angles: NDArray[np.float64]) -> float:
        state = self._state(angles)
        return float((state.conj() @ _ENERGY @ state).real)

    def probabilities(self, angles: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        state, found = self._state(angles), []
        for group in self._groups:
            turned = state
            for letter, qubit in zip(group.letters, group.qubits, strict=True):
                _, vectors = np.linalg.eigh(-_LETTERS[letter])  # the eigenvalue +1 first
                turned = _on_qubits(vectors.conj().T, (qubit,)) @ turned
            marginal = np.zeros(2 ** len(group.qubits))
            for index, amplitude in enumerate(turned):
                marginal[sum((index >> qubit & 1) << place for place, qubit in enumerate(group.qubits))] += (
                    abs(amplitude) ** 2
                )
            found.append(marginal)
        return found

    def _state(self, angles: NDArray[np.float64]) -> NDArray[np.complex128]:
        binding = dict(zip(self._circuit.parameters, angles.tolist(), strict=True))
        state = np.zeros(2**_QUBITS, dtype=complex)
        state[0] = 1
        for operation in self._circuit.operations:
            unitary = _GATE_OF_OP[operation.op].unitary(*(evaluate(one, binding) for one in operation.params))
            state = _on_qubits(np.array(unitary), operation.q) @ state
        return state


def _entangled(*operations: Operation, parameters: tuple[str, ...]) -> AQO:
    head = [Operation("RY", (qubit,), (0.4 + 0.9 * qubit,)) for qubit in range(_QUBITS)]
    chain = [Operation("CX", (0, 1)), Operation("CX", (1, 2)), Operation("T", (1,)), Operation("SX", (2,))]
    tail = [Operation("RX", (0,), (0.3,)), Operation("CZ", (0, 2)), Operation("RY", (1,), (-0.8,))]
    return AQO(
        qubits=_QUBITS,
        clbits=0,
        parameters=parameters,
        operations=(*head, *chain, *operations, *tail),
        observables={"energy": _OBSERVABLE},
    )


def _objective(compiled: AQO) -> Objective:
    circuit = loop_circuit(compiled, objective="energy")
    return Objective(circuit, ExactSource(TextbookLandscape(circuit.circuit)))


def _gradient(objective: Objective, x: Sequence[float]) -> NDArray[np.float64]:
    evaluation = objective.evaluate(np.array(x), seed=0, with_gradient=True)
    assert evaluation.gradient is not None
    return np.array(evaluation.gradient)


def _slope(objective: Objective, x: Sequence[float]) -> NDArray[np.float64]:
    """Return the derivative by central differences of fourth order, good to some 1e-10."""
    step, slopes = 1e-3, []
    for place in range(len(x)):
        values = []
        for shift in (-2, -1, 1, 2):
            point = np.array(x, dtype=float)
            point[place] += shift * step
            values.append(objective.evaluate(point, seed=0, with_gradient=False).value)
        slopes.append((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step))
    return np.array(slopes)


@pytest.mark.parametrize(("name", "place"), _ANGLES)
def test_every_angle_of_every_gate_has_an_exact_derivative(name: str, place: int) -> None:
    gate = GATES[name]
    for value in (0.37, -2.1):
        angles: list[float | Affine] = [0.5 + 0.7 * other for other in range(len(gate.params))]
        angles[place] = Affine((("t", 1.0),))
        objective = _objective(
            _entangled(Operation(gate.op, (2, 0, 1)[: gate.num_qubits], tuple(angles)), parameters=("t",))
        )
        assert objective.gradient_method == "parameter-shift"
        assert _gradient(objective, [value]) == pytest.approx(_slope(objective, [value]), abs=1e-9)


@settings(max_examples=15)
@given(
    x=st.lists(st.floats(-4, 4), min_size=2, max_size=2),
    coefficients=st.lists(st.floats(-2, 2), min_size=4, max_size=4),
)
def test_sums_and_parameters_in_several_gates_follow_the_chain_rule(x: list[float], coefficients: list[float]) -> None:
    a, b, c, d = coefficients
    circuit = _entangled(
        Operation("RX", (0,), (Affine((("p", a), ("q", b)), 0.2),)),
        Operation("CRY", (1, 2), (Affine((("p", c),), -1.0),)),
        Operation("U", (1,), (Affine((("q", d),)), 0.3, Affine((("p", 1.0),)))),
        parameters=("p", "q"),
    )
    objective = _objective(circuit)
    assert _gradient(objective, x) == pytest.approx(_slope(objective, x), abs=1e-8)


def test_the_energy_of_one_rotation_is_a_cosine() -> None:
    circuit = AQO(
        qubits=_QUBITS,
        clbits=0,
        parameters=("t", "idle"),
        operations=(Operation("RY", (0,), (Affine((("t", 2.0),)),)),),
        observables={"energy": _OBSERVABLE},
    )
    objective = _objective(circuit)
    t = 0.6
    evaluation = objective.evaluate(np.array([t, 5.0]), seed=0, with_gradient=True)
    assert evaluation.value == pytest.approx(0.3 + 0.7 * math.sin(2 * t) + 0.9, abs=1e-12)
    assert evaluation.gradient == pytest.approx((1.4 * math.cos(2 * t), 0.0), abs=1e-12)


def test_rules_have_as_many_values_as_the_spectrum_asks_for() -> None:
    assert [len(shifts_of(GateAngle(op, place))) for op, place in (("RZZ", 0), ("CRZ", 0), ("R", 0), ("R", 1))] == [
        2,
        4,
        2,
        4,
    ]


@pytest.mark.parametrize(("shots", "repeats"), [(4, 400), (200, 100)])
def test_sampled_values_are_unbiased_and_know_their_errors(shots: int, repeats: int) -> None:
    """With more outcomes than shots and with fewer: the mean of many draws lies within five of its errors."""
    compiled = _entangled(Operation("RX", (1,), (Affine((("t", 1.0),)),)), parameters=("t",))
    circuit = loop_circuit(compiled, objective="energy")
    sampling = sampling_of(circuit.circuit, shots=shots * 4, precisions={})
    source = SampledSource(TextbookLandscape(circuit.circuit, sampling.groups), sampling, objective="energy")
    objective, x = Objective(circuit, source), np.array([0.9])
    drawn = [objective.evaluate(x, seed=seed, with_gradient=False) for seed in range(repeats)]
    exact = _objective(compiled).evaluate(x, seed=0, with_gradient=False).value
    values = np.array([one.value for one in drawn])
    assert abs(values.mean() - exact) < 5 * values.std() / math.sqrt(repeats)
    claimed = math.sqrt(np.mean([one.std_error**2 for one in drawn]))
    assert claimed == pytest.approx(values.std(), rel=0.25)
    assert objective.evaluate(x, seed=3, with_gradient=False) == drawn[3]


def test_engines_agree_with_the_textbook() -> None:
    """Aer's and Qulacs' landscapes: values, gradients and probabilities."""
    from eigen.drivers.aer.engine import AerEngine
    from eigen.drivers.qulacs.engine import QulacsEngine

    operations = [
        Operation("CRX", (0, 2), (Affine((("p", 1.5),), 0.1),)),
        Operation("U", (1,), (Affine((("q", 1.0),)), 0.3, Affine((("p", -1.0),)))),
        Operation("RZZ", (1, 2), (Affine((("q", 0.5),)),)),
        Operation("CU", (2, 0), (Affine((("p", 1.0),)), 0.2, Affine((("q", 1.0),)), 0.1)),
    ]
    compiled = _entangled(*operations, parameters=("p", "q"))
    circuit = loop_circuit(compiled, objective="energy")
    sampling = sampling_of(circuit.circuit, shots=100, precisions={})
    arguments = {"method": "statevector", "num_threads": 1, "max_memory_mb": 1000}
    x = np.array([0.7, -1.2])
    angles = circuit.angle_map.angles(x)
    right = _objective(compiled).evaluate(x, seed=0, with_gradient=True)
    outcomes = TextbookLandscape(circuit.circuit, sampling.groups).probabilities(angles)
    for engine in (AerEngine(), QulacsEngine()):
        landscape = engine.landscape(circuit.circuit, groups=(), arguments=arguments)
        found = Objective(circuit, ExactSource(landscape)).evaluate(x, seed=0, with_gradient=True)
        assert found.value == pytest.approx(right.value, abs=1e-10)
        assert found.gradient == pytest.approx(right.gradient, abs=1e-9)
        grouped = engine.landscape(circuit.circuit, groups=sampling.groups, arguments=arguments)
        for ours, theirs in zip(outcomes, grouped.probabilities(angles), strict=True):
            assert theirs == pytest.approx(ours, abs=1e-10)
