"""The metrics of one system: counted here, shown by whoever asks for `render`.

Names and labels are the contract's ("Telemetry"), in one table. No label has an unbounded number of values: ids of jobs
are never a label, and of each label the first `MAX_LABEL_VALUES` values are kept, the others are counted as `other`.
Every system has a registry of its own; the client library's global one is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from eigen.contracts.printable import printable

__all__ = ["MAX_LABEL_VALUES", "METRICS", "OTHER", "MetricSpec", "Metrics"]

MAX_LABEL_VALUES = 64
"""Most different values of one label."""

OTHER = "other"
"""What stands for every value beyond them."""

_SHORT_SEC = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LONG_SEC = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 1800.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """A metric of the contract.

    Attributes:
        name: Its Prometheus name.
        kind: `Counter`, `Gauge` or `Histogram`.
        labels: Its labels, in order.
        description: Its help text.
        buckets: A histogram's upper bounds, in seconds.
    """

    name: str
    kind: type[Counter] | type[Gauge] | type[Histogram]
    labels: tuple[str, ...]
    description: str
    buckets: tuple[float, ...] = ()


METRICS = (
    MetricSpec(
        name="eigen_api_requests_total",
        kind=Counter,
        labels=("method", "status"),
        description="Calls of the System API, by how they ended: OK or the error's code.",
    ),
    MetricSpec(
        name="eigen_api_request_duration_seconds",
        kind=Histogram,
        labels=("method",),
        description="How long calls of the System API took; a stream lasts until its reader leaves.",
        buckets=_SHORT_SEC,
    ),
    MetricSpec(
        name="eigen_kernel_job_state_transitions_total",
        kind=Counter,
        labels=("from", "to"),
        description="Changes of jobs' states; a new job comes from NONE.",
    ),
    MetricSpec(
        name="eigen_kernel_queue_depth",
        kind=Gauge,
        labels=("device",),
        description="Jobs that wait for a slot of the device, in this system.",
    ),
    MetricSpec(
        name="eigen_kernel_stage_duration_seconds",
        kind=Histogram,
        labels=("stage",),
        description="How long the kernel's commands took.",
        buckets=_LONG_SEC,
    ),
    MetricSpec(
        name="eigen_kernel_queue_wait_seconds",
        kind=Histogram,
        labels=("device",),
        description="How long jobs waited for a slot of the device.",
        buckets=_LONG_SEC,
    ),
    MetricSpec(
        name="eigen_kernel_job_duration_seconds",
        kind=Histogram,
        labels=("state",),
        description="Time from a job's submission to its end, by the state that it ended in.",
        buckets=_LONG_SEC,
    ),
    MetricSpec(
        name="eigen_kernel_takeovers_total",
        kind=Counter,
        labels=(),
        description="Jobs that were taken over from a system that was gone.",
    ),
    MetricSpec(
        name="eigen_kernel_backend_crashes_total",
        kind=Counter,
        labels=("device",),
        description="Times that a device's backend died under a job that was tried again.",
    ),
    MetricSpec(
        name="eigen_loop_lag_seconds",
        kind=Histogram,
        labels=(),
        description="How much later than asked the event loop came back; measured while metrics are served.",
        buckets=_SHORT_SEC,
    ),
    MetricSpec(
        name="eigen_compiler_programs_total",
        kind=Counter,
        labels=("outcome",),
        description="Programs given to the compiler, by outcome: OK or the error's code.",
    ),
    MetricSpec(
        name="eigen_driver_requests_total",
        kind=Counter,
        labels=("driver", "op", "status"),
        description="Calls of drivers, by how they ended: OK or the error's code.",
    ),
    MetricSpec(
        name="eigen_driver_request_duration_seconds",
        kind=Histogram,
        labels=("driver", "op"),
        description="How long calls of drivers took.",
        buckets=_LONG_SEC,
    ),
    MetricSpec(
        name="eigen_qfs_bytes_total",
        kind=Counter,
        labels=("op",),
        description="Bytes of artifacts written and read.",
    ),
)
"""Every metric of the system."""


Family = TypeVar("Family", bound=MetricWrapperBase)


class _Labelled(Generic[Family]):
    """One metric's children, each resolved once."""

    __slots__ = ("_children", "_family", "_seen")

    def __init__(self, family: Family, num_labels: int) -> None:
        self._family = family
        self._children: dict[tuple[str, ...], Family] = {}
        self._seen: tuple[set[str], ...] = tuple(set() for _ in range(num_labels))

    def of(self, *values: str) -> Family:
        """Return the child with these values; one beyond the limit counts as `other`."""
        known = self._children.get(values)
        return known if known is not None else self._resolve(values)

    def _resolve(self, values: tuple[str, ...]) -> Family:
        bounded = tuple(_bounded(value, seen) for value, seen in zip(values, self._seen, strict=True))
        child = self._family.labels(*bounded) if bounded else self._family
        if bounded == values:  # only what is bounded may be remembered
            self._children[values] = child
        return child


class Metrics:
    """All metrics of one system.

    Attributes:
        registry: The registry that holds them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        specs = {spec.name: spec for spec in METRICS}
        self._api_requests = self._counter(specs["eigen_api_requests_total"])
        self._api_durations = self._histogram(specs["eigen_api_request_duration_seconds"])
        self._transitions = self._counter(specs["eigen_kernel_job_state_transitions_total"])
        self._queue_depth = self._gauge(specs["eigen_kernel_queue_depth"])
        self._stage_durations = self._histogram(specs["eigen_kernel_stage_duration_seconds"])
        self._queue_waits = self._histogram(specs["eigen_kernel_queue_wait_seconds"])
        self._job_durations = self._histogram(specs["eigen_kernel_job_duration_seconds"])
        self._takeovers = self._counter(specs["eigen_kernel_takeovers_total"])
        self._crashes = self._counter(specs["eigen_kernel_backend_crashes_total"])
        self._lags = self._histogram(specs["eigen_loop_lag_seconds"])
        self._programs = self._counter(specs["eigen_compiler_programs_total"])
        self._driver_requests = self._counter(specs["eigen_driver_requests_total"])
        self._driver_durations = self._histogram(specs["eigen_driver_request_duration_seconds"])
        self._qfs_bytes = self._counter(specs["eigen_qfs_bytes_total"])

    def api_request(self, method: str, *, status: str, duration_sec: float) -> None:
        """Count a call of the System API."""
        self._api_requests.of(method, status).inc()
        self._api_durations.of(method).observe(duration_sec)

    def transition(self, before: str, after: str) -> None:
        """Count a change of a job's state."""
        self._transitions.of(before, after).inc()

    def queue_depth(self, device_id: str, depth: int) -> None:
        """Set how many jobs wait for a device."""
        self._queue_depth.of(device_id).set(depth)

    def stage(self, stage: str, duration_sec: float) -> None:
        """Note how long a command of the kernel took."""
        self._stage_durations.of(stage).observe(duration_sec)

    def queue_wait(self, device_id: str, duration_sec: float) -> None:
        """Note how long a job waited for a slot."""
        self._queue_waits.of(device_id).observe(duration_sec)

    def job_ended(self, state: str, duration_sec: float) -> None:
        """Note how long a job took from its submission to its end."""
        self._job_durations.of(state).observe(duration_sec)

    def takeover(self) -> None:
        """Count a job that was taken over."""
        self._takeovers.of().inc()

    def backend_crash(self, device_id: str) -> None:
        """Count a backend that died under a job."""
        self._crashes.of(device_id).inc()

    def loop_lag(self, duration_sec: float) -> None:
        """Note how late the event loop was."""
        self._lags.of().observe(max(0.0, duration_sec))

    def program(self, outcome: str) -> None:
        """Count a program given to the compiler."""
        self._programs.of(outcome).inc()

    def driver_request(self, driver: str, *, op: str, status: str, duration_sec: float) -> None:
        """Count a call of a driver."""
        self._driver_requests.of(driver, op, status).inc()
        self._driver_durations.of(driver, op).observe(duration_sec)

    def qfs_bytes(self, op: str, num_bytes: int) -> None:
        """Count bytes written or read."""
        self._qfs_bytes.of(op).inc(num_bytes)

    def render(self) -> str:
        """Return all metrics in Prometheus' text format, version 0.0.4."""
        return generate_latest(_WithoutCreationTimes(self.registry)).decode()

    def _counter(self, spec: MetricSpec) -> _Labelled[Counter]:
        family = Counter(spec.name, spec.description, spec.labels, registry=self.registry)
        return _Labelled(family, len(spec.labels))

    def _gauge(self, spec: MetricSpec) -> _Labelled[Gauge]:
        family = Gauge(spec.name, spec.description, spec.labels, registry=self.registry)
        return _Labelled(family, len(spec.labels))

    def _histogram(self, spec: MetricSpec) -> _Labelled[Histogram]:
        family = Histogram(spec.name, spec.description, spec.labels, registry=self.registry, buckets=spec.buckets)
        return _Labelled(family, len(spec.labels))


class _WithoutCreationTimes(Collector):
    """Leaves out the `_created` series, which the client library can only switch off for the whole process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


def _bounded(value: str, seen: set[str]) -> str:
    text = printable(value, limit=100)
    if text not in seen:
        if len(seen) >= MAX_LABEL_VALUES:
            return OTHER
        seen.add(text)
    return text
