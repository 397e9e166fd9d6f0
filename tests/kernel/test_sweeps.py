"""Sweeps through a whole kernel on the scripted driver: points, bounds, progress, and what a cancel leaves."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import EigenError, FailedPreconditionError, NotFoundError
from eigen.contracts.jobs import JobState
from eigen.contracts.results import JobResults
from eigen.drivers.seeds import derived_seed
from eigen.kernel.progress import TELL_EVERY_SEC, Progress
from eigen.kernel.sweep import MAX_POINTS, MAX_SWEEP_SHOTS, check_parameters, check_size, sweep_points
from eigen.testing.clock import ManualClock
from eigen.testing.scripted_driver import SCRIPTED_DEVICE, ScriptedDriver
from tests.kernel.kernel_house import bell, house

ROTATION = canonical_json(
    {
        "version": "0.1",
        "qubits": 1,
        "parameters": ["a", "b"],
        "operations": [
            {"op": "RY", "q": [0], "params": {"theta": "a+b"}},
            {"op": "MEASURE", "q": [0], "c": [0]},
        ],
    }
)


def test_lists_are_zipped_and_products_vary_the_last_name_fastest() -> None:
    assert sweep_points({"a": [0, 1], "b": [2, 3.5]}) == ({"a": 0.0, "b": 2.0}, {"a": 1.0, "b": 3.5})
    assert [tuple(one.values()) for one in sweep_points({"product": {"a": [0, 1], "b": [2, 3]}})] == [
        (0.0, 2.0),
        (0.0, 3.0),
        (1.0, 2.0),
        (1.0, 3.0),
    ]


def test_a_parameter_may_be_called_product() -> None:
    assert sweep_points({"product": [1, 2]}) == ({"product": 1.0}, {"product": 2.0})


@pytest.mark.parametrize(
    "sweep",
    [
        {"a": 1},
        {"a": []},
        {"a": [1], "b": [1, 2]},
        {"a": [True]},
        {"a": ["x"]},
        {"a": [math.inf]},
        {"a": [10**400]},
        {"product": {}},
        {"product": {"a": [[1]]}},
    ],
)
def test_what_is_no_sweep_is_refused(sweep: dict[str, Any]) -> None:
    with pytest.raises(EigenError) as caught:
        sweep_points(sweep)
    assert caught.value.reason == "JOBSPEC_SWEEP"
    assert caught.value.hint


def test_points_and_shots_are_bounded_with_the_figures() -> None:
    side = list(range(101))
    with pytest.raises(EigenError, match="a sweep of 10201 points; a job takes at most 10000") as caught:
        sweep_points({"product": {"a": side, "b": side}})
    assert caught.value.details["limit"] == MAX_POINTS
    check_size(points=100, shots=1_000_000)
    with pytest.raises(EigenError, match="101000000 shots") as caught:
        check_size(points=101, shots=1_000_000)
    assert caught.value.details["limit"] == MAX_SWEEP_SHOTS


def test_what_shapes_the_circuit_cannot_be_swept() -> None:
    with pytest.raises(EigenError) as caught:
        check_parameters(({"layers": 1.0},), ["theta"])
    assert caught.value.reason == "SWEEP_STATIC"
    assert "`layers: Param`" in caught.value.hint


@given(st.integers(1, 5_000), st.lists(st.floats(0, 2), max_size=300))
def test_progress_is_told_seldom_and_never_for_the_end(total: int, waits: list[float]) -> None:
    clock = ManualClock()
    progress = Progress(total, clock=clock)
    told: list[float] = []
    for done, wait in enumerate(waits, start=1):
        clock.advance(wait)
        if progress.is_due(min(done, total)):
            told.append(clock.monotonic())
            assert done < total
    assert len(told) <= 100
    assert all(later - earlier >= TELL_EVERY_SEC for earlier, later in pairwise(told))


async def sweep(tmp_path: Path, **body: Any) -> tuple[JobResults, list[int]]:
    async with house(tmp_path) as running:
        record = await running.kernel.enqueue(bell(content=ROTATION, **body))
        record = await running.end(record.job_id)
        assert record.state is JobState.DONE, record.error
        sizes = [len(one.bindings) for one in running.driver.requests]
        return await running.kernel.results(record.job_id), sizes


async def test_a_sweep_is_one_job_with_a_result_for_each_point(tmp_path: Path) -> None:
    points = [math.pi * index / 40 for index in range(41)]
    results, sizes = await sweep(tmp_path, shots=1000, seed=5, inputs={"b": 0.0}, sweep={"a": points})
    assert sum(sizes) == 41
    assert len(sizes) < 5
    assert results.counts == {}
    assert results.provenance["binding"] == {"b": 0.0}
    assert results.provenance["points"] == 41
    for point, angle in zip(results.results, points, strict=True):
        assert point.binding == {"a": angle}
        assert point.counts.get("1", 0) == pytest.approx(1000 * math.sin(angle / 2) ** 2, abs=1)
    assert JobResults.from_bytes(results.to_bytes()) == results


@pytest.mark.parametrize(("max_batch", "calls"), [(300, [25]), (8, [8, 8, 8, 1])])
async def test_points_go_to_a_device_with_a_queue_in_its_batches(
    tmp_path: Path, max_batch: int, calls: list[int]
) -> None:
    driver = ScriptedDriver(replace(SCRIPTED_DEVICE, max_batch=max_batch))
    async with house(tmp_path, drivers={"scripted": driver}) as running:
        asked = bell(content=ROTATION, sweep={name: [0.1 * number for number in range(25)] for name in "ab"})
        record = await running.end((await running.kernel.enqueue(asked)).job_id)
    assert record.state is JobState.DONE
    assert [len(request.bindings) for request in driver.requests] == calls


async def test_results_are_found_by_their_parameters(tmp_path: Path) -> None:
    swept = {"product": {"a": [0.0, math.pi], "b": [0.0, 0.5]}}
    results, _ = await sweep(tmp_path, shots=10, sweep=swept)
    assert results.counts_by("a", "b")[math.pi, 0.0] == {"1": 10}
    assert results.parameter_array("b").tolist() == [0.0, 0.5, 0.0, 0.5]
    with pytest.raises(FailedPreconditionError, match="several points of the sweep have the same a"):
        results.counts_by("a")
    with pytest.raises(NotFoundError, match='no swept parameter "c"'):
        results.counts_by("c")
    with pytest.raises(NotFoundError, match='no observable "energy"'):
        results.expectation_array("energy")


async def test_every_point_has_its_own_seed_from_its_place(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        swept = {"a": [0.0] * 20, "b": [0.0] * 20}
        record = await running.kernel.enqueue(bell(content=ROTATION, seed=5, sweep=swept))
        await running.end(record.job_id)
        firsts = [one.first_binding for one in running.driver.requests]
    assert firsts == [0, 16]
    assert derived_seed(5, binding_index=0) == 5


async def test_points_that_take_long_go_one_by_one_from_the_first(tmp_path: Path) -> None:
    """Of a portion that is cut off by a timeout nothing is left."""
    turns = [{"op": "RY", "q": [index], "params": {"theta": "a"}} for index in range(24)]
    ends = [{"op": "MEASURE", "q": [index], "c": [index]} for index in range(24)]
    content = canonical_json({"version": "0.1", "qubits": 24, "parameters": ["a"], "operations": turns + ends})
    async with house(tmp_path) as running:
        running.driver.answer({"0" * 24: 8})
        record = await running.kernel.enqueue(bell(content=content, shots=8, sweep={"a": [0.0] * 8}))
        ended = await running.end(record.job_id)
        assert ended.state is JobState.DONE, ended.error
    assert [len(one.bindings) for one in running.driver.requests] == [1, 2, 4, 1]


async def test_a_sweep_that_is_stopped_leaves_the_points_that_are_done(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        running.driver.hold()
        swept = {"a": [0.0] * 40, "b": [0.0] * 40}
        record = await running.kernel.enqueue(bell(content=ROTATION, shots=8, sweep=swept))
        await running.driver.started(1)
        await anyio.wait_all_tasks_blocked()
        running.driver.release()
        running.driver.hold()
        await running.driver.started(2)
        await running.kernel.cancel(record.job_id, by="ada")
        assert (await running.end(record.job_id)).state is JobState.CANCELLED
        partial = json.loads(await running.artifacts.read(record.job_id, "results.partial.json"))
        names = [one.name for one in await running.artifacts.artifacts(record.job_id)]
        ended = await running.kernel.record(record.job_id)
    assert ended.error is not None
    assert (ended.error["details"]["points"], ended.error["details"]["points_done"]) == (40, 16)
    assert partial["state"] == "CANCELLED"
    assert len(partial["results"]) == 16
    assert partial["results"][0]["counts"] == {"0": 8}
    assert "results.json" not in names
