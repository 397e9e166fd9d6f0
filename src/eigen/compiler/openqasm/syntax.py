"""What statements of OpenQASM are, once parsed. What must never live here: what they mean.

An expression is a flat sequence of instructions for a machine with a stack, so that neither reading nor evaluating
one recurses, however long it is. A place is a pair of offsets: first character, behind the last one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = [
    "Alias",
    "Apply",
    "Assign",
    "Barrier",
    "Call",
    "Case",
    "DeclareBits",
    "DeclareInput",
    "DeclareQubits",
    "DeclareValue",
    "DefineGate",
    "DefineSubroutine",
    "Expression",
    "For",
    "Formal",
    "If",
    "Include",
    "Index",
    "Instruction",
    "Measure",
    "Modifier",
    "Operand",
    "Place",
    "Range",
    "Reset",
    "Return",
    "Statement",
    "Switch",
    "While",
]

Place = tuple[int, int]


class Instruction(NamedTuple):
    """A step of an expression.

    Attributes:
        code: `push` a constant, `load` a name, `index` the value below by the one on top, `unary`, `binary`, `call`,
            `cast`.
        argument: The constant, the name, the operator, (function, number of arguments), or (type, has a width).
        place: Where it stands.
    """

    code: str
    argument: Any
    place: Place


Expression = tuple[Instruction, ...]


class Range(NamedTuple):
    """`start : step : stop`, the stop included; None where left out."""

    start: Expression | None
    step: Expression | None
    stop: Expression | None
    place: Place


Index = Expression | Range | list[Expression]
"""One element, a range, or a set of elements."""


class Operand(NamedTuple):
    """A register, a bit or qubit of it, or a physical qubit `$n`."""

    name: str
    indices: tuple[Index, ...]
    place: Place


class Modifier(NamedTuple):
    """`ctrl`, `negctrl`, `inv` or `pow` in front of a gate, with its argument."""

    kind: str
    argument: Expression | None
    place: Place


class Include(NamedTuple):
    """`include "file";`."""

    file: str
    place: Place


class DeclareQubits(NamedTuple):
    """`qubit[size] name;` or `qreg name[size];`; without a size a single qubit."""

    name: str
    size: Expression | None
    place: Place


class DeclareBits(NamedTuple):
    """`bit[size] name;` or `creg name[size];`, with an initial value."""

    name: str
    size: Expression | None
    value: Expression | None
    place: Place


class DeclareValue(NamedTuple):
    """`const type name = value;`, or a variable of the program's text."""

    type: str
    name: str
    value: Expression | None
    is_constant: bool
    place: Place


class DeclareInput(NamedTuple):
    """`input type[width] name;`."""

    type: str
    width: Expression | None
    name: str
    place: Place


class Alias(NamedTuple):
    """`let name = a ++ b;`."""

    name: str
    parts: tuple[Operand, ...]
    place: Place


class Apply(NamedTuple):
    """A gate on operands."""

    gate: str
    modifiers: tuple[Modifier, ...]
    angles: tuple[Expression, ...]
    operands: tuple[Operand, ...]
    place: Place


class DefineGate(NamedTuple):
    """`gate name(angles) qubits { … }`; `shape` is the body of a gate of the table, in tokens, own names numbered."""

    name: str
    angles: tuple[str, ...]
    qubits: tuple[str, ...]
    body: tuple[Apply, ...]
    shape: tuple[str, ...]
    place: Place


class Measure(NamedTuple):
    """`target = measure source;` or `measure source -> target;`."""

    source: Operand
    target: Operand
    place: Place


class Reset(NamedTuple):
    """`reset operand;`."""

    operand: Operand
    place: Place


class Barrier(NamedTuple):
    """`barrier operands;`, or of all qubits where there is none."""

    operands: tuple[Operand, ...]
    place: Place


class If(NamedTuple):
    """`if (condition) { … } else { … }`."""

    condition: Expression
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]
    place: Place


class For(NamedTuple):
    """`for type name in domain { … }`."""

    name: str
    domain: Range | list[Expression]
    body: tuple[Statement, ...]
    place: Place


class While(NamedTuple):
    """`while (condition) { … }`."""

    condition: Expression
    body: tuple[Statement, ...]
    place: Place


class Case(NamedTuple):
    """A block of a `switch`: the values under which it runs, none for `default`."""

    labels: tuple[Expression, ...]
    body: tuple[Statement, ...]
    place: Place


class Switch(NamedTuple):
    """`switch (target) { case 0, 1 { … } default { … } }`."""

    target: Expression
    cases: tuple[Case, ...]
    place: Place


class Formal(NamedTuple):
    """An argument in a subroutine's head: `qubit[2] q`, `int n`."""

    type: str
    size: Expression | None
    name: str
    place: Place


class DefineSubroutine(NamedTuple):
    """`def name(…) -> bit { … return measure q; }`; `result` is what is measured at its end."""

    name: str
    formals: tuple[Formal, ...]
    body: tuple[Statement, ...]
    result: Operand | None
    place: Place


class Call(NamedTuple):
    """A subroutine's name with its arguments, and the bits that its measurement is kept in."""

    name: str
    arguments: tuple[Expression, ...]
    target: Operand | None
    place: Place


class Return(NamedTuple):
    """`return measure operand;`, or `return;`; at the end of a subroutine it is a part of its definition."""

    measured: Operand | None
    place: Place


class Assign(NamedTuple):
    """`name = value;`, or with an operator such as `+=`."""

    name: str
    operator: str
    value: Expression
    place: Place


Statement = (
    Include
    | DeclareQubits
    | DeclareBits
    | DeclareValue
    | DeclareInput
    | Alias
    | Apply
    | DefineGate
    | Measure
    | Reset
    | Barrier
    | If
    | For
    | While
    | Switch
    | DefineSubroutine
    | Call
    | Return
    | Assign
)
