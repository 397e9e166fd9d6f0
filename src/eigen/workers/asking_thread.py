"""`AskingThread`: a work that blocks and asks the event loop for things, such as an optimizer that asks for values.

Whoever waits for the thread may be cancelled; then the request that is under way is, and every later one is refused, so
that the work ends. anyio's own cancellation reaches a call of a thread only while that is under way.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from typing import Any, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

__all__ = ["AskingThread"]

T = TypeVar("T")


class AskingThread:
    """One thread, for one work.

    Args:
        grace_sec: How long whoever is cancelled waits for the end of the work.
    """

    def __init__(self, *, grace_sec: float = math.inf) -> None:
        self._grace_sec = grace_sec
        self._running: anyio.CancelScope | None = None
        self._is_stopped = False

    async def run(self, work: Callable[[], T]) -> T:
        """Do a work in the thread; when this is cancelled the work has ended, or its time to do so."""
        begun, ended = anyio.Event(), anyio.Event()

        def told() -> T:
            anyio.from_thread.run_sync(begun.set)
            try:
                return work()
            finally:
                anyio.from_thread.run_sync(ended.set)

        try:
            return await anyio.to_thread.run_sync(told, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
        except BaseException:
            self._is_stopped = True
            if self._running is not None:
                self._running.cancel()
            with anyio.move_on_after(self._grace_sec, shield=True):
                if begun.is_set():
                    await ended.wait()
            raise

    def ask(self, request: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Make a request of the work, on the event loop; called in the thread.

        Raises:
            CancelledError: Nobody waits for the work any more.
        """
        return anyio.from_thread.run(self._made, request, arguments)

    async def _made(self, request: Callable[..., Awaitable[T]], arguments: tuple[Any, ...]) -> T:
        if not self._is_stopped:
            with anyio.CancelScope() as self._running:
                return await request(*arguments)
        raise CancelledError("nobody waits for this any more")
