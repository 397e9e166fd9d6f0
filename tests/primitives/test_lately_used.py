"""What was used lately stays within its bound, and the latest stays whatever it weighs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eigen.primitives.lately_used import LatelyUsed


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30), st.booleans())))
def test_the_lightest_end_of_use_is_kept(uses):
    """Each use asks for a key first; the model is a list of keys in order of use."""
    kept = LatelyUsed[int](max_weight=50, weight_of=int)
    model: list[tuple[int, int]] = []
    for key, weight, is_look in uses:
        found = dict(model).get(key)
        assert kept.get(key) == found
        if found is not None:
            model = [one for one in model if one[0] != key] + [(key, found)]
        if not is_look:
            kept.put(key, weight)
            model = [one for one in model if one[0] != key] + [(key, weight)]
            while sum(one for _, one in model) > 50 and len(model) > 1:
                del model[0]


def test_the_latest_stays_however_heavy_it_is():
    kept = LatelyUsed[int](max_weight=50, weight_of=int)
    kept.put("light", 1)
    assert kept.put("heavy", 1_000) == 1_000
    assert (kept.get("light"), kept.get("heavy")) == (None, 1_000)
