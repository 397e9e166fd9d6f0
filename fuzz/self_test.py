"""The harness against entry points with seeded bugs: each must be found, attributed, and nothing else be found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fuzz.campaign import Outcome, Plan, run
from fuzz.seeded_bugs import EXPECTED, TRIGGER
from fuzz.supervision import Settings

__all__ = ["failures"]

_SETTINGS = Settings(hang_sec=2.0, stall_sec=3.0)
_PLAN = Plan(num_inputs=12, targets=("grammar",), reduce_sec=2.0, settings=_SETTINGS)


def failures() -> Iterator[str]:
    """Run the harness once without a bug and once with each, and name what it gets wrong."""
    sound = run(_PLAN)
    if sound.findings:
        yield f"without a bug it finds {sorted(one.signature for one in sound.findings.values())}"
    for name, kind in EXPECTED.items():
        outcome = run(replace(_PLAN, settings=replace(_SETTINGS, bug=name)))
        problem = _problem(outcome, kind)
        if problem:
            yield f"with an entry point that {name}: {problem}"


def _problem(outcome: Outcome, kind: str) -> str:
    kinds = {one.kind for one in outcome.findings.values()}
    if kinds != {kind}:
        return f"it finds {sorted(kinds) or 'nothing'} and not {kind}"
    if outcome.tallies["grammar"].count != outcome.plan.num_inputs:
        return f"it counts {outcome.tallies['grammar'].count} of {outcome.plan.num_inputs} inputs"
    if not all(TRIGGER in one.content for one in outcome.findings.values()):
        return "it blames an input that does not meet the bug"
    return ""
