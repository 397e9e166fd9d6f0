"""The meter: bounds what a program may use, before the work that it bounds.

Steps of the machine are counted by the machine itself. What costs more than its simplest instruction is charged here,
with the same limit: so time and memory of a whole run are bounded by a multiple of the limit, whatever the program and
the machine. A unit stands for about 0.1 µs and 40 bytes. The count is exact: no clock decides what is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from eigen.compiler.catalogue import Fault
from eigen.compiler.report import refuse
from eigen.contracts.compilation import CompileLimits

__all__ = ["Meter"]

_WORD_BITS = 64
_MAX_RESULTS = 10_000
_SYMBOLIC_STEPS = 12
_Key = TypeVar("_Key", bound=tuple[Hashable, ...])


class Meter:
    """What is left of a program's limits.

    Args:
        limits: What the program may use.
    """

    def __init__(self, limits: CompileLimits) -> None:
        self.limits = limits
        self._left = limits.steps
        self._results: dict[Hashable, Any] = {}

    def charge(self, amount: int) -> None:
        """Pay for work on `amount` elements."""
        self._left -= amount
        if self._left < 0:
            refuse(Fault.STEPS, limit=self.limits.steps)

    def symbolic(self, key: _Key, compute: Callable[[_Key], Any]) -> Any:
        """Return a result that depends on `key` only, from memory where it was computed before."""
        if any(type(one) is int and one.bit_length() > _WORD_BITS - 4 for one in key):
            return compute(key)  # Python's hashes of such integers can be made to collide
        self.charge(_SYMBOLIC_STEPS)
        result = self._results.get(key)
        if result is None:
            result = compute(key)
            if len(self._results) < _MAX_RESULTS:
                self._results[key] = result
        return result

    def items(self, count: int, what: str) -> None:
        """Pay for a sequence of `count` elements, before it is made."""
        if count > self.limits.sequence_items:
            refuse(Fault.SEQUENCE_ITEMS, what=what, limit=self.limits.sequence_items)
        self.charge(count)

    def bits(self, count: int, operation: str) -> None:
        """Pay for an integer of `count` bits, before it is computed."""
        if count > self.limits.integer_bits:
            refuse(Fault.INTEGER_BITS, operation=operation, limit=self.limits.integer_bits)
        if count > _WORD_BITS:
            self.charge(count // _WORD_BITS)
