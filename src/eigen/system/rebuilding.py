"""The job store of a root made anew, for a store that is damaged or gone.

What can still be read of the old store is carried over, row by row, but where CircuitFS knows better; of a store that
is gone, CircuitFS alone tells (`kernel.recollection` has what stands above what). A job that is lost by it is named.

The new database is built in a folder of its own and takes the old one's place when it is complete; the old one is set
aside. A process that is killed in between leaves the root without a database, which is refused by whoever opens it next
(`root.require_store`), and rebuilt again.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from eigen.contracts.errors import EigenError, InternalError
from eigen.kernel.recollection import recollect
from eigen.kernel.stores.faults import Faults
from eigen.kernel.stores.ownership import hold_open
from eigen.kernel.stores.salvage import FoundJob, Salvage, salvaged
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.artifact_store import Opening
from eigen.ports.job_store import KeptJob
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.opening_log import kept_openings
from eigen.system.foreign import foreign_folders

__all__ = ["Rebuilt", "rebuild_store"]

_AT_ONCE = 128
_COMPANIONS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What came of a rebuilding.

    Attributes:
        num_jobs: How many jobs the new store has.
        num_carried_over: Of how many jobs the old store had something that could be read.
        is_damaged: Whether some of the old store could not be read.
        lost: By id, what is wrong with the jobs that could not be recollected.
    """

    num_jobs: int
    num_carried_over: int
    is_damaged: bool
    lost: dict[str, EigenError]


async def rebuild_store(folder: Path) -> Rebuilt:
    """Make the job store of a root anew.

    Args:
        folder: The root.

    Raises:
        FailedPreconditionError: Another process has the root open, or a newer version has written it.
        EigenError: The disk fails, or cannot be written.
    """
    with salvaged(folder / "jobs.sqlite3"):  # refuses a newer one before anything is touched
        pass
    with _alone(folder), salvaged(folder / "jobs.sqlite3") as old:
        await anyio.to_thread.run_sync(_sweep, folder)
        site = folder / f"rebuild-{secrets.token_hex(8)}"
        async with SqliteJobStore(site, owner="rebuilding", shown_as=str(folder)) as store:
            rebuilt = await _Rebuilding(folder, old, store).run()
        await anyio.to_thread.run_sync(_exchange, folder, site)
        return rebuilt


class _Rebuilding:
    """The way from an old store and CircuitFS to a new store."""

    def __init__(self, folder: Path, old: Salvage, store: SqliteJobStore) -> None:
        self._folder = folder / "circuit_fs"
        self._old = old
        self._store = store
        self._artifacts = DiskArtifactStore(self._folder)
        self._openings: Mapping[str, Opening] = {}
        self._lost: dict[str, EigenError] = {}

    async def run(self) -> Rebuilt:
        """Fill the new store."""
        self._openings = await anyio.to_thread.run_sync(lambda: dict(kept_openings(self._folder)))
        in_store = await anyio.to_thread.run_sync(self._old.job_ids)
        strangers = await anyio.to_thread.run_sync(list, foreign_folders(self._folder))
        folders = {*await self._artifacts.job_ids()} - {*strangers}
        job_ids = sorted({*folders, *in_store, *self._openings})
        num_jobs = 0
        for start in range(0, len(job_ids), _AT_ONCE):
            num_jobs += await self._store.restore(await self._recollected(job_ids[start : start + _AT_ONCE]))
        await self._store.restore((), reservations=await anyio.to_thread.run_sync(self._old.reservations))
        return Rebuilt(
            num_jobs=num_jobs, num_carried_over=len(in_store), is_damaged=self._old.is_damaged, lost=self._lost
        )

    async def _recollected(self, job_ids: Sequence[str]) -> list[KeptJob]:
        """Return what is known of some jobs, by id."""
        found = {one.job_id: one for one in await anyio.to_thread.run_sync(self._old.jobs, job_ids)}
        kept: dict[str, KeptJob] = {}

        async def recollect_one(job_id: str) -> None:
            try:
                opening = self._opening(job_id, found.get(job_id))
                kept[job_id] = await recollect(self._artifacts, job_id, found=found.get(job_id), opening=opening)
            except EigenError as error:
                self._lost[job_id] = error

        async with anyio.create_task_group() as tasks:
            for job_id in job_ids:
                tasks.start_soon(recollect_one, job_id)
        return [kept[job_id] for job_id in sorted(kept)]

    def _opening(self, job_id: str, found: FoundJob | None) -> Opening | None:
        """Return what a job began with, from the old store or from beside it."""
        try:
            if found is not None and found.opening:
                return Opening.from_bytes(found.opening)
        except InternalError:  # the other one may be whole
            pass
        return self._openings.get(job_id)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with Faults(folder, shown_as=str(folder)).translated():
        descriptor = hold_open(folder, alone=True)
    try:
        yield
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Remove what a rebuilding has left that was killed."""
    for site in folder.glob("rebuild-*"):
        shutil.rmtree(site)


def _exchange(folder: Path, site: Path) -> None:
    """Set the old database aside, its companions first, since they must not meet the new one; put that in its place."""
    aside = folder / f"replaced-{secrets.token_hex(8)}"
    aside.mkdir(mode=0o700)
    for suffix in reversed(_COMPANIONS):
        old = folder / f"jobs.sqlite3{suffix}"
        if old.exists():
            old.rename(aside / old.name)
    (site / "jobs.sqlite3").rename(folder / "jobs.sqlite3")
    shutil.rmtree(site)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if not any(aside.iterdir()):
        aside.rmdir()
