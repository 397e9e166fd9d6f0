"""The system's side of the nursery: starts it, asks for workers, hears how they end.

The nursery's notices are read by one task; a worker's end is an event that anybody may wait for. When the nursery
itself is gone, Linux has killed its workers with it; elsewhere they are killed from here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import Process, TaskGroup

from eigen.contracts.errors import UnavailableError
from eigen.workers.digests import DigestCache
from eigen.workers.frames import AsyncChannel, Frame

__all__ = ["ForkedWorker", "NurseryClient", "WorkerExit"]

_log = logging.getLogger(__name__)

_START_LIMIT_SEC = 60.0
_END_LIMIT_SEC = 5.0
_STOP_EVERY_SEC = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerExit:
    """How a worker ended.

    Attributes:
        signal: The signal that killed it, 0 for none.
        code: Its exit code.
        peak_bytes: Most memory that it held.
        output: The last that it printed.
    """

    signal: int = 0
    code: int = 0
    peak_bytes: int = 0
    output: str = ""


@dataclass(slots=True, eq=False)
class ForkedWorker:
    """A worker process, as the system sees it.

    Attributes:
        worker_id: Its number in this nursery.
        channel: Frames to and from it.
        known: The circuits that it holds.
        busy: Whether it is in the middle of an exchange.
        purpose: What it has served: `run`, `loop`, or empty for nothing yet.
        pid: Its process id; 0 before the nursery has told.
        born: Set when the nursery has forked it.
        gone: Set when the process has really ended.
        exit: How it ended.
    """

    worker_id: int
    channel: AsyncChannel
    known: DigestCache[None] = field(default_factory=DigestCache)
    busy: bool = False
    purpose: str = ""
    pid: int = 0
    born: anyio.Event = field(default_factory=anyio.Event)
    gone: anyio.Event = field(default_factory=anyio.Event)
    exit: WorkerExit = field(default_factory=WorkerExit)


class NurseryClient:
    """One nursery process and its workers.

    Args:
        engine: Import path of the engine, `package.module:Class`.
        environment: Variables to set for it beside the system's own.
        tasks: Task group for the task that reads its notices.
    """

    def __init__(self, engine: str, *, environment: Mapping[str, str], tasks: TaskGroup) -> None:
        self._engine = engine
        self._environment = environment
        self._tasks = tasks
        self._process: Process | None = None
        self._channel: AsyncChannel | None = None
        self._workers: dict[int, ForkedWorker] = {}
        self._next_id = 1
        self._ready = anyio.Event()
        self._failure = ""
        self.alive = False

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The nursery's process id and those of its workers; empty when it has ended."""
        if self._process is None or not self.alive:
            return ()
        return self._process.pid, *(worker.pid for worker in self._workers.values() if worker.pid)

    async def start(self) -> None:
        """Start the process; return when the engine is imported.

        Raises:
            UnavailableError: The engine cannot be imported, or the process died.
        """
        ours, theirs = socket.socketpair()
        self._channel = AsyncChannel(ours)
        with theirs:
            self._process = await self._open_process(theirs.fileno())
        self.alive = True
        self._tasks.start_soon(self._read_notices, self._channel, name="worker nursery")
        with anyio.move_on_after(_START_LIMIT_SEC) as limit:
            await self._ready.wait()
        if limit.cancelled_caught or self._failure or not self.alive:
            await self.aclose()
            raise UnavailableError(
                f"the simulator cannot be loaded: {self._failure or 'its process did not start'}",
                reason="ENGINE_UNAVAILABLE",
                hint="`eigen version` shows what is installed",
            )

    async def fork(self) -> ForkedWorker:
        """Return a new worker.

        Raises:
            UnavailableError: The nursery is gone.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            worker = ForkedWorker(self._next_id, AsyncChannel(ours))
            self._next_id += 1
            self._workers[worker.worker_id] = worker
            try:
                await self._tell({"do": "fork", "worker": worker.worker_id}, descriptor=theirs.fileno())
                with anyio.move_on_after(_START_LIMIT_SEC) as limit:
                    await worker.born.wait()
                if limit.cancelled_caught:
                    await self.end(worker)
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await self.end(worker)
                raise
        if worker.gone.is_set():
            raise UnavailableError("a worker process could not be started", reason="WORKER_DIED")
        return worker

    async def end(self, worker: ForkedWorker, *, grace_sec: float = 0.0) -> None:
        """Kill a worker and return when it is gone.

        A nursery that does not do it, since it was stopped or hangs, is killed itself, and its workers with it.

        Args:
            worker: Which one.
            grace_sec: How long it may take to end by itself, after a SIGTERM.
        """
        worker.channel.close()
        with anyio.move_on_after(_END_LIMIT_SEC + grace_sec):
            with contextlib.suppress(UnavailableError):
                if grace_sec:
                    with anyio.move_on_after(grace_sec):
                        await self._stop(worker)
                await self._tell({"do": "kill", "worker": worker.worker_id})
            await worker.gone.wait()
        if not worker.gone.is_set():
            await self._end_with_nursery(worker)

    async def _end_with_nursery(self, worker: ForkedWorker) -> None:
        if not self.alive or self._process is None:
            self._bury_orphan(worker)
            return
        _log.error("the nursery did not kill worker %d within %.0f s: both are killed", worker.pid, _END_LIMIT_SEC)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await worker.gone.wait()  # which is told as soon as the nursery's socket ends

    async def _stop(self, worker: ForkedWorker) -> None:
        """Ask a worker to end until it has: Python sleeps through a signal that comes just before a system call."""
        while not worker.gone.is_set():
            await self._tell({"do": "stop", "worker": worker.worker_id})
            with anyio.move_on_after(_STOP_EVERY_SEC):
                await worker.gone.wait()

    async def aclose(self) -> None:
        """End the nursery and all of its workers; return when they are gone."""
        with anyio.CancelScope(shield=True):
            for worker in list(self._workers.values()):
                worker.channel.close()
            if self._channel is not None:
                self._channel.close()
            if self._process is not None:
                await self._end_process(self._process)
        self._process = None

    async def _end_process(self, process: Process) -> None:
        if not self._ready.is_set():  # it is still importing, has no worker, and would not notice the end of its socket
            process.kill()
        with anyio.move_on_after(_END_LIMIT_SEC) as limit:
            await process.wait()
        if limit.cancelled_caught:
            process.kill()
            await process.wait()

    async def _open_process(self, descriptor: int) -> Process:
        module = "eigen.workers.nursery"
        # -P: without it a file called numpy.py in the user's working directory would be imported and run
        command = [sys.executable, "-P", "-m", module, str(descriptor), self._engine, str(os.getpid())]
        return await anyio.open_process(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **self._environment},
            start_new_session=True,  # Ctrl-C in the terminal is for the system to decide about
            pass_fds=[descriptor],
        )

    async def _tell(self, request: Mapping[str, Any], *, descriptor: int | None = None) -> None:
        if self._channel is None or not self.alive:
            raise UnavailableError("the process that starts workers is gone", reason="WORKER_DIED")
        try:
            if descriptor is None:
                await self._channel.send(Frame(request))
            else:
                await self._channel.send_with_descriptor(Frame(request), descriptor)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise UnavailableError("the process that starts workers is gone", reason="WORKER_DIED") from error

    async def _read_notices(self, channel: AsyncChannel) -> None:
        try:
            while True:
                self._hear((await channel.receive()).header)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        finally:
            self.alive = False
            self._ready.set()
            for worker in list(self._workers.values()):
                self._bury_orphan(worker)

    def _hear(self, notice: Mapping[str, Any]) -> None:
        if "forked" in notice:
            worker = self._workers[notice["forked"]]
            worker.pid = notice["pid"]
            worker.born.set()
        elif "exited" in notice:
            self._bury(notice)
        else:
            self._failure = notice.get("failed", "")
            self._ready.set()

    def _bury(self, notice: Mapping[str, Any]) -> None:
        worker = self._workers.pop(notice["exited"])
        worker.exit = WorkerExit(
            signal=notice["signal"], code=notice["code"], peak_bytes=notice["peak_bytes"], output=notice["output"]
        )
        if worker.exit.output:
            _log.warning("worker %d printed: %s", worker.pid, worker.exit.output)
        worker.born.set()
        worker.gone.set()

    def _bury_orphan(self, worker: ForkedWorker) -> None:
        """Without a nursery nobody else kills a worker that is busy, where there is no parent-death signal."""
        if worker.pid and sys.platform != "linux":
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
        self._workers.pop(worker.worker_id, None)
        worker.exit = WorkerExit(signal=signal.SIGKILL)
        worker.born.set()
        worker.gone.set()
