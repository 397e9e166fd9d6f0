"""What `run` gives back: a handle of some Eigen jobs, in the form of Qiskit's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

from qiskit.primitives import BasePrimitiveJob, PrimitiveResult
from qiskit.providers import JobStatus

from eigen.contracts.errors import OperationCancelledError
from eigen.contracts.results import JobResults

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
        future: Results of all Eigen jobs, in order.
        accepted: Number of each Eigen job that has been accepted, to its id.
        assemble: Makes Qiskit's containers of the results.
    """

    def __init__(
        self,
        job_id: str,
        *,
        future: Future[list[JobResults]],
        accepted: dict[int, str],
        assemble: Callable[[Sequence[JobResults]], PrimitiveResult[ResultT]],
    ) -> None:
        super().__init__(job_id)
        self._future = future
        self._accepted = accepted
        self._assemble = assemble
        self._result: PrimitiveResult[ResultT] | None = None

    def eigen_job_ids(self) -> tuple[str, ...]:
        """Return the ids of the Eigen jobs that have been accepted so far, in order of the PUBs."""
        return tuple(job_id for _, job_id in sorted(self._accepted.copy().items()))

    def result(self) -> PrimitiveResult[ResultT]:
        """Wait for the end and return what the PUBs gave.

        Raises:
            EigenError: An Eigen job was refused or failed, this is its own error; or the job was cancelled.
        """
        if self._result is None:
            try:
                results = self._future.result()
            except CancelledError as error:
                raise OperationCancelledError(
                    f"{self.job_id()} was cancelled", reason="PRIMITIVE_CANCELLED", hint="run it again"
                ) from error
            self._result = self._assemble(results)
        return self._result

    def status(self) -> JobStatus:
        """Return where it is: `QUEUED` until the first Eigen job is accepted, then `RUNNING` until all have ended."""
        if not self._future.done():
            return JobStatus.RUNNING if self._accepted else JobStatus.QUEUED
        if self._future.cancelled():
            return JobStatus.CANCELLED
        error = self._future.exception()
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
        return self._future.cancel()
