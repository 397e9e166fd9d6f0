"""Memory shared by the runs of a device."""

from __future__ import annotations

import anyio
import pytest

from eigen.drivers.budget import MemoryBudget


async def test_what_fits_together_runs_together() -> None:
    budget = MemoryBudget(100)
    async with budget.taken(60), budget.taken(40):
        assert budget.free_bytes == 0
    assert budget.free_bytes == 100


async def test_what_does_not_fit_waits() -> None:
    budget = MemoryBudget(100)
    async with budget.taken(60):
        with anyio.move_on_after(0.01) as limit:
            async with budget.taken(41):
                pytest.fail("it did not wait")
        assert limit.cancelled_caught
        assert budget.free_bytes == 40
    async with budget.taken(41):
        assert budget.free_bytes == 59


async def test_a_large_run_is_not_overtaken_by_small_ones() -> None:
    budget = MemoryBudget(100)
    order: list[int] = []

    async def run(size: int) -> None:
        async with budget.taken(size):
            order.append(size)

    async with anyio.create_task_group() as tasks, budget.taken(50):
        for size in (100, 1, 2):
            tasks.start_soon(run, size)
        await anyio.wait_all_tasks_blocked()
        assert order == []
    assert order[0] == 100
    assert budget.free_bytes == 100


async def test_a_large_run_that_gives_up_lets_the_others_pass() -> None:
    budget = MemoryBudget(100)
    async with budget.taken(50), anyio.create_task_group() as tasks:

        async def large() -> None:
            with anyio.move_on_after(0.01):
                async with budget.taken(100):
                    pytest.fail("it did not wait")

        async def small() -> None:
            async with budget.taken(1):
                tasks.cancel_scope.cancel()

        tasks.start_soon(large)
        tasks.start_soon(small)
    assert budget.free_bytes == 100


async def test_more_than_there_is_means_all_there_is() -> None:
    budget = MemoryBudget(100)
    async with budget.taken(1_000):
        assert budget.free_bytes == 0
