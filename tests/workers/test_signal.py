"""A signal: what happens once, and those who wait for it."""

from __future__ import annotations

import asyncio

import anyio
import anyio.lowlevel

from eigen.workers.signal import Signal


async def test_everybody_who_waits_is_woken_and_who_comes_later_does_not_wait() -> None:
    signal, woken = Signal(), list[int]()

    async def wait(number: int) -> None:
        await signal.wait()
        woken.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(wait, number)
        await anyio.wait_all_tasks_blocked()
        assert (woken, signal.is_set) == ([], False)
        signal.set()
        signal.set()
    assert woken == [0, 1, 2]
    await signal.wait()


async def test_a_cancelled_waiter_leaves_and_the_others_are_woken() -> None:
    signal, woken = Signal(), list[str]()

    async def wait(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            await signal.wait()
            woken.append(name)

    leaving, staying = anyio.CancelScope(), anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, "leaving", leaving)
        tasks.start_soon(wait, "staying", staying)
        await anyio.wait_all_tasks_blocked()
        leaving.cancel()
        signal.set()  # in the same turn: nobody is woken who is on the way out
    assert woken == ["staying"]
    assert leaving.cancelled_caught


async def test_a_cancellation_of_asyncios_own_reaches_who_waits() -> None:
    task = asyncio.ensure_future(Signal().wait())
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    assert [type(one) for one in await asyncio.gather(task, return_exceptions=True)] == [asyncio.CancelledError]
