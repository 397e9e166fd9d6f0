"""What a job costs beside its simulation: the kernel with a driver that answers at once, and with Aer beside bare Aer.

Rows are measured in turns within one run: round k of every row comes before round k + 1 of any. A row's time is the
median over the rounds of the mean time of one job in a round; its processor time is that of the system's own process,
without its workers. A stall is the longest time by which the event
loop was late for a task that only sleeps. Python's garbage collector is spared, as in all commands of Eigen OS.

With `--profile`, where a job's processor time goes on the event loop's thread, by part of the system, as Python's
profiler sees it: it makes calls dearer than they are, so that only shares and numbers of calls are to be trusted.

Usage: `python benchmarks/kernel.py [--rounds N] [--jobs N] [--write FILE] [--profile]`
"""

from __future__ import annotations

import argparse
import cProfile
import os
import platform
import pstats
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from eigen.client.async_job import AsyncJob
from eigen.client.packaging import Overrides, package
from eigen.ports.drivers import Driver
from eigen.system.collector import spared_collector
from eigen.system.composition import System, open_system
from eigen.testing.scripted_driver import SCRIPTED_DEVICE, ScriptedDriver

SINGLE_JOBS = 50
"""Jobs one at a time in a round."""

MEMORY_DISK = Path("/dev/shm")  # where Linux keeps files in memory
KIB_PER_MIB = 1024
PROBE_SEC = 0.005
"""How often the event loop is asked to come back; asking costs processor time, too."""

BELL = """
@hybrid_program(target="{target}", shots={shots})
def main():
    h(0)
    cx(0, 1)
    measure_all()
"""


@dataclass(slots=True)
class Row:
    """One way to run jobs, and what it took in each round.

    Attributes:
        run: Runs `jobs` jobs.
        wall_ms: Mean time of one job in each counted round.
        cpu_ms: Mean processor time of one job, of this process alone.
        stall_ms: Longest stall of the event loop in each counted round.
    """

    jobs: int
    run: Callable[[], float]
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    stall_ms: list[float] = field(default_factory=list)

    def take_turn(self, *, counted: bool) -> None:
        """Run once."""
        cpu, began = time.process_time(), time.perf_counter()
        stall_sec = self.run()
        took, cpu_took = time.perf_counter() - began, time.process_time() - cpu
        if counted:
            self.wall_ms.append(took * 1000 / self.jobs)
            self.cpu_ms.append(cpu_took * 1000 / self.jobs)
            self.stall_ms.append(stall_sec * 1000)

    def figures(self) -> tuple[float, float, float, float]:
        """Return a job's time and processor time in ms, jobs per second, and the worst stall in ms."""
        wall_ms = statistics.median(self.wall_ms)
        return wall_ms, statistics.median(self.cpu_ms), 1000 / wall_ms, max(self.stall_ms)


class Bench:
    """A system on a root of its own, driven from this thread."""

    def __init__(self, portal: BlockingPortal, system: System, *, target: str) -> None:
        self._portal = portal
        self.system = system
        self._target = target
        self._packaging = anyio.Lock()

    def one_at_a_time(self, jobs: int, *, shots: int) -> Row:
        """Return a row that submits a job, waits for its results, and submits the next."""
        return Row(jobs, lambda: self._portal.call(self._probed, self._in_turn, jobs, shots))

    def in_flight(self, jobs: int, *, shots: int) -> Row:
        """Return a row that submits all jobs, each waited for by a task of its own."""
        return Row(jobs, lambda: self._portal.call(self._probed, self._at_once, jobs, shots))

    def profile(self, jobs: int, *, in_flight: bool) -> pstats.Stats:
        """Return what Python's profiler sees of some jobs on the event loop's thread, in processor time."""
        profiler = cProfile.Profile(time.thread_time)
        self._portal.call(profiler.enable)
        try:
            self._portal.call(self._at_once if in_flight else self._in_turn, jobs, 1024)
        finally:
            self._portal.call(profiler.disable)
        return pstats.Stats(profiler)

    def stages(self, jobs: int, *, shots: int) -> dict[str, float]:
        """Return the median time in ms of each stage of a job, run one at a time."""
        seen = [self._portal.call(self._staged, seed, shots) for seed in range(jobs)]
        return {name: statistics.median(one[name] for one in seen) * 1000 for name in seen[0]}

    async def _one(self, seed: int, shots: int) -> None:
        async with self._packaging:  # as `AsyncClient.submit` does
            packaged = package(BELL.format(target=self._target, shots=shots), overrides=Overrides(seed=seed))
        status = await self.system.api.submit_job(packaged.request)
        results = await AsyncJob(self.system.api, status.job_id).results()
        assert sum(results.counts.values()) == shots

    async def _in_turn(self, jobs: int, shots: int) -> None:
        for seed in range(jobs):
            await self._one(seed, shots)

    async def _at_once(self, jobs: int, shots: int) -> None:
        async with anyio.create_task_group() as tasks:
            for seed in range(jobs):
                tasks.start_soon(self._one, seed, shots)

    async def _probed(self, work: Callable[[int, int], Any], jobs: int, shots: int) -> float:
        """Do the work and return the event loop's longest stall in seconds."""
        longest_sec = 0.0

        async def probe() -> None:
            nonlocal longest_sec
            while True:
                due = time.perf_counter() + PROBE_SEC
                await anyio.sleep(PROBE_SEC)
                longest_sec = max(longest_sec, time.perf_counter() - due)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(probe)
            await work(jobs, shots)
            tasks.cancel_scope.cancel()
        return longest_sec

    async def _staged(self, seed: int, shots: int) -> dict[str, float]:
        began = time.perf_counter()
        packaged = package(BELL.format(target=self._target, shots=shots), overrides=Overrides(seed=seed))
        in_package = time.perf_counter()
        job = AsyncJob(self.system.api, (await self.system.api.submit_job(packaged.request)).job_id)
        submitted = time.perf_counter()
        at = [update.timestamp.timestamp() async for update in job.updates()]
        ended = time.perf_counter()
        await job.results()
        fetched = time.perf_counter()
        _, compiling, queued, executing, storing, _ = at
        return {
            "package the job": in_package - began,
            "submit: create its folder, insert its record, durably": submitted - in_package,
            "compile": queued - compiling,
            "wait for a slot": executing - queued,
            "execute": storing - executing,
            "seal its folder, commit its end, durably": max(0.0, ended - submitted - (storing - compiling)),
            "fetch the results": fetched - ended,
            "whole job": fetched - began,
        }


@contextmanager
def bench(
    portal: BlockingPortal, *, driver: Driver | None = None, on: Path | None = None, observed: bool = True
) -> Iterator[Bench]:
    """Open a system with Aer, or with another driver, on a new root on the disk, or in the folder `on`."""
    target = next(iter(driver.devices())).device_id if driver else "sim:local"
    drivers = {driver.name: driver} if driver else None
    with (
        tempfile.TemporaryDirectory(dir=on) as root,
        portal.wrap_async_context_manager(open_system(root, drivers=drivers, observed=observed)) as system,
    ):
        yield Bench(portal, system, target=target)


def instant(shots: int) -> Driver:
    """Return a driver that answers at once, on a device with as many slots as jobs may be in flight."""
    driver = ScriptedDriver(replace(SCRIPTED_DEVICE, slots=10_000))
    driver.answer({"00": shots // 2, "11": shots - shots // 2})
    return driver


def bare_aer(jobs: int, shots: int) -> Row:
    """Return a row that calls `AerSimulator.run` on a circuit that is built once: one thread, no transpilation."""
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator

    simulator, circuit = AerSimulator(method="statevector", max_parallel_threads=1), QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])

    def loop() -> float:
        for seed in range(jobs):
            counts = simulator.run(circuit, shots=shots, seed_simulator=seed).result().get_counts()
            assert sum(counts.values()) == shots
        return 0.0

    return Row(jobs, loop)


def measure(rows: Mapping[str, Row], rounds: int) -> None:
    """Let every row take its turns, after one that is not counted."""
    for number in range(rounds + 1):
        for row in rows.values():
            row.take_turn(counted=number > 0)


def table(title: str, rows: Mapping[str, Row], *, base: Mapping[str, str] | None = None) -> list[str]:
    """Return a Markdown table; with `base`, the rows that others are compared with by the end of their names."""
    lines = [f"## {title}", "", "| what | ms a job | processor ms | jobs per second | stall ms |"]
    lines.append("|---|---:|---:|---:|---:|")
    for name, row in rows.items():
        wall_ms, cpu_ms, per_second, stall_ms = row.figures()
        lines.append(f"| {name} | {wall_ms:.2f} | {cpu_ms:.2f} | {per_second:,.0f} | {stall_ms:.0f} |")
    if base:
        lines += ["", "| what | ms more than bare Aer | × bare Aer |", "|---|---:|---:|"]
        for name, against in base.items():
            ours, theirs = rows[name].figures()[0], rows[against].figures()[0]
            lines.append(f"| {name} | {ours - theirs:+.2f} | {ours / theirs:.2f} |")
    return [*lines, ""]


def stage_table(columns: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return a Markdown table of stages, a column for each system."""
    lines = ["## Where the time of one job goes (ms, one at a time, medians)", ""]
    lines += [f"| stage | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    stages = next(iter(columns.values()))
    lines += [f"| {stage} | {' | '.join(f'{one[stage]:.2f}' for one in columns.values())} |" for stage in stages]
    return [*lines, ""]


PARTS = {
    "event loop, tasks, cancel scopes": ("/asyncio/", "/anyio/", "/selectors.py", "/threading.py", "/contextlib.py"),
    "job store": ("/eigen/kernel/stores/",),
    "kernel": ("/eigen/kernel/",),
    "records, events, JSON, spans": ("/eigen/contracts/", "/json/"),
    "CircuitFS, hops into threads": ("/eigen/qfs/", "/eigen/workers/thread.py"),
    "client, job file, pydantic": ("/eigen/client/", "/eigen/jobfile/", "/pydantic/"),
    "System API": ("/eigen/api/",),
    "telemetry, audit": ("/eigen/telemetry/", "/prometheus_client/", "/structlog/"),
    "compiler": ("/eigen/compiler/", "/eigen/system/deferral.py"),
    "drivers": ("/eigen/drivers/", "/eigen/testing/"),
    "clock, ids": ("/eigen/system/clock.py",),
}
"""Parts of the system, by words in the paths of their modules; the first that fits counts."""

COUNTED = {
    "turns of the event loop": ("base_events.py", "_run_once"),
    "tasks": ("_asyncio.py", "_spawn"),
    "cancel scopes": ("_asyncio.py", "__enter__"),
    "works for the threads of store and CircuitFS": ("workers/thread.py", "__init__"),
    "works for anyio's threads": ("_asyncio.py", "_report_result"),
}
"""What is counted besides, by module and function."""


def profile_table(title: str, stats: pstats.Stats, jobs: int) -> list[str]:
    """Return a Markdown table of a profile; what C code takes counts for who calls it."""
    seconds, calls, counted = Counter[str](), Counter[str](), Counter[str]()
    for (path, _, name), (_, num_calls, own_sec, _, callers) in stats.stats.items():  # type: ignore[attr-defined]
        if Path(path).is_absolute():
            seconds[_part_of(path)] += own_sec
            calls[_part_of(path)] += num_calls
        else:
            for (caller, _, _), (_, of_caller, own_of_caller_sec, _) in callers.items():
                seconds[_part_of(caller)] += own_of_caller_sec
                calls[_part_of(caller)] += of_caller
        for what, (file, function) in COUNTED.items():
            if path.endswith(file) and name == function:
                counted[what] += num_calls
    lines = [f"## {title}", "", "| part | profiled µs a job | share | calls a job |", "|---|---:|---:|---:|"]
    for part, spent_sec in [*seconds.most_common(), ("all", seconds.total())]:
        num_calls = calls[part] if part in calls else calls.total()
        share = spent_sec / seconds.total()
        lines.append(f"| {part} | {spent_sec / jobs * 1e6:,.0f} | {share:.0%} | {num_calls / jobs:,.0f} |")
    lines += ["", "| a job takes | |", "|---|---:|"]
    lines += [f"| {what} | {counted[what] / jobs:.1f} |" for what in COUNTED]
    return [*lines, ""]


def _part_of(path: str) -> str:
    return next((part for part, words in PARTS.items() if any(word in path for word in words)), "all else")


def profiled(jobs: int) -> list[str]:
    """Return where the processor time of a job goes, one at a time and in flight, with and without telemetry."""
    lines = []
    with start_blocking_portal() as portal:
        for observed in (False, True):
            with bench(portal, driver=instant(1024), observed=observed) as one:
                one.profile(20, in_flight=True)  # what comes once
                telemetry = "telemetry" if observed else "no telemetry"
                lines += profile_table(f"One at a time, {telemetry}", one.profile(200, in_flight=False), 200)
                lines += profile_table(f"{jobs} in flight, {telemetry}", one.profile(jobs, in_flight=True), jobs)
    return lines


def machine() -> list[str]:
    """Return what the figures were measured on, and how busy it was."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("eigen-os", "qiskit", "qiskit-aer", "anyio"))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return [
        "# What a job costs beside its simulation",
        "",
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; {versions}.",
        f"Load averages at the start: {load}.",
        "",
    ]


def peak_mib() -> float:
    """Return the most memory that this process has held, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KIB_PER_MIB if platform.system() == "Linux" else peak / KIB_PER_MIB**2


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5, help="counted rounds")
    arguments.add_argument("--jobs", type=int, default=1000, help="jobs in flight")
    arguments.add_argument("--write", type=Path, help="also write the tables to this file")
    arguments.add_argument("--profile", action="store_true", help="only where the processor time of a job goes")
    given = arguments.parse_args()
    lines = machine()
    if given.profile:
        print("\n".join([*lines, *profiled(given.jobs)]))
        return
    with start_blocking_portal() as portal, ExitStack() as stack, spared_collector():
        memory = MEMORY_DISK if MEMORY_DISK.is_dir() else None
        alone = {
            "disk": stack.enter_context(bench(portal, driver=instant(1024))),
            "disk, no telemetry": stack.enter_context(bench(portal, driver=instant(1024), observed=False)),
            "files in memory": stack.enter_context(bench(portal, driver=instant(1024), on=memory)),
        }
        aer = stack.enter_context(bench(portal))
        before_mib = peak_mib()
        kernel_rows = {
            **{f"one at a time, {name}": one.one_at_a_time(SINGLE_JOBS, shots=1024) for name, one in alone.items()},
            **{f"{given.jobs} in flight, {name}": one.in_flight(given.jobs, shots=1024) for name, one in alone.items()},
        }
        measure(kernel_rows, given.rounds)
        lines += table("The kernel alone: a driver that answers at once", kernel_rows)
        lines += [f"Peak memory of the process: {before_mib:.0f} MiB before, {peak_mib():.0f} MiB after.", ""]
        aer_rows = {
            f"{what}, {shots} shots": row
            for shots in (1024, 1)
            for what, row in {
                "bare Aer": bare_aer(SINGLE_JOBS, shots),
                "one at a time": aer.one_at_a_time(SINGLE_JOBS, shots=shots),
                f"{given.jobs} in flight": aer.in_flight(given.jobs, shots=shots),
            }.items()
        }
        measure(aer_rows, given.rounds)
        against = {name: f"bare Aer,{name.rpartition(',')[2]}" for name in aer_rows if not name.startswith("bare")}
        lines += table("With Aer: a Bell circuit", aer_rows, base=against)
        systems = {"kernel alone, disk": alone["disk"], "kernel alone, memory": alone["files in memory"], "Aer": aer}
        lines += stage_table({name: one.stages(SINGLE_JOBS, shots=1024) for name, one in systems.items()})
    print("\n".join(lines))
    if given.write:
        given.write.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
