"""The job store of a root made anew from CircuitFS alone, for a store that is damaged or gone.

The new database is built in a folder of its own and takes the old one's place when it is complete; the old one is set
aside. A process that is killed in between leaves the root without a database, which is refused by whoever opens it next
(`root.require_store`), and rebuilt again.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from eigen.contracts.errors import EigenError
from eigen.kernel.recollection import recollect
from eigen.kernel.stores.ownership import hold_open
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.job_store import KeptJob
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.opening_log import kept_openings

__all__ = ["Rebuilt", "rebuild_store", "recollect_all"]

_AT_ONCE = 128
_COMPANIONS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What came of a rebuilding.

    Attributes:
        num_jobs: How many jobs the new store has.
        lost: By id, what is wrong with the jobs that could not be recollected.
    """

    num_jobs: int
    lost: dict[str, EigenError]


async def rebuild_store(folder: Path) -> Rebuilt:
    """Make the job store of a root anew.

    Args:
        folder: The root.

    Raises:
        FailedPreconditionError: Another process has the root open.
        EigenError: The disk fails.
    """
    with _alone(folder):
        await anyio.to_thread.run_sync(_sweep, folder)
        site = folder / f"rebuild-{secrets.token_hex(8)}"
        artifacts = DiskArtifactStore(folder / "circuit_fs")
        await _make_folders(artifacts, folder / "circuit_fs")
        num_jobs, lost = 0, dict[str, EigenError]()
        job_ids = await artifacts.job_ids()
        async with SqliteJobStore(site, owner="rebuilding", shown_as=str(folder)) as store:
            for start in range(0, len(job_ids), _AT_ONCE):
                kept = await recollect_all(artifacts, job_ids[start : start + _AT_ONCE], lost=lost)
                num_jobs += await store.restore(kept)
        await anyio.to_thread.run_sync(_exchange, folder, site)
        return Rebuilt(num_jobs=num_jobs, lost=lost)


async def _make_folders(artifacts: ArtifactStore, folder: Path) -> None:
    """Give jobs their folders that had none yet when the store was lost."""
    for job_id, opening in await anyio.to_thread.run_sync(lambda: dict(kept_openings(folder)).items()):
        await artifacts.reset(job_id, opening=opening)


async def recollect_all(
    artifacts: ArtifactStore, job_ids: Sequence[str], *, lost: dict[str, EigenError]
) -> list[KeptJob]:
    """Return what CircuitFS has of some jobs, by id; what is wrong with the others comes into `lost`."""
    kept: dict[str, KeptJob] = {}

    async def recollect_one(job_id: str) -> None:
        try:
            kept[job_id] = await recollect(artifacts, job_id)
        except EigenError as error:
            lost[job_id] = error

    async with anyio.create_task_group() as tasks:
        for job_id in job_ids:
            tasks.start_soon(recollect_one, job_id)
    return [kept[job_id] for job_id in sorted(kept)]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
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
