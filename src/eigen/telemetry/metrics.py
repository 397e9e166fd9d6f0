"""The metrics of one system: counted here, shown by whoever asks for `render`.

Which there are is in `eigen.telemetry.metrics_table`. Of each label the first `MAX_LABEL_VALUES` values are kept, the
others are counted as `other`. Every system has its own; nothing is shared in the process.

To count is to add to a number in a dict, on the event loop's thread, since a job counts twenty times. What was counted
can be added to the metrics of another system, or taken away: see `eigen.telemetry.tally`.

Source: Prometheus' text format, version 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from eigen.contracts.printable import printable
from eigen.telemetry.metrics_table import METRICS, Labels, MetricSpec

__all__ = ["MAX_LABEL_VALUES", "OTHER", "Metrics"]

MAX_LABEL_VALUES = 64
"""Most different values of one label."""

OTHER = "other"
"""What stands for every value beyond them."""

Sample = tuple[str, Mapping[str, str], float]
"""A name, labels and a value, as in the exposition."""


class _Family:
    """One metric: of a counter or gauge a number for each set of labels; of a histogram the sum, then its buckets."""

    __slots__ = ("_seen", "series", "spec")

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec
        self.series: dict[Labels, list[float]] = {} if spec.labels else {(): self._nothing(spec)}
        self._seen: tuple[set[str], ...] = tuple(set() for _ in spec.labels)

    @staticmethod
    def _nothing(spec: MetricSpec) -> list[float]:
        return [0.0] * (len(spec.buckets) + 2 if spec.kind == "histogram" else 1)

    def at(self, labels: Labels) -> list[float]:
        """Return the numbers of a set of labels; one beyond the limit is `other`."""
        return self.series.get(labels) or self._new(labels)

    def add(self, labels: Labels, amount: float = 1.0) -> None:
        """Count."""
        (self.series.get(labels) or self._new(labels))[0] += amount

    def observe(self, labels: Labels, value: float) -> None:
        """Note a value of a histogram."""
        numbers = self.series.get(labels) or self._new(labels)
        numbers[0] += value
        numbers[1 + bisect_left(self.spec.buckets, value)] += 1

    def _new(self, labels: Labels) -> list[float]:
        bounded = tuple(_bounded(value, seen) for value, seen in zip(labels, self._seen, strict=True))
        return self.series.setdefault(bounded, self._nothing(self.spec))

    def samples(self) -> Iterator[Sample]:
        """Yield what is exposed."""
        for labels, numbers in self.series.items():
            named = dict(zip(self.spec.labels, labels, strict=True))
            if self.spec.kind != "histogram":
                yield self.spec.name, named, numbers[0]
                continue
            count = 0.0
            for bound, number in zip((*map(str, self.spec.buckets), "+Inf"), numbers[1:], strict=True):
                count += number
                yield f"{self.spec.name}_bucket", {**named, "le": bound}, count
            yield f"{self.spec.name}_sum", named, numbers[0]
            yield f"{self.spec.name}_count", named, count


class Metrics:
    """All metrics of one system."""

    def __init__(self) -> None:
        self._families = families = {spec.name: _Family(spec) for spec in METRICS}
        self._api_requests = families["eigen_api_requests_total"]
        self._api_durations = families["eigen_api_request_duration_seconds"]
        self._transitions = families["eigen_kernel_job_state_transitions_total"]
        self._queue_depth = families["eigen_kernel_queue_depth"]
        self._live_jobs = families["eigen_kernel_live_jobs"]
        self._stage_durations = families["eigen_kernel_stage_duration_seconds"]
        self._queue_waits = families["eigen_kernel_queue_wait_seconds"]
        self._job_durations = families["eigen_kernel_job_duration_seconds"]
        self._failures = families["eigen_kernel_job_failures_total"]
        self._handovers = families["eigen_kernel_handovers_total"]
        self._takeovers = families["eigen_kernel_takeovers_total"]
        self._crashes = families["eigen_kernel_backend_crashes_total"]
        self._lags = families["eigen_loop_lag_seconds"]
        self._programs = families["eigen_compiler_programs_total"]
        self._compiler_cache = families["eigen_compiler_cache_total"]
        self._driver_requests = families["eigen_driver_requests_total"]
        self._driver_durations = families["eigen_driver_request_duration_seconds"]
        self._driver_cache = families["eigen_driver_cache_total"]
        self._worker_starts = families["eigen_driver_worker_starts_total"]
        self._qfs_bytes = families["eigen_qfs_bytes_total"]
        self._qfs_durations = families["eigen_qfs_request_duration_seconds"]

    def api_request(self, method: str, *, status: str, duration_sec: float) -> None:
        """Count a call of the System API."""
        self._api_requests.add((method, status))
        self._api_durations.observe((method,), duration_sec)

    def transition(self, before: str, after: str) -> None:
        """Count a change of a job's state."""
        self._transitions.add((before, after))

    def queue_depth(self, device_id: str, depth: int) -> None:
        """Set how many jobs wait for a device."""
        self._queue_depth.at((device_id,))[0] = depth

    def live_jobs(self, state: str, number: int) -> None:
        """Set how many jobs that have not ended are in a state."""
        self._live_jobs.at((state,))[0] = number

    def stage(self, stage: str, duration_sec: float) -> None:
        """Note how long a command of the kernel took."""
        self._stage_durations.observe((stage,), duration_sec)

    def queue_wait(self, device_id: str, duration_sec: float) -> None:
        """Note how long a job waited for a slot."""
        self._queue_waits.observe((device_id,), duration_sec)

    def job_ended(self, state: str, duration_sec: float) -> None:
        """Note how long a job took from its submission to its end."""
        self._job_durations.observe((state,), duration_sec)

    def job_failed(self, reason: str) -> None:
        """Count a job that ended in an error of its own."""
        self._failures.add((reason,))

    def handover(self) -> None:
        """Count a job that was handed over before it had begun."""
        self._handovers.add(())

    def takeover(self) -> None:
        """Count a job that was taken over while somebody worked for it."""
        self._takeovers.add(())

    def backend_crash(self, device_id: str) -> None:
        """Count a backend that died under a job."""
        self._crashes.add((device_id,))

    def loop_lag(self, duration_sec: float) -> None:
        """Note how late the event loop was."""
        self._lags.observe((), max(0.0, duration_sec))

    def program(self, outcome: str) -> None:
        """Count a program given to the compiler."""
        self._programs.add((outcome,))

    def compiler_cache(self, kept: str) -> None:
        """Count a job's program by what the compiler had at hand: `circuit`, `program` or `nothing`."""
        self._compiler_cache.add((kept,))

    def driver_request(self, driver: str, *, op: str, status: str, duration_sec: float) -> None:
        """Count a call of a driver."""
        self._driver_requests.add((driver, op, status))
        self._driver_durations.observe((driver, op), duration_sec)

    def driver_cache(self, device_id: str, *, kept: str) -> None:
        """Count a run by what the worker had at hand: `circuit` or `nothing`."""
        self._driver_cache.add((device_id, kept))

    def worker_start(self, device_id: str) -> None:
        """Count a worker process that a job had to wait for."""
        self._worker_starts.add((device_id,))

    def qfs_request(self, op: str, *, duration_sec: float, num_bytes: int = 0) -> None:
        """Note a call of CircuitFS that succeeded, and the bytes that it wrote or read."""
        self._qfs_durations.observe((op,), duration_sec)
        if num_bytes:
            self._qfs_bytes.add((op,), num_bytes)

    def render(self) -> str:
        """Return all metrics in Prometheus' text format, version 0.0.4."""
        lines: list[str] = []
        for family in self._families.values():
            lines += (
                f"# HELP {family.spec.name} {family.spec.description}",
                f"# TYPE {family.spec.name} {family.spec.kind}",
            )
            lines += (f"{name}{_label_text(labels)} {value!r}" for name, labels, value in family.samples())
        return "\n".join(lines) + "\n"

    def value(self, name: str, labels: Mapping[str, str] = MappingProxyType({})) -> float | None:
        """Return the value of one series; None where there is none.

        Args:
            name: As it is exposed, such as `eigen_kernel_job_duration_seconds_count`.
            labels: All its labels.
        """
        for family in self._families.values():
            if name.startswith(family.spec.name):
                for one, its_labels, value in family.samples():
                    if one == name and its_labels == labels:
                        return value
        return None

    def counts(self) -> dict[str, list[list[Any]]]:
        """Return what was counted, without what only holds now, as JSON values for `merge`."""
        return {
            name: [[list(labels), list(numbers)] for labels, numbers in family.series.items() if any(numbers)]
            for name, family in self._families.items()
            if family.spec.kind != "gauge"
        }

    def merge(self, counts: Mapping[str, Any], *, sign: int = 1) -> None:
        """Add what another system has counted, or take it away; what this version does not know is left out.

        Args:
            counts: What `counts` gave.
            sign: 1 to add, -1 to take away.

        Raises:
            ValueError: Not what `counts` gives.
        """
        for name, series in counts.items():
            family = self._families.get(name)
            for labels, numbers in series if family is not None else ():
                _add(family, tuple(map(str, labels)), numbers, sign)


def _add(family: _Family | None, labels: Labels, numbers: list[float], sign: int) -> None:
    if family is None or len(labels) != len(family.spec.labels):
        return
    mine = family.at(labels)
    if len(mine) == len(numbers):  # else it has other buckets, in another version
        mine[:] = [one + sign * float(other) for one, other in zip(mine, numbers, strict=True)]


_ESCAPES: Mapping[int, str] = MappingProxyType({ord("\\"): "\\\\", ord('"'): '\\"', ord("\n"): "\\n"})


def _label_text(labels: Mapping[str, str]) -> str:
    named = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{named}}}" if named else ""


def _bounded(value: str, seen: set[str]) -> str:
    text = printable(value, limit=100)
    if text not in seen:
        if len(seen) >= MAX_LABEL_VALUES:
            return OTHER
        seen.add(text)
    return text
