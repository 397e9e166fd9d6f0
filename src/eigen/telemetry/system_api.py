"""`ObservedSystemApi`: every call of the System API counted and timed; those that change something, logged.

A submission's span, `api.submit_job`, is the root of its job's trace, or the child of the caller's `traceparent`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio

from eigen.contracts.compilation import CompiledProgram
from eigen.contracts.devices import DeviceInfo, DeviceStatus, Reservation
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.jobs import JobFilter, JobPage, JobStatus, JobUpdate, StoredEvent
from eigen.contracts.requests import CheckedJob, CompileJobRequest, RequestContext, SubmitJobRequest
from eigen.contracts.results import JobResults
from eigen.contracts.trace import TraceContext
from eigen.ports.artifact_store import Artifact, ArtifactProblem
from eigen.ports.system_api import SystemApi
from eigen.telemetry.calls import Call, Calls, Instruments
from eigen.telemetry.job_trace import ROOT

__all__ = ["ObservedSystemApi"]

_LOGGED = frozenset({"submit_job", "cancel_job", "calibrate_device", "reserve_device", "release_reservation"})
_CLOSING_SEC = 5.0


class ObservedSystemApi(SystemApi):
    """Passes every call on to another System API."""

    def __init__(self, inner: SystemApi, instruments: Instruments) -> None:
        self._inner = inner
        self._metrics = instruments.metrics
        self._spans = instruments.spans
        self._calls = Calls(
            instruments,
            prefix="api",
            service="system-api",
            count=self._count,
            logged=_LOGGED,
            tells_defects=True,
        )

    async def submit_job(self, request: SubmitJobRequest, *, context: RequestContext | None = None) -> JobStatus:
        """Pass on, and log the new job's ids, name, target and source size."""
        caller = _caller(context)
        with (
            self._calls(
                "submit_job",
                trace_id=caller.trace_id if caller else "",
                source_bytes=len(request.source.content),
            ) as call,
            self._spans.start(ROOT, parent=caller, facts=call.facts),
        ):
            status = await self._inner.submit_job(request, context=context)
            call.facts.update(
                job_id=status.job_id,
                trace_id=status.trace_id,
                subject=status.subject,
                name=status.name,
                target=status.target,
            )
            return status

    async def get_job_status(
        self, job_id: str, *, when_ended: bool = False, context: RequestContext | None = None
    ) -> JobStatus:
        """Pass on."""
        with self._calls("get_job_status", job_id=job_id):
            return await self._inner.get_job_status(job_id, when_ended=when_ended, context=context)

    async def list_jobs(
        self,
        job_filter: JobFilter | None = None,
        *,
        page_size: int = 100,
        page_token: str = "",
        all_subjects: bool = False,
        context: RequestContext | None = None,
    ) -> JobPage:
        """Pass on."""
        with self._calls("list_jobs"):
            return await self._inner.list_jobs(
                job_filter, page_size=page_size, page_token=page_token, all_subjects=all_subjects, context=context
            )

    async def cancel_job(self, job_id: str, *, context: RequestContext | None = None) -> JobStatus:
        """Pass on, and log the job's ids and state."""
        with self._calls("cancel_job", job_id=job_id, by=context.subject if context else None) as call:
            status = await self._inner.cancel_job(job_id, context=context)
            call.facts.update(trace_id=status.trace_id, state=status.state.value)
            return status

    async def stream_job_updates(
        self, job_id: str, *, last_event_seq: int = 0, context: RequestContext | None = None
    ) -> AsyncIterator[JobUpdate]:
        """Pass on; a reader who leaves early has had what it wanted."""
        with self._calls("stream_job_updates", job_id=job_id):
            updates = self._inner.stream_job_updates(job_id, last_event_seq=last_event_seq, context=context)
            is_left = True
            try:
                async for update in updates:
                    yield update
                is_left = False
            finally:
                if is_left:
                    await _close(updates)

    async def list_job_events(self, job_id: str, *, context: RequestContext | None = None) -> tuple[StoredEvent, ...]:
        """Pass on."""
        with self._calls("list_job_events", job_id=job_id):
            return await self._inner.list_job_events(job_id, context=context)

    async def get_job_results(
        self, job_id: str, *, when_ended: bool = False, context: RequestContext | None = None
    ) -> JobResults:
        """Pass on."""
        with self._calls("get_job_results", job_id=job_id):
            return await self._inner.get_job_results(job_id, when_ended=when_ended, context=context)

    async def list_devices(self, *, context: RequestContext | None = None) -> tuple[DeviceInfo, ...]:
        """Pass on."""
        with self._calls("list_devices"):
            return await self._inner.list_devices(context=context)

    async def get_device_details(self, device_id: str, *, context: RequestContext | None = None) -> DeviceInfo:
        """Pass on."""
        with self._calls("get_device_details", device_id=device_id):
            return await self._inner.get_device_details(device_id, context=context)

    async def get_device_status(self, device_id: str, *, context: RequestContext | None = None) -> DeviceStatus:
        """Pass on."""
        with self._calls("get_device_status", device_id=device_id):
            return await self._inner.get_device_status(device_id, context=context)

    async def calibrate_device(self, device_id: str, *, context: RequestContext | None = None) -> DeviceStatus:
        """Pass on, and log it."""
        with self._calls("calibrate_device", device_id=device_id):
            return await self._inner.calibrate_device(device_id, context=context)

    async def reserve_device(
        self, device_id: str, *, ttl_sec: float, purpose: str = "", context: RequestContext | None = None
    ) -> Reservation:
        """Pass on, and log the reservation."""
        with self._calls("reserve_device", device_id=device_id) as call:
            reservation = await self._inner.reserve_device(device_id, ttl_sec=ttl_sec, purpose=purpose, context=context)
            call.facts.update(reservation_id=reservation.reservation_id, subject=reservation.subject)
            return reservation

    async def release_reservation(self, reservation_id: str, *, context: RequestContext | None = None) -> None:
        """Pass on, and log it."""
        with self._calls("release_reservation", reservation_id=reservation_id):
            await self._inner.release_reservation(reservation_id, context=context)

    async def list_reservations(self, *, context: RequestContext | None = None) -> tuple[Reservation, ...]:
        """Pass on."""
        with self._calls("list_reservations"):
            return await self._inner.list_reservations(context=context)

    async def compile(self, request: CompileJobRequest, *, context: RequestContext | None = None) -> CompiledProgram:
        """Pass on."""
        with self._calls("compile", source_bytes=len(request.source.content)):
            return await self._inner.compile(request, context=context)

    async def check_job(self, request: SubmitJobRequest, *, context: RequestContext | None = None) -> CheckedJob:
        """Pass on, and log how many problems there are."""
        with self._calls("check_job", source_bytes=len(request.source.content)) as call:
            checked = await self._inner.check_job(request, context=context)
            call.facts["problems"] = len(checked.problems)
            return checked

    async def list_artifacts(self, job_id: str, *, context: RequestContext | None = None) -> tuple[Artifact, ...]:
        """Pass on."""
        with self._calls("list_artifacts", job_id=job_id):
            return await self._inner.list_artifacts(job_id, context=context)

    async def get_artifact(self, job_id: str, name: str, *, context: RequestContext | None = None) -> bytes:
        """Pass on."""
        with self._calls("get_artifact", job_id=job_id, name=name):
            return await self._inner.get_artifact(job_id, name, context=context)

    async def verify_artifacts(
        self, job_id: str, *, context: RequestContext | None = None
    ) -> tuple[ArtifactProblem, ...]:
        """Pass on."""
        with self._calls("verify_artifacts", job_id=job_id):
            return await self._inner.verify_artifacts(job_id, context=context)

    def _count(self, call: Call) -> None:
        self._metrics.api_request(call.op, status=call.status, duration_sec=call.duration_sec)


def _caller(context: RequestContext | None) -> TraceContext | None:
    """Return the caller's position in its trace; a wrong `traceparent` is for the System API to refuse."""
    if context is None or not context.traceparent:
        return None
    try:
        return TraceContext.parse(context.traceparent)
    except InvalidArgumentError:
        return None


async def _close(updates: AsyncIterator[JobUpdate]) -> None:
    """Let a stream that is left early clean up now, in its reader's task, and not when it is collected as garbage."""
    close = getattr(updates, "aclose", None)
    if close is not None:
        with anyio.move_on_after(_CLOSING_SEC, shield=True):
            await close()
