"""How big a root may get: look-ups among many jobs, start-up with many that wait, and what durability costs.

    python benchmarks/scale.py [--jobs 10 1000 100000] [--queued 10000] [--write FILE]

Roots are written with the store's own statements; their jobs have the names, labels and states of a busy month.
Each look-up is measured in this process, on an open root, as the median of several; "open" is a whole system opened
and closed. The disk is the one that temporary files lie on (`TMPDIR`).
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio

from eigen.client.references import find_job
from eigen.contracts.canonical import sha256_hex
from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.job_events import Closed, CompilationStarted
from eigen.contracts.jobs import JobFilter, JobState
from eigen.contracts.jobspec import JobMetadata, JobSpec, JobSpecBody
from eigen.contracts.requests import RequestContext
from eigen.kernel.history import stored
from eigen.kernel.inputs import opening_facts, opening_files, submission
from eigen.kernel.machine import step
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.job_store import KeptJob, NewJob
from eigen.ports.kernel import KernelJob
from eigen.qfs.disk import DiskArtifactStore
from eigen.system.clock import RandomIds, SystemClock
from eigen.system.composition import System, open_system
from eigen.testing.scripted_driver import ScriptedDriver

AQO = b'{"operations":[{"op":"H","q":[0]},{"c":[0],"op":"MEASURE","q":[0]}],"qubits":1,"version":"0.1"}'
ME = RequestContext(subject="ada")
IDS, CLOCK = RandomIds(), SystemClock()
REPEATS = 9
GROUP = 100
ENDED = (JobState.DONE, JobState.DONE, JobState.DONE, JobState.DONE, JobState.ERROR, JobState.CANCELLED)

T = TypeVar("T")
Ask = Callable[[System], Awaitable[object]]


def new_job(number: int) -> KernelJob:
    """Return a job with a name, labels and a program."""
    metadata = JobMetadata(name=f"experiment-{number % 50}", labels={"molecule": f"m{number % 200}", "user": "ada"})
    return KernelJob(
        spec=JobSpec(
            metadata=metadata, spec=JobSpecBody(target="scripted:device", shots=100, language=Language.AQO, seed=1)
        ),
        source=ProgramSource(content=AQO, filename="program.aqo.json", language=Language.AQO),
        job_yaml=b"kind: QuantumJob\n",
        subject="ada",
        tenant="default",
        trace=IDS.trace(),
    )


async def write_ended(root: Path, *, num_jobs: int) -> None:
    """Write a root of jobs that have ended; of each thousandth the files too."""
    artifacts = DiskArtifactStore(root / "circuit_fs")
    async with SqliteJobStore(root, owner="writer") as store:
        for start in range(0, num_jobs, 1000):
            kept = [ended_job(number) for number in range(start, min(start + 1000, num_jobs))]
            await store.restore(kept)
            await artifacts.create(kept[-1].record.job_id, {}, facts={})


def ended_job(number: int) -> KeptJob:
    """Return a job that has ended."""
    job, now = new_job(number), CLOCK.now()
    submitted = submission(job, opening_files(job), job_id=IDS.job_id(now), at=now)
    record, events = step(None, submitted).job, []
    events.append(stored(submitted, record))
    record = step(record, CompilationStarted(at=now, attempt=1)).job
    events.append(stored(CompilationStarted(at=now, attempt=1), record))
    closed = Closed(at=now, attempt=1)
    record = step(replace(record, ending=ENDED[number % len(ENDED)]), closed).job
    return KeptJob(record=record, events=(*events, stored(closed, record)))


async def write_queued(root: Path, *, num_jobs: int) -> None:
    """Write a root of jobs that wait for the next system, with their files."""
    artifacts = DiskArtifactStore(root / "circuit_fs")
    async with SqliteJobStore(root, owner="writer") as store:

        async def submit(number: int) -> None:
            job, now = new_job(number), CLOCK.now()
            files = opening_files(job)
            submitted = submission(job, files, job_id=IDS.job_id(now), at=now)
            record = step(None, submitted).job
            await artifacts.create(record.job_id, files, facts=opening_facts(record, job))
            await store.insert(NewJob(record=record, event=stored(submitted, record), content_digest=sha256_hex(b"")))

        for start in range(0, num_jobs, 1000):
            async with anyio.create_task_group() as tasks:
                for number in range(start, min(start + 1000, num_jobs)):
                    tasks.start_soon(submit, number)


def questions(num_jobs: int, middle_id: str) -> dict[str, Ask]:
    """Return what is asked of a root."""

    def page(job_filter: JobFilter) -> Ask:
        return lambda system: system.api.list_jobs(job_filter, context=ME)

    recently = CLOCK.now() - timedelta(hours=1)
    return {
        "status @last": lambda system: last_status(system),
        "status by id": lambda system: system.api.get_job_status(middle_id, context=ME),
        "id prefix": page(JobFilter(id_prefix=middle_id[:20])),
        "jobs": page(JobFilter()),
        "--state DONE": page(JobFilter(states=(JobState.DONE,))),
        "--state RUNNING (none)": page(JobFilter(states=(JobState.RUNNING,))),
        "--state ERROR CANCELLED": page(JobFilter(states=(JobState.ERROR, JobState.CANCELLED))),
        "--name": page(JobFilter(name="experiment-7")),
        "--name (none)": page(JobFilter(name="experiment-x")),
        "--label (1 in 200)": page(JobFilter(labels={"molecule": "m7"})),
        "--label (all)": page(JobFilter(labels={"user": "ada"})),
        "--label (none)": page(JobFilter(labels={"user": "eve"})),
        "since an hour (all)": page(JobFilter(created_after=recently)),
        "before an hour (none)": page(JobFilter(created_before=recently)),
    }


async def last_status(system: System) -> None:
    """Do what `eigen status @last` does."""
    newest = (await system.api.list_jobs(page_size=1, context=ME)).jobs[0]
    await system.api.get_job_status(await find_job(system.api, newest.job_id), context=ME)


async def looked_up(root: Path, *, num_jobs: int) -> dict[str, float]:
    """Return the milliseconds of each question on a root."""
    await write_ended(root, num_jobs=num_jobs)
    took = {"open and close": await median_ms(partial(opened, root))}
    async with open_system(root, drivers={}, adopts=False, observed=False) as system:
        page = await system.api.list_jobs(page_size=min(num_jobs, 1000), context=ME)
        for name, ask in questions(num_jobs, page.jobs[-1].job_id).items():
            took[name] = await median_ms(partial(ask, system))
    return took


async def opened(root: Path) -> None:
    """Open a system as a look-up does, and close it."""
    async with open_system(root, drivers={}, adopts=False, observed=False):
        pass


async def median_ms(act: Callable[[], Awaitable[object]]) -> float:
    """Return the median time of an act, milliseconds."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        await act()
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)


async def adopted(root: Path, *, num_jobs: int) -> float:
    """Return the seconds from opening a system until it owns all waiting jobs of a root."""
    await write_queued(root, num_jobs=num_jobs)
    driver = ScriptedDriver()
    driver.hold()
    began = time.perf_counter()
    async with open_system(root, drivers={"scripted": driver}, observed=False) as system:
        while system.kernel.num_live < num_jobs:  # type: ignore[attr-defined]  # noqa: ASYNC110  # nobody tells of it
            await anyio.sleep(0.005)
        return time.perf_counter() - began


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A job with everything that belongs on disk, so that only the disk is measured."""

    ended: KeptJob
    new: NewJob
    files: dict[str, bytes]
    facts: dict[str, Any]


def prepared(number: int) -> Prepared:
    """Return a job ready to be accepted and ended."""
    job, ended = new_job(number), ended_job(number)
    files, first = opening_files(job), ended.events[0]
    record = step(None, submission(job, files, job_id=ended.record.job_id, at=first.at)).job
    new = NewJob(record=record, event=first)
    return Prepared(ended=ended, new=new, files=files, facts=opening_facts(record, job))


async def durable_ms(root: Path) -> dict[str, tuple[float, float]]:
    """Return what it costs to accept a job and to end one: alone, and each of a group."""
    artifacts = DiskArtifactStore(root / "circuit_fs")
    async with SqliteJobStore(root, owner="writer") as store:

        async def accept(job: Prepared) -> None:
            await artifacts.create(job.ended.record.job_id, job.files, facts=job.facts)
            await store.insert(job.new)

        async def end(job: Prepared) -> None:
            files = {"results.json": b"r" * 1500, "events.jsonl": b"e" * 1500}
            await artifacts.seal(job.ended.record.job_id, files, facts={"record": job.facts["record"]})
            await store.append(job.ended.record, job.ended.events, durable=True)

        acts = {"accept": accept, "end": end}
        alone: dict[str, list[float]] = {"accept": [], "end": []}
        for job in [prepared(number) for number in range(GROUP)]:
            for name, act in acts.items():
                began = time.perf_counter()
                await act(job)
                alone[name].append(1e3 * (time.perf_counter() - began))
        together: dict[str, list[float]] = {"accept": [], "end": []}
        for _ in range(REPEATS):
            jobs = [prepared(number) for number in range(GROUP)]
            for name, act in acts.items():
                together[name].append(await group_ms([partial(act, job) for job in jobs]))
    return {act: (statistics.median(alone[act]), statistics.median(together[act])) for act in alone}


async def group_ms(acts: list[Callable[[], Coroutine[Any, Any, None]]]) -> float:
    """Return the time for each of some acts that are done at once, milliseconds."""
    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for act in acts:
            tasks.start_soon(act)
    return 1e3 * (time.perf_counter() - began) / len(acts)


def tables(sizes: list[int], queued: int) -> Iterator[str]:
    """Measure, and yield the lines of the results."""
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}, {platform.system()}"
    yield f"# Scale\n\n{machine}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}.\n"
    yield "## Durability\n"
    yield "| ms for each job | alone | in a group of 100 |\n|---|---:|---:|"
    for act, (alone, group) in on_a_root(durable_ms).items():
        yield f"| {act} | {alone:.2f} | {group:.3f} |"
    columns = [on_a_root(partial(looked_up, num_jobs=size)) for size in sizes]
    yield "\n## Look-ups\n\n| ms | " + " | ".join(f"{size:,} jobs" for size in sizes) + " |"
    yield "|---" + "|---:" * len(sizes) + "|"
    for name in columns[0]:
        yield f"| {name} | " + " | ".join(f"{column[name]:.2f}" for column in columns) + " |"
    took = on_a_root(partial(adopted, num_jobs=queued))
    yield f"\n## Start-up\n\nA new system owns {queued:,} waiting jobs after {took:.2f} s."


def on_a_root(measure: Callable[[Path], Awaitable[T]]) -> T:
    """Return what a measurement gives on a new root."""
    with tempfile.TemporaryDirectory() as folder:
        return anyio.run(measure, Path(folder))


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--jobs", type=int, nargs="+", default=[10, 1000, 100_000], help="sizes of the roots")
    arguments.add_argument("--queued", type=int, default=10_000, help="jobs that wait for the system that starts")
    arguments.add_argument("--write", type=Path, help="also write the tables to this file")
    given = arguments.parse_args()
    lines = []
    for line in tables(given.jobs, given.queued):
        print(line, flush=True)
        lines.append(f"{line}\n")
    if given.write:
        given.write.write_text("".join(lines))


if __name__ == "__main__":
    main()
