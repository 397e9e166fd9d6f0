"""Examples that act on what they measured: teleportation, a repetition code, iterative phase estimation.

Exact distributions are worked out from the compiled circuit, branch by branch; what they must be is in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import pytest

from eigen.kernel.outputs import marginal_counts
from eigen.testing.driver_conformance import assert_distribution
from eigen.verification.exact_distribution import exact_distribution

STATES = [(0.0, 0.0), (math.pi, 0.0), (1.1, 0.4), (math.pi / 2, math.pi / 2), (2.2, -2.9)]


def bloch(theta: float, phi: float) -> dict[str, float]:
    """Return the expectation of each Pauli matrix in cos(θ/2)|0⟩ + exp(iφ) sin(θ/2)|1⟩."""
    return {"X": math.sin(theta) * math.cos(phi), "Y": math.sin(theta) * math.sin(phi), "Z": math.cos(theta)}


def teleported(theta: float, phi: float, basis: str) -> dict[str, float]:
    """Return the probability of (received, parity, phase): the sender's bits are fair and independent of the state."""
    mean = bloch(theta, phi)[basis]
    received = {"0": (1 + mean) / 2, "1": (1 - mean) / 2}
    sent = ["".join(bits) for bits in product("01", repeat=2)]
    return {out + bits: chance / 4 for out, chance in received.items() for bits in sent if chance > 1e-12}


@pytest.mark.parametrize(("theta", "phi"), STATES)
@pytest.mark.parametrize("basis", ["X", "Y", "Z"])
def test_teleportation_carries_any_state_whatever_the_sender_measured(
    examples: Any, theta: float, phi: float, basis: str
) -> None:
    distribution = examples.distribution("teleportation", theta=theta, phi=phi, basis=basis)
    assert distribution == pytest.approx(teleported(theta, phi, basis), abs=1e-12)


@pytest.mark.parametrize("basis", ["X", "Y", "Z"])
def test_without_the_measured_bits_the_receiver_has_nothing(examples: Any, basis: str) -> None:
    """Corrections left out, the received bit is fair in every basis: no signal travels without the two bits."""
    compiled = examples.circuit("teleportation", theta=1.1, phi=0.4, basis=basis)
    uncorrected = replace(compiled, operations=tuple(one for one in compiled.operations if one.condition is None))
    assert len(compiled.operations) - len(uncorrected.operations) == 2
    distribution = exact_distribution(uncorrected, {"theta": 1.1, "phi": 0.4})
    received = sum(chance for bits, chance in distribution.items() if bits[0] == "1")
    assert received == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("basis", ["X", "Z"])
def test_teleportation_on_the_device_follows_its_formula(examples: Any, basis: str) -> None:
    results = examples.run("teleportation", inputs={"theta": 1.1, "phi": 0.4, "basis": basis})
    assert_distribution(results.counts, teleported(1.1, 0.4, basis), story="teleportation")
    assert results.outputs["received"]["counts"] == marginal_counts(results.counts, (2,))
    assert results.outputs["sent"]["counts"] == marginal_counts(results.counts, (0, 1))


def code_outcome(n: int, flips: Sequence[int], mean: float) -> dict[str, float]:
    """Return the distribution of (rest, logical, syndrome): only the logical bit is left to chance."""
    syndrome = "".join(str(int((i in flips) != (i + 1 in flips))) for i in reversed(range(n - 1)))
    return {"0" * (n - 1) + one + syndrome: (1 + sign * mean) / 2 for one, sign in (("0", 1), ("1", -1))}


def correctable(n: int) -> list[tuple[int, ...]]:
    return [flips for count in range(n // 2 + 1) for flips in combinations(range(n), count)]


@pytest.mark.parametrize("basis", ["X", "Z"])
@pytest.mark.parametrize(("n", "flips"), [(n, flips) for n in (3, 5) for flips in correctable(n)])
def test_the_code_undoes_every_flip_it_should(examples: Any, n: int, flips: tuple[int, ...], basis: str) -> None:
    """The syndrome is the parities of neighbours, and the state is whole: its populations (Z) and its coherence (X)."""
    distribution = examples.distribution("repetition_code", n=n, flips=list(flips), theta=1.1, basis=basis)
    assert distribution == pytest.approx(code_outcome(n, flips, bloch(1.1, 0)[basis]), abs=1e-12)


@pytest.mark.parametrize("flips", list(combinations(range(3), 2)))
def test_two_flips_on_three_qubits_become_a_logical_flip(examples: Any, flips: tuple[int, ...]) -> None:
    distribution = examples.distribution("repetition_code", n=3, flips=list(flips), theta=1.1)
    assert distribution == pytest.approx(code_outcome(3, flips, -math.cos(1.1)), abs=1e-12)


@pytest.mark.parametrize(("n", "flips"), [(3, ()), (3, (0,)), (3, (1,)), (3, (2,)), (5, (1, 4))])
def test_the_code_on_the_device_loses_nothing(examples: Any, n: int, flips: tuple[int, ...]) -> None:
    counts = examples.counts("repetition_code", inputs={"n": n, "flips": list(flips), "theta": 1.1})
    assert_distribution(counts, code_outcome(n, flips, math.cos(1.1)), story="repetition code")


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.71875, 1 / 3, -0.2])
def test_one_qubit_used_again_gives_the_answers_of_phase_estimation(examples: Any, n: int, phase: float) -> None:
    once, again = (examples.distribution(f"{kind}phase_estimation", n=n, phase=phase) for kind in ("", "iterative_"))
    keys = once.keys() | again.keys()
    assert [again.get(key, 0) for key in keys] == pytest.approx([once.get(key, 0) for key in keys], abs=1e-12)


def test_iterative_phase_estimation_has_one_counting_qubit(examples: Any) -> None:
    needs = examples.compiled("iterative_phase_estimation", n=6, phase=0.3).profile
    assert (needs.qubits, needs.clbits, needs.has_reset, needs.has_conditions) == (2, 6, True, True)


def test_iterative_phase_estimation_on_the_device_follows_its_distribution(examples: Any) -> None:
    counts = examples.counts("iterative_phase_estimation", inputs={"n": 4, "phase": 0.3})
    expected = examples.distribution("iterative_phase_estimation", n=4, phase=0.3)
    assert_distribution(counts, expected, story="iterative phase estimation")


@pytest.mark.parametrize("y", [0, 3, 10, 15])
def test_iterative_phase_estimation_reads_an_exact_phase_with_certainty(examples: Any, y: int) -> None:
    counts = examples.counts("iterative_phase_estimation", inputs={"n": 4, "phase": y / 16}, shots=200)
    assert counts == {f"{y:04b}": 200}
