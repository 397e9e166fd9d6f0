"""The wall clock may be set by hours at any moment: it dates things, and costs no job its order, time or end."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from eigen.contracts.jobs import JobFilter, JobState
from eigen.system.clock import SystemClock
from tests.kernel.kernel_house import bell, house

LIMIT_SEC = 600.0


class JumpingClock(SystemClock):
    """The machine's clock, whose wall time somebody sets."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.mark.parametrize("hours", [-5, 5], ids=["set back", "set ahead"])
async def test_jobs_of_a_living_system_end_in_order_and_none_is_out_of_time(tmp_path: Path, hours: int) -> None:
    clock = JumpingClock()
    async with house(tmp_path, clock=clock) as running:
        running.driver.hold()
        before = [(await running.kernel.enqueue(bell(timeout_sec=LIMIT_SEC))).job_id for _ in range(2)]
        await running.driver.started(2)
        clock.ahead = timedelta(hours=hours)
        after = (await running.kernel.enqueue(bell(timeout_sec=LIMIT_SEC))).job_id
        running.driver.release()
        for job_id in (*before, after):
            ended = await running.end(job_id)
            assert (ended.state, ended.status().took_sec >= 0) == (JobState.DONE, True)
        page = await running.kernel.jobs(JobFilter(), page_size=9, page_token="")
        assert [job.job_id for job in page.jobs] == [after, *reversed(before)]
        spans = [span for _, _, spans in running.notes.ended for span in spans]
        assert all(span["duration_us"] >= 0 for span in spans)


async def test_a_clock_that_was_set_back_gives_an_heirs_job_its_whole_time_anew(tmp_path: Path) -> None:
    clock = JumpingClock()
    async with house(tmp_path, clock=clock) as one:
        one.driver.hold()
        job_id = (await one.kernel.enqueue(bell(timeout_sec=LIMIT_SEC))).job_id
        await one.driver.started()
    clock.ahead = timedelta(hours=-5)
    async with house(tmp_path, clock=clock, owner="sys_b") as two:
        assert (await two.end(job_id)).state is JobState.DONE
