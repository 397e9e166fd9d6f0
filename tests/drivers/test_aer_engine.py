"""Aer itself, in this process: what it says in silence is heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from eigen.contracts.aqo import AQO, Affine, Operation
from eigen.contracts.aqo_json import encode
from eigen.contracts.errors import InternalError, InvalidArgumentError, ResourceExhaustedError
from eigen.drivers.aer.engine import AerEngine
from eigen.workers.engine import load_engine

COINS = AQO(
    qubits=3,
    clbits=3,
    operations=(*(Operation("H", (qubit,)) for qubit in range(3)), Operation("MEASURE", (0, 1, 2), c=(0, 1, 2))),
)


def run(circuit: AQO, **changes: Any) -> list[Mapping[str, Any]]:
    engine = AerEngine()
    arguments = {
        "method": "statevector",
        "shots": 100,
        "num_threads": 1,
        "max_memory_mb": 1_000,
        "bindings": [{}],
        "seeds": [1],
        **changes,
    }
    return list(engine.run(engine.prepare(encode(circuit)), arguments))


def test_the_path_that_workers_are_given_leads_to_it() -> None:
    assert load_engine("eigen.drivers.aer.engine:AerEngine") is AerEngine


def test_a_small_result_is_one_part_for_each_binding() -> None:
    parts = run(COINS, bindings=[{}, {}], seeds=[1, 2])
    assert [sorted(part) for part in parts] == [["counts", "execution_time_sec", "expectation_values", "sampling"]] * 2
    assert [sum(part["counts"].values()) for part in parts] == [100, 100]
    assert parts[0]["counts"] != parts[1]["counts"]


def test_no_shots_are_not_a_success() -> None:
    with pytest.raises(InternalError, match="0 counts for 0 shots"):
        run(COINS, shots=0)


def test_too_little_memory_is_a_typed_error() -> None:
    wide = AQO(
        qubits=20,
        clbits=20,
        operations=(
            *(Operation("H", (qubit,)) for qubit in range(20)),
            Operation("MEASURE", tuple(range(20)), c=tuple(range(20))),
        ),
    )
    with pytest.raises(ResourceExhaustedError) as caught:
        run(wide, max_memory_mb=1)
    assert caught.value.reason == "DEVICE_MEMORY"


def test_what_aer_cannot_run_is_an_error_and_no_counts() -> None:
    root = AQO(qubits=1, clbits=1, operations=(Operation("SX", (0,)), Operation("MEASURE", (0,), c=(0,))))
    assert run(root, method="stabilizer")
    turned = AQO(qubits=1, clbits=1, operations=(Operation("T", (0,)), Operation("MEASURE", (0,), c=(0,))))
    with pytest.raises((InternalError, KeyError)):
        run(turned, method="stabilizer")


def test_a_failure_of_aer_is_told_in_our_words_with_its_own_in_the_details() -> None:
    flip = AQO(qubits=1, clbits=1, operations=(Operation("X", (0,)), Operation("MEASURE", (0,), c=(0,))))
    with pytest.raises(InternalError) as caught:
        run(flip, method="stabilizer", noise_model="amplitude_damping:0.2")
    error = caught.value
    assert (error.reason, error.message) == ("ENGINE_FAILED", "Aer failed to simulate this circuit, and gave no counts")
    assert "another method" in error.hint
    assert "stabilizer" in error.details["engine_said"]


@pytest.mark.parametrize("name", ["ry", "cry"])
@pytest.mark.parametrize("method", ["statevector", "density_matrix"])
def test_an_angle_that_is_not_finite_is_refused_before_aer_sees_it(name: str, method: str) -> None:
    qubits = (0,) if name == "ry" else (0, 1)
    turn = Operation(name.upper(), qubits, (Affine((("theta", 10.0),)),))
    circuit = AQO(qubits=2, clbits=1, parameters=("theta",), operations=(turn, Operation("MEASURE", (0,), c=(0,))))
    with pytest.raises(InvalidArgumentError) as caught:
        run(circuit, method=method, bindings=[{"theta": 1e308}])
    assert caught.value.reason == "PARAMETER_NOT_FINITE"


def test_large_results_come_in_parts_that_the_loop_can_read() -> None:
    wide = AQO(
        qubits=12,
        clbits=2_000,
        operations=(
            *(Operation("H", (qubit,)) for qubit in range(12)),
            Operation("MEASURE", tuple(range(12)), c=tuple(range(12))),
        ),
    )
    parts = run(wide, shots=3_000)
    counts = [part["counts"] for part in parts if "counts" in part]
    assert len(counts) > 10
    assert max(len(part) * 2_000 for part in counts) < 400_000
    assert sum(sum(part.values()) for part in counts) == 3_000
    assert ["sampling" in part for part in parts] == [False] * (len(parts) - 1) + [True]
