"""Many processes on one root: writers by the dozen, killed, stopped and started at once.

Five trials. *Writers*: each submits, watches and cancels in a system of its own, some are killed on the way. *Heirs*:
several systems start at once where one was killed. *A stopped owner* keeps its jobs. *A stale owner*, wrongly taken for
dead, changes nothing any more. *Workers* are killed under load.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chaos.clients import Task, read_diary
from chaos.errands import ERRANDS
from chaos.evidence import breaches, read_jobs
from chaos.lives import case_folder, case_of, live
from chaos.parts import Part
from chaos.processes import Child, descendants_alive, ended_within, start_life
from chaos.seeded_bugs import BUGS, parts_of
from eigen.contracts.jobs import JobState

__all__ = ["TRIALS", "CrowdOutcome", "CrowdPlan", "run_crowd"]

_WRITERS_KINDS = ("circuit", "source", "cancelled", "wrong", "shaky", "late", "keyless", "refused")
_BY_A_WRITER = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdPlan:
    """What to run.

    Attributes:
        writers: Processes that write at once.
        jobs: Jobs of each.
        kills: How many writers are killed, and replaced, on the way.
        rounds: How often each of the other trials is made.
        seed: Where choices come from.
        trials: Which trials.
        bug: A bug to put into every system, or empty.
        life_sec: Time in which a system must have come to its end.
    """

    writers: int = 32
    jobs: int = 20
    kills: int = 40
    rounds: int = 10
    seed: int = 1
    trials: Sequence[str] = ("writers", "heirs", "stopped owner", "stale owner", "workers")
    bug: str = ""
    life_sec: float = 120.0


@dataclass(slots=True)
class CrowdOutcome:
    """What a run gave.

    Attributes:
        plan: What was run.
        figures: What was counted and measured, by trial.
        breaches: Broken promises.
        seconds: Time on the wall.
    """

    plan: CrowdPlan
    figures: dict[str, dict[str, str]] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_crowd(plan: CrowdPlan) -> CrowdOutcome:
    """Do what is planned."""
    begin = time.monotonic()
    outcome = CrowdOutcome(plan)
    for name in plan.trials:
        outcome.figures[name] = {}
        TRIALS[name](plan, outcome)
    outcome.seconds = time.monotonic() - begin
    return outcome


def _writers(plan: CrowdPlan, outcome: CrowdOutcome) -> None:
    """Let many write at once; kill some, and let others go on in their place."""
    chance = random.Random(plan.seed)
    with case_folder() as folder:
        begin = time.monotonic()
        writers = {number: _start_writer(plan, folder, number) for number in range(plan.writers)}
        for _ in range(plan.kills):
            time.sleep(chance.uniform(0.02, 0.2))
            number = chance.choice(list(writers))
            if writers[number].is_over:  # it has done all its work, or failed
                continue
            ended = writers[number].wait_until_killed(after_sec=0.0, limit_sec=plan.life_sec)
            _note_failure(outcome, "writers", ended.story)
            writers[number] = _start_writer(plan, folder, number)
        for writer in writers.values():
            ended = writer.wait(limit_sec=plan.life_sec)
            _note_failure(outcome, "writers", ended.story or ended.overtime * "R6 a writer did not end")
        took_sec = time.monotonic() - begin
        _last_life(plan, folder, outcome, "writers")
        outcome.figures["writers"] = _writers_figures(plan, folder, took_sec, outcome)


def _start_writer(plan: CrowdPlan, folder: Path, number: int) -> Child:
    kinds = _WRITERS_KINDS[number % 3 :]
    tasks = [
        Task(number=number * _BY_A_WRITER + index, kind=kinds[index % len(kinds)], cancels_at=JobState.QUEUED)
        for index in range(plan.jobs)
    ]
    return start_life(partial(live, folder, tasks, parts=parts_of(plan.bug), stays=False, at_once=1))


def _writers_figures(plan: CrowdPlan, folder: Path, took_sec: float, outcome: CrowdOutcome) -> dict[str, str]:
    lines = read_diary(case_of(folder).diary)
    for line in lines:
        if line["said"] == "refused":
            outcome.breaches.append(f"writers: R14 {line['key']} was answered with {line['reason']}")
    took = {
        word: sorted(one["took_sec"] for one in lines if one["said"] == word) for word in ("submitted", "cancelled")
    }
    done = sum(line["said"] == "ended" for line in lines)
    return {
        "processes at once": str(plan.writers),
        "jobs": str(len(read_jobs(case_of(folder).root))),
        "seen to their end by their clients": str(done),
        "jobs a second": f"{done / took_sec:.0f}",
        **{
            f"{word}: {name}": f"{1e3 * _at(times, share):.0f} ms"
            for word, times in took.items()
            for name, share in _SHARES
        },
        "mean wait of the luckiest and the unluckiest writer": _fairness(lines),
    }


def _fairness(lines: Sequence[Mapping[str, Any]]) -> str:
    waits: dict[int, list[float]] = defaultdict(list)
    for line in lines:
        if line["said"] == "submitted":
            waits[int(line["key"].rpartition("-")[2]) // _BY_A_WRITER].append(line["took_sec"])
    means = [1e3 * sum(one) / len(one) for one in waits.values()] or [0.0]
    return f"{min(means):.0f} ms, {max(means):.0f} ms"


_SHARES = (("median", 0.5), ("p99", 0.99), ("worst", 1.0))


def _at(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def _heirs(plan: CrowdPlan, outcome: CrowdOutcome) -> None:
    """Kill a system with many jobs, and start several at once where it was."""
    chance = random.Random(plan.seed)
    for _ in range(plan.rounds):
        with case_folder() as folder:
            tasks = [Task(number=number, kind=("circuit", "slow")[number % 2]) for number in range(12)]
            first = start_life(partial(live, folder, tasks, parts=parts_of(plan.bug)))
            ended_within(10.0, partial(_has_told, folder, "submitted", chance.randint(1, len(tasks))))
            first.wait_until_killed(after_sec=0.0, limit_sec=plan.life_sec)
            heirs = [start_life(partial(live, folder, (), parts=parts_of(plan.bug))) for _ in range(4)]
            for heir in heirs:
                _note_failure(outcome, "heirs", heir.wait(limit_sec=plan.life_sec).story)
            _last_life(replace(plan, bug=""), folder, outcome, "heirs", tasks)
    outcome.figures["heirs"] = {"rounds": str(plan.rounds), "systems started at once": "4", "jobs each": "12"}


def _has_told(folder: Path, word: str, times: int) -> bool:
    return len([line for line in read_diary(case_of(folder).diary) if line["said"] == word]) >= times


def _stopped_owner(plan: CrowdPlan, outcome: CrowdOutcome) -> None:
    """Stop an owner in the middle of its work: others must leave its jobs alone, and it ends them when it goes on."""
    for _ in range(plan.rounds):
        with case_folder() as folder:
            tasks = [Task(number=number, kind="slow") for number in range(3)]
            owner = start_life(partial(live, folder, tasks))
            ended_within(10.0, partial(_are_running, folder, len(tasks)))
            owner.kill(signal.SIGSTOP)
            other = start_life(partial(live, folder, (), parts=parts_of(plan.bug), stays=True))
            time.sleep(_LONGER_THAN_AN_ADOPTION_SEC)
            owner.kill(signal.SIGCONT)
            for child in (owner, other):
                _note_failure(outcome, "stopped owner", child.wait(limit_sec=plan.life_sec).story)
            runners = {line.split()[2] for line in (case_of(folder).runs / "runs").read_text().splitlines()}
            if runners != {str(owner.pid)}:
                outcome.breaches.append(f"stopped owner: R5 {len(runners)} processes ran the jobs of one that lives")
            _last_life(replace(plan, bug=""), folder, outcome, "stopped owner", tasks)
    outcome.figures["stopped owner"] = {"rounds": str(plan.rounds), "jobs each": "3"}


_LONGER_THAN_AN_ADOPTION_SEC = 1.5


def _are_running(folder: Path, number: int) -> bool:
    path = case_of(folder).root / "jobs.sqlite3"
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.OperationalError):
        found = connection.execute("SELECT count(*) FROM jobs WHERE state = 'RUNNING'").fetchone()
        return bool(found[0] == number)
    return False  # its tables are not there yet


def _stale_owner(plan: CrowdPlan, outcome: CrowdOutcome) -> None:
    """Stop an owner, take it for dead, which it is not, end its jobs, and let it go on: it must change nothing."""
    greedy = BUGS["adopts from the living"]
    for _ in range(plan.rounds):
        with case_folder() as folder:
            tasks = [Task(number=number, kind="slow") for number in range(3)]
            owner = start_life(partial(live, folder, tasks, parts=parts_of(plan.bug)))
            ended_within(10.0, partial(_are_running, folder, len(tasks)))
            owner.kill(signal.SIGSTOP)
            heir = start_life(partial(live, folder, (), parts=(greedy,)))
            _note_failure(outcome, "stale owner", heir.wait(limit_sec=plan.life_sec).story)
            owner.kill(signal.SIGCONT)
            _note_failure(outcome, "stale owner", owner.wait(limit_sec=plan.life_sec).story)
            outcome.breaches += [
                f"stale owner: {breach}" for breach in breaches(replace(case_of(folder), runs=folder / "nowhere"))
            ]
            for job in read_jobs(case_of(folder).root).values():
                if job.record.attempt != _ATTEMPT_OF_THE_HEIR:
                    outcome.breaches.append(
                        f"stale owner: R5 {job.record.job_id} ended in attempt {job.record.attempt}"
                    )
    outcome.figures["stale owner"] = {"rounds": str(plan.rounds), "jobs each": "3"}


_ATTEMPT_OF_THE_HEIR = 2


def _workers(plan: CrowdPlan, outcome: CrowdOutcome) -> None:
    """Kill workers, and the process that forks them, while many jobs run; each death costs its own job a try."""
    chance = random.Random(plan.seed)
    killed = 0
    with case_folder() as folder:
        kinds = ("circuit", "shaky", "refused", "circuit", "poison", "circuit")
        tasks = [
            Task(number=number, kind=kinds[number % len(kinds)], device="worker:device")
            for number in range(5 * plan.rounds)
        ]
        token = folder.name
        child = start_life(partial(live, folder, tasks, parts=parts_of(plan.bug)), token=token)
        while not child.is_over and killed < 3 * plan.rounds:
            time.sleep(chance.uniform(0.05, 0.2))
            victims = sorted(pid for pid in descendants_alive(token) if pid != child.pid)
            with suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(victims[-2:] if chance.random() < _SHARE_OF_WORKERS else victims), signal.SIGKILL)
                killed += 1
        ended = child.wait(limit_sec=plan.life_sec)
        _note_failure(outcome, "workers", ended.story or ended.overtime * "R6 not everything ended")
        if not ended_within(10.0, lambda: not descendants_alive(token)):
            outcome.breaches.append(f"workers: R9 {len(descendants_alive(token))} processes are left")
        may_end = {name: errand.may_end | {JobState.ERROR} for name, errand in ERRANDS.items()}
        outcome.breaches += [f"workers: {one}" for one in breaches(replace(case_of(folder), may_end=may_end))]
        states = [job.record.state for job in read_jobs(case_of(folder).root).values()]
    outcome.figures["workers"] = {
        "jobs": str(len(states)),
        "processes killed": str(killed),
        "done": str(states.count(JobState.DONE)),
        "given up after three deaths, or refused": str(states.count(JobState.ERROR)),
    }


_SHARE_OF_WORKERS = 0.8

TRIALS: Mapping[str, Callable[[CrowdPlan, CrowdOutcome], None]] = MappingProxyType(
    {
        "writers": _writers,
        "heirs": _heirs,
        "stopped owner": _stopped_owner,
        "stale owner": _stale_owner,
        "workers": _workers,
    }
)
"""Every trial by its name."""


def _last_life(plan: CrowdPlan, folder: Path, outcome: CrowdOutcome, trial: str, tasks: Sequence[Task] = ()) -> None:
    """See everything to its end, undisturbed, and judge."""
    parts: tuple[Part, ...] = parts_of(plan.bug)
    ended = start_life(partial(live, folder, tasks, parts=parts)).wait(limit_sec=plan.life_sec)
    _note_failure(outcome, trial, ended.story or ended.overtime * "R6 not everything ended")
    outcome.breaches += [f"{trial}: {breach}" for breach in breaches(case_of(folder))]


def _note_failure(outcome: CrowdOutcome, trial: str, story: str) -> None:
    if story:
        outcome.breaches.append(f"{trial}: a life failed: {story}")
