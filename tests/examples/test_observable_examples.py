"""Examples with observables: hydrogen's curve and the Ising chain in mean-field theory, against their matrices."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np
import pytest

X, Z, ONE = np.array([[0.0, 1], [1, 0]]), np.diag([1.0, -1]), np.eye(2)
HYDROGEN = (
    -1.052373245772859 * np.kron(ONE, ONE)
    + 0.39793742484318045 * (np.kron(ONE, Z) - np.kron(Z, ONE))
    - 0.01128010425623538 * np.kron(Z, Z)
    + 0.18093119978423156 * np.kron(X, X)
)


def test_hydrogens_curve_is_that_of_the_matrix_and_touches_the_ground_energy(examples: Any) -> None:
    results = examples.run("hydrogen_curve")
    thetas = results.parameter_array("theta")
    states = np.array([[0, math.cos(theta / 2), math.sin(theta / 2), 0] for theta in thetas])
    expected = np.einsum("ti,ij,tj->t", states, HYDROGEN, states)
    assert results.expectation_array("energy") == pytest.approx(expected, abs=1e-9)
    assert results.expectation_array("energy").min() == pytest.approx(np.linalg.eigvalsh(HYDROGEN)[0], abs=1e-6)
    assert not results.std_error_array("energy").any()


def test_hydrogens_curve_is_measured_within_its_errors(examples: Any) -> None:
    """Five standard deviations at each of ten points."""
    exact = examples.run("hydrogen_curve").expectation_array("energy")
    sampled = examples.run("hydrogen_curve", shots=4096)
    assert (abs(sampled.expectation_array("energy") - exact) < 5 * sampled.std_error_array("energy")).all()


@pytest.mark.parametrize("theta", [0.0, 0.5, 1.1])
def test_the_ising_chain_is_that_of_mean_field_theory_and_above_the_ground_energy(examples: Any, theta: float) -> None:
    results = examples.run("ising_mean_field", inputs={"theta": theta})
    energy = results.expectation_values["energy"]
    assert energy["std_error"] <= 0.02
    assert energy["value"] == pytest.approx(-4 * math.cos(theta) ** 2 - 4 * math.sin(theta), abs=5 * 0.02)
    assert results.expectation_values["magnetization"]["value"] == pytest.approx(math.cos(theta), abs=5 * 0.02)
    assert results.metadata["estimation"]["circuits"] == 2
    assert energy["value"] > np.linalg.eigvalsh(ising(5, 0.8))[0]


def ising(n: int, field: float) -> np.ndarray:
    """The chain's matrix, shape (2^n, 2^n)."""

    def product(letters: dict[int, np.ndarray]) -> np.ndarray:
        return reduce(np.kron, [letters.get(site, ONE) for site in range(n)])

    bonds = sum(product({site: Z, site + 1: Z}) for site in range(n - 1))
    return -bonds - field * sum(product({site: X}) for site in range(n))
