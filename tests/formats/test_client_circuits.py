"""Circuits as objects and OpenQASM as text, handed to the client."""

from __future__ import annotations

import json
import math

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from eigen.client.sync import Client
from eigen.contracts.aqo import AQO, Affine, Operation
from eigen.contracts.compilation import Language
from eigen.contracts.errors import InvalidArgumentError, UnimplementedError
from eigen.jobfile.program import language_of

FLIP = AQO(
    qubits=1,
    clbits=1,
    parameters=("angle",),
    operations=(Operation("RX", (0,), (Affine((("angle", 1.0),)),)), Operation("MEASURE", (0,), c=(0,))),
)


def test_a_circuit_as_aqo_runs_with_its_parameters_bound(eigen_client: Client) -> None:
    job = eigen_client.submit(FLIP, inputs={"angle": math.pi}, shots=10, seed=1)
    assert job.results().counts == {"1": 10}
    assert json.loads(job.artifact("compiled.aqo.json"))["parameters"] == ["angle"]


@pytest.mark.parametrize("key", ["θ", "theta", Parameter("θ")])
def test_a_qiskit_circuit_takes_inputs_by_its_own_names(eigen_client: Client, key: object) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("θ"), 0)
    circuit.measure(0, 0)
    job = eigen_client.submit(circuit, inputs={key: math.pi}, shots=10, seed=1)  # type: ignore[dict-item]  # a parameter
    assert job.results().counts == {"1": 10}


def test_a_qiskit_circuit_that_aqo_cannot_say_is_refused_before_it_is_a_job(eigen_client: Client) -> None:
    circuit = QuantumCircuit(1)
    circuit.delay(5, 0)
    with pytest.raises(UnimplementedError, match="delay"):
        eigen_client.submit(circuit)
    assert eigen_client.jobs() == ()


def test_an_unknown_input_of_a_circuit_is_told(eigen_client: Client) -> None:
    with pytest.raises(InvalidArgumentError):
        eigen_client.submit(FLIP, inputs={"angle": 1.0, "other": 2.0}).results()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q;\nbit c;\nx q;\nc = measure q;\n', "program.qasm"),
        (
            '// older\nOPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nx q[0];\nmeasure q -> c;\n',
            "program.qasm",
        ),
    ],
)
def test_openqasm_as_text_is_told_by_its_header(eigen_client: Client, text: str, name: str) -> None:
    job = eigen_client.submit(text, shots=10, seed=1)
    assert job.results().counts == {"1": 10}
    assert job.artifact(name) == text.encode()
    assert job.artifact("compiled.qasm").startswith(b"OPENQASM 3.0;\n")


def test_a_header_is_found_in_linear_time() -> None:
    assert language_of("x.qasm", b"/**/" * 1000) is Language.OPENQASM3
    assert language_of("x.qasm", b"/* OPENQASM 3 */ OPENQASM 2.0;") is Language.OPENQASM2
    assert language_of("", b"h(0)") is None
