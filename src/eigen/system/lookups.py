"""A root opened to look at its jobs: without kernel, compiler, devices and telemetry, so that it is quick."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from anyio import to_thread

from eigen.api.permissions import RoleAuthorizer
from eigen.api.reading import ReadingApi
from eigen.kernel.lookups import Lookups
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.job_reads import JobReads
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.openings import RootArtifacts
from eigen.system.clock import SystemClock
from eigen.system.local_user import LocalUserAuthenticator
from eigen.system.root import default_root, require_store
from eigen.telemetry.audit import LoggedAudit
from eigen.telemetry.sinks import FileSink

__all__ = ["open_lookups"]


@asynccontextmanager
async def open_lookups(root: Path | None = None) -> AsyncIterator[JobReads]:
    """Open a root to look at its jobs.

    Args:
        root: The folder; made where it is missing. None: what is configured.

    Raises:
        FailedPreconditionError: A newer version of Eigen OS has written the root.
        UnavailableError: The root cannot be read.
    """
    given = root or default_root()
    folder, clock = given.absolute(), SystemClock()
    require_store(folder)
    async with AsyncExitStack() as stack:
        owner = f"sys_{secrets.token_hex(8)}"
        store = await stack.enter_async_context(SqliteJobStore(folder, owner=owner, shown_as=str(given)))
        sink = await to_thread.run_sync(FileSink, folder / "logs" / "eigen.jsonl")
        stack.callback(sink.close)
        artifacts = RootArtifacts(DiskArtifactStore(folder / "circuit_fs"), store)
        yield await stack.enter_async_context(
            ReadingApi(
                records=Lookups(store=store, artifacts=artifacts, clock=clock),
                artifacts=artifacts,
                authenticator=LocalUserAuthenticator(folder),
                authorizer=RoleAuthorizer(),
                audit=LoggedAudit(sink, clock=clock),
            )
        )
