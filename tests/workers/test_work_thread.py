"""A thread for blocking work: in order, and with each work's own outcome."""

from __future__ import annotations

import gc
import threading

import anyio
import pytest

from eigen.workers.thread import WorkThread


async def test_works_are_done_in_order_by_one_thread_that_is_not_the_loops() -> None:
    thread, done = WorkThread("test"), list[tuple[int, int]]()
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(thread.run, lambda number=number: done.append((number, threading.get_ident())))
    assert [number for number, _ in done] == list(range(20))
    assert len({ident for _, ident in done} | {threading.get_ident()}) == 2


async def test_a_work_returns_or_raises_what_it_gives_and_harms_no_other() -> None:
    thread = WorkThread("test")
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0)
    assert await thread.run(lambda: "still there") == "still there"


async def test_a_cancelled_caller_waits_for_the_end_of_its_work() -> None:
    thread, may_end, ended = WorkThread("test"), threading.Event(), list[bool]()
    with anyio.CancelScope() as scope:
        scope.cancel()
        may_end.set()
        await thread.run(lambda: ended.append(may_end.wait(10)))
    assert ended == [True]


async def test_the_thread_ends_when_nobody_has_it_any_more() -> None:
    thread, names = WorkThread("to be let go of"), [one.name for one in threading.enumerate()]
    await thread.run(lambda: None)
    (real,) = [one for one in threading.enumerate() if one.name == "to be let go of"]
    assert "to be let go of" not in names
    del thread
    gc.collect()
    real.join(10)
    assert not real.is_alive()
