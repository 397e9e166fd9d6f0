"""Sums of Pauli products, as values of the language, and their algebra.

Theory: the product of two Paulis on one qubit is `i` times the third one in cyclic order (XY = iZ), or the identity, so
a product of terms is a term times a power of i. Terms with a factor of i are kept apart, because they may cancel, as in
XY + YX; what is left of them when the observable is used is a fault of the program.

A sum is a stretch of a list that longer sums share: adding a term to a sum appends to its list, so that a sum of n
terms takes n steps however it is written. Equal terms are put together when the sum is used, or grows too long.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from eigen.compiler.catalogue import Fault
from eigen.compiler.lower.arithmetic import refuse_operands
from eigen.compiler.lower.meter import Meter
from eigen.compiler.lower.values import NUMBERS, PauliSum, Product, Summand, Value, describe
from eigen.compiler.report import refuse
from eigen.contracts.aqo import Affine, PauliTerm

__all__ = ["combined", "constant", "is_same", "negated", "terms_of"]

_ROUNDING = 1e-12  # imaginary parts below it, relative to what was added up, are rounding errors
_STEPS_PER_SUM = 20
_STEPS_PER_TERM = 6
_STEPS_PER_PRODUCT = 12
_IDENTITY: Product = ((), "", False)

_LETTERS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "XX": ("", 0), "YY": ("", 0), "ZZ": ("", 0),
        "XY": ("Z", 1), "YZ": ("X", 1), "ZX": ("Y", 1),
        "YX": ("Z", 3), "ZY": ("X", 3), "XZ": ("Y", 3),
    }
)  # fmt: skip
"""Two letters on one qubit → their product, and the power of i before it."""


def constant(number: float) -> PauliSum:
    """Return a multiple of the identity."""
    return PauliSum([(_IDENTITY, number)], 1)


def combined(symbol: str, left: Value, right: Value, meter: Meter) -> PauliSum:
    """Return `left symbol right`, of which at least one is an observable and the other one may be a number.

    Raises:
        Refusal: The operands do not fit, or the sum becomes too long.
    """
    meter.charge(_STEPS_PER_SUM)
    for value in (left, right):
        if type(value) is Affine:
            refuse(Fault.SYMBOLIC, what="a coefficient of an observable", value=describe(value))
        if type(value) is not PauliSum and type(value) not in NUMBERS:
            refuse_operands(symbol, left, right)
    if symbol == "/" and type(right) is not PauliSum:
        if right == 0:
            refuse(Fault.ARITHMETIC, operation=f"an observable / {describe(right)}", problem="division by zero")
        return _scaled(left, right, meter, is_divided=True)
    if symbol == "*" and type(right) is not PauliSum:
        return _scaled(left, right, meter)
    if symbol == "*" and type(left) is not PauliSum:
        return _scaled(right, left, meter)
    if symbol == "*":
        return _product(left, right, meter)
    if symbol not in ("+", "-"):
        refuse_operands(symbol, left, right)
    second = _as_sum(right)
    return _added(_as_sum(left), negated(second, meter) if symbol == "-" else second, meter)


def negated(value: PauliSum, meter: Meter) -> PauliSum:
    """Return an observable times −1."""
    meter.charge(_STEPS_PER_SUM)
    return _scaled(value, -1, meter)


def _as_sum(value: Value) -> PauliSum:
    return value if type(value) is PauliSum else constant(_float(value))


def _float(value: Value) -> float:
    try:
        return float(value)
    except OverflowError:
        return refuse(Fault.NOT_FINITE, operation=f"the coefficient {describe(value)}")


def _scaled(value: PauliSum, factor: Value, meter: Meter, *, is_divided: bool = False) -> PauliSum:
    by = _float(factor)
    meter.charge(_STEPS_PER_TERM * value.size)
    if is_divided:
        summands = [(product, coefficient / by) for product, coefficient in value.summands]
    else:
        summands = [(product, coefficient * by) for product, coefficient in value.summands]
    if not all(math.isfinite(coefficient) for _, coefficient in summands):
        refuse(Fault.NOT_FINITE, operation="a coefficient of the observable")
    return PauliSum(summands, len(summands))


def _added(left: PauliSum, right: PauliSum, meter: Meter) -> PauliSum:
    longer, shorter = (left, right) if left.size >= right.size else (right, left)
    meter.charge(_STEPS_PER_TERM * shorter.size)
    added = shorter.summands
    if len(longer.shared) == longer.size:
        shared = longer.shared
        shared += added
    else:  # somebody else has gone on from here
        meter.charge(longer.size)
        shared = longer.summands + added
    total = PauliSum(shared, longer.size + shorter.size)
    return total if total.size <= meter.limits.terms else _shortened(total, meter)


def _shortened(value: PauliSum, meter: Meter) -> PauliSum:
    summands = list(_merged(value, meter).items())
    if len(summands) > meter.limits.terms:
        refuse(Fault.TERMS, what="the observable", limit=meter.limits.terms)
    return PauliSum(summands, len(summands))


def _merged(value: PauliSum, meter: Meter) -> dict[Product, float]:
    """Return product → coefficient; what cancels is left out."""
    if value.size == 1:
        [(product, coefficient)] = value.summands
        return {product: coefficient} if coefficient else {}
    meter.charge(_STEPS_PER_TERM * value.size)
    parts: defaultdict[Product, list[float]] = defaultdict(list)
    for product, coefficient in value.summands:
        parts[product].append(coefficient)
    merged = {}
    for product, summands in parts.items():
        coefficient = _total(summands) if len(summands) > 1 else summands[0]
        is_noise = product[2] and abs(coefficient) <= _ROUNDING * _total(map(abs, summands))
        if coefficient and not is_noise:
            merged[product] = coefficient
    return merged


def _total(summands: Iterable[float]) -> float:
    try:
        return math.fsum(summands)
    except OverflowError:
        return refuse(Fault.NOT_FINITE, operation="a coefficient of the observable")


def _product(left: PauliSum, right: PauliSum, meter: Meter) -> PauliSum:
    first, second = _merged(left, meter), _merged(right, meter)
    count = len(first) * len(second)
    if count > meter.limits.terms:
        refuse(Fault.TERMS, what="the product of the observables", limit=meter.limits.terms)
    letters = len(second) * sum(len(one[0]) for one in first) + len(first) * sum(len(one[0]) for one in second)
    meter.charge(_STEPS_PER_PRODUCT * count + letters)
    summands = [_times(one, other) for one in first.items() for other in second.items()]
    if not all(math.isfinite(coefficient) for _, coefficient in summands):
        refuse(Fault.NOT_FINITE, operation="a coefficient of the observable")
    return PauliSum(summands, count)


def _times(left: Summand, right: Summand) -> Summand:
    """Return the product of two terms."""
    (first, first_letters, is_first_imaginary), coefficient = left
    (second, second_letters, is_second_imaginary), factor = right
    power = is_first_imaginary + is_second_imaginary
    letters = dict(zip(first, first_letters, strict=True))
    for qubit, letter in zip(second, second_letters, strict=True):
        before = letters.pop(qubit, "")
        letter, more = _LETTERS[before + letter] if before else (letter, 0)
        power += more
        if letter:
            letters[qubit] = letter
    qubits = tuple(sorted(letters))
    sign = -1 if power % 4 > 1 else 1
    product = (qubits, "".join([letters[one] for one in qubits]), bool(power % 2))
    return product, sign * coefficient * factor


def is_same(left: Value, right: Value, meter: Meter) -> bool:
    """Return whether two values are observables, or an observable and a number, with the same coefficients."""
    if any(type(one) is not PauliSum and type(one) not in NUMBERS for one in (left, right)):
        return False
    return _merged(_as_sum(left), meter) == _merged(_as_sum(right), meter)


def terms_of(value: PauliSum, meter: Meter) -> tuple[PauliTerm, ...]:
    """Return the terms of an observable, each product once.

    Raises:
        Refusal: A coefficient is imaginary or not finite.
    """
    terms = []
    for (qubits, letters, is_imaginary), coefficient in _merged(value, meter).items():
        if is_imaginary:
            shown = " * ".join(f"{letter}({qubit})" for letter, qubit in zip(letters[:4], qubits, strict=False))
            refuse(Fault.IMAGINARY, coefficient=f"{coefficient:g}i", term=shown or "the constant")
        if not math.isfinite(coefficient):
            refuse(Fault.NOT_FINITE, operation="a coefficient of the observable")
        terms.append(PauliTerm(letters, qubits, coefficient))
    return tuple(terms)
