"""What a system that is gone has left of a job: an end that only has to be recorded, or inputs to begin anew with.

Thousands of jobs may be left at once, so whoever adopts them only looks whether there may be an end; a folder without
`events.jsonl`, which is named first of the last files, has none. Everything else is read when the job's turn comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from eigen.contracts.errors import EigenError, InternalError, NotFoundError
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.wire import from_json
from eigen.kernel.inputs import read_inputs
from eigen.kernel.run import JobInputs
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.job_store import Orphan

__all__ = ["SealedEnd", "inputs_of", "legacy", "with_end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEnd:
    """The end that CircuitFS has of a job whose owner died between sealing and recording.

    Attributes:
        record: The final record.
        missing: The events that the job store has not seen, in order.
    """

    record: JobRecord
    missing: tuple[StoredEvent, ...]


async def with_end(artifacts: ArtifactStore, orphans: Iterable[Orphan]) -> frozenset[str]:
    """Return the ids of jobs that may have an end on disk; for them `legacy` tells."""
    return await artifacts.having("events.jsonl", [orphan.record.job_id for orphan in orphans])


async def legacy(artifacts: ArtifactStore, orphan: JobRecord) -> SealedEnd | EigenError | None:
    """Return what is left of a job whose owner is gone; what its last attempt had added and not sealed is removed.

    Returns:
        Its end; or the error with which it must end, where its files are gone or damaged; or None: it begins anew.

    Raises:
        UnavailableError: The disk fails; it may be tried again.
    """
    job_id = orphan.job_id
    try:
        meta = await artifacts.reset(job_id)
        if not meta["sealed"]:
            return None
        lines = (await artifacts.read(job_id, "events.jsonl")).splitlines()
        missing = tuple(from_json(StoredEvent, json.loads(line)) for line in lines[orphan.event_seq :])
        return SealedEnd(record=from_json(JobRecord, meta["record"]), missing=missing)
    except (NotFoundError, InternalError) as error:
        return _lost(error)
    except (ValueError, KeyError):
        return _lost(InternalError("its end cannot be read"))


async def inputs_of(artifacts: ArtifactStore, job_id: str, inputs: JobInputs | EigenError | None) -> JobInputs:
    """Return what a job runs on, read from its files where that has not been done yet.

    Raises:
        EigenError: They are gone or damaged, or the disk fails.
    """
    if isinstance(inputs, JobInputs):
        return inputs
    if isinstance(inputs, EigenError):
        raise inputs
    try:
        meta = await artifacts.reset(job_id)
        return await read_inputs(artifacts, job_id, meta["program"])
    except (NotFoundError, InternalError) as error:
        raise _lost(error) from error


def _lost(error: EigenError) -> InternalError:
    return InternalError(
        f"the job's files are gone or damaged: {error.message}",
        reason="JOB_FILES_LOST",
        hint="submit the job again",
    )
