"""`Signal`: something that happens once, and those who wait for it.

What `anyio.Event` is, for a tenth of its price: a job waits a dozen times, and an event of anyio's finds out each time
which event loop it is in, makes another event inside itself and a turn for whoever comes late. So this is the one place
that makes asyncio's futures; a cancellation reaches who waits here as it does everywhere else.
"""

from __future__ import annotations

from asyncio import Future, get_running_loop

__all__ = ["Signal"]


class Signal:
    """Happens once, for the tasks of one event loop; `set` is for its thread alone.

    Attributes:
        is_set: Whether it has happened.
    """

    __slots__ = ("_waiting", "is_set")

    def __init__(self) -> None:
        self.is_set = False
        self._waiting: list[Future[None]] = []

    def set(self) -> None:
        """Wake everybody who waits, in the loop's next turn."""
        self.is_set = True
        for one in self._waiting:
            if not one.done():  # cancelled in this turn
                one.set_result(None)

    async def wait(self) -> None:
        """Return when it has happened; at once, if it has."""
        if self.is_set:
            return
        one = get_running_loop().create_future()
        self._waiting.append(one)
        try:
            await one
        finally:
            self._waiting.remove(one)
