"""A thread for blocking works: in order, in groups, and awaited to their end."""

from __future__ import annotations

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
