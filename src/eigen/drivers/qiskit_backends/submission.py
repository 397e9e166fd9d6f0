"""Circuits handed to a backend: in one job where it takes them so, else in one each. Runs in a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from eigen.contracts.errors import InternalError
from eigen.contracts.printable import printable

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["Submission"]

_REFUSALS = (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError)
"""What backends raise that want a circuit and get a list."""


class Submission:
    """Circuits on their way, which end together; where a backend takes no list, their jobs wait side by side.

    Args:
        jobs: The backend's jobs, and how many of the circuits each of them has.
    """

    def __init__(self, jobs: Sequence[tuple[Any, int]] = ()) -> None:
        self._jobs = list(jobs)

    @classmethod
    def of(cls, backend: Any, circuits: Sequence[QuantumCircuit], **options: Any) -> Submission:
        """Submit circuits with the same options; raises whatever the backend raises, and then leaves no job."""
        if len(circuits) > 1:
            try:
                return cls([(backend.run(list(circuits), **options), len(circuits))])
            except _REFUSALS:
                pass  # where it is not for the list, it comes again
        alone = cls()
        try:
            for circuit in circuits:
                alone._jobs.append((backend.run(circuit, **options), 1))
        except Exception:
            alone._let_go()
            raise
        return alone

    def result(self) -> list[Mapping[str, int]]:
        """Wait for the counts of each circuit, in their order; when one job fails, the others are cancelled.

        Raises:
            InternalError: The backend says that it failed.
        """
        try:
            return [counts for job, size in self._jobs for counts in _counts(job.result(), size)]
        except Exception:
            self._let_go()
            raise

    def cancel(self) -> None:
        """Cancel every job; the first failure to is raised when all were tried."""
        failures: list[Exception] = []
        for job, _ in self._jobs:
            try:
                job.cancel()
            except Exception as error:  # noqa: BLE001  # providers raise all kinds
                failures.append(error)
        if failures:
            raise failures[0]

    def _let_go(self) -> None:
        """Cancel what may be left, where there is something worse to tell."""
        with suppress(Exception):
            self.cancel()


def _counts(result: Any, size: int) -> list[Mapping[str, int]]:
    if not result.success:
        raise InternalError(
            "the backend says that it failed to run this circuit, and gave no counts",
            reason="ENGINE_FAILED",
            hint="run it on another device; details.engine_said has the backend's words",
            details={"engine_said": printable(str(getattr(result, "status", "")))},
        )
    return [result.get_counts(index) for index in range(size)]
