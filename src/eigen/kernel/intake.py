"""How many jobs one system takes on: a bound for all, and one for each subject, so that nobody can fill it alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from eigen.contracts.errors import ResourceExhaustedError
from eigen.contracts.printable import quoted
from eigen.contracts.requests import party_of
from eigen.ports.kernel import KernelLimits

__all__ = ["Intake"]


class Intake:
    """Counts the jobs that are being accepted, beside those that are live.

    Args:
        limits: What the system takes on.
    """

    def __init__(self, limits: KernelLimits) -> None:
        self._limits = limits
        self._arriving: Counter[str] = Counter()

    @contextmanager
    def room(self, subject: str, *, tenant: str, live: int, live_of_subject: int) -> Iterator[None]:
        """Hold a place for a job of a tenant's subject while it is being accepted.

        Raises:
            ResourceExhaustedError: There is none now (`QUEUE_FULL`, `SUBJECT_QUOTA`); later there may be.
        """
        party = party_of(tenant, subject)
        self.require_place(
            subject, live=live + self._arriving.total(), live_of_subject=live_of_subject + self._arriving[party]
        )
        self._arriving[party] += 1
        try:
            yield
        finally:
            self._arriving[party] -= 1
            if not self._arriving[party]:
                del self._arriving[party]

    def require_place(self, subject: str, *, live: int, live_of_subject: int) -> None:
        """Refuse one job more of a subject where so many jobs are live, and so many of them its own.

        Raises:
            ResourceExhaustedError: They are as many as there may be (`QUEUE_FULL`, `SUBJECT_QUOTA`).
        """
        self._require(live, self._limits.live_jobs, "QUEUE_FULL", "jobs are live")
        most_of_subject = self._limits.live_jobs_per_subject
        self._require(live_of_subject, most_of_subject, "SUBJECT_QUOTA", f"jobs of {quoted(subject)} are live")

    @staticmethod
    def _require(num_jobs: int, limit: int, reason: str, what: str) -> None:
        if num_jobs >= limit:
            raise ResourceExhaustedError(
                f"{num_jobs} {what} in this system, and more are not taken",
                reason=reason,
                hint="submit again when some have ended, or cancel some",
                details={"retriable": True, "live_jobs": num_jobs, "limit": limit},
            )
