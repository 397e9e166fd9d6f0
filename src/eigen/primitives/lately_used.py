"""What was used lately, bounded by how much it weighs; the latest stays, however heavy it is.

So a loop over one large circuit reads it once, and a loop over many small ones does not fill the memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["LatelyUsed"]

T = TypeVar("T")


class LatelyUsed(Generic[T]):
    """Values by key, for several threads.

    Args:
        max_weight: Most weight of all values, where there are several.
        weight_of: Weight of a value.
    """

    def __init__(self, *, max_weight: int, weight_of: Callable[[T], int]) -> None:
        self._max_weight = max_weight
        self._weight_of = weight_of
        self._weight = 0
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        """Return the value of a key, or None."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: T) -> T:
        """Keep a value and return it; forget those that were not used for the longest time, where there is no room."""
        with self._lock:
            replaced = self._values.pop(key, None)
            self._weight += self._weight_of(value) - (self._weight_of(replaced) if replaced is not None else 0)
            self._values[key] = value
            while self._weight > self._max_weight and len(self._values) > 1:
                _, forgotten = self._values.popitem(last=False)
                self._weight -= self._weight_of(forgotten)
        return value
