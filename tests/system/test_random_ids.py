"""Ids sort by time, and no randomness is given twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from eigen.contracts.jobs import JOB_ID
from eigen.system.clock import RandomIds

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_job_ids_ascend_also_within_a_millisecond_and_when_the_clock_is_set_back() -> None:
    ids = RandomIds()
    moments = [NOW, NOW, NOW - timedelta(days=1), NOW + timedelta(seconds=1), *[NOW] * 2_000]
    made = [ids.job_id(moment) for moment in moments]
    assert made == sorted(set(made))
    assert all(JOB_ID.fullmatch(one) for one in made)


def test_job_ids_of_different_systems_differ_and_cannot_be_guessed() -> None:
    """The last 16 of the 26 characters are random: none of 200 systems shares even half of them with another."""
    tails = {RandomIds().job_id(NOW)[-16:] for _ in range(200)}
    assert len({tail[:8] for tail in tails}) == len({tail[8:] for tail in tails}) == 200


def test_no_randomness_is_given_twice() -> None:
    ids = RandomIds()
    root = ids.trace()
    spans = [ids.child_of(root) for _ in range(3_000)]
    assert {one.trace_id for one in spans} == {root.trace_id}
    assert len({one.span_id for one in spans} | {root.span_id}) == 3_001
    assert len({ids.trace().trace_id for _ in range(1_000)}) == 1_000


def test_seeds_have_31_bits() -> None:
    ids = RandomIds()
    seeds = [ids.seed() for _ in range(500)]
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert max(seeds) > 2**30 > min(seeds)
