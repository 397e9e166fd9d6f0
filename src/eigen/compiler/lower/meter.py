"""The meter: bounds what a program may use, before the work that it bounds.

The machine's instructions are one step each; what costs more than the simplest one is charged here besides, in units of
it. So the time and memory of a whole run are bounded by a multiple of the limit, whatever the program and the machine.
A step stands for about 0.1 µs and 20 bytes. The count is exact: no clock decides what is accepted.

Now and then, when some thousand steps have been paid for, the meter looks whether anybody still wants the result: so a
cancelled run ends long before its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from eigen.compiler.catalogue import Fault
from eigen.compiler.report import refuse
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.errors import OperationCancelledError

__all__ = ["STEPS_AT_ONCE", "Meter"]

STEPS_AT_ONCE = 4_096
"""Steps that are paid for together, and about as many as pass between two looks at whether to stop."""

_WORD_BITS = 64
_MAX_RESULTS = 10_000
_SYMBOLIC_STEPS = 12
_Key = TypeVar("_Key", bound=tuple[Hashable, ...])


class Meter:
    """What is left of a program's limits.

    Args:
        limits: What the program may use.
        is_stopped: Whether nobody wants the result any more.
    """

    def __init__(self, limits: CompileLimits, is_stopped: Callable[[], bool]) -> None:
        self.limits = limits
        self._is_stopped = is_stopped
        self._left = limits.steps
        self._next_look = limits.steps
        self._results: dict[Hashable, Any] = {}

    @property
    def used(self) -> int:
        """Steps that were paid for so far."""
        return self.limits.steps - self._left

    def charge(self, amount: int) -> None:
        """Pay for work on `amount` elements.

        Raises:
            Refusal: The limit is passed.
            OperationCancelledError: Nobody wants the result any more.
        """
        self._left -= amount
        if self._left < self._next_look:
            self._look()

    def _look(self) -> None:
        if self._is_stopped():
            raise OperationCancelledError(
                "the compilation was stopped", reason="COMPILE_STOPPED", details={"steps": self.used}
            )
        if self._left < 0:
            refuse(Fault.STEPS, limit=self.limits.steps)
        self._next_look = max(self._left - STEPS_AT_ONCE, 0)

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
