"""Running a command's body: every way to end becomes an exit code, here and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

from eigen.cli.exit_codes import ExitCode, exit_code_of
from eigen.cli.failures import defect, tell
from eigen.contracts.errors import EigenError

if TYPE_CHECKING:
    from eigen.ports.job_reads import JobReads
    from eigen.system.composition import System

__all__ = ["answer", "conduct", "look_around", "look_up", "on_loop", "perform"]

T = TypeVar("T")


def answer(body: Callable[[], Coroutine[Any, Any, ExitCode]], *, as_json: bool) -> NoReturn:
    """Run an asynchronous body that only looks, without an event loop, and end the command; otherwise as `conduct`.

    Args:
        body: What the command does; it waits for nothing but the disk, see `look_up`.
        as_json: Whether errors are told as JSON.
    """
    from eigen.workers.blocking import without_loop

    perform(partial(without_loop, body), as_json=as_json)


def conduct(body: Callable[[], Awaitable[ExitCode]], *, as_json: bool) -> NoReturn:
    """Run an asynchronous body on an event loop of its own, and end the command.

    Args:
        body: What the command does; returns how it ends.
        as_json: Whether errors are told as JSON.

    Raises:
        typer.Exit: Always, with the exit code.
    """
    perform(partial(on_loop, body), as_json=as_json)


def perform(body: Callable[[], ExitCode], *, as_json: bool) -> NoReturn:
    """Run a body that needs no event loop, and end the command; otherwise as `conduct`."""
    raise typer.Exit(_outcome(body, as_json=as_json))


def on_loop(body: Callable[[], Awaitable[T]]) -> T:
    """Run an asynchronous body on an event loop of its own, and return what it gives."""
    import logging

    import anyio

    if not logging.getLogger().handlers:  # what nobody asked to see does not go to the screen
        logging.getLogger().addHandler(logging.NullHandler())
    return anyio.run(body)


def look_up(root: Path | None) -> AbstractContextManager[JobReads]:
    """Open a root to look at its jobs; its answers are there at once, and only a stream of updates needs a loop.

    Args:
        root: Its folder.
    """
    from eigen.system.lookups import open_lookups

    return open_lookups(root)


def look_around(root: Path | None) -> AbstractAsyncContextManager[System]:
    """Open a system to look at devices and programs: it runs no jobs and keeps no log, so that it is quick.

    Args:
        root: Its folder.
    """
    from eigen.system.composition import open_system

    return open_system(root, adopts=False, observed=False)


def _outcome(body: Callable[[], ExitCode], *, as_json: bool) -> ExitCode:
    try:
        return body()
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except Exception as raised:  # noqa: BLE001  # the command's boundary: nobody may see a traceback
        cause = _cause(raised)
        error = cause if isinstance(cause, EigenError) else defect(cause)
        tell(error, as_json=as_json)
        return exit_code_of(error)


def _cause(error: BaseException) -> BaseException:
    """Return what task groups have wrapped."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
