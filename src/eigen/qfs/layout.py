"""What every artifact store agrees on: names, and the form of `meta.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from eigen.contracts.canonical import canonical_json, sha256_hex
from eigen.contracts.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
)
from eigen.contracts.jobs import JOB_ID
from eigen.contracts.printable import quoted
from eigen.ports.artifact_store import Artifact

__all__ = [
    "META",
    "artifact_of",
    "check_content",
    "check_job_id",
    "check_name",
    "corrupt",
    "exists",
    "meta_bytes",
    "missing",
    "read_meta",
    "recorded",
    "sealed",
]

META = "meta.json"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def check_job_id(job_id: str) -> None:
    """Let only ids of ours become names of folders.

    Raises:
        InvalidArgumentError: It is not a job id.
    """
    if not JOB_ID.fullmatch(job_id):
        raise InvalidArgumentError(f"{quoted(job_id)} is not a job id", reason="JOB_ID")


def check_name(name: str) -> None:
    """Let only plain names become names of files.

    Raises:
        InvalidArgumentError: The name is not allowed.
    """
    if name == META or not _NAME.fullmatch(name):
        raise InvalidArgumentError(f"{quoted(name)} is not the name of an artifact", reason="ARTIFACT_NAME")


def artifact_of(name: str, content: bytes) -> Artifact:
    """Return what is to be known of a file."""
    return Artifact(name=name, size_bytes=len(content), sha256=sha256_hex(content))


def meta_bytes(artifacts: Iterable[Artifact], *, is_sealed: bool, facts: Mapping[str, Any]) -> bytes:
    """Return `meta.json`, canonical."""
    files = {one.name: {"sha256": one.sha256, "size_bytes": one.size_bytes} for one in artifacts}
    return canonical_json({**facts, "files": files, "sealed": is_sealed})


def read_meta(job_id: str, content: bytes) -> dict[str, Any]:
    """Return what `meta.json` says.

    Raises:
        InternalError: It is damaged.
    """
    try:
        meta = json.loads(content)
        if not isinstance(meta["files"], dict) or not isinstance(meta["sealed"], bool):
            raise TypeError("files, sealed")
    except (ValueError, TypeError, KeyError) as error:
        raise corrupt(job_id, META) from error
    return dict(meta)


def recorded(meta: Mapping[str, Any]) -> dict[str, Artifact]:
    """Return the files that `meta.json` knows."""
    return {name: Artifact(name=name, **facts) for name, facts in meta["files"].items()}


def check_content(job_id: str, artifact: Artifact | None, content: bytes) -> None:
    """Compare a file's content with its record, where it has one.

    Raises:
        InternalError: It does not match.
    """
    if artifact is not None and artifact.sha256 != sha256_hex(content):
        raise corrupt(job_id, artifact.name)


def corrupt(job_id: str, name: str) -> InternalError:
    """Return the error for a file that is not what was stored."""
    return InternalError(
        f"{name} of {job_id} does not match its digest: it was changed or damaged after it was stored",
        reason="ARTIFACT_CORRUPT",
        hint=f"`eigen artifacts verify {job_id}` checks all files of the job",
    )


def missing(job_id: str, name: str = "") -> NotFoundError:
    """Return the error for a file or a job that is not there."""
    what = f"{job_id} has no artifact {quoted(name)}" if name else f"nothing is stored for {quoted(job_id)}"
    return NotFoundError(
        what, reason="ARTIFACT_NOT_FOUND", hint=f"`eigen artifacts ls {job_id}` lists what there is" if name else ""
    )


def exists(job_id: str, name: str = "") -> AlreadyExistsError:
    """Return the error for a file or a job that is there already, and is something else."""
    what = f"{job_id} has another {name} already" if name else f"{job_id} is stored already"
    return AlreadyExistsError(what, reason="ARTIFACT_EXISTS")


def sealed(job_id: str) -> FailedPreconditionError:
    """Return the error for adding to a job that is sealed."""
    return FailedPreconditionError(f"{job_id} is sealed: nothing can be added", reason="ARTIFACTS_SEALED")
