"""`sim:local`: right counts or a typed error, the same counts for the same seed, and nothing left running."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from blockbuster import blockbuster_ctx

from eigen.contracts.aqo import AQO, Affine, Operation, PauliTerm, profile
from eigen.contracts.devices import DeviceState
from eigen.contracts.errors import (
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnimplementedError,
)
from eigen.contracts.execution import CircuitFormat, CircuitPayload, ExecutionOptions, ExecutionRequest
from eigen.contracts.gates import GATES
from eigen.drivers.aer.simulator import METHODS
from eigen.drivers.manager import LocalDriverManager
from eigen.drivers.seeds import derived_seed
from eigen.drivers.sim import SimDriver
from eigen.testing.driver_conformance import check_driver, execution_request

BELL = AQO(
    qubits=2,
    clbits=2,
    operations=(Operation("H", (0,)), Operation("CX", (0, 1)), Operation("MEASURE", (0, 1), c=(0, 1))),
)
TURN = AQO(
    qubits=1,
    clbits=1,
    parameters=("theta",),
    operations=(Operation("RY", (0,), (Affine((("theta", 1.0),)),)), Operation("MEASURE", (0,), c=(0,))),
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def driver(anyio_backend: str) -> AsyncIterator[SimDriver]:
    async with SimDriver(num_workers=2) as opened:
        yield opened


def layers(num_qubits: int, *, depth: int) -> AQO:
    """Layers that entangle, so that every amplitude matters."""
    every = tuple(range(num_qubits))
    turns = [Operation("RX", (qubit,), (0.3 + 0.1 * qubit,)) for qubit in every]
    chain = [Operation("CX", (qubit, qubit + 1)) for qubit in every[:-1]]
    return AQO(
        qubits=num_qubits,
        clbits=num_qubits,
        operations=(*(turns + chain) * depth, Operation("MEASURE", every, c=every)),
    )


def local(circuit: AQO, **changes: Any) -> ExecutionRequest:
    return execution_request("sim:local", circuit, **changes)


async def counts(driver: SimDriver, circuit: AQO, **changes: Any) -> Mapping[str, int]:
    return (await driver.execute(local(circuit, **changes)))[0].counts


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
async def test_every_method_conforms(driver: SimDriver, method: Any) -> None:
    await check_driver(driver, "sim:local", gates=method.gates, driver_options={"method": method.name})


async def test_a_result_says_how_it_came_about(driver: SimDriver) -> None:
    [result] = await driver.execute(local(BELL, seed=42))
    assert result.execution_time_sec > 0
    versions = result.metadata["versions"]
    assert result.metadata == {
        "backend": "qiskit_aer_simulator",
        "driver": "sim",
        "engine": "local",
        "method": "statevector",
        "method_reason": "fewer than 22 qubits: no method is quicker by much",
        "num_threads": 1,
        "precision": "double",
        "sampling": "multinomial",
        "seed": 42,
        "versions": versions,
    }
    assert sorted(versions) == ["eigen-os", "numpy", "qiskit", "qiskit-aer"]


async def test_equal_seeds_give_equal_counts_whatever_ran_them(driver: SimDriver) -> None:
    """Another driver object means other processes; a driver of one core means another number of threads."""
    wide = layers(17, depth=2)
    async with SimDriver(num_workers=1) as other:
        for circuit in (BELL, wide):
            assert await counts(driver, circuit, seed=5) == await counts(other, circuit, seed=5)


async def test_the_batch_of_a_binding_does_not_change_its_counts(driver: SimDriver) -> None:
    """Three hundred bindings do not fit in one frame; each equals its own run with its own seed."""
    bindings = [{"theta": 0.01 * index} for index in range(300)]
    results = await driver.execute(local(TURN, shots=8, seed=3, bindings=bindings))
    assert len(results) == len(bindings)
    for index in (0, 1, 255, 256, 299):
        seed = derived_seed(3, binding_index=index)
        assert results[index].metadata["seed"] == seed
        assert results[index].counts == await counts(driver, TURN, shots=8, seed=seed, bindings=[bindings[index]])


async def test_the_largest_seed_is_taken_as_it_is(driver: SimDriver) -> None:
    first = await counts(driver, layers(8, depth=1), seed=2**53 - 1)
    assert first == await counts(driver, layers(8, depth=1), seed=2**53 - 1)
    assert first != await counts(driver, layers(8, depth=1), seed=2**53 - 2)


async def test_many_results_come_whole(driver: SimDriver) -> None:
    coins = AQO(
        qubits=17,
        clbits=40,
        operations=(
            *(Operation("H", (qubit,)) for qubit in range(17)),
            Operation("MEASURE", tuple(range(17)), c=tuple(range(23, 40))),
        ),
    )
    found = await counts(driver, coins, shots=100_000)
    assert sum(found.values()) == 100_000
    assert len(found) > 50_000
    assert all(len(bits) == 40 and bits.endswith("0" * 23) for bits in found)


@pytest.mark.parametrize("qubits", [18, 26])
async def test_a_cancelled_simulation_is_gone(driver: SimDriver, qubits: int) -> None:
    await counts(driver, BELL)
    before = set(driver.process_ids)
    with anyio.fail_after(60), anyio.move_on_after(0.2) as limit:  # it would run for minutes
        await driver.execute(local(layers(qubits, depth=2_000)))
    assert limit.cancelled_caught
    assert not any(_is_running(pid) for pid in before - set(driver.process_ids))
    assert (await driver.status("sim:local")).running == 0
    assert await counts(driver, BELL)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_the_loop_turns_while_a_simulation_runs(driver: SimDriver) -> None:
    """Workers that stand still stand for a simulation of any length: nothing here waits for their answer."""
    assert await counts(driver, BELL)
    answers: list[Mapping[str, int]] = []

    async def answer() -> None:
        answers.append(await counts(driver, BELL, seed=8))

    async with anyio.create_task_group() as tasks:
        with _standing_still(driver.process_ids):
            tasks.start_soon(answer)
            for _ in range(1000):
                await anyio.lowlevel.checkpoint()
            assert not answers
    assert len(answers) == 1


@contextmanager
def _standing_still(process_ids: Iterable[int]) -> Iterator[None]:
    for pid in process_ids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in process_ids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def test_nothing_of_it_blocks_the_loop() -> None:
    """From finding the drivers to ending a worker, under a watch that fails every blocking call."""
    with blockbuster_ctx():
        async with LocalDriverManager() as manager:
            await manager.prepare("sim:local")
            assert (await manager.execute(local(BELL)))[0].counts
            with anyio.move_on_after(0.05) as limit:
                await manager.execute(local(layers(22, depth=100)))
            assert limit.cancelled_caught
            assert (await manager.execute(local(BELL)))[0].counts


async def test_sixty_qubits_are_refused_before_anything_starts() -> None:
    async with SimDriver(memory_limit_bytes=16 << 20, num_workers=1) as small:
        assert small.devices()[0].num_qubits == 20
        with pytest.raises(ResourceExhaustedError, match=r"60 qubits need 16 EiB .* give 16 MiB"):
            await small.execute(local(layers(60, depth=40)))
        assert small.process_ids == ()


@pytest.mark.parametrize(
    "options", [{"metod": "statevector"}, {"method": "fastest"}, {"method": 3}, {"method": "extended_stabilizer"}]
)
def test_an_unknown_option_or_method_is_refused_with_the_list(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="method") as caught:
        SimDriver().admit("sim:local", profile(BELL), ExecutionOptions(shots=1, seed=1, driver_options=options))
    assert caught.value.reason == "DRIVER_OPTION"


def test_the_methods_name_what_they_cannot_run() -> None:
    options = ExecutionOptions(shots=1, seed=1, driver_options={"method": "stabilizer"})
    circuit = AQO(qubits=1, clbits=1, operations=(Operation("T", (0,)), *TURN.operations))
    with pytest.raises(UnimplementedError, match="stabilizer cannot run") as caught:
        SimDriver().admit("sim:local", profile(circuit), options)
    assert sorted(caught.value.details["missing"]) == ["ry", "t"]


NOISY = [
    (layers(9, depth=1), "readout:0.1", "density_matrix"),
    (replace(BELL, qubits=11), "readout:0.1", "stabilizer"),
    (replace(BELL, qubits=11), "amplitude_damping:0.1", "statevector"),
    (replace(BELL, operations=(*BELL.operations, Operation("RESET", (0,)))), "thermal:1s,1s,0s,1s", "statevector"),
]


@pytest.mark.parametrize(("circuit", "noise", "method"), NOISY)
def test_the_method_for_noise_depends_on_circuit_and_noise(circuit: AQO, noise: str, method: str) -> None:
    options = ExecutionOptions(shots=1, seed=1, noise_model=noise)
    assert SimDriver().admit("sim:local", profile(circuit), options).method == method


def test_a_method_that_cannot_simulate_a_noise_names_what_and_who_can() -> None:
    options = ExecutionOptions(
        shots=1, seed=1, noise_model="amplitude_damping:0.1+readout:0.1", driver_options={"method": "stabilizer"}
    )
    with pytest.raises(UnimplementedError, match="amplitude_damping") as caught:
        SimDriver().admit("sim:local", profile(BELL), options)
    assert caught.value.reason == "DEVICE_NOISE"
    assert "density_matrix" in caught.value.hint


def test_exact_values_are_refused_where_the_readout_is_noisy() -> None:
    exact = replace(BELL, observables={"z": (PauliTerm("Z", (0,), 1.0),)})
    SimDriver().admit("sim:local", profile(exact), ExecutionOptions(shots=1, seed=1, noise_model="depolarizing:0.1"))
    with pytest.raises(UnimplementedError, match="spares the readout"):
        SimDriver().admit("sim:local", profile(exact), ExecutionOptions(shots=1, seed=1, noise_model="readout:0.1"))


async def test_results_say_which_noise_they_have() -> None:
    noise = " readout:0.5 + depolarizing:0.1"
    request = execution_request("sim:local", BELL, shots=64)
    async with SimDriver() as driver:
        (result,) = await driver.execute(replace(request, options=replace(request.options, noise_model=noise)))
    assert result.metadata["noise_model"] == "readout:0as1=0.5,1as0=0.5+depolarizing:1q=0.1,2q=0.1"
    assert len(result.counts) == 4


def test_admission_says_the_method_and_its_memory() -> None:
    admission = SimDriver().admit("sim:local", profile(layers(10, depth=1)), ExecutionOptions(shots=1, seed=1))
    assert (admission.method, admission.memory_bytes) == ("statevector", 16 * 2**10)
    assert "fewer than 22 qubits" in admission.explanation


async def test_a_damaged_circuit_is_the_circuits_fault(driver: SimDriver) -> None:
    good = local(BELL)
    payload = CircuitPayload(
        format=CircuitFormat.AQO_JSON, data=b'{"version"', digest="x", profile=good.payload.profile
    )
    request = ExecutionRequest(job_id="job_1", device_id="sim:local", payload=payload, options=good.options)
    with pytest.raises(InvalidArgumentError):
        await driver.execute(request)


async def test_an_unknown_device_is_not_found(driver: SimDriver) -> None:
    with pytest.raises(NotFoundError):
        await driver.status("sim:remote")


async def test_the_device_runs_every_gate_of_the_table(driver: SimDriver) -> None:
    device = next(one for one in driver.devices() if one.device_id == "sim:local")
    assert set(device.gates) == set(GATES)
    assert (await driver.status("sim:local")).state is DeviceState.ONLINE


async def test_preparing_returns_at_once_and_starts_a_worker(caplog: pytest.LogCaptureFixture) -> None:
    async with SimDriver(num_workers=1) as driver:
        await driver.prepare("sim:local")
        assert not driver.process_ids
        with caplog.at_level(logging.WARNING):
            assert await counts(driver, BELL)
        assert len(driver.process_ids) == 2
    assert caplog.text == ""
