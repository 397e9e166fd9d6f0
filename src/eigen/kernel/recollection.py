"""A job told anew from what CircuitFS and a job store have of it, either of which may be damaged or gone.

What stands above what:

1. a seal that is whole: it is the end, whatever the store says;
2. what the store has, where its events make a record, or where the job has ended by it: a file that was damaged later
   does not take the record with it;
3. what CircuitFS has otherwise: of a sealed job its last record; of an open one its first record, of which the first
   event is made again, so that it begins anew;
4. the store's record, whatever its events are.

Each has the digest of the job's idempotency key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from eigen.contracts.errors import EigenError, InternalError, NotFoundError
from eigen.contracts.job_events import Submitted
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.wire import from_json
from eigen.kernel.history import refolded, stored, tells
from eigen.kernel.inputs import content_digest
from eigen.kernel.stores.salvage import FoundJob
from eigen.ports.artifact_store import ArtifactStore, Opening
from eigen.ports.job_store import KeptJob

__all__ = ["recollect", "sealed_end"]

_FACTS = tuple(one.name for one in fields(Submitted) if one.name in {kept.name for kept in fields(JobRecord)})
"""What a record keeps of its first event; the time has another name there, and whether its trace is sampled is lost."""


async def recollect(
    artifacts: ArtifactStore, job_id: str, *, found: FoundJob | None = None, opening: Opening | None = None
) -> KeptJob:
    """Return a job as it is told best; of an open one, what an attempt has added and not sealed may be removed.

    Args:
        artifacts: CircuitFS, folders only.
        job_id: The job.
        found: What a store has of it.
        opening: What it began with, for one that may have no folder yet.

    Raises:
        NotFoundError: There is nothing of it.
        InternalError: What there is of it is damaged, or was written by a version that did not keep enough.
    """
    remembered = None if found is None else found.kept()
    end = await sealed_end(artifacts, job_id, found=found)
    if end is not None:
        return end
    if found is not None and remembered is not None and (found.is_whole or remembered.record.state.is_terminal):
        has_ended = remembered.record.state.is_terminal
        return remembered if has_ended or opening is None else replace(remembered, opening=opening.to_bytes())
    try:
        return _joined(await _from_files(artifacts, job_id, opening), found)
    except EigenError:
        if remembered is None:
            raise
        return remembered


async def sealed_end(artifacts: ArtifactStore, job_id: str, *, found: FoundJob | None = None) -> KeptJob | None:
    """Return the end of a job that is sealed and whole, durable; None for any other one.

    Args:
        artifacts: CircuitFS.
        job_id: The job.
        found: What a store has of it, for what only stores have.
    """
    try:
        if not (await artifacts.meta(job_id))["sealed"] or await artifacts.verify(job_id):
            return None
        meta = await artifacts.reset(job_id)
        return _joined(await _told(artifacts, job_id, meta), found)
    except EigenError:
        return None


async def _from_files(artifacts: ArtifactStore, job_id: str, opening: Opening | None) -> KeptJob:
    try:
        meta = await artifacts.reset(job_id)
        problems = () if meta["sealed"] else await artifacts.verify(job_id)
        if problems:
            raise InternalError(f"{problems[0].name}: {problems[0].problem}", reason="JOB_FILES_LOST")
    except (NotFoundError, InternalError):
        if opening is None:
            raise
        meta = await artifacts.reset(job_id, opening=opening)
    return await _told(artifacts, job_id, meta)


async def _told(artifacts: ArtifactStore, job_id: str, meta: Mapping[str, Any]) -> KeptJob:
    """Return what `meta.json` and the files that it names tell."""
    if "record" not in meta:
        raise InternalError("an older version did not keep enough of it", reason="JOB_FILES_LOST")
    try:
        record = from_json(JobRecord, meta["record"])
        events = await _events(artifacts, job_id) if meta["sealed"] else (_first_event(record),)
    except (ValueError, TypeError) as error:
        raise InternalError("its record in meta.json is damaged", reason="JOB_FILES_LOST") from error
    if record.job_id != job_id:
        raise InternalError("its meta.json is another job's", reason="JOB_FILES_LOST")
    made = refolded(events)
    return KeptJob(
        record=made if made is not None and tells(meta["record"], made) else record,
        events=events,
        key_digest=meta.get("idempotency_key_sha256", ""),
        content_digest=content_digest(record),
    )


async def _events(artifacts: ArtifactStore, job_id: str) -> tuple[StoredEvent, ...]:
    """Return the events of a sealed job; none where their file is damaged, which does not take its record with it."""
    try:
        lines = (await artifacts.read(job_id, "events.jsonl")).splitlines()
    except (NotFoundError, InternalError):
        return ()
    return tuple(from_json(StoredEvent, json.loads(line)) for line in lines)


def _joined(told: KeptJob, found: FoundJob | None) -> KeptJob:
    """Return a job that CircuitFS tells, with what a store has besides."""
    if found is None:
        return told
    return replace(
        told,
        key_digest=told.key_digest or found.key_digest,
        content_digest=told.content_digest or found.content_digest,
        cancel_by=found.cancel_by,
    )


def _first_event(record: JobRecord) -> StoredEvent:
    facts = {name: getattr(record, name) for name in _FACTS}
    return stored(Submitted(at=record.created_at, **facts), record)
