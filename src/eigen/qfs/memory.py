"""CircuitFS in memory: the same law as on disk, for tests and for systems that keep nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactStore
from eigen.qfs import layout

__all__ = ["MemoryArtifactStore"]


@dataclass(slots=True)
class _Folder:
    files: dict[str, bytes]
    meta: bytes


class MemoryArtifactStore(ArtifactStore):
    """An artifact store whose content goes with the process."""

    def __init__(self) -> None:
        self._folders: dict[str, _Folder] = {}

    async def create(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Make a job's folder with its inputs; see the port."""
        _check(job_id, files)
        if job_id in self._folders:
            raise layout.exists(job_id)
        artifacts = [layout.artifact_of(name, content) for name, content in files.items()]
        self._folders[job_id] = _Folder(dict(files), layout.meta_bytes(artifacts, is_sealed=False, facts=facts))

    async def put(self, job_id: str, name: str, content: bytes) -> Artifact:
        """Add a file; see the port."""
        _check(job_id, {name: content})
        folder = self._open_folder(job_id)
        _add(job_id, folder, name, content)
        return layout.artifact_of(name, content)

    async def seal(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Add the last files; see the port."""
        _check(job_id, files)
        folder = self._open_folder(job_id)
        for name, content in files.items():
            _add(job_id, folder, name, content)
        artifacts = [layout.artifact_of(name, content) for name, content in folder.files.items()]
        earlier = layout.read_meta(job_id, folder.meta)
        folder.meta = layout.meta_bytes(artifacts, is_sealed=True, facts={**earlier, **facts})

    async def reset(self, job_id: str) -> None:
        """Remove what an unsealed attempt has added; see the port."""
        folder = self._folder(job_id)
        meta = layout.read_meta(job_id, folder.meta)
        if not meta["sealed"]:
            folder.files = {name: content for name, content in folder.files.items() if name in meta["files"]}

    async def discard(self, job_id: str) -> None:
        """Remove a job; see the port."""
        self._folders.pop(job_id, None)

    async def read(self, job_id: str, name: str) -> bytes:
        """Return a file's content; see the port."""
        folder = self._folder(job_id)
        if name == layout.META:
            return folder.meta
        if name not in folder.files:
            raise layout.missing(job_id, name)
        return folder.files[name]

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """Return what is stored for a job; see the port."""
        files = self._folder(job_id).files
        return tuple(layout.artifact_of(name, files[name]) for name in sorted(files))

    async def meta(self, job_id: str) -> Mapping[str, Any]:
        """Return `meta.json`; see the port."""
        return layout.read_meta(job_id, self._folder(job_id).meta)

    async def verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        """Return nothing: memory does not rot; see the port."""
        self._folder(job_id)
        return ()

    async def job_ids(self) -> tuple[str, ...]:
        """Return the ids of all jobs; see the port."""
        return tuple(sorted(self._folders))

    def _folder(self, job_id: str) -> _Folder:
        if job_id not in self._folders:
            raise layout.missing(job_id)
        return self._folders[job_id]

    def _open_folder(self, job_id: str) -> _Folder:
        folder = self._folder(job_id)
        if layout.read_meta(job_id, folder.meta)["sealed"]:
            raise layout.sealed(job_id)
        return folder


def _check(job_id: str, files: Mapping[str, bytes]) -> None:
    layout.check_job_id(job_id)
    for name in files:
        layout.check_name(name)


def _add(job_id: str, folder: _Folder, name: str, content: bytes) -> None:
    if folder.files.setdefault(name, content) != content:
        raise layout.exists(job_id, name)
