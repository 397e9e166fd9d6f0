"""Qulacs beside a loop: values, gradients and probabilities against the same engine's and Aer's single runs."""

from __future__ import annotations

import numpy as np
import pytest

from eigen.contracts.aqo import AQO, Affine, Operation, PauliTerm
from eigen.contracts.gates import GATES
from eigen.drivers.aer.engine import AerEngine
from eigen.drivers.qulacs.engine import QulacsEngine
from eigen.estimation.grouping import MeasurementGroup

AER_ARGUMENTS = {"method": "statevector", "num_threads": 1, "max_memory_mb": 100}
ENERGY = {
    "energy": (
        PauliTerm("XY", (2, 0), 0.5),
        PauliTerm("ZZ", (1, 2), -0.75),
        PauliTerm("X", (1,), 0.3),
        PauliTerm("", (), 2.0),
    )
}


def every_gate_with_angles() -> AQO:
    """Each symbolic angle is a parameter of its own, beside angles that are numbers."""
    operations = [Operation("H", (qubit,)) for qubit in range(3)]
    names: list[str] = []
    for index, gate in enumerate(gate for gate in GATES.values() if gate.params):
        fixed = index % len(gate.params) if len(gate.params) > 1 else -1
        angles = []
        for place in range(len(gate.params)):
            if place == fixed:
                angles.append(0.4)
            else:
                angles.append(Affine(((f"a{len(names)}", 1.0),)))
                names.append(f"a{len(names)}")
        qubits = tuple((index + place) % 3 for place in range(gate.num_qubits))
        operations += [Operation(gate.op, qubits, tuple(angles)), Operation("CX", (index % 3, (index + 1) % 3))]
    return AQO(qubits=3, clbits=0, parameters=tuple(names), operations=tuple(operations), observables=ENERGY)


CIRCUIT = every_gate_with_angles()
ANGLES = np.random.default_rng(5).uniform(-3, 3, len(CIRCUIT.parameters))


def test_values_are_those_of_another_engine() -> None:
    landscape = QulacsEngine().landscape(CIRCUIT, groups=(), arguments={})
    other = AerEngine().landscape(CIRCUIT, groups=(), arguments=AER_ARGUMENTS)
    assert landscape.value(ANGLES) == pytest.approx(other.value(ANGLES), abs=1e-9)
    assert landscape.value(ANGLES) == landscape.value(ANGLES)


def test_the_gradient_is_the_slope() -> None:
    landscape = QulacsEngine().landscape(CIRCUIT, groups=(), arguments={})
    value, gradient = landscape.value_and_gradient(ANGLES)
    assert value == landscape.value(ANGLES)
    steps = 1e-5 * np.eye(len(ANGLES))
    slopes = [(landscape.value(ANGLES + step) - landscape.value(ANGLES - step)) / 2e-5 for step in steps]
    assert gradient == pytest.approx(slopes, abs=1e-8)


def test_probabilities_of_groups_are_in_the_groups_order_of_qubits() -> None:
    groups = (
        MeasurementGroup(qubits=(2, 0), letters="XY", terms={}, weights={}),
        MeasurementGroup(qubits=(1,), letters="Z", terms={}, weights={}),
        MeasurementGroup(qubits=(0, 1, 2), letters="ZZZ", terms={}, weights={}),
    )
    circuit = AQO(qubits=3, clbits=0, parameters=CIRCUIT.parameters, operations=CIRCUIT.operations)
    found = QulacsEngine().landscape(circuit, groups=groups, arguments={}).probabilities(ANGLES)
    expected = AerEngine().landscape(circuit, groups=groups, arguments=AER_ARGUMENTS).probabilities(ANGLES)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-9)


def test_a_constant_has_no_slope() -> None:
    circuit = AQO(qubits=1, clbits=0, observables={"e": (PauliTerm("", (), 2.0),)})
    value, gradient = QulacsEngine().landscape(circuit, groups=(), arguments={}).value_and_gradient(np.zeros(0))
    assert (value, gradient.tolist()) == (2.0, [])
