"""The System API over the other ports.

It knows who asks, refuses what cannot be, and hands the rest on: jobs to the kernel, programs to the compiler,
questions about devices to the driver manager. Seed section 3.2, step 1.3.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

from eigen.api.permissions import require, sees_all
from eigen.contracts.errors import InvalidArgumentError, NotFoundError, UnimplementedError
from eigen.contracts.jobs import JOB_ID, JobFilter, JobPage, JobRecord, JobStatus, JobUpdate
from eigen.contracts.printable import quoted
from eigen.contracts.requests import CompileJobRequest, RequestContext, SubmitJobRequest
from eigen.contracts.trace import TraceContext
from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactStore
from eigen.ports.clock import IdSource
from eigen.ports.compiler import Compiler
from eigen.ports.drivers import DriverManager
from eigen.ports.kernel import Kernel, KernelJob
from eigen.ports.system_api import SystemApi

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram
    from eigen.contracts.devices import DeviceInfo, DeviceStatus
    from eigen.contracts.results import JobResults

__all__ = ["MAX_PAGE_SIZE", "EigenSystemApi"]

MAX_PAGE_SIZE = 1000
_MAX_KEY_LENGTH = 256


class EigenSystemApi(SystemApi):
    """The public gateway of one system.

    Args:
        kernel: Runs the jobs.
        compiler: Compiles programs that are not to be run.
        drivers: Knows the devices.
        artifacts: Holds what jobs leave.
        ids: Gives trace ids.
        local_user: Who calls where a call names nobody.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        compiler: Compiler,
        drivers: DriverManager,
        artifacts: ArtifactStore,
        ids: IdSource,
        local_user: RequestContext,
    ) -> None:
        self._kernel = kernel
        self._compiler = compiler
        self._drivers = drivers
        self._artifacts = artifacts
        self._ids = ids
        self._local_user = local_user

    async def submit_job(self, request: SubmitJobRequest, *, context: RequestContext | None = None) -> JobStatus:
        """Accept a job; see the port."""
        caller = self._caller(context, "jobs:submit")
        self._check(request)
        record = await self._kernel.enqueue(
            KernelJob(
                spec=request.spec,
                source=request.source,
                job_yaml=request.job_yaml,
                subject=caller.subject,
                tenant=caller.tenant,
                trace=self._trace_of(caller),
                idempotency_key=request.idempotency_key,
            )
        )
        return record.status()

    async def get_job_status(self, job_id: str, *, context: RequestContext | None = None) -> JobStatus:
        """Return a job's status; see the port."""
        return (await self._visible(job_id, self._caller(context, "jobs:read"))).status()

    async def list_jobs(
        self,
        job_filter: JobFilter | None = None,
        *,
        page_size: int = 100,
        page_token: str = "",
        context: RequestContext | None = None,
    ) -> JobPage:
        """Return the caller's jobs; see the port."""
        caller = self._caller(context, "jobs:read")
        if not 1 <= page_size <= MAX_PAGE_SIZE:
            raise InvalidArgumentError(
                f"a page of {page_size} jobs: 1 to {MAX_PAGE_SIZE} are given", reason="PAGE_SIZE"
            )
        wanted = job_filter or JobFilter()
        if not sees_all(caller):
            if wanted.subject not in (None, caller.subject):
                return JobPage(jobs=())
            wanted = replace(wanted, subject=caller.subject)
        return await self._kernel.jobs(wanted, page_size=page_size, page_token=page_token)

    async def cancel_job(self, job_id: str, *, context: RequestContext | None = None) -> JobStatus:
        """Ask a job to stop; see the port."""
        caller = self._caller(context, "jobs:cancel")
        await self._visible(job_id, caller)
        return (await self._kernel.cancel(job_id, by=caller.subject)).status()

    async def stream_job_updates(
        self, job_id: str, *, last_event_seq: int = 0, context: RequestContext | None = None
    ) -> AsyncIterator[JobUpdate]:
        """Yield a job's updates; see the port."""
        await self._visible(job_id, self._caller(context, "jobs:read"))
        async for update in self._kernel.updates(job_id, last_event_seq=last_event_seq):
            yield update

    async def get_job_results(self, job_id: str, *, context: RequestContext | None = None) -> JobResults:
        """Return a job's results; see the port."""
        await self._visible(job_id, self._caller(context, "jobs:read"))
        return await self._kernel.results(job_id)

    async def list_devices(self, *, context: RequestContext | None = None) -> tuple[DeviceInfo, ...]:
        """Return all devices; see the port."""
        self._caller(context, "devices:list")
        return self._drivers.devices()

    async def get_device_details(self, device_id: str, *, context: RequestContext | None = None) -> DeviceInfo:
        """Return what a device is; see the port."""
        self._caller(context, "devices:list")
        return self._drivers.device(device_id)

    async def get_device_status(self, device_id: str, *, context: RequestContext | None = None) -> DeviceStatus:
        """Return how a device is now; see the port."""
        self._caller(context, "devices:status")
        device = self._drivers.device(device_id)
        running, queued = self._kernel.load(device.device_id)
        return replace(await self._drivers.status(device.device_id), running=running, queued=queued)

    async def compile(self, request: CompileJobRequest, *, context: RequestContext | None = None) -> CompiledProgram:
        """Compile a program without running it; see the port."""
        from eigen.contracts.compilation import CompileRequest

        self._caller(context, "programs:compile")
        return await self._compiler.compile(
            CompileRequest(source=request.source, entrypoint=request.entrypoint, inputs=request.inputs)
        )

    async def list_artifacts(self, job_id: str, *, context: RequestContext | None = None) -> tuple[Artifact, ...]:
        """Return what is stored for a job; see the port."""
        await self._visible(job_id, self._caller(context, "jobs:read"))
        return await self._artifacts.artifacts(job_id)

    async def get_artifact(self, job_id: str, name: str, *, context: RequestContext | None = None) -> bytes:
        """Return one stored file; see the port."""
        await self._visible(job_id, self._caller(context, "jobs:read"))
        return await self._artifacts.read(job_id, name)

    async def verify_artifacts(
        self, job_id: str, *, context: RequestContext | None = None
    ) -> tuple[ArtifactProblem, ...]:
        """Return every stored file that is not as it should be; see the port."""
        await self._visible(job_id, self._caller(context, "jobs:read"))
        return await self._artifacts.verify(job_id)

    def _caller(self, context: RequestContext | None, permission: str) -> RequestContext:
        caller = context or self._local_user
        require(caller, permission)
        return caller

    async def _visible(self, job_id: str, caller: RequestContext) -> JobRecord:
        """Return a job's record, unless it is another's: then it does not exist."""
        missing = NotFoundError(
            f"there is no job {quoted(job_id)}", reason="JOB_NOT_FOUND", hint="`eigen jobs` lists the jobs there are"
        )
        if not JOB_ID.fullmatch(job_id):
            raise missing
        record = await self._kernel.record(job_id)
        if record.subject != caller.subject and not sees_all(caller):
            raise missing
        return record

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
            )
        for asked, path in ((body.sweep, "spec.sweep"), (body.dependencies, "spec.dependencies")):
            if asked:
                raise UnimplementedError(
                    f"{path} is not supported by this version", reason="NOT_SUPPORTED", hint="submit one job for each"
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
