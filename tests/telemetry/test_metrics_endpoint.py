"""The HTTP endpoint of a system: metrics, health and readiness; whatever else is asked is answered too."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from prometheus_client.parser import text_string_to_metric_families

import eigen
from eigen.client.packaging import package
from eigen.contracts.errors import InvalidArgumentError, UnavailableError
from eigen.telemetry.http import serving_metrics
from eigen.telemetry.metrics import Metrics
from eigen.telemetry.metrics_table import METRICS
from eigen.testing.scripted_driver import ScriptedDriver

BELL = "@hybrid_program(target='scripted:device')\ndef main():\n    q = QubitRegister(2)\n    h(q[0])\n    measure(q)\n"


async def ready() -> None:
    """Be ready."""


async def asked(port: int, request: bytes) -> tuple[int, str]:
    """Return the status and the body of an answer."""
    answer = b""
    with anyio.fail_after(60):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(request)
            async for part in stream:
                answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    return int(head.split()[1]), body.decode()


async def got(port: int, path: str) -> tuple[int, str]:
    return await asked(port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


async def test_a_job_is_seen_in_the_metrics_of_its_system(tmp_path: Path) -> None:
    async with eigen.open_system(tmp_path, drivers={"scripted": ScriptedDriver()}, metrics_port=0) as system:
        assert system.metrics_port
        job = await system.api.submit_job(package(BELL).request)
        with anyio.fail_after(60):
            async for _ in system.api.stream_job_updates(job.job_id):
                pass
        status, text = await got(system.metrics_port, "/metrics")
        assert (await got(system.metrics_port, "/readyz"))[0] == 200
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert status == 200
    assert samples["eigen_kernel_job_duration_seconds_count", ("state", "DONE")] == 1
    assert samples["eigen_kernel_queue_wait_seconds_count", ("device", "scripted:device")] == 1
    assert samples["eigen_kernel_job_state_transitions_total", ("from", "RUNNING"), ("to", "DONE")] == 1
    names = {spec.name for spec in METRICS}
    assert {
        name for name in names if f"# TYPE {name.removesuffix('_total')}" in text or f"# TYPE {name}" in text
    } == names
    assert job.job_id not in text


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 200),
        (b"GET /metrics?x=1 HTTP/1.0\r\n\r\n", 200),
        (b"GET /other HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"nonsense\r\n\r\n", 400),
        (b"x" * 20_000, 400),
    ],
)
async def test_every_request_has_its_answer(request_: bytes, status: int) -> None:
    async with serving_metrics(Metrics(), port=0, is_ready=ready) as port:
        assert (await asked(port, request_))[0] == status


async def test_a_system_that_cannot_work_is_not_ready_and_says_why() -> None:
    async def broken() -> None:
        raise UnavailableError("a message with a path", reason="STORE_FAILED")

    async with serving_metrics(Metrics(), port=0, is_ready=broken) as port:
        assert await got(port, "/readyz") == (503, "STORE_FAILED\n")
        assert (await got(port, "/healthz"))[0] == 200


async def test_a_port_that_is_taken_or_that_there_is_not_is_an_error() -> None:
    async with serving_metrics(Metrics(), port=0, is_ready=ready) as port:
        with pytest.raises(UnavailableError, match=str(port)):
            async with serving_metrics(Metrics(), port=port, is_ready=ready):
                pass
    with pytest.raises(InvalidArgumentError):
        async with serving_metrics(Metrics(), port=70_000, is_ready=ready):
            pass
