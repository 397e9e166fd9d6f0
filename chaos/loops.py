"""Loops that are killed: at every write of the journal, and at any instant; held against the loop that nobody disturbs.

R10: a loop that was killed anywhere ends with the same bytes, and no recorded evaluation is repeated. Bytes are those
of the journal and of what the results say of the loop and of the circuit at its best point; the simulator itself counts
what it is asked.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio

from chaos.lives import case_folder
from chaos.loop_device import Fate, loop_drivers
from chaos.processes import LifeEnd, run_life, start_life
from eigen.client.aio import AsyncClient
from eigen.contracts.jobspec import JobMetadata, JobSpec, JobSpecBody
from eigen.ports.artifact_store import JOURNAL

__all__ = ["LOOPS", "LoopPlan", "LoopsOutcome", "run_loops"]

MOMENTS = ("before", "torn", "after")
"""When a process dies, beside the writing of a line."""

_LIFE_LIMIT_SEC = 60.0
_MAX_KILLS_OF_A_LOOP = 3
_ROOT = Path(__file__).resolve().parents[1]

_PROGRAM = """\
H = Observable("-1.05 II + 0.39 IZ - 0.39 ZI - 0.01 ZZ + 0.18 XX")


@hybrid_program
def main(theta: Param = 0.0, phi: Param = 0.0):
    ry(0, theta)
    cx(0, 1)
    ry(1, phi + 0.5 * theta)
    found = minimize(ExpectationValue("energy", H), [0.3, -0.4], {arguments})
    return {{"found": found}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoomedLoop:
    """A loop to kill.

    Attributes:
        arguments: Of `minimize`.
        shots: Shots of each value, or None for exact ones.
        beside: Whether it runs beside the engine; else each value is executed.
        starts: How many starts it has.
    """

    arguments: str
    shots: int | None = None
    beside: bool = True
    starts: int = 1

    @property
    def spec(self) -> JobSpec:
        """The job."""
        program = _PROGRAM.format(arguments=self.arguments)
        body = JobSpecBody(program=program, target="sim:loops", shots=self.shots, seed=5)
        return JobSpec(metadata=JobMetadata(name="loop"), spec=body)


LOOPS: Mapping[str, DoomedLoop] = MappingProxyType(
    {
        "COBYLA, exact": DoomedLoop(arguments="max_evals=30"),
        "SPSA, sampled, two starts": DoomedLoop(
            arguments="method='SPSA', max_iters=2, max_evals=40, restarts=2", shots=100, starts=2
        ),
        "L-BFGS-B, exact gradients": DoomedLoop(arguments="method='L-BFGS-B'"),
        "Nelder-Mead, executed": DoomedLoop(arguments="method='Nelder-Mead', max_evals=25", beside=False),
    }
)
"""Every loop by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopPlan:
    """What to run.

    Attributes:
        stride: Step from one write at which somebody dies to the next.
        instants: How many loops are killed by the clock, some of them several times.
        seed: Where instants come from.
        loops: Which ones.
        bug: A bug to put into every system, or empty.
    """

    stride: int = 1
    instants: int = 100
    seed: int = 1
    loops: tuple[str, ...] = tuple(LOOPS)
    bug: str = ""


@dataclass(slots=True)
class LoopTally:
    """What came of one loop.

    Attributes:
        evaluations: Lines of its journal.
        at_writes: Kills at a write, of the system.
        of_workers: Kills at a write, of the worker alone.
        at_instants: Kills by the clock.
    """

    evaluations: int = 0
    at_writes: int = 0
    of_workers: int = 0
    at_instants: int = 0


@dataclass(slots=True)
class LoopsOutcome:
    """What a run gave.

    Attributes:
        plan: What was run.
        tallies: By loop.
        breaches: Broken promises, each with the kills that led to it.
        seconds: Time on the wall.
    """

    plan: LoopPlan
    tallies: dict[str, LoopTally] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_loops(plan: LoopPlan) -> LoopsOutcome:
    """Do what is planned."""
    begin = time.monotonic()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])  # workers look for us
    outcome = LoopsOutcome(plan)
    for number, name in enumerate(plan.loops):
        _Campaign(plan, name, outcome).run(instants=(plan.instants + number) // len(plan.loops))
    outcome.seconds = time.monotonic() - begin
    return outcome


class _Campaign:
    """The kills of one loop."""

    def __init__(self, plan: LoopPlan, name: str, outcome: LoopsOutcome) -> None:
        self._plan = plan
        self._name = name
        self._loop = LOOPS[name]
        self._outcome = outcome
        self._tally = outcome.tallies.setdefault(name, LoopTally())
        self._random = random.Random(f"{plan.seed} {name}")
        self._undisturbed: Any = None
        self._life_sec = 0.0

    def run(self, *, instants: int) -> None:
        """Have the loop run undisturbed, then kill it in every way that is planned."""
        with case_folder() as folder:
            begin = time.monotonic()
            end = self._life(folder, Fate(asked=str(folder / "asked")))
            self._life_sec = time.monotonic() - begin
            self._undisturbed = end.answer
            if end.answer is None:
                self._breach("a loop that nobody disturbs failed", end.story)
                return
            self._tally.evaluations = len(end.answer["journal"])
        for fate in self._fates():
            self._killed_at_write(fate)
        for _ in range(instants):
            self._killed_at_instants()

    def _fates(self) -> Iterator[Fate]:
        """Yield a death for each write, the moments in turn, or all of them where every write is taken."""
        writes = [(line["start"], line["evaluation"]) for line in map(json.loads, self._undisturbed["journal"])]
        turns = count()
        for start, write in writes[:: self._plan.stride]:
            moments = MOMENTS if self._plan.stride == 1 else (MOMENTS[next(turns) % len(MOMENTS)],)
            for moment in moments:
                yield Fate(asked="", start=start, write=write, moment=moment)
        if self._loop.beside:
            yield Fate(asked="", start=0, write=len(writes) // self._loop.starts // 2, moment="torn", victim="worker")

    def _killed_at_write(self, fate: Fate) -> None:
        with case_folder() as folder:
            fate = replace(fate, asked=str(folder / "asked"), marker=str(folder / "dead"))
            end = self._life(folder, fate)
            if fate.victim == "system":
                self._tally.at_writes += 1
                end = self._life(folder, replace(fate, write=-1))
            else:
                self._tally.of_workers += 1
            if not Path(fate.marker).exists():
                self._breach(f"{fate.moment} write {fate.write}: the death did not come", "")
            most_again = self._loop.starts if self._loop.starts > 1 else int(fate.moment != "after")
            self._judge(
                folder, end, f"the {fate.victim} killed {fate.moment} write {fate.write}", most_again=most_again
            )

    def _killed_at_instants(self) -> None:
        with case_folder() as folder:
            fate = Fate(asked=str(folder / "asked"))
            kills = self._random.randint(1, _MAX_KILLS_OF_A_LOOP)
            for _ in range(kills):
                child = start_life(partial(_live, folder, self._loop, self._with_bug(fate)))
                after_sec = self._random.uniform(0.1, 1.0) * self._life_sec
                child.wait_until_killed(after_sec=after_sec, limit_sec=_LIFE_LIMIT_SEC)
            self._tally.at_instants += kills
            most_again = kills * self._loop.starts
            self._judge(folder, self._life(folder, fate), f"{kills} kills by the clock", most_again=most_again)

    def _judge(self, folder: Path, end: LifeEnd, what: str, *, most_again: int) -> None:
        """Hold what a disturbed loop came to against what it had to come to."""
        if end.answer is None:
            self._breach(f"{what}: the job has no results", end.story)
            return
        for name, right in self._undisturbed.items():
            if end.answer[name] != right:
                self._breach(f"{what}: other {name} than of the loop that nobody disturbed", "")
        asked = (folder / "asked").stat().st_size
        final_runs = most_again + 1  # a kill may come behind the loop, and the circuit is run again then
        if asked > self._tally.evaluations + most_again + final_runs:
            self._breach(f"{what}: {asked} evaluations for {self._tally.evaluations} lines: some were repeated", "")

    def _life(self, folder: Path, fate: Fate) -> LifeEnd:
        return run_life(partial(_live, folder, self._loop, self._with_bug(fate)), limit_sec=_LIFE_LIMIT_SEC)

    def _with_bug(self, fate: Fate) -> Fate:
        return replace(fate, bug=self._plan.bug)

    def _breach(self, what: str, story: str) -> None:
        self._outcome.breaches.append(f"R10, {self._name}: {what}{': ' + story if story else ''}")


def _live(folder: Path, loop: DoomedLoop, fate: Fate) -> dict[str, Any]:
    """Live one life: have the job run to its end, and say what it left."""
    fate.announce()
    return anyio.run(_lived, folder / "root", loop)


async def _lived(root: Path, loop: DoomedLoop) -> dict[str, Any]:
    async with AsyncClient(root, drivers=loop_drivers(beside=loop.beside)) as client:
        job = await client.submit(loop.spec, idempotency_key="loop")
        results = await job.results()
        journal = await job.artifact(JOURNAL)
    return {
        "journal": journal.decode("ascii").splitlines(keepends=True),
        "optimizer": dict(results.optimizer),
        "expectation_values": {name: dict(value) for name, value in results.expectation_values.items()},
        "outputs": dict(results.outputs),
    }
