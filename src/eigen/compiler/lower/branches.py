"""Branches on measured bits that are being emitted: each puts its condition on the circuit, and takes it off again.

What a variable holds behind such a branch would depend on the measurement. So no variable that had a value before may
be assigned in the branch, and those that got one there (or are a loop's) have none behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

from eigen.compiler.catalogue import Fault
from eigen.compiler.code import Branch
from eigen.compiler.lower.circuit import Circuit
from eigen.compiler.lower.conditions import Required
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.values import UNBOUND, Test, Value
from eigen.compiler.report import refuse

__all__ = ["Branches"]


@dataclass(frozen=True, slots=True)
class _OpenBranch:
    number: int  # of the `if` in its function
    depth: int  # how many calls deep it stands
    test: Test
    outside: Required  # what must hold outside of it
    variables: list[Value]  # the function's, when it began


class Branches:
    """The branches around what is emitted now, inner ones last.

    Args:
        circuit: Bears the conditions.
        meter: Pays for looking at all variables of a function.
    """

    def __init__(self, circuit: Circuit, meter: Meter) -> None:
        self._circuit = circuit
        self._meter = meter
        self._open: list[_OpenBranch] = []
        self._required = Required()

    @property
    def is_any_open(self) -> bool:
        """Whether what is emitted now has a condition."""
        return bool(self._open)

    def is_innermost(self, branch: Branch, depth: int) -> bool:
        """Whether the innermost open branch is this one, of the call at this depth."""
        return bool(self._open) and self._open[-1].number == branch.number and self._open[-1].depth == depth

    def protects(self, slot: int, depth: int) -> bool:
        """Whether a variable of the call at this depth had a value before its innermost branch."""
        innermost = self._open[-1] if self._open else None
        return innermost is not None and innermost.depth == depth and innermost.variables[slot] is not UNBOUND

    def begin(self, branch: Branch, test: Test, depth: int, variables: list[Value]) -> None:
        """Begin the block that runs if `test` holds."""
        outside = self._required
        self._meter.charge(len(variables) + sum(map(len, test.cases)))
        self._hold(outside.and_test(test, self._meter))
        self._open.append(_OpenBranch(branch.number, depth, test, outside, list(variables)))

    def otherwise(self, branch: Branch, variables: list[Value]) -> bool:
        """End the innermost branch's block; return whether its else-block follows, and begin it."""
        if not branch.has_else:
            self.end(variables)
            return False
        innermost = self._open[-1]
        self._restore(innermost, variables)
        self._hold(innermost.outside.and_not(innermost.test, self._meter))
        return True

    def end(self, variables: list[Value]) -> None:
        """End the innermost branch."""
        innermost = self._open.pop()
        self._restore(innermost, variables)
        self._hold(innermost.outside)

    def check_leave(self, keyword: str, numbers: frozenset[int], depth: int) -> None:
        """Refuse to jump out of branches of the call at this depth."""
        if any(one.depth == depth and one.number in numbers for one in self._open):
            refuse(Fault.CONDITION_LEAVE, keyword=keyword)

    def _hold(self, required: Required) -> None:
        self._required = required
        self._circuit.require(required)

    def _restore(self, branch: _OpenBranch, variables: list[Value]) -> None:
        """Take the value from every variable that has another one than before the branch."""
        self._meter.charge(len(variables))
        for slot, before in enumerate(branch.variables):
            if variables[slot] is not before:
                variables[slot] = UNBOUND
