"""A job's row in the job store, made anew from what CircuitFS has of it.

A sealed job has its last record and all of its events there; an open one its first record, of which the first event is
made again, so that it begins anew. Either has the digest of its idempotency key.
"""

from __future__ import annotations

import json
from dataclasses import fields

from eigen.contracts.errors import InternalError
from eigen.contracts.job_events import Submitted
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.wire import from_json
from eigen.kernel.history import stored
from eigen.kernel.inputs import content_digest
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.job_store import KeptJob

__all__ = ["recollect"]

_FACTS = tuple(one.name for one in fields(Submitted) if one.name in {kept.name for kept in fields(JobRecord)})
"""What a record keeps of its first event; the time has another name there, and whether its trace is sampled is lost."""


async def recollect(artifacts: ArtifactStore, job_id: str) -> KeptJob:
    """Return what CircuitFS has of a job; what an attempt has added and not sealed is removed.

    Raises:
        NotFoundError: There is no such job.
        InternalError: Its files are damaged, or were written by a version that did not keep enough.
    """
    meta = await artifacts.reset(job_id)
    problems = await artifacts.verify(job_id)
    if problems:
        raise InternalError(f"{problems[0].name}: {problems[0].problem}", reason="JOB_FILES_LOST")
    if "record" not in meta:
        raise InternalError("an older version did not keep enough of it", reason="JOB_FILES_LOST")
    record = from_json(JobRecord, meta["record"])
    return KeptJob(
        record=record,
        events=await _events(artifacts, record) if meta["sealed"] else (_first_event(record),),
        key_digest=meta.get("idempotency_key_sha256", ""),
        content_digest=content_digest(record),
    )


async def _events(artifacts: ArtifactStore, record: JobRecord) -> tuple[StoredEvent, ...]:
    lines = (await artifacts.read(record.job_id, "events.jsonl")).splitlines()
    return tuple(from_json(StoredEvent, json.loads(line)) for line in lines)


def _first_event(record: JobRecord) -> StoredEvent:
    facts = {name: getattr(record, name) for name in _FACTS}
    return stored(Submitted(at=record.created_at, **facts), record)
