"""Gates under `ctrl`, `inv` and `pow`, as gates of the table.

An element is a base gate with any number of controls in front. Modifiers make elements of elements; at the end, each
one that the table lacks is replaced by a sequence that is exactly equal, its phase included (a phase under one more
control is no global phase).

Theory: Barenco et al., Elementary gates for quantum computation (arXiv:quant-ph/9503016), sections 5 and 7: a phase
under two controls is C(p(λ/2)) CX C(p(−λ/2)) CX C(p(λ/2)), and the same with more controls in place of one; for
rotations about y and z, X R(−θ/2) X R(θ/2) = R(θ). Symbolic angles are only ever scaled and added. Without further
qubits every control triples the length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from eigen.contracts.angles import exact_number
from eigen.contracts.aqo import Affine, Angle, Operation
from eigen.contracts.gates import GATES

__all__ = ["Element", "UnknownPowerError", "controlled", "elements_of", "inverted", "operations_of", "powered", "times"]

_PI = math.pi


class UnknownPowerError(Exception):
    """A power of a gate has no sequence of gates here.

    Attributes:
        power: The power.
    """

    def __init__(self, power: float) -> None:
        super().__init__(power)
        self.power = power


class Element(NamedTuple):
    """A base gate under controls.

    Attributes:
        base: A gate of the table that has no controls of its own, or `gphase`.
        controls: Qubits that must be 1.
        targets: Qubits of the base gate.
        angles: Its angles.
    """

    base: str
    controls: tuple[int, ...]
    targets: tuple[int, ...]
    angles: tuple[Angle, ...] = ()


_CONTROLLED = {
    # gate of the table: (base, controls)
    "cx": ("x", 1), "cy": ("y", 1), "cz": ("z", 1), "ch": ("h", 1), "cs": ("s", 1), "csdg": ("sdg", 1),
    "csx": ("sx", 1), "cp": ("p", 1), "crx": ("rx", 1), "cry": ("ry", 1), "crz": ("rz", 1), "swap": ("swap", 0),
    "ccx": ("x", 2), "ccz": ("z", 2), "cswap": ("swap", 1),
}  # fmt: skip
_BASE_OF_OP = {GATES[name].op: _CONTROLLED.get(name, (name, 0)) for name in GATES if name != "cu"}
_OP_OF_BASE = {parts: op for op, parts in _BASE_OF_OP.items()}


def elements_of(op: str, qubits: tuple[int, ...], angles: tuple[Angle, ...]) -> list[Element]:
    """Return an operation of AQO as elements."""
    if op == "CU":
        control, target = qubits[:1], qubits[1:]
        return [Element("gphase", control, (), angles[3:]), Element("u", control, target, angles[:3])]
    base, count = _BASE_OF_OP[op]
    return [Element(base, qubits[:count], qubits[count:], angles)]


def operations_of(elements: Iterable[Element]) -> Iterator[Operation]:
    """Yield operations that do what the elements do, in their order, but for a global phase."""
    pending = list(elements)[::-1]
    while pending:
        one = pending.pop()
        op = _OP_OF_BASE.get((one.base, len(one.controls)))
        if op is not None:
            yield Operation(op, one.controls + one.targets, one.angles)
        elif one.base == "u" and len(one.controls) == 1:
            yield Operation("CU", one.controls + one.targets, (*one.angles, 0))
        else:
            pending += reversed(_REPLACED[one.base](one))


def controlled(elements: Iterable[Element], control: int, *, on_one: bool) -> list[Element]:
    """Return the elements under one more control, which must be 1, or 0."""
    inside = [one._replace(controls=(control, *one.controls)) for one in elements]
    flip = [] if on_one else [Element("x", (), (control,))]
    return [*flip, *inside, *flip]


def inverted(elements: Sequence[Element]) -> list[Element]:
    """Return what undoes the elements."""
    return [undone for one in reversed(elements) for undone in _inverse(one)]


def powered(elements: Sequence[Element], power: float) -> list[Element]:
    """Return a power of the elements' product, the principal one for a fraction.

    Args:
        elements: What is repeated.
        power: Any number; a fraction is known for single elements of most gates.

    Raises:
        UnknownPowerError: This power is not known.
    """
    if power < 0:
        return inverted(powered(elements, -power))
    if len(elements) == 1 and elements[0].base in _SCALABLE and (power == int(power) or _is_principal(elements[0])):
        one = elements[0]
        return [one._replace(angles=(times(one.angles[0], power), *one.angles[1:]))]
    if power == int(power):
        return list(elements) * int(power)
    root = _ROOTS.get(elements[0].base) if len(elements) == 1 else None
    if root is None:
        raise UnknownPowerError(power)
    return root(elements[0], power)


def times(angle: Angle, factor: float) -> Angle:
    """Return a multiple of an angle."""
    if isinstance(angle, Affine):
        return Affine(tuple((name, one * factor) for name, one in angle.terms), angle.constant * factor)
    return exact_number(angle * factor)


def _plus(left: Angle, right: Angle) -> Angle:
    if not isinstance(left, Affine) and not isinstance(right, Affine):
        return exact_number(left + right)
    one, other = (part if isinstance(part, Affine) else Affine((), float(part)) for part in (left, right))
    terms = dict(one.terms)
    for name, coefficient in other.terms:
        terms[name] = terms.get(name, 0.0) + coefficient
    kept = tuple(sorted((name, coefficient) for name, coefficient in terms.items() if coefficient))
    constant = one.constant + other.constant
    return Affine(kept, constant) if kept else exact_number(constant)


# Inverses

_SELF_INVERSE = frozenset({"id", "x", "y", "z", "h", "swap", "ecr"})
_PAIRS = {"s": "sdg", "sdg": "s", "t": "tdg", "tdg": "t", "sx": "sxdg", "sxdg": "sx"}
_SCALABLE = frozenset({"p", "rx", "ry", "rz", "r", "rxx", "ryy", "rzz", "rzx", "gphase"})


def _inverse(one: Element) -> list[Element]:
    if one.base in _SELF_INVERSE:
        return [one]
    if one.base in _PAIRS:
        return [one._replace(base=_PAIRS[one.base])]
    if one.base in _SCALABLE:
        return [one._replace(angles=(times(one.angles[0], -1), *one.angles[1:]))]
    if one.base == "u":
        theta, phi, lam = (times(angle, -1) for angle in one.angles)
        return [one._replace(angles=(theta, lam, phi))]
    return inverted(_REPLACED[one.base](one))


# Powers that are fractions


def _is_principal(one: Element) -> bool:
    """Return whether no eigenvalue's phase lies beyond ±π, so that scaling the angle is the principal power."""
    angle = one.angles[0]
    limit = _PI if one.base in ("p", "gphase") else 2 * _PI
    return not isinstance(angle, Affine) and abs(angle) < limit


def _phase_power(one: Element, power: float, phase: float) -> Element:
    return Element("p", one.controls, one.targets, (phase * power,))


def _between(one: Element, before: Iterable[Element], after: Iterable[Element]) -> list[Element]:
    return [*before, one, *after]


def _on(qubit: int, *bases: str) -> list[Element]:
    return [Element(base, (), (qubit,)) for base in bases]


def _swap_root(one: Element, power: float) -> list[Element]:
    first, second = one.targets
    around = [Element("x", (first,), (second,))]
    inside = Element("p", (*one.controls, second), (first,), (_PI * power,))
    return [*around, *_on(first, "h"), inside, *_on(first, "h"), *around]


def _phase_root(phase: float) -> Callable[[Element, float], list[Element]]:
    return lambda one, power: [_phase_power(one, power, phase)]


_PHASES = {"z": _PI, "s": _PI / 2, "sdg": -_PI / 2, "t": _PI / 4, "tdg": -_PI / 4}
_ROOTS: Mapping[str, Callable[[Element, float], list[Element]]] = {
    "id": lambda one, power: [],
    **{base: _phase_root(phase) for base, phase in _PHASES.items()},
    "x": lambda one, power: _between(_phase_power(one, power, _PI), _on(one.targets[0], "h"), _on(one.targets[0], "h")),
    "y": lambda one, power: _between(
        _phase_power(one, power, _PI), _on(one.targets[0], "sdg", "h"), _on(one.targets[0], "h", "s")
    ),
    "h": lambda one, power: _between(
        _phase_power(one, power, _PI), [_ry(one.targets[0], -_PI / 4)], [_ry(one.targets[0], _PI / 4)]
    ),
    "sx": lambda one, power: _between(
        _phase_power(one, power, _PI / 2), _on(one.targets[0], "h"), _on(one.targets[0], "h")
    ),
    "sxdg": lambda one, power: _between(
        _phase_power(one, power, -_PI / 2), _on(one.targets[0], "h"), _on(one.targets[0], "h")
    ),
    "swap": _swap_root,
}


def _ry(qubit: int, angle: float) -> Element:
    return Element("ry", (), (qubit,), (angle,))


# Elements that the table lacks


def _as_phase(phase: float) -> Callable[[Element], list[Element]]:
    return lambda one: [Element("p", one.controls, one.targets, (phase,))]


def _gphase(one: Element) -> list[Element]:
    if not one.controls:
        return []
    return [Element("p", one.controls[:-1], one.controls[-1:], one.angles)]


def _p(one: Element) -> list[Element]:
    others, last, (target,) = one.controls[:-1], one.controls[-1], one.targets
    half = times(one.angles[0], 0.5)
    flip = Element("x", others, (last,))
    return [
        Element("p", (last,), (target,), (half,)),
        flip,
        Element("p", (last,), (target,), (times(half, -1),)),
        flip,
        Element("p", others, (target,), (half,)),
    ]


def _x(one: Element) -> list[Element]:
    hadamard = _on(one.targets[0], "h")
    return _between(one._replace(base="z"), hadamard, hadamard)


def _y(one: Element) -> list[Element]:
    return _between(one._replace(base="x"), _on(one.targets[0], "sdg"), _on(one.targets[0], "s"))


def _h(one: Element) -> list[Element]:
    target = one.targets[0]
    return _between(one._replace(base="z"), [_ry(target, -_PI / 4)], [_ry(target, _PI / 4)])


def _sx(one: Element) -> list[Element]:
    hadamard = _on(one.targets[0], "h")
    phase = _PI / 2 if one.base == "sx" else -_PI / 2
    return _between(Element("p", one.controls, one.targets, (phase,)), hadamard, hadamard)


def _rx(one: Element) -> list[Element]:
    hadamard = _on(one.targets[0], "h")
    return _between(one._replace(base="rz"), hadamard, hadamard)


def _rotation(one: Element) -> list[Element]:
    half = times(one.angles[0], 0.5)
    flip = Element("x", one.controls, one.targets)
    return [
        Element(one.base, (), one.targets, (half,)),
        flip,
        Element(one.base, (), one.targets, (times(half, -1),)),
        flip,
    ]


def _u(one: Element) -> list[Element]:
    theta, phi, lam = one.angles
    return [
        Element("gphase", one.controls, (), (times(_plus(phi, lam), 0.5),)),
        Element("rz", one.controls, one.targets, (lam,)),
        Element("ry", one.controls, one.targets, (theta,)),
        Element("rz", one.controls, one.targets, (phi,)),
    ]


def _r(one: Element) -> list[Element]:
    theta, phi = one.angles
    return [one._replace(base="u", angles=(theta, _plus(phi, -_PI / 2), _plus(times(phi, -1), _PI / 2)))]


def _swap(one: Element) -> list[Element]:
    first, second = one.targets
    around = Element("x", (second,), (first,))
    return [around, Element("x", (*one.controls, first), (second,)), around]


def _iswap(one: Element) -> list[Element]:
    a, b = one.targets
    parts = [
        *_on(a, "s"),
        *_on(b, "s"),
        *_on(a, "h"),
        Element("x", (a,), (b,)),
        Element("x", (b,), (a,)),
        *_on(b, "h"),
    ]
    return [part._replace(controls=(*one.controls, *part.controls)) for part in parts]


def _ecr(one: Element) -> list[Element]:
    first = one.targets[:1]
    return [
        Element("rzx", one.controls, one.targets, (_PI / 4,)),
        Element("x", one.controls, first),
        Element("rzx", one.controls, one.targets, (-_PI / 4,)),
    ]


def _two_qubit_rotation(one: Element) -> list[Element]:
    a, b = one.targets
    link = Element("x", (a,), (b,))
    turn = Element("rz", one.controls, (b,), one.angles)
    before, after = _AXES[one.base](a, b)
    return [*before, link, turn, link, *after]


def _quarter_turns(a: int, b: int, angle: float) -> list[Element]:
    return [Element("rx", (), (qubit,), (angle,)) for qubit in (a, b)]


_AXES: Mapping[str, Callable[[int, int], tuple[list[Element], list[Element]]]] = {
    "rzz": lambda a, b: ([], []),
    "rzx": lambda a, b: (_on(b, "h"), _on(b, "h")),
    "rxx": lambda a, b: (_on(a, "h") + _on(b, "h"), _on(a, "h") + _on(b, "h")),
    "ryy": lambda a, b: (_quarter_turns(a, b, _PI / 2), _quarter_turns(a, b, -_PI / 2)),
}
_REPLACED: Mapping[str, Callable[[Element], list[Element]]] = {
    "id": lambda one: [],
    "gphase": _gphase,
    **{base: _as_phase(phase) for base, phase in _PHASES.items()},
    "p": _p,
    "x": _x,
    "y": _y,
    "h": _h,
    "sx": _sx,
    "sxdg": _sx,
    "rx": _rx,
    "ry": _rotation,
    "rz": _rotation,
    "u": _u,
    "r": _r,
    "swap": _swap,
    "iswap": _iswap,
    "ecr": _ecr,
    **dict.fromkeys(_AXES, _two_qubit_rotation),
}
