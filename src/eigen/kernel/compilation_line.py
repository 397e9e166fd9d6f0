"""Whose turn it is to be compiled: some jobs at once, the others in the same order in which devices take them.

When thousands of jobs come together, or are adopted, a subject's few jobs do not wait for all of another's, nor an
urgent job for those that came before it. The theory is the device's line (`device_queue`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from eigen.contracts.jobs import JobRecord
from eigen.contracts.requests import party_of
from eigen.kernel.device_queue import DeviceQueue, Ticket
from eigen.ports.clock import Clock

__all__ = ["MAX_COMPILATIONS", "CompilationLine"]

MAX_COMPILATIONS = 16
"""How many jobs are compiled at once."""


class CompilationLine:
    """Lets some jobs be compiled at once.

    Args:
        clock: Time.
        places: How many.
    """

    def __init__(self, *, clock: Clock, places: int = MAX_COMPILATIONS) -> None:
        self._clock = clock
        self._free = places
        self._line = DeviceQueue(slots=1)
        self._turns: dict[str, anyio.Event] = {}

    @asynccontextmanager
    async def turn(self, record: JobRecord) -> AsyncIterator[None]:
        """Hold a place for a job; wait for its turn where there is none."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(record)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, record: JobRecord) -> None:
        ticket = Ticket(
            job_id=record.job_id,
            device_id="",
            subject=party_of(record.tenant, record.subject),
            priority=record.priority,
            since_sec=self._clock.monotonic(),
        )
        turn = self._turns[record.job_id] = anyio.Event()
        self._line.join(ticket)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():  # given, and not wanted any more
                self._pass_on()
            else:
                del self._turns[record.job_id]
                self._line.leave(ticket)
            raise

    def _pass_on(self) -> None:
        """Give a place that has become free to whose turn it is."""
        first = min(self._line.standings(), default=None)
        if first is None:
            self._free += 1
            return
        self._line.begin(first.ticket, now_sec=self._clock.monotonic())
        self._line.end(first.ticket)
        self._turns.pop(first.ticket.job_id).set()
