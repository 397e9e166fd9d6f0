"""The state machine: its rules, on every sequence of events that Hypothesis can think of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.job_events import (
    JOB_EVENTS,
    Adopted,
    CancelRequested,
    Closed,
    CompilationFailed,
    CompilationStarted,
    Compiled,
    DependenciesMet,
    DependencyFailed,
    Dispatched,
    Executed,
    ExecutionFailed,
    ExecutionStopped,
    JobEvent,
    Progressed,
    SealFailed,
    Submitted,
    TimedOut,
)
from eigen.contracts.jobs import TERMINAL_STATES, JobRecord, JobState
from eigen.kernel import machine
from eigen.kernel.commands import AwaitDependencies, CloseUnsealed, Compile, Execute, Seal, StopWork
from eigen.kernel.history import fold, stored
from eigen.kernel.machine import MAX_ATTEMPTS, MAX_CRASHES, IllegalEventError, step

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ERROR = InvalidArgumentError("no", reason="EL0101").to_json()


def submitted(*dependencies: str) -> Submitted:
    return Submitted(
        at=NOW,
        job_id="job_00000000000000000000000001",
        name="bell",
        subject="ada",
        tenant="default",
        labels={"a": "b"},
        target="",
        priority=50,
        timeout_sec=None,
        shots=None,
        seed=None,
        trace_id="1" * 32,
        span_id="2" * 16,
        spec_digest="",
        source_digest="",
        dependencies=dependencies,
    )


def compiled(attempt: int = 1) -> Compiled:
    return Compiled(
        at=NOW,
        attempt=attempt,
        device_id="sim:local",
        target="sim",
        shots=10,
        seed=1,
        aqo_digest="d",
        method="statevector",
        memory_bytes=64,
    )


def event_of(kind: type[JobEvent], attempt: int) -> JobEvent:
    at = NOW + timedelta(seconds=1)
    return {
        Adopted: lambda: Adopted(at=at, owner="sys_b"),
        DependenciesMet: lambda: DependenciesMet(at=at, attempt=attempt),
        DependencyFailed: lambda: DependencyFailed(at=at, attempt=attempt, error=ERROR),
        CompilationStarted: lambda: CompilationStarted(at=at, attempt=attempt),
        Compiled: lambda: compiled(attempt),
        CompilationFailed: lambda: CompilationFailed(at=at, attempt=attempt, error=ERROR),
        Dispatched: lambda: Dispatched(at=at, attempt=attempt),
        Progressed: lambda: Progressed(at=at, attempt=attempt, done=3, total=10),
        Executed: lambda: Executed(at=at, attempt=attempt, execution_time_sec=0.1),
        ExecutionFailed: lambda: ExecutionFailed(at=at, attempt=attempt, error=ERROR, retryable=True),
        ExecutionStopped: lambda: ExecutionStopped(at=at, attempt=attempt),
        CancelRequested: lambda: CancelRequested(at=at, by="ada"),
        TimedOut: lambda: TimedOut(at=at, timeout_sec=1),
        SealFailed: lambda: SealFailed(at=at, attempt=attempt, error=ERROR),
        Closed: lambda: Closed(at=at, attempt=attempt),
        Submitted: submitted,
    }[kind]()


KINDS = list(JOB_EVENTS)


def run(*events: JobEvent, first: Submitted | None = None) -> JobRecord:
    record = step(None, first or submitted()).job
    for event in events:
        record = step(record, event).job
    return record


def test_a_job_goes_from_pending_to_done_through_every_stage() -> None:
    record, seen, commands = None, [], []
    for event in (
        submitted(),
        event_of(CompilationStarted, 1),
        compiled(),
        event_of(Dispatched, 1),
        event_of(Executed, 1),
        event_of(Closed, 1),
    ):
        record, todo = step(record, event)
        seen.append((record.state.value, record.stage))
        commands += [type(command).__name__ for command in todo]
    assert seen == [
        ("PENDING", "submitted"),
        ("COMPILING", "compiling"),
        ("QUEUED", "queued"),
        ("RUNNING", "executing"),
        ("RUNNING", "storing"),
        ("DONE", "finished"),
    ]
    assert commands == ["Compile", "Enqueue", "Execute", "Seal"]


def test_progress_is_a_share_of_the_executing_stage_and_begins_anew_with_each_run() -> None:
    running = run(event_of(CompilationStarted, 1), compiled(), event_of(Dispatched, 1))
    record, commands = step(running, event_of(Progressed, 1))
    assert commands == ()
    assert (record.status().progress, record.status().message) == (0.62, "running on the device: 3 of 10 points")
    again = step(step(record, event_of(ExecutionFailed, 1)).job, event_of(Dispatched, 1)).job
    assert again.status().progress == running.status().progress == 0.5


def test_nothing_but_a_submission_begins_a_job() -> None:
    with pytest.raises(IllegalEventError):
        step(None, event_of(Closed, 1))


def test_a_running_job_is_cancelled_only_when_its_work_has_ended() -> None:
    running = run(event_of(CompilationStarted, 1), compiled(), event_of(Dispatched, 1))
    stopping, commands = step(running, event_of(CancelRequested, 1))
    assert (stopping.state, [type(one) for one in commands]) == (JobState.RUNNING, [StopWork])
    ended, commands = step(stopping, event_of(ExecutionStopped, 1))
    assert (ended.ending, [type(one) for one in commands]) == (JobState.CANCELLED, [Seal])
    assert step(ended, event_of(Closed, 1)).job.state is JobState.CANCELLED


def test_results_that_come_after_a_cancel_do_not_make_the_job_done() -> None:
    record = run(
        event_of(CompilationStarted, 1),
        compiled(),
        event_of(Dispatched, 1),
        event_of(CancelRequested, 1),
        event_of(Executed, 1),
        event_of(Closed, 1),
    )
    assert record.state is JobState.CANCELLED


def test_the_first_reason_to_stop_stands() -> None:
    record = run(
        event_of(CompilationStarted, 1),
        compiled(),
        event_of(Dispatched, 1),
        event_of(TimedOut, 1),
        event_of(CancelRequested, 1),
        event_of(ExecutionStopped, 1),
        event_of(Closed, 1),
    )
    assert record.state is JobState.TIMEOUT


def test_a_job_whose_backend_always_dies_ends_in_error() -> None:
    record = run(event_of(CompilationStarted, 1), compiled())
    deaths = 0
    while record.ending is None:
        record = step(step(record, event_of(Dispatched, 1)).job, event_of(ExecutionFailed, 1)).job
        deaths += 1
    assert (deaths, record.ending) == (MAX_CRASHES, JobState.ERROR)
    assert record.error is not None
    assert record.error["details"]["crashes"] == MAX_CRASHES


def test_deaths_of_the_backend_are_counted_across_systems() -> None:
    record, deaths = run(event_of(CompilationStarted, 1), compiled()), 0
    while record.ending is None:
        deaths += 1
        died = step(step(record, event_of(Dispatched, deaths)).job, event_of(ExecutionFailed, deaths)).job
        record = died
        if record.ending is None:
            for event in (event_of(Adopted, 0), event_of(CompilationStarted, deaths + 1), compiled(deaths + 1)):
                record = step(record, event).job
    assert deaths == MAX_CRASHES


def test_a_job_that_takes_every_system_with_it_ends_in_error() -> None:
    record, systems = run(), 0
    while record.ending is None:
        systems += 1
        for event in (event_of(CompilationStarted, systems), compiled(systems), event_of(Dispatched, systems)):
            record = step(record, event).job
        record = step(record, event_of(Adopted, 0)).job
    assert (systems, record.error and record.error["reason"]) == (MAX_ATTEMPTS, "JOB_ABANDONED")


def test_a_job_that_nobody_had_begun_with_keeps_its_attempt_when_it_is_handed_on() -> None:
    adopted, commands = step(run(), event_of(Adopted, 1))
    assert (adopted.attempt, [type(one) for one in commands]) == (1, [Compile])


def test_a_job_waits_for_the_jobs_that_it_needs_and_then_compiles() -> None:
    waiting, commands = step(None, submitted("job_a"))
    assert (waiting.state, waiting.stage) == (JobState.PENDING, "waiting")
    assert [type(one) for one in commands] == [AwaitDependencies]
    with pytest.raises(IllegalEventError):
        step(waiting, event_of(CompilationStarted, 1))
    again, commands = step(waiting, event_of(Adopted, 1))
    assert (again.stage, [type(one) for one in commands]) == ("waiting", [AwaitDependencies])
    ready, commands = step(again, event_of(DependenciesMet, 1))
    assert (ready.stage, [type(one) for one in commands]) == ("submitted", [Compile])
    assert step(ready, event_of(DependencyFailed, 1)).job is ready, "a late outcome changes nothing"


@pytest.mark.parametrize("kind", [DependencyFailed, CancelRequested, TimedOut])
def test_a_waiting_job_ends_without_being_compiled(kind: type[JobEvent]) -> None:
    ended, commands = step(run(first=submitted("job_a")), event_of(kind, 1))
    assert ended.ending in TERMINAL_STATES
    assert [type(one) for one in commands] == [Seal]
    assert step(ended, event_of(Closed, 1)).job.state is ended.ending


def test_a_compilation_is_stopped_when_its_job_is_cancelled() -> None:
    _, commands = step(run(event_of(CompilationStarted, 1)), event_of(CancelRequested, 1))
    assert [type(one) for one in commands] == [StopWork, Seal]


@pytest.mark.parametrize("kind", [CancelRequested, TimedOut])
def test_a_stopped_job_says_how_far_it_had_come(kind: type[JobEvent]) -> None:
    running = run(event_of(CompilationStarted, 1), compiled(), event_of(Dispatched, 1))
    for record, stage, completed in (
        (run(), "submitted", []),
        (run(event_of(CompilationStarted, 1)), "compiling", []),
        (run(event_of(CompilationStarted, 1), compiled()), "queued", ["compile"]),
        (running, "executing", ["compile"]),
    ):
        error = step(record, event_of(kind, 1)).job.error
        assert error is not None
        assert error["details"] == {"stage": stage, "attempt": 1, "completed": completed}


def test_results_that_cannot_be_stored_make_an_error_and_no_done() -> None:
    record = run(
        event_of(CompilationStarted, 1),
        compiled(),
        event_of(Dispatched, 1),
        event_of(Executed, 1),
        event_of(SealFailed, 1),
    )
    assert record.ending is JobState.ERROR
    unsealed, commands = step(record, event_of(SealFailed, 1))
    assert [type(one) for one in commands] == [CloseUnsealed]
    assert step(unsealed, event_of(Closed, 1)).job.state is JobState.ERROR


def test_an_adopted_job_begins_anew_under_the_next_attempt() -> None:
    running = run(event_of(CompilationStarted, 1), compiled(), event_of(Dispatched, 1))
    adopted, commands = step(running, event_of(Adopted, 1))
    assert (adopted.state, adopted.attempt, [type(one) for one in commands]) == (JobState.PENDING, 2, [Compile])
    assert step(adopted, event_of(Executed, 1)).job is adopted, "an outcome of the older attempt changes nothing"


def test_an_adopted_job_that_was_to_be_cancelled_is_cancelled() -> None:
    stopping = run(event_of(CompilationStarted, 1), compiled(), event_of(Dispatched, 1), event_of(CancelRequested, 1))
    adopted = step(stopping, event_of(Adopted, 1)).job
    assert step(adopted, event_of(Closed, 2)).job.state is JobState.CANCELLED


WORK = AwaitDependencies | Compile | Execute | Seal


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 3)), max_size=40), st.sampled_from([(), ("job_a",)]))
def test_whatever_comes_the_rules_hold(choices: list[tuple[type[JobEvent], int]], dependencies: tuple[str]) -> None:
    """One terminal state, never left; numbers without gaps; refused events change nothing; the record is its fold."""
    first = submitted(*dependencies)
    record, commands = step(None, first)
    history = [stored(first, record)]
    started = sum(isinstance(one, WORK) for one in commands)
    for kind, attempt in choices:
        event = event_of(kind, attempt)
        try:
            after, commands = step(record, event)
        except IllegalEventError:
            assert not event.is_work_outcome or kind is ExecutionStopped
            continue
        if after is record:
            assert event.is_work_outcome
            assert not commands
            continue
        assert record.state not in TERMINAL_STATES
        assert after.event_seq == record.event_seq + 1
        assert after.attempt >= record.attempt
        if after.state in TERMINAL_STATES:
            assert record.ending is after.state
            assert not commands
        started += sum(isinstance(one, WORK) for one in commands)
        record = after
        history.append(stored(event, record))
    assert started >= 1
    assert fold(history) == record
    assert record.status().is_terminal == record.state.is_terminal


@pytest.mark.parametrize("state", sorted(JobState, key=str))
def test_every_live_state_can_be_left_and_no_terminal_one(state: JobState) -> None:
    ways = [kind for (origin, kind) in machine.TRANSITIONS if origin is state]
    assert bool(ways) != state.is_terminal
    if ways:
        assert {CancelRequested, TimedOut, Adopted} <= set(ways)


def test_who_cancelled_is_told_so_that_it_can_be_shown_with_what_to_do() -> None:
    accepted, _ = step(None, submitted())
    cancelled, _ = step(accepted, CancelRequested(at=NOW, by="eve\x1b[2J\u202e"))
    assert cancelled.error is not None
    assert cancelled.error["message"] == r"cancelled by eve\x1b[2J\u202e"
    assert cancelled.error["hint"] == f"`eigen rerun {accepted.job_id}` submits it once more"
