"""IBM Quantum's service as this driver needs it. Runs in a worker.

A job there is found again by its tag, which is made of the job here: whoever crashed after submitting finds the remote
job, and nothing is run and paid for twice.

Written against the documented behaviour of `QiskitRuntimeService` and `SamplerV2` (qiskit-ibm-runtime 0.51) and their
local testing mode, https://quantum.cloud.ibm.com/docs/guides/local-testing-mode.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["Entry", "Gateway", "IbmGateway", "RemoteState"]


class Entry(NamedTuple):
    """One circuit of a remote job.

    Attributes:
        circuit: With a value for each parameter.
        shots: How many.
    """

    circuit: QuantumCircuit
    shots: int


class RemoteState(StrEnum):
    """How a remote job is, in the service's words."""

    INITIALIZING = "INITIALIZING"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    ERROR = "ERROR"


class Gateway(ABC):
    """What is asked of a service; every method may raise whatever its library raises."""

    @property
    @abstractmethod
    def backend(self) -> Any:
        """What circuits are transpiled for, a `BackendV2`."""

    @abstractmethod
    def renew(self) -> None:
        """Ask anew what was measured of the machine."""

    @abstractmethod
    def status(self) -> tuple[bool, int, str]:
        """Return whether the machine takes jobs, how many wait for it, and what the service says of it."""

    @abstractmethod
    def find(self, tag: str) -> str | None:
        """Return the id of the newest job with a tag that has not failed and was not cancelled, or None."""

    @abstractmethod
    def submit(self, entries: Sequence[Entry], *, tag: str, seed: int) -> str:
        """Submit one job for all circuits and return its id; only simulators take the seed."""

    @abstractmethod
    def state(self, job_id: str) -> tuple[RemoteState, str]:
        """Return how a job is, and what its vendor says where it has failed."""

    @abstractmethod
    def counts(self, job_id: str) -> list[Mapping[str, int]]:
        """Return the counts of each circuit of a job that is done."""

    @abstractmethod
    def usage_sec(self, job_id: str) -> float:
        """Return how long a job that is done has kept its machine, as the service charges it."""

    @abstractmethod
    def cancel(self, job_id: str) -> None:
        """Ask that a job be cancelled; one that has ended stays as it is."""


class IbmGateway(Gateway):
    """The service itself, or its local testing mode.

    Args:
        path: Where the service's class is, `package.module:Name`.
        options: Its arguments; without a token it looks for its account by itself (environment, saved accounts).
        backend_name: The machine.
    """

    def __init__(self, path: str, options: Mapping[str, Any], backend_name: str) -> None:
        module_name, _, name = path.partition(":")
        self._service = getattr(import_module(module_name), name)(**options)
        self._backend = self._service.backend(backend_name)
        self._backend_name = backend_name
        self._submitted: dict[str, Any] = {}

    @property
    def backend(self) -> Any:
        """The machine."""
        return self._backend

    def renew(self) -> None:
        """Ask for configuration and properties; local testing mode makes its snapshot anew."""
        if hasattr(self._service, "jobs"):
            self._backend.refresh()
        else:
            self._backend = self._service.backend(self._backend_name)

    def status(self) -> tuple[bool, int, str]:
        """Ask for the machine's status."""
        status = self._backend.status()
        return bool(status.operational), int(status.pending_jobs), str(status.status_msg)

    def find(self, tag: str) -> str | None:
        """Return the id of a job by its tag; local testing mode keeps no jobs."""
        if not hasattr(self._service, "jobs"):
            return None
        for job in self._service.jobs(job_tags=[tag], limit=None, descending=True):
            if _state(job) not in (RemoteState.CANCELLED, RemoteState.ERROR):
                return str(job.job_id())
        return None

    def submit(self, entries: Sequence[Entry], *, tag: str, seed: int) -> str:
        """Submit one job in job mode."""
        from qiskit_ibm_runtime import SamplerV2

        is_local = not hasattr(self._service, "jobs")
        local: dict[str, Any] = {"simulator": {"seed_simulator": seed or 1}}  # 0 is no seed to it
        options = local if is_local else {"environment": {"job_tags": [tag]}}
        job = SamplerV2(mode=self._backend, options=options).run([(one.circuit, None, one.shots) for one in entries])
        self._submitted[str(job.job_id())] = job
        return str(job.job_id())

    def state(self, job_id: str) -> tuple[RemoteState, str]:
        """Ask for a job's state."""
        job = self._job(job_id)
        state = _state(job)
        said = job.error_message() if state is RemoteState.ERROR and hasattr(job, "error_message") else None
        return state, str(said or "")

    def counts(self, job_id: str) -> list[Mapping[str, int]]:
        """Fetch the results; a circuit has one register of classical bits."""
        return [next(iter(one.data.values())).get_counts() for one in self._job(job_id).result()]

    def usage_sec(self, job_id: str) -> float:
        """Ask for a job's usage; local testing mode knows none."""
        job = self._job(job_id)
        return float(job.usage()) if hasattr(job, "usage") else 0.0

    def cancel(self, job_id: str) -> None:
        """Cancel a job that has not ended."""
        job = self._job(job_id)
        if _state(job) in (RemoteState.INITIALIZING, RemoteState.QUEUED, RemoteState.RUNNING):
            job.cancel()

    def _job(self, job_id: str) -> Any:
        return self._submitted.get(job_id) or self._service.job(job_id)


def _state(job: Any) -> RemoteState:
    """Return a job's state; local testing mode gives an enumeration for it, the service a text."""
    status = job.status()
    return RemoteState(str(getattr(status, "name", status)))
