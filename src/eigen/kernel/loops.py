"""A job's loop: its starts side by side, each beside the engine where the driver runs loops, else in a thread here.

One mechanism, two sources of values. A driver that runs loops is given the circuit and the journal, and gives back the
outcome: nothing crosses a process in between but progress. For any other device the same loop runs in a thread of this
process, and each of its questions is a request that the device executes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from eigen.contracts.errors import EigenError
from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopRequest, LoopTask
from eigen.estimation.measurement import is_pure

if TYPE_CHECKING:
    from eigen.kernel.plan import ExecutionPlan
    from eigen.ports.artifact_store import ArtifactStore
    from eigen.ports.clock import Clock
    from eigen.ports.drivers import DriverManager

__all__ = ["LoopRunner"]

TELL_EVERY_SEC = 0.1
"""Shortest time between two updates of a loop."""

_SHARE_BETWEEN = 0.005  # an hour of a loop tells some thousand updates, not thirty-six

Tell = Callable[[LoopProgress], Awaitable[None]]


class LoopRunner:
    """Runs the loop of one job.

    Args:
        plan: How the job is run.
        job_id: The job, which has a folder.
        device_id: Its device.
        drivers: All devices.
        artifacts: Keeps the journals.
        clock: Time.
        tell: Takes what all starts together have come to, some times a second and ever less often.
    """

    def __init__(
        self,
        plan: ExecutionPlan,
        *,
        job_id: str,
        device_id: str,
        drivers: DriverManager,
        artifacts: ArtifactStore,
        clock: Clock,
        tell: Tell,
    ) -> None:
        self._plan = plan
        self._job_id = job_id
        self._device_id = device_id
        self._drivers = drivers
        self._artifacts = artifacts
        self._clock = clock
        self._tell = tell
        self._progress: dict[int, LoopProgress] = {}
        self._news = anyio.Event()
        self._failures: list[EigenError] = []
        self._outcomes: dict[int, LoopOutcome] = {}

    async def run(self) -> list[LoopOutcome]:
        """Run every start to its end, as many at once as the device has slots; what fails first ends all of them.

        Raises:
            EigenError: As `DriverManager.execute`.
        """
        slots = anyio.Semaphore(self._drivers.device(self._device_id).slots)
        async with anyio.create_task_group() as telling:
            telling.start_soon(self._tell_news)
            async with anyio.create_task_group() as starts:
                for task in self._plan.loop:
                    starts.start_soon(self._start, task, slots, starts.cancel_scope)
            telling.cancel_scope.cancel()
        if self._failures:
            raise self._failures[0]
        return [self._outcomes[start] for start in sorted(self._outcomes)]

    async def _start(self, task: LoopTask, slots: anyio.Semaphore, others: anyio.CancelScope) -> None:
        try:
            async with slots, self._artifacts.journal(self._job_id, task.start) as journal:
                self._outcomes[task.start] = await self._minimized(task, journal)
        except EigenError as error:
            self._failures.append(error)
            others.cancel()

    async def _minimized(self, task: LoopTask, journal: int) -> LoopOutcome:
        profile, options = self._plan.payload.profile, self._plan.options
        if is_pure(profile) and self._drivers.runs_loops(self._device_id, profile, options):
            request = LoopRequest(
                job_id=self._job_id,
                device_id=self._device_id,
                payload=self._plan.payload,
                task=task,
                options=options,
            )
            return await self._drivers.minimize(request, journal=journal, tell=self._note)
        from eigen.kernel.executed_loops import minimized_by_execution

        return await minimized_by_execution(
            self._plan,
            task,
            journal=journal,
            drivers=self._drivers,
            job_id=self._job_id,
            device_id=self._device_id,
            clock=self._clock,
            tell=self._note,
        )

    def _note(self, progress: LoopProgress) -> None:
        self._progress[progress.start] = progress
        self._news.set()

    async def _tell_news(self) -> None:
        began = self._clock.monotonic()
        while True:
            await self._news.wait()
            self._news = anyio.Event()
            await self._tell(self._together())
            now = self._clock.monotonic()
            await self._clock.sleep_until(now + max(TELL_EVERY_SEC, _SHARE_BETWEEN * (now - began)))

    def _together(self) -> LoopProgress:
        """Return what all starts have come to; the value is that of the start whose best is the least."""
        leading = min(self._progress.values(), key=lambda one: (one.best, one.start))
        return LoopProgress(
            start=leading.start,
            evaluations=sum(one.evaluations for one in self._progress.values()),
            value=leading.value,
            best=leading.best,
        )
