"""Devices of `config.toml` are devices of the system; a section that is wrong stops it with file, device and key."""

from __future__ import annotations

from pathlib import Path

import pytest

import eigen
from eigen.contracts.errors import InvalidArgumentError

SECTION = """
[devices."lab:line"]
backend = "qiskit.providers.fake_provider:GenericBackendV2"
options = {num_qubits = 5}
qubits = 5
"""


@pytest.fixture
def configured(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text(request.param)
    monkeypatch.setenv("EIGEN_CONFIG", str(file))


@pytest.mark.parametrize("configured", [SECTION], indirect=True)
@pytest.mark.usefixtures("configured")
async def test_a_configured_device_stands_beside_those_that_are_installed(tmp_path: Path) -> None:
    async with eigen.open_system(tmp_path / "root") as system:
        found = {one.device_id: one for one in await system.api.list_devices()}
    assert found["lab:line"].num_qubits == 5
    assert {"sim:local", "fake:manila"} <= found.keys()


@pytest.mark.parametrize(
    ("configured", "reason"),
    [(SECTION + "qubit = 5\n", "CONFIG_DEVICE"), ("devices = 5\n", "CONFIG_FILE")],
    indirect=["configured"],
)
@pytest.mark.usefixtures("configured")
async def test_a_wrong_section_stops_the_system(tmp_path: Path, reason: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"config\.toml") as caught:
        async with eigen.open_system(tmp_path / "root"):
            pass
    assert caught.value.reason == reason
