"""Engines as devices, through real workers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eigen.contracts.rotations import CLIFFORD_GATES
from eigen.drivers.sim import SIMULATORS, SimDriver
from eigen.testing.driver_conformance import check_driver


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def driver(anyio_backend: str) -> AsyncIterator[SimDriver]:
    async with SimDriver(num_workers=1) as opened:
        yield opened


@pytest.mark.parametrize("device_id", [one.device_id for one in SIMULATORS if one.name != "local"])
async def test_every_engine_conforms(driver: SimDriver, device_id: str) -> None:
    gates = CLIFFORD_GATES if device_id == "sim:stim" else None  # of its rotations it runs only quarter turns
    await check_driver(driver, device_id, gates=gates)
