"""What observables are built from: `Z(0)`, texts of Pauli strings, dicts of them, and letters with their qubits.

In a text the leftmost letter is for the highest qubit, as Qiskit writes it. Texts are matched against a fixed grammar,
piece by piece; nothing is evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.values import Bit, PauliSum, Product, Qubit, Summand, Value, describe, is_number
from eigen.compiler.report import refuse
from eigen.contracts.printable import quoted

__all__ = ["observable", "pauli"]

_TERM = re.compile(
    r"[ \t\n]*+(?P<sign>[+-]?)[ \t\n]*+"
    r"(?P<number>(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)?+[ \t\n]*+(?:\*[ \t\n]*+)?+"
    r"(?P<letters>[A-Za-z]*+)[ \t\n]*+"
)
_LETTERS = frozenset("IXYZ")
_SHOWN = 40
_STEPS_PER_PAULI = 12
_SOURCES = 'a text such as "0.18 XX - 1.05 II", a dict {"XX": 0.18}, Z=0, or a sum of X(i), Y(i), Z(i)'

Function = Callable[[Meter, list[Value], dict[str, Value]], Value]


def pauli(letter: str) -> Function:
    """Return the function that gives this Pauli on a qubit."""

    def function(meter: Meter, arguments: list[Value], _by_name: dict[str, Value]) -> PauliSum:
        meter.charge(_STEPS_PER_PAULI)
        return _sum([(_single(letter, arguments[0], meter), 1.0)])

    return function


def observable(meter: Meter, arguments: list[Value], by_name: dict[str, Value]) -> PauliSum:
    """Return the observable of a text, a dict, letters with qubits, or another observable."""
    if bool(arguments) is bool(by_name):
        given = "terms and letters together" if arguments else "nothing"
        refuse(Fault.OBSERVABLE_SOURCE, value=given, instead=f"give {_SOURCES}")
    if by_name:
        return _sum([(_single(letter, qubit, meter), 1.0) for letter, qubit in by_name.items()])
    [source] = arguments
    if type(source) is PauliSum:
        return source
    if type(source) is str:
        meter.charge(2 * len(source))
        return _of_strings(_pieces(source), meter)
    if type(source) is dict:
        return _of_strings(source.items(), meter)
    return refuse(Fault.OBSERVABLE_SOURCE, value=describe(source), instead=f"give {_SOURCES}")


def _sum(summands: list[Summand]) -> PauliSum:
    return PauliSum(summands, len(summands))


def _single(letter: str, qubit: Value, meter: Meter) -> Product:
    if type(qubit) is not Qubit and type(qubit) is not int:
        instead = f"give a qubit or its number, or add them up: sum([{letter}(one) for one in q])"
        if type(qubit) is Bit:
            instead = "this is the result of a measurement; give the qubit"
        refuse(Fault.PAULI_QUBIT, pauli=letter, value=describe(qubit), instead=instead)
    index = _index_of(qubit)
    if not 0 <= index < meter.limits.qubits:
        refuse(Fault.QUBIT_RANGE, index=describe(index), count=f"at most {meter.limits.qubits} qubits")
    return ((), "", False) if letter == "I" else ((index,), letter, False)


def _index_of(qubit: Value) -> int:
    return qubit.index if type(qubit) is Qubit else qubit


def _pieces(text: str) -> Iterator[tuple[str, Value]]:
    """Yield (letters, coefficient) of each term of a text."""
    position = 0
    while position < len(text) or position == 0:
        found = _TERM.match(text, position)
        if found is None or not (found["number"] or found["letters"]):
            _refuse_text(text, f"it cannot be read from {quoted(text[position : position + 10])} on")
        number, letters = found["number"], found["letters"]
        if position and not found["sign"]:
            _refuse_text(text, f"a sign is missing before {quoted(text[position : position + 10])}")
        coefficient = float(number) if number else 1.0
        yield letters, -coefficient if found["sign"] == "-" else coefficient
        position = found.end()


def _refuse_text(text: str, problem: str) -> NoReturn:
    refuse(Fault.PAULI_TEXT, text=quoted(text[:_SHOWN]), problem=problem)


def _of_strings(strings: Iterable[tuple[Value, Value]], meter: Meter) -> PauliSum:
    summands: list[Summand] = []
    first = ""
    for letters, coefficient in strings:
        if type(letters) is not str or not _LETTERS.issuperset(letters):
            shown = describe(letters) if type(letters) is not str else quoted(letters[:_SHOWN])
            _refuse_text(str(letters), f"{shown} has other letters than I, X, Y and Z")
        if not is_number(coefficient) or not _is_finite(coefficient):
            refuse(Fault.COEFFICIENT, term=letters[:_SHOWN], value=describe(coefficient))
        if first and letters and len(letters) != len(first):
            refuse(Fault.PAULI_SIZES, first=first[:_SHOWN], second=letters[:_SHOWN])
        first = first or letters
        summands.append((_of_letters(letters, meter), float(coefficient)))
        if len(summands) > meter.limits.terms:
            refuse(Fault.TERMS, what="the observable", limit=meter.limits.terms)
    return _sum(summands)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _of_letters(letters: str, meter: Meter) -> Product:
    """Return the product of a Pauli string, whose last letter is for qubit 0."""
    meter.charge(10 + len(letters))
    if len(letters) > meter.limits.qubits:
        refuse(Fault.QUBITS, limit=meter.limits.qubits, what="qubits")
    pairs = [(qubit, letter) for qubit, letter in enumerate(reversed(letters)) if letter != "I"]
    return tuple([qubit for qubit, _ in pairs]), "".join([letter for _, letter in pairs]), False
