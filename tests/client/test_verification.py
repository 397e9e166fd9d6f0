"""`job.verify()`: a job's counts against the exact distribution of its stored circuit."""

from __future__ import annotations

import pytest

from eigen.contracts.errors import FailedPreconditionError, ResourceExhaustedError

BELL = "@hybrid_program(shots=100)\ndef main():\n    h(0)\n    cx(0, 1)\n"
TURN = "@hybrid_program(shots=500)\ndef main(theta: Param = 0.4):\n    ry(0, theta)\n"
WIDE = "@hybrid_program(shots=10)\ndef main():\n    h(QubitRegister(15))\n"
UNMEASURED = '@hybrid_program()\ndef main():\n    h(0)\n    return {"x": ExpectationValue(X(0))}\n'


def done(client, source: str, **options):
    job = client.submit(source, target="scripted:device", **options)
    job.results()
    return job


def test_right_counts_are_likely(eigen_client) -> None:
    assert done(eigen_client, BELL).verify().p_value > 0.5


def test_wrong_counts_are_not(eigen_client, eigen_driver) -> None:
    eigen_driver.answer({"00": 90, "11": 10})
    assert done(eigen_client, BELL).verify().p_value < 1e-9
    eigen_driver.answer({"00": 50, "01": 50})
    (point,) = done(eigen_client, BELL).verify().points
    assert point.impossible == ("01",)


def test_every_point_of_a_sweep_is_verified_with_its_own_values(eigen_client, eigen_driver) -> None:
    angles = [0.0, 1.0, 3.0]
    assert done(eigen_client, TURN, sweep={"theta": angles}).verify().p_value > 0.5
    eigen_driver.answer({"0": 400, "1": 100})
    verified = done(eigen_client, TURN, sweep={"theta": angles}).verify()
    assert [one.p_value > 1e-3 for one in verified.points] == [False, True, False]  # P(1) is 0, 0.23 and 0.995


def test_inputs_of_parameters_are_those_of_the_run(eigen_client) -> None:
    assert done(eigen_client, TURN, inputs={"theta": 2.0}).verify().p_value > 0.5


def test_what_cannot_be_verified_is_told(eigen_client, eigen_driver) -> None:
    with pytest.raises(FailedPreconditionError, match="no counts"):
        done(eigen_client, UNMEASURED, estimation="sampled").verify()
    eigen_driver.answer({"0" * 15: 10})
    with pytest.raises(ResourceExhaustedError, match="too large"):
        done(eigen_client, WIDE).verify()
