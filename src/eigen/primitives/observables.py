"""The observables of a PUB as Pauli terms, and which of them is asked at which point.

Broadcasting asks for pairs of a point and an observable. Points that are asked for the same observables go into one
job, which asks all of them at each of its points: no pair is computed that nobody asked for, and none twice.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from qiskit.quantum_info import SparseObservable

from eigen.contracts.aqo import PauliTerm
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.errors import ResourceExhaustedError

__all__ = ["AskedPoints", "DistinctObservables", "asked_points", "name_of"]

_MAX_PRODUCTS = CompileLimits().terms
_LARGEST_PAULI = max(
    int(one) for one in (SparseObservable.BitTerm.X, SparseObservable.BitTerm.Y, SparseObservable.BitTerm.Z)
)


class DistinctObservables:
    """The different observables of an array.

    Args:
        array: Elements are Qiskit's `SparseObservable`, shape that of the PUB's observables.

    Attributes:
        places: Number of each element's observable, integers of the array's shape.
    """

    def __init__(self, array: NDArray[np.object_]) -> None:
        numbers: dict[Hashable, int] = {}
        self._firsts: list[Any] = []
        self.places = np.zeros(array.shape, dtype=np.int64)
        for index, one in np.ndenumerate(array):
            number = numbers.setdefault(_key(one), len(numbers))
            if number == len(self._firsts):
                self._firsts.append(one)
            self.places[index] = number
        self._keys = list(numbers)

    def key(self, numbers: Sequence[int]) -> Hashable:
        """Return what stands for some of the observables."""
        return tuple(self._keys[number] for number in numbers)

    def terms(self, numbers: Sequence[int]) -> dict[str, tuple[PauliTerm, ...]]:
        """Return some of the observables by name, as Pauli terms.

        Raises:
            ResourceExhaustedError: They have more of them than a job takes.
        """
        products = sum(_num_products(self._firsts[number]) for number in numbers)
        if products > _MAX_PRODUCTS:
            raise ResourceExhaustedError(
                f"the observables that are asked at one point have {products:.6g} Pauli products (projectors "
                f"written out); a job takes at most {_MAX_PRODUCTS}",
                reason="OBSERVABLE_TOO_LARGE",
                hint="part them among several PUBs, or drop the smallest terms",
            )
        return {name_of(number): _terms(self._firsts[number]) for number in numbers}


class AskedPoints(NamedTuple):
    """Points that are asked for the same observables.

    Attributes:
        points: Numbers of the points, integers of shape (points,).
        observables: Numbers of the observables, ascending.
    """

    points: NDArray[np.int64]
    observables: tuple[int, ...]


def name_of(number: int) -> str:
    """Return the name that an observable has in a job."""
    return f"o{number}"


def asked_points(points: NDArray[np.int64], observables: NDArray[np.int64]) -> list[AskedPoints]:
    """Return what is asked at each point, points with equal questions together.

    Args:
        points: Numbers of points, of any shape.
        observables: Numbers of observables; element by element what is asked at `points`.

    Example:
        >>> asked_points(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]))
        [AskedPoints(points=array([0, 1]), observables=(0, 1))]
    """
    asked: dict[int, set[int]] = {}
    for point, number in zip(points.ravel().tolist(), observables.ravel().tolist(), strict=True):
        asked.setdefault(point, set()).add(number)
    together: dict[tuple[int, ...], list[int]] = {}
    for point in sorted(asked):
        together.setdefault(tuple(sorted(asked[point])), []).append(point)
    return [AskedPoints(np.array(found), numbers) for numbers, found in together.items()]


def _key(observable: Any) -> Hashable:
    parts = (observable.coeffs, observable.bit_terms, observable.indices, observable.boundaries)
    return (observable.num_qubits, *(np.asarray(one).tobytes() for one in parts))


def _num_products(observable: SparseObservable) -> float:
    """Return how many Pauli products an observable has at most: each projector in a term doubles them."""
    projectors = np.cumsum([0, *(np.asarray(observable.bit_terms) > _LARGEST_PAULI)])
    ends = np.asarray(observable.boundaries).astype(np.int64)
    return float(np.exp2(np.diff(projectors[ends])).sum())


def _terms(observable: SparseObservable) -> tuple[PauliTerm, ...]:
    """Return an observable, projectors written out as Pauli products."""
    return tuple(
        PauliTerm(letters, tuple(qubits), float(coefficient.real))
        for letters, qubits, coefficient in observable.as_paulis().simplify().to_sparse_list()
    )
