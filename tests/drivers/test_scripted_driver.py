"""The scripted driver does what it is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from eigen.contracts.aqo import AQO, Operation
from eigen.contracts.errors import NotFoundError, UnavailableError
from eigen.contracts.execution import ExecutionRequest
from eigen.testing.driver_conformance import execution_request
from eigen.testing.scripted_driver import ScriptedDriver

COIN = AQO(qubits=1, clbits=1, operations=(Operation("H", (0,)), Operation("MEASURE", (0,), c=(0,))))


def coin(device_id: str = "scripted:device") -> ExecutionRequest:
    return execution_request(device_id, COIN, shots=5)


async def test_untold_it_answers_the_exact_distribution() -> None:
    [result] = await ScriptedDriver().execute(coin())
    assert result.counts == {"0": 3, "1": 2}


async def test_told_it_answers_what_it_was_told_until_told_otherwise() -> None:
    driver = ScriptedDriver()
    driver.answer({"1": 5})
    assert (await driver.execute(coin()))[0].counts == {"1": 5}
    driver.answer(None)
    assert (await driver.execute(coin()))[0].counts == {"0": 3, "1": 2}


async def test_errors_come_as_often_as_told() -> None:
    driver = ScriptedDriver()
    driver.fail(UnavailableError("first"), times=2)
    driver.fail(UnavailableError("second"))
    messages = []
    for _ in range(3):
        with pytest.raises(UnavailableError) as caught:
            await driver.execute(coin())
        messages.append(caught.value.message)
    assert messages == ["first", "first", "second"]
    assert (await driver.execute(coin()))[0].counts


async def test_held_requests_wait_for_their_release() -> None:
    driver = ScriptedDriver()
    driver.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(driver.execute, coin())
        tasks.start_soon(driver.execute, coin())
        await driver.started(2)
        await anyio.wait_all_tasks_blocked()
        assert driver.running == 2
        driver.release()
    assert (driver.running, driver.cancelled) == (0, 0)


def test_another_thread_may_release() -> None:
    driver = ScriptedDriver()
    driver.hold()
    with ThreadPoolExecutor(1) as threads:

        async def main() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(driver.execute, coin())
                await driver.started()
                await anyio.wait_all_tasks_blocked()
                threads.submit(driver.release)

        anyio.run(main)
    assert driver.running == 0


async def test_it_has_one_device() -> None:
    with pytest.raises(NotFoundError):
        await ScriptedDriver().execute(coin("scripted:other"))
