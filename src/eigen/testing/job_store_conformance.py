"""What every job store must do: run it against yours.

Each check is an async function that takes a function which opens the store of one new root for an owner, and raises
`AssertionError` where the store breaks the law of `eigen.ports.job_store`. `check_job_store` runs all of them;
`JOB_STORE_CHECKS` lists them, so that a test can be parametrized and each fact is a test of its own.

Example:
    >>> import anyio, tempfile
    >>> from functools import partial
    >>> from pathlib import Path
    >>> from eigen.kernel.stores.sqlite import SqliteJobStore
    >>> def new_root():
    ...     root = Path(tempfile.mkdtemp(dir=folder))
    ...     return lambda owner: SqliteJobStore(root, owner=owner)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     anyio.run(check_job_store, new_root)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio

from eigen.contracts.errors import AlreadyExistsError, NotFoundError, ResourceExhaustedError
from eigen.contracts.job_events import CompilationStarted
from eigen.contracts.jobs import JobFilter, JobRecord, JobState
from eigen.ports.job_store import JobStore, KeptJob, StaleOwnerError
from eigen.testing.conformance_jobs import CLOCK, IDS, after, cancelled, is_fold, new_job, new_reservation

__all__ = ["JOB_STORE_CHECKS", "OpenStore", "check_job_store"]

OpenStore = Callable[[str], JobStore]
"""Returns the store of one root for an owner of this name, not entered yet."""

Check = Callable[[OpenStore], Awaitable[None]]


async def check_job_store(new_root: Callable[[], OpenStore]) -> None:
    """Run every check, each on a new root.

    Args:
        new_root: Function that makes a new, empty root, and returns what opens its store for an owner.

    Raises:
        AssertionError: The store breaks the port's law; the message says which fact does not hold.
    """
    for check in JOB_STORE_CHECKS:
        try:
            await check(new_root())
        except AssertionError as error:
            raise AssertionError(f"{check.__name__}: {error}") from error


async def what_is_inserted_and_appended_is_there_in_order(open_store: OpenStore) -> None:
    """Check that records and events come back as they were given, also after closing and opening again."""
    async with open_store("sys_a") as store:
        job = new_job()
        _require(await store.insert(job) == job.record, "insert returns the record")
        begun, first = after(job.record, CompilationStarted(at=CLOCK.now(), attempt=1))
        await store.append(begun, first, durable=False)
        final, rest = cancelled(begun)
        await store.append(final, (job.event, *first, *rest), durable=True)
    async with open_store("sys_b") as store:
        _require(await store.get(final.job_id) == final, "the last record is there")
        events = await store.events(final.job_id)
        _require(is_fold(final, events), "the record is the fold of the events")
        _require(await store.events(final.job_id, after_seq=2) == events[2:], "events can be taken up in the middle")


async def a_durable_append_makes_good_what_was_lost_behind(open_store: OpenStore) -> None:
    """Check that events that were never given before are kept by the append that gives them once more."""
    async with open_store("sys_a") as store:
        job = new_job()
        await store.insert(job)
        begun, lost = after(job.record, CompilationStarted(at=CLOCK.now(), attempt=1))
        final, rest = cancelled(begun)
        await store.append(final, (job.event, *lost, *rest), durable=True)
        _require(is_fold(final, await store.events(final.job_id)), "no event is missing")


async def an_opening_is_kept_until_it_is_forgotten(open_store: OpenStore) -> None:
    """Check that what a job begins with is kept with it, for other systems too, and forgotten with its end."""
    async with open_store("sys_a") as store, open_store("sys_b") as other:
        job = replace(new_job(), opening=bytes(range(256)))
        job_id = (await store.insert(job)).job_id
        _require(await other.opening(job_id) == job.opening, "another system reads it")
        _require(await store.opening(IDS.job_id(CLOCK.now())) == b"", "a job that is not there has none")
        final, events = cancelled(job.record)
        await store.forget_opening(job_id)
        await store.append(final, (job.event, *events), durable=True)
        _require(await other.opening(job_id) == b"", "it is forgotten")
        _require(await other.get(job_id) == final, "and the job is not")


async def one_key_makes_one_job(open_store: OpenStore) -> None:
    """Check that a key stands for one content, for each subject apart, from whichever system."""
    async with open_store("sys_a") as store, open_store("sys_b") as other:
        _require(await store.known(new_job(key="k", digest="d")) is None, "a new key is not known")
        first = await store.insert(new_job(key="k", digest="d"))
        _require(await store.known(new_job(digest="d")) is None, "a job without a key is nobody's repetition")
        for again in (store, other):
            _require(await again.known(new_job(key="k", digest="d")) == first, "a key is known with its job")
            await _refused(again.known(new_job(key="k", digest="e")), AlreadyExistsError, "of other content it is not")
            _require(await again.insert(new_job(key="k", digest="d")) == first, "the same content gives the same job")
            await _refused(again.insert(new_job(key="k", digest="e")), AlreadyExistsError, "other content is refused")
        theirs = await other.insert(new_job(key="k", digest="e", subject="eve"))
        _require(theirs.subject == "eve", "another subject's key is another key")
        await store.insert(new_job(digest="d"))
        await store.insert(new_job(digest="d"))
        _require(len(await store.select(JobFilter(), limit=10)) == 4, "jobs without keys are apart")


async def one_of_many_submitters_with_a_key_makes_the_job(open_store: OpenStore) -> None:
    """Check that of many at once with one key, from two systems, all get the same job."""
    made: list[JobRecord] = []
    async with open_store("sys_a") as store, open_store("sys_b") as other:

        async def submit(through: JobStore) -> None:
            made.append(await through.insert(new_job(key="k", digest="d")))

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(submit, (store, other)[number % 2])
        _require(len({record.job_id for record in made}) == 1, "all were given one job")
        _require(len(await store.select(JobFilter(), limit=10)) == 1, "there is one job")


async def an_ended_job_is_never_written_again(open_store: OpenStore) -> None:
    """Check that nobody writes to a job that has ended, its owner included."""
    async with open_store("sys_a") as store:
        job = await store.insert(new_job())
        final, events = cancelled(job)
        await store.append(final, events, durable=True)
        late = store.append(replace(final, event_seq=final.event_seq + 1), (), durable=True)
        await _refused(late, StaleOwnerError, "the write is refused")
        await store.request_cancel(final.job_id, by="eve")
        _require(await store.get(final.job_id) == final, "the end stands")
    async with open_store("sys_b") as other:
        _require(await other.adopt() == (), "an ended job has no heir")


async def jobs_of_the_living_are_not_adopted(open_store: OpenStore) -> None:
    """Check that only jobs whose owner is gone are adopted, and that their old owner cannot write any more."""
    async with open_store("sys_b") as heir:
        async with open_store("sys_a") as owner:
            job = await owner.insert(new_job())
            _require(await heir.adopt() == (), "its owner lives")
            _require(await heir.adopt(job_id=job.job_id) == (), "its owner lives, whoever asks for it")
            await _refused(heir.append(*cancelled(job), durable=True), StaleOwnerError, "it is not the heir's yet")
        orphans = await heir.adopt()
        _require([orphan.record for orphan in orphans] == [job], "it is gone, and its job is adopted")
        _require(is_fold(job, orphans[0].events), "the job comes with its events")
        _require(await heir.adopt() == (), "it is adopted once")
        await heir.append(*cancelled(job), durable=True)
        _require((await heir.get(job.job_id)).state is JobState.CANCELLED, "it is the heir's now")


async def two_heirs_share_no_job(open_store: OpenStore) -> None:
    """Check that of two systems that adopt at once, each job goes to one, and none is left."""
    async with open_store("sys_a") as owner:
        ids = {(await owner.insert(new_job())).job_id for _ in range(20)}
    adopted: list[str] = []
    async with open_store("sys_b") as one, open_store("sys_c") as other:

        async def adopt(heir: JobStore) -> None:
            adopted.extend(orphan.record.job_id for orphan in await heir.adopt())

        async with anyio.create_task_group() as group:
            for heir in (one, other):
                group.start_soon(adopt, heir)
        _require(sorted(adopted) == sorted(ids), "each job has one heir")


async def the_oldest_or_the_wanted_are_adopted(open_store: OpenStore) -> None:
    """Check that an heir may take some, the oldest first, or one."""
    async with open_store("sys_a") as owner:
        ids = [(await owner.insert(new_job())).job_id for _ in range(5)]
    async with open_store("sys_b") as heir:
        wanted = await heir.adopt(job_id=ids[3])
        _require([orphan.record.job_id for orphan in wanted] == [ids[3]], "the wanted one alone")
        some = await heir.adopt(limit=2)
        _require([orphan.record.job_id for orphan in some] == ids[:2], "the oldest ones")
        _require(len(await heir.adopt()) == 2, "then the others")


async def a_wish_to_cancel_reaches_the_owner(open_store: OpenStore) -> None:
    """Check that the owner of a job, and nobody else, hears who wants it to stop."""
    async with open_store("sys_a") as owner, open_store("sys_b") as other:
        job = await owner.insert(new_job())
        await owner.changed()
        await other.request_cancel(job.job_id, by="eve")
        _require(await owner.changed(), "something has changed")
        _require(await owner.cancel_requests() == ((job.job_id, "eve"),), "the owner hears of it")
        _require(await other.cancel_requests() == (), "it is the owner's alone")


async def a_wish_to_cancel_reaches_the_heir(open_store: OpenStore) -> None:
    """Check that whoever adopts a job hears at once who wanted its owner to stop it."""
    async with open_store("sys_b") as heir:
        async with open_store("sys_a") as owner:
            jobs = [await owner.insert(new_job()) for _ in range(2)]
            await heir.request_cancel(jobs[0].job_id, by="eve")
        _require([orphan.cancel_by for orphan in await heir.adopt()] == ["eve", ""], "the heir knows who wants what")


async def a_reservation_outlives_its_system_and_ends_by_its_clock(open_store: OpenStore) -> None:
    """Check that a reservation is seen by all, also when its giver is gone, and counts until it is over or released."""
    first, second, others = new_reservation(ends_sec=10), new_reservation(ends_sec=20), new_reservation(subject="eve")
    async with open_store("sys_b") as other:
        async with open_store("sys_a") as store:
            await store.reserve(first, now_sec=0, slots=2, most_of_subject=2)
            await store.reserve(second, now_sec=0, slots=2, most_of_subject=2)
            _require(await other.reservations() == (first, second), "another system sees them")
        _require(await other.reservations() == (first, second), "they stay when their giver has closed")
        full = other.reserve(others, now_sec=9.9, slots=2, most_of_subject=2)
        await _refused(full, ResourceExhaustedError, "no more than slots")
        await other.reserve(others, now_sec=10, slots=2, most_of_subject=2)
        _require(await other.reservations() == (second, others), "one that is over makes room")
        greedy = other.reserve(new_reservation(), now_sec=10, slots=9, most_of_subject=1)
        await _refused(greedy, ResourceExhaustedError, "no more than its subject may have")
        _require(await other.release(second.reservation_id), "one is released")
        _require(not await other.release(second.reservation_id), "once")
        after_a_restart = new_reservation(boot_id="second")
        await other.reserve(after_a_restart, now_sec=0, slots=1, most_of_subject=1)
        _require(await other.reservations() == (after_a_restart,), "those of another boot are over, whatever the time")


async def jobs_are_listed_newest_first(open_store: OpenStore) -> None:
    """Check filters, pages and order."""
    async with open_store("sys_a") as store:
        ids = [(await store.insert(new_job(name=f"n{number % 2}"))).job_id for number in range(6)]
        await store.insert(new_job(subject="eve"))

        async def found(job_filter: JobFilter, *, limit: int = 10, before: str = "") -> list[str]:
            return [one.job_id for one in await store.select(job_filter, limit=limit, before_job_id=before)]

        mine = JobFilter(subject="ada")
        _require(await found(mine) == ids[::-1], "newest first")
        _require(await found(mine, limit=2) == ids[:3:-1], "no more than asked for")
        _require(await found(mine, limit=2, before=ids[4]) == [ids[3], ids[2]], "the next page")
        _require(await found(JobFilter(name="n1")) == ids[5::-2], "by name")
        _require(await found(JobFilter(id_prefix=ids[2])) == [ids[2]], "by the beginning of the id")
        _require(await found(JobFilter(states=(JobState.DONE,))) == [], "by state")
        _require(await found(JobFilter(name="' OR 1=1 --")) == [], "a name is a name")
        await store.append(*cancelled(await store.get(ids[0])), durable=True)
        _require(await store.num_live("default", "ada") == (6, 5), "those that have not ended are counted")


async def what_is_not_there_is_not_found(open_store: OpenStore) -> None:
    """Check that an unknown job is said to be so, and that to cancel it is no error."""
    unknown = "job_" + "0" * 26
    async with open_store("sys_a") as store:
        await _refused(store.get(unknown), NotFoundError, "it is not found")
        _require(await store.events(unknown) == (), "it has no events")
        _require(await store.adopt(job_id=unknown) == (), "it cannot be adopted")
        await store.request_cancel(unknown, by="eve")


async def what_was_lost_is_restored_without_an_owner(open_store: OpenStore) -> None:
    """Check that lost jobs are kept again, live ones to be adopted, and that what is there is left alone."""
    lost = new_job(key="k", digest="d")
    ended, events = cancelled((gone := new_job()).record)
    async with open_store("sys_a") as store:
        there = new_job()
        await store.insert(there)
        final, rest = cancelled(there.record)
        await store.append(final, rest, durable=True)
        kept = (
            KeptJob(record=lost.record, events=(lost.event,), key_digest=lost.key_digest, content_digest="d"),
            KeptJob(record=ended, events=(gone.event, *events)),
            KeptJob(record=there.record, events=(there.event,)),
        )
        _require(await store.restore(kept) == 2, "two of three were missing")
        _require(await store.get(final.job_id) == final, "what is there is left as it is")
        _require(is_fold(ended, await store.events(ended.job_id)), "an end comes back with its events")
        _require(await store.insert(new_job(key="k", digest="d")) == lost.record, "its key is known again")
        _require([orphan.record for orphan in await store.adopt()] == [lost.record], "a live one is adopted")


async def what_was_on_its_way_is_restored(open_store: OpenStore) -> None:
    """Check that wishes to cancel, what jobs begin with, and reservations come back with lost jobs."""
    lost, given = new_job(), new_reservation()
    async with open_store("sys_a") as store:
        kept = KeptJob(record=lost.record, events=(lost.event,), cancel_by="eve", opening=b"it begins")
        await store.restore((kept,), reservations=(given,))
        await store.restore((), reservations=(given,))
        _require(await store.opening(lost.record.job_id) == b"it begins", "what it begins with is there")
        _require([orphan.cancel_by for orphan in await store.adopt()] == ["eve"], "the heir knows who wants what")
        _require(await store.reservations() == (given,), "a reservation is kept once")


async def a_cancelled_caller_leaves_the_store_whole(open_store: OpenStore) -> None:
    """Check that a caller who is cancelled in the middle leaves a job whole or not at all, and the store usable."""
    hasty = new_job(name="hasty")
    async with open_store("sys_a") as store:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await store.insert(hasty)
        found = await store.select(JobFilter(name="hasty"), limit=10)
        _require(found in ((), (hasty.record,)), "it is there or it is not")
        _require(await store.insert(later := new_job()) == later.record, "the next one is kept")


async def many_jobs_at_once_are_all_kept(open_store: OpenStore) -> None:
    """Check that a hundred jobs through two systems at once are all there, each with its event."""
    async with open_store("sys_a") as store, open_store("sys_b") as other:
        jobs = [new_job() for _ in range(100)]
        async with anyio.create_task_group() as group:
            for number, job in enumerate(jobs):
                group.start_soon((store, other)[number % 2].insert, job)
        found = await store.select(JobFilter(), limit=1000)
        _require({one.job_id for one in found} == {job.record.job_id for job in jobs}, "all are there")
        for job in jobs:
            _require(await other.events(job.record.job_id) == (job.event,), "each has its event")


JOB_STORE_CHECKS: tuple[Check, ...] = (
    what_is_inserted_and_appended_is_there_in_order,
    a_durable_append_makes_good_what_was_lost_behind,
    an_opening_is_kept_until_it_is_forgotten,
    one_key_makes_one_job,
    one_of_many_submitters_with_a_key_makes_the_job,
    an_ended_job_is_never_written_again,
    jobs_of_the_living_are_not_adopted,
    two_heirs_share_no_job,
    the_oldest_or_the_wanted_are_adopted,
    a_wish_to_cancel_reaches_the_owner,
    a_wish_to_cancel_reaches_the_heir,
    a_reservation_outlives_its_system_and_ends_by_its_clock,
    jobs_are_listed_newest_first,
    what_is_not_there_is_not_found,
    what_was_lost_is_restored_without_an_owner,
    what_was_on_its_way_is_restored,
    a_cancelled_caller_leaves_the_store_whole,
    many_jobs_at_once_are_all_kept,
)
"""Every check, in the order of a job's life."""


def _require(holds: bool, fact: str) -> None:
    if not holds:
        raise AssertionError(f"this does not hold: {fact}")


async def _refused(call: Awaitable[object], kind: type[Exception], fact: str) -> None:
    try:
        await call
    except kind:
        return
    raise AssertionError(f"this does not hold: {fact}")
