"""`RootArtifacts`: the artifacts of jobs that have a folder, and of those that have none yet.

Theory. Most jobs end within moments. Making a folder when a job comes, and adding to it when it ends, costs twice as
many names and syncs as making it once, with everything in it. So a small job's first files stand in the job store
beside its record, committed with it, until its folder has them: a job gets its folder at its end, or when it takes
long, or when another system takes it over. Until then whoever asks for its artifacts is answered from the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from eigen.contracts.errors import NotFoundError
from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactReads, ArtifactStore, Opening
from eigen.ports.kept_jobs import KeptJobs
from eigen.qfs.layout import Meta, artifact_of

__all__ = ["RootArtifacts", "RootReads"]


class RootReads(ArtifactReads):
    """What a root's jobs have left, those included that have no folder yet.

    Args:
        folders: CircuitFS.
        store: Keeps what jobs begin with.
    """

    def __init__(self, folders: ArtifactReads, store: KeptJobs) -> None:
        self._folders = folders
        self._store = store

    async def read(self, job_id: str, name: str) -> bytes:
        """Return a file's content; see the port."""
        try:
            return await self._folders.read(job_id, name)
        except NotFoundError:
            opening = await self._kept(job_id)
            if opening is None or name not in opening.files:
                return await self._folders.read(job_id, name)  # it may have got its folder meanwhile
            return opening.files[name]

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """Return what is stored for a job; see the port."""
        try:
            return await self._folders.artifacts(job_id)
        except NotFoundError:
            opening = await self._kept(job_id)
            if opening is None:
                return await self._folders.artifacts(job_id)
            return tuple(artifact_of(*one) for one in sorted(opening.files.items()))

    async def meta(self, job_id: str) -> Mapping[str, Any]:
        """Return what `meta.json` says, or would say; see the port."""
        try:
            return await self._folders.meta(job_id)
        except NotFoundError:
            opening = await self._kept(job_id)
            if opening is None:
                return await self._folders.meta(job_id)
            return Meta.of(opening.files, sealed=False, facts=opening.facts).document()

    async def verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        """Return what is not as it should be; see the port."""
        try:
            return await self._folders.verify(job_id)
        except NotFoundError:
            return () if await self._kept(job_id) else await self._folders.verify(job_id)

    async def _kept(self, job_id: str) -> Opening | None:
        content = await self._store.opening(job_id)
        return Opening.from_bytes(content) if content else None


class RootArtifacts(RootReads, ArtifactStore):
    """The artifacts of a root's jobs, those included that have no folder yet.

    Args:
        folders: CircuitFS.
        store: Keeps what jobs begin with.
    """

    def __init__(self, folders: ArtifactStore, store: KeptJobs) -> None:
        super().__init__(folders, store)
        self._whole = folders

    async def create(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Make a job's folder; see the port."""
        await self._whole.create(job_id, files, facts=facts)

    async def put(self, job_id: str, files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
        """Add files to a job's folder; see the port."""
        return await self._whole.put(job_id, files)

    async def seal(
        self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any], opening: Opening | None = None
    ) -> None:
        """Add the last files; see the port."""
        await self._whole.seal(job_id, files, facts=facts, opening=opening)

    async def discard(self, job_id: str) -> None:
        """Remove a folder; see the port."""
        await self._whole.discard(job_id)

    async def reset(self, job_id: str, *, opening: Opening | None = None) -> Mapping[str, Any]:
        """Bring a job to a certain state; it has a folder then; see the port."""
        return await self._whole.reset(job_id, opening=opening or await self._kept(job_id))

    def journal(self, job_id: str, part: int) -> AbstractAsyncContextManager[int]:
        """Open a part of a job's journal; see the port."""
        return self._whole.journal(job_id, part)

    async def journals(self, job_id: str) -> tuple[bytes, ...]:
        """Return what is in a job's journal; see the port."""
        return await self._whole.journals(job_id)

    async def having(self, name: str, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those whose folders have a file; see the port."""
        return await self._whole.having(name, job_ids)

    async def job_ids(self) -> tuple[str, ...]:
        """Return the ids of all jobs that have a folder; see the port."""
        return await self._whole.job_ids()
