"""The table of the metrics: names, kinds, labels, help and buckets, as the contract has them ("Telemetry").

What must never live here: counting. No label has an unbounded number of values: ids of jobs are never a label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["METRICS", "Labels", "MetricSpec"]

_SHORT_SEC = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LONG_SEC = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 1800.0)

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """A metric of the contract.

    Attributes:
        name: Its Prometheus name.
        kind: What it is.
        labels: Its labels, in order.
        description: Its help text.
        buckets: A histogram's upper bounds, in seconds.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: Labels
    description: str
    buckets: tuple[float, ...] = ()


METRICS = (
    MetricSpec(
        name="eigen_api_requests_total",
        kind="counter",
        labels=("method", "status"),
        description="Calls of the System API, by how they ended: OK or the error's code.",
    ),
    MetricSpec(
        name="eigen_api_request_duration_seconds",
        kind="histogram",
        labels=("method",),
        description="How long calls of the System API took; a stream lasts until its reader leaves.",
        buckets=_SHORT_SEC,
    ),
    MetricSpec(
        name="eigen_kernel_job_state_transitions_total",
        kind="counter",
        labels=("from", "to"),
        description="Changes of jobs' states; a new job comes from NONE.",
    ),
    MetricSpec(
        name="eigen_kernel_queue_depth",
        kind="gauge",
        labels=("device",),
        description="Jobs that wait for a slot of the device, in this system.",
    ),
    MetricSpec(
        name="eigen_kernel_live_jobs",
        kind="gauge",
        labels=("state",),
        description="Jobs of the root that have not ended; told by `eigen metrics`, which asks the job store.",
    ),
    MetricSpec(
        name="eigen_kernel_stage_duration_seconds",
        kind="histogram",
        labels=("stage",),
        description="How long the kernel's commands took; accept is the durable commit of a new job's record.",
        buckets=_LONG_SEC,
    ),
    MetricSpec(
        name="eigen_kernel_queue_wait_seconds",
        kind="histogram",
        labels=("device",),
        description="How long jobs waited for a slot of the device.",
        buckets=_LONG_SEC,
    ),
    MetricSpec(
        name="eigen_kernel_job_duration_seconds",
        kind="histogram",
        labels=("state",),
        description="Time from a job's submission to its end, by the state that it ended in.",
        buckets=_LONG_SEC,
    ),
    MetricSpec(
        name="eigen_kernel_job_failures_total",
        kind="counter",
        labels=("reason",),
        description="Jobs that ended in ERROR or TIMEOUT, by the reason of their error.",
    ),
    MetricSpec(
        name="eigen_kernel_handovers_total",
        kind="counter",
        labels=(),
        description="Jobs that another process submitted and handed over before they had begun.",
    ),
    MetricSpec(
        name="eigen_kernel_takeovers_total",
        kind="counter",
        labels=(),
        description="Jobs that were taken over from a system that was gone while it worked for them.",
    ),
    MetricSpec(
        name="eigen_kernel_backend_crashes_total",
        kind="counter",
        labels=("device",),
        description="Times that a device's backend died under a job that was tried again.",
    ),
    MetricSpec(
        name="eigen_loop_lag_seconds",
        kind="histogram",
        labels=(),
        description="How much later than asked the event loop came back; measured while metrics are served.",
        buckets=_SHORT_SEC,
    ),
    MetricSpec(
        name="eigen_compiler_programs_total",
        kind="counter",
        labels=("outcome",),
        description="Programs given to the compiler, by outcome: OK or the error's code.",
    ),
    MetricSpec(
        name="eigen_driver_requests_total",
        kind="counter",
        labels=("driver", "op", "status"),
        description="Calls of drivers, by how they ended: OK or the error's code.",
    ),
    MetricSpec(
        name="eigen_driver_request_duration_seconds",
        kind="histogram",
        labels=("driver", "op"),
        description="How long calls of drivers took.",
        buckets=_LONG_SEC,
    ),
    MetricSpec(
        name="eigen_qfs_bytes_total",
        kind="counter",
        labels=("op",),
        description="Bytes of artifacts written and read.",
    ),
    MetricSpec(
        name="eigen_qfs_request_duration_seconds",
        kind="histogram",
        labels=("op",),
        description="How long calls of CircuitFS took; those that write end with the sync that makes them durable.",
        buckets=_SHORT_SEC,
    ),
    MetricSpec(
        name="eigen_compiler_cache_total",
        kind="counter",
        labels=("kept",),
        description="Programs of jobs, by what the compiler had at hand: the circuit, the program, or nothing.",
    ),
    MetricSpec(
        name="eigen_driver_cache_total",
        kind="counter",
        labels=("device", "kept"),
        description="Runs in worker processes, by what the worker had at hand: the circuit, or nothing.",
    ),
    MetricSpec(
        name="eigen_driver_worker_starts_total",
        kind="counter",
        labels=("device",),
        description="Worker processes that had to be started while a job waited for them.",
    ),
)
"""Every metric of the system."""
