"""The scheduler: order, turns, slots, memory, reservations, and that nobody waits for ever."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eigen.kernel.device_queue import LINE_LENGTH, POINT_SEC, RUNNING_POINTS, Ticket
from eigen.kernel.scheduler import Scheduler

MEMORY = 16
DEVICES = {"d": 2, "e": 1}


def ticket(
    job_id: str, *, device_id: str = "d", subject: str = "ada", priority: int = 50, memory: int = 0, since: float = 0.0
) -> Ticket:
    return Ticket(
        job_id=job_id, device_id=device_id, subject=subject, priority=priority, memory_bytes=memory, since_sec=since
    )


def scheduler_of(slots: int, *tickets: Ticket, memory: int = MEMORY) -> Scheduler:
    scheduler = Scheduler(memory_bytes=memory)
    scheduler.add_device("d", slots=slots)
    for one in tickets:
        scheduler.enqueue(one)
    return scheduler


def begun(scheduler: Scheduler, now: float = 0.0) -> list[str]:
    return [one.job_id for one in scheduler.dispatch(now_sec=now)]


def order(scheduler: Scheduler, *, now: float = 0.0, step: float = 0.0) -> list[str]:
    """Return all jobs in the order in which they begin, where each batch ends before the next one."""
    seen: list[str] = []
    while batch := begun(scheduler, now):
        seen += batch
        now += step
        for job_id in batch:
            scheduler.release(job_id)
    return seen


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30), st.integers(1, 4))
def test_jobs_of_one_subject_start_by_priority_and_then_by_arrival(priorities: list[int], slots: int) -> None:
    scheduler = scheduler_of(slots, *(ticket(f"job_{n}", priority=one) for n, one in enumerate(priorities)))
    expected = sorted(range(len(priorities)), key=lambda number: (-priorities[number], number))
    assert order(scheduler) == [f"job_{number}" for number in expected]


def test_a_minute_of_waiting_is_worth_ten_points_of_priority() -> None:
    waited = ticket("job_old", priority=40, since=0.0)
    assert order(scheduler_of(1, waited, ticket("job_new", priority=50, since=59.9)))[0] == "job_new"
    assert order(scheduler_of(1, waited, ticket("job_new", priority=50, since=60.1)))[0] == "job_old"
    assert POINT_SEC * 10 == 60


def test_equal_subjects_take_turns_however_many_jobs_each_has() -> None:
    many = [ticket(f"ada_{n}", since=n / 100) for n in range(6)]
    few = [ticket(f"bob_{n}", subject="bob", since=1.0) for n in range(2)]
    assert order(scheduler_of(1, *many, *few), now=2.0, step=1.0) == [
        "ada_0", "bob_0", "ada_1", "bob_1", "ada_2", "ada_3", "ada_4", "ada_5",
    ]  # fmt: skip


def test_of_equal_subjects_the_one_with_fewer_running_jobs_goes_first() -> None:
    scheduler = scheduler_of(3, ticket("ada_0"), ticket("ada_1"))
    assert begun(scheduler) == ["ada_0", "ada_1"]
    scheduler.enqueue(ticket("ada_2", since=1.0))
    scheduler.enqueue(ticket("bob_0", subject="bob", since=2.0))
    assert begun(scheduler, 2.0) == ["bob_0"]


def test_small_jobs_pass_a_big_one_only_beside_what_it_needs() -> None:
    """16 bytes; a job of 10 runs, one of 12 waits: jobs of 4 in all may begin beside it, a further one may not."""
    scheduler = scheduler_of(8, ticket("old", memory=10), ticket("big", memory=12, since=1.0))
    assert begun(scheduler, 1.0) == ["old"]
    for number in range(3):
        scheduler.enqueue(ticket(f"small_{number}", memory=2, since=2.0))
    assert begun(scheduler, 2.0) == ["small_0", "small_1"]
    wait = scheduler.wait("small_2")
    assert wait is not None
    assert (wait.cause, wait.free_bytes, scheduler.free_bytes) == ("memory", 0, 2)
    scheduler.release("old")
    assert begun(scheduler, 3.0) == ["big"]
    scheduler.release("small_0")
    assert begun(scheduler, 4.0) == ["small_2"]


def test_a_claim_is_not_lost_to_a_later_job_of_the_same_size_and_higher_priority() -> None:
    scheduler = scheduler_of(8, ticket("old", memory=10), ticket("big", memory=12, since=1.0))
    assert begun(scheduler, 1.0) == ["old"]
    scheduler.enqueue(ticket("rival", memory=12, priority=100, since=2.0))
    assert begun(scheduler, 2.0) == []
    scheduler.release("old")
    assert begun(scheduler, 3.0) == ["big"]
    scheduler.release("big")
    assert begun(scheduler, 4.0) == ["rival"]


def test_a_claim_ends_with_the_job_that_holds_it() -> None:
    scheduler = scheduler_of(8, ticket("old", memory=10), ticket("big", memory=16), ticket("small", memory=4))
    assert begun(scheduler) == ["old"]
    assert scheduler.leave("big") == ("d",)
    assert begun(scheduler) == ["small"]


def test_a_claim_ends_where_its_holder_has_no_slot_any_more() -> None:
    scheduler = scheduler_of(2, ticket("old", memory=10), ticket("big", memory=16, since=1.0))
    assert begun(scheduler, 1.0) == ["old"]
    assert scheduler.reserve("d", subject="bob")
    assert scheduler.reserve("d", subject="bob")
    scheduler.release("old")
    scheduler.enqueue(ticket("bob_0", subject="bob", memory=4, since=2.0))
    assert begun(scheduler, 2.0) == ["bob_0"]


def test_a_reserved_slot_is_for_its_subject_alone() -> None:
    scheduler = scheduler_of(2)
    assert scheduler.reserve("d", subject="bob")
    for number in range(3):
        scheduler.enqueue(ticket(f"ada_{number}"))
    assert begun(scheduler) == ["ada_0"]
    wait = scheduler.wait("ada_1")
    assert wait is not None
    assert (wait.cause, wait.position, wait.reserved_by) == ("reservation", 1, ("bob",))
    scheduler.enqueue(ticket("bob_0", subject="bob", priority=0))
    scheduler.enqueue(ticket("bob_1", subject="bob", priority=0))
    assert begun(scheduler) == ["bob_0"]
    scheduler.release("bob_0")
    scheduler.unreserve("d", subject="bob")
    assert begun(scheduler) == ["ada_1"]


def test_no_more_slots_are_reserved_than_there_are() -> None:
    scheduler = scheduler_of(2)
    assert [scheduler.reserve("d", subject=name) for name in ("ada", "bob", "eve")] == [True, True, False]


def test_a_place_in_the_line_is_the_order_in_which_jobs_begin() -> None:
    scheduler = scheduler_of(
        1,
        ticket("ada_0", priority=90),
        ticket("ada_1"),
        ticket("bob_0", subject="bob", priority=60),
        ticket("ada_2", priority=55),
        ticket("bob_1", subject="bob"),
    )
    places = {job_id: scheduler.wait(job_id) for job_id in ("ada_0", "ada_1", "ada_2", "bob_0", "bob_1")}
    line = sorted(places, key=lambda job_id: places[job_id].position)  # type: ignore[union-attr]  # all of them wait
    assert line == order(scheduler, step=1e-3)


def test_a_place_is_not_told_in_a_line_that_is_longer_than_was_asked_for() -> None:
    scheduler = scheduler_of(1, *(ticket(f"job_{number}") for number in range(4)))
    assert begun(scheduler) == ["job_0"]
    for longest_line, place in ((None, 3), (3, 3), (2, None)):
        wait = scheduler.wait("job_3", longest_line=longest_line)
        assert wait is not None
        assert (wait.cause, wait.position) == ("slot", place)


@pytest.mark.parametrize("cause", ["leave", "release"])
def test_what_is_not_there_changes_nothing(cause: str) -> None:
    scheduler = scheduler_of(1)
    assert getattr(scheduler, cause)("job_x") == ()
    assert scheduler.wait("job_x") is None
    assert scheduler.load("nowhere") == (0, 0)


@dataclass
class Shadow:
    """What a scheduler must hold, kept by hand."""

    scheduler: Scheduler = field(default_factory=lambda: Scheduler(memory_bytes=MEMORY))
    waiting: dict[str, Ticket] = field(default_factory=dict)
    running: dict[str, Ticket] = field(default_factory=dict)
    reserved: Counter[tuple[str, str]] = field(default_factory=Counter)
    now: float = 0.0

    def dispatch(self) -> list[Ticket]:
        started = self.scheduler.dispatch(now_sec=self.now)
        for one in started:
            self.running[one.job_id] = self.waiting.pop(one.job_id)
        return started

    def check(self) -> None:
        used = sum(one.memory_bytes for one in self.running.values())
        assert self.scheduler.free_bytes == MEMORY - used >= 0
        for device_id, slots in DEVICES.items():
            here = [one for one in self.running.values() if one.device_id == device_id]
            waiting = [one for one in self.waiting.values() if one.device_id == device_id]
            assert self.scheduler.load(device_id) == (len(here), len(waiting))
            assert len(here) <= slots
            places = sorted(wait.position for one in waiting if (wait := self.scheduler.wait(one.job_id)) is not None)
            assert places == list(range(1, len(waiting) + 1))


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["enqueue", "enqueue", "leave", "release", "release", "reserve", "unreserve", "time"]),
        st.integers(0, 11),
        st.sampled_from(["ada", "bob", "eve"]),
        st.sampled_from(sorted(DEVICES)),
        st.sampled_from([0, 50, 100]),
        st.sampled_from([0, 4, 9, 15, 16]),
    ),
    max_size=60,
)


@settings(max_examples=200)
@given(ACTIONS)
def test_whatever_comes_nothing_is_oversold_nothing_is_lost_and_everything_begins(actions: list[tuple]) -> None:
    shadow = Shadow()
    for device_id, slots in DEVICES.items():
        shadow.scheduler.add_device(device_id, slots=slots)
    for action, number, subject, device_id, priority, memory in actions:
        job_id = f"job_{number}"
        if action == "enqueue" and job_id not in shadow.waiting and job_id not in shadow.running:
            shadow.waiting[job_id] = ticket(
                job_id, device_id=device_id, subject=subject, priority=priority, memory=memory, since=shadow.now
            )
            shadow.scheduler.enqueue(shadow.waiting[job_id])
        elif action == "leave":
            assert bool(shadow.scheduler.leave(job_id)) == (shadow.waiting.pop(job_id, None) is not None)
        elif action == "release":
            assert bool(shadow.scheduler.release(job_id)) == (shadow.running.pop(job_id, None) is not None)
        elif action == "reserve" and shadow.scheduler.reserve(device_id, subject=subject):
            shadow.reserved[device_id, subject] += 1
        elif action == "unreserve" and shadow.reserved[device_id, subject]:
            shadow.scheduler.unreserve(device_id, subject=subject)
            shadow.reserved[device_id, subject] -= 1
        elif action == "time":
            shadow.now += priority
        before = dict(shadow.running)
        for one in shadow.dispatch():
            kept = sum(
                max(0, count - sum(run.device_id == where and run.subject == who for run in before.values()))
                for (where, who), count in shadow.reserved.items()
                if where == one.device_id and who != one.subject
            )
            busy = sum(run.device_id == one.device_id for run in before.values())
            assert busy + kept < DEVICES[one.device_id]
            before[one.job_id] = one
        shadow.check()
    for (device_id, subject), count in shadow.reserved.items():
        for _ in range(count):
            shadow.scheduler.unreserve(device_id, subject=subject)
    rounds = len(shadow.waiting) + len(shadow.running) + 1
    for _ in range(rounds):  # each round everything that runs ends, and at least one job begins
        shadow.dispatch()
        for job_id in list(shadow.running):
            shadow.scheduler.release(job_id)
            del shadow.running[job_id]
        shadow.check()
    assert not shadow.waiting
    assert shadow.scheduler.free_bytes == MEMORY


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 2, 9, 12, 16]), st.sampled_from([0, 50, 100]), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_when_what_runs_ends_everything_that_waits_begins(jobs: list[tuple[int, int, bool]]) -> None:
    scheduler, running, waiting = scheduler_of(8), [], set()
    for number, (memory, priority, ends) in enumerate(jobs):
        one = ticket(f"job_{number}", memory=memory, priority=priority, since=number)
        scheduler.enqueue(one)
        waiting.add(one.job_id)
        running += begun(scheduler, number)
        waiting -= set(running)
        if ends and running:
            scheduler.release(running.pop(0))
    while waiting:
        for job_id in running:
            scheduler.release(job_id)
        running = begun(scheduler, len(jobs))
        assert running, f"nothing runs, and {sorted(waiting)} wait"
        waiting -= set(running)


FLOODS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 100), st.floats(0, 30), st.booleans()), min_size=1, max_size=120
)


@settings(max_examples=100)
@given(FLOODS, st.integers(0, 100), st.integers(1, 3))
def test_no_flood_of_others_holds_a_subject_up_beyond_the_bound(
    flood: list[tuple[int, int, float, bool]], priority: int, slots: int
) -> None:
    """From `POINT_SEC * (100 + RUNNING_POINTS * slots)` seconds after its turn on, each other subject passes once."""
    scheduler = scheduler_of(slots, ticket("patient", subject="bob", priority=priority))
    scheduler.enqueue(ticket("rival", subject="eve_0", priority=100))
    bound = POINT_SEC * (100 + RUNNING_POINTS * slots)
    now, running, passed = 0.0, [], Counter[str]()
    subjects: dict[str, str] = {"patient": "bob", "rival": "eve_0"}
    for number, (who, points, seconds, ends) in enumerate(flood * 40):
        job_id = f"job_{number}"
        subjects[job_id] = f"eve_{who}"
        scheduler.enqueue(ticket(job_id, subject=subjects[job_id], priority=points, since=now))
        now += seconds
        if ends and running:
            scheduler.release(running.pop(0))
        for one in scheduler.dispatch(now_sec=now):
            if one.job_id == "patient":
                return
            running.append(one.job_id)
            if now > bound:
                passed[one.subject] += 1
                assert passed[one.subject] <= 1


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 100)), min_size=2, max_size=40), st.randoms())
def test_a_job_is_overtaken_by_its_subjects_later_jobs_only_within_the_worth_of_their_priority(
    jobs: list[tuple[int, float]], random: object
) -> None:
    scheduler, now, came, waiting = scheduler_of(1), 0.0, {}, set()
    for number, (priority, pause) in enumerate(jobs):
        now += pause
        one = ticket(f"job_{number}", priority=priority, since=now)
        came[one.job_id] = one
        waiting.add(one.job_id)
        scheduler.enqueue(one)
        if number % 3 == 2:
            for first in scheduler.dispatch(now_sec=now):
                waiting.discard(first.job_id)
                for job_id in waiting:
                    late = came[first.job_id].since_sec - came[job_id].since_sec
                    worth = POINT_SEC * (came[first.job_id].priority - came[job_id].priority)
                    assert late <= worth + 1e-6
                scheduler.release(first.job_id)


@given(
    st.lists(st.integers(1, 16), min_size=1, max_size=8),
    st.integers(8, 16),
    st.lists(st.integers(0, 8), max_size=40),
)
def test_a_big_job_begins_when_those_that_ran_before_it_have_ended(
    older: list[int], big: int, flood: list[int]
) -> None:
    """However many small jobs come meanwhile, and though none of them ever ends."""
    scheduler = scheduler_of(100)
    for number, memory in enumerate(older):
        scheduler.enqueue(ticket(f"old_{number}", memory=memory))
    ran_before = [one.job_id for one in scheduler.dispatch(now_sec=0.0)]
    for job_id in [f"old_{number}" for number in range(len(older))]:
        scheduler.leave(job_id)
    scheduler.enqueue(ticket("big", memory=big, priority=100))
    started = begun(scheduler, 1.0)
    for number, memory in enumerate(flood):
        scheduler.enqueue(ticket(f"small_{number}", memory=memory, since=2.0))
        started += begun(scheduler, 2.0)
    for job_id in ran_before:
        scheduler.release(job_id)
    assert "big" in started + begun(scheduler, 3.0)


def test_places_are_told_of_the_first_thousand() -> None:
    scheduler = scheduler_of(1, *(ticket(f"job_{n}", subject=f"s{n % 7}", since=n) for n in range(LINE_LENGTH + 10)))
    waits = [wait for n in range(LINE_LENGTH + 10) if (wait := scheduler.wait(f"job_{n}")) is not None]
    told = [wait.position for wait in waits if wait.position is not None]
    assert (len(waits), sorted(told)) == (LINE_LENGTH + 10, list(range(1, LINE_LENGTH + 1)))
