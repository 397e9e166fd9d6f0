"""The harness against entry points with seeded bugs: each must be found, attributed, and nothing else be found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fuzz.campaign import Outcome, Plan, run_in
from fuzz.seeded_bugs import EXPECTED, TRIGGER
from fuzz.supervision import Child, Settings

__all__ = ["failures"]

_PLAN = Plan(
    num_inputs=3, targets=("grammar",), reduce_sec=0.0, settings=Settings(slow_sec=0.5, hang_sec=1.0, stall_sec=6.0)
)


def failures() -> Iterator[str]:
    """Run the harness once without a bug and once with each, and name what it gets wrong."""
    with Child(_PLAN.settings) as child:
        sound = run_in(child, _PLAN)
        if sound.findings:
            yield f"without a bug it finds {sorted(one.signature for one in sound.findings.values())}"
        for bug, kind in EXPECTED.items():
            problem = _problem(run_in(child, replace(_PLAN, bug=bug)), kind)
            if problem:
                yield f"with an entry point that {bug}: {problem}"


def _problem(outcome: Outcome, kind: str) -> str:
    kinds = {one.kind for one in outcome.findings.values()}
    if kinds != {kind}:
        return f"it finds {sorted(kinds) or 'nothing'} and not {kind}"
    if outcome.tallies["grammar"].count != outcome.plan.num_inputs:
        return f"it counts {outcome.tallies['grammar'].count} of {outcome.plan.num_inputs} inputs"
    if not all(TRIGGER in one.content for one in outcome.findings.values()):
        return "it blames an input that does not meet the bug"
    return ""
