"""The pytest plugin: whole systems on temporary roots.

- `eigen_system` (asynchronous): an open `eigen.System`, for tests that run under anyio's or another async plugin.
- `eigen_client` (synchronous): an open `eigen.Client`.
- `eigen_driver`: the scripted driver of both; its device is `scripted:device`. Tell it what to answer, let it wait, or
  let it fail.

The installed drivers are there too. Nothing is loaded until a fixture is used, and nothing slow until a job needs it.

Example:
    ```python
    def test_my_program_is_fair(eigen_client):
        counts = eigen_client.submit("job.yaml", seed=1).results().counts
        assert set(counts) == {"00", "11"}
    ```
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from eigen.client.sync import Client
    from eigen.ports.drivers import Driver
    from eigen.system.composition import System
    from eigen.testing.scripted_driver import ScriptedDriver

__all__ = ["eigen_client", "eigen_driver", "eigen_system"]


@pytest.fixture
def eigen_driver() -> ScriptedDriver:
    """Give a driver that does what the test tells it; its device is `scripted:device`."""
    from eigen.testing.scripted_driver import ScriptedDriver

    return ScriptedDriver()


@pytest.fixture
async def eigen_system(tmp_path: Path, eigen_driver: ScriptedDriver) -> AsyncIterator[System]:
    """Open a whole system on a temporary root, with the installed drivers and the scripted one."""
    from eigen.system.composition import open_system

    async with open_system(tmp_path / "eigen", drivers=_drivers(eigen_driver)) as system:
        yield system


@pytest.fixture
def eigen_client(tmp_path: Path, eigen_driver: ScriptedDriver) -> Iterator[Client]:
    """Open a client of a whole system on a temporary root, with the installed drivers and the scripted one."""
    from eigen.client.sync import Client

    with Client(tmp_path / "eigen", drivers=_drivers(eigen_driver)) as client:
        yield client


def _drivers(scripted: ScriptedDriver) -> dict[str, Driver]:
    from eigen.drivers.registry import installed_drivers

    return {**installed_drivers(), scripted.name: scripted}
