"""Memory that runs of one device share: each takes its part before it starts, and waits while there is too little.

Without it, two runs that fit alone would together meet the operating system's out-of-memory killer. First come, first
served: a large run is not overtaken for ever by small ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

__all__ = ["MemoryBudget"]


class MemoryBudget:
    """A number of bytes to share.

    Args:
        total_bytes: What there is.
    """

    def __init__(self, total_bytes: int) -> None:
        self._free_bytes = total_bytes
        self._total_bytes = total_bytes
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    @property
    def free_bytes(self) -> int:
        """What nobody has now."""
        return self._free_bytes

    @asynccontextmanager
    async def taken(self, wanted_bytes: int) -> AsyncIterator[None]:
        """Hold `wanted_bytes` (at most all there is) inside the block."""
        size = min(wanted_bytes, self._total_bytes)
        await self._take(size)
        try:
            yield
        finally:
            self._free_bytes += size
            self._serve()

    async def _take(self, size: int) -> None:
        granted = anyio.Event()
        entry = (size, granted)
        self._waiting.append(entry)
        self._serve()
        if granted.is_set():
            return
        try:
            await granted.wait()
        except BaseException:
            if granted.is_set():
                self._free_bytes += size
            else:
                self._waiting.remove(entry)
            self._serve()
            raise

    def _serve(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free_bytes:
            size, granted = self._waiting.popleft()
            self._free_bytes -= size
            granted.set()
