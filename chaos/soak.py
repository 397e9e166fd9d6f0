"""Endurance: jobs through one live system with the real simulator; its loop, memory, descriptors and threads watched.

The loop's lag is how much later than it asked for a task is woken: nothing may hold the loop (R16). A process beside it
that does nothing but sleep and look at the clock tells how much of that is the machine's. Memory is resident
memory, of the system's process and of all its children; its slope is that of a straight line through the second half.
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from chaos.processes import start_life
from eigen.client.packaging import Overrides, package
from eigen.contracts.errors import EigenError
from eigen.contracts.jobs import JobState
from eigen.drivers.sim import SimDriver
from eigen.ports.drivers import Driver
from eigen.ports.system_api import SystemApi
from eigen.system.composition import open_system

__all__ = ["Sample", "SoakOutcome", "SoakPlan", "run_soak"]

_PROBE_SEC = 0.005
_STALL_SEC = 0.05
_MOST_ROWS = 30
_LEAST_LAG_SEC = 1e-5
_BUCKETS_PER_FACTOR = 20
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakPlan:
    """What to run.

    Attributes:
        minutes: For how long.
        clients: How many jobs are in flight.
        every_sec: Time between two samples.
        large_qubits: Size of the large simulations, one in a hundred jobs; 0 for none.
        kill_every_sec: Time between two kills of a worker; 0 for none.
        seed: Where choices come from.
        out: Where samples are written as they come, one JSON object a line.
        driver: The driver, for a run without a simulator; None for Aer.
        target: The device.
    """

    minutes: float = 60.0
    clients: int = 8
    every_sec: float = 10.0
    large_qubits: int = 20
    kill_every_sec: float = 30.0
    seed: int = 1
    out: Path | None = None
    driver: Driver | None = None
    target: str = "sim:local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How the system is at one moment.

    Attributes:
        sec: Since the beginning.
        jobs: Ended so far.
        system_bytes: Resident memory of its process.
        children_bytes: Resident memory of all its children.
        children: How many.
        descriptors: Open file descriptors.
        threads: Threads of its process.
        lag_sec: Largest lag since the sample before.
    """

    sec: float
    jobs: int
    system_bytes: int
    children_bytes: int
    children: int
    descriptors: int
    threads: int
    lag_sec: float

    def cells(self) -> tuple[str, ...]:
        """Return it for a table."""
        return (
            f"{self.sec / 60:.1f}",
            f"{self.jobs:,}",
            f"{self.system_bytes / 2**20:.1f} MiB",
            f"{self.children}, {self.children_bytes / 2**20:.0f} MiB",
            str(self.descriptors),
            str(self.threads),
            f"{1e3 * self.lag_sec:.0f} ms",
        )


@dataclass(slots=True)
class SoakOutcome:
    """What a run gave.

    Attributes:
        plan: What was run.
        samples: In order.
        lags: How often the loop lagged, by logarithmic size: a list of all of them would itself take memory.
        largest_lag_sec: The largest of them.
        idle_lags: The same of a process beside it that does nothing.
        ends: How jobs ended.
        killed: Workers killed.
        breaches: Broken promises.
        seconds: Time on the wall.
    """

    plan: SoakPlan
    samples: list[Sample] = field(default_factory=list)
    lags: Counter[int] = field(default_factory=Counter)
    largest_lag_sec: float = 0.0
    idle_lags: Counter[int] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def figures(self) -> dict[str, str]:
        """What is to be known of it."""
        half = [sample for sample in self.samples if sample.sec > self.seconds / 2]
        jobs = sum(self.ends.values())
        ends = ", ".join(f"{count:,} {state}" for state, count in sorted(self.ends.items()))
        return {
            "jobs": f"{jobs:,} ({ends}), {jobs / max(self.seconds, 1e-9):.1f} a second, {self.plan.clients} in flight",
            "workers killed": str(self.killed),
            "the loop's lag": f"{_told(self.lags)}; largest {1e3 * self.largest_lag_sec:.1f} ms",
            "lag of an idle process beside it": _told(self.idle_lags),
            "slope of the system's memory": f"{_slope(half, 'system_bytes') * 3600 / 2**20:+.2f} MiB an hour, "
            f"{1e3 * _slope_per_job(half) / 2**10:+.1f} KiB a thousand jobs",
            "slope of its children's memory": f"{_slope(half, 'children_bytes') * 3600 / 2**20:+.2f} MiB an hour",
            "descriptors, threads": f"{_range(half, 'descriptors')}, {_range(half, 'threads')} in the second half",
        }

    def shown(self) -> list[Sample]:
        """Return some samples, evenly spread, the last one always."""
        step = max(1, -(-len(self.samples) // _MOST_ROWS))
        return self.samples[::-1][::step][::-1]


def run_soak(plan: SoakPlan, folder: Path) -> SoakOutcome:
    """Do what is planned, in this process, on a root in a folder."""
    outcome = SoakOutcome(plan)
    idle = start_life(partial(_idle_lags, time.monotonic() + 60 * plan.minutes))
    anyio.run(_Soak(plan, outcome, folder, others=(idle.pid,)).run)
    outcome.idle_lags.update(dict(idle.wait(limit_sec=60.0).answer or ()))
    return outcome


class _Soak:
    def __init__(self, plan: SoakPlan, outcome: SoakOutcome, folder: Path, *, others: Sequence[int]) -> None:
        self._plan = plan
        self._outcome = outcome
        self._folder = folder
        self._others = others
        self._begin = time.monotonic()
        self._end = self._begin + 60 * plan.minutes
        self._largest_lag = 0.0
        self._driver: Driver = plan.driver or SimDriver()

    async def run(self) -> None:
        drivers = {self._driver.name: self._driver}
        async with open_system(self._folder / "root", drivers=drivers) as system:
            async with anyio.create_task_group() as watching:
                for watch in (self._probe, self._sample_often, self._kill_often):
                    watching.start_soon(watch)
                async with anyio.create_task_group() as clients:
                    for number in range(self._plan.clients):
                        clients.start_soon(self._submit_often, system.api, number)
                watching.cancel_scope.cancel()
            self._sample()
        self._outcome.seconds = time.monotonic() - self._begin

    async def _submit_often(self, api: SystemApi, number: int) -> None:
        chance = random.Random(f"{self._plan.seed} {number}")
        while time.monotonic() < self._end:
            await self._run_job(api, chance)

    async def _run_job(self, api: SystemApi, chance: random.Random) -> None:
        is_cancelled = chance.random() < _SHARE_CANCELLED
        large = self._plan.large_qubits if chance.random() < _SHARE_LARGE else 0
        overrides = Overrides(seed=chance.getrandbits(31), target=self._plan.target)
        request = package(_program(large or chance.randint(2, 10)), overrides=overrides).request
        try:
            job_id = (await api.submit_job(request)).job_id
            if is_cancelled:
                await api.cancel_job(job_id)
            async for _ in api.stream_job_updates(job_id):
                pass
            status = await api.get_job_status(job_id)
        except EigenError as error:
            self._outcome.breaches.append(f"a client was refused: {error.reason}: {error}")
            return
        self._outcome.ends[status.state.value] += 1
        may_end = {JobState.DONE, JobState.CANCELLED} if is_cancelled else {JobState.DONE}
        if status.state not in may_end and not (self._outcome.killed and status.error_reason == "WORKER_DIED"):
            self._outcome.breaches.append(f"{job_id} ended as {status.state}: {status.error_summary}")

    async def _probe(self) -> None:
        while True:
            due = time.monotonic() + _PROBE_SEC
            await anyio.sleep(_PROBE_SEC)
            lag = max(0.0, time.monotonic() - due)
            self._largest_lag = max(self._largest_lag, lag)
            self._outcome.lags[_bucket_of(lag)] += 1
            self._outcome.largest_lag_sec = max(self._outcome.largest_lag_sec, lag)

    async def _sample_often(self) -> None:
        while True:
            await anyio.sleep(self._plan.every_sec)
            self._sample()

    async def _kill_often(self) -> None:
        while self._plan.kill_every_sec:
            await anyio.sleep(self._plan.kill_every_sec)
            workers = [pid for pid in self._processes() if not _children(pid)]
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(workers[-1], signal.SIGKILL)
                    self._outcome.killed += 1

    def _sample(self) -> None:
        children = self._processes()
        sample = Sample(
            sec=round(time.monotonic() - self._begin, 1),
            jobs=sum(self._outcome.ends.values()),
            system_bytes=_resident_bytes(os.getpid()),
            children_bytes=sum(_resident_bytes(pid) for pid in children),
            children=len(children),
            descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208  # names only, without a stat of each
            threads=len(os.listdir("/proc/self/task")),  # noqa: PTH208
            lag_sec=round(self._largest_lag, 4),
        )
        self._largest_lag = 0.0
        self._outcome.samples.append(sample)
        if self._plan.out:
            with self._plan.out.open("a") as file:
                file.write(json.dumps(asdict(sample)) + "\n")

    def _processes(self) -> list[int]:
        """Return the processes that the system has started."""
        return [pid for pid in _descendants(os.getpid()) if pid not in self._others]


_SHARE_CANCELLED = 0.02
_SHARE_LARGE = 0.01


def _program(qubits: int) -> str:
    loop = f"    for k in range({qubits - 1}):\n        cx(k, k + 1)\n"
    return f"@hybrid_program(shots=200)\ndef main():\n    h(0)\n{loop}    measure_all()\n"


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for child in _children(pid):
        found += [child, *_descendants(child)]
    return found


def _resident_bytes(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    return 0


def _told(lags: Counter[int]) -> str:
    stalls = sum(count for bucket, count in lags.items() if _sec_of(bucket) > _STALL_SEC)
    median, rare = (1e3 * _lag_sec(lags, share) for share in (0.5, 0.999))
    return f"median {median:.2f} ms, p99.9 {rare:.1f} ms, over 50 ms {stalls:,} of {lags.total():,} times"


def _lag_sec(lags: Counter[int], share: float) -> float:
    """Return the lag that this share of them stayed below, to 5 percent."""
    seen = 0
    for bucket, count in sorted(lags.items()):
        seen += count
        if seen >= share * lags.total():
            return _sec_of(bucket)
    return 0.0


def _idle_lags(end: float) -> list[tuple[int, int]]:
    """Sleep and look at the clock until the end, and return how late it was."""
    lags: Counter[int] = Counter()
    while (due := time.monotonic() + _PROBE_SEC) < end:
        time.sleep(_PROBE_SEC)
        lags[_bucket_of(time.monotonic() - due)] += 1
    return list(lags.items())


def _bucket_of(lag_sec: float) -> int:
    return int(_BUCKETS_PER_FACTOR * math.log(max(lag_sec, _LEAST_LAG_SEC) / _LEAST_LAG_SEC))


def _sec_of(bucket: int) -> float:
    return _LEAST_LAG_SEC * math.exp(bucket / _BUCKETS_PER_FACTOR)


def _slope(samples: Sequence[Sample], name: str, by: str = "sec") -> float:
    """Return the slope of the straight line through a value, by least squares; 0 for fewer than two samples."""
    pairs: list[tuple[Any, Any]] = [(getattr(one, by), getattr(one, name)) for one in samples]
    if len(pairs) < 2:
        return 0.0
    mean_x, mean_y = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in pairs)
    return sum((x - mean_x) * (y - mean_y) for x, y in pairs) / spread if spread else 0.0


def _slope_per_job(samples: Sequence[Sample]) -> float:
    return _slope(samples, "system_bytes", by="jobs")


def _range(samples: Sequence[Sample], name: str) -> str:
    values = [getattr(sample, name) for sample in samples] or [0]
    return f"{min(values)} to {max(values)} {name}"
