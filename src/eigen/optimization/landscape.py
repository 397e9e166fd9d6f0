"""What an engine gives a loop that runs beside it: the energy of one circuit, again and again, at other angles.

Theory. A loop asks thousands of times for the same circuit with other numbers in it, so everything that does not depend
on the numbers is done once, when the landscape is made. A landscape is a function of **angles**, not of the program's
parameters: each symbolic angle of the circuit is a parameter of its own there, used by one gate and by nothing else.
So an engine sets numbers where gates have them and knows nothing of affine expressions; the chain rule, shifts of
single angles, seeds, draws and estimates are this package's (`objective`, `gradients`, `sampling`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Landscape"]


class Landscape(ABC):
    """One circuit's last state as a function of its angles; made by `Engine.landscape`, used in one thread.

    Angles are float64 of shape (angles,), in radians, in the order of the circuit's `parameters`; they are finite. An
    engine must not keep or change the array. Equal angles give equal bits on one machine, whatever was asked before.
    """

    has_gradient: bool = False
    """Whether `value_and_gradient` can be asked; where not, the loop shifts the angles and asks for values."""

    @abstractmethod
    def value(self, angles: NDArray[np.float64]) -> float:
        """Return the exact expectation value of the circuit's one observable, its constant included."""

    def value_and_gradient(self, angles: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the exact value and its derivative by each angle, float64 of shape (angles,), such as by adjoints."""
        raise NotImplementedError

    @abstractmethod
    def probabilities(self, angles: NDArray[np.float64]) -> Sequence[NDArray[np.float64]]:
        """Return, for each group that the landscape was made with, the probabilities of its outcomes.

        The state is simulated once; each group's qubits are then turned from the basis of its letters (H for X, S† and
        H for Y) and the others summed over.

        Returns:
            For each group float64 of shape (2 ** number of its qubits,); bit k of an index is the outcome of the
            group's `qubits[k]`. They need not sum to 1 better than the engine's rounding does.
        """
