"""The watch over other processes on the root: cancels that they ask for, and jobs whose system is gone.

A cancel from another process is a word in the job's row; a job whose owner's lock is free is adopted. What an owner
has left of a job is told by `adoption`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel

from eigen.contracts.errors import EigenError, InvariantError
from eigen.contracts.job_events import Adopted
from eigen.kernel import adoption
from eigen.kernel.live_jobs import LiveJobs
from eigen.kernel.lookups import POLL_SEC
from eigen.kernel.machine import has_begun
from eigen.kernel.run import JobRun
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.clock import Clock
from eigen.ports.job_store import JobStore, Orphan, StaleOwnerError
from eigen.ports.kernel import KernelObserver

__all__ = ["RootWatch"]

ADOPT_EVERY_SEC = 1.0
"""How often jobs whose owner is gone are looked for, when nobody else has written to the store."""

_AT_ONCE = 128
"""How many adopted jobs are begun together: one write to the disk counts the attempts of all of them."""


class RootWatch:
    """What this system does for the others on its root.

    Args:
        store: Records and events.
        artifacts: CircuitFS.
        clock: Time.
        observer: Is told of defects, and of ends that are only recorded.
        owner: This system's name in the job store.
        jobs: The jobs of this system; adopted ones come to them.
        take: Begins what lives as long as a job.
        cancel: Cancels a job of this system for somebody.
        look: Sees what else has changed on the root.
        pass_time: Lets go of what is over by now; quick.
        room: Says how many jobs more this system takes on; the others stay where they are until there is room.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        artifacts: ArtifactStore,
        clock: Clock,
        observer: KernelObserver,
        owner: str,
        jobs: LiveJobs,
        take: Callable[[JobRun], None],
        cancel: Callable[[str, str], Awaitable[None]],
        look: Callable[[], Awaitable[None]],
        pass_time: Callable[[], object],
        room: Callable[[], int],
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._clock = clock
        self._observer = observer
        self._owner = owner
        self._jobs = jobs
        self._take = take
        self._cancel = cancel
        self._look = look
        self._pass_time = pass_time
        self._room = room
        self._unbegun: dict[str, Orphan] = {}
        self._adopting = anyio.Lock()

    async def watch(self, *, adopts: bool) -> None:
        """Look at the root until cancelled.

        Args:
            adopts: Whether jobs whose owner is gone are continued.
        """
        next_look = 0.0
        while True:
            try:
                self._pass_time()
                if await self._store.changed():
                    await self._cancel_for_others()
                    next_look = 0.0  # what was written may be a job that is handed over
                if self._clock.monotonic() >= next_look:
                    next_look = self._clock.monotonic() + ADOPT_EVERY_SEC
                    await self._look()
                    if adopts:
                        await self.adopt_orphans()
                    else:  # one that was asked for, and could not be begun then
                        await self._begin_adopted()
            except EigenError as error:
                self._observer.on_defect("", "watch", error)
            await self._clock.sleep_until(self._clock.monotonic() + POLL_SEC)

    async def _cancel_for_others(self) -> None:
        """Cancel what others want to stop, many at once, which share writes to the disk; none holds up the others."""
        wanted = await self._store.cancel_requests()
        for start in range(0, len(wanted), _AT_ONCE):
            async with anyio.create_task_group() as tasks:
                for job_id, by in wanted[start : start + _AT_ONCE]:
                    tasks.start_soon(self._cancel_for_other, job_id, by)

    async def _cancel_for_other(self, job_id: str, by: str) -> None:
        try:
            await self._cancel(job_id, by)
        except EigenError as error:
            self._observer.on_defect(job_id, "cancel", error)

    async def adopt_orphans(self, *, job_id: str | None = None) -> None:
        """Take over jobs whose owner is gone, as many as there is room for, or that one; on return they are live here.

        One that cannot be begun now, since the store or the disk fails, is tried again with the next look.
        """
        async with self._adopting:
            await self._take_over(job_id)
        await self._begin_adopted()

    async def _begin_adopted(self) -> None:
        async with self._adopting:
            orphans = tuple(self._unbegun.values())
            with_end = await adoption.with_end(self._artifacts, orphans) if orphans else frozenset()
            for start in range(0, len(orphans), _AT_ONCE):
                async with anyio.create_task_group() as tasks:
                    for orphan in orphans[start : start + _AT_ONCE]:
                        may_have_ended = orphan.record.job_id in with_end
                        if has_begun(orphan.record):
                            tasks.start_soon(self._begin, orphan, may_have_ended)
                        else:  # takes no time worth a task
                            await self._begin(orphan, may_have_ended)
                    await anyio.lowlevel.checkpoint()

    async def _take_over(self, job_id: str | None) -> None:
        """Become the owner of jobs; whoever asked for it may give up, what is ours must be begun all the same."""
        limit = max(0, self._room()) if job_id is None else 1
        if limit:
            with anyio.CancelScope(shield=True):
                for orphan in await self._store.adopt(job_id=job_id, limit=limit):
                    if orphan.damage is None:
                        self._unbegun[orphan.record.job_id] = orphan
                    else:  # it stays as it is, and keeps nobody from the others
                        self._observer.on_defect(orphan.record.job_id, "adoption", orphan.damage)

    async def _begin(self, orphan: Orphan, may_have_ended: bool) -> None:
        try:
            await self._adopt(orphan, may_have_ended=may_have_ended)
        except StaleOwnerError:  # somebody else has ended it
            pass
        except EigenError as error:
            self._observer.on_defect(orphan.record.job_id, "adoption", error)
            return
        except InvariantError as error:  # its record cannot be, and trying again does not change it
            self._observer.on_defect(orphan.record.job_id, "adoption", error)
        del self._unbegun[orphan.record.job_id]

    @property
    def has_unbegun(self) -> bool:
        """Whether a job was adopted that could not be begun yet."""
        return bool(self._unbegun)

    async def _adopt(self, orphan: Orphan, *, may_have_ended: bool) -> None:
        """Go on with a job whose owner is gone: record the end that it has on disk, or begin anew."""
        if orphan.record.state.is_terminal:  # only its row says that it lives
            await self._store.append(orphan.record, orphan.events, durable=True)
            return
        left = await adoption.legacy(self._artifacts, orphan.record) if may_have_ended else None
        if isinstance(left, adoption.SealedEnd):
            await self._store.append(left.record, left.missing, durable=True)
            self._observer.on_transition(orphan.record, left.record, (*orphan.events, *left.missing)[-1].kind)
            self._observer.on_ended(left.record, (*orphan.events, *left.missing), ())
            return
        run = JobRun(record=orphan.record, published=orphan.record, inputs=left, events=list(orphan.events))
        self._take(run)
        try:
            await self._jobs.feed(run, Adopted(at=self._clock.now(), owner=self._owner))
        except EigenError:
            self._jobs.drop(run)
            raise
        if orphan.cancel_by:
            await self._cancel_for_other(orphan.record.job_id, orphan.cancel_by)
