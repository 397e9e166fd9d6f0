"""Power cuts: one life is recorded; at every moment of it the disk is laid out as it may be when the power fails.

A system is opened on each such disk; everything must end there, and what clients were told must hold.
"""

from __future__ import annotations

import pickle
import random
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chaos.crash import SCENARIOS
from chaos.evidence import breaches
from chaos.lives import case_folder, case_of, live
from chaos.parts import Part, on_connections, on_filesystem
from chaos.power_cut import TEMPERS, lay_out
from chaos.processes import run_life
from chaos.recording import Entry, Recorder, RecordingFileSystem

__all__ = ["POWER_BUGS", "RECORDED", "PowerOutcome", "PowerPlan", "run_power_cuts"]

RECORDED = ("one circuit", "wrong program", "cancelled while running", "two at once")
"""Scenarios that are recorded where nobody names others."""

_LIFE_SEC = 60.0


class SkippedSyncs(RecordingFileSystem):
    """A CircuitFS that leaves its syncs out."""

    def sync(self, descriptor: int) -> None:
        """Do nothing."""

    def sync_all(self, descriptor: int) -> None:
        """Do nothing."""


class LaxConnection(sqlite3.Connection):
    """A job store that does not wait for the disk."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Never ask for a commit that waits."""
        return super().execute(sql.replace("FULL", "NORMAL").replace("EXTRA", "NORMAL"), *values)


POWER_BUGS: Mapping[str, str] = MappingProxyType({"skips syncs": "R4", "does not wait for commits": "R1"})
"""Every bug of a disk, and the promise that must be seen to be broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPlan:
    """What to run.

    Attributes:
        cuts: Most disks to open a system on, over all scenarios.
        seed: Where their choice comes from.
        minutes: When to stop all the same, or None.
        scenarios: Those of the kills that are recorded.
        bug: One of `POWER_BUGS`, or empty.
        stops_at_first: Whether the first breach is enough.
    """

    cuts: int = 5_000
    seed: int = 1
    minutes: float | None = None
    scenarios: Sequence[str] = RECORDED
    bug: str = ""
    stops_at_first: bool = False


@dataclass(slots=True)
class PowerTally:
    """What the cuts of one scenario gave.

    Attributes:
        num_moments: Moments of its life at which the power may fail.
        cuts: Disks that a system was opened on.
        seconds: Time on the wall.
    """

    num_moments: int = 0
    cuts: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class PowerOutcome:
    """What a run gave.

    Attributes:
        plan: What was run.
        tallies: By scenario.
        breaches: Broken promises, each with the cut that led to it.
        seconds: Time on the wall.
    """

    plan: PowerPlan
    tallies: dict[str, PowerTally] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_power_cuts(plan: PowerPlan) -> PowerOutcome:
    """Do what is planned."""
    begin = time.monotonic()
    outcome = PowerOutcome(plan)
    end = begin + 60 * plan.minutes if plan.minutes is not None else float("inf")
    for name in plan.scenarios:
        for syncs_all in (False, True):
            _cut_all(plan, name, outcome, syncs_all=syncs_all, end=end)
    outcome.seconds = time.monotonic() - begin
    return outcome


def _cut_all(plan: PowerPlan, name: str, outcome: PowerOutcome, *, syncs_all: bool, end: float) -> None:
    begin = time.monotonic()
    chance = random.Random(f"{plan.seed} {name}")
    with case_folder() as recorded:
        entries = _recorded_life(recorded, name, plan.bug, syncs_all=syncs_all)
        diary = case_of(recorded).diary.read_bytes()
        ways = "one sync for all" if syncs_all else "a sync for each"
        tally = outcome.tallies.setdefault(f"{name}, {ways}", PowerTally(num_moments=len(entries) + 1))
        cuts = [(moment, temper) for moment in range(len(entries) + 1) for temper in TEMPERS]
        for moment, temper in chance.sample(cuts, min(len(cuts), max(1, plan.cuts // (2 * len(plan.scenarios))))):
            if time.monotonic() > end or (outcome.breaches and plan.stops_at_first):
                break
            with case_folder() as folder:
                lay_out(
                    entries[:moment],
                    temper=TEMPERS[temper],
                    chance=chance,
                    recorded=case_of(recorded).root,
                    folder=folder,
                    diary=diary,
                )
                found = _breaches_after(folder, name)
            where = f"after {moment} of {len(entries)}, {_told(entries, moment)}, by a disk that {temper}"
            outcome.breaches += [f"{name}: {breach}; power cut {where}" for breach in found]
            tally.cuts += 1
        tally.seconds = time.monotonic() - begin


def _recorded_life(folder: Path, name: str, bug: str, *, syncs_all: bool) -> list[Entry]:
    case = case_of(folder)
    recorder = Recorder(case.root, case.diary)
    kept = folder / "record"

    def life() -> None:
        filesystem = (SkippedSyncs if bug == "skips syncs" else RecordingFileSystem)(recorder, syncs_all=syncs_all)
        parts: list[Part] = [*on_filesystem(filesystem)]
        if bug == "does not wait for commits":
            parts.append(on_connections(LaxConnection))
        live(folder, SCENARIOS[name].tasks, onlooker=recorder, parts=parts)
        kept.write_bytes(pickle.dumps(recorder.entries))

    ended = run_life(life, limit_sec=_LIFE_SEC)
    if ended.story:
        raise RuntimeError(f"a life without any fault failed:\n{ended.story}")
    entries: list[Entry] = pickle.loads(kept.read_bytes())  # written by a child of ours
    return entries


def _breaches_after(folder: Path, name: str) -> list[str]:
    ended = run_life(lambda: live(folder, SCENARIOS[name].tasks), limit_sec=_LIFE_SEC)
    found = breaches(case_of(folder))
    if ended.story:
        found.append(f"the life after it failed: {ended.story}")
    if ended.overtime:
        found.append(f"R6 not everything has ended {_LIFE_SEC:.0f} s after it")
    return found


def _told(entries: Sequence[Entry], moment: int) -> str:
    """Return what was written last before a moment, for people."""
    return f"{entries[moment - 1]}"[:120] if moment else "nothing"
