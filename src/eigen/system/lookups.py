"""A root opened to look at its jobs: without kernel, compiler, devices and telemetry, so that it is quick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from eigen.api.permissions import RoleAuthorizer
from eigen.api.reading import ReadingApi
from eigen.kernel.lookups import Lookups
from eigen.kernel.stores.database import Database
from eigen.kernel.stores.records import SqliteRecords
from eigen.ports.job_reads import JobReads
from eigen.qfs.disk_reads import DiskReads
from eigen.qfs.openings import RootReads
from eigen.system.clock import SystemClock
from eigen.system.local_user import LocalUserAuthenticator
from eigen.system.root import default_root, require_store
from eigen.telemetry.audit import LoggedAudit
from eigen.telemetry.sinks import FileSink
from eigen.workers.blocking import on_the_spot

__all__ = ["open_lookups"]


@contextmanager
def open_lookups(root: Path | None = None) -> Iterator[JobReads]:
    """Open a root to look at its jobs, in a process that has nothing else to do meanwhile: files are read on the spot.

    Calls take no deadlines, and need no event loop but for `stream_job_updates`, which waits.

    Args:
        root: The folder; made where it is missing. None: what is configured.

    Raises:
        FailedPreconditionError: A newer version of Eigen OS has written the root.
        UnavailableError: The root cannot be read.
    """
    given = root or default_root()
    folder, clock = given.absolute(), SystemClock()
    require_store(folder)
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database(folder, shown_as=str(given))))
        sink = stack.enter_context(closing(FileSink(folder / "logs" / "eigen.jsonl")))
        records = SqliteRecords(database)
        artifacts = RootReads(DiskReads(folder / "circuit_fs", blocking=on_the_spot), records)
        yield ReadingApi(
            records=Lookups(store=records, artifacts=artifacts, clock=clock, blocking=on_the_spot),
            artifacts=artifacts,
            authenticator=LocalUserAuthenticator(folder),
            authorizer=RoleAuthorizer(),
            audit=LoggedAudit(sink, clock=clock),
        )
