"""What a system that is gone has left of a job: an end that only has to be recorded, or inputs to begin anew with."""

from __future__ import annotations

import json
from dataclasses import dataclass

from eigen.contracts.errors import EigenError, InternalError
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.wire import from_json
from eigen.kernel.inputs import read_inputs
from eigen.kernel.run import JobInputs
from eigen.ports.artifact_store import ArtifactStore

__all__ = ["SealedEnd", "legacy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEnd:
    """The end that CircuitFS has of a job whose owner died between sealing and recording.

    Attributes:
        record: The final record.
        missing: The events that the job store has not seen, in order.
    """

    record: JobRecord
    missing: tuple[StoredEvent, ...]


async def legacy(artifacts: ArtifactStore, orphan: JobRecord) -> SealedEnd | JobInputs | EigenError:
    """Return what is left of a job whose owner is gone; what its last attempt had added and not sealed is removed.

    Returns:
        Its end; or what to begin anew with; or the error with which it must end, where its files are gone or damaged.
    """
    job_id = orphan.job_id
    try:
        await artifacts.reset(job_id)
        meta = await artifacts.meta(job_id)
        if meta["sealed"]:
            lines = (await artifacts.read(job_id, "events.jsonl")).splitlines()
            missing = tuple(from_json(StoredEvent, json.loads(line)) for line in lines[orphan.event_seq :])
            return SealedEnd(record=from_json(JobRecord, meta["record"]), missing=missing)
        return await read_inputs(artifacts, job_id, meta["program"])
    except EigenError as error:
        return InternalError(
            f"the job's files are gone or damaged: {error.message}",
            reason="JOB_FILES_LOST",
            hint="submit the job again",
        )
