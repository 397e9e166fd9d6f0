"""Jobs leave no cycles to be found by the garbage collector, so a process of ours may look for them seldom."""

from __future__ import annotations

import gc
from pathlib import Path

from eigen.system.collector import spared_collector
from tests.kernel.kernel_house import House, bell, house

JOBS = 30


async def run_jobs(one: House) -> None:
    for _ in range(JOBS):
        await one.kernel.ended((await one.kernel.enqueue(bell())).job_id)


async def test_a_job_leaves_no_cycle_behind(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await run_jobs(one)
        found = [await garbage_of_jobs(one) for _ in range(4)]
    assert min(found) < JOBS, "less than one object a job, but for what others in this process leave"


async def garbage_of_jobs(one: House) -> int:
    gc.collect()
    gc.disable()
    try:
        await run_jobs(one)
        return gc.collect()
    finally:
        gc.enable()


def test_the_collector_is_as_before_when_it_is_spared_no_more() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with spared_collector():
        assert gc.get_threshold() > before
        assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
