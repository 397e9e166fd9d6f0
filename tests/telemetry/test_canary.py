"""A secret in every input of a job and in its surroundings is in no log line, no metric, no span and no sentence."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

import eigen
from eigen.client.packaging import Overrides, package
from eigen.contracts.execution import ExecutionRequest, ExecutionResult
from eigen.contracts.secrets import without_secrets
from eigen.telemetry.job_trace import job_spans
from eigen.telemetry.otlp import to_otlp
from eigen.testing.scripted_driver import ScriptedDriver

CANARY = "canary-5b0f1c77"
THETA = 0.50717771
PROGRAM = f"""
# {CANARY}
@hybrid_program(target="scripted:device")
def main(theta: float):
    q = QubitRegister(1)
    rx(q[0], theta)
    measure(q)
"""


class IndiscreetDriver(ScriptedDriver):
    """A vendor whose error quotes the credentials that it was given."""

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        raise RuntimeError(f"401 for {os.environ['VENDOR_TOKEN']}")


async def told(root: Path, driver: ScriptedDriver, source: str) -> str:
    """Return everything that telemetry has told of a job with the canary wherever a user can put one."""
    async with eigen.open_system(root, drivers={"scripted": driver}) as system:
        request = package(source, overrides=Overrides(inputs={"theta": THETA}), idempotency_key=CANARY).request
        metadata = request.spec.metadata.model_copy(update={"annotations": {"note": CANARY}})
        body = request.spec.spec.model_copy(
            update={"driver_options": {"api_token": CANARY}, "metadata": {"password": CANARY}}
        )
        spec = request.spec.model_copy(update={"metadata": metadata, "spec": body})
        request = replace(request, spec=spec, job_yaml=request.job_yaml + f"# {CANARY}\n".encode())
        job = await system.api.submit_job(request)
        with anyio.fail_after(60):
            async for _ in system.api.stream_job_updates(job.job_id):
                pass
        spans = job_spans(await system.api.list_job_events(job.job_id))
        assert system.telemetry is not None
        seen = system.telemetry.metrics.render() + json.dumps(to_otlp(job.trace_id, spans))
    return seen + (root / "logs" / "eigen.jsonl").read_text() + (root / "metrics.json").read_text()


async def test_a_job_that_succeeds_tells_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_TOKEN", CANARY)
    seen = await told(tmp_path, ScriptedDriver(), PROGRAM)
    assert CANARY not in seen and str(THETA) not in seen
    assert '"to":"DONE"' in seen and "compiler.compile" in seen


async def test_a_program_that_is_wrong_tells_no_secret(tmp_path: Path) -> None:
    wrong = PROGRAM.replace("rx(", f"{CANARY.replace('-', '_')}(")
    seen = await told(tmp_path, ScriptedDriver(), wrong)
    assert CANARY not in seen and CANARY.replace("-", "_") not in seen
    assert '"to":"ERROR"' in seen


async def test_a_vendors_error_is_told_whole_but_for_the_secret_that_it_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_TOKEN", CANARY)
    seen = await told(tmp_path, IndiscreetDriver(), PROGRAM)
    assert CANARY not in seen
    assert "RuntimeError: 401 for [VENDOR_TOKEN]" in seen


def test_short_values_and_harmless_names_are_no_secrets() -> None:
    assert without_secrets("a b", {"MY_TOKEN": "a", "HOME": "b"}) == "a b"
    assert without_secrets("abcdefgh", {"A_TOKEN": "abcdef", "B_TOKEN": "abcdefgh"}) == "[B_TOKEN]"
