"""The scheduler: order, slots, and jobs that leave."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eigen.kernel.scheduler import Scheduler


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30), st.integers(1, 4))
def test_jobs_start_by_priority_and_then_by_arrival(priorities: list[int], slots: int) -> None:
    scheduler = Scheduler()
    scheduler.add_device("d", slots=slots)
    for number, priority in enumerate(priorities):
        scheduler.enqueue(f"job_{number}", device_id="d", priority=priority)
    started: list[str] = []
    while batch := scheduler.dispatch("d"):
        assert len(batch) <= slots
        started += batch
        for job_id in batch:
            scheduler.release(job_id, device_id="d")
    expected = sorted(range(len(priorities)), key=lambda number: (-priorities[number], number))
    assert started == [f"job_{number}" for number in expected]


@given(
    st.lists(st.tuples(st.sampled_from(["enqueue", "leave", "dispatch", "release"]), st.integers(0, 5)), max_size=60)
)
def test_slots_are_never_oversold_and_nothing_is_lost(actions: list[tuple[str, int]]) -> None:
    scheduler = Scheduler()
    scheduler.add_device("d", slots=2)
    waiting: set[str] = set()
    running: set[str] = set()
    for action, number in actions:
        job_id = f"job_{number}"
        if action == "enqueue" and job_id not in running:
            scheduler.enqueue(job_id, device_id="d", priority=number % 3)
            waiting.add(job_id)
        elif action == "leave":
            scheduler.leave(job_id, device_id="d")
            waiting.discard(job_id)
        elif action == "dispatch":
            started = set(scheduler.dispatch("d"))
            assert started <= waiting
            waiting -= started
            running |= started
            assert len(running) <= 2
            assert len(running) == 2 or not waiting
        elif action == "release":
            scheduler.release(job_id, device_id="d")
            running.discard(job_id)
        assert scheduler.load("d") == (len(running), len(waiting))


def test_an_unknown_device_has_no_load() -> None:
    assert Scheduler().load("nowhere") == (0, 0)
