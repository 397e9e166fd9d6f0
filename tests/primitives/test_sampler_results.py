"""`EigenSampler` against Qiskit's own sampler and exact distributions: registers, shapes, order, seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter
from qiskit.circuit.library import real_amplitudes
from qiskit.primitives import StatevectorSampler
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.quantum_info import Statevector

from eigen.contracts.errors import ResourceExhaustedError
from eigen.primitives import EigenSampler
from eigen.primitives.bindings import portions
from eigen.testing.driver_conformance import assert_distribution


@settings(max_examples=20)
@given(
    sizes=st.lists(st.integers(0, 10), min_size=1, max_size=4),
    shape=st.sampled_from([(), (1,), (3,), (2, 1, 2), (0,), (2, 0)]),
    shots=st.integers(1, 20),
    chance=st.randoms(use_true_random=False),
)
def test_each_register_has_the_bits_of_qiskits_sampler_in_any_shape(client, sizes, shape, shots, chance):
    """Bits that are certain, in registers of any size, measured in any order; some qubits and bits are left out."""
    registers = [ClassicalRegister(size, f"c{place}") for place, size in enumerate(sizes)]
    circuit = QuantumCircuit(QuantumRegister(4), [Clbit()], *registers, metadata={"who": "me"})
    flip = Parameter("flip")
    circuit.x(chance.sample(range(4), k=2))
    circuit.rx(math.pi * flip, 0)
    bits = [bit for register in registers for bit in register]
    measured = chance.sample(bits, k=min(len(bits), chance.randint(0, 4)))
    for qubit, bit in zip(chance.sample(range(4), k=len(measured)), measured, strict=True):
        circuit.measure(qubit, bit)
    values = np.array([chance.randint(0, 1) for _ in range(math.prod(shape))], dtype=float).reshape(*shape, 1)
    pub = (circuit, BindingsArray({"flip": values}, shape=shape), shots)
    ours, theirs = (one.run([pub]).result()[0] for one in (EigenSampler(client), StatevectorSampler()))
    assert list(ours.data) == list(theirs.data)
    for name in theirs.data:
        assert ours.data[name] == theirs.data[name]
    assert ours.data.shape == theirs.data.shape
    assert {key: ours.metadata[key] for key in theirs.metadata} == theirs.metadata


def test_the_rows_of_two_registers_came_in_one_shot_and_in_no_order(client):
    bell = QuantumCircuit(QuantumRegister(2), ClassicalRegister(1, "a"), ClassicalRegister(1, "b"))
    bell.h(0)
    bell.cx(0, 1)
    bell.x(1)
    bell.measure([0, 1], [1, 0])
    found = EigenSampler(client, seed=4).run([bell], shots=400).result()[0]
    a, b = found.data.a.array.ravel(), found.data.b.array.ravel()
    assert (a ^ b).all()
    assert_distribution(found.data.b.slice_shots(range(200)).get_counts(), {"0": 0.5, "1": 0.5}, story="half the shots")
    assert found.join_data(["b", "a"]).get_counts().keys() == {"01", "10"}


def test_the_counts_of_each_point_follow_its_exact_distribution(client):
    circuit = real_amplitudes(3, reps=2)
    values = np.random.default_rng(8).normal(size=(4, circuit.num_parameters))
    found = EigenSampler(client, seed=3).run([(circuit.measure_all(inplace=False), values)], shots=4_000).result()[0]
    for point, row in enumerate(values):
        exact = Statevector(circuit.assign_parameters(row)).probabilities_dict()
        assert_distribution(found.data.meas.get_counts(point), exact, story=f"point {point}")


def test_points_without_parameters_are_sampled_each_by_itself(client):
    coin = QuantumCircuit(1)
    coin.h(0)
    coin.measure_all()
    found = EigenSampler(client, seed=1).run([(coin, BindingsArray({}, shape=(2, 3)))], shots=64).result()[0]
    rows = found.data.meas.array.reshape(6, -1)
    assert found.data.meas.shape == (2, 3)
    assert len({row.tobytes() for row in rows}) == 6


def test_measurements_decide_what_follows(client):
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.append(real_amplitudes(1, reps=0).assign_parameters([math.pi]).to_gate(), [1])
    with otherwise:
        circuit.id(1)
    circuit.reset(0)
    circuit.measure(1, 1)
    counts = EigenSampler(client, seed=1).run([circuit], shots=500).result()[0].data.c.get_counts()
    assert_distribution(counts, {"00": 0.5, "11": 0.5}, story="feed-forward")


def test_a_circuit_without_registers_has_an_empty_result_and_a_warning(client):
    with pytest.warns(UserWarning, match="no classical register"):
        result = EigenSampler(client).run([QuantumCircuit(1)]).result()
    assert len(result[0].data) == 0
    assert result[0].metadata["job_ids"] == []


def test_equal_seeds_give_equal_calls_and_a_generator_gives_others(client):
    coins = QuantumCircuit(8)
    coins.h(range(8))
    coins.measure_all()

    def calls(seed):
        sampler = EigenSampler(client, seed=seed)
        return [one.data.meas.array.tobytes() for _ in range(2) for one in sampler.run([coins, coins]).result()]

    first, second, again_first, again_second = calls(7)
    assert (first, second) == (again_first, again_second)
    assert first != second
    assert len(set(calls(np.random.default_rng(7)))) == 4
    assert calls(np.random.default_rng(7)) == calls(np.random.default_rng(7))


def test_shots_are_those_of_the_pub_then_of_the_call_then_the_default(client):
    coin = QuantumCircuit(1)
    coin.h(0)
    coin.measure_all()
    sampler = EigenSampler(client, default_shots=5)
    results = [*sampler.run([coin, (coin, None, 7)]).result(), *sampler.run([coin, (coin, None, 7)], shots=6).result()]
    assert [one.data.meas.num_shots for one in results] == [5, 7, 6, 7]
    assert [client.job(one.metadata["job_ids"][0]).results().shots for one in results] == [5, 7, 6, 7]


def test_more_shots_than_a_job_takes_are_refused(client):
    coin = QuantumCircuit(1)
    coin.measure_all()
    with pytest.raises(ResourceExhaustedError):
        EigenSampler(client).run([coin], shots=1_000_001)


@given(
    num_points=st.integers(0, 30_000),
    num_columns=st.integers(0, 1_024),
    shots=st.integers(0, 1_000_000),
    clbits=st.integers(0, 5_000),
)
def test_portions_hold_each_point_once_within_the_limits_of_a_job(num_points, num_columns, shots, clbits):
    parts = list(portions(num_points, num_columns=num_columns, shots=shots, clbits=clbits))
    edges = [(part.start, part.stop) for part in parts]
    assert [first for first, _ in edges] == [0, *(stop for _, stop in edges[:-1])][: len(parts)]
    assert sum(stop - first for first, stop in edges) == num_points
    for size in {stop - first for first, stop in edges}:
        assert 1 <= size <= 10_000
        outcomes = min(shots, 2 ** min(clbits, 64))
        assert size == 1 or max(size * num_columns / 10**6, size * shots / 10**8, size * outcomes * clbits / 2**28) <= 1
