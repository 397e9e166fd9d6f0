"""What a run gave, as Markdown."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from chaos.crash import AN_INSTANT, CrashOutcome
from chaos.crowd import CrowdOutcome
from chaos.faults import FaultOutcome
from chaos.loops import LoopsOutcome
from chaos.power import PowerOutcome
from chaos.soak import SoakOutcome
from chaos.stops import StopOutcome
from chaos.walk import WalkOutcome

__all__ = ["render"]

Outcome = (
    CrashOutcome | CrowdOutcome | FaultOutcome | LoopsOutcome | PowerOutcome | SoakOutcome | StopOutcome | WalkOutcome
)
_MOST_SHOWN = 20


def render(outcome: Outcome) -> str:
    """Return a run as Markdown."""
    body = {
        CrashOutcome: _crashes,
        PowerOutcome: _power_cuts,
        FaultOutcome: _faults,
        LoopsOutcome: _loops,
        CrowdOutcome: _crowd,
        WalkOutcome: _walks,
        SoakOutcome: _soak,
        StopOutcome: _stops,
    }[type(outcome)]
    return "\n".join([*_machine(outcome.seconds), "", *body(outcome), "", *_breaches(outcome.breaches), ""])  # type: ignore[operator]  # the table pairs each kind with its own


def _machine(seconds: float) -> Iterator[str]:
    yield f"{seconds / 60:.1f} minutes. {platform.python_implementation()} {platform.python_version()},"
    yield f"eigen-os {version('eigen-os')}, SQLite {sqlite3.sqlite_version}; {platform.system()} {platform.release()},"
    yield f"{platform.machine()}, {os.cpu_count()} cores, shared with other work."


def _table(*rows: Sequence[object]) -> Iterator[str]:
    head, *others = rows
    yield f"| {' | '.join(map(str, head))} |"
    yield "|---" * len(head) + "|"
    for row in others:
        yield f"| {' | '.join(map(str, row))} |"


def _crashes(outcome: CrashOutcome) -> Iterator[str]:
    tallies = outcome.tallies.values()
    total = sum(tally.num_kills for tally in tallies)
    yield f"{total:,} kills by SIGKILL, seed {outcome.plan.seed}."
    yield ""
    rows = [
        (
            name,
            f"{tally.num_steps:,}",
            len(tally.named),
            f"{tally.kills:,}",
            f"{tally.recoveries_killed:,}",
            len(tally.killed_at - {AN_INSTANT}),
            f"{1e3 * tally.seconds / max(1, tally.num_kills):.0f} ms",
        )
        for name, tally in outcome.tallies.items()
    ]
    head = ("scenario", "steps", "different", "lives killed", "recoveries killed", "at different steps", "a kill")
    yield from _table(head, *rows)


def _loops(outcome: LoopsOutcome) -> Iterator[str]:
    tallies = outcome.tallies.values()
    total = sum(tally.at_writes + tally.of_workers + tally.at_instants for tally in tallies)
    yield f"{total:,} kills of hybrid loops by SIGKILL, every {outcome.plan.stride}. write, seed {outcome.plan.seed}."
    yield ""
    rows = [
        (name, tally.evaluations, tally.at_writes, tally.of_workers, tally.at_instants)
        for name, tally in outcome.tallies.items()
    ]
    head = ("loop", "evaluations", "killed at a write", "workers alone", "killed by the clock")
    yield from _table(head, *rows)


def _power_cuts(outcome: PowerOutcome) -> Iterator[str]:
    yield f"{sum(tally.cuts for tally in outcome.tallies.values()):,} power cuts, seed {outcome.plan.seed}."
    yield ""
    rows = [(name, tally.num_moments, f"{tally.cuts:,}") for name, tally in outcome.tallies.items()]
    yield from _table(("scenario", "moments", "disks that a system was opened on"), *rows)


def _faults(outcome: FaultOutcome) -> Iterator[str]:
    yield f"{sum(tally.runs for tally in outcome.tallies.values()):,} runs."
    yield ""
    rows = [
        (name, tally.runs, tally.unharmed, _counted(tally.refused), _counted(tally.unopened), tally.killed)
        for name, tally in outcome.tallies.items()
    ]
    head = ("fault", "runs", "unharmed", "calls refused", "opening or closing refused", "killed meanwhile")
    yield from _table(head, *rows)


def _counted(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "none"


def _crowd(outcome: CrowdOutcome) -> Iterator[str]:
    rows = [(trial, what, figure) for trial, figures in outcome.figures.items() for what, figure in figures.items()]
    yield from _table(("trial", "what", "figure"), *rows)


def _walks(outcome: WalkOutcome) -> Iterator[str]:
    yield from _table(("what", "figure"), *outcome.figures.items())


def _stops(outcome: StopOutcome) -> Iterator[str]:
    yield f"{len(outcome.stops)} simulations of {outcome.plan.qubits} qubits, stopped while their workers were at work."
    yield ""
    rows = [
        (
            stop.state.value,
            f"{stop.resident_bytes / 2**20:,.0f}",
            *(f"{1e3 * sec:.0f}" for sec in (stop.answered_sec, stop.ended_sec, stop.gone_sec)),
        )
        for stop in outcome.stops
    ]
    yield from _table(("ended in", "held, MiB", "answered, ms", "ended, ms", "process gone, ms"), *rows)


def _soak(outcome: SoakOutcome) -> Iterator[str]:
    yield from _table(("what", "figure"), *outcome.figures.items())
    yield ""
    head = ("minute", "jobs", "system", "its processes", "descriptors", "threads", "largest lag")
    yield from _table(head, *(sample.cells() for sample in outcome.shown()))


def _breaches(breaches: Sequence[str]) -> Iterator[str]:
    if not breaches:
        yield "No promise was broken."
        return
    yield f"{len(breaches)} breaches:"
    yield ""
    for breach in breaches[:_MOST_SHOWN]:
        *story, last = breach.strip().splitlines()
        yield f"- {story[0][:200] + ' … ' if story else ''}{last[:600]}"
