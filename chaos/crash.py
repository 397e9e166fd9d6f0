"""Kills: a system is killed at a step of a job's life, the one that recovers at a step of the recovery, and so on.

Then the faults stop, one more system lives undisturbed, everything must end, and what is left is judged.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chaos.clients import Task
from chaos.evidence import breaches, outcomes
from chaos.lives import case_folder, case_of, live
from chaos.processes import Child, LifeEnd, descendants_alive, ended_within, start_life
from chaos.seeded_bugs import parts_of
from chaos.steps import Stepper
from eigen.contracts.jobs import JobState

__all__ = ["SCENARIOS", "CrashOutcome", "CrashPlan", "Scenario", "run_crashes"]

AN_INSTANT = "an instant"
"""Where a life was killed by the clock, as inside of SQLite."""

_HAVE_PROCESSES = frozenset({"sim:local", "worker:device"})
_ORPHAN_SEC = 10.0
_PAUSE_SEC = 0.02
_SHARE_OF_INSTANTS = 0.2
_MAX_RECOVERIES_KILLED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is going on when the system is killed.

    Attributes:
        tasks: The jobs that clients want, all at once.
        weight: How many of the kill points it gets, against the others.
        observed: Whether the system logs and measures.
        loses_store: Whether the job store is gone before each life, and is made anew from CircuitFS alone.
    """

    tasks: tuple[Task, ...]
    weight: int = 10
    observed: bool = False
    loses_store: bool = False


def _tasks(*kinds: str, device: str = "scripted:device", cancels_at: JobState = JobState.RUNNING) -> tuple[Task, ...]:
    numbered = enumerate(kinds)
    return tuple(Task(number=number, kind=kind, device=device, cancels_at=cancels_at) for number, kind in numbered)


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "one circuit": Scenario(tasks=_tasks("circuit"), weight=20),
        "one source": Scenario(tasks=_tasks("source")),
        "no key": Scenario(tasks=_tasks("keyless")),
        "wrong program": Scenario(tasks=_tasks("wrong")),
        "refused by the device": Scenario(tasks=_tasks("refused")),
        "backend dies once": Scenario(tasks=_tasks("shaky")),
        "backend always dies": Scenario(tasks=_tasks("poison")),
        "cancelled at once": Scenario(tasks=_tasks("cancelled", cancels_at=JobState.PENDING)),
        "cancelled in the queue": Scenario(tasks=_tasks("cancelled", cancels_at=JobState.QUEUED)),
        "cancelled while running": Scenario(tasks=_tasks("cancelled")),
        "out of time": Scenario(tasks=_tasks("late")),
        "waiting for another": Scenario(
            tasks=(Task(number=0, kind="circuit"), Task(number=1, kind="dependent", after=0))
        ),
        "waiting for one that fails": Scenario(
            tasks=(Task(number=0, kind="wrong"), Task(number=1, kind="forlorn", after=0))
        ),
        "two at once": Scenario(tasks=_tasks("circuit", "source"), weight=20),
        "all kinds at once": Scenario(
            tasks=_tasks("circuit", "source", "keyless", "wrong", "refused", "shaky", "poison", "cancelled", "late"),
            weight=20,
        ),
        "store lost": Scenario(
            tasks=(*_tasks("circuit", "source", "wrong", "shaky"), Task(number=4, kind="dependent", after=0)),
            loses_store=True,
        ),
        "points of sweeps and loops": Scenario(tasks=_tasks("sweep", "loop", device="machine:device"), weight=20),
        "points, store lost": Scenario(tasks=_tasks("sweep", "loop", device="machine:device"), loses_store=True),
        "with logs": Scenario(tasks=_tasks("circuit", "wrong"), weight=3, observed=True),
        "in the simulator": Scenario(tasks=_tasks("circuit", "source", device="sim:local"), weight=1),
        "in workers": Scenario(tasks=_tasks("circuit", "shaky", "cancelled", device="worker:device"), weight=3),
    }
)
"""Every scenario by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashPlan:
    """What to run.

    Attributes:
        points: How many kills, over all scenarios.
        seed: Where their choice comes from.
        minutes: When to stop all the same, or None.
        scenarios: Which ones.
        bug: A bug to put into every system, or empty.
        stops_at: The promise whose first breach is enough, or empty.
        life_sec: Time in which everything must have ended when the faults have stopped.
        at: Only steps whose names hold this text.
    """

    points: int = 5_000
    seed: int = 1
    minutes: float | None = None
    scenarios: Sequence[str] = tuple(SCENARIOS)
    bug: str = ""
    stops_at: str = ""
    life_sec: float = 60.0
    at: str = ""


@dataclass(slots=True)
class Tally:
    """What the kills of one scenario gave.

    Attributes:
        num_steps: Steps of a life that nobody disturbs.
        life_sec: How long such a life takes.
        named: Its different steps.
        kills: Kills in a first life.
        recoveries_killed: Kills in a life that recovers.
        killed_at: Every step at which a system was killed.
        seconds: Time on the wall.
    """

    num_steps: int = 0
    life_sec: float = 0.0
    named: frozenset[str] = frozenset()
    kills: int = 0
    recoveries_killed: int = 0
    killed_at: set[str] = field(default_factory=set)
    seconds: float = 0.0

    @property
    def num_kills(self) -> int:
        """All kills."""
        return self.kills + self.recoveries_killed


@dataclass(slots=True)
class CrashOutcome:
    """What a run gave.

    Attributes:
        plan: What was run.
        tallies: By scenario.
        breaches: Broken promises, each with the kills that led to it.
        seconds: Time on the wall.
    """

    plan: CrashPlan
    tallies: dict[str, Tally] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_enough(self) -> bool:
        """Whether the breach has been found that was looked for."""
        return bool(self.plan.stops_at) and any(self.plan.stops_at in breach for breach in self.breaches)


def run_crashes(plan: CrashPlan) -> CrashOutcome:
    """Do what is planned."""
    begin = time.monotonic()
    outcome = CrashOutcome(plan)
    total = sum(SCENARIOS[name].weight for name in plan.scenarios)
    for name in plan.scenarios:
        share = plan.points * SCENARIOS[name].weight // total
        end = begin + 60 * plan.minutes if plan.minutes is not None else float("inf")
        _Campaign(plan, name, outcome).run(max(1, share), end=end)
        if outcome.is_enough:
            break
    outcome.seconds = time.monotonic() - begin
    return outcome


class _Campaign:
    """The kills of one scenario."""

    def __init__(self, plan: CrashPlan, name: str, outcome: CrashOutcome) -> None:
        self._plan = plan
        self._name = name
        self._scenario = SCENARIOS[name]
        self._outcome = outcome
        self._tally = outcome.tallies.setdefault(name, Tally())
        self._random = random.Random(f"{plan.seed} {name}")
        self._right: dict[str, Any] = {}

    def run(self, points: int, *, end: float) -> None:
        begin = time.monotonic()
        names = self._undisturbed()
        self._tally.life_sec = time.monotonic() - begin
        self._tally.num_steps, self._tally.named = len(names), frozenset(names)
        for fatal in self._fatal_steps(names):
            is_over = self._tally.num_kills >= points or time.monotonic() > end
            if is_over or self._outcome.is_enough:
                break
            self._trial(fatal)
        self._tally.seconds = time.monotonic() - begin

    def _undisturbed(self) -> list[str]:
        """Return the steps of a life that nobody disturbs; it must keep every promise as well."""
        stepper = Stepper(keeps_names=True)
        with case_folder() as folder:
            ended = self._life(folder, stepper, says_steps=True)
            self._note(ended.story and f"a life without any fault failed: {ended.story}", [])
            self._right = outcomes(case_of(folder).root)
            self._judge(folder, [])
        return list(ended.answer or [])

    def _fatal_steps(self, names: Sequence[str]) -> Iterator[int]:
        """Yield steps to be killed at, without end: first each name's first and last, then each other, in any order."""
        steps = [(number, name) for number, name in enumerate(names, start=1) if self._plan.at in name]
        last = {name: number for number, name in steps}
        first = {name: number for number, name in reversed(steps)}
        chosen = sorted({*first.values(), *last.values()})
        others = [number for number, _ in steps if number not in set(chosen)]
        while steps:
            for numbers in (chosen, others):
                yield from self._random.sample(numbers, len(numbers))

    def _trial(self, fatal: int) -> None:
        story: list[str] = []
        with case_folder() as folder:
            for number in range(1 + self._random.randint(1, _MAX_RECOVERIES_KILLED)):
                step = self._killed_life(folder, fatal if number == 0 else 0, story)
                if not step:
                    break
                story.append(step)
                self._count(step, is_first=number == 0)
            ended = self._life(folder)
            self._note(ended.story and f"the last life failed: {ended.story}", story)
            if ended.overtime:
                self._note(f"R6 not everything has ended {self._plan.life_sec:.0f} s after the faults", story)
            self._judge(folder, story)

    def _killed_life(self, folder: Path, fatal: int, story: Sequence[str]) -> str:
        """Live until a step, or an instant, and return where the life was killed; empty where it ended before."""
        stepper, after_sec = Stepper(fatal or self._random.randint(1, self._tally.num_steps)), None
        if not fatal and self._random.random() < _SHARE_OF_INSTANTS:
            stepper, after_sec = Stepper(), self._random.uniform(0.0, self._tally.life_sec)
        ended = self._life(folder, stepper, after_sec=after_sec)
        self._note(ended.story and f"a life that was to be killed failed: {ended.story}", story)
        return (stepper.last_name or AN_INSTANT) if ended.signal else ""

    def _count(self, step: str, *, is_first: bool) -> None:
        self._tally.kills += is_first
        self._tally.recoveries_killed += not is_first
        self._tally.killed_at.add(step)

    def _life(
        self,
        folder: Path,
        stepper: Stepper | None = None,
        *,
        says_steps: bool = False,
        after_sec: float | None = None,
    ) -> LifeEnd:
        scenario, pause_sec = self._scenario, self._random.choice((0.0, _PAUSE_SEC))

        def life() -> list[str] | None:
            live(
                folder,
                scenario.tasks,
                onlooker=stepper,
                parts=parts_of(self._plan.bug),
                observed=scenario.observed,
                pause_sec=pause_sec,
                loses_store=scenario.loses_store,
            )
            return stepper.names if stepper and says_steps else None

        token = f"{folder.name}-{self._random.getrandbits(32):08x}"
        child: Child = start_life(life, token=token)
        if after_sec is None:
            ended = child.wait(limit_sec=self._plan.life_sec)
        else:
            ended = child.wait_until_killed(after_sec=after_sec, limit_sec=self._plan.life_sec)
        has_processes = any(task.device in _HAVE_PROCESSES for task in scenario.tasks)
        if has_processes and not ended_within(_ORPHAN_SEC, partial(_none_left, token)):
            self._note(f"R9 processes are left: {descendants_alive(token)}", [stepper.last_name if stepper else ""])
        return ended

    def _judge(self, folder: Path, story: Sequence[str]) -> None:
        for breach in breaches(case_of(folder)):
            self._note(breach, story)
        for name, outcome in outcomes(case_of(folder).root).items():
            if outcome != self._right.get(name, outcome):
                self._note(f"R10 {name} came to something else than where nobody was killed", story)

    def _note(self, breach: str, story: Sequence[str]) -> None:
        if breach:
            self._outcome.breaches.append(f"{self._name}: {breach}; killed at {', then '.join(story) or 'no step'}")


def _none_left(token: str) -> bool:
    return not descendants_alive(token)
