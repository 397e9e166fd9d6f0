"""What tests of the System API share: a system with a job, and the audit lines of its root."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from eigen.contracts.jobs import JobStatus
from eigen.contracts.requests import RequestContext
from eigen.ports.system_api import SystemApi
from tests.api.calls import JOB_CALLS, request


@dataclass(frozen=True)
class Root:
    """A system with a job that is DONE, of ada in the tenant `default`."""

    system: Any
    job: JobStatus

    @property
    def api(self) -> SystemApi:
        return self.system.api

    def audit(self) -> list[dict[str, Any]]:
        """Return the audit lines so far, those that are still gathered included."""
        self.system.telemetry.flush()
        lines = (self.system.root / "logs" / "eigen.jsonl").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["event"] == "audit"]


@pytest.fixture
async def root(eigen_system) -> Root:
    ada = RequestContext(subject="ada")
    job = await eigen_system.api.submit_job(request(), context=ada)
    await JOB_CALLS["stream_job_updates"](eigen_system.api, job.job_id, ada)
    return Root(eigen_system, job)
