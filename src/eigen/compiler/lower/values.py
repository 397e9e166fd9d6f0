"""The values of the language.

Numbers, texts, lists, tuples, dicts and ranges are Python's own; qubits, bits, registers, free parameters and
conditions on measured bits are the classes here. What a value can do is told by its type in tables; no attribute or
method of a value is ever looked up by a name that a user wrote.

A new kind of value is a class here, a row in `_NAMES`, and entries in the operators' tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from eigen.compiler.catalogue import Fault
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Affine
from eigen.formats.bit_functions import Cases

__all__ = [
    "NUMBERS",
    "UNBOUND",
    "Bit",
    "ClassicalRegister",
    "Expectation",
    "Iteration",
    "Minimum",
    "MinimumPart",
    "PauliSum",
    "Product",
    "Qubit",
    "QubitRegister",
    "Summand",
    "Test",
    "Value",
    "counted",
    "describe",
    "is_number",
    "refuse_measured",
]

Value = Any
"""A value of the language, told apart by its type."""

NUMBERS = frozenset({int, float, bool})
"""Types of plain numbers, truth values among them, as in Python."""

UNBOUND = object()
"""Stands in a variable that has no value."""


class Qubit:
    """A qubit of the program: one object for each index, compared by identity."""

    __slots__ = ("alone", "index")

    def __init__(self, index: int) -> None:
        self.index = index
        self.alone = (index,)


class Bit:
    """A classical bit, whose value only a run of the program knows: one object for each index."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


class QubitRegister:
    """A register of qubits, or a slice of one."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[Qubit, ...]) -> None:
        self.items = items


class ClassicalRegister:
    """A register of classical bits, or a slice of one."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[Bit, ...]) -> None:
        self.items = items


class Test(NamedTuple):
    """A condition on measured bits, which holds for some of their values and not for others.

    Attributes:
        cases: When it holds.
    """

    cases: Cases


Product = tuple[tuple[int, ...], str, bool]
"""Qubits, ascending; the Pauli of each; whether it is multiplied by i."""

Summand = tuple[Product, float]
"""A Pauli product and its coefficient."""


class PauliSum:
    """An observable: the first `size` summands of a list that longer sums share."""

    __slots__ = ("shared", "size")

    def __init__(self, shared: list[Summand], size: int) -> None:
        self.shared = shared
        self.size = size

    @property
    def summands(self) -> list[Summand]:
        """Its summands, as a list of its own."""
        return self.shared[: self.size]


class Expectation:
    """The expectation value of an observable, which only a run of the program knows."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Minimum:
    """What `minimize` gives, once the program has run."""

    __slots__ = ()


class MinimumPart:
    """One attribute of what `minimize` gives."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Iteration:
    """What `enumerate`, `zip` and `reversed` give: elements that come one by one, once."""

    __slots__ = ("depth", "elements", "size")

    def __init__(self, elements: Iterator[Value], size: int, sources: Iterable[Value]) -> None:
        self.elements = elements
        self.size = size
        self.depth: int = 1 + max((one.depth for one in sources if type(one) is Iteration), default=0)
        if self.depth > _MAX_DEPTH:  # Python asks the inner iterator by recursion
            refuse(Fault.NESTING, limit=_MAX_DEPTH)


_MAX_DEPTH = 16

_NAMES: dict[type, str] = {
    int: "an integer",
    float: "a number",
    bool: "a truth value",
    str: "a text",
    list: "a list",
    tuple: "a tuple",
    dict: "a dict",
    range: "a range",
    slice: "a slice",
    type(None): "None",
    Qubit: "a qubit",
    Bit: "a measured bit",
    QubitRegister: "a qubit register",
    ClassicalRegister: "a classical register",
    Test: "a condition on measured bits",
    Iteration: "an iteration",
    Affine: "a free parameter",
    PauliSum: "an observable",
    Expectation: "an expectation value",
    Minimum: "the result of minimize",
    MinimumPart: "a part of the result of minimize",
}
_SHOWN = frozenset({int, float, bool})
_MOST_SHOWN_BITS = 64


def describe(value: Value) -> str:
    """Return what a value is, in a few words, for messages."""
    kind = type(value)
    if kind is int and value.bit_length() > _MOST_SHOWN_BITS:
        return f"an integer of {value.bit_length()} bits"
    if kind in _SHOWN:
        return str(value)
    if kind is str:
        return f'the text "{value[:40]}"'
    if kind is Affine and len(value.terms) == 1 and value.terms[0][1] == 1 and not value.constant:
        return f"the free parameter {value.terms[0][0]}"
    return _NAMES[kind]


_DO_NOT_COUNT = "write a condition on the bits, such as any(bits), a != b or bits == 3"
_MEASURED_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "a while loop": "write a for loop of fixed length, with `if bit:` in it",
        "a conditional expression": "write an if statement with operations in each block",
        "a comprehension": "write a for loop with `if bit:` in it",
        "assert": "return the bit, and check the results",
        "an index": "write an if statement for each case",
        "~": "write not a",
        "&": "write a and b",
        "|": "write a or b",
        "^": "write a != b",
    }
    | dict.fromkeys(("an if statement", "not", "and", "or", "bool"), "write any(bits), all(bits), or bits == number")
    | dict.fromkeys(("+", "-", "sum", "max", "min"), _DO_NOT_COUNT)
)


def refuse_measured(what: str, value: str) -> NoReturn:
    """Refuse a measured bit where a value is needed, and say what to do instead.

    Args:
        what: The construct, operator or function that needs a value.
        value: What it got, in words.
    """
    instead = _MEASURED_INSTEAD.get(what, "measured bits stand in conditions only: `if a and not b:`, `if bits < 3:`")
    refuse(Fault.MEASURED, what=what, value=value, instead=instead)


def counted(number: int, thing: str) -> str:
    """Return `1 qubit`, `2 qubits`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def is_number(value: Value) -> bool:
    """Whether a value is an integer or a float, and not a truth value."""
    return type(value) is int or type(value) is float
