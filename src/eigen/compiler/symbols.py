"""The names of Eigen-Lang: what can be called, with which arguments, and what can be imported.

Gates come from the one gate table; the other functions are listed here with their signatures. What they do is the
business of `lower`, whose tables bear the same names (a test compares them).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from eigen.contracts.gates import GATE_ALIASES, GATES, Gate

__all__ = [
    "ANNOTATIONS",
    "ATTRIBUTES",
    "BUILTINS",
    "GATE_NAMES",
    "LANGUAGE_NAMES",
    "MATH_CONSTANTS",
    "MATH_FUNCTIONS",
    "OBSERVABLES",
    "PROGRAM_DECORATOR",
    "QUANTUM",
    "RESULT_ATTRIBUTES",
    "Signature",
]

PROGRAM_DECORATOR = "hybrid_program"


class Signature(NamedTuple):
    """What a function takes.

    Attributes:
        text: The signature as people read it.
        least: Fewest positional arguments.
        most: Most positional arguments, or -1 for any number.
        keywords: Names of arguments that may be given by name.
        has_effect: Whether a call makes sense as a statement.
    """

    text: str
    least: int
    most: int
    keywords: tuple[str, ...] = ()
    has_effect: bool = False


def _pure(text: str, least: int, most: int, *keywords: str) -> Signature:
    return Signature(text, least, most, keywords)


def _quantum(text: str, least: int, most: int, *keywords: str) -> Signature:
    return Signature(text, least, most, keywords, has_effect=True)


BUILTINS: Mapping[str, Signature] = MappingProxyType(
    {
        "abs": _pure("abs(number)", 1, 1),
        "all": _pure("all(values)", 1, 1),
        "any": _pure("any(values)", 1, 1),
        "bool": _pure("bool(value)", 0, 1),
        "dict": _pure("dict(pairs)", 0, 1),
        "divmod": _pure("divmod(a, b)", 2, 2),
        "enumerate": _pure("enumerate(values, start=0)", 1, 2, "start"),
        "float": _pure("float(number)", 0, 1),
        "int": _pure("int(number)", 0, 1),
        "len": _pure("len(values)", 1, 1),
        "list": _pure("list(values)", 0, 1),
        "max": _pure("max(values) or max(a, b, …)", 1, -1),
        "min": _pure("min(values) or min(a, b, …)", 1, -1),
        "range": _pure("range(start, stop, step)", 1, 3),
        "reversed": _pure("reversed(values)", 1, 1),
        "round": _pure("round(number, ndigits)", 1, 2, "ndigits"),
        "sorted": _pure("sorted(values, reverse=False)", 1, 1, "reverse"),
        "sum": _pure("sum(values, start=0)", 1, 2, "start"),
        "tuple": _pure("tuple(values)", 0, 1),
        "zip": _pure("zip(values, values, …)", 1, -1),
    }
)
"""Python's functions that the language has."""

MATH_FUNCTIONS: Mapping[str, Signature] = MappingProxyType(
    {
        name: _pure(f"{name}(number)", 1, 1)
        for name in (
            "sqrt",
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "exp",
            "log2",
            "floor",
            "ceil",
            "degrees",
            "radians",
        )
    }
    | {
        "atan2": _pure("atan2(y, x)", 2, 2),
        "gcd": _pure("gcd(a, b, …)", 0, -1),
        "log": _pure("log(number, base)", 1, 2),
    }
)
"""Functions of the module `math`."""

MATH_CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "tau": math.tau, "e": math.e})
"""Constants of the module `math`."""

QUANTUM: Mapping[str, Signature] = MappingProxyType(
    {
        "ClassicalRegister": _quantum("ClassicalRegister(size)", 1, 1, "size"),
        "ExpectationValue": _quantum(
            "ExpectationValue(name, observable, precision=…)", 0, 2, "observable", "precision"
        ),
        "Param": _quantum("Param(name, default)", 1, 2, "name", "default"),
        "ParamVector": _quantum("ParamVector(name, size, default)", 2, 3, "name", "size", "default"),
        "QubitRegister": _quantum("QubitRegister(size)", 1, 1, "size"),
        "barrier": _quantum("barrier(qubits, …)", 0, -1),
        "measure": _quantum('measure(qubits, …, c=bits, basis="Z")', 1, -1, "c", "basis"),
        "measure_all": _quantum('measure_all(basis="Z")', 0, 0, "basis"),
        "minimize": _quantum(
            'minimize(objective, x0, method="COBYLA", max_iters=…, max_evals=…, tol=…, seed=…, bounds=…, restarts=…)',
            2, 2, "objective", "x0", "method", "max_iters", "max_evals", "tol", "seed", "bounds", "restarts",
        ),
        "reset": _quantum("reset(qubits, …)", 1, -1),
    }
)  # fmt: skip
"""Quantum operations that are not gates, and declarations."""

OBSERVABLES: Mapping[str, Signature] = MappingProxyType(
    {letter: _pure(f"{letter}(qubit)", 1, 1) for letter in "IXYZ"}
    | {"Observable": _pure("Observable(terms)", 0, 1, *"IXYZ")}
)
"""Functions that give observables."""

GATE_NAMES: Mapping[str, Gate] = MappingProxyType(
    dict(GATES) | {alias: GATES[name] for alias, name in GATE_ALIASES.items()}
)
"""Every spelling of every gate."""

LANGUAGE_NAMES = frozenset({PROGRAM_DECORATOR, "Qubit", "Bit", *QUANTUM, *GATE_NAMES, *OBSERVABLES})
"""What can be imported from `eigen_lang`; all of it is there without an import too."""

ANNOTATIONS = frozenset(
    {
        "int",
        "float",
        "bool",
        "str",
        "list",
        "tuple",
        "dict",
        "range",
        "Param",
        "QubitRegister",
        "ClassicalRegister",
        "Qubit",
        "Bit",
        "Observable",
        "ExpectationValue",
    }
)
"""Types that annotations may name."""

RESULT_ATTRIBUTES = ("fun", "x", "method", "nfev", "metadata")
"""Attributes of what `minimize` gives."""

ATTRIBUTES = frozenset({"size", *RESULT_ATTRIBUTES})
"""Attributes that values have."""
