"""What every artifact store agrees on: names, `meta.json`, and the errors of the port.

`meta.json` is the store's own record of a job: `{"files": {name: {"sha256", "size_bytes"}}, "sealed", **facts}`. While
a job is open it lists what `create` wrote; once sealed, everything. A file that it does not list yet has no digest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eigen.contracts.canonical import canonical_json, sha256_hex
from eigen.contracts.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from eigen.contracts.jobs import JOB_ID
from eigen.contracts.printable import quoted
from eigen.ports.artifact_store import Artifact

__all__ = [
    "META",
    "Meta",
    "artifact_corrupt",
    "artifact_exists",
    "artifact_of",
    "checked",
    "is_artifact_name",
    "job_exists",
    "job_sealed",
    "journal_busy",
    "no_such_artifact",
    "no_such_job",
    "require_job_id",
    "require_names",
]

META = "meta.json"
"""Name of the store's own file."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What `meta.json` says.

    Attributes:
        files: Recorded artifacts by name.
        sealed: Whether the job takes no more files.
        facts: What the caller wanted kept.
    """

    files: Mapping[str, Artifact]
    sealed: bool
    facts: Mapping[str, Any]

    @staticmethod
    def of(files: Mapping[str, bytes], *, sealed: bool, facts: Mapping[str, Any]) -> Meta:
        """Return the record of a job with some files."""
        return Meta(
            files={name: artifact_of(name, content) for name, content in files.items()}, sealed=sealed, facts=facts
        )

    def document(self) -> dict[str, Any]:
        """Return `meta.json` as JSON values."""
        files = {one.name: {"sha256": one.sha256, "size_bytes": one.size_bytes} for one in self.files.values()}
        return {**self.facts, "files": files, "sealed": self.sealed}

    def to_bytes(self) -> bytes:
        """Return `meta.json`, canonical."""
        return canonical_json(self.document())

    @staticmethod
    def from_bytes(content: bytes) -> Meta:
        """Return what `to_bytes` wrote.

        Raises:
            InternalError: The content is damaged (reason `ARTIFACT_CORRUPT`).
        """
        try:
            document = json.loads(content)  # our own writing, whose digests are checked: no need of the strict reader
            files = {
                name: Artifact(name=name, size_bytes=int(one["size_bytes"]), sha256=str(one["sha256"]))
                for name, one in document.pop("files").items()
            }
            return Meta(files=files, sealed=bool(document.pop("sealed")), facts=document)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise artifact_corrupt(META, "is damaged") from error

    def with_artifacts(self, added: Iterable[Artifact]) -> Meta:
        """Return the record with more artifacts, still open."""
        return Meta(files={**self.files, **{one.name: one for one in added}}, sealed=self.sealed, facts=self.facts)

    def as_sealed(self, added: Iterable[Artifact], facts: Mapping[str, Any]) -> Meta:
        """Return the record with its last artifacts and facts, sealed."""
        return Meta(files=self.with_artifacts(added).files, sealed=True, facts={**self.facts, **facts})


def artifact_of(name: str, content: bytes) -> Artifact:
    """Return the record of a file's content."""
    return Artifact(name=name, size_bytes=len(content), sha256=sha256_hex(content))


def is_artifact_name(name: str) -> bool:
    """Return whether a file may have this name: `[A-Za-z0-9._-]+`, no leading dot, not the store's own."""
    return _NAME.fullmatch(name) is not None and name != META


def require_job_id(job_id: str) -> None:
    """Refuse what is no job id.

    Raises:
        InvalidArgumentError: It is none (reason `JOB_ID`).
    """
    if not JOB_ID.fullmatch(job_id):
        raise InvalidArgumentError(f"{quoted(job_id)} is not a job id", reason="JOB_ID")


def require_names(names: Iterable[str]) -> None:
    """Refuse names that no artifact may have.

    Raises:
        InvalidArgumentError: One of them may not be used (reason `ARTIFACT_NAME`).
    """
    for name in names:
        if not is_artifact_name(name):
            raise InvalidArgumentError(
                f"{quoted(name)} cannot be the name of an artifact",
                reason="ARTIFACT_NAME",
                hint="letters, digits, dots, underscores and hyphens, not beginning with a dot, not meta.json",
            )


def checked(artifact: Artifact, content: bytes) -> bytes:
    """Return the content of a file if it is what was recorded.

    Raises:
        InternalError: It is not (reason `ARTIFACT_CORRUPT`).
    """
    if artifact_of(artifact.name, content) != artifact:
        raise artifact_corrupt(artifact.name, "does not match its digest")
    return content


def no_such_job(job_id: str) -> NotFoundError:
    """Return the error for a job that is not there; whoever knows it by its record learns that its files are gone."""
    return NotFoundError(
        f"the files of job {quoted(job_id)} are gone",
        reason="JOB_FILES_LOST",
        hint="another program has removed them, or the disk has lost them; `eigen doctor` tells of all such jobs",
    )


def no_such_artifact(job_id: str, name: str) -> NotFoundError:
    """Return the error for a file that is not there."""
    return NotFoundError(
        f"job {job_id} has no artifact {quoted(name)}",
        reason="ARTIFACT_NOT_FOUND",
        hint=f"eigen artifacts ls {job_id} lists what it has",
    )


def job_exists(job_id: str) -> AlreadyExistsError:
    """Return the error for a job that is there already."""
    return AlreadyExistsError(f"job {job_id} exists already", reason="JOB_EXISTS")


def artifact_exists(job_id: str, name: str) -> AlreadyExistsError:
    """Return the error for a file that is there with other content."""
    return AlreadyExistsError(f"job {job_id} has {quoted(name)} with other content", reason="ARTIFACT_EXISTS")


def job_sealed(job_id: str) -> FailedPreconditionError:
    """Return the error for a change to a job that takes none."""
    return FailedPreconditionError(f"job {job_id} has ended, and its artifacts do not change", reason="JOB_SEALED")


def journal_busy(job_id: str) -> UnavailableError:
    """Return the error for a journal that another process has."""
    return UnavailableError(
        f"another process still writes the journal of job {job_id}",
        reason="JOURNAL_BUSY",
        hint="wait until it has ended; the job is tried again",
    )


def artifact_corrupt(name: str, problem: str) -> InternalError:
    """Return the error for a file that is not as it was recorded."""
    return InternalError(
        f"the artifact {quoted(name)} {problem}",
        reason="ARTIFACT_CORRUPT",
        hint="the disk or another program has changed it; eigen artifacts verify shows all such files",
    )
