"""The canonical form of observables."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.aqo import PauliTerm
from eigen.contracts.aqo_json import decode
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.errors import ResourceExhaustedError
from eigen.contracts.observables import canonical_terms

_TERMS = st.lists(
    st.builds(
        lambda letters, value: PauliTerm("".join(letters.values()), tuple(letters), value),
        st.dictionaries(st.integers(0, 3), st.sampled_from("XYZ"), max_size=3),
        st.sampled_from([-1.5, 0.25, 1.0, 1.5]),
    ),
    max_size=8,
)


@given(_TERMS, st.randoms(use_true_random=False))
def test_the_order_of_terms_and_of_their_qubits_does_not_matter(terms: list[PauliTerm], chance: object) -> None:
    turned = [PauliTerm(one.paulis[::-1], one.qubits[::-1], one.coefficient) for one in terms]
    chance.shuffle(turned)  # type: ignore[attr-defined]  # it is a Random
    assert canonical_terms(turned) == canonical_terms(terms)
    assert canonical_terms(canonical_terms(terms)) == canonical_terms(terms)


@given(_TERMS)
def test_every_product_stands_once_with_its_qubits_ascending(terms: list[PauliTerm]) -> None:
    found = canonical_terms(terms)
    assert len({(one.paulis, one.qubits) for one in found}) == len(found)
    assert all(list(one.qubits) == sorted(one.qubits) and one.coefficient for one in found)
    assert all(one.qubits for one in found[:-1]), "the constant is last"
    assert sum(one.coefficient for one in found) == pytest.approx(sum(one.coefficient for one in terms))


def test_a_circuit_with_more_terms_than_the_limit_is_refused() -> None:
    document = {"version": "0.1", "qubits": 1, "operations": [], "observables": {"e": [["Z", [0], 1]] * 3}}
    content = json.dumps(document).encode()
    assert len(decode(content).observables["e"]) == 3
    with pytest.raises(ResourceExhaustedError):
        decode(content, limits=CompileLimits(terms=2))
