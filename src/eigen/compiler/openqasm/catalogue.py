"""Every fault that can be found in an OpenQASM program: stable codes, what is wrong, what to write instead.

Codes are never renumbered or used again, since scripts test them. Groups: QASM00xx text, QASM01xx syntax, QASM02xx
names, QASM03xx values, QASM04xx quantum operations, QASM05xx limits, QASM06xx parts of the language that are not
supported.
"""

from __future__ import annotations

from typing import Any, NoReturn

from eigen.compiler.fault import FaultKind
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError, UnimplementedError

__all__ = [
    "MAX_BITS",
    "MAX_CONTROLS",
    "MAX_EXPRESSION",
    "MAX_NESTING",
    "MAX_SOURCE_BYTES",
    "QasmFault",
    "QasmRefusal",
    "refuse",
]

MAX_SOURCE_BYTES = 16 * 1024 * 1024
"""Largest program."""

MAX_BITS = 10_000
"""Most classical bits."""

MAX_NESTING = 64
"""How deep blocks, brackets and gates that call gates may be nested."""

MAX_CONTROLS = 12
"""Most controls of one gate; without further qubits each one triples the number of operations."""

MAX_EXPRESSION = 10_000
"""Most operands and operators of an expression, and most members of a set."""

_WRONG = InvalidArgumentError
_LIMIT = ResourceExhaustedError
_LATER = UnimplementedError


class QasmFault(FaultKind):
    """One kind of fault of an OpenQASM program: codes are `QASM` and four digits."""

    # fmt: off
    # QASM00xx: the text
    NOT_UTF8 = ("QASM0001", _WRONG, "the program is not UTF-8 at byte {offset}", "save the file as UTF-8")
    CONTROL_CHARACTER = (
        "QASM0002", _WRONG, "control or invisible character {character}", "delete it; line ends and tabs are taken")
    CHARACTER = ("QASM0003", _WRONG, "{character} means nothing here", "delete it")
    NUMBER = ("QASM0004", _WRONG, "the number {number} runs into a name", "put a blank between them")
    INCLUDE = (
        "QASM0005", _WRONG, "{file} cannot be included",
        'only include "{library}" is taken; copy what you need into the program')
    VERSION = ("QASM0006", _WRONG, "this is OpenQASM {version}, but the language is {language}", "set spec.language")
    # QASM01xx: syntax
    SYNTAX = ("QASM0101", _WRONG, "found {found} where {expected} was expected", "")
    PLACE = ("QASM0102", _WRONG, "{statement} can only stand at the top of the program", "move it out of the block")
    # QASM02xx: names
    UNKNOWN_NAME = ("QASM0201", _WRONG, "{name} is not declared", "{instead}")
    UNKNOWN_GATE = ("QASM0202", _WRONG, "there is no gate {name}", "{instead}")
    TAKEN = ("QASM0203", _WRONG, "{name} is declared already", "use another name")
    # QASM03xx: values
    TYPE = ("QASM0301", _WRONG, "{what} must be {expected}, not {found}", "")
    INDEX = ("QASM0302", _WRONG, "index {index} is out of range", "{name} has the indices 0 to {last}")
    SIZE = ("QASM0303", _WRONG, "{what} has the size {size}", "a size is 1 or more")
    ARITHMETIC = ("QASM0304", _WRONG, "{problem}", "")
    NOT_FINITE = ("QASM0305", _WRONG, "the angle is not finite", "")
    INTEGER_DIVISION = (
        "QASM0306", _WRONG, "{left} / {right} divides integers, which leaves out the remainder",
        "write {left}.0 / {right} for the fraction")
    NOT_AFFINE = (
        "QASM0307", _WRONG, "{operator} of an input is not a number plus numbers times inputs",
        "declare an input for the whole expression")
    RANGE = ("QASM0308", _WRONG, "the range has the step 0", "use another step")
    NUM_ARGUMENTS = ("QASM0309", _WRONG, "{name} takes {expected} arguments, not {found}", "")
    RESULT = ("QASM0310", _WRONG, "{name} {problem}", "a subroutine that ends with return measure … fills bits")
    # QASM04xx: quantum operations
    NUM_ANGLES = ("QASM0401", _WRONG, "{gate} takes {expected} angles, not {found}", "")
    NUM_QUBITS = ("QASM0402", _WRONG, "{gate} takes {expected} qubits, not {found}", "")
    SAME_QUBIT = ("QASM0403", _WRONG, "{gate} acts on one qubit twice", "")
    BROADCAST = ("QASM0404", _WRONG, "the registers have different sizes: {sizes}", "")
    MEASURE_SIZE = ("QASM0405", _WRONG, "{qubits} qubits are measured into {bits} bits", "")
    NO_QUBITS = ("QASM0406", _WRONG, "the program declares no qubits", "declare some: qubit[2] q;")
    PHYSICAL = ("QASM0407", _WRONG, "physical and declared qubits are mixed", "use one of the two")
    # QASM05xx: limits
    SOURCE_LIMIT = ("QASM0501", _LIMIT, "the program has {found} bytes", "at most {limit} are taken")
    QUBITS_LIMIT = ("QASM0502", _LIMIT, "this makes {found} qubits", "at most {limit} are taken")
    BITS_LIMIT = ("QASM0503", _LIMIT, "this makes {found} classical bits", "at most {limit} are taken")
    OPERATIONS_LIMIT = ("QASM0504", _LIMIT, "this makes more than {limit} operations", "use fewer gates or repetitions")
    NESTING_LIMIT = ("QASM0505", _LIMIT, "nested more than {limit} deep", "")
    INTEGER_LIMIT = ("QASM0506", _LIMIT, "an integer has more than {limit} bits", "")
    PARAMETERS_LIMIT = ("QASM0507", _LIMIT, "there are more than {limit} inputs", "")
    EXPRESSION_LIMIT = ("QASM0509", _LIMIT, "{what} has more than {limit} parts", "split it")
    STEPS_LIMIT = ("QASM0510", _LIMIT, "the program takes too long to unroll", "use fewer repetitions")
    CONTROLS_LIMIT = ("QASM0508", _LIMIT, "{found} controls", "at most {limit} are taken")
    # QASM06xx: not supported
    STATEMENT = ("QASM0601", _LATER, "{statement} is not supported", "{instead}")
    CONDITION = ("QASM0602", _LATER, "{problem}", "{instead}")
    INPUT_TYPE = (
        "QASM0603", _LATER, "an input of type {type} is not supported",
        "an input is a float or angle, which stays free, or an int, uint or bool, which shapes the circuit")
    POWER = ("QASM0604", _LATER, "pow({power}) of this gate is not supported", "an integer power is, of any gate")
    EXPRESSION = ("QASM0605", _LATER, "{construct} is not supported in expressions", "")
    MEASURE_TARGET = ("QASM0606", _LATER, "a measurement needs a target", "write c[0] = measure q[0];")
    # fmt: on


class QasmRefusal(Exception):  # noqa: N818  # nobody outside the front end meets it
    """A fault at a place of the text.

    Attributes:
        fault: What is wrong.
        start: Offset of the place.
        end: Offset behind it.
        facts: Fields of the templates.
    """

    def __init__(self, fault: FaultKind, start: int, end: int, facts: dict[str, Any]) -> None:
        super().__init__(fault.code)
        self.fault = fault
        self.start = start
        self.end = end
        self.facts = facts


def refuse(fault: FaultKind, place: tuple[int, int], **facts: Any) -> NoReturn:
    """Raise a fault at a place: offsets of its first character and behind its last one."""
    raise QasmRefusal(fault, place[0], place[1], facts)
