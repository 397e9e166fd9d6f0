"""`ibm:<machine>`: a job is submitted once, looked after until it has ended, and cancelled there when cancelled here.

The remote job bears a tag made of the job, its circuits, values, shots and seeds. Whoever executes the same again, as
after a crash, finds it by its tag and fetches its counts. A cancelled task asks the service to cancel the remote job
before it returns, within `_CANCEL_LIMIT_SEC`; closing the system cancels running work too.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import anyio

from eigen.contracts.canonical import canonical_json, sha256_hex
from eigen.contracts.devices import DeviceState, DeviceStatus
from eigen.contracts.errors import EigenError, FailedPreconditionError, OperationCancelledError, UnavailableError
from eigen.contracts.execution import ExecutionRequest, ExecutionResult
from eigen.drivers.ibm.gateway import RemoteState
from eigen.drivers.qiskit_backends.description import QiskitBackend
from eigen.drivers.qiskit_backends.driver import QiskitBackendDriver
from eigen.drivers.simulator.batches import seeds_of
from eigen.drivers.simulator.collector import Collector, into

__all__ = ["IbmDriver"]

_log = logging.getLogger(__name__)

_GATEWAY = "eigen.drivers.ibm.gateway:IbmGateway"
_SUBMIT_LIMIT_SEC = 120.0
_CANCEL_LIMIT_SEC = 20.0
_MISSES_IN_A_ROW = 5
_STATUS_AGE_SEC = 10.0
_WELL = ("active", "")


class IbmDriver(QiskitBackendDriver):
    """Machines of IBM Quantum.

    Args:
        name: The first part of the devices' ids.
        backends: The machines, by id; `path` leads to the service's class.
        num_workers: Most worker processes that speak to the service.
        poll_sec: Time between two looks at a remote job.
        status_limit_sec: How long the service may take to say how a machine is.
        gateway: Import path of what speaks to the service.
    """

    engine = "eigen.drivers.ibm.engine:IbmEngine"

    def __init__(
        self,
        name: str,
        backends: Mapping[str, QiskitBackend],
        *,
        num_workers: int = 2,
        poll_sec: float = 2.0,
        status_limit_sec: float = 20.0,
        gateway: str = _GATEWAY,
    ) -> None:
        super().__init__(name, backends, num_workers=num_workers)
        self._poll_sec = poll_sec
        self._status_limit_sec = status_limit_sec
        self._gateway = gateway
        self._words: dict[str, tuple[float, Mapping[str, Any]]] = {}

    async def status(self, device_id: str) -> DeviceStatus:
        """Ask the service how a machine is, at most every `_STATUS_AGE_SEC`.

        The properties are `operational` and `pending_jobs`, and what `calibrate` found. A machine whose account or
        package is not there is offline.

        Raises:
            NotFoundError: There is no such device.
            UnavailableError: The service cannot be reached in time (reason `DEVICE_UNREACHABLE`).
        """
        own = await super().status(device_id)
        try:
            said = await self._said(self._backend(device_id))
        except FailedPreconditionError as error:
            return replace(own, state=DeviceState.OFFLINE, reason=error.message)
        return replace(
            own,
            state=DeviceState.ONLINE if said["operational"] else DeviceState.OFFLINE,
            reason="" if said["message"] in _WELL else said["message"],
            properties={name: said[name] for name in ("operational", "pending_jobs")} | dict(own.properties),
        )

    def _place(self, backend: QiskitBackend) -> dict[str, Any]:
        return {**super()._place(backend), "gateway": self._gateway}

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Run a circuit once for each binding, in one remote job."""
        return (await self.execute_many((request,)))[0]

    async def execute_many(self, requests: Sequence[ExecutionRequest]) -> tuple[tuple[ExecutionResult, ...], ...]:
        """Run several circuits in one remote job."""
        for request in requests:
            self.admit(request.device_id, request.payload.profile, request.options)
        device_id = requests[0].device_id
        work = _Work(self._backend(device_id), tuple(requests))
        self._running[device_id] = self._running.get(device_id, 0) + 1
        try:
            return await self._carried_out(work)
        finally:
            self._running[device_id] -= 1

    async def _carried_out(self, work: _Work) -> tuple[tuple[ExecutionResult, ...], ...]:
        remote_job_id = ""
        try:
            submission = await self._submitted(work)
            remote_job_id = submission["remote_job_id"]
            _log.info("%s is job %s of IBM's service", work.job_id, remote_job_id)
            return await self._followed(work, submission)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(_CANCEL_LIMIT_SEC, shield=True):
                await self._cancelled(work, remote_job_id)
            raise

    async def _submitted(self, work: _Work) -> Mapping[str, Any]:
        """Submit, whatever happens meanwhile: a submission that is cut off would leave a job that nobody knows."""
        arguments = {"do": "submit", "tag": work.tag, "circuits": work.circuits}
        answers: list[Mapping[str, Any]] = []
        with anyio.move_on_after(_SUBMIT_LIMIT_SEC, shield=True):
            answers = await self._asked(work.backend, arguments, content=work.content)
        if not answers:
            raise _unreachable(f"IBM's service took more than {_SUBMIT_LIMIT_SEC:g} s to take the job")
        return answers[0]

    async def _followed(self, work: _Work, submission: Mapping[str, Any]) -> tuple[tuple[ExecutionResult, ...], ...]:
        """Look at a remote job until it has ended; some looks may fail."""
        remote_job_id = submission["remote_job_id"]
        question = {
            "do": "look",
            "remote_job_id": remote_job_id,
            "num_bindings": [len(request.bindings) for request in work.requests],
            "shots": [request.options.shots for request in work.requests],
        }
        misses = 0
        while True:
            await anyio.sleep(self._poll_sec)
            try:
                answers = await self._asked(work.backend, question, content=work.content)
            except UnavailableError:
                misses += 1
                if misses >= _MISSES_IN_A_ROW:
                    raise
                continue
            misses = 0
            state = answers[-1]["state"]
            if state == RemoteState.CANCELLED:
                raise OperationCancelledError(
                    f"the remote job {remote_job_id} was cancelled at IBM's side", reason="REMOTE_CANCELLED"
                )
            if state == RemoteState.DONE:
                return self._collected(work, submission, answers[:-1])

    def _collected(
        self, work: _Work, submission: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]
    ) -> tuple[tuple[ExecutionResult, ...], ...]:
        facts = {"remote_job_id": submission["remote_job_id"], "repeatable": False}
        transpilations = submission.get("transpilations") or [None] * len(work.requests)
        collectors = []
        for request, transpilation in zip(work.requests, transpilations, strict=True):
            admission = self.admit(request.device_id, request.payload.profile, request.options)
            fitted = {"transpilation": transpilation} if transpilation else {}
            collectors.append(Collector(request, self._metadata(work.backend, admission) | facts | fitted))
        receive = into(collectors)
        for part in parts:
            receive(part)
        return tuple(one.results() for one in collectors)

    async def _cancelled(self, work: _Work, remote_job_id: str) -> None:
        arguments = {"do": "cancel", "remote_job_id": remote_job_id, "tag": work.tag}
        try:
            await self._asked(work.backend, arguments)
        except EigenError as error:  # the task ends as cancelled all the same; the log tells who has to look
            _log.warning("the remote job %s of %s may go on: %s", remote_job_id, work.job_id, error.message)

    async def _said(self, backend: QiskitBackend) -> Mapping[str, Any]:
        """Return what the service says of a machine, or has said a moment ago."""
        asked_at, said = self._words.get(backend.device_id, (-math.inf, {}))
        if anyio.current_time() - asked_at < _STATUS_AGE_SEC:
            return said
        answers: list[Mapping[str, Any]] = []
        with anyio.move_on_after(self._status_limit_sec):
            answers = await self._asked(backend, {"do": "status"})
        if not answers:
            raise _unreachable(f"IBM's service took more than {self._status_limit_sec:g} s to say how its machine is")
        self._words[backend.device_id] = (anyio.current_time(), answers[0])
        return answers[0]


@dataclass(frozen=True)
class _Work:
    """Several circuits on their way to one remote job."""

    backend: QiskitBackend
    requests: tuple[ExecutionRequest, ...]

    @property
    def job_id(self) -> str:
        return self.requests[0].job_id

    @cached_property
    def content(self) -> bytes:
        """The circuits, a line of canonical JSON each."""
        return b"\n".join(request.payload.data for request in self.requests)

    @cached_property
    def circuits(self) -> list[dict[str, Any]]:
        """How each circuit is run, for a worker."""
        return [
            {
                "shots": request.options.shots,
                "seed": seeds_of(request, first=0, count=1)[0],
                "bindings": [dict(binding) for binding in request.bindings],
                "optimization_level": request.options.optimization_level,
            }
            for request in self.requests
        ]

    @cached_property
    def tag(self) -> str:
        """What a remote job is found by: the same for the same work of the same job, also in another process.

        It covers all that decides the counts: a loop runs one circuit many times, each time with other values.
        """
        digests = [request.payload.digest for request in self.requests]
        return f"eigen:{self.job_id}:{sha256_hex(canonical_json([digests, self.circuits]))[:32]}"


def _unreachable(what: str) -> UnavailableError:
    return UnavailableError(what, reason="DEVICE_UNREACHABLE", hint="try again")
