"""The names of Eigen-Lang, for editors and type checkers: `from eigen.lang import *`.

Programs are compiled, never run, and do not need the import. The signatures stand in the stub beside this file; here
every name is an object that says so when it is called. What must never live here: a meaning of a name; that is the
compiler's.
"""

from __future__ import annotations

from typing import NoReturn

from eigen.contracts.errors import FailedPreconditionError
from eigen.contracts.gates import GATE_ALIASES, GATES

_OTHERS = (
    "Bit",
    "ClassicalRegister",
    "ExpectationValue",
    "I",
    "Observable",
    "Param",
    "ParamVector",
    "Qubit",
    "QubitRegister",
    "X",
    "Y",
    "Z",
    "barrier",
    "hybrid_program",
    "measure",
    "measure_all",
    "minimize",
    "reset",
)

__all__ = sorted((*_OTHERS, *GATES, *GATE_ALIASES))


class _Name:
    """A name of the language."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<Eigen-Lang name {self._name}>"

    def __call__(self, *_arguments: object, **_options: object) -> NoReturn:
        raise FailedPreconditionError(
            f"{self._name} has no meaning in running Python: Eigen-Lang programs are compiled, never run",
            reason="LANG_NOT_RUN",
            hint="give the file to `eigen run`, or its text to Client.submit",
        )


def __getattr__(name: str) -> object:
    """Return the object that stands for a name of the language (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'eigen.lang' has no attribute {name!r}")
    return _Name(name)


def __dir__() -> list[str]:
    return __all__
