"""A thread for blocking works: in order, in groups, and awaited to their end."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Sequence

import anyio
import pytest

from eigen.workers.thread import GroupThread


async def test_works_are_done_in_order_by_one_thread_that_is_not_the_loops() -> None:
    done = list[tuple[int, int]]()
    thread = GroupThread[int]("test", lambda works: done.extend((one, threading.get_ident()) for one in works))
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(thread.run, number)
    assert [number for number, _ in done] == list(range(20))
    assert len({ident for _, ident in done} | {threading.get_ident()}) == 2
    assert not thread.is_busy


async def test_what_comes_while_a_group_is_done_gathers_up_to_the_largest_group() -> None:
    groups, may_end = list[list[int]](), threading.Event()

    def note(works: Sequence[int]) -> None:
        groups.append(list(works))
        may_end.wait(10)

    thread = GroupThread("test", note, largest=3)
    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(thread.run, number)
        await anyio.lowlevel.checkpoint()
        assert thread.is_busy
        may_end.set()
    assert groups == [[0], [1, 2, 3], [4, 5]]


async def test_what_a_group_raises_is_raised_to_its_callers_and_harms_no_later_one() -> None:
    thread, done = GroupThread("test", lambda works: done.append([1 // one for one in works])), list[list[int]]()
    with pytest.raises(ZeroDivisionError):
        await thread.run(1, 0)
    await thread.run(1, 1)
    assert done == [[1, 1]]


async def test_a_cancelled_caller_waits_for_the_end_of_its_work() -> None:
    may_end, ended = threading.Event(), list[bool]()
    thread = GroupThread[None]("test", lambda _: ended.append(may_end.wait(10)))
    with anyio.CancelScope() as scope:
        scope.cancel()
        may_end.set()
        await thread.run(None)
    assert ended == [True]


async def test_a_caller_that_is_cancelled_meanwhile_has_its_outcome_and_stops_where_it_next_waits() -> None:
    may_end, seen = threading.Event(), list[str]()
    thread = GroupThread[None]("test", lambda _: seen.append(f"done {may_end.wait(60)}"))

    async def call(scope: anyio.CancelScope) -> None:
        with scope:
            await thread.run(None)
            seen.append("told")
            await anyio.lowlevel.checkpoint()
            seen.append("gone on")

    scope = anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, scope)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        await anyio.wait_all_tasks_blocked()
        may_end.set()
    assert seen == ["done True", "told"]
    assert scope.cancelled_caught


async def test_a_caller_that_asyncio_cancels_waits_for_the_end_of_its_work_and_is_gone_then() -> None:
    may_end, ended = threading.Event(), list[bool]()
    thread = GroupThread[None]("test", lambda _: ended.append(may_end.wait(60)))
    task = asyncio.ensure_future(thread.run(None))
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    await anyio.wait_all_tasks_blocked()
    assert not task.done()
    may_end.set()
    assert [type(one) for one in await asyncio.gather(task, return_exceptions=True)] == [asyncio.CancelledError]
    assert ended == [True]


async def test_the_thread_ends_when_nobody_has_it_any_more() -> None:
    names = [one.name for one in threading.enumerate()]
    thread = GroupThread[None]("to be let go of", lambda _: None)
    await thread.run(None)
    (real,) = [one for one in threading.enumerate() if one.name == "to be let go of"]
    assert "to be let go of" not in names
    del thread
    gc.collect()
    real.join(10)
    assert not real.is_alive()
