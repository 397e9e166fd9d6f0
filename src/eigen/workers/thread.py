"""`WorkThread`: one thread for a service's blocking work, one work after the other.

A hop into `anyio.to_thread` and back costs three turns of the event loop before the work has even begun, which is more
than most of our works take themselves. Here a work is put into a queue, and whoever waits is woken in one turn. The
thread begins with the first work, and ends when its owner is let go of.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

import anyio
from anyio import from_thread
from anyio.lowlevel import EventLoopToken, current_token

__all__ = ["WorkThread"]

T = TypeVar("T")


class WorkThread:
    """Does blocking works in the order in which they come.

    Args:
        name: The thread's name.
    """

    def __init__(self, name: str) -> None:
        self._works: SimpleQueue[_Work[object] | None] = SimpleQueue()
        self._begin: Callable[[], None] | None = threading.Thread(
            target=_serve, args=(self._works,), name=name, daemon=True
        ).start
        weakref.finalize(self, self._works.put, None)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what a work returns, or raise what it raises; a cancelled caller waits for its end."""
        if self._begin is not None:
            begin, self._begin = self._begin, None
            begin()
        called: _Work[T] = _Work(work, current_token())
        self._works.put(called)  # type: ignore[arg-type]  # the thread does not look at what works return
        with anyio.CancelScope(shield=True):  # bounded: a work that has begun has an end
            await called.done.wait()
        return called.outcome()


class _Work(Generic[T]):
    """A work, and what came of it."""

    __slots__ = ("_error", "_outcome", "_token", "_work", "done")

    def __init__(self, work: Callable[[], T], token: EventLoopToken) -> None:
        self.done = anyio.Event()
        self._work = work
        self._token = token
        self._outcome: tuple[T] | None = None
        self._error: BaseException | None = None

    def do(self) -> None:
        """Do it, and wake whoever waits."""
        try:
            self._outcome = (self._work(),)
        except BaseException as error:  # noqa: BLE001  # raised where the caller waits
            self._error = error
        from_thread.run_sync(self.done.set, token=self._token)

    def outcome(self) -> T:
        """Return what it gave, or raise what it raised."""
        if self._outcome is not None:
            return self._outcome[0]
        assert self._error is not None  # noqa: S101  # `do` leaves one of the two
        try:
            raise self._error
        finally:
            self._error = None  # it holds this frame


def _serve(works: SimpleQueue[_Work[object] | None]) -> None:
    while (work := works.get()) is not None:
        work.do()
        del work
