"""A sweep whose system is gone keeps the points that are done: the heir asks for the others only."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import UnavailableError
from eigen.contracts.execution import ExecutionResult
from eigen.contracts.jobs import JobRecord, JobState
from eigen.contracts.results import JobResults
from eigen.kernel.execution import PORTION_SEC, PointResult
from eigen.kernel.kept_points import PointJournal
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.kernel import KernelJob
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.filesystem import FileSystem
from eigen.testing.clock import ManualClock
from eigen.testing.scripted_driver import SCRIPTED_DEVICE, ScriptedDriver
from tests.kernel.kernel_house import House, bell, house

TURN = {"op": "RY", "q": [0], "params": {"theta": "a"}}
COUNTED = {"operations": [TURN, {"op": "MEASURE", "q": [0], "c": [0]}]}
SAMPLED = {"operations": [TURN], "observables": {"e": [["Z", [0], 0.5], ["X", [0], 0.25]]}}
POINTS = [0.1 * number for number in range(25)]


def sweep(content: dict[str, Any], **body: Any) -> KernelJob:
    document = {"version": "0.1", "qubits": 1, "parameters": ["a"], **content}
    return bell(content=canonical_json(document), shots=40, sweep={"a": POINTS}, **body)


def machine(**facts: Any) -> dict[str, ScriptedDriver]:
    """A device whose queue takes eight circuits at a time, and whose results cannot be had again."""
    facts = {"max_batch": 8, "simulator": False, **facts}
    return {"scripted": ScriptedDriver(replace(SCRIPTED_DEVICE, **facts))}


async def interrupted(root: Path, job: KernelJob, *, after: int, clock: ManualClock | None = None, **facts: Any) -> str:
    """Return a job whose system has gone while its device was at the request behind `after` others."""
    drivers = machine(**facts)
    driver = drivers["scripted"]
    async with house(root, drivers=drivers, clock=clock) as running:
        driver.hold()
        record = await running.kernel.enqueue(job)
        for number in range(1, after + 1):
            await driver.started(number)
            await anyio.wait_all_tasks_blocked()
            if clock is not None:
                clock.advance(PORTION_SEC)
            driver.release()
            driver.hold()
        await driver.started(after + 1)
    return record.job_id


async def continued(root: Path, job_id: str, **facts: Any) -> tuple[JobRecord, list[int], House]:
    """Return how a job ends in the next system, and from which points on that asks for results."""
    drivers = machine(**facts)
    async with house(root, drivers=drivers, owner="sys_b") as running:
        ended = await running.end(job_id)
        return ended, [one.first_binding for one in drivers["scripted"].requests], running


def told(results: JobResults) -> list[dict[str, Any]]:
    return list(results.to_json()["results"])


@pytest.mark.parametrize(
    ("content", "firsts"), [(COUNTED, [16, 24]), (SAMPLED, [8, 8, 12, 12, 16, 16, 20, 20, 24, 24])]
)
async def test_the_next_system_asks_for_the_other_points_only_and_ends_with_equal_results(
    tmp_path: Path, content: dict[str, Any], firsts: list[int]
) -> None:
    """Of a sampled value each portion of four points is two circuits."""
    async with house(tmp_path / "undisturbed", drivers=machine()) as running:
        whole = await running.end((await running.kernel.enqueue(sweep(content, seed=5))).job_id)
        right = await running.kernel.results(whole.job_id)
    job_id = await interrupted(tmp_path / "root", sweep(content, seed=5), after=2 if content is COUNTED else 4)
    ended, asked, _ = await continued(tmp_path / "root", job_id)
    results = JobResults.from_bytes((tmp_path / "root" / "circuit_fs" / job_id / "results.json").read_bytes())
    assert (ended.state, ended.attempt) == (JobState.DONE, 2)
    assert asked == firsts
    assert told(results) == told(right)
    assert not list((tmp_path / "root" / "circuit_fs" / job_id).glob(".journal-*")), "results have all of it"


async def test_the_seed_that_nobody_named_is_found_again(tmp_path: Path) -> None:
    """What a kill leaves of the record may not have it: it follows from the job's id."""
    job_id = await interrupted(tmp_path, sweep(COUNTED), after=1)
    _, asked, running = await continued(tmp_path, job_id)
    assert asked == [8, 16, 24]
    assert running.notes.defects == []


async def test_points_that_may_be_simulated_again_are_kept_once_they_have_taken_long(tmp_path: Path) -> None:
    quick = await interrupted(tmp_path / "quick", sweep(COUNTED), after=1, simulator=True)
    assert (await continued(tmp_path / "quick", quick, simulator=True))[1][0] == 0
    slow = await interrupted(tmp_path / "slow", sweep(COUNTED), after=2, clock=ManualClock(), simulator=True)
    assert (await continued(tmp_path / "slow", slow, simulator=True))[1] == [16, 24]


async def test_progress_goes_on_where_it_was(tmp_path: Path) -> None:
    job_id = await interrupted(tmp_path, sweep(COUNTED), after=2)
    drivers = machine()
    async with house(tmp_path, drivers=drivers, owner="sys_b") as running:
        drivers["scripted"].hold()
        await drivers["scripted"].started(1)
        record = await running.kernel.record(job_id)
        assert (record.points_done, record.points) == (16, 25)


async def test_another_try_in_the_same_system_keeps_the_points_too(tmp_path: Path) -> None:
    drivers = machine()
    driver = drivers["scripted"]
    async with house(tmp_path, drivers=drivers) as running:
        driver.hold()
        record = await running.kernel.enqueue(sweep(COUNTED))
        await driver.started(1)
        await anyio.wait_all_tasks_blocked()
        driver.release()
        driver.hold()
        await driver.started(2)
        await anyio.wait_all_tasks_blocked()
        driver.fail(UnavailableError("the cryostat is warm"))
        driver.release()
        ended = await running.end(record.job_id)
        asked = [one.first_binding for one in driver.requests]
    assert (ended.state, ended.crashes) == (JobState.DONE, 1)
    assert asked == [0, 8, 8, 16, 24]


async def test_a_sweep_that_was_cancelled_when_its_system_went_leaves_its_points(tmp_path: Path) -> None:
    job_id = await interrupted(tmp_path, sweep(COUNTED, seed=5), after=2)
    async with SqliteJobStore(tmp_path, owner="shell") as store:
        await store.request_cancel(job_id, by="ada")
    async with house(tmp_path, drivers=machine(), owner="sys_b") as running:
        ended = await running.end(job_id)
        lines = (await running.artifacts.read(job_id, "points.jsonl")).splitlines()
    assert ended.state is JobState.CANCELLED
    assert [json.loads(line)["point"] for line in lines[1:]] == list(range(16))


class Full(FileSystem):
    """A disk with room for everything but journals."""

    def open_journal(self, path: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_a_journal_that_cannot_be_written_costs_the_sweep_nothing(tmp_path: Path) -> None:
    artifacts = DiskArtifactStore(tmp_path / "circuit_fs", filesystem=Full())
    async with house(tmp_path, artifacts=artifacts, drivers=machine()) as running:
        ended = await running.end((await running.kernel.enqueue(sweep(COUNTED))).job_id)
        assert ended.state is JobState.DONE
        assert len((await running.kernel.results(ended.job_id)).results) == len(POINTS)
    assert [getattr(one, "reason", "") for one in running.notes.defects] == ["DISK_FULL"], "and is told once"


def point(place: int) -> PointResult:
    group = ExecutionResult(counts={"1": place}, execution_time_sec=0.5, metadata={"seed": 2**52 + place})
    result = ExecutionResult(
        counts={"0": 3, "1": place}, execution_time_sec=1e-9, metadata={}, expectation_values={"e": (0.1, 1e-17)}
    )
    return PointResult(result, (group,))


def journal(content: bytes, *, digest: str = "d", keep: int = 0) -> tuple[list[PointResult], bytes]:
    """Return the points that a journal's content gives, and its content when so many points were kept."""
    with tempfile.TemporaryFile() as file:
        descriptor = file.fileno()
        os.write(descriptor, content)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)  # as a store opens journals
        opened = PointJournal(descriptor, digest=digest, num_points=3)
        opened.keep([*opened.points, *(point(place) for place in range(len(opened.points), keep))])
        return opened.points, os.pread(descriptor, 10_000, 0)


def test_what_was_cut_off_or_damaged_anywhere_is_written_again_as_it_was() -> None:
    _, whole = journal(b"", keep=3)
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    assert len(ends) == 4
    for cut in range(len(whole)):
        for content in (whole[:cut], whole[:cut] + bytes(len(whole) - cut)):
            points, again = journal(content, keep=3)
            assert points == [point(place) for place in range(max(0, sum(end <= cut for end in ends) - 1))]
            assert again == whole


def test_a_journal_of_something_else_is_of_no_use() -> None:
    _, whole = journal(b"", keep=3)
    assert journal(whole, digest="other")[0] == []
    swapped = b"".join([whole.splitlines(keepends=True)[index] for index in (0, 2, 1, 3)])
    assert journal(swapped)[0] == []
