"""What names mean at a point of the program, and expressions of them.

Theory: a variable that holds measured bits is a copy, but AQO knows only the bits themselves; it is taken for them as
long as nothing is measured into them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

from eigen.compiler.openqasm.arithmetic import Bits, Value, When
from eigen.compiler.openqasm.catalogue import QasmFault, refuse
from eigen.compiler.openqasm.evaluation import evaluated, integer_of
from eigen.compiler.openqasm.meter import Meter
from eigen.compiler.openqasm.syntax import DefineSubroutine, Expression, Place
from eigen.compiler.report import did_you_mean

__all__ = ["Names", "Variable"]


class Variable:
    """A value that the program may assign to.

    Attributes:
        type: Its type.
        value: What it holds, or None before it is set.
        is_overwritten: Whether bits that it holds were measured again since.
    """

    __slots__ = ("is_overwritten", "type", "value")

    def __init__(self, kind: str, value: Value | None) -> None:
        self.type = kind
        self.value = value
        self.is_overwritten = False


Scope = dict[str, Value | Variable | DefineSubroutine]


class Names:
    """Scopes, one in the other.

    Args:
        older: Whether this is OpenQASM 2.
        meter: Pays for the evaluation of expressions.

    Attributes:
        older: Whether this is OpenQASM 2.
    """

    def __init__(self, *, older: bool, meter: Meter) -> None:
        self.older = older
        self._meter = meter
        self._scopes: list[Scope] = [{}]
        self._copies: list[Variable] = []

    def value(self, code: Expression) -> Value:
        """Return the value of an expression.

        Raises:
            QasmRefusal: It has none.
        """
        return evaluated(code, self.lookup, older=self.older, meter=self._meter)

    def integer(self, code: Expression, what: str, place: Place) -> int:
        """Return the value of an expression, which must be an integer.

        Raises:
            QasmRefusal: It is none.
        """
        return integer_of(self.value(code), what, place)

    def size(self, code: Expression | None, what: str, place: Place) -> int:
        """Return the size of a register; without an expression it is 1.

        Raises:
            QasmRefusal: It is none.
        """
        if code is None:
            return 1
        number = self.integer(code, "a size", place)
        if number < 1:
            refuse(QasmFault.SIZE, place, what=what, size=number)
        return number

    def find(self, name: str) -> Value | Variable | DefineSubroutine | None:
        """Return what a name means, or None."""
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), None)

    def find_global(self, name: str) -> Value | Variable | DefineSubroutine | None:
        """Return what a name means at the top of the program, or None."""
        return self._scopes[0].get(name)

    def constant(self, name: str) -> bool | int | float | None:
        """Return a constant at the top of the program, or None."""
        found = self._scopes[0].get(name)
        return found if isinstance(found, bool | int | float) else None

    def lookup(self, name: str, place: Place) -> Value:
        """Return the value of a name.

        Raises:
            QasmRefusal: It has none.
        """
        found = self.find(name)
        if isinstance(found, Variable):
            return self._held(found, name, place)
        if found is None:
            known = chain.from_iterable(self._scopes)
            refuse(QasmFault.UNKNOWN_NAME, place, name=name, instead=did_you_mean(name, known, otherwise="declare it"))
        if isinstance(found, DefineSubroutine):
            refuse(QasmFault.TYPE, place, what=name, expected="a value", found="a subroutine")
        return found

    def _held(self, variable: Variable, name: str, place: Place) -> Value:
        if variable.value is None:
            refuse(QasmFault.TYPE, place, what=name, expected="a value", found="a variable without one")
        if variable.is_overwritten:
            problem = f"{name} holds bits that were measured again since"
            refuse(QasmFault.CONDITION, place, problem=problem, instead="measure into other bits")
        return variable.value

    def assign(self, variable: Variable, value: Value) -> None:
        """Let a variable hold a value."""
        variable.value, variable.is_overwritten = value, False
        if isinstance(value, Bits | When):
            self._copies.append(variable)

    def overwrite(self, bits: Iterable[int]) -> None:
        """Note that bits are measured."""
        if not self._copies:
            return
        written = set(bits)
        for variable in self._copies:
            variable.is_overwritten |= not written.isdisjoint(_bits_of(variable.value))
        self._copies = [one for one in self._copies if not one.is_overwritten]

    def declare(self, name: str, value: Value | Variable | DefineSubroutine, place: Place) -> None:
        """Give a name its meaning in the innermost scope.

        Raises:
            QasmRefusal: It has one there.
        """
        if name in self._scopes[-1]:
            refuse(QasmFault.TAKEN, place, name=name)
        self._scopes[-1][name] = value

    def only_outside(self, what: str, place: Place) -> None:
        """Refuse what cannot stand in a block."""
        if len(self._scopes) > 1:
            refuse(QasmFault.PLACE, place, statement=what)

    @contextmanager
    def scope(self) -> Iterator[Scope]:
        """Open a scope."""
        scope: Scope = {}
        self._scopes.append(scope)
        try:
            yield scope
        finally:
            self._scopes.pop()

    @contextmanager
    def frame(self, arguments: Scope) -> Iterator[None]:
        """Enter a subroutine, which knows its arguments and what stands at the top of the program."""
        outside, self._scopes = self._scopes, [self._scopes[0], arguments]
        try:
            yield
        finally:
            self._scopes = outside


def _bits_of(value: Value | None) -> Iterator[int]:
    if isinstance(value, Bits):
        yield from value.indices
    elif isinstance(value, When):
        yield from (bit for case in value.cases for bit, _ in case)
