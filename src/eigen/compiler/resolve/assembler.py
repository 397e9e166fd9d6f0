"""Instructions in the making: labels that get their positions later, and a work list instead of recursion.

A translator plans what is to come: nodes to translate, instructions to emit, labels to place, notes to take. The plan
is a stack, so that what was planned last is done first, and no tree is walked by recursion.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from eigen.compiler.code import Branch, Instruction
from eigen.compiler.source_text import Place

__all__ = ["Assembler", "Label"]


class Label:
    """A position among the instructions that is not known yet."""

    __slots__ = ("position",)

    def __init__(self) -> None:
        self.position = -1


Planned = ast.AST | tuple[int, Any, Place] | Label | Callable[[], None]
"""A node to translate, an instruction to emit, a label to place, or a note to take."""


class Assembler:
    """Flat code of one function in the making.

    Args:
        translate: Translates a node: emits its code, or plans what does.
    """

    def __init__(self, translate: Callable[[ast.AST], None]) -> None:
        self._translate = translate
        self._plan: list[Planned] = []
        self._jumps: list[int] = []
        self.instructions: list[Instruction] = []
        self.places: list[Place] = []

    def plan(self, *items: Planned) -> None:
        """Plan items to be done in this order, before everything that was planned earlier."""
        self._plan.extend(reversed(items))

    def emit(self, op: int, argument: Any, place: Place) -> None:
        """Append an instruction."""
        self.instructions.append((op, argument))
        self.places.append(place)

    def jump(self, op: int, argument: Any, place: Place) -> None:
        """Append an instruction whose argument holds a label."""
        self._jumps.append(len(self.instructions))
        self.emit(op, argument, place)

    def run(self) -> None:
        """Do all that is planned."""
        plan, translate = self._plan, self._translate
        while plan:
            item = plan.pop()
            if isinstance(item, tuple):
                self.emit(*item)
            elif isinstance(item, ast.AST):
                translate(item)
            elif isinstance(item, Label):
                item.position = len(self.instructions)
            else:
                item()

    def finished(self) -> tuple[Instruction, ...]:
        """Return the instructions with every label replaced by its position."""
        for index in self._jumps:
            op, argument = self.instructions[index]
            self.instructions[index] = op, _located(argument)
        return tuple(self.instructions)


def _located(argument: Any) -> Any:
    if isinstance(argument, Label):
        return argument.position
    if isinstance(argument, Branch):
        return argument._replace(target=_located(argument.target))
    return tuple(_located(one) if isinstance(one, Label) else one for one in argument)
