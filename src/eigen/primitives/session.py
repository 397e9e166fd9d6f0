"""What a primitive works with: a client, its own or the caller's, and what all of its jobs have in common."""

from __future__ import annotations

import secrets
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from qiskit.primitives import PrimitiveResult

from eigen.client.arguments import require_kind
from eigen.client.interpreter_end import before_the_end
from eigen.client.sync import Client
from eigen.contracts.requests import SubmitJobRequest
from eigen.contracts.results import JobResults
from eigen.contracts.version import VERSION
from eigen.jobfile.loader import LoadedJob, override
from eigen.primitives.circuits import CircuitShelf
from eigen.primitives.job import EigenPrimitiveJob
from eigen.primitives.job_group import JobGroup
from eigen.primitives.options import PrimitiveOptions
from eigen.primitives.seeds import Seed, checked, drawn, job_seed

__all__ = ["OwnsSession", "PlannedPub", "Session"]

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPub(Generic[ResultT]):
    """What becomes of a PUB.

    Attributes:
        jobs: Jobs with the values of their specs, without what all jobs of the session have.
        assemble: Makes the PUB's result of the jobs' results, in order.
    """

    jobs: Sequence[tuple[LoadedJob, Mapping[str, Any]]]
    assemble: Callable[[Sequence[JobResults]], ResultT]


class Session:
    """A primitive's access to Eigen.

    Args:
        client: An open client, which stays its owner's; or None for one on the default root, which is opened with the
            first call, and closed by `close`, or else when the primitive is gone or the interpreter ends.
        target: Device of all jobs.
        seed: What the seeds of the jobs come from; None leaves them to be drawn and recorded by the kernel.
        options: Of the primitive.
    """

    def __init__(
        self, client: Client | None, *, target: str, seed: Seed, options: PrimitiveOptions | Mapping[str, Any] | None
    ) -> None:
        if client is not None:
            require_kind(client, Client, name="client", hint="give an open eigen.Client, or leave it out")
        self._client = client
        self._finalizer: Callable[[], object] | None = None
        self._opening = threading.Lock()
        self._begun: weakref.WeakSet[Future[Any]] = weakref.WeakSet()
        self.target = target
        self.seed = checked(seed)
        self.options = PrimitiveOptions.of(options)
        self.circuits = CircuitShelf(optimization_level=self.options.optimization_level)

    def begin(self, name: str, pubs: Sequence[PlannedPub[ResultT]]) -> EigenPrimitiveJob[ResultT]:
        """Submit the jobs of some PUBs, and return at once.

        Args:
            name: Of the primitive.
            pubs: What to run.

        Raises:
            InvalidArgumentError: A value of a job's spec is wrong.
            ResourceExhaustedError: There are too many shots.
            FailedPreconditionError: The client is not open.
        """
        job_id = f"{name}-{secrets.token_hex(8)}"
        group = JobGroup(self._requests(pubs, job_id))
        future = self._opened().start(group.results)
        self._begun.add(future)
        return EigenPrimitiveJob(job_id, group=group, future=future, assemble=partial(self._assembled, pubs, job_id))

    def close(self) -> None:
        """Wait for the jobs that have begun; then close the client, if it is the primitive's own."""
        wait(list(self._begun))
        with self._opening:
            if self._finalizer is not None:
                self._client = None
                self._finalizer()

    def _requests(self, pubs: Sequence[PlannedPub[ResultT]], group: str) -> list[SubmitJobRequest]:
        common = {"group": group, "target": self.target, **self.options.spec_values()}
        seed = drawn(self.seed)
        requests: list[SubmitJobRequest] = []
        for loaded, values in (job for pub in pubs for job in pub.jobs):
            seeded = {} if seed is None else {"seed": job_seed(seed, len(requests))}
            spec = override(loaded.spec, {**common, **seeded, **values})
            requests.append(SubmitJobRequest(spec=spec, source=loaded.source, job_yaml=loaded.job_yaml))
        return requests

    def _opened(self) -> Client:
        with self._opening:
            if self._client is None:
                client = Client().__enter__()
                self._finalizer = weakref.finalize(self, _close, client, self._begun)
                before_the_end(self._finalizer)
                self._client = client
            return self._client

    def _assembled(
        self, pubs: Sequence[PlannedPub[ResultT]], group: str, results: Sequence[JobResults]
    ) -> PrimitiveResult[ResultT]:
        remaining = iter(results)
        found = [pub.assemble(list(islice(remaining, len(pub.jobs)))) for pub in pubs]
        return PrimitiveResult(found, metadata={"version": 2, "group": group, "eigen_version": VERSION})


def _close(client: Client, begun: Iterable[Future[Any]]) -> None:
    """Close a client whose primitive is gone; garbage may be collected in the client's own thread."""
    if threading.current_thread() is not threading.main_thread():
        threading.Thread(target=_close_now, args=(client, begun)).start()
    else:
        _close_now(client, begun)


def _close_now(client: Client, begun: Iterable[Future[Any]]) -> None:
    wait(list(begun))
    client.__exit__(None, None, None)


class OwnsSession:
    """What every primitive has: a session, which ends with it, and the options of the jobs."""

    _session: Session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def options(self) -> PrimitiveOptions:
        """How jobs are made."""
        return self._session.options

    def close(self) -> None:
        """Wait for the jobs that have begun, and close the client if it is the primitive's own."""
        self._session.close()
