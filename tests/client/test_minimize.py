"""`client.minimize`: minima against exact diagonalisation, groups, resumption, and what is refused."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import anyio
import numpy as np
import pytest

import eigen
from eigen.client.minimization import Loop, Minimization
from eigen.client.packaging import Overrides
from eigen.contracts.errors import EigenError, InternalError, InvalidArgumentError, UnavailableError
from eigen.contracts.jobs import JobState
from eigen.optimization.seeds import evaluation_seed

if TYPE_CHECKING:
    from eigen.contracts.jobs import JobStatus
    from eigen.contracts.requests import SubmitJobRequest
    from eigen.ports.system_api import SystemApi

HYDROGEN = """
HYDROGEN = Observable({
    "II": -1.052373245772859, "IZ": 0.39793742484318045, "ZI": -0.39793742484318045,
    "ZZ": -0.01128010425623538, "XX": 0.18093119978423156,
})

@hybrid_program(target="sim:local")
def main(theta: Param):
    q = QubitRegister(2)
    x(q[0])
    ry(q[1], theta)
    cx(q[1], q[0])
    return {"ground": ExpectationValue("energy", HYDROGEN)}
"""

ISING = """
@hybrid_program(target="sim:local")
def main(n: int = 3, gamma: Param = 0.1, beta: Param = 0.2):
    q = QubitRegister(n)
    h(q)
    for layer in range(2):
        for a, b in zip(q, q[1:]):
            rzz(a, b, (layer + 1) * gamma)
        for one in q:
            rx(one, 2 * beta + 0.5 * gamma)
    bonds = sum([Z(a) * Z(b) for a, b in zip(q, q[1:])])
    ExpectationValue("energy", -1 * bonds - 0.7 * sum([X(one) for one in q]))
"""

COUNTED = """
@hybrid_program
def main(theta: Param):
    ry(0, theta)
    measure(0)
"""

X, Z, ONE = np.array([[0.0, 1], [1, 0]]), np.diag([1.0, -1]), np.eye(2)
HYDROGEN_MATRIX = (
    -1.052373245772859 * np.eye(4)
    + 0.39793742484318045 * (np.kron(ONE, Z) - np.kron(Z, ONE))
    - 0.01128010425623538 * np.kron(Z, Z)
    + 0.18093119978423156 * np.kron(X, X)
)
GROUND = float(np.linalg.eigvalsh(HYDROGEN_MATRIX)[0])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[eigen.Client]:
    """One whole system for the tests that run on Aer; their loops share nothing but its warm workers."""
    with eigen.Client(tmp_path_factory.mktemp("minimize") / "eigen") as opened:
        yield opened


def ising_energy(gamma: float, beta: float) -> float:
    """The energy that `ISING` prepares, from matrices of shape (8, 8)."""

    def on(letters: dict[int, np.ndarray]) -> np.ndarray:
        return reduce(np.kron, [letters.get(site, ONE) for site in (2, 1, 0)])

    bonds = sum(on({site: Z, site + 1: Z}) for site in range(2))
    spins = sum(on({site: X}) for site in range(3))
    state = np.full(8, 8**-0.5, dtype=complex)
    energies, vectors = np.linalg.eigh(spins)
    for layer in range(2):
        state = np.exp(-0.5j * (layer + 1) * gamma * np.diag(bonds)) * state
        turned = np.exp(-0.5j * (2 * beta + 0.5 * gamma) * energies) * (vectors.T @ state)
        state = vectors @ turned
    return float((state.conj() @ (-bonds - 0.7 * spins) @ state).real)


@pytest.mark.parametrize(
    ("method", "options", "error"),
    [
        ("COBYLA", {}, 1e-6),
        ("Nelder-Mead", {"tol": 1e-4}, 1e-6),
        ("COBYQA", {}, 1e-8),
        ("powell", {}, 1e-8),
        ("L-BFGS-B", {}, 1e-9),
        ("SLSQP", {}, 1e-6),
        ("SPSA", {"max_iters": 20}, 1e-2),
        ("ADAM", {"max_iters": 40}, 1e-2),
    ],
    ids=lambda value: str(value),
)
def test_every_method_comes_to_the_ground_energy_of_hydrogen(client, method, options, error):
    found = client.minimize(HYDROGEN, "energy", [0.2], method=method, seed=7, **options)
    assert found.fun == pytest.approx(GROUND, abs=error)
    assert found.method == method.upper()
    assert (found.nfev, len(found.job_ids)) == (len(found.history), len(set(found.job_ids)))
    assert found.fun in {one.value for one in found.history if one.x == found.x}


def test_the_minimum_over_several_parameters_is_that_of_the_matrix(client):
    """Parameters stand in many gates, in sums and with factors: gradients are exact all the same."""
    grid = [(g, b) for g in np.linspace(-1.5, 0.5, 21) for b in np.linspace(-1, 1, 21)]
    start = min(grid, key=lambda one: ising_energy(*one))
    found = client.minimize(ISING, "energy", start, method="L-BFGS-B")
    assert found.success
    assert found.nfev < 25
    for one in found.history:
        assert one.value == pytest.approx(ising_energy(**one.x), abs=1e-9)
    around = [
        ising_energy(found.x["gamma"] + dg, found.x["beta"] + db) for dg in (-1e-3, 0, 1e-3) for db in (-1e-3, 0, 1e-3)
    ]
    assert found.fun == pytest.approx(min(around), abs=1e-9)


def test_parameters_are_varied_by_name_or_place_and_others_stay(client):
    by_name = client.minimize(ISING, "energy", {"beta": np.float64(0.3)}, max_evals=3, seed=1)
    by_place = client.minimize(ISING, "energy", [0.3], inputs={"gamma": 0.1}, max_evals=3, seed=1)
    assert [one.x for one in by_name.history] == [one.x for one in by_place.history]
    assert [one.value for one in by_name.history] == [one.value for one in by_place.history]
    assert by_name.history[0].value == pytest.approx(ising_energy(0.1, 0.3), abs=1e-9)
    for bounds in ({"gamma": (-0.5, None)}, np.array([[-0.5, 1.0], [-2.0, 2.0]])):
        inside = client.minimize(ISING, "energy", [-0.4, 0.3], bounds=bounds, max_evals=15)
        assert all(one.x["gamma"] >= -0.5 for one in inside.history)


def test_a_sampled_loop_is_the_same_with_the_same_seed_and_each_job_has_a_seed_of_its_own(client):
    runs = [client.minimize(HYDROGEN, "ground", [0.2], shots=400, seed=seed, max_evals=6) for seed in (3, 3, 4)]
    first, again, other = [[(one.x, one.value) for one in run.history] for run in runs]
    assert first == again != other
    for one in runs[0].history:
        job = client.job(one.job_id)
        assert job.status().seed == evaluation_seed(3, start=0, evaluation=one.index)
        energy = job.results().expectation_values["energy"]
        theta = one.x["theta"]
        state = np.array([0, math.cos(theta / 2), math.sin(theta / 2), 0])
        assert energy["value"] == pytest.approx(state @ HYDROGEN_MATRIX @ state, abs=5 * energy["std_error"])


def test_a_sampled_gradient_comes_down_to_the_ground_energy(client):
    found = client.minimize(HYDROGEN, "ground", [0.8], method="ADAM", shots=2000, seed=5, max_iters=30)
    exact = client.submit(HYDROGEN, inputs=found.x).results().expectation_values["energy"]["value"]
    assert exact == pytest.approx(GROUND, abs=0.02)


def test_a_function_of_counts_is_minimised(client):
    """P(1) = sin²(θ/2) is least at 0; nothing of the caller's runs on the event loop."""
    threads = {client.start(this_thread).result()}

    def share(results: eigen.JobResults) -> float:
        threads.add(threading.get_ident())
        return results.probabilities.get("1", 0.0)

    found = client.minimize(COUNTED, share, [0.9], shots=4000, seed=2)
    assert len(threads) == 2
    assert abs(found.x["theta"]) < 0.15
    assert found.fun < 0.01


async def this_thread(client: eigen.AsyncClient) -> int:
    return threading.get_ident()


def test_a_loop_compiles_nothing_anew(client):
    """Its program was compiled before its first job; a job's spans have each pass of the compiler that ran for it."""
    found = client.minimize(HYDROGEN.replace("theta", "angle"), "energy", [0.2], max_evals=5)
    for job_id in found.job_ids:
        spans = [span["name"] for event in client.job(job_id).events() for span in event.facts.get("spans", ())]
        assert "compiler.compile" in spans
        assert not [name for name in spans if name in {"compiler.parse", "compiler.check", "compiler.lower"}]


def test_a_resumed_loop_reads_what_is_there_and_is_the_uninterrupted_one(client):
    whole = client.minimize(
        HYDROGEN, "energy", {"theta": 0.2}, shots=200, seed=9, method="SPSA", max_iters=4, max_evals=12
    )
    begun = client.minimize(
        HYDROGEN, "energy", {"theta": 0.2}, shots=200, seed=9, method="SPSA", max_iters=4, max_evals=5
    )
    told = []
    gone_on = client.minimize(
        HYDROGEN, "energy", {"theta": 0.2}, shots=200, method="SPSA", max_iters=4, max_evals=12,
        resume=begun.group, callback=told.append,
    )  # fmt: skip
    assert (gone_on.x, gone_on.fun, gone_on.seed) == (whole.x, whole.fun, 9)
    assert [(one.x, one.value) for one in gone_on.history] == [(one.x, one.value) for one in whole.history]
    assert gone_on.job_ids[:5] == begun.job_ids
    assert [one.replayed for one in told] == [True] * 5 + [False] * 7
    kept = client.jobs(group=begun.group)
    assert tuple(job.job_id for job in kept) == gone_on.job_ids[::-1]
    assert {(job.group, job.state) for job in kept} == {(begun.group, JobState.DONE)}


def test_a_callback_ends_a_loop_at_its_best_value(client):
    def enough(one: eigen.Evaluation) -> None:
        if one.index == 3:
            raise StopIteration

    found = client.minimize(HYDROGEN, "energy", [0.2], callback=enough)
    assert (found.nfev, found.success) == (4, False)
    assert found.fun == min(one.value for one in found.history)


def test_a_qiskit_circuit_is_minimised_by_its_own_parameters(client):
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    angle = Parameter("θ")
    circuit = QuantumCircuit(1, 1)
    circuit.ry(angle, 0)
    circuit.measure(0, 0)
    found = client.minimize(circuit, lambda results: results.counts.get("0", 0), {angle: 2.5}, max_evals=4, seed=1)
    (name,) = found.x
    assert (
        found.history[0].value
        == client.submit(circuit, inputs={name: 2.5}, seed=found_seed(client, found)).results().counts["0"]
    )


def found_seed(client: eigen.Client, found: eigen.Minimum) -> int:
    seed = client.job(found.job_ids[0]).status().seed
    assert seed is not None
    return seed


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"method": "NEWTON"}, "UNKNOWN_METHOD"),
        ({"method": 5}, "ARGUMENT_TYPE"),
        ({"objective": "enrgy"}, "UNKNOWN_OBJECTIVE"),
        ({"objective": 5}, "ARGUMENT_TYPE"),
        ({"x0": [0.1, 0.2]}, "LOOP_START"),
        ({"x0": {"phi": 0.1}}, "EL0319"),
        ({"x0": {"theta": "much"}}, "EL0320"),
        ({"x0": ["much"]}, "LOOP_START"),
        ({"bounds": {"phi": (0, 1)}}, "LOOP_START"),
        ({"x0": 0.1}, "LOOP_START"),
        ({"x0": [], "inputs": {"theta": 0.1}}, "NOTHING_TO_VARY"),
        ({"bounds": [(0.5, 1.0)]}, "LOOP_START"),
        ({"bounds": [(1.0, -1.0)]}, "LOOP_START"),
        ({"bounds": {"theta": 3}}, "LOOP_START"),
        ({"max_evals": 0}, "LOOP_LIMIT"),
        ({"tol": math.nan}, "LOOP_LIMIT"),
        ({"group": "a", "resume": "b"}, "LOOP_GROUP"),
        ({"group": "no group"}, "JOBSPEC_VALUE"),
        ({"resume": "nowhere"}, "GROUP_NOT_FOUND"),
        ({"objective": len, "method": "ADAM"}, "NO_GRADIENT"),
        ({"job": "@hybrid_program\ndef main():\n    hh(0)\n"}, "EL0202"),
    ],
    ids=str,
)  # fmt: skip
def test_a_loop_that_cannot_be_is_refused_before_any_job_with_a_way_out(client, options, reason):
    known = client.jobs(limit=1000)
    with pytest.raises(EigenError) as refused:
        client.minimize(**{"job": HYDROGEN, "objective": "energy", "x0": [0.1], **options})
    assert (refused.value.reason, bool(refused.value.hint or refused.value.diagnostics)) == (reason, True)
    assert client.jobs(limit=1000) == known


def test_a_group_goes_on_as_the_loop_that_it_is_or_not_at_all(client):
    client.minimize(HYDROGEN, "energy", [0.2], group="mine", max_evals=2, seed=1)
    client.submit(HYDROGEN, inputs={"theta": 0.1}, group="plain").wait()
    same = {"job": HYDROGEN, "objective": "energy", "x0": [0.2], "resume": "mine", "max_evals": 3}
    for changed, told in (
        ({"x0": [0.3]}, 'x0 was {"theta": 0.2} and is {"theta": 0.3}'),
        ({"method": "POWELL"}, 'method was "COBYLA" and is "POWELL"'),
        ({"shots": 100}, "shots was null and is 100"),
        ({"seed": 2}, "seed was 1 and is 2"),
        ({"job": HYDROGEN + "# changed\n"}, "program was"),
        ({"objective": "ground"}, "objective was"),
    ):
        with pytest.raises(EigenError, match="begun with other settings") as refused:
            client.minimize(**{**same, **changed})
        assert (refused.value.reason, told in refused.value.message) == ("GROUP_SETTINGS", True)
    for options, reason in (
        ({"resume": "plain"}, "GROUP_NO_LOOP"),
        ({"resume": None, "group": "mine"}, "GROUP_EXISTS"),
    ):
        with pytest.raises(EigenError) as refused:
            client.minimize(**{**same, **options})
        assert refused.value.reason == reason
    assert client.minimize(**same).nfev == 3


def test_a_failed_evaluation_ends_the_loop_with_its_own_error_and_is_tried_again_on_resuming(
    eigen_client, eigen_driver
):
    def minimize(**options):
        return eigen_client.minimize(
            COUNTED,
            lambda results: results.counts.get("1", 0),
            [0.9],
            target="scripted:device",
            seed=1,
            max_evals=3,
            **options,
        )

    eigen_driver.fail(InternalError("the cryostat is warm", reason="WARM"))
    with pytest.raises(InternalError) as failed:
        minimize(group="tried", callback=lambda one: None)
    assert failed.value.reason == "WARM"
    found = minimize(resume="tried")
    assert found.nfev == 3
    states = [job.state for job in eigen_client.jobs(group="tried")]
    assert sorted(states) == [JobState.DONE] * 3 + [JobState.ERROR]


@pytest.mark.parametrize("value", [math.nan, 10**400, "much", None], ids=["nan", "huge", "text", "none"])
def test_an_objective_or_a_start_that_is_no_finite_number_is_the_callers_error(eigen_client, value):
    with pytest.raises(InvalidArgumentError) as refused:
        eigen_client.minimize(COUNTED, lambda results: value, [0.9], target="scripted:device", method="COBYQA")
    assert refused.value.reason == "OBJECTIVE_VALUE"
    with pytest.raises(InvalidArgumentError) as refused:
        eigen_client.minimize(COUNTED, lambda results: 1.0, [value], target="scripted:device")
    assert refused.value.reason == "LOOP_START"


def test_what_a_callers_function_raises_reaches_the_caller_with_a_note(eigen_client):
    values = [0.3]
    with pytest.raises(IndexError) as raised:
        eigen_client.minimize(COUNTED, lambda results: values.pop(), [0.9], target="scripted:device", group="odd")
    assert raised.value.__notes__ == [
        "stopped after 1 evaluations; the same call with resume='odd' goes on behind them"
    ]


async def test_a_cancelled_loop_cancels_its_job_and_leaves_the_group_to_go_on_with(tmp_path, eigen_driver):
    async with eigen.AsyncClient(tmp_path / "root", drivers={"scripted": eigen_driver}) as client:
        loop = {"job": COUNTED, "objective": lambda results: results.counts.get("1", 0), "x0": [0.9], "seed": 1}
        loop |= {"target": "scripted:device", "max_evals": 4}
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                eigen_driver.hold()

                async def cancel() -> None:
                    await eigen_driver.started()
                    scope.cancel()

                tasks.start_soon(cancel)
                await client.minimize(**loop, group="held")
        assert scope.cancelled_caught
        assert [job.state for job in await client.jobs(group="held")] == [JobState.CANCELLED]
        assert (eigen_driver.running, eigen_driver.cancelled) == (0, 1)
        eigen_driver.release()
        gone_on, whole = await client.minimize(**loop, resume="held"), await client.minimize(**loop)
        assert (gone_on.x, gone_on.fun, gone_on.nfev) == (whole.x, whole.fun, whole.nfev)
        assert len(await client.jobs(group="held")) == 5


class LosesAnswers:
    """A System API that carries the next submission out, and then cannot be reached."""

    def __init__(self, api: SystemApi, *, behind: int) -> None:
        self._api = api
        self._left = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def submit_job(self, request: SubmitJobRequest) -> JobStatus:
        status = await self._api.submit_job(request)
        self._left -= 1
        if self._left == 0:
            raise UnavailableError("the line is dead", reason="LINE_DEAD")
        return status


async def test_an_evaluation_whose_answer_was_lost_is_asked_again_and_makes_no_second_job(tmp_path, eigen_driver):
    async with eigen.AsyncClient(tmp_path / "root", drivers={"scripted": eigen_driver}) as client:
        options = {"method": "COBYLA", "bounds": None, "tol": None, "max_iters": None, "max_evals": 5, "program": None}
        loop = Loop(
            job=COUNTED, objective=lambda results: results.counts.get("1", 0), x0=[0.9], resume=None, callback=None,
            overrides=Overrides(target="scripted:device", group="lost"), **options,
        )  # fmt: skip
        with pytest.raises(UnavailableError, match="the line is dead"):
            await Minimization(LosesAnswers(client.system.api, behind=3), loop).run()  # type: ignore[arg-type]
        found = await Minimization(client.system.api, replace(loop, resume="lost")).run()
        assert [job.job_id for job in await client.jobs()] == list(found.job_ids[::-1])


def share_of_ones(results: eigen.JobResults) -> float:
    return results.probabilities.get("1", 0.0)


async def test_one_loop_that_runs_twice_at_once_shares_its_jobs(tmp_path, eigen_driver):
    async with eigen.AsyncClient(tmp_path / "root", drivers={"scripted": eigen_driver}) as client:
        found: list[eigen.Minimum] = []

        async def minimize(**options: Any) -> None:
            loop = client.minimize(COUNTED, share_of_ones, [0.9], target="scripted:device", seed=1, **options)
            found.append(await loop)

        await minimize(group="both", max_evals=1)
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(partial(minimize, resume="both", max_evals=6))
        assert found[1].job_ids == found[2].job_ids
        assert len(await client.jobs()) == 6


@pytest.mark.parametrize("is_native", [False, True], ids=["anyio", "asyncio"])
async def test_a_loop_that_is_cancelled_between_two_evaluations_ends_at_once(tmp_path, eigen_driver, is_native):
    """No call of the optimizer's thread is under way then that could be cancelled."""
    cancelled = []

    async def minimize(client: eigen.AsyncClient, cancel: Callable[[], object]) -> None:
        def stop(one: eigen.Evaluation) -> None:
            if one.index == 2:
                anyio.from_thread.run_sync(cancel)

        try:
            await client.minimize(
                COUNTED, lambda results: results.counts.get("1", 0), [0.9], target="scripted:device", callback=stop
            )
        except anyio.get_cancelled_exc_class() as error:
            cancelled.extend(error.__notes__)
            raise

    async with eigen.AsyncClient(tmp_path / "root", drivers={"scripted": eigen_driver}) as client:
        if is_native:
            task = asyncio.ensure_future(minimize(client, lambda: task.cancel()))
            await asyncio.wait([task])
        else:
            with anyio.CancelScope() as scope:
                await minimize(client, scope.cancel)
        assert len(await client.jobs()) == 3
    assert len(cancelled) == 1
    assert cancelled[0].startswith("stopped after 3 evaluations; the same call with resume=")
