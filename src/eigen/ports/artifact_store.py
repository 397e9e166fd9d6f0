"""`ArtifactStore`: CircuitFS, every artifact of every job, whole and with its digest."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from eigen.contracts.errors import InternalError
from eigen.contracts.wire import json_line

__all__ = ["JOURNAL", "Artifact", "ArtifactProblem", "ArtifactReads", "ArtifactStore", "Opening", "OpeningCopies"]

JOURNAL = "iterations.jsonl"
"""Name of the artifact that has a line for each evaluation of a hybrid loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A stored file.

    Attributes:
        name: Its name within the job's folder.
        size_bytes: Its size.
        sha256: Its digest, hexadecimal.
    """

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactProblem:
    """A stored file that is not as it should be."""

    name: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a job begins with, where it has no folder yet.

    Attributes:
        files: Its first files, by name.
        facts: What `meta.json` says of it then.
    """

    files: Mapping[str, bytes]
    facts: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Return all of it as bytes: a line of JSON with the facts and the sizes of the files, then the files."""
        head = {"facts": self.facts, "files": [(name, len(content)) for name, content in self.files.items()]}
        return b"".join([json_line(head).encode(), b"\n", *self.files.values()])

    @staticmethod
    def from_bytes(content: bytes) -> Opening:
        """Return what `to_bytes` wrote.

        Raises:
            InternalError: The content is damaged (reason `JOB_FILES_LOST`).
        """
        line, _, body = content.partition(b"\n")
        try:
            head = json.loads(line)
            ends = list(accumulate((size for _, size in head["files"]), initial=0))
            if ends[-1] != len(body):
                raise ValueError(f"{len(body)} bytes of files where {ends[-1]} are due")
            parts = zip(head["files"], ends, ends[1:], strict=False)
            files = {str(name): body[start:end] for (name, _), start, end in parts}
            return Opening(files=files, facts=dict(head["facts"]))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InternalError("what the job began with is damaged", reason="JOB_FILES_LOST") from error


class OpeningCopies(ABC):
    """Openings of jobs that have no folder yet, a second time, so that they outlive a job store that is lost.

    Every method blocks; they are called from one thread at a time.
    """

    @abstractmethod
    def keep(self, job_id: str, opening: bytes) -> None:
        """Keep what a new job begins with, as `Opening.to_bytes` gives it; it outlives the process, if not a power cut.

        Raises:
            OSError: The disk fails.
        """

    @abstractmethod
    def forget(self, job_id: str) -> None:
        """Keep a job's opening no longer than is convenient; one that is not there is no error."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything; what was not forgotten stays."""


class ArtifactReads(ABC):
    """What jobs have left, for whoever looks at it."""

    @abstractmethod
    async def read(self, job_id: str, name: str) -> bytes:
        """Return a file's content, checked against its recorded digest where it has one yet.

        Raises:
            NotFoundError: There is no such job or file.
            InternalError: The content does not match (reason `ARTIFACT_CORRUPT`).
        """

    @abstractmethod
    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """Return what is stored for a job, by name, `meta.json` left out.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def meta(self, job_id: str) -> Mapping[str, Any]:
        """Return `meta.json`.

        Raises:
            NotFoundError: There is no such job.
            InternalError: It is damaged.
        """

    @abstractmethod
    async def verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        """Return every recorded file that is missing or does not match its digest.

        Raises:
            NotFoundError: There is no such job.
        """


class ArtifactStore(ArtifactReads):
    """One folder a job. A job's life in it: `create` → `put`* → `seal`, or `seal` alone, with all that there is.

    Files appear whole or not at all, are never overwritten with other content, and are checked against their digest
    when read. `create` and `seal` are durable when they return: what they wrote survives a power cut. What `put` wrote
    survives the process, and is made durable by `seal`.

    `meta.json` is the store's own: `{"files": {name: {"sha256", "size_bytes"}}, "sealed": bool, **facts}`.
    """

    @abstractmethod
    async def create(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Make a job's folder with its inputs, at once and durably.

        Raises:
            AlreadyExistsError: The folder exists.
            InvalidArgumentError: The job id or a name is not allowed.
            ResourceExhaustedError: The disk is full.
            UnavailableError: The disk fails or is read-only.
        """

    @abstractmethod
    async def put(self, job_id: str, files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
        """Add files, one after another; the same content again is no error.

        Raises:
            NotFoundError: There is no such job.
            AlreadyExistsError: A file exists with other content (reason `ARTIFACT_EXISTS`).
            FailedPreconditionError: The job is sealed.
            ResourceExhaustedError, UnavailableError: As `create`.
        """

    @abstractmethod
    async def seal(
        self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any], opening: Opening | None = None
    ) -> None:
        """Add the last files and make everything durable; `meta.json` then holds every digest and `facts`.

        Args:
            job_id: The job.
            files: Its last files.
            facts: What else `meta.json` says, above what it said.
            opening: What it began with, for a job that may have no folder yet: it gets one now, with everything.

        Raises:
            EigenError: As `put`.
        """

    @abstractmethod
    async def discard(self, job_id: str) -> None:
        """Remove the folder of a job that was never acknowledged; a job that is not there is no error."""

    @abstractmethod
    async def reset(self, job_id: str, *, opening: Opening | None = None) -> Mapping[str, Any]:
        """Bring a job whose owner is gone to one of two certain states: sealed, whole and durable, or as created.

        What an attempt that never sealed has added is removed, and so is a seal that a power cut has left in pieces.

        Args:
            job_id: The job.
            opening: What it began with, where that is kept elsewhere: a folder that is missing, or of which a power cut
                has left pieces, is made anew from it.

        Returns:
            What `meta.json` says then.

        Raises:
            NotFoundError: There is no such job.
            InternalError: `meta.json` is damaged, and there is no earlier one.
            UnavailableError: As `create`.
        """

    @abstractmethod
    def journal(self, job_id: str, part: int) -> AbstractAsyncContextManager[int]:
        """Open a part of a job's journal: a file that grows while the job runs, before anything of it is an artifact.

        Journals outlive attempts: `reset` leaves those of an open job alone, so that whoever takes the job over goes on
        where they end. They are no artifacts, and go when the job is sealed.

        Args:
            job_id: A job that has a folder and is not sealed.
            part: Number of the part, from 0.

        Returns:
            What gives a descriptor for reading and appending. Until it and all of its copies, in whatever process, are
            closed, nobody else has the part.

        Raises:
            NotFoundError: There is no such job.
            FailedPreconditionError: The job is sealed.
            UnavailableError: Somebody else has the part (reason `JOURNAL_BUSY`), or as `create`.
        """

    @abstractmethod
    async def journals(self, job_id: str) -> tuple[bytes, ...]:
        """Return what is in the parts of a job's journal, in order; empty where there are none.

        Raises:
            NotFoundError: There is no such job.
        """

    @abstractmethod
    async def having(self, name: str, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those of some jobs that have a file of this name, recorded or not; nothing is read."""

    @abstractmethod
    async def job_ids(self) -> tuple[str, ...]:
        """Return the ids of all jobs that have a folder, sorted."""
