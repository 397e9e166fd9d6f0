"""A pool of workers: who may use which one, and what a death means to the caller.

A worker serves one request at a time. Whoever is cancelled while it works takes its worker with it: the engine cannot
be interrupted in any other way (it holds the GIL), and a new worker costs a few milliseconds. The call returns when
the process is really gone, so that its memory and cores are free again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from eigen.contracts.errors import EigenError, InternalError, ResourceExhaustedError, UnavailableError
from eigen.contracts.trace import current_job, span
from eigen.workers.deaths import LARGE_BYTES, death, num_memory_kills
from eigen.workers.frames import Frame, FrameTooLargeError
from eigen.workers.nursery_client import ForkedWorker, NurseryClient

__all__ = ["WorkerPool", "WorkerRequest"]

_log = logging.getLogger(__name__)

_LAST_WORDS_LIMIT_SEC = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRequest:
    """Something for a worker to do.

    Attributes:
        digest: Names the content; equal digests may share what was prepared.
        content: The circuit, for `Engine.prepare`.
        arguments: JSON values for `Engine.run`.
        memory_bytes: Most memory that it may take; beyond, it fails with RESOURCE_EXHAUSTED.
        num_threads: How many threads it may start.
        journal: Descriptor of the journal of a loop that is to be run (`eigen.workers.loops`), which the worker gets
            with the request; None for `Engine.run`.
        grace_sec: How long the worker may take to end by itself, after a SIGTERM, when it is cut off; 0 where there is
            nothing to be ended elsewhere.
    """

    digest: str
    content: bytes = field(repr=False)
    arguments: Mapping[str, Any]
    memory_bytes: int
    num_threads: int = 1
    journal: int | None = None
    grace_sec: float = 0.0


class WorkerPool:
    """Workers for one engine, started when they are first needed; an asynchronous context manager.

    Args:
        engine: Import path of the engine, `package.module:Class`.
        size: Most workers at once.
        environment: Variables to set for the workers.
    """

    def __init__(self, engine: str, *, size: int, environment: Mapping[str, str] | None = None) -> None:
        self._engine = engine
        self._size = size
        self._environment = dict(environment or {})
        self._slots = anyio.Semaphore(size)
        self._starting = anyio.Lock()
        self._idle: list[ForkedWorker] = []
        self._tasks: TaskGroup | None = None
        self._nursery: NurseryClient | None = None
        self._request_number = 0
        self._is_warming = False

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The nursery's process id and those of its workers; empty before anything was needed."""
        return self._nursery.process_ids if self._nursery is not None else ()

    async def __aenter__(self) -> Self:
        """Begin to serve; no process is started yet."""
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End every process."""
        if self._tasks is None:
            return
        tasks, self._tasks = self._tasks, None
        if self._nursery is not None:
            await self._nursery.aclose()
        tasks.cancel_scope.cancel()
        await tasks.__aexit__(None, None, None)  # the caller's own error is not the pool's, and is not to be wrapped

    def prepare(self) -> None:
        """Start one worker in the background, unless there is one."""
        if self._tasks is not None and not self._idle and not self._is_warming:
            self._is_warming = True
            self._tasks.start_soon(self._warm, name="warm a worker")

    async def run(self, request: WorkerRequest, receive: Callable[[Mapping[str, Any]], None]) -> None:
        """Run a request on a free worker; wait for one where all are busy.

        Args:
            request: What to do.
            receive: Called with each part of the answer, in order, on the event loop.

        Raises:
            EigenError: What the engine raised.
            ResourceExhaustedError: The request is too large, or the worker provably ran out of memory.
            UnavailableError: The worker died (reason `WORKER_DIED`), or the engine cannot be loaded.
        """
        async with self._slots:
            purpose = "run" if request.journal is None else "loop"
            worker = await self._take(purpose)
            worker.busy, worker.purpose = True, purpose
            try:
                await self._exchange(worker, request, receive)
            finally:
                if worker.busy:  # cut off in the middle: nobody can tell any more what it would answer
                    with anyio.CancelScope(shield=True):
                        await self._discard(worker, grace_sec=request.grace_sec)
                else:
                    self._idle.append(worker)

    async def _warm(self) -> None:
        try:
            async with self._slots:
                self._idle.append(await self._take())
        except UnavailableError as error:  # whoever needs the worker will be told
            _log.warning("no worker could be started: %s", error)
        finally:
            self._is_warming = False

    async def _take(self, purpose: str = "") -> ForkedWorker:
        """Return an idle worker that has served this purpose or none, the last used first, or else a new one.

        Loops have workers of their own: some engines settle for good how many threads they use when they first work.
        """
        for worker in self._idle[::-1]:
            if worker.gone.is_set():
                self._idle.remove(worker)
                worker.channel.close()
            elif not purpose or worker.purpose in ("", purpose):
                self._idle.remove(worker)
                return worker
        if len(self._idle) > self._size:
            await self._discard(self._idle.pop(0))
        with span("worker.start"):
            nursery = await self._living_nursery()
            return await nursery.fork()

    async def _living_nursery(self) -> NurseryClient:
        async with self._starting:
            if self._nursery is None or not self._nursery.alive:
                if self._tasks is None:
                    raise UnavailableError("the driver is closed", reason="DRIVER_CLOSED")
                if self._nursery is not None:
                    await self._nursery.aclose()
                nursery = NurseryClient(self._engine, environment=self._environment, tasks=self._tasks)
                try:
                    await nursery.start()
                except BaseException:
                    await nursery.aclose()
                    raise
                self._nursery = nursery
            return self._nursery

    async def _discard(self, worker: ForkedWorker, *, grace_sec: float = 0.0) -> None:
        if self._nursery is not None:
            await self._nursery.end(worker, grace_sec=grace_sec)

    async def _exchange(
        self, worker: ForkedWorker, request: WorkerRequest, receive: Callable[[Mapping[str, Any]], None]
    ) -> None:
        self._request_number += 1
        frame = _frame(self._request_number, request)
        memory_kills = await _memory_kills(request)
        try:
            await self._ask(worker, frame, request)
            while not await self._hear(worker, frame, receive):
                pass
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise await self._death(worker, request, memory_kills=memory_kills) from error
        self._remember(worker, request)

    @staticmethod
    def _remember(worker: ForkedWorker, request: WorkerRequest) -> None:
        if request.journal is not None:  # a loop keeps nothing
            return
        if request.digest in worker.known:
            worker.known.get(request.digest)
        else:
            worker.known.put(request.digest, None, size_bytes=len(request.content))

    @staticmethod
    async def _ask(worker: ForkedWorker, frame: Frame, request: WorkerRequest) -> None:
        try:
            if request.journal is not None:
                await worker.channel.send_with_descriptor(frame, request.journal)
            else:
                await worker.channel.send(Frame(frame.header) if request.digest in worker.known else frame)
        except FrameTooLargeError as error:
            worker.busy = False  # nothing was sent
            raise ResourceExhaustedError(
                "the circuit and its bindings are too large to be sent to the simulator", reason="REQUEST_TOO_LARGE"
            ) from error

    async def _hear(self, worker: ForkedWorker, sent: Frame, receive: Callable[[Mapping[str, Any]], None]) -> bool:
        """Take one frame of the answer; return whether it was the last."""
        answer = (await worker.channel.receive()).header
        if answer["id"] != sent.header["id"]:
            raise InternalError("a worker answered another request than was asked", reason="WORKER_PROTOCOL")
        worker.busy = not ("end" in answer or "error" in answer)
        _keep_spans(answer)
        if "error" in answer:
            worker.known.discard(sent.header["digest"])
            if answer["story"]:
                _log.error("worker %d failed:\n%s", worker.pid, answer["story"])
            raise EigenError.from_json(answer["error"])
        if "unknown" in answer:
            await worker.channel.send(sent)
            return False
        if "part" in answer:
            receive(answer["part"])
        return not worker.busy

    async def _death(self, worker: ForkedWorker, request: WorkerRequest, *, memory_kills: int) -> EigenError:
        with anyio.move_on_after(_LAST_WORDS_LIMIT_SEC):
            await worker.gone.wait()
        if not worker.gone.is_set():
            await self._discard(worker)
        error = death(worker.exit, memory_kills=await _memory_kills(request) - memory_kills)
        _log.error("worker %d died: %s", worker.pid, error.details)
        return error


async def _memory_kills(request: WorkerRequest) -> int:
    """Return how many processes the system has killed for want of memory, where the request may be a reason to."""
    return await run_sync(num_memory_kills) if request.memory_bytes > LARGE_BYTES else 0


def _frame(number: int, request: WorkerRequest) -> Frame:
    header: dict[str, Any] = {
        "id": number,
        "digest": request.digest,
        "memory_bytes": request.memory_bytes,
        "num_threads": request.num_threads,
        "arguments": dict(request.arguments),
    }
    if request.journal is not None:
        header["loop"] = True
    job = current_job()
    if job is not None and job.recorder is not None:
        header["trace"] = {"job_id": job.job_id, "trace_id": job.trace_id, "span_id": job.span_id}
    return Frame(header, request.content)


def _keep_spans(answer: Mapping[str, Any]) -> None:
    """Take what a worker says that its work took into the trace of the job that it worked for."""
    job = current_job()
    if job is not None and job.recorder is not None:
        job.recorder.add(*answer.get("spans", ()))
