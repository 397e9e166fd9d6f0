"""Expectation values through a whole kernel on the scripted driver, whose counts are as exact as whole numbers are."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from eigen.contracts.canonical import canonical_json
from eigen.contracts.jobs import JobState
from eigen.contracts.results import JobResults
from tests.kernel.kernel_house import House, bell, house

RY = {"op": "RY", "q": [0], "params": {"theta": "theta"}}
CX = {"op": "CX", "q": [0, 1]}
LOOK = {"op": "MEASURE", "q": [0, 1], "c": [0, 1]}
ENERGY = {"energy": [["ZZ", [0, 1], 0.5], ["X", [0], 0.25], ["Z", [1], -1.0], ["", [], 3.0]]}


def aqo(*operations: dict[str, Any], observables: dict[str, Any] = ENERGY, clbits: int = 0) -> bytes:
    document = {"version": "0.1", "qubits": 2, "operations": list(operations), "observables": observables}
    return canonical_json({**document, "clbits": clbits} if clbits else document)


async def results_of(running: House, content: bytes, **body: Any) -> JobResults:
    record = await running.kernel.enqueue(bell(content=content, **body))
    record = await running.end(record.job_id)
    assert record.state is JobState.DONE, record.error
    return await running.kernel.results(record.job_id)


async def test_shots_are_shared_by_the_groups_and_give_the_value(tmp_path: Path) -> None:
    """|ψ⟩ = cos(θ/2)|00⟩ + sin(θ/2)|11⟩: ⟨ZZ⟩ = 1, ⟨X₀⟩ = 0, ⟨Z₁⟩ = cos θ."""
    async with house(tmp_path) as running:
        results = await results_of(running, aqo(RY, CX), shots=2000, inputs={"theta": math.pi / 3})
        requests = running.driver.requests
    assert results.expectation_values["energy"]["value"] == pytest.approx(0.5 - 0.5 + 3, abs=0.002)
    assert 0 < results.expectation_values["energy"]["std_error"] < 0.05
    assert results.counts == {}
    assert results.shots == sum(one.options.shots for one in requests) == 2000
    assert [one.options.shots for one in requests] == [1714, 286]
    assert len({one.options.seed for one in requests}) == 2
    assert results.metadata["estimation"] == {
        "kind": "sampled",
        "reason": "shots are named",
        "circuits": 2,
        "shots": 2000,
    }


async def test_a_precision_of_the_job_bounds_every_observable(tmp_path: Path) -> None:
    """With coefficients of the sums 1.75 and 4, (1.75/p)² shots and (4/p)² are enough in any state."""
    observables = {**ENERGY, "spin": [["Y", [1], 4.0]]}
    async with house(tmp_path) as running:
        results = await results_of(running, aqo(RY, CX, observables=observables), precision=0.1, inputs={"theta": 1})
        circuits = [one.options.shots for one in running.driver.requests]
    assert results.metadata["estimation"]["reason"] == "a precision is named"
    assert max(one["std_error"] for one in results.expectation_values.values()) == pytest.approx(0.1, rel=0.001)
    assert sum(circuits) == results.shots
    assert max(circuits) == 1600


async def test_counts_come_from_the_measured_circuit_and_values_from_the_state_before(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        results = await results_of(running, aqo(RY, CX, LOOK), shots=1000, inputs={"theta": math.pi / 2})
    assert results.counts == {"00": 500, "11": 500}
    assert results.shots == 1000
    assert results.expectation_values["energy"]["value"] == pytest.approx(3.5, abs=0.01)


async def test_the_raw_counts_of_each_group_are_kept(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        results = await results_of(running, aqo(RY, CX), shots=100, inputs={"theta": 0.0})
        measurements = json.loads(await running.artifacts.read(results.job_id, "measurements.json"))
    assert [(one["qubits"], one["basis"], one["shots"]) for one in measurements["circuits"]] == [
        ([0, 1], "ZZ", 85),
        ([0], "X", 15),
    ]
    assert [one["counts"] for one in measurements["points"][0]] == [{"00": 85}, {"0": 8, "1": 7}]


async def test_feed_forward_is_sampled_from_its_shots(tmp_path: Path) -> None:
    """A coin is measured and undone: qubit 0 is |0⟩ in the end, and Z there is 1 in every shot."""
    operations = (
        {"op": "H", "q": [0]},
        {"op": "MEASURE", "q": [0], "c": [0]},
        {"op": "X", "q": [0], "if": {"c": [0], "eq": 1}},
    )
    content = aqo(*operations, observables={"z": [["Z", [0], 1.0]]}, clbits=1)
    async with house(tmp_path) as running:
        results = await results_of(running, content, shots=64)
    assert results.expectation_values == {"z": {"value": 1.0, "std_error": 0.0}}
    assert results.counts == {"0": 32, "1": 32}


async def test_a_constant_needs_no_device(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        results = await results_of(running, aqo(CX, observables={"c": [["", [], 2.5]]}), shots=10)
        assert running.driver.requests == []
    assert results.expectation_values == {"c": {"value": 2.5, "std_error": 0.0}}


async def test_exact_values_that_the_device_has_not_are_refused_by_name(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        record = await running.kernel.enqueue(bell(content=aqo(CX), estimation="exact"))
        record = await running.end(record.job_id)
    assert record.state is JobState.ERROR
    assert record.error is not None
    assert record.error["reason"] == "ESTIMATION_EXACT"
    assert "the device gives no exact values" in record.error["message"]


async def test_fewer_shots_than_circuits_are_refused_before_anything_runs(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        record = await running.kernel.enqueue(bell(content=aqo(RY, CX), shots=1, inputs={"theta": 0.0}))
        record = await running.end(record.job_id)
        assert running.driver.requests == []
    assert record.error is not None
    assert record.error["reason"] == "SHOTS_TOO_FEW"
