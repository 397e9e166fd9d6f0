"""The examples by name: compiled and run through the client, and worked out from the compiled circuit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eigen.client.sync import Client
from eigen.contracts.aqo import AQO, Operation, evaluate
from eigen.contracts.aqo_json import decode
from eigen.contracts.compilation import CompiledProgram
from eigen.contracts.gates import GATES, MEASURE
from eigen.contracts.results import JobResults
from eigen.verification.exact_distribution import exact_distribution

GATE_OF_OP = {gate.op: gate for gate in GATES.values()}


@dataclass(frozen=True)
class Examples:
    """Every example by the name of its folder; `inputs` are those of the entry function."""

    client: Client
    folder: Path

    def job(self, example: str) -> Path:
        return self.folder / example / "job.yaml"

    def run(self, example: str, **options: Any) -> JobResults:
        """Return the results of the job, with seed 1 unless told otherwise."""
        return self.client.submit(self.job(example), **{"seed": 1, **options}).results()

    def counts(self, example: str, **options: Any) -> Mapping[str, int]:
        return self.run(example, **options).counts

    def compiled(self, example: str, **inputs: Any) -> CompiledProgram:
        return self.client.compile(self.job(example), inputs=inputs)

    def circuit(self, example: str, **inputs: Any) -> AQO:
        return decode(self.compiled(example, **inputs).aqo_json)

    def distribution(self, example: str, **inputs: Any) -> dict[str, float]:
        """Return the probability of each bitstring, worked out from the compiled circuit and the gate table."""
        compiled = self.compiled(example, **inputs)
        return exact_distribution(decode(compiled.aqo_json), compiled.binding)

    def state(self, example: str, **inputs: Any) -> np.ndarray:
        """Return the amplitudes before the measurement at the end: shape (2^n,), bit k of the index is qubit k."""
        compiled = self.compiled(example, **inputs)
        circuit = decode(compiled.aqo_json)
        *gates, last = circuit.operations
        assert last.op == MEASURE
        state = np.zeros(2**circuit.qubits, dtype=complex)
        state[0] = 1
        for operation in gates:
            state = applied(operation, state, compiled.binding)
        return state


def applied(operation: Operation, state: np.ndarray, binding: Mapping[str, float]) -> np.ndarray:
    """Return the state after a gate; anything else is a KeyError."""
    assert operation.condition is None
    num_qubits, size = len(state).bit_length() - 1, len(operation.q)
    matrix = np.array(GATE_OF_OP[operation.op].unitary(*(evaluate(angle, binding) for angle in operation.params)))
    axes = [num_qubits - 1 - qubit for qubit in reversed(operation.q)]
    tensor = np.tensordot(
        matrix.reshape((2,) * (2 * size)), state.reshape((2,) * num_qubits), (range(size, 2 * size), axes)
    )
    return np.moveaxis(tensor, range(size), axes).reshape(-1)


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    """The examples, on one whole system for all tests of a process: jobs share nothing but its warm workers."""
    with Client(tmp_path_factory.mktemp("examples") / "eigen") as client:
        yield Examples(client, Path(__file__).parents[2] / "examples")
