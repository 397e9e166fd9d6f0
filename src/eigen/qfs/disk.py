"""`DiskArtifactStore`: CircuitFS in a folder.

Each call is one hop into a thread, where `JobFolders` does the whole of it; a cancelled caller waits for its end, so
that nothing is left half done. The operating system's errors become the port's here, without paths.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

from eigen.contracts.errors import EigenError, ResourceExhaustedError, UnavailableError
from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactStore
from eigen.qfs.filesystem import FileSystem
from eigen.qfs.job_folders import JobFolders
from eigen.qfs.layout import require_job_id, require_names

__all__ = ["DiskArtifactStore"]

T = TypeVar("T")

_THREADS = 8
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class DiskArtifactStore(ArtifactStore):
    """Artifacts in a folder; see the port.

    Args:
        folder: The root of CircuitFS; made when the first job is, within a folder that exists.
        filesystem: The operating system's files, or what a test puts in their place.
    """

    def __init__(self, folder: Path, *, filesystem: FileSystem | None = None) -> None:
        self._folders = JobFolders(str(folder.absolute()), filesystem or FileSystem())
        self._limiter = CapacityLimiter(_THREADS)

    async def create(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Make a job's folder with its inputs, at once and durably; see the port."""
        require_job_id(job_id)
        require_names(files)
        await self._run(lambda: self._folders.create(job_id, files, facts))

    async def put(self, job_id: str, files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
        """Add files; see the port."""
        require_names(files)
        return await self._run(lambda: self._folders.put(job_id, files))

    async def seal(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Add the last files and make everything durable; see the port."""
        require_names(files)
        await self._run(lambda: self._folders.seal(job_id, files, facts))

    async def discard(self, job_id: str) -> None:
        """Remove the folder of a job that was never acknowledged; see the port."""
        await self._run(lambda: self._folders.discard(job_id))

    async def reset(self, job_id: str) -> None:
        """Remove what an attempt that never sealed has added since `create`; see the port."""
        await self._run(lambda: self._folders.reset(job_id))

    async def read(self, job_id: str, name: str) -> bytes:
        """Return a file's content, checked; see the port."""
        return await self._run(lambda: self._folders.read(job_id, name))

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """Return what is stored for a job; see the port."""
        return await self._run(lambda: self._folders.artifacts(job_id))

    async def meta(self, job_id: str) -> Mapping[str, Any]:
        """Return `meta.json`; see the port."""
        return await self._run(lambda: self._folders.meta(job_id).document())

    async def verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        """Return every recorded file that is missing or does not match; see the port."""
        return await self._run(lambda: self._folders.verify(job_id))

    async def job_ids(self) -> tuple[str, ...]:
        """Return the ids of all jobs that have a folder, sorted; see the port."""
        return await self._run(self._folders.job_ids)

    async def _run(self, work: Callable[[], T]) -> T:
        """Do the whole of a call in one thread; a cancelled caller waits until it has ended, so that it ends whole."""
        return await anyio.to_thread.run_sync(_translating(work), limiter=self._limiter)


def _translating(work: Callable[[], T]) -> Callable[[], T]:
    """Return `work` with the operating system's errors as the port's."""

    def translated() -> T:
        try:
            return work()
        except OSError as error:
            raise _translated(error) from error

    return translated


def _translated(error: OSError) -> EigenError:
    if error.errno in _DISK_FULL:
        return ResourceExhaustedError("the disk is full", reason="DISK_FULL", hint="free some space, then submit again")
    if error.errno in _READ_ONLY:
        hint = "check the permissions of EIGEN_HOME"
        return UnavailableError("the artifact store cannot be written", reason="STORE_READ_ONLY", hint=hint)
    why = os.strerror(error.errno).lower() if error.errno else "unknown error"
    return UnavailableError(f"the disk of the artifact store fails: {why}", reason="STORE_IO")
