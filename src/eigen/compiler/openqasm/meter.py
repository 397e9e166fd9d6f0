"""What a program may still use: operations that it emits, and steps of the work that leads to them.

A step is about a tenth of a microsecond. Work that a text asks for again and again (loops, gates within gates,
registers as operands) is paid before it is done, so that a short text cannot ask for a long answer; a longer text may
ask for more, in proportion.
"""

from __future__ import annotations

from eigen.compiler.openqasm.catalogue import QasmFault, refuse
from eigen.compiler.openqasm.syntax import Place
from eigen.contracts.compilation import CompileLimits

__all__ = ["STEPS_OF_AN_ELEMENT", "STEPS_OF_A_STATEMENT", "Meter"]

STEPS_OF_A_STATEMENT = 30
"""What it takes to execute a statement once more, but for its expressions."""

STEPS_OF_AN_ELEMENT = 50
"""What it takes to expand one gate of a definition."""

_STEPS_PER_CHARACTER = 50


class Meter:
    """Counts down.

    Args:
        limits: What any program may use.
        num_characters: Length of this one.
    """

    def __init__(self, limits: CompileLimits, *, num_characters: int) -> None:
        self._limits = limits
        self._operations = limits.operations
        self._steps = limits.steps + _STEPS_PER_CHARACTER * num_characters

    def emit(self, num_operations: int, place: Place) -> None:
        """Pay for operations.

        Raises:
            QasmRefusal: There would be too many.
        """
        self._operations -= num_operations
        if self._operations < 0:
            refuse(QasmFault.OPERATIONS_LIMIT, place, limit=self._limits.operations)

    def work(self, num_steps: float, place: Place) -> None:
        """Pay for steps.

        Raises:
            QasmRefusal: There would be too many.
        """
        if num_steps > self._steps:
            refuse(QasmFault.STEPS_LIMIT, place)
        self._steps -= int(num_steps)
