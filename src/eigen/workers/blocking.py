"""Where work that blocks is done: beside the event loop; or on the spot, where no loop runs that it could hold up.

Theory. A command that only looks does one thing after the other, and has nobody to be awake for. An event loop, its
threads and their imports take longer than all that it reads. So what such a command calls takes a `Blocking` and
leaves the choice to whoever opened it; done `on_the_spot` its coroutines never wait, and need no loop to end
(`without_loop`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from eigen.contracts.errors import InvariantError

__all__ = ["Blocking", "beside_the_loop", "on_the_spot", "without_loop"]

T = TypeVar("T")


class Blocking(Protocol):
    """Does a work that blocks."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Return what the work returns, or raise what it raises."""


async def beside_the_loop(work: Callable[[], T], /) -> T:
    """Do a work in a thread; a cancelled caller waits for its end."""
    from anyio.to_thread import run_sync

    return await run_sync(work)


async def on_the_spot(work: Callable[[], T], /) -> T:
    """Do a work here and now."""
    return work()


def without_loop(body: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return what a coroutine gives that waits for nothing; no event loop runs.

    Raises:
        InvariantError: It waits.
    """
    coroutine = body()
    try:
        coroutine.send(None)
    except StopIteration as end:
        outcome: T = end.value
        return outcome
    finally:
        coroutine.close()
    raise InvariantError("a coroutine waits, and there is no event loop")
