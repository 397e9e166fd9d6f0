"""`MemoryArtifactStore`: the law of CircuitFS in this process's memory, for tests and for jobs that leave nothing."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio.lowlevel

from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactStore, Opening
from eigen.qfs.layout import (
    META,
    Meta,
    artifact_exists,
    artifact_of,
    job_exists,
    job_sealed,
    journal_busy,
    no_such_artifact,
    no_such_job,
    require_job_id,
    require_names,
)

__all__ = ["MemoryArtifactStore"]


@dataclass(slots=True)
class _Folder:
    """A job's files; `meta` is kept as bytes, so that facts come back as JSON gives them."""

    meta: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    journals: dict[int, bytes] = field(default_factory=dict)
    open_journals: set[int] = field(default_factory=set)


class MemoryArtifactStore(ArtifactStore):
    """Artifacts in memory; see the port."""

    def __init__(self) -> None:
        self._folders: dict[str, _Folder] = {}

    async def create(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Make a job's folder with its inputs; see the port."""
        await anyio.lowlevel.checkpoint()
        require_job_id(job_id)
        require_names(files)
        if job_id in self._folders:
            raise job_exists(job_id)
        meta = Meta.of(files, sealed=False, facts=facts)
        self._folders[job_id] = _Folder(meta=meta.to_bytes(), files=dict(files))

    async def put(self, job_id: str, files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
        """Add files; see the port."""
        await anyio.lowlevel.checkpoint()
        require_names(files)
        folder, meta = self._open(job_id)
        if meta.sealed:
            raise job_sealed(job_id)
        self._add(job_id, folder, files)
        return tuple(artifact_of(*one) for one in files.items())

    async def seal(
        self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any], opening: Opening | None = None
    ) -> None:
        """Add the last files; see the port."""
        require_names(files)
        if opening is not None and job_id not in self._folders:
            await self.create(job_id, opening.files, facts=opening.facts)
        await anyio.lowlevel.checkpoint()
        folder, meta = self._open(job_id)
        contents = {**folder.files, **files}
        sealed = meta.as_sealed((artifact_of(*one) for one in contents.items()), facts).to_bytes()
        if meta.sealed:
            if sealed != folder.meta:
                raise job_sealed(job_id)
            return
        self._add(job_id, folder, files)
        folder.meta = sealed
        folder.journals.clear()

    async def discard(self, job_id: str) -> None:
        """Remove the folder of a job that was never acknowledged; see the port."""
        await anyio.lowlevel.checkpoint()
        folder = self._folders.get(job_id)
        if folder is not None and Meta.from_bytes(folder.meta).sealed:
            raise job_sealed(job_id)
        self._folders.pop(job_id, None)

    async def reset(self, job_id: str, *, opening: Opening | None = None) -> Mapping[str, Any]:
        """Remove what an attempt that never sealed has added; see the port."""
        if opening is not None and job_id not in self._folders:
            await self.create(job_id, opening.files, facts=opening.facts)
        await anyio.lowlevel.checkpoint()
        folder, meta = self._open(job_id)
        folder.files = {name: content for name, content in folder.files.items() if name in meta.files}
        return meta.document()

    async def read(self, job_id: str, name: str) -> bytes:
        """Return a file's content; see the port."""
        await anyio.lowlevel.checkpoint()
        folder, _ = self._open(job_id)
        content = folder.meta if name == META else folder.files.get(name)
        if content is None:
            raise no_such_artifact(job_id, name)
        return content

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """Return what is stored for a job; see the port."""
        await anyio.lowlevel.checkpoint()
        folder, _ = self._open(job_id)
        return tuple(artifact_of(*one) for one in sorted(folder.files.items()))

    async def meta(self, job_id: str) -> Mapping[str, Any]:
        """Return `meta.json`; see the port."""
        await anyio.lowlevel.checkpoint()
        return self._open(job_id)[1].document()

    async def verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        """Return nothing: memory keeps what it was given; see the port."""
        await anyio.lowlevel.checkpoint()
        self._open(job_id)
        return ()

    @asynccontextmanager
    async def journal(self, job_id: str, part: int) -> AsyncIterator[int]:
        """Open a part of a job's journal: a file without a name while it is open, since workers write it."""
        await anyio.lowlevel.checkpoint()
        folder, meta = self._open(job_id)
        if meta.sealed:
            raise job_sealed(job_id)
        if part in folder.open_journals:
            raise journal_busy(job_id)
        folder.open_journals.add(part)
        try:
            with tempfile.TemporaryFile(buffering=0) as file:
                fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
                file.write(folder.journals.get(part, b""))
                try:
                    yield file.fileno()
                finally:
                    folder.journals[part] = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
        finally:
            folder.open_journals.discard(part)

    async def journals(self, job_id: str) -> tuple[bytes, ...]:
        """Return what is in the parts of a job's journal that are not open; see the port."""
        await anyio.lowlevel.checkpoint()
        folder, _ = self._open(job_id)
        return tuple(content for _, content in sorted(folder.journals.items()))

    async def having(self, name: str, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those that have a file; see the port."""
        await anyio.lowlevel.checkpoint()
        return frozenset(one for one in job_ids if one in self._folders and name in self._folders[one].files)

    async def job_ids(self) -> tuple[str, ...]:
        """Return the ids of all jobs, sorted; see the port."""
        await anyio.lowlevel.checkpoint()
        return tuple(sorted(self._folders))

    def _open(self, job_id: str) -> tuple[_Folder, Meta]:
        if job_id not in self._folders:
            raise no_such_job(job_id)
        folder = self._folders[job_id]
        return folder, Meta.from_bytes(folder.meta)

    def _add(self, job_id: str, folder: _Folder, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            if folder.files.get(name, content) != content:
                raise artifact_exists(job_id, name)
        folder.files.update(files)
