"""The flat code between `resolve` and `lower`: instructions of a small stack machine.

An instruction is `(number, argument)`; beside each stands the place in the text to blame if it fails. Numbers are plain
module constants in order of how often they run, because the machine tests them in that order. Nothing here runs
anything, and nothing in code refers to Python objects of the user: constants are ints, floats, bools, strings and None.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eigen.compiler.source_text import Place

__all__ = ["Branch", "Call", "Code", "GateCall", "Instruction"]

Instruction = tuple[int, Any]

# fmt: off
(
    ELEMENT,       # (slot, index): push variable[index]
    ELEMENT_AT,    # (slot, slot): push variable[variable]
    GATE,          # (GateCall, places of the operands): pop the operands; emit
    NEXT,          # (target, slot): bind the iterator's next element and jump, or pop the iterator and go on
    NEXT_EACH,     # (target, slots): the same, with the element's own elements
    LOAD,          # slot: push a local variable
    CONST,         # value: push it
    OPERATE,       # (slot, value, operator): push variable operator value
    BINARY,        # operator: pop right, pop left; push
    STORE,         # slot: pop into a local variable
    INDEX,         # pop index, pop value; push value[index]
    COMPARE,       # operator: pop right, pop left; push
    JUMP,          # target
    PULL,          # target: push the iterator's next element and jump, or pop the iterator and go on
    GLOBAL,        # slot: push a module constant
    BRANCH,        # Branch: pop condition; go on, jump, or begin a measured condition
    END_THEN,      # Branch: end of a then-block
    END_ELSE,      # Branch: end of an else-block
    SKIP_UNLESS,   # (target, what): pop a static condition; jump if it is false
    CALL,          # Call: pop arguments; enter a function
    RETURN,        # pop result; leave the function
    BUILTIN,       # Call: pop arguments; push the result of a pure function
    QUANTUM,       # Call: pop arguments; register, measure, reset, barrier, Param
    ITERATE,       # pop value; push its iterator
    POP,           # drop the top
    STORE_GUARDED, # slot: STORE that checks whether it stands under a measured condition
    STORE_GLOBAL,  # slot: pop into a module constant
    UNARY,         # operator
    AUGMENT,       # operator: pop right, pop left; push, lists grow in place
    LIST,          # number of elements
    TUPLE,         # number of elements
    DICT,          # number of pairs
    SLICE,         # pop step, stop, start; push a slice
    STORE_INDEX,   # element first or last: pop three of element, value, index, element; value[index] = element
    UNPACK,        # number of names: pop value; push its elements, last first
    APPEND,        # depth: pop element; append to the list at that depth
    INSERT,        # depth: pop value, pop key; insert into the dict at that depth
    ATTRIBUTE,     # name: pop value; push value.name
    DUP,           # push the top again
    DUP2,          # push the two upper values again
    AND_LEFT,      # target: decide by the left side, or leave it for AND_RIGHT
    AND_RIGHT,     # join both sides
    OR_LEFT,       # target
    OR_RIGHT,      # join both sides
    CHAIN,         # (operator, target): compare, join with what is below; leave the right side for the next link
    ASSERT,        # pop message, pop condition
    LEAVE,         # (keyword, branch numbers): about to jump out of these branches
    UNWIND,        # drop the iterator of a loop that is left
) = range(48)
# fmt: on

NUM_INSTRUCTIONS = 48
"""How many instructions there are."""


class GateCall(NamedTuple):
    """A call of a gate with its operands on the stack in the gate's order: qubits, then angles.

    Attributes:
        op: Name in AQO.
        name: As it was written.
        num_qubits: How many qubits.
        angles: Names of the angles.
        size: Number of all operands.
    """

    op: str
    name: str
    num_qubits: int
    angles: tuple[str, ...]
    size: int


class Call(NamedTuple):
    """A call with its arguments on the stack, positional ones first.

    Attributes:
        name: Of the function.
        target: Index of a user's function, or -1.
        num_positional: Number of positional arguments.
        keywords: Names of the others, in order.
        size: Number of all arguments.
    """

    name: str
    target: int
    num_positional: int
    keywords: tuple[str, ...]
    size: int


class Branch(NamedTuple):
    """One `if` of a function.

    Attributes:
        number: Unique within the function.
        target: Where to go on if the condition is false (BRANCH), or behind the else-block (END_THEN).
        has_else: Whether there is an else-block.
    """

    number: int
    target: int
    has_else: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A function, or the module, as flat code.

    Attributes:
        name: Of the function; empty for the module.
        instructions: What to do.
        places: Where each instruction comes from.
        slots: Names of the local variables, arguments first.
        num_positional: How many of the arguments may be given by position.
        num_arguments: How many arguments there are.
        defaults: Argument's index → slot among the module's constants that holds its default.
        place: Where the function's header stands.
    """

    name: str
    instructions: tuple[Instruction, ...] = field(repr=False)
    places: tuple[Place, ...] = field(repr=False)
    slots: tuple[str, ...]
    num_positional: int = 0
    num_arguments: int = 0
    defaults: dict[int, int] = field(default_factory=dict)
    place: Place
