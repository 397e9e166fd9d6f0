"""Aer's controller, called directly, gives what `AerSimulator.run` gives; where it would not, it is not used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit_aer import AerSimulator

from eigen.contracts.aqo import AQO, Affine, Operation
from eigen.contracts.aqo_json import encode
from eigen.contracts.errors import InvariantError
from eigen.contracts.noise import read_noise_model
from eigen.drivers.aer.controller import AssembledCircuit, RunCircuit, RunOptions, are_as_known
from eigen.drivers.aer.engine import AerEngine
from eigen.drivers.aer.lowering import LoweredCircuit
from eigen.drivers.aer.noise import AerNoise
from eigen.drivers.aer.simulator import METHODS, AerMethod
from eigen.testing.conformance_circuits import CIRCUITS, CircuitCase, gate_cases

FLIP = AQO(
    qubits=2,
    clbits=2,
    parameters=("theta",),
    operations=(
        Operation("RY", (0,), (Affine((("theta", 2.0),), 0.25),)),
        Operation("CX", (0, 1)),
        Operation("MEASURE", (0, 1), c=(0, 1)),
    ),
)

PAIR = AQO(
    qubits=3,
    clbits=2,
    operations=(
        Operation("H", (2,)),
        Operation("CX", (2, 0)),
        Operation("Y", (0,)),
        Operation("MEASURE", (0, 2), c=(1, 0)),
    ),
)


class ChangedSimulator(AerSimulator):  # type: ignore[misc]  # Aer has no types
    """An Aer of the future, whose `run` is as documented and whose inside is not as it was."""

    _compile = None

    def run(self, circuits: Any, **options: Any) -> Any:
        return AerSimulator(method=self.options.method).run(circuits, **options)


class FutureEngine(AerEngine):
    """The engine on an Aer of the future."""

    def _simulator(self, method: str, *, is_fused: bool, drops_idle: bool) -> Any:
        return ChangedSimulator(method=method)


def counts(form: type[AssembledCircuit] | type[RunCircuit], case: CircuitCase, method: AerMethod) -> list[Any]:
    simulator = AerSimulator(method=method.name)
    lowered = LoweredCircuit(case.circuit, method)
    made = form(simulator, lowered.template or lowered.bound(case.binding))
    values = lowered.values(case.binding)
    outputs = [made.run(values, RunOptions(shots=64, seed=seed, num_threads=1, max_memory_mb=64)) for seed in (3, 4)]
    return [output["results"][0]["data"]["counts"] for output in outputs]


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_equal_seeds_give_equal_counts_both_ways(method: AerMethod) -> None:
    gates = {op.lower() for op in ("H", "S", "X")} | method.gates
    known = {name.upper() for name in gates} | {"MEASURE", "RESET", "BARRIER"}
    cases = [case for case in CIRCUITS if {one.op for one in case.circuit.operations} <= known]
    for case in [*cases, *gate_cases(method.gates)]:
        assert counts(AssembledCircuit, case, method) == counts(RunCircuit, case, method), case.shows


@pytest.mark.parametrize("method", ["statevector", "density_matrix", "matrix_product_state"])
def test_noise_is_the_same_both_ways(method: str) -> None:
    noise = AerNoise(read_noise_model("depolarizing:0.2 + thermal:1us,1us,100ns,200ns,300ns + readout:0.1,0.2"))
    lowered = LoweredCircuit(FLIP, METHODS[method], noise=noise)
    outcomes = [
        form(AerSimulator(method=method), lowered.template, noise.readout).run(
            lowered.values({"theta": 0.7}), RunOptions(shots=64, seed=5, num_threads=1, max_memory_mb=64)
        )["results"][0]["data"]["counts"]
        for form in (AssembledCircuit, RunCircuit)
    ]
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) == 4


def test_the_installed_aer_is_called_directly() -> None:
    assert are_as_known(AerSimulator(method="statevector"))


@pytest.mark.parametrize(("method", "circuit"), [("statevector", FLIP), ("stabilizer", PAIR)])
def test_an_aer_whose_inside_has_changed_is_called_by_run(method: str, circuit: AQO) -> None:
    assert not are_as_known(ChangedSimulator(method="statevector"))
    arguments = {"method": method, "shots": 50, "num_threads": 1, "max_memory_mb": 100}
    arguments |= {"bindings": [{"theta": 0.3}, {"theta": 1.0}], "seeds": [1, 2]}

    def found(engine: AerEngine) -> list[Mapping[str, int]]:
        return [part["counts"] for part in engine.run(engine.prepare(encode(circuit)), arguments)]

    assert found(FutureEngine()) == found(AerEngine())


def test_a_parameter_stands_for_an_angle_by_itself() -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.ry(2 * Parameter("half"), 0)
    circuit.measure(0, 0)
    with pytest.raises(InvariantError, match="an angle by itself"):
        AssembledCircuit(AerSimulator(method="statevector"), circuit)
