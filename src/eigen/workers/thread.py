"""`GroupThread`: one thread for a service's blocking works, which go in groups.

While one group is being done, the next one gathers, so that a sync or a commit serves all who came meanwhile; a work
that finds the thread at rest is a group of its own. A hop into `anyio.to_thread` and back costs three turns of the
event loop before a work has even begun, which is more than most of our works take themselves; here a group is put into
a queue. The thread begins with the first work, and ends when its owner is let go of.

When a group is done, the thread leaves word with the event loop and goes on: anyio's `from_thread` would have it wait
until the loop has heard, which costs two switches more. A caller has no cancel scope of its own while it waits: one
that is cancelled makes it then.
"""

from __future__ import annotations

import math
import threading
import weakref
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Generic, TypeVar

import anyio

from eigen.workers.signal import Signal

__all__ = ["GroupThread"]

_WOKEN_AT_ONCE = 4
"""How many who wait for a group are woken in one turn of the event loop; each has something to do then."""

W = TypeVar("W")


class GroupThread(Generic[W]):
    """Does blocking works in the order in which they come, those together that have gathered; for one event loop.

    Args:
        name: The thread's name.
        do: Does a group of works; what comes of each is noted on it.
        largest: How many calls' works may go together.

    Attributes:
        is_busy: Whether works are being done, or those who waited for them are being woken.
    """

    def __init__(self, name: str, do: Callable[[Sequence[W]], None], *, largest: int = 1024) -> None:
        self.is_busy = False
        self._do = do
        self._largest = largest
        self._gathering: list[_Call[W]] = []
        self._groups: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._begin: Callable[[], None] | None = threading.Thread(
            target=_serve, args=(self._groups,), name=name, daemon=True
        ).start
        weakref.finalize(self, self._groups.put, None)

    async def run(self, *works: W) -> None:
        """Have works done with their group, or raise what `do` raises; a cancelled caller waits for their end."""
        if self._begin is not None:
            begin, self._begin = self._begin, None
            begin()
        call = _Call(works)
        self._gathering.append(call)
        if not self.is_busy:
            self._next_group(get_running_loop())
        try:
            await call.done.wait()
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):  # bounded: a work that has begun has an end
                await call.done.wait()
            if anyio.current_effective_deadline() > -math.inf:
                raise  # asyncio's own, told once; a scope of anyio's tells again as soon as the caller waits again
        if call.error is not None:
            raise call.error

    def _next_group(self, loop: AbstractEventLoop) -> None:
        group, self._gathering = self._gathering[: self._largest], self._gathering[self._largest :]
        self.is_busy = bool(group)
        if group:
            self._groups.put(partial(self._do_together, group, loop))

    def _do_together(self, group: Sequence[_Call[W]], loop: AbstractEventLoop) -> None:
        try:
            self._do([work for call in group for work in call.works])
        except BaseException as error:  # noqa: BLE001  # raised where the callers wait
            for call in group:
                call.error = error
        loop.call_soon_threadsafe(self._wake, group, loop)

    def _wake(self, group: Sequence[_Call[W]], loop: AbstractEventLoop) -> None:
        for call in group[:_WOKEN_AT_ONCE]:
            call.done.set()
        if len(group) > _WOKEN_AT_ONCE:
            loop.call_soon(self._wake, group[_WOKEN_AT_ONCE:], loop)
        else:
            self._next_group(loop)


class _Call(Generic[W]):
    """Works of one caller, who waits for them."""

    __slots__ = ("done", "error", "works")

    def __init__(self, works: Sequence[W]) -> None:
        self.works = works
        self.done = Signal()
        self.error: BaseException | None = None


def _serve(groups: SimpleQueue[Callable[[], None] | None]) -> None:
    while (group := groups.get()) is not None:
        group()
        del group  # a thread at rest holds nobody
