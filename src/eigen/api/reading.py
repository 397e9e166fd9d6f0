"""The part of the System API that looks at jobs: each through the gate, none changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from eigen.api.deadlines import Deadlines, bounded
from eigen.api.gate import Gate
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.jobs import JobFilter, JobPage, JobRecord, JobStatus, JobUpdate, StoredEvent
from eigen.contracts.printable import quoted
from eigen.contracts.requests import RequestContext
from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactReads
from eigen.ports.audit import AuditLog
from eigen.ports.identity import Authenticator, Authorizer
from eigen.ports.job_reads import JobReads
from eigen.ports.job_records import JobRecords

if TYPE_CHECKING:
    from eigen.contracts.results import JobResults

__all__ = ["MAX_PAGE_SIZE", "ReadingApi"]

MAX_PAGE_SIZE = 1000


class ReadingApi(JobReads):
    """Jobs of one root, looked at; opened and closed as an asynchronous context manager.

    Calls without a deadline are answered as long as nothing is opened, too.

    Args:
        records: What is known of jobs.
        artifacts: Holds what jobs leave.
        authenticator: Says who calls where a call names nobody.
        authorizer: Says what a caller may do.
        audit: Keeps every decision on who may do what.

    Attributes:
        deadlines: Keeps the deadlines of calls.
    """

    def __init__(
        self,
        *,
        records: JobRecords,
        artifacts: ArtifactReads,
        authenticator: Authenticator,
        authorizer: Authorizer,
        audit: AuditLog,
    ) -> None:
        self._records = records
        self._artifacts = artifacts
        self._gate = Gate(authenticator=authenticator, authorizer=authorizer, audit=audit, records=records)
        self.deadlines = Deadlines()

    async def __aenter__(self) -> Self:
        """Begin to serve."""
        await self.deadlines.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End; calls that change something and whose callers have gone are carried out first."""
        await self.deadlines.__aexit__(kind, error, traceback)

    @bounded
    async def get_job_status(
        self, job_id: str, *, when_ended: bool = False, context: RequestContext | None = None
    ) -> JobStatus:
        """Return a job's status; see the port."""
        record = await self._reach("get_job_status", context, job_id)
        is_awaited = when_ended and not record.state.is_terminal
        return self._records.status(await self._records.ended(job_id) if is_awaited else record)

    @bounded
    async def list_jobs(
        self,
        job_filter: JobFilter | None = None,
        *,
        page_size: int = 100,
        page_token: str = "",
        all_subjects: bool = False,
        context: RequestContext | None = None,
    ) -> JobPage:
        """Return jobs; see the port."""
        caller = await self._gate.permit("list_jobs", context)
        if not isinstance(page_size, int) or not 1 <= page_size <= MAX_PAGE_SIZE:
            self._gate.note("list_jobs", caller, reason="PAGE_SIZE")
            raise InvalidArgumentError(
                f"a page of {quoted(page_size)} jobs: 1 to {MAX_PAGE_SIZE} are given",
                reason="PAGE_SIZE",
                hint=f"give a whole number from 1 to {MAX_PAGE_SIZE}",
            )
        wanted = job_filter or JobFilter()
        subject = wanted.subject or (None if all_subjects else caller.subject)
        self._gate.require_reach("list_jobs", caller, tenant=wanted.tenant, subject=subject)
        self._gate.note("list_jobs", caller)
        wanted = replace(wanted, tenant=caller.tenant, subject=subject)
        return await self._records.jobs(wanted, page_size=page_size, page_token=page_token)

    async def stream_job_updates(
        self, job_id: str, *, last_event_seq: int = 0, context: RequestContext | None = None
    ) -> AsyncIterator[JobUpdate]:
        """Yield a job's updates; see the port."""
        self.deadlines.require_open()
        updates = self._updates(job_id, last_event_seq=last_event_seq, context=context)
        if context is not None and context.deadline_sec is not None:
            updates = self.deadlines.keep_stream("stream_job_updates", updates, deadline_sec=context.deadline_sec)
        async with aclosing(updates):
            async for update in updates:
                yield update

    @bounded
    async def list_job_events(self, job_id: str, *, context: RequestContext | None = None) -> tuple[StoredEvent, ...]:
        """Return what has happened to a job; see the port."""
        await self._reach("list_job_events", context, job_id)
        return await self._records.events(job_id)

    @bounded
    async def get_job_results(
        self, job_id: str, *, when_ended: bool = False, context: RequestContext | None = None
    ) -> JobResults:
        """Return a job's results; see the port."""
        await self._reach("get_job_results", context, job_id)
        if when_ended:
            await self._records.ended(job_id)
        return await self._records.results(job_id)

    @bounded
    async def list_artifacts(self, job_id: str, *, context: RequestContext | None = None) -> tuple[Artifact, ...]:
        """Return what is stored for a job; see the port."""
        await self._reach("list_artifacts", context, job_id)
        return await self._artifacts.artifacts(job_id)

    @bounded
    async def get_artifact(self, job_id: str, name: str, *, context: RequestContext | None = None) -> bytes:
        """Return one stored file; see the port."""
        await self._reach("get_artifact", context, job_id)
        return await self._artifacts.read(job_id, name)

    @bounded
    async def verify_artifacts(
        self, job_id: str, *, context: RequestContext | None = None
    ) -> tuple[ArtifactProblem, ...]:
        """Return every stored file that is not as it should be; see the port."""
        await self._reach("verify_artifacts", context, job_id)
        return await self._artifacts.verify(job_id)

    async def _reach(self, call: str, context: RequestContext | None, job_id: str) -> JobRecord:
        return (await self._gate.reach(call, context, job_id))[1]

    async def _updates(
        self, job_id: str, *, last_event_seq: int, context: RequestContext | None
    ) -> AsyncGenerator[JobUpdate, None]:
        record = await self._reach("stream_job_updates", context, job_id)
        if not isinstance(last_event_seq, int) or last_event_seq < 0:
            raise InvalidArgumentError(
                f"there is no update {quoted(last_event_seq)}: they are numbered from 1",
                reason="LAST_EVENT_SEQ",
                hint="give the number of the last update that you have seen, or 0",
            )
        newest = record.event_seq - 1 if record.state.is_terminal else record.event_seq  # an end is always told
        async for update in self._records.updates(job_id, last_event_seq=min(last_event_seq, newest)):
            yield update
