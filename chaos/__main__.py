"""The command: `python -m chaos <kind> …`; README.md lists kinds and options."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from chaos.crash import SCENARIOS, CrashPlan, run_crashes
from chaos.crowd import TRIALS, CrowdPlan, run_crowd
from chaos.faults import DISTURBED, FAULTS, FaultPlan, run_faults
from chaos.lives import preload
from chaos.loops import LOOPS, LoopPlan, run_loops
from chaos.power import RECORDED, PowerPlan, run_power_cuts
from chaos.report import Outcome, render
from chaos.self_test import failures
from chaos.soak import SoakPlan, run_soak
from chaos.stops import StopPlan, run_stops
from chaos.walk import WalkPlan, run_walks


def main() -> int:
    """Do what the command line says.

    Returns:
        0 if every promise was kept, 1 if one was broken.
    """
    options = _parser().parse_args()
    if options.kind not in {"soak", "stops"}:
        preload()
    if options.kind == "self-test":
        found = list(failures(tuple(options.bug or ())))
        print("\n".join(found) or "every seeded bug is found by its harness")
        return 1 if found else 0
    outcome = _KINDS[options.kind](options)
    report = render(outcome)
    print(report)
    if options.report:
        options.report.write_text(report, encoding="utf-8")
    return 1 if outcome.breaches else 0


def _crash(options: argparse.Namespace) -> Outcome:
    return run_crashes(
        CrashPlan(
            points=options.points,
            seed=options.seed,
            minutes=options.minutes,
            scenarios=tuple(options.scenario or SCENARIOS),
            at=options.at,
        )
    )


def _power(options: argparse.Namespace) -> Outcome:
    scenarios = tuple(options.scenario or RECORDED)
    return run_power_cuts(PowerPlan(cuts=options.cuts, seed=options.seed, minutes=options.minutes, scenarios=scenarios))


def _faults(options: argparse.Namespace) -> Outcome:
    return run_faults(
        FaultPlan(
            stride=options.stride,
            minutes=options.minutes,
            faults=tuple(options.fault or FAULTS),
            scenarios=tuple(options.scenario or DISTURBED),
        )
    )


def _loops(options: argparse.Namespace) -> Outcome:
    loops = tuple(options.loop or LOOPS)
    return run_loops(LoopPlan(stride=options.stride, instants=options.instants, seed=options.seed, loops=loops))


def _crowd(options: argparse.Namespace) -> Outcome:
    return run_crowd(
        CrowdPlan(
            writers=options.writers,
            jobs=options.jobs,
            kills=options.kills,
            rounds=options.rounds,
            seed=options.seed,
            trials=tuple(options.trial or TRIALS),
        )
    )


def _walk(options: argparse.Namespace) -> Outcome:
    return run_walks(WalkPlan(walks=options.walks, steps=options.steps, is_repeatable=options.repeatable))


def _stops(options: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="eigen-stops-") as folder:
        plan = StopPlan(qubits=options.qubits, rounds=options.rounds, limit_sec=options.limit_sec)
        return run_stops(plan, Path(folder))


def _soak(options: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="eigen-soak-") as folder:
        plan = SoakPlan(
            minutes=options.minutes,
            clients=options.clients,
            every_sec=options.every_sec,
            kill_every_sec=options.kill_every_sec,
            seed=options.seed,
            out=options.out,
        )
        return run_soak(plan, Path(folder))


_KINDS: Mapping[str, Callable[[argparse.Namespace], Outcome]] = MappingProxyType(
    {
        "crash": _crash,
        "power": _power,
        "faults": _faults,
        "loops": _loops,
        "crowd": _crowd,
        "walk": _walk,
        "stops": _stops,
        "soak": _soak,
    }
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chaos", description="Proofs of reliability.")
    kinds = parser.add_subparsers(dest="kind", required=True)

    def kind(name: str, what: str) -> argparse.ArgumentParser:
        one = kinds.add_parser(name, help=what, description=what)
        one.add_argument("--seed", type=int, default=1, help="where choices come from")
        one.add_argument("--report", type=Path, metavar="FILE", help="write the report, Markdown, here as well")
        return one

    crash = kind("crash", "kill a system at every step, and those that recover")
    crash.add_argument("--points", type=int, default=5_000, help="how many kills over all scenarios")
    crash.add_argument("--at", default="", metavar="TEXT", help="only steps whose names hold this text")
    power = kind("power", "cut the power at every moment")
    power.add_argument("--cuts", type=int, default=5_000, help="most disks to open a system on")
    faults = kind("faults", "let the Nth call of the operating system or of SQLite fail, for every N")
    faults.add_argument("--stride", type=int, default=1, help="step from one N to the next")
    faults.add_argument("--fault", action="append", choices=tuple(FAULTS), help="only this one; may be repeated")
    for one in (crash, power, faults):
        one.add_argument("--minutes", type=float, help="stop then, whatever is left")
        one.add_argument("--scenario", action="append", choices=tuple(SCENARIOS), help="only this one; may be repeated")
    loops = kind("loops", "kill hybrid loops at every write of their journals, and at any instant")
    loops.add_argument("--stride", type=int, default=1, help="step from one write to the next")
    loops.add_argument("--instants", type=int, default=100, help="how many loops are killed by the clock")
    loops.add_argument("--loop", action="append", choices=tuple(LOOPS), help="only this one; may be repeated")
    crowd = kind("crowd", "many processes on one root, killed, stopped and started at once")
    for name, default, what in (
        ("--writers", 32, "processes that write at once"),
        ("--jobs", 20, "jobs of each"),
        ("--kills", 40, "how many writers are killed and replaced"),
        ("--rounds", 10, "how often each other trial is made"),
    ):
        crowd.add_argument(name, type=int, default=default, help=what)
    crowd.add_argument("--trial", action="append", choices=tuple(TRIALS), help="only this one; may be repeated")
    walk = kind("walk", "random walks through everything that may happen, against a model")
    walk.add_argument("--walks", type=int, default=300, help="how many")
    walk.add_argument("--steps", type=int, default=30, help="most steps of each")
    walk.add_argument("--repeatable", action="store_true", help="the same walks each time")
    stops = kind("stops", "cancel long simulations, and let them run out of time")
    stops.add_argument("--qubits", type=int, default=26, help="how large they are")
    stops.add_argument("--rounds", type=int, default=3, help="how often each")
    stops.add_argument("--limit-sec", type=float, default=1.0, help="how soon they must have ended")
    soak = kind("soak", "jobs through one live system, its loop and memory watched")
    soak.add_argument("--minutes", type=float, default=60.0, help="for how long")
    soak.add_argument("--clients", type=int, default=8, help="jobs in flight")
    soak.add_argument("--every-sec", type=float, default=10.0, help="time between samples")
    soak.add_argument("--kill-every-sec", type=float, default=30.0, help="time between kills of a worker; 0 for none")
    soak.add_argument("--out", type=Path, metavar="FILE", help="write each sample here as it comes")
    test = kind("self-test", "put bugs into systems and disks, and show that each is found by its harness")
    test.add_argument("--bug", action="append", metavar="HARNESS:BUG", help="only this one; may be repeated")
    return parser


if __name__ == "__main__":
    sys.exit(main())
