"""What the System API promises of its calls: keys, pages, streams and deadlines."""

from __future__ import annotations

import asyncio  # as a caller of the library may
import fcntl
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from eigen.contracts.errors import AlreadyExistsError, DeadlineExceededError, InvalidArgumentError
from eigen.contracts.jobs import JobFilter, JobState
from eigen.contracts.requests import CompileJobRequest, RequestContext
from eigen.ports.system_api import SystemApi
from tests.api.calls import request

ADA = RequestContext(subject="ada")
HURRIED = replace(ADA, deadline_sec=0.05)


async def seqs(api: SystemApi, job_id: str, last: int = 0) -> list[int]:
    return [update.event_seq async for update in api.stream_job_updates(job_id, last_event_seq=last, context=ADA)]


# Idempotency


async def test_one_key_and_content_is_one_job_however_many_ask_at_once(eigen_system):
    jobs: set[str] = set()

    async def submit() -> None:
        jobs.add((await eigen_system.api.submit_job(request(key="k"), context=ADA)).job_id)

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(submit)
    assert len(jobs) == 1
    assert len((await eigen_system.api.list_jobs(context=ADA)).jobs) == 1
    with pytest.raises(AlreadyExistsError):
        await eigen_system.api.submit_job(request(key="k", shots=11), context=ADA)


async def test_a_key_is_the_tenants_subjects_own(eigen_system):
    callers = [ADA, RequestContext(subject="eve"), RequestContext(subject="ada", tenant="acme")]
    jobs = [
        await eigen_system.api.submit_job(request(key="k", shots=n), context=one) for n, one in enumerate(callers, 1)
    ]
    assert len({job.job_id for job in jobs}) == 3


async def test_a_key_that_is_too_long_is_refused(eigen_system):
    with pytest.raises(InvalidArgumentError) as refused:
        await eigen_system.api.submit_job(request(key="k" * 257), context=ADA)
    assert refused.value.reason == "IDEMPOTENCY_KEY"


# Lists


async def test_pages_hold_each_job_once_while_others_come_in(eigen_system):
    api = eigen_system.api
    before = [(await api.submit_job(request(), context=ADA)).job_id for _ in range(7)]
    seen, token = [], ""
    while True:
        page = await api.list_jobs(page_size=3, page_token=token, context=ADA)
        seen += [job.job_id for job in page.jobs]
        await api.submit_job(request(), context=ADA)
        token = page.next_page_token
        if not token:
            break
    assert seen == before[::-1]
    behind = await api.list_jobs(page_token=before[2], context=ADA)
    assert [job.job_id for job in behind.jobs] == before[1::-1]  # a job's id is a token too


@pytest.mark.parametrize(
    "options",
    [
        *({"page_token": token} for token in ("next", "job_", 5, b"job_")),
        *({"page_size": size} for size in (0, -1, 1001, 10**400, 1.5, "3", None)),
    ],
    ids=range(11),
)
async def test_a_page_that_cannot_be_is_a_typed_error(eigen_system, options):
    with pytest.raises(InvalidArgumentError) as refused:
        await eigen_system.api.list_jobs(**options, context=ADA)
    assert refused.value.reason in {"PAGE_TOKEN", "PAGE_SIZE"}
    assert refused.value.hint


async def test_jobs_are_filtered_by_state_name_and_time(eigen_system):
    api = eigen_system.api
    first, second = [await api.submit_job(request(name=name), context=ADA) for name in ("one", "two")]
    await seqs(api, first.job_id)
    await seqs(api, second.job_id)
    later = timedelta(microseconds=1)

    async def found(**wanted) -> list[str]:
        return [job.name for job in (await api.list_jobs(JobFilter(**wanted), context=ADA)).jobs]

    assert await found(states=(JobState.DONE,)) == ["two", "one"]
    assert await found(states=(JobState.ERROR, JobState.CANCELLED)) == []
    assert await found(name="one") == ["one"]
    assert await found(created_after=first.created_at) == ["two"]
    assert await found(created_before=first.created_at + later) == ["one"]
    assert await found(created_after=first.created_at - later, created_before=second.created_at) == ["one"]


# Updates


async def test_updates_come_in_order_from_where_they_were_left_to_one_end(eigen_system):
    job = await eigen_system.api.submit_job(request(), context=ADA)
    everything = await seqs(eigen_system.api, job.job_id)
    assert everything == list(range(1, len(everything) + 1))
    for last in everything[:-1]:
        assert await seqs(eigen_system.api, job.job_id, last) == everything[last:]
    updates = [one async for one in eigen_system.api.stream_job_updates(job.job_id, context=ADA)]
    assert [one.state.is_terminal for one in updates] == [False] * (len(updates) - 1) + [True]


@pytest.mark.parametrize("beyond", [0, 1, 1000])
async def test_who_has_seen_the_end_is_told_it_again_and_nothing_else(eigen_system, beyond):
    job = await eigen_system.api.submit_job(request(), context=ADA)
    last = (await seqs(eigen_system.api, job.job_id))[-1]
    assert await seqs(eigen_system.api, job.job_id, last + beyond) == [last]


async def test_a_number_from_the_future_still_leads_to_the_end(eigen_system, eigen_driver):
    eigen_driver.hold()
    job = await eigen_system.api.submit_job(request(), context=ADA)
    await eigen_driver.started()
    stream = eigen_system.api.stream_job_updates(job.job_id, last_event_seq=1000, context=ADA)
    async with anyio.create_task_group() as tasks:
        seen = []

        async def watch() -> None:
            seen.extend([one.state async for one in stream])

        tasks.start_soon(watch)
        await anyio.wait_all_tasks_blocked()
        eigen_driver.release()
    assert seen[-1] is JobState.DONE


@pytest.mark.parametrize("number", [-1, -(10**400), 1.5, "1"], ids=range(4))
async def test_a_number_that_no_update_has_is_refused(eigen_system, number):
    job = await eigen_system.api.submit_job(request(), context=ADA)
    with pytest.raises(InvalidArgumentError):
        await seqs(eigen_system.api, job.job_id, number)


async def test_a_reader_who_stops_reading_holds_up_nobody_and_finds_everything_later(eigen_system):
    job = await eigen_system.api.submit_job(request(), context=ADA)
    slow = eigen_system.api.stream_job_updates(job.job_id, context=ADA)
    assert (await anext(slow)).event_seq == 1
    everything = await seqs(eigen_system.api, job.job_id)  # the job ends while the other one waits
    assert [one.event_seq async for one in slow] == everything[1:]


# Deadlines


@contextmanager
def stuck_store(root: Path) -> Iterator[None]:
    """Hold the lock that every write to the job store takes, as another process does that was stopped in a write."""
    with (root / "store.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def test_a_deadline_that_is_no_number_is_a_wrong_value_and_not_a_late_answer(eigen_system):
    with pytest.raises(InvalidArgumentError) as refused:
        await eigen_system.api.submit_job(request(), context=replace(ADA, deadline_sec=math.nan))
    assert refused.value.reason == "DEADLINE"


async def test_a_submission_out_of_time_is_whole_and_its_repetition_finds_it(eigen_system):
    with stuck_store(eigen_system.root):
        with pytest.raises(DeadlineExceededError) as late:
            await eigen_system.api.submit_job(request(key="k"), context=HURRIED)
        assert late.value.reason == "CALL_DEADLINE"
        assert "idempotency key" in late.value.hint
    job = await eigen_system.api.submit_job(request(key="k"), context=ADA)
    await seqs(eigen_system.api, job.job_id)
    assert [one.job_id for one in (await eigen_system.api.list_jobs(context=ADA)).jobs] == [job.job_id]
    folders = [one.name for one in (eigen_system.root / "circuit_fs").iterdir() if one.name.startswith("job_")]
    assert folders == [job.job_id]


async def test_a_deadline_that_is_over_starts_nothing(eigen_system):
    for deadline_sec in (0.0, -1.0):
        with pytest.raises(DeadlineExceededError):
            await eigen_system.api.submit_job(request(), context=replace(ADA, deadline_sec=deadline_sec))
    assert (await eigen_system.api.list_jobs(context=ADA)).jobs == ()


async def test_a_stream_ends_with_its_deadline_and_the_job_goes_on(eigen_system, eigen_driver):
    eigen_driver.hold()
    job = await eigen_system.api.submit_job(request(), context=ADA)
    await eigen_driver.started()
    seen = []
    with pytest.raises(DeadlineExceededError):
        async for update in eigen_system.api.stream_job_updates(job.job_id, context=HURRIED):
            seen += [update.event_seq]
    assert seen == list(range(1, len(seen) + 1))
    eigen_driver.release()
    assert (await seqs(eigen_system.api, job.job_id, seen[-1]))[0] == seen[-1] + 1


async def test_a_call_in_time_answers_and_fails_as_one_without_a_deadline(eigen_system):
    patient = replace(ADA, deadline_sec=60.0)
    job = await eigen_system.api.submit_job(request(), context=patient)
    assert (await eigen_system.api.get_job_status(job.job_id, context=patient)).job_id == job.job_id
    wrong = replace(request().source, content=b"@hybrid_program\ndef main():\n    hh(0)\n")
    with pytest.raises(InvalidArgumentError):
        await eigen_system.api.compile(CompileJobRequest(source=wrong), context=patient)


async def test_a_submission_whose_caller_asyncio_cancels_is_whole_and_harms_no_other(eigen_system):
    with stuck_store(eigen_system.root):
        given_up = asyncio.create_task(eigen_system.api.submit_job(request(key="k"), context=ADA))
        patient = asyncio.create_task(eigen_system.api.submit_job(request(), context=ADA))
        await anyio.wait_all_tasks_blocked()
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
    for one in (await patient, await eigen_system.api.submit_job(request(key="k"), context=ADA)):
        with anyio.fail_after(60):
            await seqs(eigen_system.api, one.job_id)
        assert (await eigen_system.api.get_job_status(one.job_id, context=ADA)).state is JobState.DONE
    assert len((await eigen_system.api.list_jobs(context=ADA)).jobs) == 2


async def test_a_look_out_of_time_is_given_up(eigen_system):
    loops = "@hybrid_program\ndef main():\n    n = 0\n    for i in range(1000000):\n        n = n + i\n    h(0)\n"
    slow = replace(request().source, content=loops.encode())
    with pytest.raises(DeadlineExceededError):
        await eigen_system.api.compile(CompileJobRequest(source=slow), context=replace(ADA, deadline_sec=0.001))
