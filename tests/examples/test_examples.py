"""The first examples, run as a user runs them, against distributions that are known in closed form."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from eigen.testing.driver_conformance import assert_distribution


def test_the_examples_page_lists_every_example(examples: Any) -> None:
    page = (examples.folder / "README.md").read_text()
    assert re.findall(r"^\| \[(\w+)\]\((\w+)/", page, re.MULTILINE) == [
        (one.name, one.name)
        for one in sorted(examples.folder.iterdir())
        if one.is_dir() and one.name != "__pycache__"  # Python's, of examples that are modules
    ]


def test_bell_gives_both_outcomes_alike(examples: Any) -> None:
    assert_distribution(examples.counts("bell"), {"00": 0.5, "11": 0.5}, story="Bell")


def test_bell_has_the_shape_of_the_seed(examples: Any) -> None:
    """Inline program, target, string option: `results.json` and the folder hold what the seed promises."""
    job = examples.client.submit(examples.job("bell"))
    results = job.results()
    assert (results.name, results.shots, results.metadata["backend"]) == ("bell", 1024, "qiskit_aer_simulator")
    assert sum(results.counts.values()) == 1024
    assert b'"op":"CX"' in job.artifact("compiled.aqo.json")
    assert job.artifact("job.yaml") == examples.job("bell").read_bytes()


@pytest.mark.parametrize("n", [2, 5, 12])
def test_ghz_is_all_or_nothing(examples: Any, n: int) -> None:
    assert_distribution(examples.counts("ghz", inputs={"n": n}), {"0" * n: 0.5, "1" * n: 0.5}, story="GHZ")


@pytest.mark.parametrize(("k", "step"), [(5, 6), (0, 15), (11, 0)])
def test_a_phase_step_between_the_transforms_adds_to_the_input(examples: Any, k: int, step: int) -> None:
    counts = examples.counts("qft", inputs={"k": k, "step": step})
    assert counts == {f"{(k + step) % 16:04b}": 512}


def test_the_transform_alone_gives_every_outcome_alike(examples: Any) -> None:
    counts = examples.counts("qft", inputs={"n": 3, "invert": False, "step": 0}, shots=8000)
    assert_distribution(counts, {f"{outcome:03b}": 1 / 8 for outcome in range(8)}, story="QFT")


@pytest.mark.parametrize("k", [0, 3, 5])
def test_the_transforms_amplitudes_are_those_of_the_formula(examples: Any, k: int) -> None:
    """The compiled circuit, multiplied out from the gate table, gives exp(2πi j k / 2^n) / √2^n for every j."""
    amplitudes = examples.state("qft", n=3, k=k, step=0, invert=False)
    expected = np.exp(2j * math.pi * np.arange(8) * k / 8) / math.sqrt(8)
    assert amplitudes == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("secret", ["1011001", "0000", "1", "110010111"])
def test_bernstein_vazirani_finds_the_secret_with_certainty(examples: Any, secret: str) -> None:
    assert examples.counts("bernstein_vazirani", inputs={"secret": secret}) == {secret: 256}


@pytest.mark.parametrize(("theta", "phi"), [(math.pi / 3, 0.5), (0.3, 1.2), (2.5, -0.7)])
def test_rotation_angles_give_the_probabilities_of_the_formula(examples: Any, theta: float, phi: float) -> None:
    one, differ = math.sin(theta / 2) ** 2, math.sin(phi) ** 2
    expected = {
        "00": (1 - one) * (1 - differ),
        "10": (1 - one) * differ,
        "11": one * (1 - differ),
        "01": one * differ,
    }
    counts = examples.counts("parameterized", inputs={"theta": theta, "phi": phi})
    assert_distribution(counts, expected, story="two rotations")


def test_parameter_values_do_not_change_the_circuit(examples: Any) -> None:
    first, second = (examples.compiled("parameterized", theta=theta) for theta in (0.1, 0.2))
    assert first.digest == second.digest
    assert (first.binding["theta"], second.binding["theta"]) == (0.1, 0.2)
