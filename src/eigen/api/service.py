"""The System API over the other ports.

It knows who asks, refuses what cannot be, and hands the rest on: jobs to the kernel, programs to the compiler,
questions about devices to the driver manager. Seed section 3.2, step 1.3.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from eigen.api.deadlines import Deadlines, bounded
from eigen.api.gate import Gate
from eigen.contracts.errors import (
    EigenError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnimplementedError,
)
from eigen.contracts.jobs import JobFilter, JobPage, JobRecord, JobStatus, JobUpdate, StoredEvent
from eigen.contracts.printable import quoted
from eigen.contracts.requests import CheckedJob, CompileJobRequest, RequestContext, SubmitJobRequest
from eigen.contracts.trace import TraceContext
from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactStore
from eigen.ports.audit import AuditLog
from eigen.ports.clock import IdSource
from eigen.ports.compiler import Compiler
from eigen.ports.drivers import DriverManager
from eigen.ports.identity import Authenticator, Authorizer
from eigen.ports.kernel import Kernel, KernelJob
from eigen.ports.system_api import SystemApi

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram
    from eigen.contracts.devices import DeviceInfo, DeviceStatus, Reservation
    from eigen.contracts.results import JobResults

__all__ = ["MAX_DEPENDENCIES", "MAX_PAGE_SIZE", "EigenSystemApi"]

MAX_PAGE_SIZE = 1000
MAX_DEPENDENCIES = 256
"""Most jobs that one job may wait for."""

_MAX_KEY_LENGTH = 256
_MAX_PURPOSE_LENGTH = 200


class EigenSystemApi(SystemApi):
    """The public gateway of one system; opened and closed as an asynchronous context manager.

    Args:
        kernel: Runs the jobs.
        compiler: Compiles programs that are not to be run.
        drivers: Knows the devices.
        artifacts: Holds what jobs leave.
        ids: Gives trace ids.
        authenticator: Says who calls where a call names nobody.
        authorizer: Says what a caller may do.
        audit: Keeps every decision on who may do what.

    Attributes:
        deadlines: Keeps the deadlines of calls.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        compiler: Compiler,
        drivers: DriverManager,
        artifacts: ArtifactStore,
        ids: IdSource,
        authenticator: Authenticator,
        authorizer: Authorizer,
        audit: AuditLog,
    ) -> None:
        self._kernel = kernel
        self._compiler = compiler
        self._drivers = drivers
        self._artifacts = artifacts
        self._ids = ids
        self._gate = Gate(authenticator=authenticator, authorizer=authorizer, audit=audit, kernel=kernel)
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
    async def submit_job(self, request: SubmitJobRequest, *, context: RequestContext | None = None) -> JobStatus:
        """Accept a job; see the port."""
        caller = await self._gate.permit("submit_job", context)
        trace_id = ""
        try:
            trace = self._trace_of(caller)
            trace_id = trace.trace_id
            self._check(request)
            for dependency in request.spec.spec.dependencies:  # what the caller may not see does not exist
                await self._reach("submit_job", caller, dependency)
            record = await self._kernel.enqueue(
                KernelJob(
                    spec=request.spec,
                    source=request.source,
                    job_yaml=request.job_yaml,
                    subject=caller.subject,
                    tenant=caller.tenant,
                    trace=trace,
                    idempotency_key=request.idempotency_key,
                )
            )
        except EigenError as error:
            self._gate.note("submit_job", caller, reason=error.reason, trace_id=trace_id)
            raise
        self._gate.note("submit_job", caller, job_id=record.job_id, trace_id=record.trace_id)
        return self._kernel.status(record)

    @bounded
    async def get_job_status(self, job_id: str, *, context: RequestContext | None = None) -> JobStatus:
        """Return a job's status; see the port."""
        return self._kernel.status(await self._reach("get_job_status", context, job_id))

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
        if not 1 <= page_size <= MAX_PAGE_SIZE:
            raise InvalidArgumentError(
                f"a page of {page_size} jobs: 1 to {MAX_PAGE_SIZE} are given", reason="PAGE_SIZE", hint="ask for fewer"
            )
        wanted = job_filter or JobFilter()
        subject = wanted.subject or (None if all_subjects else caller.subject)
        self._gate.require_reach("list_jobs", caller, tenant=wanted.tenant, subject=subject)
        self._gate.note("list_jobs", caller)
        wanted = replace(wanted, tenant=caller.tenant, subject=subject)
        return await self._kernel.jobs(wanted, page_size=page_size, page_token=page_token)

    @bounded
    async def cancel_job(self, job_id: str, *, context: RequestContext | None = None) -> JobStatus:
        """Ask a job to stop; see the port."""
        caller, _ = await self._gate.reach("cancel_job", context, job_id)
        return self._kernel.status(await self._kernel.cancel(job_id, by=caller.subject))

    async def stream_job_updates(
        self, job_id: str, *, last_event_seq: int = 0, context: RequestContext | None = None
    ) -> AsyncIterator[JobUpdate]:
        """Yield a job's updates; see the port."""
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
        return await self._kernel.events(job_id)

    @bounded
    async def get_job_results(self, job_id: str, *, context: RequestContext | None = None) -> JobResults:
        """Return a job's results; see the port."""
        await self._reach("get_job_results", context, job_id)
        return await self._kernel.results(job_id)

    @bounded
    async def list_devices(self, *, context: RequestContext | None = None) -> tuple[DeviceInfo, ...]:
        """Return all devices; see the port."""
        await self._gate.enter("list_devices", context)
        return self._drivers.devices()

    @bounded
    async def get_device_details(self, device_id: str, *, context: RequestContext | None = None) -> DeviceInfo:
        """Return what a device is; see the port."""
        await self._gate.enter("get_device_details", context, device_id=device_id)
        return self._drivers.device(device_id)

    @bounded
    async def get_device_status(self, device_id: str, *, context: RequestContext | None = None) -> DeviceStatus:
        """Return how a device is now; see the port."""
        await self._gate.enter("get_device_status", context, device_id=device_id)
        device = self._drivers.device(device_id)
        running, queued = self._kernel.load(device.device_id)
        return replace(await self._drivers.status(device.device_id), running=running, queued=queued)

    @bounded
    async def reserve_device(
        self, device_id: str, *, ttl_sec: float, purpose: str = "", context: RequestContext | None = None
    ) -> Reservation:
        """Keep a slot of a device; see the port."""
        caller = await self._gate.enter("reserve_device", context, device_id=device_id)
        if len(purpose) > _MAX_PURPOSE_LENGTH:
            raise InvalidArgumentError(
                f"a purpose of {len(purpose)} characters: at most {_MAX_PURPOSE_LENGTH} are kept",
                reason="RESERVATION_PURPOSE",
                hint="say it in a few words",
            )
        return await self._kernel.reserve(
            device_id, subject=caller.subject, tenant=caller.tenant, purpose=purpose, ttl_sec=ttl_sec
        )

    @bounded
    async def release_reservation(self, reservation_id: str, *, context: RequestContext | None = None) -> None:
        """End a reservation; see the port."""
        caller = await self._gate.permit("release_reservation", context)
        found = next((one for one in self._kernel.reservations() if one.reservation_id == reservation_id), None)
        if found is None or not self._gate.may_touch(caller, tenant=found.tenant, subject=found.subject):
            reason = "NOT_OWNER" if found else "RESERVATION_NOT_FOUND"
            self._gate.note("release_reservation", caller, allowed=found is None, reason=reason)
            raise NotFoundError(
                f"there is no reservation {quoted(reservation_id)}, or it has ended",
                reason="RESERVATION_NOT_FOUND",
                hint="list_reservations has those that hold",
            )
        self._gate.note("release_reservation", caller, device_id=found.device_id)
        await self._kernel.release_reservation(reservation_id)

    @bounded
    async def list_reservations(self, *, context: RequestContext | None = None) -> tuple[Reservation, ...]:
        """Return the reservations that the caller may see; see the port."""
        caller = await self._gate.enter("list_reservations", context)
        return tuple(one for one in self._kernel.reservations() if one.tenant == caller.tenant)

    @bounded
    async def compile(self, request: CompileJobRequest, *, context: RequestContext | None = None) -> CompiledProgram:
        """Compile a program without running it; see the port."""
        from eigen.contracts.compilation import CompileRequest

        await self._gate.enter("compile", context)
        return await self._compiler.compile(
            CompileRequest(source=request.source, entrypoint=request.entrypoint, inputs=request.inputs)
        )

    @bounded
    async def check_job(self, request: SubmitJobRequest, *, context: RequestContext | None = None) -> CheckedJob:
        """Say what is wrong about a job without running it; see the port."""
        await self._gate.enter("check_job", context)
        found: list[EigenError] = []
        try:
            self._check(request)
        except EigenError as error:
            found.append(error)
        checked = await self._kernel.check(request.spec, request.source)
        told = {one.message for one in found}
        found += [one for one in checked.problems if one.message not in told]  # such as a target that is not there
        return replace(checked, problems=tuple(found))

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
        if last_event_seq < 0:
            raise InvalidArgumentError(
                f"there is no update {last_event_seq}: they are numbered from 1",
                reason="LAST_EVENT_SEQ",
                hint="give the number of the last update that you have seen, or 0",
            )
        newest = record.event_seq - 1 if record.state.is_terminal else record.event_seq  # an end is always told
        async for update in self._kernel.updates(job_id, last_event_seq=min(last_event_seq, newest)):
            yield update

    def _trace_of(self, caller: RequestContext) -> TraceContext:
        if caller.traceparent:
            return self._ids.child_of(TraceContext.parse(caller.traceparent))
        return self._ids.trace()

    def _check(self, request: SubmitJobRequest) -> None:
        body = request.spec.spec
        if len(request.idempotency_key) > _MAX_KEY_LENGTH:
            raise InvalidArgumentError(
                f"an idempotency key of {len(request.idempotency_key)} characters: at most {_MAX_KEY_LENGTH} are taken",
                reason="IDEMPOTENCY_KEY",
                hint="a digest of what makes the job one and the same is a good key",
            )
        if body.sweep:
            raise UnimplementedError(
                "spec.sweep is not supported by this version", reason="NOT_SUPPORTED", hint="submit one job for each"
            )
        if len(body.dependencies) > MAX_DEPENDENCIES:
            raise ResourceExhaustedError(
                f"{len(body.dependencies)} dependencies: at most {MAX_DEPENDENCIES} are taken",
                reason="TOO_MANY_DEPENDENCIES",
                hint="let one job wait for some of them, and this one for that job",
            )
        if body.target is not None:
            self._check_target(body.target)

    def _check_target(self, target: str) -> None:
        try:
            self._drivers.device(target)
        except NotFoundError as error:
            raise InvalidArgumentError(
                error.message, reason="JOBSPEC_UNKNOWN_TARGET", hint=error.hint, details=error.details
            ) from error
