"""A circuit's energy by Qulacs, asked thousands of times; its gradient by the adjoint state.

Theory: one run forward gives ⟨H⟩; H|ψ⟩ and |ψ⟩ are then taken back gate by gate, and each rotation's derivative is an
inner product of the two (T. Jones and J. Gacon, arXiv:2009.02823). It costs three runs, whatever the number of angles.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import qulacs
from numpy.typing import NDArray

from eigen.contracts.aqo import AQO, Affine, Operation
from eigen.contracts.bases import INTO_BASIS
from eigen.contracts.gates import GATES
from eigen.drivers.qulacs.engine import observable_of
from eigen.drivers.qulacs.lowering import Circuit
from eigen.estimation.grouping import MeasurementGroup
from eigen.optimization.landscape import Landscape

__all__ = ["QulacsLandscape"]

_BASIS_OF_LETTER = {"X": "X", "Y": "Y", "Z": ""}


class QulacsLandscape(Landscape):
    """The energy of a circuit.

    Args:
        circuit: As `Engine.landscape` has it.
        groups: Whose probabilities are asked for.
    """

    has_gradient = True

    def __init__(self, circuit: AQO, *, groups: Sequence[MeasurementGroup]) -> None:
        self._circuit = Circuit(circuit.operations, num_qubits=circuit.qubits)
        self._state = qulacs.QuantumState(circuit.qubits)
        terms = [one for of_observable in circuit.observables.values() for one in of_observable]
        self._constant, self._observable = observable_of(terms, circuit.qubits)
        self._groups = [(group.qubits, _turn(group, circuit.qubits)) for group in groups]
        places = {name: place for place, name in enumerate(circuit.parameters)}
        entries = [
            (row, places[angle.terms[0][0]], coefficient)
            for row, parameter in enumerate(self._circuit.parameters)
            for coefficient, angle in parameter.terms
            if isinstance(angle, Affine)
        ]
        self._matrix = np.zeros((len(self._circuit.parameters), len(circuit.parameters)))
        for row, place, coefficient in entries:
            self._matrix[row, place] = coefficient
        self._offsets = np.array(
            [parameter.value(dict.fromkeys(circuit.parameters, 0.0)) for parameter in self._circuit.parameters]
        )

    def value(self, angles: NDArray[np.float64]) -> float:
        """Return the exact expectation value."""
        if self._observable is None:
            return self._constant
        self._run(angles)
        return self._constant + float(self._observable.get_expectation_value(self._state))

    def value_and_gradient(self, angles: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the exact value and its derivative by each angle."""
        value = self.value(angles)
        if self._observable is None or not self._circuit.parameters:
            return value, np.zeros(len(angles))
        by_parameter = np.array(self._circuit.circuit.backprop(self._observable))
        return value, by_parameter @ self._matrix

    def probabilities(self, angles: NDArray[np.float64]) -> Sequence[NDArray[np.float64]]:
        """Return the probabilities of each group's outcomes."""
        self._run(angles)
        found = []
        for qubits, turn in self._groups:
            turned = self._state
            if turn is not None:
                turned = self._state.copy()
                turn.run(turned)
            found.append(_marginal(turned.get_vector(), qubits))
        return found

    def _run(self, angles: NDArray[np.float64]) -> None:
        for index, value in enumerate((self._matrix @ angles + self._offsets).tolist()):
            self._circuit.circuit.set_parameter(index, value)
        self._state.set_zero_state()
        self._circuit.run(self._state)


def _turn(group: MeasurementGroup, num_qubits: int) -> Circuit | None:
    """Return what takes a group's letters to Z, or None where they are."""
    operations = [
        Operation(GATES[name].op, (qubit,))
        for qubit, letter in zip(group.qubits, group.letters, strict=True)
        for name in INTO_BASIS[_BASIS_OF_LETTER[letter]]
    ]
    return Circuit(operations, num_qubits=num_qubits) if operations else None


def _marginal(amplitudes: NDArray[np.complex128], qubits: Sequence[int]) -> NDArray[np.float64]:
    """Return the probabilities of the outcomes of some qubits; bit k of an index is `qubits[k]`."""
    num_qubits = amplitudes.size.bit_length() - 1
    probabilities = (amplitudes.real**2 + amplitudes.imag**2).reshape((2,) * num_qubits)
    others = tuple(num_qubits - 1 - qubit for qubit in range(num_qubits) if qubit not in qubits)
    left = sorted(qubits, reverse=True)
    order = [left.index(qubit) for qubit in reversed(qubits)]
    return np.ascontiguousarray(probabilities.sum(axis=others).transpose(order)).reshape(-1)
