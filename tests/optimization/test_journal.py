"""The journal: whole lines, exact numbers, and a loop that goes on where they end with the same bytes (R10)."""

from __future__ import annotations

import itertools
import json
import math
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from eigen.contracts.aqo import AQO, Affine, Operation, PauliTerm
from eigen.contracts.compilation import OPTIMIZER_METHODS
from eigen.contracts.errors import InternalError, InvalidArgumentError
from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopTask
from eigen.estimation.estimates import Estimate
from eigen.optimization.circuits import LoopCircuit, loop_circuit
from eigen.optimization.evaluations import Entry, Evaluation, read_entries
from eigen.optimization.journal import Journal
from eigen.optimization.loop import minimized
from eigen.optimization.objective import Objective
from eigen.optimization.seeds import evaluation_seed, job_seed, method_seed, start_points
from eigen.optimization.sources import Source

_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(
    x=st.lists(_NUMBERS, min_size=1, max_size=4),
    gradient=st.none() | st.lists(_NUMBERS, min_size=1, max_size=4),
    value=_NUMBERS,
    seed=st.none() | st.integers(0, 2**53 - 1),
)
def test_lines_are_json_and_keep_every_bit(
    x: list[float], gradient: list[float] | None, value: float, seed: int | None
) -> None:
    evaluation = Evaluation(value, 0.25 if seed is not None else 0.0, None if gradient is None else tuple(gradient))
    entry = Entry(start=2, number=0, x=tuple(x), seed=seed, evaluation=evaluation, best=value)
    line = entry.to_line()
    assert line.count(b"\n") == 1
    assert list(json.loads(line)) == sorted(json.loads(line))
    (again,) = read_entries(line)
    assert again == entry
    assert struct.pack(f"{len(x)}d", *again.x) == struct.pack(f"{len(x)}d", *x)


def test_what_is_torn_damaged_or_out_of_order_ends_the_journal() -> None:
    lines = [
        Entry(start=0, number=number, x=(0.5,), seed=None, evaluation=Evaluation(1.0, 0.0), best=1.0).to_line()
        for number in range(4)
    ]
    whole = b"".join(lines)
    for cut in range(len(lines[0]), len(whole)):
        assert len(read_entries(whole[:cut])) == cut // len(lines[0])
    for damage in (b"\0" * 20, b"[1]\n", b"{}\n", b'{"a":' * 9000 + b"\n", lines[0], lines[3], b"\xff\n", b"1e999\n"):
        assert len(read_entries(lines[0] + lines[1] + damage + lines[2])) == 2


class Bowl(Source):
    """cos x₀ + 0.5 cos x₁ of the angles, counted; with noise that only the seed decides, where wanted."""

    def __init__(self, *, noise: float = 0.0, has_gradient: bool = True) -> None:
        self.asked = 0
        self.noise = noise
        self.has_gradient = has_gradient and not noise

    def estimates(self, points: list[NDArray[np.float64]], *, seed: int) -> list[Estimate]:  # type: ignore[override]
        self.asked += 1
        drawn = np.random.default_rng(seed).normal(size=len(points)) * self.noise
        return [
            Estimate(math.cos(x) + 0.5 * math.cos(y) + float(one), self.noise)
            for (x, y), one in zip(points, drawn, strict=True)
        ]

    def value_and_gradient(self, angles: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        x, y = angles
        return self.estimates([angles], seed=0)[0].value, np.array([-math.sin(x), -0.5 * math.sin(y)])


def _circuit() -> LoopCircuit:
    operations = tuple(Operation("RY", (qubit,), (Affine(((f"p{qubit}", 1.0),)),)) for qubit in (0, 1))
    terms = (PauliTerm("Z", (0,), 1.0), PauliTerm("Z", (1,), 0.5))
    circuit = AQO(qubits=2, clbits=0, parameters=("p0", "p1"), operations=operations, observables={"energy": terms})
    return loop_circuit(circuit, objective="energy")


def _task(method: str, *, is_sampled: bool = False, **options: object) -> LoopTask:
    values: dict[str, object] = {"initial": (2.0, -1.5), "max_evals": 60, "seed": 7, "shots": 10, **options}
    return LoopTask(objective="energy", method=method, is_sampled=is_sampled, **values)  # type: ignore[arg-type]


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _run(path: Path, task: LoopTask, source: Bowl) -> LoopOutcome:
    told: list[LoopProgress] = []
    with _opened(path) as descriptor:
        return minimized(task, Objective(_circuit(), source), Journal(descriptor), tell=told.append)


@pytest.mark.parametrize("method", OPTIMIZER_METHODS)
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_a_loop_cut_off_anywhere_ends_with_the_same_bytes_and_repeats_nothing(
    tmp_path: Path, method: str, noise: float
) -> None:
    path, task = tmp_path / "journal", _task(method, is_sampled=noise > 0, max_iters=9, max_evals=25)
    source = Bowl(noise=noise, has_gradient=method != "SLSQP")
    right = _run(path, task, source)
    whole = path.read_bytes()
    assert source.asked == right.nfev == whole.count(b"\n")
    assert json.loads(whole.splitlines()[right.evaluation])["value"] == right.fun
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    stride = 1 if method == "COBYLA" else 5  # the others have slow steps of their own
    for recorded, end in [*enumerate([0, *ends])][::stride]:
        tail = (b"", whole[end : end + 9], b"\0" * 30)[recorded % 3]
        path.write_bytes(whole[:end] + tail)
        again = Bowl(noise=noise, has_gradient=method != "SLSQP")
        assert _run(path, task, again) == right
        assert path.read_bytes() == whole
        assert again.asked == right.nfev - recorded


def test_a_journal_of_another_question_is_of_no_use(tmp_path: Path) -> None:
    path, source = tmp_path / "journal", Bowl()
    right = _run(path, _task("COBYLA"), source)
    whole = path.read_bytes()
    _run(path, _task("COBYLA", initial=(0.1, 0.2)), Bowl())
    again = Bowl()
    assert _run(path, _task("COBYLA"), again) == right
    assert (path.read_bytes(), again.asked) == (whole, right.nfev)


def test_the_best_is_kept_where_the_loop_is_ended(tmp_path: Path) -> None:
    outcome = _run(tmp_path / "journal", _task("SPSA", is_sampled=True, max_evals=21), Bowl(noise=0.3))
    entries = read_entries((tmp_path / "journal").read_bytes())
    assert (outcome.nfev, outcome.success, outcome.message) == (21, False, "21 evaluations are done")
    assert outcome.fun == min(entry.evaluation.value for entry in entries)


@pytest.mark.parametrize("method", OPTIMIZER_METHODS)
@pytest.mark.parametrize(("low", "high"), [(1.0, 2.5), (1.95, 2.0)], ids=["wide", "narrow"])
def test_bounds_hold_for_every_evaluation(tmp_path: Path, method: str, low: float, high: float) -> None:
    """Also where a parameter begins on one of them, and where they are closer than a method's first step."""
    outcome = _run(tmp_path / "journal", _task(method, bounds=((low, high), (None, -1.0)), max_evals=200), Bowl())
    for entry in read_entries((tmp_path / "journal").read_bytes()):
        assert low <= entry.x[0] <= high
        assert entry.x[1] <= -1.0
    assert outcome.success == (method != "SPSA")  # that one takes more evaluations
    assert outcome.fun == pytest.approx(math.cos(high) - 0.5, abs=2e-2 if method == "SPSA" else 1e-3)


@pytest.mark.parametrize("method", ["COBYLA", "POWELL", "L-BFGS-B"])
def test_an_objective_that_fails_ends_the_loop_with_its_error(tmp_path: Path, method: str) -> None:
    source = Bowl(noise=math.inf, has_gradient=False)
    with pytest.raises(InternalError, match="the objective has the value"):
        _run(tmp_path / "journal", _task(method), source)
    assert (tmp_path / "journal").read_bytes() == b""


@pytest.mark.filterwarnings("ignore:overflow")
def test_an_angle_beyond_every_float_is_the_callers_error_with_a_way_out() -> None:
    """As it is where no loop binds the parameters; an engine may give anything for it."""
    operation = Operation("RY", (0,), (Affine((("p", 1e200),)),))
    term = PauliTerm("Z", (0,), 1.0)
    circuit = AQO(qubits=1, clbits=0, parameters=("p",), operations=(operation,), observables={"energy": (term,)})
    objective = Objective(loop_circuit(circuit, objective="energy"), Lost())
    with pytest.raises(InvalidArgumentError) as refused:
        objective.evaluate(np.array([1e150]), seed=0, with_gradient=False)
    assert refused.value.reason == "PARAMETER_NOT_FINITE"
    assert "bounds" in refused.value.hint
    with pytest.raises(InternalError):
        objective.evaluate(np.array([1.0]), seed=0, with_gradient=False)


class Lost(Source):
    """Has no value anywhere."""

    def estimates(self, points: list[NDArray[np.float64]], *, seed: int) -> list[Estimate]:  # type: ignore[override]
        return [Estimate(math.nan, 0.0) for _ in points]


@given(seed=st.integers(0, 2**53 - 1), starts=st.integers(1, 5))
def test_seeds_and_starts_come_again_and_differ(seed: int, starts: int) -> None:
    seeds = [evaluation_seed(seed, start=start, evaluation=number) for start in range(starts) for number in range(4)]
    seeds += [method_seed(seed, start=start) for start in range(starts)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= one < 2**53 for one in [*seeds, job_seed(f"job_{seed}")])
    bounds = [(-math.inf, math.inf), (0.0, math.inf), (-math.inf, 1.0), (-0.5, 0.25), (-1e308, 1e308)]
    points = start_points([0.0] * 5, bounds=bounds, number=starts, seed=seed)
    assert points == start_points([0.0] * 5, bounds=bounds, number=starts, seed=seed)
    assert len(set(points)) == starts
    assert all(map(math.isfinite, itertools.chain(*points)))
    assert all(low <= value <= high for point in points for value, (low, high) in zip(point, bounds, strict=True))
