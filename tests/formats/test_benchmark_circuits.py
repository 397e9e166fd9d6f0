"""Public benchmark circuits (MQT Bench) through Eigen, as Qiskit circuits and as OpenQASM, against Aer itself."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from mqt.bench import BenchmarkLevel, get_benchmark
from qiskit import QuantumCircuit, qasm2, qasm3, transpile
from qiskit_aer import AerSimulator

from eigen.client.sync import Client
from eigen.compiler.openqasm.reader import read_openqasm
from eigen.contracts.compilation import Language, ProgramSource
from eigen.formats.openqasm_export import to_openqasm2, to_openqasm3
from eigen.formats.qiskit_circuit import from_qiskit
from eigen.verification.exact_distribution import exact_distribution

SIZES = {
    "bv": 5, "dj": 4, "ghz": 5, "graphstate": 5, "grover": 4, "half_adder": 5, "hhl": 4, "qftentangled": 4,
    "qpeexact": 5, "qpeinexact": 4, "qwalk": 4, "vqe_two_local": 4, "wstate": 5,
}  # fmt: skip
DYNAMIC = {"ghz_dynamic": 5, "dynamic_qft": 4, "iqpe": 4}
SHOTS = 4000


def benchmark(name: str) -> QuantumCircuit:
    size = (SIZES | DYNAMIC)[name]
    return get_benchmark(name, BenchmarkLevel.INDEP, size)


def aer_counts(circuit: QuantumCircuit) -> Mapping[str, int]:
    """Counts of Aer itself, after Qiskit's own transpilation, by bitstrings without the blanks between registers."""
    simulator = AerSimulator(seed_simulator=11)
    result = simulator.run(transpile(circuit, simulator, seed_transpiler=1), shots=SHOTS).result()
    return {bits.replace(" ", ""): count for bits, count in result.get_counts().items()}


def assert_follows(counts: Mapping[str, int], expected: Mapping[str, float]) -> None:
    """Pearson's statistic over outcomes that are expected 5 times or more, the others taken together; 5 sigma."""
    shots = sum(counts.values())
    common = {bits: p * shots for bits, p in expected.items() if p * shots >= 5}
    rare = shots - sum(common.values())
    statistic = sum((counts.get(bits, 0) - mean) ** 2 / mean for bits, mean in common.items())
    seen_rare = sum(count for bits, count in counts.items() if bits not in common)
    assert abs(seen_rare - rare) <= 5 * math.sqrt(rare + 1) + 5
    freedom = max(1, len(common) - 1)
    assert statistic <= freedom + 5 * math.sqrt(2 * freedom)


def assert_same(one: Mapping[str, float], other: Mapping[str, float]) -> None:
    assert all(abs(one.get(bits, 0) - other.get(bits, 0)) < 1e-9 for bits in one.keys() | other.keys())


@pytest.mark.parametrize("name", SIZES | DYNAMIC)
def test_aer_agrees_with_what_eigen_makes_of_the_circuit(name: str) -> None:
    circuit = benchmark(name)
    assert_follows(aer_counts(circuit), exact_distribution(from_qiskit(circuit)))


@pytest.mark.parametrize("name", SIZES | DYNAMIC)
def test_the_circuit_is_the_same_through_openqasm_3(name: str) -> None:
    """In Qiskit's words, where it has them, and in ours."""
    circuit = benchmark(name)
    expected = exact_distribution(from_qiskit(circuit))
    for text in (qasm3.dumps(circuit), to_openqasm3(from_qiskit(circuit))):
        source = ProgramSource(content=text.encode(), language=Language.OPENQASM3)
        assert_same(exact_distribution(read_openqasm(source).circuit), expected)


@pytest.mark.parametrize("name", SIZES)
def test_the_circuit_is_the_same_through_openqasm_2(name: str) -> None:
    circuit = benchmark(name)
    expected = exact_distribution(from_qiskit(circuit))
    for text in (qasm2.dumps(circuit), to_openqasm2(from_qiskit(circuit))):
        source = ProgramSource(content=text.encode(), language=Language.OPENQASM2)
        assert_same(exact_distribution(read_openqasm(source).circuit), expected)


def test_benchmarks_run_through_the_whole_system(eigen_client: Client) -> None:
    """As objects and as both texts, each job with the counts of the circuit's exact distribution."""
    jobs = []
    for name in ("wstate", "qpeinexact", "iqpe"):
        circuit = benchmark(name)
        expected = exact_distribution(from_qiskit(circuit))
        texts = [qasm3.dumps(circuit)] if name in DYNAMIC else [qasm3.dumps(circuit), qasm2.dumps(circuit)]
        jobs += [(eigen_client.submit(job, shots=SHOTS, seed=5), expected) for job in (circuit, *texts)]
    for job, expected in jobs:
        assert_follows(job.results().counts, expected)
