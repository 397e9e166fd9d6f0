"""A circuit's energy by Aer, asked thousands of times: assembled once, with new numbers in it for each run.

Exact values are saved by Aer; of a sampled circuit all groups' probabilities are saved in one run, each group's qubits
turned into its basis and back. Aer has no derivative: gradients are shifts of angles (`eigen.optimization.shifts`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Parameter
from qiskit_aer.library import SaveProbabilities

from eigen.contracts.aqo import AQO
from eigen.contracts.bases import INTO_BASIS, OUT_OF_BASIS
from eigen.contracts.errors import InvariantError
from eigen.drivers.aer.controller import AssembledCircuit, RunCircuit, RunOptions
from eigen.drivers.aer.lowering import LoweredCircuit
from eigen.estimation.grouping import MeasurementGroup
from eigen.optimization.landscape import Landscape

__all__ = ["AerLandscape"]

_BASIS_OF_LETTER = {"X": "X", "Y": "Y", "Z": ""}


class AerLandscape(Landscape):
    """The energy of a lowered circuit.

    Args:
        circuit: As `Engine.landscape` has it.
        lowered: The same for Qiskit, with a template.
        groups: Whose probabilities are asked for.
        assemble: Makes a Qiskit circuit ready for Aer.
        read: Returns what the one experiment of a run saved, if it succeeded.
        options: How to run it.
    """

    def __init__(
        self,
        circuit: AQO,
        lowered: LoweredCircuit,
        *,
        groups: Sequence[MeasurementGroup],
        assemble: Callable[[Any], AssembledCircuit | RunCircuit],
        read: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        options: RunOptions,
    ) -> None:
        if lowered.template is None:
            raise InvariantError("a symbolic angle of a gate that is run by its matrix")
        parameters = {one.name: one for one in lowered.template.parameters}
        names = lowered.values(dict.fromkeys(circuit.parameters, 0.0))
        self._parameters: list[Parameter] = [parameters[one.name] for one in names]
        terms = [one for of_observable in circuit.observables.values() for one in of_observable]
        self._constant = math.fsum(one.coefficient for one in terms if not one.qubits)
        self._label = next(iter(lowered.labels.values()), "")
        self._group_labels = [f"group{index}" for index in range(len(groups))]
        self._read = read
        self._options = options
        template = lowered.template.copy()
        for label, group in zip(self._group_labels, groups, strict=True):
            _turn(template, group, INTO_BASIS)
            template.append(SaveProbabilities(len(group.qubits), label), group.qubits)
            _turn(template, group, OUT_OF_BASIS)
        self._assembled = assemble(template)

    def value(self, angles: NDArray[np.float64]) -> float:
        """Return the exact expectation value."""
        if not self._label:
            return self._constant
        return math.fsum((self._constant, float(self._saved(angles)[self._label])))

    def probabilities(self, angles: NDArray[np.float64]) -> Sequence[NDArray[np.float64]]:
        """Return the probabilities of each group's outcomes."""
        saved = self._saved(angles) if self._group_labels else {}
        return [np.asarray(saved[label], dtype=np.float64) for label in self._group_labels]

    def _saved(self, angles: NDArray[np.float64]) -> Mapping[str, Any]:
        values = dict(zip(self._parameters, angles.tolist(), strict=True))
        return self._read(self._assembled.run(values, self._options))


def _turn(template: Any, group: MeasurementGroup, gates: Mapping[str, tuple[str, ...]]) -> None:
    for qubit, letter in zip(group.qubits, group.letters, strict=True):
        for gate in gates[_BASIS_OF_LETTER[letter]]:
            getattr(template, gate)(qubit)
