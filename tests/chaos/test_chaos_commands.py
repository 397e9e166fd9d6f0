"""A slice of every proof of reliability, by its own command; the long runs are made by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(600)


def chaos(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaos", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )


SLICES = {
    "kills at any step of a life and of recoveries": ("crash", "--points", "20"),
    "power cuts at any moment": ("power", "--cuts", "32"),
    "calls that fail once": ("faults", "--stride", "29", "--scenario", "one circuit", "--fault", "no space, once"),
    "cancels on a full disk": (
        "faults", "--stride", "9", "--scenario", "cancelled while running", "--fault", "no space for a cancel",
    ),
    "calls that fail from then on": (
        "faults", "--stride", "29", "--scenario", "one circuit", "--fault", "input/output error, from then on",
    ),
    "loops that are killed at writes of their journals": ("loops", "--stride", "80", "--instants", "1"),
    "many writers, some killed": ("crowd", "--trial", "writers", "--writers", "6", "--jobs", "4", "--kills", "4"),
    "heirs who start at once": ("crowd", "--trial", "heirs", "--rounds", "1"),
    "owners who are stopped, or taken for dead": (
        "crowd", "--trial", "stopped owner", "--trial", "stale owner", "--rounds", "1",
    ),
    "workers who are killed": ("crowd", "--trial", "workers", "--rounds", "2"),
    "random walks against a model": ("walk", "--walks", "8", "--steps", "15", "--repeatable"),
    "long simulations that are stopped": ("stops", "--qubits", "18", "--rounds", "1", "--limit-sec", "30"),
    "a minute's endurance, shortened": ("soak", "--minutes", "0.05", "--every-sec", "1", "--clients", "3"),
}  # fmt: skip


@pytest.mark.parametrize("words", SLICES.values(), ids=SLICES.keys())
def test_every_promise_is_kept_through(words: tuple[str, ...]) -> None:
    answer = chaos(*words)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "No promise was broken." in answer.stdout


BUGS = {
    "in loops": ("loops:repeats evaluations",),
    "in kills": ("crash:acknowledges before the commit", "crash:forgets keys", "crash:forgets events"),
    "in cancels": ("crash:answers cancels too early",),
    "in kept points": ("crash:forgets points",),
    "in artifacts": ("crash:writes results in place", "power:skips syncs", "power:does not wait for commits"),
    "in answers and owners": (
        "faults:takes a failed write for done", "faults:answers cancels that found no room",
        "stopped owner:adopts from the living",
    ),
}  # fmt: skip
"""Those that are found within seconds; `python -m chaos self-test` has more."""


@pytest.mark.parametrize("bugs", BUGS.values(), ids=BUGS.keys())
def test_seeded_bugs_are_found_as_what_they_are(bugs: tuple[str, ...]) -> None:
    answer = chaos("self-test", *(word for bug in bugs for word in ("--bug", bug)))
    assert answer.returncode == 0, answer.stdout + answer.stderr
