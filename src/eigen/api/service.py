"""The System API over the other ports.

It knows who asks, refuses what cannot be, and hands the rest on: jobs to the kernel, programs to the compiler,
questions about devices to the driver manager. Seed section 3.2, step 1.3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from eigen.api.deadlines import bounded
from eigen.api.reading import ReadingApi
from eigen.contracts.errors import (
    EigenError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
)
from eigen.contracts.jobs import JobStatus
from eigen.contracts.printable import quoted
from eigen.contracts.requests import CheckedJob, CompileJobRequest, RequestContext, SubmitJobRequest
from eigen.contracts.trace import TraceContext
from eigen.ports.artifact_store import ArtifactStore
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

__all__ = ["MAX_DEPENDENCIES", "EigenSystemApi"]

MAX_DEPENDENCIES = 256
"""Most jobs that one job may wait for."""

_MAX_KEY_LENGTH = 256
_MAX_PURPOSE_LENGTH = 200


class EigenSystemApi(ReadingApi, SystemApi):
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
        super().__init__(
            records=kernel, artifacts=artifacts, authenticator=authenticator, authorizer=authorizer, audit=audit
        )
        self._kernel = kernel
        self._compiler = compiler
        self._drivers = drivers
        self._ids = ids

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
        except anyio.get_cancelled_exc_class():
            self._gate.note("submit_job", caller, reason="CALLER_GONE", trace_id=trace_id)
            raise
        self._gate.note("submit_job", caller, job_id=record.job_id, trace_id=record.trace_id)
        return self._kernel.status(record)

    @bounded
    async def cancel_job(self, job_id: str, *, context: RequestContext | None = None) -> JobStatus:
        """Ask a job to stop; see the port."""
        caller, _ = await self._gate.reach("cancel_job", context, job_id)
        return self._kernel.status(await self._kernel.cancel(job_id, by=caller.subject))

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
        caller = await self._gate.enter("get_device_status", context, device_id=device_id)
        return await self._seen(await self._drivers.status(device_id), caller)

    @bounded
    async def calibrate_device(self, device_id: str, *, context: RequestContext | None = None) -> DeviceStatus:
        """Renew what is known of a device's calibration; see the port."""
        caller = await self._gate.enter("calibrate_device", context, device_id=device_id)
        return await self._seen(await self._drivers.calibrate(device_id), caller)

    async def _seen(self, status: DeviceStatus, caller: RequestContext) -> DeviceStatus:
        """Return a device's status with this system's load, as a caller may see it."""
        running, queued = self._kernel.load(status.device_id)
        held = [one for one in await self._kernel.reservations() if one.device_id == status.device_id]
        return replace(
            status,
            running=running,
            queued=queued,
            reserved=len(held),
            reservations=tuple(one for one in held if one.tenant == caller.tenant),
        )

    @bounded
    async def reserve_device(
        self, device_id: str, *, ttl_sec: float, purpose: str = "", context: RequestContext | None = None
    ) -> Reservation:
        """Keep a slot of a device; see the port."""
        caller = await self._gate.permit("reserve_device", context, device_id=device_id)
        try:
            _check_purpose(purpose)
            reservation = await self._kernel.reserve(
                device_id, subject=caller.subject, tenant=caller.tenant, purpose=purpose, ttl_sec=ttl_sec
            )
        except EigenError as error:
            self._gate.note("reserve_device", caller, reason=error.reason, device_id=device_id)
            raise
        self._gate.note("reserve_device", caller, device_id=reservation.device_id)
        return reservation

    @bounded
    async def release_reservation(self, reservation_id: str, *, context: RequestContext | None = None) -> None:
        """End a reservation; see the port."""
        caller = await self._gate.permit("release_reservation", context)
        held = await self._kernel.reservations()
        found = next((one for one in held if one.reservation_id == reservation_id), None)
        if found is None or not self._gate.may_touch(caller, tenant=found.tenant, subject=found.subject):
            reason = "NOT_OWNER" if found else "RESERVATION_NOT_FOUND"
            self._gate.note("release_reservation", caller, allowed=found is None, reason=reason)
            raise NotFoundError(
                f"there is no reservation {quoted(reservation_id)}, or it has ended",
                reason="RESERVATION_NOT_FOUND",
                hint="`eigen devices status` shows those that hold",
            )
        self._gate.note("release_reservation", caller, device_id=found.device_id)
        await self._kernel.release_reservation(reservation_id)

    @bounded
    async def list_reservations(self, *, context: RequestContext | None = None) -> tuple[Reservation, ...]:
        """Return the reservations that the caller may see; see the port."""
        caller = await self._gate.enter("list_reservations", context)
        return tuple(one for one in await self._kernel.reservations() if one.tenant == caller.tenant)

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


def _check_purpose(purpose: str) -> None:
    if len(purpose) > _MAX_PURPOSE_LENGTH:
        raise InvalidArgumentError(
            f"a purpose of {len(purpose)} characters: at most {_MAX_PURPOSE_LENGTH} are kept",
            reason="RESERVATION_PURPOSE",
            hint="say it in a few words",
        )
