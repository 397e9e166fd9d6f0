"""A system's answers to other processes about its live jobs, on a socket that lives as long as the system.

What is asked and answered, and by whom, is in `eigen.system.live_statuses`. The socket is for the user who owns the
root, as the folder it lies in. Where none can be made, as on a full disk, nobody is answered: there is the job store.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
import anyio.lowlevel
from anyio.abc import SocketListener, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.to_thread import run_sync

from eigen.contracts.errors import EigenError
from eigen.contracts.jobs import JOB_ID
from eigen.contracts.wire import json_line
from eigen.system.live_statuses import socket_address

if TYPE_CHECKING:
    from eigen.kernel.stores.sqlite import SqliteJobStore
    from eigen.ports.job_records import JobRecords

__all__ = ["Answering"]

_MOST_BYTES = 64 * 1024
_LIMIT_SEC = 2.0
"""How long an asker is served; nobody waits that long."""

_PAUSE_SEC = 0.5


class Answering:
    """Answers for as long as it is open; an asynchronous context manager.

    Args:
        folder: The root.
        owner: The system's name.
        store: Holds the system's proof of life, without which nobody clears its socket away.
        records: The system's jobs.
    """

    def __init__(self, folder: Path, *, owner: str, store: SqliteJobStore, records: JobRecords) -> None:
        self._systems = folder / "systems"
        self._owner = owner
        self._store = store
        self._records = records

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        with suppress(OSError):
            await run_sync(self._store.prove_life)
            with socket_address(self._systems, self._owner) as address:
                listener = await anyio.create_unix_listener(address, mode=0o600)
            self._tasks.start_soon(self._serve, listener, name="answer about live jobs")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)  # the caller's own error is not this one's

    async def _serve(self, listener: SocketListener) -> None:
        async with listener:
            while True:
                with suppress(OSError):  # too many open files, for the moment
                    await listener.serve(self._answer)
                await anyio.sleep(_PAUSE_SEC)

    async def _answer(self, stream: SocketStream) -> None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.IncompleteRead, ValueError):
            async with stream:
                with anyio.move_on_after(_LIMIT_SEC):
                    await self._answer_all(stream)

    async def _answer_all(self, stream: SocketStream) -> None:
        with suppress(anyio.DelimiterNotFound):
            asked = await BufferedByteReceiveStream(stream).receive_until(b"\n", _MOST_BYTES)
            for job_id in json.loads(asked):
                if isinstance(job_id, str) and JOB_ID.fullmatch(job_id):
                    with suppress(EigenError):
                        status = self._records.status(await self._records.record(job_id))
                        await stream.send(f"{json_line(status)}\n".encode())
