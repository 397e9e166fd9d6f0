"""`DiskArtifactStore`: CircuitFS in a folder.

Each call is one hop into a thread, where `JobFolders` does the whole of it; a cancelled caller waits for its end, so
that nothing is left half done. Calls that must be durable go in groups, one hop and one sync for all of a group: while
one is on its way to the disk, the next one gathers. What only looks is in `disk_reads`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from eigen.contracts.errors import EigenError, InvariantError
from eigen.ports.artifact_store import Artifact, ArtifactStore, Opening
from eigen.qfs.disk_reads import DiskReads
from eigen.qfs.durability import Change
from eigen.qfs.filesystem import FileSystem
from eigen.qfs.job_folders import PORTION
from eigen.qfs.layout import Meta, require_job_id, require_names
from eigen.workers.thread import GroupThread

__all__ = ["DiskArtifactStore"]

_THREADS = 8
_GROUP_SIZE = 32  # a sync costs each of them next to nothing then


@dataclass(slots=True)
class _Call:
    """A call that must be durable: what to do, and what came of it."""

    work: Callable[[], Change]
    change: Change | None = None
    error: Exception | None = None


class DiskArtifactStore(DiskReads, ArtifactStore):
    """Artifacts in a folder; see the port.

    Args:
        folder: The root of CircuitFS; made when the first job is, within a folder that exists.
        filesystem: The operating system's files, or what a test puts in their place.
        shown_as: The root of the system as its user gave it; a message names it so, and no other path.
    """

    def __init__(self, folder: Path, *, filesystem: FileSystem | None = None, shown_as: str = "") -> None:
        limiter = anyio.CapacityLimiter(_THREADS)
        super().__init__(
            folder,
            filesystem=filesystem,
            shown_as=shown_as,
            blocking=lambda work: anyio.to_thread.run_sync(work, limiter=limiter),
        )
        self._thread = GroupThread("circuit-fs sync", self._do_together, largest=_GROUP_SIZE)

    async def create(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Make a job's folder with its inputs, at once and durably; see the port."""
        require_job_id(job_id)
        require_names(files)
        await self._make_durable(lambda: self._folders.create(job_id, files, facts))

    async def put(self, job_id: str, files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
        """Add files; see the port."""
        require_names(files)
        return await self._run(lambda: self._folders.put(job_id, files))

    async def seal(
        self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any], opening: Opening | None = None
    ) -> None:
        """Add the last files and make everything durable; see the port."""
        require_names(files)
        if opening is not None:
            require_job_id(job_id)
            require_names(opening.files)
        await self._make_durable(lambda: self._folders.seal(job_id, files, facts, opening=opening))

    async def discard(self, job_id: str) -> None:
        """Remove the folder of a job that was never acknowledged; see the port."""
        await self._run(lambda: self._folders.discard(job_id))

    async def reset(self, job_id: str, *, opening: Opening | None = None) -> Mapping[str, Any]:
        """Remove what an attempt that never sealed has added since `create`; see the port."""
        if opening is not None:
            require_job_id(job_id)
            require_names(opening.files)
        return (await self._make_durable(lambda: self._folders.reset(job_id, opening=opening))).document()

    @asynccontextmanager
    async def journal(self, job_id: str, part: int) -> AsyncIterator[int]:
        """Open a part of a job's journal; see the port."""
        descriptor = await self._run(lambda: self._folders.open_journal(job_id, part))
        try:
            yield descriptor
        finally:
            self._folders.close_journal(descriptor)

    async def journals(self, job_id: str) -> tuple[bytes, ...]:
        """Return what is in a job's journal; see the port."""
        return await self._run(lambda: self._folders.journals(job_id))

    async def having(self, name: str, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those that have a file; see the port."""
        return await self._run(lambda: self._folders.having(name, job_ids))

    async def job_ids(self) -> tuple[str, ...]:
        """Return the ids of all jobs that have a folder, sorted; see the port."""
        return await self._run(self._folders.job_ids)

    async def leftovers(self, *, remove: bool) -> tuple[str, ...]:
        """Return what killed processes have left under temporary names.

        Args:
            remove: Whether it is removed; nobody may be at work then.
        """
        return await self._run(lambda: self._folders.leftovers(remove=remove))

    async def _make_durable(self, work: Callable[[], Change]) -> Meta:
        """Do a call with its group, and return what `meta.json` says when it is on the disk."""
        call = _Call(work)
        await self._thread.run(call)
        if call.error is not None:
            raise call.error
        if call.change is None:
            raise InvariantError("a call of CircuitFS without an outcome")
        return call.change.meta

    def _do_together(self, calls: Sequence[_Call]) -> None:
        """Make every call's change, and sync them all at once."""
        try:
            with self._folders.syncing() as sync:
                self._folders.at_once((partial(self._attempt, call) for call in calls), portion=PORTION)
                sync(call.change for call in calls if call.change is not None)
        except OSError as error:
            for call in calls:
                self._undo(call, error)
        else:
            settling = (call.change.settle for call in calls if call.change is not None)
            self._folders.at_once((settle for settle in settling if settle is not None), portion=PORTION)

    def _attempt(self, call: _Call) -> None:
        """Make a call's change; its error is its own and leaves the others of its group alone."""
        try:
            call.change = self.translating(call.work)()
        except Exception as error:  # noqa: BLE001  # raised to whoever made the call
            call.error = error

    def _undo(self, call: _Call, error: OSError) -> None:
        if call.change is not None:
            with suppress(OSError, EigenError):
                call.change.undo()
        call.error = call.error or self.translated(error)
