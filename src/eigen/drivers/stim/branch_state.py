"""Stim's tableau as branches need it. Runs in a worker only."""

from __future__ import annotations

from typing import Self

import stim

from eigen.drivers.simulator.branching import BranchState

__all__ = ["StimState"]

_PROBABILITY_OF_1 = {1: 0.0, 0: 0.5, -1: 1.0}


class StimState(BranchState[stim.Circuit]):
    """A stabilizer state.

    Args:
        simulator: Stim's own.
    """

    def __init__(self, simulator: stim.TableauSimulator) -> None:
        self._simulator = simulator

    @classmethod
    def zero(cls, num_qubits: int) -> Self:
        """Return the state whose qubits are all 0."""
        simulator = stim.TableauSimulator()
        simulator.set_num_qubits(num_qubits)
        return cls(simulator)

    def copy(self) -> Self:
        """Return another state, equal to this one."""
        return type(self)(self._simulator.copy())

    def apply(self, piece: stim.Circuit) -> None:
        """Run gates."""
        self._simulator.do(piece)

    def probability_of_1(self, qubit: int) -> float:
        """Return the probability that a qubit is measured as 1: 0, 1/2 or 1."""
        return _PROBABILITY_OF_1[self._simulator.peek_z(qubit)]

    def project(self, qubit: int, *, outcome: int, probability: float) -> None:
        """Leave the state as a measurement with this outcome leaves it."""
        self._simulator.postselect_z(qubit, desired_value=bool(outcome))

    def flip(self, qubit: int) -> None:
        """Run an X gate."""
        self._simulator.x(qubit)
