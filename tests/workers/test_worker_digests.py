"""Which circuits a worker holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eigen.workers.digests import DigestCache


def test_the_least_recently_used_is_forgotten_first() -> None:
    cache: DigestCache[int] = DigestCache(max_items=2)
    cache.put("a", 1, size_bytes=1)
    cache.put("b", 2, size_bytes=1)
    assert cache.get("a") == 1
    cache.put("c", 3, size_bytes=1)
    assert ("a" in cache, "b" in cache, "c" in cache) == (True, False, True)


def test_a_value_larger_than_the_limit_is_kept_alone() -> None:
    cache: DigestCache[int] = DigestCache(max_bytes=10)
    cache.put("small", 1, size_bytes=5)
    cache.put("large", 2, size_bytes=50)
    assert ("small" in cache, "large" in cache) == (False, True)
    cache.put("small", 1, size_bytes=5)
    assert ("small" in cache, "large" in cache) == (True, False)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 9)), max_size=60))
def test_two_sides_that_see_the_same_requests_hold_the_same(requests: list[tuple[str, int]]) -> None:
    system: DigestCache[None] = DigestCache(max_items=4, max_bytes=20)
    worker: DigestCache[str] = DigestCache(max_items=4, max_bytes=20)
    for digest, size in requests:
        assert (digest in system) == (digest in worker)
        if digest in system:
            system.get(digest)
            assert worker.get(digest) == digest
        else:
            system.put(digest, None, size_bytes=size)
            worker.put(digest, digest, size_bytes=size)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 9)), max_size=60))
def test_the_limits_hold_whatever_comes(requests: list[tuple[str, int]]) -> None:
    cache: DigestCache[int] = DigestCache(max_items=3, max_bytes=12)
    sizes: dict[str, int] = {}
    for digest, size in requests:
        cache.put(digest, size, size_bytes=size)
        sizes[digest] = size
        held = [one for one in sizes if one in cache]
        assert digest in held
        assert len(held) <= 3
        assert sum(sizes[one] for one in held) <= 12
