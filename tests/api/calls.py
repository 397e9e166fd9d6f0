"""Every call of the System API, as tests make it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from eigen.client.packaging import Overrides, package
from eigen.contracts.errors import EigenError
from eigen.contracts.requests import CompileJobRequest, RequestContext, SubmitJobRequest
from eigen.ports.system_api import SystemApi

BELL = "@hybrid_program\ndef main():\n    h(0)\n    cx(0, 1)\n"


def request(*, key: str = "", **overrides: Any) -> SubmitJobRequest:
    """Return a request for a Bell pair on the scripted device."""
    values = {"target": "scripted:device", "shots": 10, "seed": 1, **overrides}
    return package(BELL, overrides=Overrides(**values), idempotency_key=key).request


async def _streamed(api: SystemApi, job_id: str, context: RequestContext) -> list[Any]:
    return [update async for update in api.stream_job_updates(job_id, context=context)]


async def _released(api: SystemApi, _: str, context: RequestContext) -> None:
    """Release a reservation that somebody with the caller's name has made."""
    owner = replace(context, roles=frozenset({"user"}), subject=context.subject or "ada")
    reservation = await api.reserve_device("scripted:device", ttl_sec=60, context=owner)
    await api.release_reservation(reservation.reservation_id, context=context)


Call = Callable[[SystemApi, str, RequestContext], Awaitable[Any]]

JOB_CALLS: Mapping[str, Call] = {
    "get_job_status": lambda api, job_id, context: api.get_job_status(job_id, context=context),
    "cancel_job": lambda api, job_id, context: api.cancel_job(job_id, context=context),
    "stream_job_updates": _streamed,
    "list_job_events": lambda api, job_id, context: api.list_job_events(job_id, context=context),
    "get_job_results": lambda api, job_id, context: api.get_job_results(job_id, context=context),
    "list_artifacts": lambda api, job_id, context: api.list_artifacts(job_id, context=context),
    "get_artifact": lambda api, job_id, context: api.get_artifact(job_id, "job.yaml", context=context),
    "verify_artifacts": lambda api, job_id, context: api.verify_artifacts(job_id, context=context),
}
"""Every call about one job."""

OTHER_CALLS: Mapping[str, Call] = {
    "submit_job": lambda api, _, context: api.submit_job(request(), context=context),
    "list_jobs": lambda api, _, context: api.list_jobs(context=context),
    "compile": lambda api, _, context: api.compile(CompileJobRequest(source=request().source), context=context),
    "list_devices": lambda api, _, context: api.list_devices(context=context),
    "get_device_details": lambda api, _, context: api.get_device_details("scripted:device", context=context),
    "reserve_device": lambda api, _, context: api.reserve_device("scripted:device", ttl_sec=60, context=context),
    "release_reservation": _released,
    "list_reservations": lambda api, _, context: api.list_reservations(context=context),
    "check_job": lambda api, _, context: api.check_job(request(), context=context),
    "calibrate_device": lambda api, _, context: api.calibrate_device("scripted:device", context=context),
    "get_device_status": lambda api, _, context: api.get_device_status("scripted:device", context=context),
}
"""Every other call."""


async def outcome(call: Call, api: SystemApi, job_id: str, context: RequestContext) -> str:
    """Return the reason of the error that a call ends in; empty where it succeeds."""
    try:
        await call(api, job_id, context)
    except EigenError as error:
        return error.reason
    return ""
