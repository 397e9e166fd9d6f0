"""What gates there are in a program: those of the standard libraries, and those that it defines.

A definition is expanded where it is used. One that says what a gate of the table is, in the words in which we or
Qiskit write it (`eigen.formats.openqasm_gates`), is that gate, so that a circuit survives export and import
unchanged.

Sources: `stdgates.inc` (https://openqasm.com/language/standard_library.html); `qelib1.inc` (arXiv:1707.03429) with
the additions that Qiskit and others ship. `U` of OpenQASM 3 is e^{iθ/2} times that of OpenQASM 2, which shows under
controls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from eigen.compiler.openqasm.elements import Element, controlled, elements_of, inverted, powered, times
from eigen.compiler.openqasm.lexer import END, Lexer
from eigen.compiler.openqasm.parser import Parser
from eigen.compiler.openqasm.syntax import DefineGate
from eigen.contracts.aqo import Affine, Angle
from eigen.contracts.gates import GATES
from eigen.formats.openqasm_gates import OPENQASM2_DEFINITIONS, OPENQASM3_DEFINITIONS

__all__ = [
    "BUILT_IN",
    "BUILT_IN_OLDER",
    "PRELUDE",
    "QELIB1",
    "QELIB1_OF_THE_PAPER",
    "STDGATES",
    "Gate",
    "Step",
    "expanded",
    "known_definition",
    "modified",
    "parsed_definitions",
]

Angles = tuple[Angle, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gate:
    """A gate that a program may use.

    Attributes:
        name: Its name.
        num_angles: How many angles it takes.
        num_qubits: How many qubits.
        op: The operation of AQO that it is, `GPHASE`, or empty for one that is expanded.
        adapted: Its angles → those of the operation, or None where they are the same.
        phase: Its angles → its phase over the operation, or None where there is none.
        body: What it is expanded to.
        size: How many elements are handled when it is expanded, at most.
        depth: How deep definitions are nested in it.
    """

    name: str
    num_angles: int
    num_qubits: int
    op: str = ""
    adapted: Callable[..., Angles] | None = None
    phase: Callable[..., Angle] | None = None
    body: tuple[Step, ...] = ()
    size: int = 1
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A gate in the body of another one.

    Attributes:
        gate: The gate.
        modifiers: (`ctrl` or `negctrl`, how many), (`inv`, 1), (`pow`, number), outermost first.
        angles: Angles of the outer gate → its angles.
        qubits: Positions among the outer gate's qubits, controls first.
    """

    gate: Gate
    modifiers: tuple[tuple[str, float], ...]
    angles: Callable[[Angles], Angles]
    qubits: tuple[int, ...]


def expanded(gate: Gate, angles: Angles, qubits: tuple[int, ...]) -> list[Element]:
    """Return what a gate does."""
    if gate.op == "GPHASE":
        return [Element("gphase", (), (), angles)]
    if gate.op:
        phase = [] if gate.phase is None else [Element("gphase", (), (), (gate.phase(*angles),))]
        return phase + elements_of(gate.op, qubits, angles if gate.adapted is None else gate.adapted(*angles))
    elements: list[Element] = []
    for step in gate.body:
        inner = tuple([qubits[position] for position in step.qubits])
        elements += modified(step.gate, step.modifiers, step.angles(angles), inner)
    return elements


def modified(
    gate: Gate, modifiers: tuple[tuple[str, float], ...], angles: Angles, qubits: tuple[int, ...]
) -> list[Element]:
    """Return what a gate does under modifiers.

    Raises:
        UnknownPowerError: A power of it is not known.
    """
    num_controls = int(sum(count for kind, count in modifiers if kind in ("ctrl", "negctrl")))
    elements = expanded(gate, angles, qubits[num_controls:])
    controls = list(qubits[:num_controls])
    for kind, argument in reversed(modifiers):
        if kind == "inv":
            elements = inverted(elements)
        elif kind == "pow":
            elements = powered(elements, argument)
        else:
            for _ in range(int(argument)):
                elements = controlled(elements, controls.pop(), on_one=kind == "ctrl")
    return elements


def _same(name: str, table_name: str) -> Gate:
    gate = GATES[table_name]
    return Gate(name=name, num_angles=len(gate.params), num_qubits=gate.num_qubits, op=gate.op)


def _sum_of(first: Angle, second: Angle, factor: float) -> Angle:
    """Return (first + second) × factor."""
    one, other = times(first, factor), times(second, factor)
    if not isinstance(one, Affine) and not isinstance(other, Affine):
        return one + other
    terms: dict[str, float] = {}
    constant = 0.0
    for part in (one, other):
        if isinstance(part, Affine):
            for name, coefficient in part.terms:
                terms[name] = terms.get(name, 0.0) + coefficient
            constant += part.constant
        else:
            constant += part
    return Affine(tuple(sorted(terms.items())), constant)


def _u2(phi: Angle, lam: Angle) -> Angles:
    return math.pi / 2, phi, lam


_U2 = Gate(name="u2", num_angles=2, num_qubits=1, op="U", adapted=_u2, phase=lambda phi, lam: _sum_of(phi, lam, -0.5))
_U3 = Gate(name="u3", num_angles=3, num_qubits=1, op="U", phase=lambda theta, phi, lam: _sum_of(phi, lam, -0.5))
_GPHASE = Gate(name="gphase", num_angles=1, num_qubits=0, op="GPHASE")

BUILT_IN: Mapping[str, Gate] = MappingProxyType(
    {
        "U": Gate(name="U", num_angles=3, num_qubits=1, op="U", phase=lambda theta, phi, lam: times(theta, 0.5)),
        "gphase": _GPHASE,
    }
)
"""Gates of OpenQASM 3 without any library."""

BUILT_IN_OLDER: Mapping[str, Gate] = MappingProxyType({"U": _same("U", "u"), "CX": _same("CX", "cx")})
"""Gates of OpenQASM 2 without any library."""

STDGATES: Mapping[str, Gate] = MappingProxyType(
    {gate.openqasm: _same(gate.openqasm, gate.name) for gate in GATES.values() if gate.openqasm}
    | {name: _same(name, table) for name, table in (("CX", "cx"), ("phase", "p"), ("cphase", "cp"), ("u1", "p"))}
    | {"u2": _U2, "u3": _U3}
)
"""Gates of `stdgates.inc`."""

_PAPER = "u3 u2 u1 cx id x y z h s sdg t tdg rx ry rz cz cy ch ccx crz cu1 cu3"
QELIB1_OF_THE_PAPER = frozenset(_PAPER.split())
"""Gates that every `qelib1.inc` has; a program may define the others itself."""

_QELIB1_SAME = "id u p x y z h s sdg t tdg rx ry rz sx sxdg cx cz cy swap ch ccx cswap crx cry crz cp csx cu rxx rzz"
QELIB1: Mapping[str, Gate] = MappingProxyType(
    {name: _same(name, name) for name in _QELIB1_SAME.split()}
    | {name: _same(name, table) for name, table in (("u3", "u"), ("u1", "p"), ("cu1", "cp"))}
    | {
        "u2": Gate(name="u2", num_angles=2, num_qubits=1, op="U", adapted=_u2),
        "u0": Gate(name="u0", num_angles=1, num_qubits=1, op="ID", adapted=lambda gamma: ()),
        "cu3": Gate(name="cu3", num_angles=3, num_qubits=2, op="CU", adapted=lambda *angles: (*angles, 0)),
    }
)
"""Gates of `qelib1.inc` that are gates of the table."""

PRELUDE = """
gate c3x a, b, c, d { ctrl(3) @ x a, b, c, d; }
gate c4x a, b, c, d, e { ctrl(4) @ x a, b, c, d, e; }
gate c3sqrtx a, b, c, d { ctrl(3) @ sx a, b, c, d; }
gate rccx a, b, c { h c; t c; cx b, c; tdg c; cx a, c; t c; cx b, c; tdg c; h c; }
gate rc3x a, b, c, d {
  h d; t d; cx c, d; tdg d; h d; cx a, d; t d; cx b, d; tdg d; cx a, d; t d; cx b, d; tdg d; h d; t d; cx c, d; tdg d;
  h d;
}
"""
"""Gates of `qelib1.inc` that are not, in OpenQASM 3. `rccx` and `rc3x`: Maslov, arXiv:1508.03273, figures 3 and 4."""


def parsed_definitions(text: str, *, older: bool) -> list[DefineGate]:
    """Return the definitions of gates in a text of ours."""
    parser = Parser(Lexer(text), older=older)
    definitions: list[DefineGate] = []
    while parser.lexer.token.kind != END:
        definitions += [one for one in parser.statements(in_block=False) if isinstance(one, DefineGate)]
    return definitions


def known_definition(definition: DefineGate) -> str:
    """Return the gate of the table that a definition is known to be, or an empty string."""
    return _known_shapes().get((definition.name, definition.shape), "")


@cache
def _known_shapes() -> Mapping[tuple[str, tuple[str, ...]], str]:
    found = {}
    for definitions, older in ((OPENQASM3_DEFINITIONS, False), (OPENQASM2_DEFINITIONS, True)):
        for table_name, text in definitions.items():
            (one,) = parsed_definitions(text, older=older)
            found[one.name, one.shape] = table_name
    return found
