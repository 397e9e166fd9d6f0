"""`minimize` runs in the kernel as one job: right answers by every method, on every path, and nothing lost on the way.

The oracle is the lowest eigenvalue of the matrix of the observable, by NumPy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from eigen.client.sync import Client, Job
from eigen.contracts.compilation import OPTIMIZER_METHODS
from eigen.contracts.errors import EigenError, InvalidArgumentError, OperationCancelledError, ResourceExhaustedError
from eigen.contracts.jobspec import JobMetadata, JobSpec, JobSpecBody

_TERMS = {
    "II": -1.052373245772859,
    "IZ": 0.39793742484318045,
    "ZI": -0.39793742484318045,
    "ZZ": -0.01128010425623538,
    "XX": 0.18093119978423156,
}
_PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Z": np.diag([1, -1]),
}
_GROUND = float(np.linalg.eigvalsh(sum(c * np.kron(_PAULIS[a], _PAULIS[b]) for (a, b), c in _TERMS.items()))[0])

_HYDROGEN = """\
H = Observable(%r)


@hybrid_program
def main(theta: Param = 0.0):
    x(0)
    ry(1, theta)
    cx(1, 0)
    measure(0)
    spin = ExpectationValue("spin", Z(0) * Z(1))
    found = minimize(ExpectationValue("energy", H), %s)
    return {"energy": found.fun, "found": found, "spin": spin}
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Client(tmp_path_factory.mktemp("loops") / "eigen") as opened:
        yield opened


def _hydrogen(arguments: str) -> str:
    return _HYDROGEN % (_TERMS, arguments)


def _submitted(client: Client, arguments: str, **options: Any) -> Job:
    body = JobSpecBody(program=_hydrogen(arguments), target="sim:local", **options)
    return client.submit(JobSpec(metadata=JobMetadata(name="hydrogen"), spec=body))


def _entries(job: Job) -> list[dict[str, Any]]:
    return [json.loads(line) for line in job.artifact("iterations.jsonl").splitlines()]


@pytest.mark.parametrize("method", OPTIMIZER_METHODS)
def test_every_method_finds_the_ground_state_and_leaves_its_journal(client: Client, method: str) -> None:
    job = _submitted(client, f"[0.3], method={method!r}, seed=3")
    results = job.results()
    found = results.optimizer
    assert found["fun"] == pytest.approx(_GROUND, abs=1e-6)
    assert found["method"] == method
    assert found["success"]
    entries = _entries(job)
    assert len(entries) == found["nfev"]
    assert [entry["evaluation"] for entry in entries] == list(range(len(entries)))
    last = entries[found["evaluation"]]
    assert (last["value"], last["x"]) == (found["fun"], [found["x"]["theta"]])
    assert [entry["best"] for entry in entries] == list(np.minimum.accumulate([entry["value"] for entry in entries]))
    assert found["history"] == [[entry["evaluation"], entry["value"]] for entry in entries][:1000]
    assert results.outputs["energy"] == found["fun"]
    assert results.expectation_values["energy"]["value"] == pytest.approx(found["fun"], abs=1e-12)
    assert results.provenance["binding"] == found["x"]
    assert sum(results.counts.values()) == 1024


def test_a_device_that_runs_no_loops_executes_each_value_and_finds_the_same(client: Client) -> None:
    mixed = {"driver_options": {"method": "density_matrix"}}
    for arguments in ("[0.3]", "[0.3], method='L-BFGS-B', seed=1"):
        here, there = _submitted(client, arguments), _submitted(client, arguments, **mixed)
        found = [job.results().optimizer for job in (here, there)]
        assert [one["fun"] for one in found] == pytest.approx([_GROUND, _GROUND], abs=1e-7)
        assert found[0]["nfev"] == found[1]["nfev"]
        assert len(_entries(there)) == found[1]["nfev"]


@pytest.mark.parametrize("options", [{}, {"driver_options": {"method": "density_matrix"}}])
def test_sampled_values_have_seeds_of_their_own_and_come_again(client: Client, options: dict[str, Any]) -> None:
    arguments = "[0.3], method='SPSA', max_iters=6, bounds=[(-1.0, 1.0)]"
    jobs = [_submitted(client, arguments, shots=2000, seed=11, **options) for _ in range(2)]
    first, second = (job.artifact("iterations.jsonl") for job in jobs if job.results())
    assert first == second
    entries = [json.loads(line) for line in first.splitlines()]
    assert len({entry["seed"] for entry in entries}) == len(entries)
    for entry in entries:
        (theta,) = entry["x"]
        assert -1.0 <= theta <= 1.0
        exact = _energy(theta)
        assert abs(entry["value"] - exact) < 5 * entry["std_error"]
    assert jobs[0].results().optimizer["fun"] == jobs[1].results().optimizer["fun"]


def _energy(theta: float) -> float:
    cos, sin = np.cos(theta / 2), np.sin(theta / 2)
    state = np.array([0.0, cos, sin, 0.0])  # ⟨qubit 1, qubit 0|
    matrix = sum(c * np.kron(_PAULIS[a], _PAULIS[b]) for (a, b), c in _TERMS.items())
    return float(state @ matrix @ state)


def test_starts_run_side_by_side_and_the_best_is_the_result(client: Client) -> None:
    jobs = [_submitted(client, "[2.9], method='COBYLA', restarts=4, max_evals=12, seed=5") for _ in range(2)]
    first, second = (job.artifact("iterations.jsonl") for job in jobs if job.results())
    assert first == second
    entries = [json.loads(line) for line in first.splitlines()]
    starts = [entry["start"] for entry in entries]
    assert starts == sorted(starts)
    assert set(starts) == {0, 1, 2, 3}
    found = jobs[0].results().optimizer
    assert found["nfev"] == len(entries)
    assert len(found["starts"]) == 4
    assert found["fun"] == min(one["fun"] for one in found["starts"])
    assert entries[0]["x"] == [2.9]


def test_a_loop_that_is_stopped_keeps_its_best(client: Client) -> None:
    job = _submitted(client, "[0.3], method='SPSA', max_iters=40000", shots=100)
    for update in job.updates():
        if update.evaluations is not None:
            assert update.best is not None
            job.cancel()
    with pytest.raises(OperationCancelledError):
        job.results()
    entries = _entries(job)
    partial = json.loads(job.artifact("results.partial.json"))
    kept = partial["optimizer"]
    assert partial["state"] == "CANCELLED"
    assert kept["nfev"] == len(entries) > 0
    assert kept["fun"] == min(entry["value"] for entry in entries)
    assert kept["success"] is False


def test_evaluations_end_where_they_are_to_end(client: Client) -> None:
    found = _submitted(client, "[0.3], method='ADAM', max_evals=7").results().optimizer
    assert (found["nfev"], found["success"], found["message"]) == (7, False, "7 evaluations are done")


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "reason"),
    [
        ("[0.3]", {"sweep": {"theta": [0.1]}}, InvalidArgumentError, "LOOP_SWEEP"),
        ("[0.3], bounds=[(1, 2)]", {}, InvalidArgumentError, "LOOP_START"),
        ("[0.3], bounds=[(0, 2)]", {"inputs": {"theta": -1}}, InvalidArgumentError, "LOOP_START"),
    ],
)
def test_a_loop_that_cannot_be_run_is_refused(
    client: Client, arguments: str, options: dict[str, Any], kind: type[EigenError], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        _submitted(client, arguments, **options).results()
    assert caught.value.reason == reason


def test_a_journal_beyond_all_measure_is_refused(client: Client) -> None:
    head = "@hybrid_program\ndef main():\n    t = ParamVector('t', 100, 0.0)\n    for a in t:\n        ry(0, a)\n"
    loop = "    minimize(ExpectationValue(Z(0)), [0.0] * 100, max_evals=100000, restarts=2)\n"
    with pytest.raises(ResourceExhaustedError) as caught:
        client.submit(head + loop).results()
    assert caught.value.reason == "LOOP_TOO_LARGE"


def test_a_constant_needs_no_device(client: Client) -> None:
    loop = "return minimize(ExpectationValue(Observable('2.5 I')), [0.3])"
    for shots in (None, 10):
        job = client.submit(f"@hybrid_program\ndef main(a: Param = 0.1):\n    ry(0, a)\n    {loop}\n", shots=shots)
        assert job.results().optimizer["fun"] == 2.5
