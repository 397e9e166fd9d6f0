"""What a run gave, as Markdown, and its findings as files."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from fuzz.campaign import Finding, Outcome, Tally

__all__ = ["render", "save"]

_KINDS = (
    ("execution", "executions"),
    ("file", "files opened"),
    ("import", "imports"),
    ("process", "processes, sockets"),
    ("event", "other events"),
    ("unhandled", "other exceptions"),
    ("unplaced", "errors without a place"),
    ("unprintable", "unprintable messages"),
    ("untrue", "wrong answers"),
    ("escape", "files read from outside"),
    ("slow", "too slow"),
    ("memory", "too large"),
    ("hang", "hangs"),
    ("stall", "stalls"),
    ("crash", "crashes"),
)
_COLUMNS = (
    "target", "inputs", "mean size", "accepted", "refused", "reasons", "calls of Python's parser", "median", "p99.9",
    "slowest", "memory of a process",
)  # fmt: skip
_SUFFIXES = {"jobs": ".job.yaml", "circuits": ".aqo.json", "openqasm": ".qasm", "names": ".txt", "arguments": ".txt"}


def render(outcome: Outcome) -> str:
    """Return a run as Markdown."""
    return "\n".join([*_header(outcome), "", *_inputs(outcome), "", *_misdeeds(outcome), "", *_findings(outcome), ""])


def _header(outcome: Outcome) -> Iterator[str]:
    plan = outcome.plan
    total = sum(tally.count for tally in outcome.tallies.values())
    packages = ", ".join(f"{name} {version(name)}" for name in ("eigen-os", "pydantic", "pyyaml"))
    yield f"{total:,} inputs, seed {plan.seed}, {plan.processes} at a time, {outcome.seconds / 60:.1f} minutes."
    yield f"{platform.python_implementation()} {platform.python_version()}, {packages}; {platform.system()}"
    yield f"{platform.release()}, {platform.machine()}, {os.cpu_count()} cores. Times are processor time of one input."


def _inputs(outcome: Outcome) -> Iterator[str]:
    yield f"| {' | '.join(_COLUMNS)} |"
    yield "|---" * len(_COLUMNS) + "|"
    for name, tally in outcome.tallies.items():
        if tally.count:
            yield _row(name, tally)


def _row(name: str, tally: Tally) -> str:
    accepted = tally.outcomes["accepted"]
    reasons = len(set(tally.outcomes) - {"accepted", "unhandled", "hang", "stall", "crash"})
    slowest = tally.slowest[0][0] if tally.slowest else 0.0
    cells = (
        name,
        f"{tally.count:,}",
        f"{tally.num_bytes // tally.count:,} B",
        f"{accepted:,}",
        f"{tally.count - accepted:,}",
        reasons,
        f"{tally.parses:,}",
        f"{1e3 * tally.quantile_sec(0.5):.2f} ms",
        f"{1e3 * tally.quantile_sec(0.999):.1f} ms",
        f"{1e3 * slowest:.0f} ms",
        f"{tally.max_rss >> 20} MiB (at its start {tally.base_rss >> 20})",
    )
    return f"| {' | '.join(map(str, cells))} |"


def _misdeeds(outcome: Outcome) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for one in outcome.findings.values():
        counts[one.kind] += one.count
    yield "| what must not happen | inputs |"
    yield "|---|---|"
    for kind, name in _KINDS:
        yield f"| {name} | {counts[kind]} |"


def _findings(outcome: Outcome) -> Iterator[str]:
    if not outcome.findings:
        yield "Nothing was found."
        return
    yield f"Found ({len(outcome.findings)} kinds, {outcome.restarts} processes started anew):"
    yield ""
    for one in outcome.findings.values():
        shown, last = ascii(one.content[:200]), one.story.strip().splitlines()[-1]
        yield f"- {one.target} {one.number} ({one.count} inputs): {one.signature}: {last[:200]}"
        yield f"  {len(one.content)} bytes: `{shown}`"


def save(outcome: Outcome, folder: Path) -> None:
    """Write each finding's input and its story into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, one in enumerate(outcome.findings.values()):
        stem = f"{one.target}-{index:03}-{one.kind}"
        (folder / f"{stem}{_SUFFIXES.get(one.target, '.eigen.py')}").write_bytes(one.content)
        (folder / f"{stem}.txt").write_text(_story(one, outcome.plan.seed), encoding="utf-8")


def _story(finding: Finding, seed: int) -> str:
    place = f"target {finding.target}, seed {seed}, input {finding.number}; {finding.count} inputs of this run"
    return f"{finding.signature}\n{place}\n\n{finding.story}\n"
