"""The command: `python -m fuzz`; README.md lists its options."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fuzz.campaign import Plan, run, signatures
from fuzz.report import render, save
from fuzz.self_test import failures
from fuzz.supervision import Child, Settings
from fuzz.targets import TARGETS


def main() -> int:
    """Do what the command line says.

    Returns:
        0 if nothing was found, 1 if something was.
    """
    options = _options()
    if options.self_test:
        return _self_test()
    if options.replay:
        return _replay(options.replay, options.target[0] if options.target else "full")
    outcome = run(
        Plan(
            seed=options.seed,
            num_inputs=options.inputs,
            processes=options.processes,
            minutes=options.minutes,
            targets=tuple(options.target or TARGETS),
        )
    )
    report = render(outcome)
    print(report)
    if options.report:
        options.report.write_text(report, encoding="utf-8")
    if options.save:
        save(outcome, options.save)
    return 1 if outcome.findings else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description="Hostile inputs for everything that reads them."
    )
    parser.add_argument("--inputs", type=int, default=100_000, help="how many inputs over all targets")
    parser.add_argument("--seed", type=int, default=1, help="where all inputs come from")
    parser.add_argument("--processes", type=int, default=1, help="how many processes read them")
    parser.add_argument("--minutes", type=float, help="stop after so long, whatever is left")
    parser.add_argument("--target", action="append", choices=tuple(TARGETS), help="only this target; may be repeated")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write each finding, made small, into this folder")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report here as well")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="read one input, such as a saved finding")
    parser.add_argument("--self-test", action="store_true", help="show that seeded bugs are found")
    return parser.parse_args()


def _self_test() -> int:
    found = list(failures())
    print("\n".join(found) or "every seeded bug is found, and nothing else")
    return 1 if found else 0


def _replay(path: Path, target: str) -> int:
    with Child(Settings()) as child:
        found = signatures(child, target, path.read_bytes())
    for signature, story in found.items():
        print(f"{signature}\n{story}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
