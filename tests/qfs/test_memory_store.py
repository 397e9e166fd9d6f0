"""The store in memory keeps the law of CircuitFS."""

from __future__ import annotations

import pytest

from eigen.qfs.memory import MemoryArtifactStore
from eigen.testing.artifact_conformance import ARTIFACT_STORE_CHECKS, Check, check_artifact_store


@pytest.mark.parametrize("check", ARTIFACT_STORE_CHECKS, ids=lambda check: check.__name__)
async def test_the_memory_store_conforms(check: Check) -> None:
    await check(MemoryArtifactStore())


async def test_the_suite_finds_a_store_that_breaks_the_law() -> None:
    class Forgetful(MemoryArtifactStore):
        async def seal(self, job_id: str, files: object, *, facts: object, opening: object = None) -> None:
            await super().seal(job_id, {}, facts=facts)  # type: ignore[arg-type]  # the fault to be found

    with pytest.raises(AssertionError, match="sealing_records_everything"):
        await check_artifact_store(Forgetful)
