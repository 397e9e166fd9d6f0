"""Names: which ones a function binds, and what every other one means.

Scoping is Python's: a name that a function assigns anywhere is local in all of it; comprehensions have their own names;
everything else is looked up in the module, then among the language's own names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from eigen.compiler.code import GateCall
from eigen.compiler.symbols import (
    BUILTINS,
    GATE_NAMES,
    MATH_CONSTANTS,
    MATH_FUNCTIONS,
    OBSERVABLES,
    QUANTUM,
    Signature,
)
from eigen.contracts.gates import Gate

__all__ = ["FOREIGN_HINTS", "Module", "bound_names", "target_names"]

FOREIGN_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "print": "return the value: results hold what the program returns",
        "open": "programs read no files; give values under spec.inputs",
        "input": "declare an argument of the function and give it under spec.inputs",
        "eval": "write the expression itself",
        "exec": "write the statements themselves",
        "compile": "write the statements themselves",
        "getattr": "use a dict",
        "setattr": "use a dict",
        "isinstance": "annotate the argument and pass the right value",
        "type": "annotate the argument and pass the right value",
        "map": "write a list comprehension: [f(x) for x in values]",
        "filter": "write a list comprehension: [x for x in values if …]",
        "set": "use a list",
        "str": "texts are only names and options; use dict keys of numbers",
        "complex": "write real angles",
        "pow": "write a ** b",
        "iter": "write a for loop",
        "next": "write a for loop",
        "QuantumRegister": "did you mean QubitRegister?",
        "QuantumCircuit": "write gates as functions: h(0), cx(0, 1), measure(0)",
        "ctrl": "use the controlled gate: cx, cz, crz, …",
        "qubit": "did you mean QubitRegister?",
        "hadamard": "did you mean h?",
    }
    | dict.fromkeys(("bit", "creg"), "did you mean ClassicalRegister?")
    | dict.fromkeys(("np", "numpy", "cmath", "math"), "write `import math`, or `from math import pi`")
    | {name: f"write `from math import {name}`" for name in (*MATH_FUNCTIONS, *MATH_CONSTANTS)}
    | {"PI": "write `from math import pi`"}
)
"""Names that people try, and what to do instead."""


@dataclass(slots=True)
class Module:
    """What the module's names mean.

    Attributes:
        functions: Function's name → its index.
        signatures: Of the functions, by index.
        constants: Constant's name → its slot.
        used_imports: Names of `math`, or the module itself, that the program uses.
        imports: Imported name → (`lang` or `math`, name there).
        modules: Local names of the module `math`.
        gates: Every spelling of every gate → its call, and the gate.
    """

    functions: dict[str, int]
    signatures: list[ast.arguments]
    imports: Mapping[str, tuple[str, str]]
    modules: frozenset[str]
    constants: dict[str, int] = field(default_factory=dict)
    used_imports: set[str] = field(default_factory=set)
    gates: Mapping[str, tuple[GateCall, Gate]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        imported = {name: GATE_NAMES[one] for name, (_, one) in self.imports.items() if one in GATE_NAMES}
        self.gates = {
            name: (GateCall(gate.op, name, gate.num_qubits, gate.params, gate.num_qubits + len(gate.params)), gate)
            for name, gate in {**GATE_NAMES, **imported}.items()
        }

    def new_slot(self, name: str) -> int:
        """Return the slot of a constant, a new one if the name is new."""
        return self.constants.setdefault(name, len(self.constants))

    def original(self, name: str) -> str:
        """Return a name of the language for what an import calls otherwise."""
        kind, original = self.imports.get(name, ("", name))
        return original if kind == "lang" else name

    def math_name(self, name: str) -> str:
        """Return the name in `math` that an imported name stands for, or an empty string."""
        kind, original = self.imports.get(name, ("", ""))
        return original if kind == "math" else ""

    def is_function(self, name: str) -> bool:
        """Whether a name is something that can be called."""
        original = self.original(name)
        return (
            name in self.functions
            or original in GATE_NAMES
            or original in QUANTUM
            or original in OBSERVABLES
            or original in BUILTINS
            or self.math_name(name) in MATH_FUNCTIONS
        )

    def callable_names(self) -> Iterable[str]:
        """Return every name that can be called."""
        return (*self.functions, *self.imports, *GATE_NAMES, *QUANTUM, *BUILTINS, *OBSERVABLES)


def target_names(target: ast.expr) -> list[str]:
    """Return the names that an assignment to `target` binds, in order."""
    names: list[str] = []
    stack = [target]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Name):
            names.append(one.id)
        elif isinstance(one, ast.Tuple | ast.List):
            stack += reversed(one.elts)
    return names


def bound_names(body: Iterable[ast.stmt]) -> dict[str, None]:
    """Return the names that statements bind, in order of appearance."""
    names: dict[str, None] = {}
    stack = list(body)[::-1]
    while stack:
        node = stack.pop()
        kind = node.__class__
        if kind is ast.Expr:
            continue
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names.update(dict.fromkeys(target_names(target)))
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            names.update(dict.fromkeys(target_names(node.target)))
        elif isinstance(node, ast.For | ast.While | ast.If):
            if isinstance(node, ast.For):
                names.update(dict.fromkeys(target_names(node.target)))
            stack += [*reversed(node.orelse), *reversed(node.body)]
    return names


def arity(signature: Signature) -> str:
    """Return how many arguments a function takes, in words."""
    return _count(signature.least, signature.most)


def _count(least: int, most: int) -> str:
    if most < 0:
        return f"at least {least} arguments"
    if not most:
        return "no arguments"
    number = str(most) if least == most else f"{least} to {most}"
    return f"{number} argument{'' if number == '1' else 's'}"
