"""Which Pauli products are measured together.

Theory: products commute qubit-wise if on every qubit where both act they have the same letter; then measuring each
qubit in its letter's basis gives the values of all of them from the same shots. Groups are found greedily, the heaviest
product first, each in the first group that takes it (O. Crawford et al., "Efficient quantum measurement of Pauli
operators in the presence of finite sampling error", Quantum 5, 385 (2021): sorted insertion). Products that commute
only as a whole would make fewer groups, at the price of entangling gates in front of every measurement, which a noisy
device pays for with its noise and a simulator with time; it is not done.

What it costs is known beforehand: at most `MAX_PRODUCTS` times `MAX_GROUPS` comparisons of integers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eigen.contracts.aqo import PauliTerm
from eigen.contracts.errors import ResourceExhaustedError

__all__ = ["MAX_GROUPS", "MAX_PRODUCTS", "MeasurementGroup", "grouped", "weight_of"]

MAX_PRODUCTS = 10_000
"""Most different Pauli products that are sampled."""

MAX_GROUPS = 1_000
"""Most circuits that they may take."""

Terms = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementGroup:
    """Pauli products that one circuit measures.

    Attributes:
        qubits: The measured qubits, ascending; an outcome's bit k is the value of `qubits[k]`.
        letters: The basis of each of them, `X`, `Y` or `Z`.
        terms: Observable to (mask, coefficient) of its products in the group; a product's value is +1 where an even
            number of the outcome's bits under its mask are 1, else −1.
        weights: Observable to the sum of its coefficients' moduli in the group: no outcome's value is beyond it.
    """

    qubits: tuple[int, ...]
    letters: str
    terms: Mapping[str, Terms]
    weights: Mapping[str, float]


def weight_of(terms: Iterable[PauliTerm]) -> float:
    """Return the sum of the moduli of an observable's coefficients, the constant left out."""
    return math.fsum(abs(one.coefficient) for one in terms if one.qubits)


def grouped(observables: Mapping[str, Sequence[PauliTerm]]) -> tuple[MeasurementGroup, ...]:
    """Return groups that hold every product of every observable once; the same ones on every machine.

    Args:
        observables: By name, each in canonical form.

    Raises:
        ResourceExhaustedError: There are too many products or groups.
    """
    weights: defaultdict[_Product, float] = defaultdict(float)
    for terms in observables.values():
        total = weight_of(terms)
        for one in terms:
            if one.qubits:
                weights[one.qubits, one.paulis] += abs(one.coefficient) / total
    _check("different Pauli products", len(weights), MAX_PRODUCTS)
    groups: list[_Basis] = []
    group_of: dict[_Product, int] = {}
    for product in sorted(weights, key=lambda one: (-weights[one], one)):
        group_of[product] = _place(product, groups)
    return _with_terms(observables, [one.letters for one in groups], group_of)


_Product = tuple[tuple[int, ...], str]


class _Basis:
    """The letters of a group so far, as bits: which qubits have one, which have an X or Y, which a Z or Y."""

    def __init__(self) -> None:
        self.letters: dict[int, str] = {}
        self.support = self.flips = self.signs = 0


def _place(product: _Product, groups: list[_Basis]) -> int:
    """Put a product into the first group that takes it, or into a new one; return which."""
    qubits, letters = product
    support = sum(1 << qubit for qubit in qubits)
    flips = sum(1 << qubit for qubit, letter in zip(qubits, letters, strict=True) if letter in "XY")
    signs = sum(1 << qubit for qubit, letter in zip(qubits, letters, strict=True) if letter in "ZY")
    fits = (not ((group.flips ^ flips) | (group.signs ^ signs)) & group.support & support for group in groups)
    index = next((place for place, does_fit in enumerate(fits) if does_fit), len(groups))
    if index == len(groups):
        groups.append(_Basis())
        _check("circuits for the products that cannot be measured together", len(groups), MAX_GROUPS)
    group = groups[index]
    group.support |= support
    group.flips |= flips
    group.signs |= signs
    group.letters.update(zip(qubits, letters, strict=True))
    return index


def _with_terms(
    observables: Mapping[str, Sequence[PauliTerm]], bases: Sequence[Mapping[int, str]], group_of: Mapping[_Product, int]
) -> tuple[MeasurementGroup, ...]:
    orders = [tuple(sorted(letters)) for letters in bases]
    bit_of = [{qubit: 1 << position for position, qubit in enumerate(order)} for order in orders]
    terms: list[dict[str, list[tuple[int, float]]]] = [{} for _ in bases]
    for name, observable in observables.items():
        for one in observable:
            if one.qubits:
                index = group_of[one.qubits, one.paulis]
                mask = sum(bit_of[index][qubit] for qubit in one.qubits)
                terms[index].setdefault(name, []).append((mask, one.coefficient))
    return tuple(
        MeasurementGroup(
            qubits=order,
            letters="".join(letters[qubit] for qubit in order),
            terms={name: tuple(found) for name, found in of_group.items()},
            weights={name: math.fsum(abs(value) for _, value in found) for name, found in of_group.items()},
        )
        for order, letters, of_group in zip(orders, bases, terms, strict=True)
    )


def _check(what: str, number: int, limit: int) -> None:
    if number > limit:
        raise ResourceExhaustedError(
            f"the observables have more than {limit} {what}",
            reason="OBSERVABLE_TOO_LARGE",
            hint="drop the smallest terms, or leave shots and precision out where the device gives exact values",
            details={"limit": limit},
        )
