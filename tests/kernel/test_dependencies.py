"""Jobs that need other jobs: the pure bookkeeping, and lives of jobs in one system and in several."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.client.sync import Client
from eigen.contracts.errors import FailedPreconditionError, NotFoundError
from eigen.contracts.jobs import JobState
from eigen.kernel.dependencies import MOST_IN_CHAIN, Prerequisites, dependency_error
from eigen.kernel.history import fold
from eigen.kernel.stores.records import stand_in
from tests.kernel.kernel_house import AQO, bell, house

UNKNOWN = "job_" + "0" * 26


@given(
    st.lists(st.frozensets(st.integers(0, 5), min_size=1, max_size=4), max_size=8),
    st.permutations(range(6)),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_every_job_is_settled_once_by_the_first_failure_or_the_last_success(
    needs: list[frozenset[int]], order: list[int], outcomes: list[bool]
) -> None:
    waiting = Prerequisites()
    for number, needed in enumerate(needs):
        waiting.wait(f"job_{number}", on=[f"dep_{one}" for one in sorted(needed)])
    for ended, dependency in enumerate(order, start=1):
        settled = waiting.settle(f"dep_{dependency}", done=outcomes[dependency])
        for number, needed in enumerate(needs):
            so_far = needed & set(order[: ended - 1])
            was_settled = any(not outcomes[one] for one in so_far) or needed <= so_far
            now = needed & set(order[:ended])
            is_settled = any(not outcomes[one] for one in now) or needed <= now
            assert (f"job_{number}" in settled) == (is_settled and not was_settled)
            unmet = {f"dep_{one}" for one in needed - now}
            assert set(waiting.unmet(f"job_{number}")) == (set() if is_settled else unmet)
    assert waiting.awaited == ()


@pytest.mark.parametrize("number", [1, 2, MOST_IN_CHAIN, MOST_IN_CHAIN + 1, MOST_IN_CHAIN + 2, 300])
def test_the_error_at_the_end_of_a_chain_names_the_first_cause_and_stays_small(number: int) -> None:
    record = replace(stand_in("job_0"), state=JobState.ERROR, error=NotFoundError("no gate").to_json())
    for index in range(1, number + 1):
        record = replace(record, job_id=f"job_{index}", error=dependency_error(record))
    error = record.error or {}
    details = error["details"]
    nearest = [f"job_{index}" for index in range(number - 1, -1, -1)][: MOST_IN_CHAIN - 1]
    assert details["chain"] == (nearest if nearest[-1] == "job_0" else [*nearest, "job_0"])
    assert (details["chain_length"], details["cause"]) == (number, "no gate")
    others = f"{number - MOST_IN_CHAIN} others"
    assert (others in error["message"]) == (number > MOST_IN_CHAIN)
    assert "`eigen status job_0`" in error["hint"]
    assert len(str(error)) < 2_000


async def test_a_job_runs_after_the_jobs_that_it_needs(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        first = (await one.kernel.enqueue(bell())).job_id
        second = (await one.kernel.enqueue(bell())).job_id
        third = await one.kernel.enqueue(bell(dependencies=(first, second, first)))
        assert (third.state, third.stage, third.dependencies) == (JobState.PENDING, "waiting", (first, second))
        await one.driver.started(2)
        one.driver.release()
        done = await one.end(third.job_id)
        assert done.state is JobState.DONE
        assert [request.job_id for request in one.driver.requests][2:] == [third.job_id]
        assert fold(await one.store.events(third.job_id)) == done


async def test_a_failure_reaches_every_job_down_the_chain_with_its_cause(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        blocker = (await one.kernel.enqueue(bell())).job_id
        chain = [(await one.kernel.enqueue(bell(content=AQO.replace(b'"H"', b'"HH"'), dependencies=(blocker,)))).job_id]
        for _ in range(2):
            chain.append((await one.kernel.enqueue(bell(dependencies=(chain[-1],)))).job_id)
        one.driver.release()
        last = await one.end(chain[-1])
        assert (last.state, last.status().error_reason) == (JobState.ERROR, "DEPENDENCY_FAILED")
        assert last.error is not None
        assert last.error["details"]["chain"] == [chain[1], chain[0]]
        first = await one.kernel.record(chain[0])
        assert first.error is not None
        assert last.error["details"]["cause"] == first.error["message"].partition("\n")[0]
        assert [request.job_id for request in one.driver.requests] == [blocker]


@pytest.mark.parametrize("timeout_sec", [None, 0.05])
async def test_a_waiting_job_is_cancelled_or_runs_out_of_time(tmp_path: Path, timeout_sec: float | None) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        first = (await one.kernel.enqueue(bell())).job_id
        second = (await one.kernel.enqueue(bell(dependencies=(first,), timeout_sec=timeout_sec))).job_id
        if timeout_sec is None:
            await one.kernel.cancel(second, by="ada")
        record = await one.end(second)
        assert record.state is (JobState.TIMEOUT if timeout_sec else JobState.CANCELLED)
        assert record.error is not None
        assert record.error["details"]["stage"] == "waiting"
        one.driver.release()
        assert (await one.end(first)).state is JobState.DONE


async def test_a_job_that_depends_on_a_cancelled_one_ends_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        first = (await one.kernel.enqueue(bell())).job_id
        await one.kernel.cancel(first, by="ada")
        await one.end(first)
        record = await one.end((await one.kernel.enqueue(bell(dependencies=(first,)))).job_id)
        assert record.error is not None
        assert record.error["message"] == f"the job needs {first}, which ended in CANCELLED: cancelled by ada"


async def test_a_job_waits_for_one_of_another_system(tmp_path: Path) -> None:
    async with house(tmp_path) as one, house(tmp_path, owner="sys_b") as two:
        one.driver.hold()
        first = (await one.kernel.enqueue(bell())).job_id
        second = (await two.kernel.enqueue(bell(dependencies=(first,)))).job_id
        await one.driver.started()
        assert (await two.kernel.record(second)).stage == "waiting"
        one.driver.release()
        assert (await two.end(second)).state is JobState.DONE
        assert [request.job_id for request in two.driver.requests] == [second]


async def test_a_wait_survives_the_systems_end_and_begins_no_attempt(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        first = (await one.kernel.enqueue(bell())).job_id
        second = (await one.kernel.enqueue(bell(dependencies=(first,)))).job_id
        await one.driver.started()
    async with house(tmp_path, owner="sys_b") as two:
        assert (await two.end(second)).attempt == 1
        assert (await two.kernel.record(first)).attempt == 2
        assert [request.job_id for request in two.driver.requests] == [first, second]


async def test_a_dependency_that_is_gone_ends_the_job_in_error(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        record = await one.end((await one.kernel.enqueue(bell(dependencies=(UNKNOWN,)))).job_id)
        assert (record.state, record.status().error_code) == (JobState.ERROR, "NOT_FOUND")


async def test_a_dependency_whose_record_is_damaged_ends_the_job_in_error(tmp_path: Path) -> None:
    async with house(tmp_path, works=False) as one:
        first = (await one.kernel.enqueue(bell())).job_id
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as connection:
        connection.execute("UPDATE jobs SET record = '{}' WHERE job_id = ?", [first])
        connection.commit()
    async with house(tmp_path, owner="sys_b") as two:
        record = await two.end((await two.kernel.enqueue(bell(dependencies=(first,)))).job_id)
        assert (record.state, record.error and record.error["reason"]) == (JobState.ERROR, "RECORD_DAMAGED")


def job_file(folder: Path, name: str, program: str, dependency: str = "") -> Path:
    path = folder / f"{name}.yaml"
    (folder / f"{name}.eigen.py").write_text(f"@hybrid_program\ndef main():\n    {program}\n    measure([0])\n")
    lines = ["apiVersion: eigen.os/v0.1", "kind: QuantumJob", f"metadata: {{name: {name}}}", "spec:"]
    lines += [f"  program_path: {name}.eigen.py", "  target: scripted:device"]
    path.write_text("\n".join(lines + ([f"  dependencies: [{dependency}]"] if dependency else [])))
    return path


def test_what_the_caller_cannot_see_cannot_be_waited_for(eigen_client: Client, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        eigen_client.submit(job_file(tmp_path, "late", "h(0)", UNKNOWN))
    assert caught.value.reason == "JOB_NOT_FOUND"
    assert not list(eigen_client.jobs())


def test_a_client_submits_a_job_that_needs_another_one(eigen_client: Client, tmp_path: Path) -> None:
    first = eigen_client.submit(job_file(tmp_path, "wrong", "nonsense(0)"))
    second = eigen_client.submit(job_file(tmp_path, "late", "h(0)", first.id))
    with pytest.raises(FailedPreconditionError, match=first.id):
        second.results()
