"""Whose turn it is to be compiled: some jobs at once, the others in the same order in which devices take them.

When thousands of jobs come together, or are adopted, a subject's few jobs do not wait for all of another's, nor an
urgent job for those that came before it. The theory is the device's line (`device_queue`). A job that waits here is a
place in the line and nothing else: its work begins when its turn comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from eigen.contracts.requests import party_of
from eigen.kernel.device_queue import DeviceQueue, Ticket
from eigen.kernel.run import JobRun
from eigen.ports.clock import Clock

__all__ = ["MAX_COMPILATIONS", "CompilationLine"]

MAX_COMPILATIONS = 16
"""How many jobs are compiled at once."""


class CompilationLine:
    """Lets some jobs be compiled at once.

    Args:
        clock: Time.
        begin: Begins to compile a job that has got a place, its own until `free`; quick, starts tasks.
        places: How many.
    """

    def __init__(self, *, clock: Clock, begin: Callable[[JobRun], None], places: int = MAX_COMPILATIONS) -> None:
        self._clock = clock
        self._begin = begin
        self._free = places
        self._line = DeviceQueue(slots=1)
        self._waiting: dict[str, _Waiting] = {}

    def join(self, run: JobRun) -> None:
        """Begin with a job where there is a place, else let it wait for its turn."""
        if self._free:
            self._free -= 1
            self._begin(run)
            return
        record = run.record
        ticket = Ticket(
            job_id=record.job_id,
            device_id="",
            subject=party_of(record.tenant, record.subject),
            priority=record.priority,
            since_sec=run.since_sec,
        )
        self._waiting[record.job_id] = _Waiting(ticket, run)
        self._line.join(ticket)

    def leave(self, job_id: str) -> None:
        """Let a job wait no longer; one that does not wait stays as it is."""
        waiting = self._waiting.pop(job_id, None)
        if waiting is not None:
            self._line.leave(waiting.ticket)

    def free(self) -> None:
        """Give the place of a job that is done with to whose turn it is."""
        first = min(self._line.standings(), default=None)
        if first is None:
            self._free += 1
            return
        self._line.begin(first.ticket, now_sec=self._clock.monotonic())
        self._line.end(first.ticket)
        self._begin(self._waiting.pop(first.ticket.job_id).run)


class _Waiting(NamedTuple):
    ticket: Ticket
    run: JobRun
