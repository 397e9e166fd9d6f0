"""Qulacs' state vector as branches need it, and as counts are drawn from it. Runs in a worker only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import numpy as np
import qulacs
from qulacs import gate as kernels

from eigen.contracts.errors import InternalError
from eigen.drivers.qulacs.lowering import Circuit
from eigen.drivers.simulator.branching import BranchState
from eigen.drivers.simulator.sampling import Readout, tally

__all__ = ["QulacsState"]

_TOLERANCE = 1e-6
_SEEDS = 2**32
_NORM_STEPS = 2**40


class QulacsState(BranchState[Circuit]):
    """A state vector.

    Args:
        state: Qulacs' own.
    """

    def __init__(self, state: qulacs.QuantumState) -> None:
        self._state = state

    @classmethod
    def zero(cls, num_qubits: int) -> Self:
        """Return the state whose qubits are all 0."""
        return cls(qulacs.QuantumState(num_qubits))

    def copy(self) -> Self:
        """Return another state, equal to this one."""
        return type(self)(self._state.copy())

    def apply(self, piece: Circuit) -> None:
        """Run gates."""
        piece.run(self._state)

    def probability_of_1(self, qubit: int) -> float:
        """Return the probability that a qubit is measured as 1."""
        return 1.0 - float(self._state.get_zero_probability(qubit))

    def project(self, qubit: int, *, outcome: int, probability: float) -> None:
        """Leave the state as a measurement with this outcome leaves it."""
        (kernels.P1 if outcome else kernels.P0)(qubit).update_quantum_state(self._state)
        fraction, exponent = math.frexp(self._state.get_squared_norm())
        # without the last bits, which depend on how many threads added it up: the state is then the same for any
        self._state.normalize(math.ldexp(round(fraction * _NORM_STEPS) / _NORM_STEPS, exponent))

    def flip(self, qubit: int) -> None:
        """Run an X gate."""
        kernels.X(qubit).update_quantum_state(self._state)

    def value(self, constant: float, rest: qulacs.Observable | None) -> float:
        """Return the expectation value of an observable."""
        return constant if rest is None else constant + float(rest.get_expectation_value(self._state))

    def draws(self, readout: Readout, *, shots: int, generator: np.random.Generator) -> Mapping[int, int]:
        """Measure at the end."""
        if shots >= 1 << self._state.get_qubit_count():
            amplitudes = self._state.get_vector()
            probabilities = amplitudes.real**2 + amplitudes.imag**2
            total = float(probabilities.sum())
            if not abs(total - 1.0) < _TOLERANCE:
                raise InternalError(f"the probabilities sum to {total}", reason="ENGINE_BROKE_PROMISE")
            times = generator.multinomial(shots, probabilities / total)
            outcomes = np.flatnonzero(times)
            return tally(outcomes, times[outcomes], readout)
        drawn = self._state.sampling(shots, int(generator.integers(_SEEDS)))
        outcomes, times = np.unique(np.array(drawn, dtype=np.int64), return_counts=True)
        return tally(outcomes, times, readout)
