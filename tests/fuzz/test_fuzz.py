"""Hostile inputs get typed answers and touch nothing; and the harness that says so finds what it should."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.campaign import Plan, run
from fuzz.corpus import ROOT, read_corpus
from fuzz.reduction import reduced
from fuzz.report import save
from fuzz.seeded_bugs import TRIGGER
from fuzz.targets import TARGETS
from fuzz.templates import Grammar
from fuzz.worker import draw


def _fuzz(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fuzz", *options], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.timeout(300)
def test_thousands_of_hostile_inputs_do_no_harm() -> None:
    """A slice of what `python -m fuzz` runs by the hundred thousand."""
    answer = _fuzz("--inputs", "3000", "--seed", "2026")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "3,000 inputs" in answer.stdout
    assert "Nothing was found." in answer.stdout


@pytest.mark.timeout(300)
def test_every_seeded_bug_is_found_and_nothing_else() -> None:
    answer = _fuzz("--self-test")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_finding_is_saved_small_with_its_story_and_can_be_replayed(tmp_path: Path) -> None:
    outcome = run(Plan(num_inputs=3, targets=("grammar",), bug="raises ValueError"))
    save(outcome, tmp_path)
    (program,) = tmp_path.glob("*.eigen.py")
    assert program.read_bytes() == TRIGGER
    assert "ValueError: a plain error" in program.with_name(program.name.replace(".eigen.py", ".txt")).read_text()
    assert _fuzz("--replay", str(program), "--target", "grammar").returncode == 0, "without the bug nothing is wrong"


def test_a_run_gives_the_same_with_any_number_of_processes() -> None:
    plans = [Plan(seed=3, num_inputs=600, targets=("circuits", "mutants"), processes=processes) for processes in (1, 2)]
    first, second = ({name: tally.outcomes for name, tally in run(plan).tallies.items()} for plan in plans)
    assert first == second
    assert sum(sum(outcomes.values()) for outcomes in first.values()) == 600


@pytest.mark.parametrize("target", TARGETS)
def test_an_input_depends_on_its_number_and_the_seed_only(target: str) -> None:
    corpus = read_corpus()
    drawn = [draw(target, seed=1, number=number, corpus=corpus) for number in range(20)]
    assert drawn == [draw(target, seed=1, number=number, corpus=corpus) for number in range(20)]
    assert drawn != [draw(target, seed=2, number=number, corpus=corpus) for number in range(20)]


_NUM_OUTCOMES = {"names": 7, "arguments": 9}  # few things can be wrong with a name


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_reaches_answers_and_many_refusals(target: str) -> None:
    """Inputs that all end at the first check would prove little."""
    tally = run(Plan(seed=4, num_inputs=400, targets=(target,))).tallies[target]
    assert tally.outcomes["accepted"] >= 10
    assert len(tally.outcomes) >= _NUM_OUTCOMES.get(target, 15)


@given(st.binary(max_size=60), st.binary(min_size=1, max_size=4), st.binary(max_size=60))
def test_reduction_finds_what_makes_an_input_fail(before: bytes, needle: bytes, behind: bytes) -> None:
    small = reduced(before + needle + behind, lambda content: needle in content, max_trials=5_000, max_sec=60)
    assert small == needle


@given(st.integers(0, 2**32), st.integers(0, 300))
def test_a_grammar_that_recurs_ends(seed: int, budget: int) -> None:
    grammar = Grammar({"list": ("1", "[$list, $list]")}, {"list": ("[$list", "{$list}")})
    text = grammar.draw(random.Random(seed), start="list", wildness=0.1, budget=budget)
    assert "$" not in text
    assert text.count("1") <= 2 * budget + 2


def test_blocks_of_a_grammar_are_indented() -> None:
    grammar = Grammar({"block": ("a\nb",), "loop": ("for:\n    $block\nend",)}, {})
    assert grammar.draw(random.Random(0), start="loop", wildness=0, budget=9) == "for:\n    a\n    b\nend"
