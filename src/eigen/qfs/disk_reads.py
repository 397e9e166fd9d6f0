"""CircuitFS in a folder, looked at; and the operating system's errors as the port's, for looks and changes alike."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from eigen.contracts.errors import EigenError, ResourceExhaustedError, UnavailableError
from eigen.contracts.printable import quoted
from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactReads
from eigen.qfs.filesystem import FileSystem
from eigen.qfs.job_folders import JobFolders
from eigen.workers.blocking import Blocking

__all__ = ["DiskReads"]

T = TypeVar("T")

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_READ_ONLY = frozenset({errno.EROFS}) | _FORBIDDEN


class DiskReads(ArtifactReads):
    """What jobs have left in a folder; see the port.

    Args:
        folder: The root of CircuitFS.
        blocking: Where the whole of a call is done.
        filesystem: The operating system's files, or what a test puts in their place.
        shown_as: The root of the system as its user gave it; a message names it so, and no other path.
    """

    def __init__(
        self, folder: Path, *, blocking: Blocking, filesystem: FileSystem | None = None, shown_as: str = ""
    ) -> None:
        self._root = f"the root {quoted(shown_as, limit=500)}" if shown_as else "the artifact store"
        self._folders = JobFolders(str(folder.absolute()), filesystem or FileSystem())
        self._blocking = blocking

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

    async def _run(self, work: Callable[[], T]) -> T:
        """Do the whole of a call in one go; a cancelled caller waits until it has ended, so that it ends whole."""
        return await self._blocking(self.translating(work))

    def translating(self, work: Callable[[], T]) -> Callable[[], T]:
        """Return `work` with the operating system's errors as the port's."""

        def translated() -> T:
            try:
                return work()
            except OSError as error:
                raise self.translated(error) from error

        return translated

    def translated(self, error: OSError) -> EigenError:
        """Return the port's error for one of the operating system."""
        if error.errno in _DISK_FULL:
            hint = "free some space, then submit again"
            return ResourceExhaustedError(f"the disk of {self._root} is full", reason="DISK_FULL", hint=hint)
        if error.errno in _READ_ONLY:
            hint = "look-ups work; to run jobs, choose another root with EIGEN_HOME or --root"
            why = ", or a part of it not read: permissions forbid it" if error.errno in _FORBIDDEN else ""
            return UnavailableError(f"{self._root} cannot be written{why}", reason="STORE_READ_ONLY", hint=hint)
        why = os.strerror(error.errno).lower() if error.errno else "unknown error"
        return UnavailableError(f"the disk of {self._root} fails: {why}", reason="STORE_IO")
