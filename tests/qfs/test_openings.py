"""A job's first files stand in the job store until its folder has them; whoever asks is answered either way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.errors import NotFoundError
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.artifact_store import Opening
from eigen.ports.job_store import NewJob
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.openings import RootArtifacts

JOB = "job_" + "0" * 26
OPENING = Opening(files={"job.yaml": b"kind: QuantumJob\n", "b": b"\x00\n\xff", "a": b""}, facts={"trace_id": "é"})
RESULTS = {"results.json": b"{}" * 100, "events.jsonl": b"{}\n"}

names = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


@given(st.dictionaries(names, st.binary(max_size=50), max_size=4), st.dictionaries(names, st.text(max_size=5)))
def test_an_opening_comes_back_from_its_bytes(files: Mapping[str, bytes], facts: Mapping[str, str]) -> None:
    opening = Opening(files=files, facts=facts)
    assert Opening.from_bytes(opening.to_bytes()) == opening


async def test_artifacts_are_found_before_a_job_has_its_folder_and_after(tmp_path: Path) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    record = JobRecord(job_id=JOB, name="bell", subject="ada", event_seq=1, created_at=at, updated_at=at)
    event = StoredEvent(event_seq=1, kind="Submitted", at=at, state=record.state, stage=record.stage)
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        artifacts = RootArtifacts(DiskArtifactStore(tmp_path / "circuit_fs"), store)
        await store.insert(NewJob(record=record, event=event, opening=OPENING.to_bytes()))
        for has_folder in (False, True):
            assert [one.name for one in await artifacts.artifacts(JOB)] == sorted(OPENING.files)
            assert {name: await artifacts.read(JOB, name) for name in OPENING.files} == OPENING.files
            meta = await artifacts.meta(JOB)
            assert (set(meta["files"]), meta["sealed"], meta["trace_id"]) == (set(OPENING.files), False, "é")
            assert await artifacts.verify(JOB) == ()
            for job_id, name in ((JOB, "results.json"), ("job_" + "1" * 26, "job.yaml")):
                with pytest.raises(NotFoundError):
                    await artifacts.read(job_id, name)
            assert await artifacts.job_ids() == ((JOB,) if has_folder else ())
            await artifacts.reset(JOB)


@pytest.mark.parametrize("torn", ["job.yaml", "results.json", "meta.json"])
@pytest.mark.parametrize("left", [None, b"", b"{"])
async def test_what_a_power_cut_has_left_in_pieces_is_made_anew_from_the_opening(
    tmp_path: Path, torn: str, left: bytes | None
) -> None:
    store = DiskArtifactStore(tmp_path / "circuit_fs")
    await store.seal(JOB, RESULTS, facts={}, opening=OPENING)
    path = tmp_path / "circuit_fs" / JOB / torn
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    assert (await store.reset(JOB, opening=OPENING))["sealed"] is False
    assert {found.name for found in await store.artifacts(JOB)} == set(OPENING.files)
    assert await store.verify(JOB) == ()
    await store.seal(JOB, RESULTS, facts={})
    assert (await store.meta(JOB))["sealed"] is True
