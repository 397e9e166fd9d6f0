"""A root opened to look at its jobs: without kernel, compiler, devices and telemetry, so that it is quick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from eigen.api.permissions import RoleAuthorizer
from eigen.api.reading import ReadingApi
from eigen.kernel.lookups import Lookups
from eigen.kernel.stores.database import Database
from eigen.kernel.stores.records import SqliteRecords
from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactReads
from eigen.ports.job_reads import JobReads
from eigen.system.clock import SystemClock
from eigen.system.live_statuses import LiveStatuses
from eigen.system.local_user import LocalUserAuthenticator
from eigen.system.root import default_root, require_store
from eigen.telemetry.audit import LoggedAudit
from eigen.telemetry.sinks import FileSink, MemorySink
from eigen.workers.blocking import on_the_spot

__all__ = ["open_lookups"]


@contextmanager
def open_lookups(root: Path | None = None) -> Iterator[JobReads]:
    """Open a root to look at its jobs, in a process that has nothing else to do meanwhile: files are read on the spot.

    Calls take no deadlines, and need no event loop but for `stream_job_updates`, which waits.

    Args:
        root: The folder; one that is missing has no jobs, and stays so. None: what is configured.

    Raises:
        FailedPreconditionError: A newer version of Eigen OS has written the root.
        UnavailableError: The root cannot be read.
    """
    given = root or default_root()
    folder, clock = given.absolute(), SystemClock()
    require_store(folder)
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database(folder, shown_as=str(given), may_use_ballast=False)))
        is_there = (folder / "jobs.sqlite3").exists()
        sink = stack.enter_context(closing(FileSink(folder / "logs" / "eigen.jsonl") if is_there else MemorySink()))
        records = SqliteRecords(database)
        artifacts = _Artifacts(folder, records)
        yield ReadingApi(
            records=Lookups(
                store=records,
                artifacts=artifacts,
                clock=clock,
                statuses=LiveStatuses(folder, database),
                blocking=on_the_spot,
            ),
            artifacts=artifacts,
            authenticator=LocalUserAuthenticator(folder),
            authorizer=RoleAuthorizer(),
            audit=LoggedAudit(sink, clock=clock),
        )


class _Artifacts(ArtifactReads):
    """What jobs have left; loads CircuitFS when it is asked: for a job's status nobody does.

    Args:
        folder: The root.
        records: Keeps what jobs begin with.
    """

    def __init__(self, folder: Path, records: SqliteRecords) -> None:
        self._folder = folder
        self._records = records

    async def read(self, job_id: str, name: str) -> bytes:
        """Return a file's content; see the port."""
        return await self._loaded.read(job_id, name)

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """Return what is stored for a job; see the port."""
        return await self._loaded.artifacts(job_id)

    async def meta(self, job_id: str) -> Mapping[str, Any]:
        """Return `meta.json`; see the port."""
        return await self._loaded.meta(job_id)

    async def verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        """Return what is not as it should be; see the port."""
        return await self._loaded.verify(job_id)

    @cached_property
    def _loaded(self) -> ArtifactReads:
        from eigen.qfs.disk_reads import DiskReads
        from eigen.qfs.openings import RootReads

        return RootReads(DiskReads(self._folder / "circuit_fs", blocking=on_the_spot), self._records)
