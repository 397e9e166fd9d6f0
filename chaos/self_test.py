"""A harness that catches nothing proves nothing: each must find the bugs that are put there for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from chaos.crash import CrashPlan, run_crashes
from chaos.crowd import CrowdPlan, run_crowd
from chaos.faults import FaultPlan, run_faults
from chaos.loops import LoopPlan, run_loops
from chaos.power import PowerPlan, run_power_cuts
from chaos.walk import WalkPlan, run_walks

__all__ = ["HUNTS", "failures"]

_SHORT_SEC = 4.0
_STEPS = {"forgets keys": "client:submitted", "answers cancels too early": "<client:cancelled"}
"""Where a bug is hunted that shows itself at few steps only."""

_SCENARIOS = {
    "leaves processes": "in workers",
    "answers cancels too early": "cancelled while running",
    "keeps no openings": "store lost",
    "forgets points": "points of sweeps and loops",
    "takes a point for another": "points of sweeps and loops",
    "forgets evaluations": "points of sweeps and loops",
}
"""What is going on where a bug is hunted that not every job meets."""


def _crash(bug: str, promise: str) -> list[str]:
    scenario = _SCENARIOS.get(bug, "one circuit")
    at = _STEPS.get(bug, "")
    plan = CrashPlan(points=400, scenarios=(scenario,), bug=bug, stops_at=promise, life_sec=_SHORT_SEC, at=at)
    return run_crashes(plan).breaches


def _power(bug: str, _: str) -> list[str]:
    return run_power_cuts(PowerPlan(scenarios=("one circuit",), bug=bug, stops_at_first=True)).breaches


def _faults(bug: str, promise: str) -> list[str]:
    faults = ("input/output error, once",)
    return run_faults(FaultPlan(scenarios=("one circuit",), faults=faults, bug=bug, stops_at=promise)).breaches


def _cancels(bug: str, promise: str) -> list[str]:
    plan = FaultPlan(
        scenarios=("cancelled while running",),
        faults=("no space for a cancel, then death",),
        bug=bug,
        stops_at=promise,
        life_sec=_SHORT_SEC,
    )
    return run_faults(plan).breaches


def _loops(bug: str, _: str) -> list[str]:
    loop = "SPSA, sampled, two starts" if bug == "draws seeds anew" else "COBYLA, exact"
    return run_loops(LoopPlan(stride=13, instants=0, loops=(loop,), bug=bug)).breaches


def _heirs(bug: str, _: str) -> list[str]:
    return run_crowd(CrowdPlan(rounds=1, trials=("heirs",), bug=bug, life_sec=_SHORT_SEC)).breaches


def _stopped(bug: str, _: str) -> list[str]:
    return run_crowd(CrowdPlan(rounds=1, trials=("stopped owner",), bug=bug, life_sec=_SHORT_SEC)).breaches


def _walk(bug: str, _: str) -> list[str]:
    return run_walks(WalkPlan(walks=60, bug=bug, is_repeatable=True, shrinks=False)).breaches


HUNTS: Mapping[str, tuple[Callable[[str, str], list[str]], str]] = MappingProxyType(
    {
        "crash:acknowledges before the commit": (_crash, "R1"),
        "crash:forgets keys": (_crash, "R2"),
        "crash:forgets events": (_crash, "R3"),
        "crash:writes results in place": (_crash, "R4"),
        "crash:never adopts": (_crash, "R6"),
        "crash:answers cancels too early": (_crash, "R8"),
        "crash:leaves processes": (_crash, "R9"),
        "crash:keeps no openings": (_crash, "R1"),
        "crash:forgets points": (_crash, "R10"),
        "crash:takes a point for another": (_crash, "R10"),
        "crash:forgets evaluations": (_crash, "R10"),
        "power:skips syncs": (_power, "R4"),
        "power:does not wait for commits": (_power, "R1"),
        "faults:takes a failed write for done": (_faults, "R1"),
        "faults:answers cancels that found no room": (_cancels, "R8"),
        "faults:lets cancels wait for room": (_cancels, "R8"),
        "loops:repeats evaluations": (_loops, "R10"),
        "loops:keeps torn lines": (_loops, "R10"),
        "loops:draws seeds anew": (_loops, "R10"),
        "heirs:adopts from the living": (_heirs, "R5"),
        "stopped owner:adopts from the living": (_stopped, "R5"),
        "walk:forgets keys": (_walk, "R2"),
    }
)
"""Harness and bug, how it is hunted, and the promise that must be seen to be broken."""


def failures(names: Sequence[str] = ()) -> Iterator[str]:
    """Yield every bug that its harness does not find, or not as what it is."""
    for name in names or HUNTS:
        hunt, promise = HUNTS[name]
        found = hunt(name.partition(":")[2], promise)
        if not any(promise in breach for breach in found):
            yield f"{name}: no breach of {promise}; found: {'; '.join(found)[:2_000] or 'nothing'}"
