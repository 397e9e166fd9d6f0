"""Engines as devices, through real workers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from random import Random

import pytest

from eigen.contracts.aqo import AQO, Condition, Operation, profile
from eigen.contracts.devices import DeviceState
from eigen.contracts.errors import FailedPreconditionError, ResourceExhaustedError, UnimplementedError
from eigen.contracts.execution import ExecutionOptions
from eigen.contracts.rotations import CLIFFORD_GATES
from eigen.drivers.aer.simulator import AER
from eigen.drivers.manager import LocalDriverManager
from eigen.drivers.qulacs.simulator import QULACS
from eigen.drivers.sim import SIMULATORS, SimDriver
from eigen.testing.driver_conformance import check_driver, execution_request

COINS = AQO(
    qubits=3,
    clbits=3,
    operations=(
        *(Operation("RY", (qubit,), (1.0,)) for qubit in range(3)),
        Operation("MEASURE", (0, 1, 2), c=(0, 1, 2)),
    ),
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def driver(anyio_backend: str) -> AsyncIterator[SimDriver]:
    async with SimDriver(num_workers=1) as opened:
        yield opened


@pytest.mark.parametrize("device_id", [*(one.device_id for one in SIMULATORS if one.name != "local"), "sim:auto"])
async def test_every_engine_conforms(driver: SimDriver, device_id: str) -> None:
    gates = CLIFFORD_GATES if device_id == "sim:stim" else None  # of its rotations it runs only quarter turns
    await check_driver(driver, device_id, gates=gates)


async def test_a_result_of_auto_says_which_engine_and_why(driver: SimDriver) -> None:
    (result,) = await driver.execute(execution_request("sim:auto", COINS, seed=3))
    said = {name: result.metadata[name] for name in ("backend", "engine", "method", "sampling", "seed")}
    assert said == {"backend": "qulacs", "engine": "qulacs", "method": "statevector", "sampling": "draws", "seed": 3}
    assert "least overhead" in result.metadata["engine_reason"]
    admission = driver.admit("sim:auto", profile(COINS), ExecutionOptions(shots=1, seed=1))
    assert admission.method == "qulacs statevector"
    assert admission.explanation == result.metadata["engine_reason"]


async def test_auto_gives_what_its_engine_gives(driver: SimDriver) -> None:
    for seed in (1, 2):
        by_auto, by_name = [
            (await driver.execute(execution_request(device_id, COINS, seed=seed)))[0].counts
            for device_id in ("sim:auto", "sim:qulacs")
        ]
        assert by_auto == by_name


def looked_at(seed: int) -> AQO:
    """Clifford gates on ten qubits, which are 1 in one half of the shots when they are looked at in the middle."""
    random, num_qubits = Random(seed), 10
    every = tuple(range(num_qubits))
    operations: list[Operation] = []
    for _ in range(6):
        operations += [Operation(random.choice(("H", "S", "X")), (qubit,)) for qubit in every]
        operations += [Operation("CX", (qubit, qubit + 1)) for qubit in every[:-1] if random.random() < 0.6]
        operations.append(Operation("MEASURE", (random.choice(every),), c=(random.choice(every),)))
        operations.append(Operation("X", (random.choice(every),), condition=Condition((random.choice(every),), 1)))
        operations.append(Operation("RESET", (random.choice(every),)))
    return AQO(qubits=num_qubits, clbits=num_qubits, operations=(*operations, Operation("MEASURE", every, c=every)))


async def test_the_number_of_threads_does_not_decide_the_counts_of_branches() -> None:
    """Threads add up in other orders, and one half is where a binomial draw turns round."""
    found: list[list[Mapping[str, int]]] = []
    for max_threads in (1, 2):
        async with SimDriver([AER, replace(QULACS, max_threads=max_threads)], num_workers=1) as driver:
            requests = [execution_request("sim:qulacs", looked_at(seed), seed=seed) for seed in range(6)]
            found.append([(await driver.execute(request))[0].counts for request in requests])
    assert found[0] == found[1]


def test_an_engine_that_is_not_installed_is_listed_and_says_how_to_get_it() -> None:
    absent = replace(QULACS, distributions=("numpy", "no-such-engine"))
    driver = SimDriver((AER, absent))
    assert [device.device_id for device in driver.devices()] == ["sim:local", "sim:qulacs", "sim:auto"]
    assert driver.devices()[1].description == "not installed: pip install 'eigen-os[qulacs]'"
    options = ExecutionOptions(shots=1, seed=1)
    with pytest.raises(FailedPreconditionError, match=r"pip install 'eigen-os\[qulacs\]'") as caught:
        driver.admit("sim:qulacs", profile(COINS), options)
    assert caught.value.reason == "ENGINE_NOT_INSTALLED"
    admission = driver.admit("sim:auto", profile(COINS), options)
    assert admission.method == "local statevector"
    assert "sim:qulacs would be faster, but is not installed" in admission.explanation


async def test_the_state_of_an_engine_that_is_not_installed_is_offline() -> None:
    driver = SimDriver((AER, replace(QULACS, distributions=("no-such-engine",))))
    status = await driver.status("sim:qulacs")
    assert (status.state, "eigen-os[qulacs]" in status.reason) == (DeviceState.OFFLINE, True)
    assert (await driver.status("sim:auto")).state is DeviceState.ONLINE


def test_a_circuit_that_is_not_clifford_is_refused_by_stim_with_what_is_not() -> None:
    circuit = AQO(qubits=1, clbits=1, operations=(Operation("T", (0,)), Operation("MEASURE", (0,), c=(0,))))
    turned = replace(circuit, operations=(Operation("RX", (0,), (0.3,)), circuit.operations[-1]))
    for wrong, name in ((circuit, "t"), (turned, "rx")):
        with pytest.raises(UnimplementedError, match=f'cannot run "{name}"') as caught:
            SimDriver().admit("sim:stim", profile(wrong), ExecutionOptions(shots=1, seed=1))
        assert caught.value.details["missing"] == [name]
        assert "sim:local" in caught.value.hint


def test_branches_need_memory_for_each_of_their_states() -> None:
    driver = SimDriver(memory_limit_bytes=24 << 22)
    again = replace(COINS, operations=(*COINS.operations, *COINS.operations))
    once, twice = (
        driver.admit("sim:qulacs", profile(circuit), ExecutionOptions(shots=1_000, seed=1)).memory_bytes
        for circuit in (COINS, again)
    )
    assert twice == 11 * once
    wide = replace(again, qubits=20)
    with pytest.raises(ResourceExhaustedError, match="11 times a state vector"):
        driver.admit("sim:qulacs", profile(wide), ExecutionOptions(shots=1_000, seed=1))


async def test_what_one_device_lacks_is_refused_with_the_devices_that_have_it() -> None:
    """Through the manager, which knows them all; its own options are left out for the others."""
    again = replace(COINS, operations=(*COINS.operations, *COINS.operations))
    noisy = ExecutionOptions(shots=1, seed=1, noise_model="depolarizing:0.1")
    forced = ExecutionOptions(shots=1, seed=1, driver_options={"method": "stabilizer"})
    plain = ExecutionOptions(shots=1, seed=1)
    refused = [
        ("sim:stim", COINS, plain, "ry"),
        ("sim:qsim", again, plain, "measurement in the middle of a circuit"),
        ("sim:qulacs", COINS, noisy, "depolarizing"),
        ("sim:local", COINS, forced, "ry"),
    ]
    async with LocalDriverManager({"sim": SimDriver()}) as manager:
        for device_id, circuit, options, missing in refused:
            with pytest.raises(UnimplementedError) as caught:
                manager.admit(device_id, profile(circuit), options)
            assert missing in caught.value.message
            assert caught.value.details["devices"] == ["sim:auto", "sim:local"]
            assert "sim:auto and sim:local can run it" in caught.value.hint
