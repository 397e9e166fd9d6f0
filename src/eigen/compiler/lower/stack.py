"""The machine's stack of values, and the instructions that touch nothing else."""

from __future__ import annotations

from collections.abc import Callable

from eigen.compiler import code as c
from eigen.compiler.catalogue import Fault
from eigen.compiler.code import Call
from eigen.compiler.lower.functions import FUNCTIONS
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.operators import prefixed
from eigen.compiler.lower.sequences import iterate, set_item, unpack
from eigen.compiler.lower.values import ClassicalRegister, Minimum, MinimumPart, QubitRegister, Value, describe
from eigen.compiler.report import refuse
from eigen.compiler.symbols import RESULT_ATTRIBUTES

__all__ = ["ValueStack"]


class ValueStack:
    """Values that instructions take from each other.

    Args:
        meter: What the program may use.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._stack: list[Value] = []
        self._table: dict[int, Callable[[Value], None]] = {
            c.POP: self._pop,
            c.UNWIND: self._pop,
            c.DUP: self._dup,
            c.DUP2: self._dup2,
            c.BUILTIN: self._builtin,
            c.ITERATE: self._iterate,
            c.UNARY: self._unary,
            c.LIST: self._list,
            c.TUPLE: self._tuple,
            c.DICT: self._dict,
            c.SLICE: self._slice,
            c.UNPACK: self._unpack,
            c.APPEND: self._append,
            c.INSERT: self._insert,
            c.ATTRIBUTE: self._attribute,
        }

    def _pop(self, _argument: Value) -> None:
        self._stack.pop()

    def _dup(self, _argument: Value) -> None:
        self._stack.append(self._stack[-1])

    def _dup2(self, _argument: Value) -> None:
        self._stack += self._stack[-2:]

    def _taken(self, count: int) -> list[Value]:
        """Pop the upper `count` values, in the order in which they were pushed."""
        if not count:
            return []
        values = self._stack[-count:]
        del self._stack[-count:]
        return values

    def _builtin(self, call: Call) -> None:
        positional, by_name = self._arguments(call)
        self._stack.append(FUNCTIONS[call.name](self._meter, positional, by_name))

    def _arguments(self, call: Call) -> tuple[list[Value], dict[str, Value]]:
        values = self._taken(call.size)
        count = call.num_positional
        return values[:count], dict(zip(call.keywords, values[count:], strict=True))

    def _iterate(self, _argument: Value) -> None:
        self._stack[-1] = iterate(self._stack[-1])

    def _unary(self, symbol: str) -> None:
        self._stack[-1] = prefixed(symbol, self._stack[-1], self._meter)

    def _list(self, count: int) -> None:
        self._meter.charge(count)
        self._stack.append(self._taken(count))

    def _tuple(self, count: int) -> None:
        self._meter.charge(count)
        self._stack.append(tuple(self._taken(count)))

    def _dict(self, count: int) -> None:
        self._meter.charge(4 + 3 * count)
        values = self._taken(2 * count)
        new: dict[Value, Value] = {}
        for key, value in zip(values[::2], values[1::2], strict=True):
            set_item(new, key, value, self._meter)
        self._stack.append(new)

    def _slice(self, _argument: Value) -> None:
        self._stack.append(slice(*self._taken(3)))

    def _unpack(self, count: int) -> None:
        self._stack += reversed(unpack(self._stack.pop(), count))

    def _append(self, depth: int) -> None:
        element = self._stack.pop()
        target = self._stack[-1 - depth]
        target.append(element)
        if len(target) > self._meter.limits.sequence_items:
            refuse(Fault.SEQUENCE_ITEMS, what="the list", limit=self._meter.limits.sequence_items)

    def _insert(self, depth: int) -> None:
        key, value = self._taken(2)
        set_item(self._stack[-1 - depth], key, value, self._meter)

    def _attribute(self, name: str) -> None:
        value = self._stack[-1]
        if type(value) is Minimum and name in RESULT_ATTRIBUTES:
            self._stack[-1] = MinimumPart(name)
        elif name == "size" and type(value) in (QubitRegister, ClassicalRegister):
            self._stack[-1] = len(value.items)
        else:
            there_are = "registers have size, results of minimize have " + ", ".join(RESULT_ATTRIBUTES)
            refuse(Fault.UNKNOWN_ATTRIBUTE, name=name, instead=f"{describe(value)} does not have it; {there_are}")
