"""A cache that forgets what was used least recently, bounded by the bytes that it holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["BoundedCache"]

T = TypeVar("T")


class BoundedCache(Generic[T]):
    """Values by key, for several threads.

    Args:
        max_bytes: Most bytes that are held; a value larger than a quarter of it is not kept.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._entries: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = Lock()

    @property
    def held_bytes(self) -> int:
        """About how many bytes are held."""
        return self._held_bytes

    def get(self, key: Hashable) -> T | None:
        """Return the value of a key, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, value: T, *, size_bytes: int) -> None:
        """Keep a value, and forget old ones where there is no room."""
        if size_bytes > self._max_bytes // 4:
            return
        with self._lock:
            replaced = self._entries.pop(key, None)
            self._held_bytes += size_bytes - (replaced[1] if replaced else 0)
            self._entries[key] = value, size_bytes
            while self._held_bytes > self._max_bytes:
                _, (_, freed) = self._entries.popitem(last=False)
                self._held_bytes -= freed
