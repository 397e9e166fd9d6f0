"""Stops: a long simulation on the real simulator is cancelled, or runs out of its time, while its worker is at work.

Each must end within a second, whatever the size; then the process that ran it is gone, its slot and its memory are
free, what was complete is marked and kept, and the next job runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from eigen.client.packaging import Overrides, package
from eigen.contracts.jobs import JobState, JobStatus
from eigen.system.composition import System, open_system

__all__ = ["Stop", "StopOutcome", "StopPlan", "run_stops"]

_BELL = "@hybrid_program(shots=100)\ndef main():\n    h(0)\n    cx(0, 1)\n    measure([0, 1])\n"
_TICKS = os.sysconf("SC_CLK_TCK")
_BUSY_SEC = 0.3
_GLANCE_SEC = 0.002
_WAIT_SEC = 120.0
_TIMEOUT_SEC = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlan:
    """What to run.

    Attributes:
        qubits: How large the simulation is.
        rounds: How often it is cancelled, and how often it runs out of time.
        limit_sec: How soon it must have ended.
    """

    qubits: int = 26
    rounds: int = 3
    limit_sec: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """How one simulation was stopped; times from the wish to cancel, or from the end of its time.

    Attributes:
        state: What it ended in.
        resident_bytes: What its process held when it was stopped.
        answered_sec: Until the cancel was answered.
        ended_sec: Until the job had ended.
        gone_sec: Until its process was gone.
    """

    state: JobState
    resident_bytes: int
    answered_sec: float
    ended_sec: float
    gone_sec: float


@dataclass(slots=True)
class StopOutcome:
    """What a run gave.

    Attributes:
        plan: What was run.
        stops: One for each simulation that was stopped.
        breaches: Broken promises.
        seconds: Time on the wall.
    """

    plan: StopPlan
    stops: list[Stop] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_stops(plan: StopPlan, folder: Path) -> StopOutcome:
    """Do what is planned, in a folder of its own."""
    outcome, begin = StopOutcome(plan), time.monotonic()
    anyio.run(_run, outcome, folder)
    outcome.seconds = time.monotonic() - begin
    return outcome


async def _run(outcome: StopOutcome, folder: Path) -> None:
    async with open_system(folder / "root", observed=False) as system:
        for _ in range(outcome.plan.rounds):
            for state in (JobState.CANCELLED, JobState.TIMEOUT):
                with anyio.fail_after(_WAIT_SEC):
                    await _Trial(outcome, system, state).run()


class _Trial:
    def __init__(self, outcome: StopOutcome, system: System, state: JobState) -> None:
        self._outcome = outcome
        self._system = system
        self._state = state

    async def run(self) -> None:
        timeout_sec = _TIMEOUT_SEC if self._state is JobState.TIMEOUT else None
        request = package(_program(self._outcome.plan.qubits), overrides=Overrides(timeout_sec=timeout_sec)).request
        submitted = time.monotonic()
        job_id = (await self._system.api.submit_job(request)).job_id
        worker = await _busy_worker(at_least_bytes=8 << self._outcome.plan.qubits)  # half of its amplitudes
        resident_bytes = _resident_bytes(worker)
        begin = answered = time.monotonic()
        if timeout_sec is None:
            await self._system.api.cancel_job(job_id)
            answered = time.monotonic()
        else:
            begin = answered = submitted + timeout_sec
        async for _ in self._system.api.stream_job_updates(job_id):
            pass
        ended = time.monotonic()
        self._require(self._system.kernel.load("sim:local") == (0, 0), "its slot is not free")
        with anyio.move_on_after(10 * self._outcome.plan.limit_sec):
            await _gone(worker)
        stop = Stop(
            state=(status := await self._system.api.get_job_status(job_id)).state,
            resident_bytes=resident_bytes,
            answered_sec=answered - begin,
            ended_sec=ended - begin,
            gone_sec=time.monotonic() - begin,
        )
        self._outcome.stops.append(stop)
        self._judge(stop, gone=not _is_alive(worker))
        await self._look_at_rest(status)
        await self._run_next()

    def _judge(self, stop: Stop, *, gone: bool) -> None:
        limit_sec = self._outcome.plan.limit_sec
        self._require(stop.state is self._state, f"it ended in {stop.state}")
        self._require(stop.ended_sec <= limit_sec, f"it ended after {stop.ended_sec:.2f} s")
        self._require(gone and stop.gone_sec <= limit_sec, f"its process is there after {stop.gone_sec:.2f} s")

    async def _look_at_rest(self, status: JobStatus) -> None:
        """See that what was complete is kept and marked, and that nothing else is there."""
        api, job_id = self._system.api, status.job_id
        details = (await self._system.kernel.record(job_id)).error or {}
        self._require(details.get("details", {}).get("completed") == ["compile"], f"it is not marked: {details}")
        names = {artifact.name for artifact in await api.list_artifacts(job_id)}
        self._require({"compiled.aqo.json", "error.json"} <= names, f"it has only {sorted(names)}")
        self._require("results.json" not in names, "it has results")
        self._require(await api.verify_artifacts(job_id) == (), "its files do not match their digests")

    async def _run_next(self) -> None:
        job_id = (await self._system.api.submit_job(package(_BELL).request)).job_id
        async for update in self._system.api.stream_job_updates(job_id):
            state = update.state
        self._require(state is JobState.DONE, f"the next job ended in {state}")

    def _require(self, holds: bool, what: str) -> None:
        if not holds:
            self._outcome.breaches.append(f"R8 {self._outcome.plan.qubits} qubits, {self._state}: {what}")


def _program(qubits: int) -> str:
    """Return a program that takes long to run and not long to prepare."""
    layers = max(20, 700 >> max(0, qubits - 20))
    return (
        f"@hybrid_program(target='sim:local', shots=1, seed=1)\ndef main():\n    q = QubitRegister({qubits})\n"
        f"    for layer in range({layers}):\n        for i in range({qubits}):\n            ry(q[i], 0.1 * i + layer)\n"
        f"        for i in range({qubits - 1}):\n            cx(q[i], q[i + 1])\n    measure(q)\n"
    )


async def _busy_worker(*, at_least_bytes: int) -> int:
    """Return the worker that computes and holds so much, as soon as there is one."""
    before: Mapping[int, float] = {}
    while True:
        await anyio.sleep(_BUSY_SEC)
        now = _processor_times()
        for pid, sec in now.items():
            if pid in before and sec - before[pid] > _BUSY_SEC / 4 and _resident_bytes(pid) > at_least_bytes:
                return pid
        before = now


def _processor_times() -> dict[int, float]:
    """Return the seconds of processor time of every worker: they are children of the nursery, which is this one's."""
    parents: dict[int, int] = {}
    times: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        fields = _fields(entry)
        if fields:
            pid = int(entry.parent.name)
            parents[pid], times[pid] = int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS
    return {pid: sec for pid, sec in times.items() if parents.get(parents[pid]) == os.getpid()}


async def _gone(pid: int) -> None:
    while _is_alive(pid):  # noqa: ASYNC110  # nobody tells of another's child
        await anyio.sleep(_GLANCE_SEC)


def _is_alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be asked for its end does not."""
    fields = _fields(Path(f"/proc/{pid}/stat"))
    return bool(fields) and fields[0] not in "ZX"


def _fields(stat: Path) -> list[str]:
    """Return what the kernel says of a process, from its state on; nothing where it is gone."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _resident_bytes(pid: int) -> int:
    fields = _fields(Path(f"/proc/{pid}/stat"))
    return int(fields[21]) * os.sysconf("SC_PAGESIZE") if fields else 0
