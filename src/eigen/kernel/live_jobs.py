"""The jobs that this system owns, and the one door by which events reach them.

A job's record changes in `feed` alone, at once, before anything is awaited; the event is kept, told to everybody who
watches, and followed by the commands of the state machine. A terminal state is published only when it is durable; the
states before it are written behind, but for what the next system on the root must know: a try or an attempt that is
lost, and that somebody has cancelled the job.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator

from eigen.contracts.errors import EigenError
from eigen.contracts.job_events import Adopted, CancelRequested, JobEvent
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.requests import party_of
from eigen.kernel.commands import Command
from eigen.kernel.history import stored
from eigen.kernel.machine import step
from eigen.kernel.run import JobRun
from eigen.ports.clock import Clock
from eigen.ports.job_store import JobStore, StaleOwnerError
from eigen.ports.kernel import KernelObserver
from eigen.workers.digests import DigestCache

__all__ = ["LiveJobs"]

STORE_AGAIN_SEC = 1.0
"""How long to wait before a job store that failed is tried again."""

REMEMBERED_JOBS = 4096
"""How many ended jobs' records and results are kept at hand; they never change."""

REMEMBERED_BYTES = 32 * 1024 * 1024
"""Most bytes of results that are kept at hand."""


class LiveJobs:
    """Live jobs by id, and the ends of the last ones.

    Args:
        store: Records and events.
        clock: Time.
        observer: Is told of every transition.
        obey: Runs one command of the state machine; quick, starts tasks.
        on_leaving: Is told of every job that has ended, or is another system's now; quick, starts tasks.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        clock: Clock,
        observer: KernelObserver,
        obey: Callable[[JobRun, Command], None],
        on_leaving: Callable[[JobRun], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._obey = obey
        self._on_leaving = on_leaving
        self._runs: dict[str, JobRun] = {}
        self._parties: Counter[str] = Counter()
        self._ended: OrderedDict[str, JobRecord] = OrderedDict()
        self._results: DigestCache[bytes] = DigestCache(max_items=REMEMBERED_JOBS, max_bytes=REMEMBERED_BYTES)

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[JobRun]:
        return iter(self._runs.values())

    def get(self, job_id: str) -> JobRun | None:
        """Return a live job of this system, or None."""
        return self._runs.get(job_id)

    def ended(self, job_id: str) -> JobRecord | None:
        """Return the record of a job that has ended here lately, or None."""
        return self._ended.get(job_id)

    def results_json(self, job_id: str) -> bytes | None:
        """Return the results of a job that is DONE here since lately, as they are in CircuitFS, or None."""
        return self._results.get(job_id)

    def owns(self, run: JobRun) -> bool:
        """Return whether a run is live and this system's."""
        return self._runs.get(run.record.job_id) is run

    def count(self, tenant: str, subject: str) -> int:
        """Return how many live jobs a tenant's subject has here."""
        return self._parties[party_of(tenant, subject)]

    def add(self, run: JobRun) -> None:
        """Take a job in."""
        run.num_written = len(run.events)
        self._runs[run.record.job_id] = run
        self._parties[party_of(run.record.tenant, run.record.subject)] += 1

    async def feed(self, run: JobRun, event: JobEvent) -> None:
        """Apply an event to a job of ours, keep it, and run what the machine commands.

        Raises:
            EigenError: The store does not take a cancel or a takeover. Somebody waits for these, and is told: the work
                of a job that was cancelled is stopped all the same, one that was taken over is to be dropped. All other
                events are kept as soon as the store takes them.
        """
        before = run.record
        if not self.owns(run):  # it has ended, or is another system's by now
            return
        after, commands = step(before, event)
        if after is before:
            return
        run.record = after
        if after.state.is_terminal:  # its last event is sealed already, as it is
            await self._end(run, before, stored(event, after))
            return
        last = stored(event, after, spans=run.take_spans())
        self._observer.on_transition(before, after, last.kind)
        run.publish(last)
        is_crash, is_taken_over = after.crashes > before.crashes, after.attempt > before.attempt
        is_cancel = isinstance(event, CancelRequested)  # work stops at once, whatever the disk does
        if isinstance(event, Adopted) and not is_taken_over:  # its next event will tell of it
            self._obey_all(run, commands)
            return
        news = tuple(run.events if is_crash or is_cancel else run.events[run.num_written :])
        run.num_written = len(run.events)
        self._obey_all(run, commands if is_cancel else ())
        keep = self._keep_now if is_cancel or is_taken_over else self._keep
        if await keep(run, news, durable=is_crash or is_taken_over or is_cancel):  # the next system must know
            self._obey_all(run, () if is_cancel else commands)
        else:
            self._let_go(run)

    def _obey_all(self, run: JobRun, commands: tuple[Command, ...]) -> None:
        for command in commands:
            self._obey(run, command)

    async def _end(self, run: JobRun, before: JobRecord, last: StoredEvent) -> None:
        if await self._keep(run, (*run.events, last), durable=True):
            self._observer.on_transition(before, run.record, last.kind)
            run.publish(last)
            self._observer.on_ended(run.record, run.events, run.take_spans())
        self._let_go(run)

    async def _keep(self, run: JobRun, news: tuple[StoredEvent, ...], *, durable: bool) -> bool:
        """Store a job's events, until the store takes them. False: the job is not ours any more."""
        while True:
            try:
                return await self._keep_now(run, news, durable=durable)
            except EigenError as error:
                self._observer.on_defect(run.record.job_id, "store", error)
                await self._clock.sleep_until(self._clock.monotonic() + STORE_AGAIN_SEC)

    async def _keep_now(self, run: JobRun, news: tuple[StoredEvent, ...], *, durable: bool) -> bool:
        """Store a job's events, or say why not: the next ones then bring them along."""
        try:
            await self._store.append(run.record, news, durable=durable)
        except StaleOwnerError:
            return False
        except EigenError:
            run.num_written = 0
            raise
        return True

    def drop(self, run: JobRun) -> None:
        """Let go of a job that could not be taken over now, as if it had not come."""
        self._let_go(run)

    def _let_go(self, run: JobRun) -> None:
        """Forget a job that has ended, or that another system owns now."""
        if not self.owns(run):
            return
        del self._runs[run.record.job_id]
        party = party_of(run.record.tenant, run.record.subject)
        self._parties[party] -= 1
        if not self._parties[party]:
            del self._parties[party]
        if run.life is not None:
            run.life.cancel()
        if run.published.state.is_terminal:
            self._ended[run.record.job_id] = run.record
            if run.results_json:
                self._results.put(run.record.job_id, run.results_json, size_bytes=len(run.results_json))
            if len(self._ended) > REMEMBERED_JOBS:
                self._ended.popitem(last=False)
        elif run.work is not None:
            run.work.cancel()
        run.leave()
        self._on_leaving(run)
