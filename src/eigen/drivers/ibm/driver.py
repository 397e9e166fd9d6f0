"""`ibm:<machine>`: a job is submitted once, looked after until it has ended, and cancelled there when cancelled here.

The remote job bears a tag made of the job, the circuit and its first binding. Whoever executes the same again, as after
a crash, finds it by its tag and fetches its counts. A cancelled task asks the service to cancel the remote job before
it returns, within `_CANCEL_LIMIT_SEC`; closing the system cancels running work too.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import anyio

from eigen.contracts.errors import EigenError, InternalError, OperationCancelledError, UnavailableError
from eigen.contracts.execution import Admission, ExecutionRequest, ExecutionResult
from eigen.drivers.ibm.gateway import RemoteState
from eigen.drivers.qiskit_backends.description import QiskitBackend
from eigen.drivers.qiskit_backends.driver import QiskitBackendDriver
from eigen.drivers.simulator.batches import seeds_of
from eigen.drivers.simulator.collector import Collector
from eigen.workers.pool import WorkerRequest

__all__ = ["IbmDriver"]

_log = logging.getLogger(__name__)

_GATEWAY = "eigen.drivers.ibm.gateway:IbmGateway"
_SUBMIT_LIMIT_SEC = 120.0
_CANCEL_LIMIT_SEC = 20.0
_MISSES_IN_A_ROW = 5


class IbmDriver(QiskitBackendDriver):
    """Machines of IBM Quantum.

    Args:
        name: The first part of the devices' ids.
        backends: The machines, by id; `path` leads to the service's class.
        num_workers: Most worker processes that speak to the service.
        poll_sec: Time between two looks at a remote job.
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
        gateway: str = _GATEWAY,
    ) -> None:
        super().__init__(name, backends, num_workers=num_workers)
        self._poll_sec = poll_sec
        self._gateway = gateway

    async def _execute(self, request: ExecutionRequest, admission: Admission) -> tuple[ExecutionResult, ...]:
        remote_job_id = ""
        try:
            submission = await self._submitted(request, admission)
            remote_job_id = submission["remote_job_id"]
            _log.info("%s is job %s of IBM's service", request.job_id, remote_job_id)
            metadata = self._metadata(self._backend(request.device_id), admission) | dict(submission)
            metadata["repeatable"] = False
            return await self._followed(request, admission, remote_job_id, metadata)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(_CANCEL_LIMIT_SEC, shield=True):
                await self._cancelled(request, admission, remote_job_id)
            raise

    async def _submitted(self, request: ExecutionRequest, admission: Admission) -> Mapping[str, Any]:
        """Submit, whatever happens meanwhile: a submission that is cut off would leave a job that nobody knows."""
        arguments = {
            "do": "submit",
            "tag": _tag(request),
            "shots": request.options.shots,
            "seed": seeds_of(request, first=0, count=1)[0],
            "bindings": [dict(binding) for binding in request.bindings],
            "optimization_level": request.options.optimization_level,
        }
        answers: list[Mapping[str, Any]] = []
        with anyio.move_on_after(_SUBMIT_LIMIT_SEC, shield=True):
            answers = await self._asked(request, admission, arguments)
        if not answers:
            raise UnavailableError(
                f"IBM's service took more than {_SUBMIT_LIMIT_SEC:g} s to take the job",
                reason="DEVICE_UNREACHABLE",
                hint="the job may be tried again",
            )
        return answers[0]

    async def _followed(
        self, request: ExecutionRequest, admission: Admission, remote_job_id: str, metadata: Mapping[str, Any]
    ) -> tuple[ExecutionResult, ...]:
        """Look at a remote job until it has ended; some looks may fail."""
        misses = 0
        while True:
            await anyio.sleep(self._poll_sec)
            try:
                answers = await self._asked(request, admission, {"do": "look", "remote_job_id": remote_job_id})
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
                collector = Collector(request, metadata)
                for part in answers[:-1]:
                    collector.receive(part)
                return collector.results()

    async def _cancelled(self, request: ExecutionRequest, admission: Admission, remote_job_id: str) -> None:
        arguments = {"do": "cancel", "remote_job_id": remote_job_id, "tag": _tag(request)}
        try:
            await self._asked(request, admission, arguments)
        except EigenError as error:  # the task ends as cancelled all the same; the log tells who has to look
            _log.warning("the remote job %s of %s may go on: %s", remote_job_id, request.job_id, error.message)

    async def _asked(
        self, request: ExecutionRequest, admission: Admission, arguments: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        """Return the parts of a worker's answer to a question."""
        backend = self._backend(request.device_id)
        parts: list[Mapping[str, Any]] = []
        question = WorkerRequest(
            digest=request.payload.digest,
            content=request.payload.data,
            memory_bytes=admission.memory_bytes,
            arguments={
                "gateway": self._gateway,
                "path": backend.path,
                "options": dict(backend.options),
                "backend_name": backend.backend_name,
                **arguments,
            },
        )
        await self._run(request.device_id, question, parts.append)
        if not parts:
            raise InternalError("the worker gave no answer", reason="ENGINE_BROKE_PROMISE")
        return parts


def _tag(request: ExecutionRequest) -> str:
    """Return what a remote job is found by: the same for the same work of the same job, also in another process."""
    return f"eigen:{request.job_id}:{request.payload.digest[:16]}:{request.first_binding}"
