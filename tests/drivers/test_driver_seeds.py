"""Seeds of bindings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.drivers.seeds import derived_seed

SEEDS = st.integers(0, MAX_SAFE_INTEGER)


@given(seed=SEEDS, index=st.integers(0, 10**6))
def test_a_derived_seed_is_a_seed(seed: int, index: int) -> None:
    assert 0 <= derived_seed(seed, binding_index=index) <= MAX_SAFE_INTEGER


@given(seed=SEEDS)
def test_the_first_binding_uses_the_seed_itself_and_the_others_their_own(seed: int) -> None:
    seeds = [derived_seed(seed, binding_index=index) for index in range(100)]
    assert seeds[0] == seed
    assert len(set(seeds)) == 100


def test_derived_seeds_never_change() -> None:
    """A job that is run again years later must draw the same numbers."""
    assert [derived_seed(7, binding_index=index) for index in range(3)] == [7, 1728754269999785, 5900133069384139]
