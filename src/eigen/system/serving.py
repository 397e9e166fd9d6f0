"""A process in the foreground that runs the jobs of a root: what `eigen serve` is.

It holds `<root>/serve.lock` for as long as it lives, so that there is one at most, and its end, however it comes, lets
go of it; the file has its process's number. Jobs come to it by the job store: whoever submits and leaves hands them
over, and may stay to watch, beside the server. One that is stopped (Ctrl-Z) takes no jobs: others go on without it, and
both may run once it goes on.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from eigen.contracts.errors import FailedPreconditionError
from eigen.kernel.stores.faults import Faults
from eigen.system.process_state import is_stopped

if TYPE_CHECKING:
    from eigen.system.composition import System

__all__ = ["is_served", "open_beside_server", "open_serving", "stopped_server"]

_LOCK = "serve.lock"
_LOOK_EVERY_SEC = 1.0
_LOOKERS_LIMIT_SEC = 1.0
"""How long those who only look may keep a new server from the lock; each of them holds it for microseconds."""


@asynccontextmanager
async def open_serving(root: Path, *, metrics_port: int | None) -> AsyncIterator[System]:
    """Open a system that others find and hand jobs to.

    Args:
        root: The system's folder.
        metrics_port: Where metrics are answered; 0 for any port that is free, None for nowhere.

    Raises:
        FailedPreconditionError: Another process serves the root.
        EigenError: The system cannot be opened.
    """
    from eigen.system.collector import spared_collector
    from eigen.system.composition import open_system

    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(open_system(root, metrics_port=metrics_port))
        lock = await run_sync(_locked, root)
        stack.callback(os.close, lock)
        stack.enter_context(spared_collector())
        yield system


@asynccontextmanager
async def open_beside_server(root: Path) -> AsyncIterator[System]:
    """Open a system to watch and cancel jobs that were handed to a root's server.

    Should the server go or be stopped while it is open, it takes over what that has left, as any other system would.

    Args:
        root: The system's folder.

    Raises:
        EigenError: The system cannot be opened.
    """
    from eigen.system.composition import open_system

    async with open_system(root, adopts=False) as system, anyio.create_task_group() as tasks:
        tasks.start_soon(_stand_in, system)
        yield system
        tasks.cancel_scope.cancel()


async def _stand_in(system: System) -> None:
    while await run_sync(is_served, system.root):  # noqa: ASYNC110  # the end of another process sets no event here
        await anyio.sleep(_LOOK_EVERY_SEC)
    await system.kernel.drain()


def is_served(root: Path) -> bool:
    """Return whether a process serves a root now: one that is stopped does not.

    Args:
        root: The system's folder.
    """
    server = _server(root)
    return server is not None and not is_stopped(server)


def stopped_server(root: Path) -> int | None:
    """Return the process that would serve a root if it were not stopped; None where there is none.

    Args:
        root: The system's folder.
    """
    server = _server(root)
    return server if server is not None and is_stopped(server) else None


def _server(root: Path) -> int | None:
    """Return the process that has the lock of a root's server, 0 where it is not known; None where there is none."""
    try:
        descriptor = os.open(root / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        named = os.pread(descriptor, 20, 0)
        return int(named) if named.strip().isdigit() else 0
    finally:
        os.close(descriptor)
    return None


def _locked(root: Path) -> int:
    """Return a descriptor that holds the lock of the root's server."""
    with Faults(root, shown_as=str(root)).translated():
        descriptor = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    deadline_sec = time.monotonic() + _LOOKERS_LIMIT_SEC
    while not _is_taken(descriptor):
        if time.monotonic() > deadline_sec:
            os.close(descriptor)
            raise _already_served(_server(root))
        time.sleep(_LOOKERS_LIMIT_SEC / 100)
    with suppress(OSError):  # on a full disk it is not known who serves, only that somebody does
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _already_served(server: int | None) -> FailedPreconditionError:
    named = f"process {server}" if server else "another process"
    hint = f"one is enough; `kill -CONT {server}` lets it go on" if server and is_stopped(server) else ""
    return FailedPreconditionError(
        f"{named} serves this root", reason="ALREADY_SERVED", hint=hint or "one is enough; end it first"
    )


def _is_taken(descriptor: int) -> bool:
    """Take the lock, unless somebody else has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
