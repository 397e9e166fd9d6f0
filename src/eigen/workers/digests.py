"""Which circuits a worker holds, least recently used first.

The system keeps one of these for each worker without values, the worker keeps one with what it prepared. Both see the
same requests in the same order and obey the same limits, so they agree; where they do not, the worker says so and the
circuit is sent again. Agreement is speed, never correctness.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["DigestCache"]

T = TypeVar("T")


class DigestCache(Generic[T]):
    """Values by digest, bounded in number and in the size of what they were made from.

    Args:
        max_items: Most values.
        max_bytes: Most bytes of content together; one larger value alone is kept.
    """

    def __init__(self, *, max_items: int = 256, max_bytes: int = 32 * 2**20) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, tuple[int, T]] = OrderedDict()
        self._total_bytes = 0

    def __contains__(self, digest: str) -> bool:
        return digest in self._entries

    def get(self, digest: str) -> T | None:
        """Return the value and mark it as used, or None."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        self._entries.move_to_end(digest)
        return entry[1]

    def put(self, digest: str, value: T, *, size_bytes: int) -> None:
        """Keep a value, and forget the least recently used ones beyond the limits."""
        self.discard(digest)
        self._entries[digest] = (size_bytes, value)
        self._total_bytes += size_bytes
        while len(self._entries) > 1 and (len(self._entries) > self._max_items or self._total_bytes > self._max_bytes):
            _, (dropped_bytes, _) = self._entries.popitem(last=False)
            self._total_bytes -= dropped_bytes

    def discard(self, digest: str) -> None:
        """Forget a value, if it is here."""
        entry = self._entries.pop(digest, None)
        if entry is not None:
            self._total_bytes -= entry[0]
