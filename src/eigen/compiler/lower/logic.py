"""Instructions that join conditions and act on them: `and`, `or`, chains of comparisons, `assert`, and a loop's end.

Theory: where the left side of an operator is known, it decides whether the right side is evaluated, as in Python. Where
it was measured the right side always is, so it must emit nothing; both become one test.
"""

from __future__ import annotations

from typing import NamedTuple

from eigen.compiler import code as c
from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.circuit import Circuit
from eigen.compiler.lower.conditions import test_of
from eigen.compiler.lower.functions import truth
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.operators import compared, conjoined, disjoined
from eigen.compiler.lower.stack import ValueStack
from eigen.compiler.lower.values import Test, Value
from eigen.compiler.report import refuse

__all__ = ["LogicStack"]


class _LeftSide(NamedTuple):
    """A measured left side of `and` or `or` on the stack, until the right side is known."""

    test: Test
    num_operations: int  # before the right side


class LogicStack(ValueStack):
    """Values, conditions among them, and the position in the code that they decide on.

    Args:
        circuit: Takes what is emitted.
        meter: What the program may use.
    """

    def __init__(self, circuit: Circuit, meter: Meter) -> None:
        super().__init__(meter)
        self._circuit = circuit
        self._position = 0
        self._table |= {
            c.AND_LEFT: self._and_left,
            c.AND_RIGHT: self._and_right,
            c.OR_LEFT: self._or_left,
            c.OR_RIGHT: self._or_right,
            c.CHAIN: self._chain,
            c.ASSERT: self._assert,
            c.SKIP_UNLESS: self._skip_unless,
        }

    def _skip_unless(self, argument: tuple[int, str]) -> None:
        target, what = argument
        if not truth(self._stack.pop(), what):
            self._position = target

    def _and_left(self, target: int) -> None:
        if self._begin_right("and"):
            self._position = target

    def _and_right(self, _argument: Value) -> None:
        right = self._stack.pop()
        left = self._left_side("and")
        self._stack[-1] = right if left is None else conjoined(left, right, self._meter)

    def _or_left(self, target: int) -> None:
        if self._begin_right("or"):
            self._position = target

    def _or_right(self, _argument: Value) -> None:
        right = self._stack.pop()
        left = self._left_side("or")
        self._stack[-1] = right if left is None else disjoined(left, right, self._meter)

    def _begin_right(self, operator: str) -> bool:
        """Return whether the left side decides; if not, note what the right side is to be joined with."""
        value = self._stack[-1]
        test = test_of(value)
        if test is not None:
            self._stack[-1] = _LeftSide(test, len(self._circuit.operations))
            return False
        return truth(value, operator) is (operator == "or")

    def _left_side(self, operator: str) -> Test | None:
        """Return the measured left side, or None where the right side decides alone."""
        left = self._stack[-1]
        if type(left) is not _LeftSide:
            return None
        if len(self._circuit.operations) != left.num_operations:
            refuse(Fault.CONDITION_EFFECT, operator=operator)
        return left.test

    def _chain(self, argument: tuple[str, int]) -> None:
        symbol, target = argument
        left, right = self._taken(2)
        self._stack.append(compared(symbol, left, right, self._meter))
        self._and_right(None)
        if self._begin_right("and"):
            self._position = target
        else:
            self._stack.append(right)

    def _assert(self, _argument: Value) -> None:
        condition, message = self._taken(2)
        if not truth(condition, "assert"):
            refuse(Fault.ASSERTION, message=f": {message}" if type(message) is str else "")
