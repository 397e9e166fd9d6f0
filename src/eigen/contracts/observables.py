"""Observables: weighted sums of Pauli products, and their one canonical form.

Theory: Pauli products are a basis of the Hermitian operators, so that an observable is its coefficients. In canonical
form every product stands once, its qubits ascending, without coefficients of zero; products are in order of their
qubits, then of their letters, and the constant is last.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from eigen.contracts.aqo import PauliTerm

__all__ = ["canonical_terms"]


def canonical_terms(terms: Iterable[PauliTerm]) -> tuple[PauliTerm, ...]:
    """Return the terms of an observable in canonical form; equal products are added, rounded once.

    Example:
        >>> canonical_terms([PauliTerm("", (), -1.05), PauliTerm("ZX", (1, 0), 0.25), PauliTerm("XZ", (0, 1), 0.5)])
        (PauliTerm(paulis='XZ', qubits=(0, 1), coefficient=0.75), PauliTerm(paulis='', qubits=(), coefficient=-1.05))
    """
    summands: defaultdict[tuple[tuple[int, ...], str], list[float]] = defaultdict(list)
    for paulis, qubits, coefficient in terms:
        pairs = sorted(zip(qubits, paulis, strict=True))
        summands[tuple(q for q, _ in pairs), "".join(letter for _, letter in pairs)].append(coefficient)
    added = [(not qubits, qubits, letters, math.fsum(parts)) for (qubits, letters), parts in summands.items()]
    return tuple(PauliTerm(letters, qubits, float(value)) for _, qubits, letters, value in sorted(added) if value)
