"""The synchronous client: the asynchronous one, with its event loop in a thread of its own."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from weakref import WeakSet

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from eigen.client.aio import AsyncClient
from eigen.client.async_job import AsyncJob
from eigen.client.interpreter_end import before_the_end
from eigen.contracts.errors import FailedPreconditionError
from eigen.contracts.jobs import JobStatus, JobUpdate, StoredEvent
from eigen.contracts.results import JobResults

if TYPE_CHECKING:
    from datetime import datetime

    from eigen.client.minimum import Evaluation, Minimum
    from eigen.client.packaging import JobLike
    from eigen.client.verification import Verification
    from eigen.contracts.compilation import CompiledProgram
    from eigen.contracts.devices import DeviceInfo, Reservation
    from eigen.ports.drivers import Driver

__all__ = ["Client", "Job"]

T = TypeVar("T")


class Job:
    """A job, by its id.

    Attributes:
        id: The job's id.
        warnings: What was suspicious about the job file that it was submitted with, such as unknown keys; empty for a
            job that was only looked up.
    """

    def __init__(self, opened: Callable[[], BlockingPortal], job: AsyncJob) -> None:
        self._opened = opened
        self._job = job
        self.id = job.id
        self.warnings = job.warnings

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    @property
    def _portal(self) -> BlockingPortal:
        return self._opened()

    def status(self) -> JobStatus:
        """Return where the job is."""
        return self._portal.call(self._job.status)

    def updates(self, *, last_event_seq: int = 0) -> Iterator[JobUpdate]:
        """Yield the job's updates after `last_event_seq`, in order, to the terminal one."""
        stream = self._job.updates(last_event_seq=last_event_seq)
        try:
            while (update := self._portal.call(partial(anext, stream, None))) is not None:
                yield update
        finally:
            self._portal.call(partial(stream.aclose))

    def events(self) -> tuple[StoredEvent, ...]:
        """Return what has happened to the job so far, in order, with the facts of each event."""
        return self._portal.call(self._job.events)

    def wait(self) -> JobStatus:
        """Wait for the job's end, however it ends, and return its status."""
        return self._portal.call(self._job.wait)

    def results(self) -> JobResults:
        """Wait for the job's end and return its results.

        Raises:
            EigenError: The job ended in ERROR, CANCELLED or TIMEOUT; this is its own error.
        """
        return self._portal.call(self._job.results)

    def verify(self) -> Verification:
        """Compare the job's counts with the exact distribution of its circuit, without noise; as `AsyncJob.verify`."""
        return self._portal.call(self._job.verify)

    def cancel(self) -> JobStatus:
        """Ask the job to stop; one that has ended stays as it is."""
        return self._portal.call(self._job.cancel)

    def artifact(self, name: str) -> bytes:
        """Return one of the job's stored files, checked against its digest.

        Raises:
            NotFoundError: There is no such file.
        """
        return self._portal.call(self._job.artifact, name)


class Client:
    """A whole embedded system as a context manager.

    One that is left open is closed when the interpreter ends; jobs that have not ended are the next system's.

    Args:
        root: The folder that it lives in. None: `EIGEN_HOME`, else the platform's folder for user data.
        drivers: Drivers by name, instead of those that are installed.

    Example:
        >>> import eigen, tempfile
        >>> bell = '''
        ... @hybrid_program(target="sim:local", shots=100, seed=1)
        ... def main():
        ...     h(0)
        ...     cx(0, 1)
        ... '''
        >>> with tempfile.TemporaryDirectory() as root, eigen.Client(root=root) as client:
        ...     job = client.submit(bell)
        ...     counts = job.results().counts
        >>> sum(counts.values()), sorted(counts)
        (100, ['00', '11'])
    """

    def __init__(
        self, root: str | os.PathLike[str] | None = None, *, drivers: Mapping[str, Driver] | None = None
    ) -> None:
        self._client = AsyncClient(root, drivers=drivers)
        self._open_portal: BlockingPortal | None = None
        self._process_id = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._open_portal = stack.enter_context(start_blocking_portal())
            stack.callback(self._open_portal.call, self._open_portal.stop, True)  # nobody waits for what cannot come
            stack.enter_context(self._open_portal.wrap_async_context_manager(self._client))
            self._stack = stack.pop_all()
        self._process_id = os.getpid()
        _OPEN.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open_portal = None
        _OPEN.discard(self)
        if self._process_id == os.getpid():
            self._stack.__exit__(kind, error, traceback)
        else:
            _OF_OTHERS.append(self._stack)

    @property
    def _portal(self) -> BlockingPortal:
        return self._opened()

    def _opened(self) -> BlockingPortal:
        if self._open_portal is None:
            raise FailedPreconditionError(
                "the client is not open",
                reason="CLIENT_CLOSED",
                hint="use it, and its jobs, within `with eigen.Client() as client:`",
            )
        if self._process_id != os.getpid():
            raise FailedPreconditionError(
                "the client is another process's, which this one was forked from",
                reason="CLIENT_FORKED",
                hint="open a client in each process; many may use one root",
            )
        return self._open_portal

    def submit(
        self,
        job: JobLike,
        *,
        program: str | os.PathLike[str] | None = None,
        name: str | None = None,
        group: str | None = None,
        target: str | None = None,
        shots: int | None = None,
        seed: int | None = None,
        priority: int | None = None,
        timeout_sec: float | None = None,
        inputs: Mapping[str, Any] | None = None,
        sweep: Mapping[str, Any] | None = None,
        estimation: str | None = None,
        noise_model: str | None = None,
        idempotency_key: str = "",
    ) -> Job:
        """Submit a job; on return it is durable. Arguments and errors as `AsyncClient.submit`."""
        submit = partial(
            self._client.submit,
            job,
            program=program,
            name=name,
            group=group,
            target=target,
            shots=shots,
            seed=seed,
            priority=priority,
            timeout_sec=timeout_sec,
            inputs=inputs,
            sweep=sweep,
            estimation=estimation,
            noise_model=noise_model,
            idempotency_key=idempotency_key,
        )
        return Job(self._opened, self._portal.call(submit))

    def start(self, work: Callable[[AsyncClient], Awaitable[T]]) -> Future[T]:
        """Begin an asynchronous function in the client's own event loop, and return at once.

        Args:
            work: Takes the asynchronous client that is behind this one.

        Returns:
            What will come of it; to cancel the future cancels the function.
        """
        return self._portal.start_task_soon(work, self._client)

    def minimize(
        self,
        job: JobLike,
        objective: str | Callable[[JobResults], float],
        x0: Mapping[Any, float] | Sequence[float],
        *,
        method: str = "COBYLA",
        bounds: Mapping[Any, Any] | Sequence[Any] | None = None,
        tol: float | None = None,
        max_iters: int | None = None,
        max_evals: int | None = None,
        group: str | None = None,
        resume: str | None = None,
        callback: Callable[[Evaluation], object] | None = None,
        program: str | os.PathLike[str] | None = None,
        name: str | None = None,
        target: str | None = None,
        shots: int | None = None,
        seed: int | None = None,
        priority: int | None = None,
        timeout_sec: float | None = None,
        inputs: Mapping[str, Any] | None = None,
        estimation: str | None = None,
        noise_model: str | None = None,
    ) -> Minimum:
        """Minimise over a program's parameters, a job for each value. Arguments and errors as `AsyncClient.minimize`.

        Raises:
            KeyboardInterrupt: Ctrl-C; the job that ran is cancelled, and the message says how to go on.
        """
        minimize = partial(
            self._client.minimize,
            job,
            objective,
            x0,
            method=method,
            bounds=bounds,
            tol=tol,
            max_iters=max_iters,
            max_evals=max_evals,
            group=group,
            resume=resume,
            callback=callback,
            program=program,
            name=name,
            target=target,
            shots=shots,
            seed=seed,
            priority=priority,
            timeout_sec=timeout_sec,
            inputs=inputs,
            estimation=estimation,
            noise_model=noise_model,
        )
        return self._interruptible(minimize)

    def rerun(self, reference: str) -> Job:
        """Submit a job once more: the same spec, program and seed. Errors as `AsyncClient.rerun`."""
        return Job(self._opened, self._portal.call(self._client.rerun, reference))

    def compile(self, job: JobLike, *, inputs: Mapping[str, Any] | None = None) -> CompiledProgram:
        """Compile a job's program without running it. Errors as `AsyncClient.compile`."""
        return self._portal.call(partial(self._client.compile, job, inputs=inputs))

    def job(self, reference: str) -> Job:
        """Return a job by its id, a unique prefix of it, or `@last`. Errors as `AsyncClient.job`."""
        return Job(self._opened, self._portal.call(self._client.job, reference))

    def jobs(
        self,
        *,
        states: Iterable[str] = (),
        name: str | None = None,
        group: str | None = None,
        labels: Mapping[str, str] | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        subject: str | None = None,
        all_subjects: bool = False,
        limit: int = 100,
    ) -> tuple[JobStatus, ...]:
        """Return one's own jobs, newest first. Arguments and errors as `AsyncClient.jobs`."""
        look = partial(
            self._client.jobs,
            states=states,
            name=name,
            group=group,
            labels=labels,
            created_after=created_after,
            created_before=created_before,
            subject=subject,
            all_subjects=all_subjects,
            limit=limit,
        )
        return self._portal.call(look)

    def _interruptible(self, call: Callable[[], Awaitable[T]]) -> T:
        """Run a call to its end; Ctrl-C cancels it, is waited for, and tells what the cancellation is noted with."""
        ended, notes = anyio.Event(), list[str]()

        async def watched() -> T:
            try:
                return await call()
            except anyio.get_cancelled_exc_class() as cancelled:
                notes.extend(getattr(cancelled, "__notes__", ()))
                raise
            finally:
                ended.set()

        future = self._portal.start_task_soon(watched)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            self._portal.call(ended.wait)
            raise KeyboardInterrupt(*notes) from None

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return all devices, by id."""
        return self._portal.call(self._client.devices)

    def reserve(self, device_id: str, *, ttl_sec: float, purpose: str = "") -> Reservation:
        """Keep a slot of a device for one's own jobs. Arguments and errors as `AsyncClient.reserve`."""
        return self._portal.call(partial(self._client.reserve, device_id, ttl_sec=ttl_sec, purpose=purpose))

    def release(self, reservation: Reservation) -> None:
        """End a reservation. Errors as `AsyncClient.release`."""
        self._portal.call(self._client.release, reservation)


_OPEN: WeakSet[Client] = WeakSet()
_OF_OTHERS: list[ExitStack] = []  # a process that was forked off must not unwind what its parent's threads have open


def _close_all() -> None:
    """Close every client that nobody has closed."""
    for client in tuple(_OPEN):
        client.__exit__(None, None, None)


before_the_end(_close_all)
