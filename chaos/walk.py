"""Random walks: systems come, stop, go and die on one root; jobs are submitted, cancelled, answered, refused, late.

A Hypothesis state machine on the real kernel, job store and disk. A model knows how each job may end, and how it must
where nothing disturbed it; at the end of a walk the faults stop, everything must end, and what is left is judged.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from chaos.controlled import ControlledSystem
from chaos.errands import ERRANDS
from chaos.evidence import breaches, read_jobs
from chaos.lives import case_of
from chaos.parts import Part
from chaos.seeded_bugs import parts_of
from eigen.contracts.jobs import TERMINAL_STATES, JobState

__all__ = ["WalkOutcome", "WalkPlan", "run_walks"]

_MOST_SYSTEMS = 3
_ROUNDS_TO_END = 200
_STEP_SEC = 0.5
_KEYS = ("red", "green", "blue", "black", "white")
_ENDS = {"answer": JobState.DONE, "refuse": JobState.ERROR, "die": JobState.ERROR}
_BADLY = frozenset(TERMINAL_STATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkPlan:
    """What to run.

    Attributes:
        walks: How many.
        steps: Most steps of each.
        bug: A bug to put into every system, or empty.
        is_repeatable: Whether the same walks are walked each time.
        shrinks: Whether a walk that broke a promise is made shorter.
    """

    walks: int = 300
    steps: int = 30
    bug: str = ""
    is_repeatable: bool = False
    shrinks: bool = True


@dataclass(slots=True)
class WalkOutcome:
    """What a run gave.

    Attributes:
        plan: What was run.
        walks: Walks walked.
        steps: Steps by name.
        ends: How jobs ended.
        breaches: Broken promises, with the walk.
        seconds: Time on the wall.
    """

    plan: WalkPlan
    walks: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def figures(self) -> dict[str, str]:
        """What is to be known of it."""
        steps, ends = (
            ", ".join(f"{count:,} {name}" for name, count in sorted(one.items())) for one in (self.steps, self.ends)
        )
        return {"walks": f"{self.walks:,}", "steps": f"{self.steps.total():,}: {steps}", "ends of jobs": ends}


@dataclass(slots=True)
class _Job:
    """What the model knows of a job.

    Attributes:
        content: What was submitted.
        may_end: How it may end besides as its gate says.
        gate: What it was let pass for.
        last: What a client saw last, once it has ended.
    """

    content: tuple[str, int]
    may_end: set[JobState] = field(default_factory=set)
    gate: str = ""
    last: dict[str, Any] | None = None

    def ends(self) -> set[JobState]:
        """Return how it may end now."""
        return (
            self.may_end | {_ENDS[self.gate or "answer"]}
            if self.content[0] != "wrong"
            else {JobState.ERROR} | self.may_end
        )


def run_walks(plan: WalkPlan) -> WalkOutcome:
    """Do what is planned."""
    begin = time.monotonic()
    outcome = WalkOutcome(plan)
    phases = [Phase.generate, Phase.shrink] if plan.shrinks else [Phase.generate]
    chosen = settings(
        max_examples=plan.walks,
        stateful_step_count=plan.steps,
        deadline=None,
        database=None,
        derandomize=plan.is_repeatable,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(_walk_into(outcome, parts_of(plan.bug)), settings=chosen)
    except AssertionError as error:
        outcome.breaches.append("\n".join([*getattr(error, "__notes__", ()), str(error)]))
    outcome.seconds = time.monotonic() - begin
    return outcome


def _walk_into(outcome: WalkOutcome, parts: Sequence[Part]) -> type[RuleBasedStateMachine]:
    class Walk(_Walk):
        _outcome = outcome
        _parts = parts

    return Walk


class _Walk(RuleBasedStateMachine):
    _outcome: WalkOutcome
    _parts: Sequence[Part]

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="eigen-chaos-", dir=_memory()))
        self._systems: list[ControlledSystem] = []
        self._jobs: dict[str, _Job] = {}
        self._keys: dict[str, str] = {}
        self._elapsed_sec = 0.0
        self._start()

    @rule()
    @precondition(lambda self: len(self._systems) < _MOST_SYSTEMS)
    def start(self) -> None:
        """Start another system."""
        self._count("systems started")
        self._start()

    @rule(
        who=st.integers(0, 9),
        kind=st.sampled_from(("circuit", "circuit", "wrong", "late")),
        key=st.sampled_from(_KEYS),
        variant=st.sampled_from((1, 1, 2)),
    )
    def submit(self, who: int, kind: str, key: str, variant: int) -> None:
        """Submit a job, with a key that may have been used."""
        system = self._any(who)
        if system is None:
            return
        self._count("submissions")
        content = (kind, variant)
        answer = system.do("submit", kind=kind, key=key, variant=variant)
        known = self._keys.get(key)
        if known is None:
            assert "job_id" in answer, f"a submission was refused: {answer}"
            self._keys[key] = answer["job_id"]
            self._jobs[answer["job_id"]] = _Job(content)
        elif self._jobs[known].content == content:
            assert answer.get("job_id") == known, f"R2 the same key and content gave {answer}, before {known}"
        else:
            assert answer.get("reason") == "IDEMPOTENCY_KEY_REUSED", f"R2 another content under one key gave {answer}"

    @rule(who=st.integers(0, 9), job=st.integers(0, 9))
    def cancel(self, who: int, job: int) -> None:
        """Cancel a job through any system."""
        system, job_id = self._any(who), self._job(job)
        if system is None or not job_id:
            return
        self._count("cancels")
        answer = system.do("cancel", job_id=job_id)
        assert "state" in answer, f"a cancel was refused: {answer}"
        self._jobs[job_id].may_end.add(JobState.CANCELLED)

    @rule(job=st.integers(0, 9), outcome=st.sampled_from(("answer", "answer", "refuse", "die")))
    def open(self, job: int, outcome: str) -> None:
        """Let the backend answer, refuse or die."""
        job_id = self._job(job)
        if not job_id or self._jobs[job_id].gate:
            return
        self._count("gates opened")
        self._jobs[job_id].gate = outcome
        for system in self._awake():
            system.do("open", job_id=job_id, outcome=outcome)

    @rule(sec=st.sampled_from((0.1, 0.2, 1.1, 3.0)))
    def advance(self, sec: float) -> None:
        """Let time go by."""
        self._count("advances of the clock")
        self._advance(sec)

    @rule(who=st.integers(0, 9))
    def kill(self, who: int) -> None:
        """Kill a system."""
        if self._systems:
            self._count("systems killed")
            self._systems.pop(who % len(self._systems)).end()

    @rule(who=st.integers(0, 9))
    def close(self, who: int) -> None:
        """Close a system."""
        system = self._any(who)
        if system is not None:
            self._count("systems closed")
            system.do("close")
            self._systems.remove(system)
            system.end()

    @rule(who=st.integers(0, 9))
    def stop(self, who: int) -> None:
        """Stop a system, which keeps what it has."""
        system = self._any(who)
        if system is not None:
            self._count("systems stopped")
            system.child.kill(signal.SIGSTOP)
            system.is_stopped = True

    @rule(who=st.integers(0, 9), job=st.integers(0, 9))
    def look(self, who: int, job: int) -> None:
        """Look at a job: an end never changes."""
        system, job_id = self._any(who), self._job(job)
        if system is None or not job_id:
            return
        self._count("looks")
        answer, known = system.do("look", job_id=job_id), self._jobs[job_id]
        assert "state" in answer, f"R1 {job_id} is not there: {answer}"
        assert known.last in (None, answer), f"R3 {job_id} was {known.last} and is {answer}"
        if JobState(answer["state"]).is_terminal:
            known.last = answer

    def teardown(self) -> None:
        """Let the faults stop; then everything ends, and is judged."""
        try:
            self._end_all()
            self._judge()
            self._outcome.walks += 1
        finally:
            for system in self._systems:
                system.end()
            shutil.rmtree(self._folder)

    def _end_all(self) -> None:
        for system in [one for one in self._systems if one.is_stopped]:
            system.child.kill(signal.SIGCONT)
            system.is_stopped = False
            for job_id, job in self._jobs.items():
                if job.gate:
                    system.do("open", job_id=job_id, outcome=job.gate)
        self._start()
        for job_id, job in self._jobs.items():
            job.gate = job.gate or "answer"
            for system in self._systems:
                system.do("open", job_id=job_id, outcome=job.gate)
        for _ in range(_ROUNDS_TO_END):
            if all(self._has_ended(job_id) for job_id in self._jobs):
                break
            self._advance(_STEP_SEC)
        for system in self._systems:
            system.do("close")

    def _has_ended(self, job_id: str) -> bool:
        return JobState(self._systems[-1].do("look", job_id=job_id)["state"]).is_terminal

    def _judge(self) -> None:
        everything = dict.fromkeys(ERRANDS, _BADLY)
        found = breaches(replace(case_of(self._folder), may_end=everything))
        for job_id, state in _states(self._folder).items():
            self._outcome.ends[state.value] += 1
            allowed = self._jobs[job_id].ends() if job_id in self._jobs else set()
            if state not in allowed:
                found.append(f"R3 {job_id} ended as {state}, and may end as {sorted(allowed)}")
        assert not found, "; ".join(found)

    def _start(self) -> None:
        gates = {job_id: job.gate for job_id, job in self._jobs.items() if job.gate}
        self._systems.append(
            ControlledSystem(self._folder, gates=gates, elapsed_sec=self._elapsed_sec, parts=self._parts)
        )

    def _advance(self, sec: float) -> None:
        self._elapsed_sec += sec
        for job in self._jobs.values():
            if job.content[0] == "late":
                job.may_end.add(JobState.TIMEOUT)
        for system in self._awake():
            system.do("advance", sec=sec)

    def _awake(self) -> list[ControlledSystem]:
        return [system for system in self._systems if not system.is_stopped]

    def _any(self, who: int) -> ControlledSystem | None:
        awake = self._awake()
        return awake[who % len(awake)] if awake else None

    def _job(self, number: int) -> str:
        return list(self._jobs)[number % len(self._jobs)] if self._jobs else ""

    def _count(self, step: str) -> None:
        self._outcome.steps[step] += 1


def _states(folder: Path) -> dict[str, JobState]:
    return {job_id: job.record.state for job_id, job in read_jobs(case_of(folder).root).items()}


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
