"""What a job is made of at its beginning: its first event, its first files, and how both are read back.

Pure, but for reading files through the artifact store.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from eigen.contracts.canonical import sha256_hex
from eigen.contracts.job_events import Submitted
from eigen.contracts.jobs import JobRecord
from eigen.contracts.wire import format_time, to_json
from eigen.kernel.run import JobInputs
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.job_store import key_digest

if TYPE_CHECKING:
    from eigen.ports.kernel import KernelJob

__all__ = ["content_digest", "is_large", "opening_facts", "opening_files", "read_inputs", "submission"]

_RESOLVED = "job.resolved.json"
_AT_ONCE_BYTES = 16 * 1024  # takes less than a turn of the event loop may take
_AT_ONCE_ITEMS = 1_000


def submission(job: KernelJob, files: Mapping[str, bytes], *, job_id: str, at: datetime) -> Submitted:
    """Return the first event of a job that begins with `files`."""
    metadata, body = job.spec.metadata, job.spec.spec
    return Submitted(
        at=at,
        job_id=job_id,
        name=metadata.name,
        subject=job.subject,
        tenant=job.tenant,
        labels=metadata.labels,
        target=body.target or "",
        priority=body.priority,
        timeout_sec=body.timeout_sec,
        dependencies=tuple(dict.fromkeys(body.dependencies)),
        shots=body.shots,
        seed=body.seed,
        trace_id=job.trace.trace_id,
        span_id=job.trace.span_id,
        parent_span_id=job.trace.parent_id,
        is_sampled=job.trace.is_sampled,
        spec_digest=sha256_hex(files[_RESOLVED]),
        source_digest=sha256_hex(job.source.content),
    )


def content_digest(submitted: Submitted | JobRecord) -> str:
    """Return the digest of what was submitted: an idempotency key stands for it."""
    return sha256_hex(f"{submitted.spec_digest} {submitted.source_digest}".encode())


def is_large(job: KernelJob) -> bool:
    """Return whether writing a job's files takes longer than a turn of the event loop may take.

    Such a job has a folder from the beginning; a small one's files stand beside its record at first.
    """
    if len(job.job_yaml) + len(job.source.content) > _AT_ONCE_BYTES:
        return True
    items, stack = 0, [job.spec.spec.inputs, job.spec.spec.sweep]
    while stack and items <= _AT_ONCE_ITEMS:
        one = stack.pop()
        if isinstance(one, dict | list):
            items += len(one)
            stack += islice(one.values() if isinstance(one, dict) else one, _AT_ONCE_ITEMS)
    return items > _AT_ONCE_ITEMS


def opening_files(job: KernelJob) -> dict[str, bytes]:
    """Return the files that a job begins with."""
    return {
        "job.yaml": job.job_yaml,
        _program_name(job.source.language): job.source.content,
        _RESOLVED: job.spec.to_bytes(),
    }


def opening_facts(record: JobRecord, job: KernelJob) -> dict[str, Any]:
    """Return what `meta.json` says of a job that has just begun; enough to rebuild its row in the job store."""
    return {
        "job_id": record.job_id,
        "trace_id": record.trace_id,
        "created_at": format_time(record.created_at),
        "idempotency_key_sha256": key_digest(job.idempotency_key),
        "record": to_json(record),
        "program": {
            "filename": job.source.filename,
            "language": job.source.language.value,
            "inline_line": job.source.inline_line,
            "inline_indent": job.source.inline_indent,
        },
    }


async def read_inputs(artifacts: ArtifactStore, job_id: str, program: Mapping[str, Any]) -> JobInputs:
    """Return what `opening_files` and `opening_facts` have kept.

    Raises:
        NotFoundError, InternalError: A file is gone or damaged.
    """
    from eigen.contracts.compilation import Language, ProgramSource
    from eigen.contracts.jobspec import JobSpec

    language = Language(program["language"])
    resolved = await artifacts.read(job_id, _RESOLVED)
    is_quick = len(resolved) <= _AT_ONCE_BYTES
    return JobInputs(
        spec=JobSpec.from_bytes(resolved) if is_quick else await run_sync(JobSpec.from_bytes, resolved),
        source=ProgramSource(
            content=await artifacts.read(job_id, _program_name(language)),
            filename=program["filename"],
            language=language,
            inline_line=program["inline_line"],
            inline_indent=program["inline_indent"],
        ),
    )


def _program_name(language: str) -> str:
    """Return the name under which a program is kept, whatever its file was called."""
    return {"eigen-lang": "program.eigen.py", "aqo": "program.aqo.json"}.get(language, "program.qasm")
