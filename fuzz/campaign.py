"""A run: inputs are numbered, dealt to processes in small lots, and what they gave is added up.

An input depends on the seed, its target and its number only, so a run gives the same findings with any number of
processes. A lot whose process ended is read again but for the input that ended it, so that nothing goes uncounted.
"""

from __future__ import annotations

import base64
import math
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from fuzz.corpus import read_corpus
from fuzz.reduction import reduced
from fuzz.supervision import Child, Ended, Settings
from fuzz.targets import TARGETS
from fuzz.worker import BUCKETS_PER_FACTOR, IDLE, draw

__all__ = ["Finding", "Outcome", "Plan", "Tally", "run", "run_in", "signatures"]

LOT = 250
"""Inputs that a process is given at a time."""

_FATAL = frozenset({"hang", "stall", "crash", "memory"})
_TRIALS = 2_000
_FATAL_TRIALS = 12
_MAX_REDUCED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run.

    Attributes:
        seed: Where all inputs come from.
        num_inputs: How many, over all targets.
        processes: How many at a time.
        minutes: When to stop all the same, or None.
        targets: Names of the targets.
        reduce_sec: How long each of the first findings is made smaller.
        settings: What an input may take.
        bug: Name of a bug that is put into every entry point, or empty.
    """

    seed: int = 1
    num_inputs: int = 100_000
    processes: int = 1
    minutes: float | None = None
    targets: Sequence[str] = tuple(TARGETS)
    reduce_sec: float = 60.0
    settings: Settings = field(default_factory=Settings)
    bug: str = ""


@dataclass(slots=True, kw_only=True)
class Finding:
    """One thing that must not happen, with the first input that made it happen.

    Attributes:
        kind: Such as `execution` or `hang`.
        signature: What tells it from other findings.
        target: Which target.
        number: The input's number.
        story: What happened.
        count: How many inputs made it happen.
        content: The smallest input found that makes it happen.
    """

    kind: str
    signature: str
    target: str
    number: int
    story: str
    count: int = 1
    content: bytes = b""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the inputs of one target gave.

    Attributes:
        count: Inputs read.
        num_bytes: Their size together.
        parses: Calls of Python's parser, the only compilation allowed.
        outcomes: `accepted` or the error's reason → inputs.
        times: Bucket of processor time → inputs.
        slowest: (seconds, number) of the slowest inputs.
        max_rss: Most resident memory of a process, bytes.
        base_rss: Least of it before the first input.
    """

    count: int = 0
    num_bytes: int = 0
    parses: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    times: Counter[int] = field(default_factory=Counter)
    slowest: list[tuple[float, int]] = field(default_factory=list)
    max_rss: int = 0
    base_rss: int = 1 << 62

    def add(self, answer: dict[str, Any]) -> None:
        """Add what a lot gave."""
        self.count += answer["count"]
        self.num_bytes += answer["num_bytes"]
        self.parses += answer["parses"]
        self.outcomes.update(answer["outcomes"])
        self.times.update({int(bucket): count for bucket, count in answer["times"].items()})
        self.slowest = sorted([*self.slowest, *((sec, number) for sec, number in answer["slowest"])], reverse=True)[:5]
        self.max_rss = max(self.max_rss, answer["max_rss"])
        self.base_rss = min(self.base_rss, answer["base_rss"])

    def quantile_sec(self, share: float) -> float:
        """Return the processor time that this share of the inputs stayed below, to 5 percent."""
        wanted, seen = share * sum(self.times.values()), 0
        for bucket, count in sorted(self.times.items()):
            seen += count
            if seen >= wanted:
                return 1e-6 * math.exp((bucket + 1) / BUCKETS_PER_FACTOR)
        return 0.0


@dataclass(slots=True)
class Outcome:
    """What a run gave.

    Attributes:
        plan: What was run.
        tallies: By target.
        findings: By signature.
        seconds: How long it took on the wall.
        restarts: How often a process was started anew.
    """

    plan: Plan
    tallies: dict[str, Tally]
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    seconds: float = 0.0
    restarts: int = 0


def run(plan: Plan) -> Outcome:
    """Do what is planned, and reduce what was found."""
    begin = time.monotonic()
    campaign = _Campaign(plan)

    def work() -> None:
        with Child(plan.settings) as child:
            campaign.work(child)

    with ThreadPoolExecutor(plan.processes) as threads:
        for done in [threads.submit(work) for _ in range(plan.processes)]:
            done.result()
    with Child(plan.settings) as child:
        _reduce_all(campaign.outcome, child)
    campaign.outcome.seconds = time.monotonic() - begin
    return campaign.outcome


def run_in(child: Child, plan: Plan) -> Outcome:
    """Do what is planned in a process that is there already, which saves the time that it takes to start one."""
    campaign = _Campaign(plan)
    campaign.work(child)
    _reduce_all(campaign.outcome, child)
    return campaign.outcome


_Lot = tuple[str, int, int]


def _lots(plan: Plan) -> Iterator[_Lot]:
    """Deal the inputs to the targets by their weights, in lots that take turns."""
    total = sum(TARGETS[name].weight for name in plan.targets)
    shares = {name: plan.num_inputs * TARGETS[name].weight // total for name in plan.targets}
    shares[plan.targets[0]] += plan.num_inputs - sum(shares.values())
    lots = [
        ((start + LOT / 2) / max(1, share), (name, start, min(start + LOT, share)))
        for name, share in shares.items()
        for start in range(0, share, LOT)
    ]
    return (lot for _, lot in sorted(lots))


class _Campaign:
    def __init__(self, plan: Plan) -> None:
        self.outcome = Outcome(plan, {name: Tally() for name in plan.targets})
        self._plan = plan
        self._lots = deque(_lots(plan))
        self._lock = Lock()
        self._end = time.monotonic() + 60 * plan.minutes if plan.minutes is not None else math.inf

    def work(self, child: Child) -> None:
        while (lot := self._next()) is not None:
            self._work_on(child, lot)

    def _next(self) -> _Lot | None:
        with self._lock:
            return self._lots.popleft() if self._lots and time.monotonic() < self._end else None

    def _work_on(self, child: Child, lot: _Lot) -> None:
        target, start, stop = lot
        numbers = {"seed": self._plan.seed, "start": start, "stop": stop}
        try:
            answer = child.ask({"do": "run", "target": target, "bug": self._plan.bug, **numbers})
        except Ended as ended:
            with self._lock:
                self._note_end(lot, ended)
            return
        with self._lock:
            self.outcome.tallies[target].add(answer)
            for number, kind, signature, story in answer["found"]:
                self._note(Finding(kind=kind, signature=signature, target=target, number=number, story=story))
            if answer["next"] < stop:
                self.outcome.restarts += 1
                self._lots.appendleft((target, answer["next"], stop))

    def _note_end(self, lot: _Lot, ended: Ended) -> None:
        target, start, stop = lot
        if ended.number == IDLE:
            raise RuntimeError(f"a worker ended by itself: {ended}")
        self.outcome.restarts += 1
        self.outcome.tallies[target].count += 1
        self.outcome.tallies[target].outcomes[ended.kind] += 1
        self._note(
            Finding(kind=ended.kind, signature=ended.kind, target=target, number=ended.number, story=ended.story)
        )
        self._lots.extendleft(
            (target, *part) for part in ((ended.number + 1, stop), (start, ended.number)) if part[0] < part[1]
        )

    def _note(self, finding: Finding) -> None:
        known = self.outcome.findings.setdefault((finding.target, finding.signature), finding)
        if known is finding:
            print(f"{finding.target} {finding.number}: {finding.signature}", file=sys.stderr)
        else:
            known.count += 1
            if finding.number < known.number:
                known.number, known.story = finding.number, finding.story


def _reduce_all(outcome: Outcome, child: Child) -> None:
    if not outcome.findings:
        return
    corpus = read_corpus()
    for index, finding in enumerate(outcome.findings.values()):
        finding.content = draw(finding.target, seed=outcome.plan.seed, number=finding.number, corpus=corpus)
        if index < _MAX_REDUCED:
            _reduce(finding, outcome.plan, child)


def _reduce(finding: Finding, plan: Plan, child: Child) -> None:
    def fails(content: bytes) -> bool:
        return finding.signature in signatures(child, finding.target, content, bug=plan.bug)

    most = _FATAL_TRIALS if finding.kind in _FATAL else _TRIALS
    finding.content = reduced(finding.content, fails, max_trials=most, max_sec=plan.reduce_sec)


def signatures(child: Child, target: str, content: bytes, *, bug: str = "") -> dict[str, str]:
    """Return what is wrong with one input: signature → story."""
    try:
        answer = child.ask({"do": "try", "target": target, "bug": bug, "content": base64.b64encode(content).decode()})
    except Ended as ended:
        return {ended.kind: ended.story}
    return {signature: story for _, signature, story in answer["problems"]}
