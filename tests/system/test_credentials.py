"""A vendor's secret, from a keyring or the environment, is used by the worker that needs it and is in nothing else."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from eigen import Client, Job
from eigen.contracts.jobspec import JobMetadata, JobSpec, JobSpecBody

IN_KEYRING, IN_ENVIRONMENT = SECRETS = ("canary-5f0e77d1a2", "canary-93b1c6d4e8")
CONFIG = """
[devices."{name}:device"]
backend = "vendor_of_{name}:Machine"
options = {{token = {source}}}
qubits = 2
"""
SOURCES = {"kept": '{keyring = "vendor/ada"}', "named": '{env = "VENDOR_KEY"}', "lost": '{keyring = "vendor/bob"}'}
KEYRING = f"""
from keyring.backend import KeyringBackend


class Ring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return {IN_KEYRING!r} if (service, username) == ("vendor", "ada") else None

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError
"""
VENDOR = f"""
from qiskit.providers.fake_provider import GenericBackendV2


class Machine(GenericBackendV2):
    def __init__(self, token):
        assert token in {SECRETS!r}
        super().__init__(2, noise_info=False)
        self._token = token

    def run(self, circuit, **options):
        if circuit.count_ops().get("rz", 0) + circuit.count_ops().get("sx", 0) > 0:
            raise ConnectionError("401 for the token " + self._token + " in /home/ada/.vendor/account")
        return super().run(circuit, **options)
"""
PROGRAM = "@hybrid_program\ndef main():\n    {gate}(0)\n    measure(0)\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "ring_of_tests.py").write_text(KEYRING)
    for name in SOURCES:
        (modules / f"vendor_of_{name}.py").write_text(VENDOR)
    config = tmp_path / "config.toml"
    config.write_text("".join(CONFIG.format(name=name, source=source) for name, source in SOURCES.items()))
    monkeypatch.setenv("PYTHONPATH", str(modules))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "ring_of_tests.Ring")
    monkeypatch.setenv("VENDOR_KEY", IN_ENVIRONMENT)
    monkeypatch.setenv("EIGEN_CONFIG", str(config))
    return tmp_path / "root"


def submitted(client: Client, device: str, gate: str) -> Job:
    body = JobSpecBody(program=PROGRAM.format(gate=gate), target=f"{device}:device", shots=10)
    return client.submit(JobSpec(metadata=JobMetadata(name=device), spec=body))


def test_a_secret_is_used_and_is_in_no_file_message_or_log(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Client(root) as client:
        flipped = [submitted(client, device, "x") for device in ("kept", "named")]
        refused = {device: submitted(client, device, "h") for device in SOURCES}
        assert [job.results().counts for job in flipped] == [{"1": 10}] * 2
        told = {device: job.wait().error or {} for device, job in refused.items()}
    assert {device: one["reason"] for device, one in told.items()} == {
        "kept": "ENGINE_FAILED",
        "named": "ENGINE_FAILED",
        "lost": "DEVICE_CREDENTIALS",
    }
    assert "401 for the token [" in told["kept"]["message"]
    assert "/home" not in str(told)
    written = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    assert b"401 for the token [" in written
    everything = written.decode(errors="replace") + str(told) + caplog.text
    assert not [secret for secret in SECRETS if secret in everything]
