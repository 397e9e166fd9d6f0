"""A root's figures: the sum of what all its systems have counted, whenever each of them adds to it."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eigen
from eigen.client.packaging import package
from eigen.system.figures import root_metrics
from eigen.telemetry.metrics import MAX_LABEL_VALUES, OTHER, Metrics
from eigen.telemetry.metrics_table import METRICS
from eigen.telemetry.tally import Folding, Tally
from eigen.testing.scripted_driver import ScriptedDriver

BELL = "@hybrid_program(target='scripted:device')\ndef main():\n    q = QubitRegister(2)\n    h(q[0])\n    measure(q)\n"
ENDED = ("eigen_kernel_job_duration_seconds_count", {"state": "DONE"})
counted = st.lists(st.tuples(st.sampled_from(["OK", "INTERNAL", "é\n"]), st.floats(0, 100)), max_size=20)


@given(first=counted, second=counted)
def test_what_two_systems_count_adds_up_and_can_be_taken_away_again(
    first: list[tuple[str, float]], second: list[tuple[str, float]]
) -> None:
    one, other, both = Metrics(), Metrics(), Metrics()
    for mine, calls in ((one, first), (other, second)):
        for status, duration_sec in calls:
            for metrics in (mine, both):
                metrics.api_request("submit_job", status=status, duration_sec=round(duration_sec * 1024) / 1024)
    alone = one.counts()
    one.merge(other.counts())
    assert one.counts().keys() == both.counts().keys()
    for name, series in both.counts().items():
        assert sorted(one.counts()[name]) == sorted(series)
    one.merge(other.counts(), sign=-1)
    assert one.counts() == alone


async def test_jobs_of_systems_that_are_gone_are_still_counted_and_waiting_ones_are_told(tmp_path: Path) -> None:
    for works in (True, True, False):
        async with eigen.open_system(tmp_path, drivers={"scripted": ScriptedDriver()}, works=works) as system:
            job = await system.api.submit_job(package(BELL).request)
            if works:
                with anyio.fail_after(60):
                    async for _ in system.api.stream_job_updates(job.job_id):
                        pass
    figures = await root_metrics(tmp_path)
    assert figures.value(*ENDED) == 2
    assert figures.value("eigen_api_requests_total", {"method": "submit_job", "status": "OK"}) == 3
    assert figures.value("eigen_kernel_live_jobs", {"state": "PENDING"}) == 1


async def test_nothing_is_added_twice_or_left_out(tmp_path: Path) -> None:
    metrics, tally = Metrics(), Tally(tmp_path)
    for _ in range(3):
        async with Folding(metrics, tally=tally):
            metrics.job_ended("DONE", 1.0)
    async with Folding(metrics, tally=tally):
        pass
    assert tally.read().value(*ENDED) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"version":1',
        b'{"version":1,"counts":[]}',
        b'{"version":1,"counts":{"eigen_api_requests_total":[7]}}',
        b'{"version":1,"counts":{"eigen_api_requests_total":[[["a","b"],["c"]]]}}',
        b'{"version":2,"counts":{}}',
        b'{"version":1,"counts":{"eigen_unknown_total":[[[],[1.0]]],"eigen_api_requests_total":[[["a"],[1.0]]]}}',
        b'{"version":1,"counts":' + b"[" * 100_000,
    ],
)
def test_a_file_that_cannot_be_read_or_is_of_another_version_begins_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "metrics.json").write_bytes(content)
    tally, metrics = Tally(tmp_path), Metrics()
    assert tally.read().counts() == Metrics().counts()
    metrics.job_ended("DONE", 1.0)
    tally.add(metrics.counts())
    assert tally.read().value(*ENDED) == 1


def test_the_file_stays_bounded_whatever_the_systems_name(tmp_path: Path) -> None:
    tally = Tally(tmp_path)
    for system in range(4):
        metrics = Metrics()
        for number in range(MAX_LABEL_VALUES):
            metrics.job_failed(f"REASON_{system}_{number}")
        tally.add(metrics.counts())
    read = tally.read()
    assert read.value("eigen_kernel_job_failures_total", {"reason": OTHER}) == 3 * MAX_LABEL_VALUES
    assert {spec.name for spec in METRICS if spec.kind != "gauge"} == set(read.counts())


async def test_a_folder_that_cannot_be_written_costs_nothing_but_the_figures(tmp_path: Path) -> None:
    metrics = Metrics()
    async with Folding(metrics, tally=Tally(tmp_path / "gone")):
        metrics.job_ended("DONE", 1.0)
    assert Tally(tmp_path / "gone").read().value(*ENDED) is None
