"""Blocking work beside an event loop, and on the spot where there is none."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from eigen.contracts.errors import InvariantError
from eigen.workers.blocking import Blocking, beside_the_loop, on_the_spot, without_loop


async def done(work: Blocking) -> threading.Thread:
    return await work(threading.current_thread)


def test_on_the_spot_a_work_needs_no_event_loop() -> None:
    assert without_loop(partial(done, on_the_spot)) is threading.current_thread()


async def test_beside_the_loop_it_is_done_in_another_thread() -> None:
    assert await done(beside_the_loop) is not threading.current_thread()


def test_what_a_work_raises_is_raised_without_a_loop_too() -> None:
    async def fails() -> None:
        await on_the_spot(partial(int, "x"))

    with pytest.raises(ValueError, match="invalid literal"):
        without_loop(fails)


def test_a_coroutine_that_waits_is_a_defect_without_a_loop_and_is_closed() -> None:
    left = []

    class Pause:
        def __await__(self):  # type: ignore[no-untyped-def]  # what an event loop would be asked
            yield

    async def waits() -> None:
        try:
            await Pause()
        finally:
            left.append(True)

    with pytest.raises(InvariantError, match="no event loop"):
        without_loop(waits)
    assert left
