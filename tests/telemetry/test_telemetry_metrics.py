"""Metrics: the contract's names and labels, and never too many series."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from eigen.telemetry.metrics import MAX_LABEL_VALUES, OTHER, Metrics
from eigen.telemetry.metrics_table import METRICS

CONTRACT = """
eigen_api_requests_total{method,status}
eigen_api_request_duration_seconds{method}
eigen_kernel_job_state_transitions_total{from,to}
eigen_kernel_queue_depth{device}
eigen_kernel_stage_duration_seconds{stage}
eigen_compiler_programs_total{outcome}
eigen_driver_requests_total{driver,op,status}
eigen_driver_request_duration_seconds{driver,op}
eigen_qfs_bytes_total{op}
"""


BESIDE = """
eigen_kernel_queue_wait_seconds{device}
eigen_kernel_job_duration_seconds{state}
eigen_kernel_job_failures_total{reason}
eigen_kernel_handovers_total{}
eigen_kernel_takeovers_total{}
eigen_kernel_backend_crashes_total{device}
eigen_loop_lag_seconds{}
eigen_kernel_live_jobs{state}
eigen_qfs_request_duration_seconds{op}
eigen_compiler_cache_total{kept}
eigen_driver_cache_total{device,kept}
eigen_driver_worker_starts_total{device}
"""
"""What is counted beside the contract's metrics."""


def count_everything(metrics: Metrics) -> None:
    metrics.api_request("submit_job", status="OK", duration_sec=0.003)
    metrics.transition("NONE", "PENDING")
    metrics.queue_depth("sim:local", 3)
    metrics.live_jobs("QUEUED", 3)
    metrics.stage("compile", 0.002)
    metrics.program("OK")
    metrics.driver_request("sim", op="execute", status="OK", duration_sec=0.01)
    metrics.qfs_request("put", duration_sec=0.001, num_bytes=120)
    metrics.compiler_cache("circuit")
    metrics.driver_cache("sim:local", kept="nothing")
    metrics.worker_start("sim:local")
    metrics.queue_wait("sim:local", 0.5)
    metrics.job_ended("DONE", 1.5)
    metrics.job_failed("EL0202")
    metrics.handover()
    metrics.takeover()
    metrics.backend_crash("sim:local")
    metrics.loop_lag(-0.001)


def exposed(metrics: Metrics) -> dict[str, list[dict[str, str]]]:
    """Return the labels of every exposed sample by its name."""
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(metrics.render()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def test_names_and_labels_are_the_contracts() -> None:
    named = {f"{spec.name}{{{','.join(spec.labels)}}}" for spec in METRICS}
    assert named == {*CONTRACT.split(), *BESIDE.split()}


def test_what_is_exposed_is_what_is_documented_and_nothing_else() -> None:
    metrics = Metrics()
    count_everything(metrics)
    shown = set()
    for name, label_sets in exposed(metrics).items():
        plain = name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
        shown.add(f"{plain}{{{','.join(label for label in label_sets[0] if label != 'le')}}}")
    assert shown == {*CONTRACT.split(), *BESIDE.split()}


def test_every_metric_says_what_it_is() -> None:
    helps = {line.split()[2]: line for line in Metrics().render().splitlines() if line.startswith("# HELP")}
    assert set(helps) == {spec.name for spec in METRICS}
    assert all(len(line.split()) > 5 for line in helps.values())


def test_values_are_counted() -> None:
    metrics = Metrics()
    count_everything(metrics)
    count_everything(metrics)
    value = metrics.value
    assert value("eigen_api_requests_total", {"method": "submit_job", "status": "OK"}) == 2
    assert value("eigen_api_request_duration_seconds_sum", {"method": "submit_job"}) == 0.006
    assert value("eigen_kernel_job_state_transitions_total", {"from": "NONE", "to": "PENDING"}) == 2
    assert value("eigen_kernel_queue_depth", {"device": "sim:local"}) == 3
    assert value("eigen_kernel_live_jobs", {"state": "QUEUED"}) == 3
    assert value("eigen_kernel_stage_duration_seconds_count", {"stage": "compile"}) == 2
    assert value("eigen_compiler_programs_total", {"outcome": "OK"}) == 2
    assert value("eigen_driver_requests_total", {"driver": "sim", "op": "execute", "status": "OK"}) == 2
    assert value("eigen_driver_request_duration_seconds_bucket", {"driver": "sim", "op": "execute", "le": "0.01"}) == 2
    assert value("eigen_qfs_bytes_total", {"op": "put"}) == 240
    assert value("eigen_kernel_queue_wait_seconds_sum", {"device": "sim:local"}) == 1
    assert value("eigen_kernel_job_duration_seconds_sum", {"state": "DONE"}) == 3
    assert value("eigen_kernel_job_failures_total", {"reason": "EL0202"}) == 2
    assert value("eigen_kernel_handovers_total") == 2
    assert value("eigen_kernel_takeovers_total") == 2
    assert value("eigen_kernel_backend_crashes_total", {"device": "sim:local"}) == 2
    assert value("eigen_qfs_request_duration_seconds_count", {"op": "put"}) == 2
    assert value("eigen_compiler_cache_total", {"kept": "circuit"}) == 2
    assert value("eigen_driver_cache_total", {"device": "sim:local", "kept": "nothing"}) == 2
    assert value("eigen_driver_worker_starts_total", {"device": "sim:local"}) == 2
    assert value("eigen_loop_lag_seconds_sum") == 0  # a clock that is set back is no lag


def test_two_systems_share_nothing() -> None:
    first, second = Metrics(), Metrics()
    first.program("OK")
    assert second.value("eigen_compiler_programs_total", {"outcome": "OK"}) is None


def test_hostile_label_values_do_not_break_the_exposition() -> None:
    metrics = Metrics()
    for device in ('a"}\neigen_forged 1\n', "\ud800", "\x1b[2J", "x" * 10_000):
        metrics.queue_depth(device, 1)
    samples = exposed(metrics)
    assert {name for name in samples if "device" in samples[name][0]} == {"eigen_kernel_queue_depth"}
    assert not any("forged" in name for name in samples)
    assert all(labels["device"].isprintable() for labels in samples["eigen_kernel_queue_depth"])
    assert max(len(labels["device"]) for labels in samples["eigen_kernel_queue_depth"]) <= 101


@given(names=st.lists(st.integers(0, 200), max_size=400))
def test_however_many_values_come_the_series_stay_bounded_and_nothing_goes_uncounted(names: list[int]) -> None:
    metrics = Metrics()
    for name in names:
        metrics.driver_request(f"driver-{name}", op="execute", status="OK", duration_sec=0.0)
    counted = {
        sample.labels["driver"]: sample.value
        for family in text_string_to_metric_families(metrics.render())
        for sample in family.samples
        if sample.name == "eigen_driver_requests_total"
    }
    kept = {f"driver-{name}" for name in list(dict.fromkeys(names))[:MAX_LABEL_VALUES]}
    expected = Counter(f"driver-{name}" if f"driver-{name}" in kept else OTHER for name in names)
    assert counted == expected


def test_one_label_that_is_full_leaves_the_others_readable() -> None:
    metrics = Metrics()
    for number in range(MAX_LABEL_VALUES + 5):
        metrics.driver_request(f"driver-{number}", op="execute", status="OK", duration_sec=0.0)
    labels = {"driver": OTHER, "op": "execute", "status": "OK"}
    assert metrics.value("eigen_driver_requests_total", labels) == 5


def test_values_beyond_the_limit_take_no_memory() -> None:
    metrics = Metrics()
    for number in range(10 * MAX_LABEL_VALUES):
        metrics.queue_depth(f"device-{number}", 1)
    assert len(metrics._queue_depth.series) == MAX_LABEL_VALUES + 1
