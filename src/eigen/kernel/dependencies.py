"""Who waits for whose end. Pure.

Job ids are given by the system, and a job may only name jobs that exist already: so a cycle cannot be written down, and
none is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eigen.contracts.errors import FailedPreconditionError
from eigen.contracts.jobs import JobRecord

__all__ = ["MOST_IN_CHAIN", "Prerequisites", "dependency_error"]

MOST_IN_CHAIN = 16
"""Most jobs that the error of a job names on the way to the one that failed first."""

_REASON = "DEPENDENCY_FAILED"


class Prerequisites:
    """Jobs that wait for other jobs.

    Example:
        >>> waiting = Prerequisites()
        >>> waiting.wait("job_c", on=["job_a", "job_b"])
        >>> waiting.settle("job_a", done=True)
        ()
        >>> waiting.unmet("job_c")
        ('job_b',)
        >>> waiting.settle("job_b", done=True)
        ('job_c',)
    """

    def __init__(self) -> None:
        self._unmet: dict[str, dict[str, None]] = {}
        self._dependents: dict[str, dict[str, None]] = {}

    def is_awaited(self, job_id: str) -> bool:
        """Return whether somebody waits for a job."""
        return job_id in self._dependents

    @property
    def awaited(self) -> tuple[str, ...]:
        """The jobs that somebody waits for."""
        return tuple(self._dependents)

    def unmet(self, job_id: str) -> tuple[str, ...]:
        """Return the jobs that a job still waits for; none where it does not wait."""
        return tuple(self._unmet.get(job_id, ()))

    def wait(self, job_id: str, *, on: Iterable[str]) -> None:
        """Let a job wait until all of some jobs are done."""
        self._unmet[job_id] = dict.fromkeys(on)
        for dependency in self._unmet[job_id]:
            self._dependents.setdefault(dependency, {})[job_id] = None

    def leave(self, job_id: str) -> None:
        """Let a job wait no longer."""
        for dependency in self._unmet.pop(job_id, ()):
            dependents = self._dependents[dependency]
            del dependents[job_id]
            if not dependents:
                del self._dependents[dependency]

    def settle(self, dependency: str, *, done: bool) -> tuple[str, ...]:
        """Take note of a job's end.

        Args:
            dependency: The job that has ended.
            done: Whether it is DONE.

        Returns:
            Jobs that wait no longer: where it is done, those that needed nothing else; where it is not, all that
            needed it.
        """
        settled = []
        for job_id in self._dependents.pop(dependency, ()):
            del self._unmet[job_id][dependency]
            if not done or not self._unmet[job_id]:
                self.leave(job_id)
                settled.append(job_id)
        return tuple(settled)


def dependency_error(dependency: JobRecord) -> Mapping[str, Any]:
    """Return the error of a job that needs one which is not DONE; it names the first cause and the way to it.

    Of a long way only the nearest jobs and the first one are named: each of a thousand would name all before it.
    """
    error = dependency.error or {}
    told = error.get("details", {}) if error.get("reason") == _REASON else {}
    way = [dependency.job_id, *told.get("chain", ())]
    chain = way if len(way) <= MOST_IN_CHAIN else [*way[: MOST_IN_CHAIN - 1], way[-1]]
    length = 1 + told.get("chain_length", len(way) - 1)
    cause = told.get("cause") or str(error.get("message", "")).partition("\n")[0]
    return FailedPreconditionError(
        f"the job needs {dependency.job_id}, which ended in {dependency.state}{_through(chain, length)}: {cause}",
        reason=_REASON,
        hint=f"`eigen status {chain[-1]}` tells why; submit both again once it is repaired",
        details={"chain": chain, "chain_length": length, "cause": cause, "state": dependency.state.value},
    ).to_json()


def _through(chain: Sequence[str], length: int) -> str:
    """Return which jobs stand behind the first one of a chain, in words."""
    between = [f"{length - len(chain)} others"] if length > len(chain) else []
    behind = [*chain[1:-1], *between, *chain[1:][-1:]]
    return f" (through {', '.join(behind)})" if behind else ""
