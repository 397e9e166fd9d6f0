"""What `run` gives back: a handle of some Eigen jobs, in the form of Qiskit's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

from qiskit.primitives import BasePrimitiveJob, PrimitiveResult
from qiskit.providers import JobStatus

from eigen.contracts.errors import EigenError, FailedPreconditionError, OperationCancelledError
from eigen.contracts.results import JobResults
from eigen.primitives.job_group import JobGroup

__all__ = ["EigenPrimitiveJob"]

ResultT = TypeVar("ResultT")  # of a PUB

_FINAL = frozenset({JobStatus.DONE, JobStatus.CANCELLED, JobStatus.ERROR})


class EigenPrimitiveJob(
    BasePrimitiveJob[PrimitiveResult[ResultT], JobStatus],  # type: ignore[misc]  # Qiskit has no types
    Generic[ResultT],
):
    """One call of `run`: a group of Eigen jobs, which `eigen jobs --group` lists by `job_id()`.

    Args:
        job_id: The group's name.
        group: The Eigen jobs.
        future: Their results, in order.
        assemble: Makes Qiskit's containers of the results.
    """

    def __init__(
        self,
        job_id: str,
        *,
        group: JobGroup,
        future: Future[list[JobResults]],
        assemble: Callable[[Sequence[JobResults]], PrimitiveResult[ResultT]],
    ) -> None:
        super().__init__(job_id)
        self._group = group
        self._future = future
        self._assemble = assemble
        self._result: PrimitiveResult[ResultT] | None = None

    def eigen_job_ids(self) -> tuple[str, ...]:
        """Return the ids of the Eigen jobs that have been accepted so far, in order of the PUBs."""
        return tuple(job_id for _, job_id in sorted(self._group.accepted.copy().items()))

    def result(self) -> PrimitiveResult[ResultT]:
        """Wait for the end and return what the PUBs gave.

        Raises:
            EigenError: An Eigen job was refused or failed; this is its own error.
            OperationCancelledError: The job was cancelled.
            FailedPreconditionError: The client was closed before the end.
        """
        if self._result is None:
            try:
                results = self._future.result()
            except CancelledError as error:
                raise self._no_result() from error
            self._result = self._assemble(results)
        return self._result

    def status(self) -> JobStatus:
        """Return where it is: `QUEUED` until the first Eigen job is accepted, then `RUNNING` until all have ended."""
        if not self._future.done():
            return JobStatus.RUNNING if self._group.accepted else JobStatus.QUEUED
        error = self._no_result() if self._future.cancelled() else self._future.exception()
        if error is None:
            return JobStatus.DONE
        return JobStatus.CANCELLED if isinstance(error, OperationCancelledError) else JobStatus.ERROR

    def done(self) -> bool:
        """Return whether all of it has succeeded."""
        return self.status() is JobStatus.DONE

    def running(self) -> bool:
        """Return whether it has begun and not ended."""
        return self.status() is JobStatus.RUNNING

    def cancelled(self) -> bool:
        """Return whether it was cancelled."""
        return self.status() is JobStatus.CANCELLED

    def in_final_state(self) -> bool:
        """Return whether it has ended, however."""
        return self.status() in _FINAL

    def cancel(self) -> bool:
        """Cancel every Eigen job that has not ended; return whether there was anything left to cancel."""
        self._group.is_stopping = True
        return self._future.cancel()

    def _no_result(self) -> EigenError:
        """Return why there is no result although no Eigen job has failed."""
        if self._group.is_stopping:
            return OperationCancelledError(
                f"{self.job_id()} was cancelled", reason="PRIMITIVE_CANCELLED", hint="run it again"
            )
        return FailedPreconditionError(
            f"the client was closed before {self.job_id()} had ended",
            reason="CLIENT_CLOSED",
            hint=f"its jobs go on with the next client of this root; `eigen jobs --group {self.job_id()}` lists them",
        )
