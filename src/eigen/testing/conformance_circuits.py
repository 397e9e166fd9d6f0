"""Small circuits whose exact distributions tell a right driver from one with a common fault.

Each case says in a sentence what it shows. What it needs of a device is read from its profile, so that a device
without feed-forward is not asked for it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from eigen.contracts.aqo import AQO, Affine, Condition, Operation, PauliTerm
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET, Gate
from eigen.verification.exact_distribution import exact_distribution

__all__ = ["CIRCUITS", "OBSERVABLES", "CircuitCase", "gate_cases", "product_value", "random_cases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitCase:
    """A circuit, and what it shows.

    Attributes:
        shows: The fact that its distribution shows.
        circuit: The circuit.
        binding: Values of its parameters, radians.
    """

    shows: str
    circuit: AQO
    binding: Mapping[str, float] = field(default_factory=dict)


def _gate(name: str, *qubits: int, params: Sequence[float | Affine] = (), when: Condition | None = None) -> Operation:
    return Operation(GATES[name].op, qubits, tuple(params), condition=when)


def _measure(qubits: Sequence[int], clbits: Sequence[int], basis: str = "", when: Condition | None = None) -> Operation:
    return Operation(MEASURE, tuple(qubits), c=tuple(clbits), basis=basis, condition=when)


def _case(shows: str, bits: tuple[int, int], *operations: Operation, **binding: float) -> CircuitCase:
    """Return a case on `bits` = (qubits, classical bits)."""
    circuit = AQO(qubits=bits[0], clbits=bits[1], parameters=tuple(binding), operations=operations)
    return CircuitCase(shows=shows, circuit=circuit, binding=binding)


_COIN = (_gate("h", 0), _measure([0], [0]))
_BIT0_IS_1 = Condition((0,), 1)
_BIT0_IS_0 = Condition((0,), 0)
_ORDERS = (
    (1, 2, 0),
    (2, 0, 1),
    (0, 2, 1),
    (1, 0, 2),
    (2, 1, 0),
    (1, 2, 3, 0),
    (3, 0, 1, 2),
    (0, 3, 1, 2),
    (1, 3, 0, 2),
)
"""Among them cycles of three and four qubits, forwards and backwards, which tell an order from its inverse."""
_HALF_X = Affine((("a", 0.5), ("b", -1.0)), 0.25)

CIRCUITS: tuple[CircuitCase, ...] = (
    _case("the rightmost character is classical bit 0", (3, 3), _gate("x", 0), _measure([0, 1, 2], [0, 1, 2])),
    _case("a qubit is measured into the bit that is named", (3, 3), _gate("x", 0), _measure([0, 1, 2], [2, 0, 1])),
    *(
        _case(
            f"each qubit is read into its bit, the qubits {qubits} into 0, 1, 2 …",
            (len(qubits), len(qubits)),
            _gate("x", 0),
            _measure(qubits, range(len(qubits))),
        )
        for qubits in _ORDERS
    ),
    _case("many bits keep their places", (2, 12), _gate("x", 0), _measure([0, 1], [10, 7])),
    _case(
        "many qubits keep their places",
        (9, 9),
        *(_gate("x", qubit) for qubit in (0, 1, 3)),
        _measure(range(9), range(9)),
    ),
    _case("a bit that nothing is measured into is 0 and has its place", (2, 4), _gate("x", 1), _measure([1], [2])),
    _case(
        "the first qubit of a controlled gate is its control",
        (2, 2),
        _gate("x", 1),
        _gate("cx", 0, 1),
        _measure([0, 1], [0, 1]),
    ),
    _case("the qubits of a Bell pair agree", (2, 2), _gate("h", 0), _gate("cx", 0, 1), _measure([0, 1], [0, 1])),
    _case("the order of operations is kept", (1, 1), _gate("h", 0), _gate("s", 0), _gate("h", 0), _measure([0], [0])),
    _case(
        "measuring in basis X reads the sign of a superposition",
        (1, 1),
        _gate("x", 0),
        _gate("h", 0),
        _measure([0], [0], "X"),
    ),
    _case(
        "measuring in basis Y reads the sign of the phase",
        (1, 1),
        _gate("h", 0),
        _gate("sdg", 0),
        _measure([0], [0], "Y"),
    ),
    _case(
        "a later measurement into a bit replaces the earlier one",
        (2, 1),
        _gate("x", 0),
        _measure([0], [0]),
        _measure([1], [0]),
    ),
    _case("measuring twice gives the same twice", (1, 2), *_COIN, _measure([0], [1])),
    _case(
        "a gate behind a measurement does not change what was read", (1, 2), *_COIN, _gate("x", 0), _measure([0], [1])
    ),
    _case("a measurement destroys a superposition", (1, 2), *_COIN, _gate("h", 0), _measure([0], [1])),
    _case(
        "a qubit measured in basis X is left in what was read",
        (1, 2),
        _measure([0], [0], "X"),
        _measure([0], [1], "X"),
    ),
    _case(
        "a qubit measured in basis Y is left in what was read",
        (1, 2),
        _measure([0], [0], "Y"),
        _gate("s", 0),
        _measure([0], [1], "X"),
    ),
    _case(
        "a reset qubit is 0", (2, 2), _gate("h", 0), _gate("cx", 0, 1), Operation(RESET, (0,)), _measure([0, 1], [0, 1])
    ),
    _case(
        "a reset between two measurements changes only the second",
        (1, 2),
        _gate("x", 0),
        _measure([0], [0]),
        Operation(RESET, (0,)),
        _measure([0], [1]),
    ),
    _case("an operation runs where its bit is 1", (2, 2), *_COIN, _gate("x", 1, when=_BIT0_IS_1), _measure([1], [1])),
    _case("an operation runs where its bit is 0", (2, 2), *_COIN, _gate("x", 1, when=_BIT0_IS_0), _measure([1], [1])),
    _case(
        "the first bit of a condition is its least significant",
        (3, 3),
        _gate("x", 0),
        _measure([0, 1], [0, 1]),
        _gate("x", 2, when=Condition((0, 1), 1)),
        _gate("h", 2, when=Condition((1, 0), 1)),
        _measure([2], [2]),
    ),
    _case(
        "a condition on several bits needs all of them",
        (3, 3),
        _gate("h", 0),
        _gate("h", 1),
        _measure([0, 1], [0, 1]),
        _gate("x", 2, when=Condition((0, 1), 2)),
        _measure([2], [2]),
    ),
    _case(
        "a reset may depend on a bit",
        (2, 2),
        *_COIN,
        _gate("x", 1),
        Operation(RESET, (1,), condition=_BIT0_IS_1),
        _measure([1], [1]),
    ),
    _case("a measurement may depend on a bit", (2, 2), *_COIN, _gate("x", 1), _measure([1], [1], when=_BIT0_IS_1)),
    _case(
        "where no measurement ever runs, every bit stays 0",
        (2, 3),
        _gate("x", 0),
        _measure([0], [0], when=Condition((1,), 1)),
        _measure([0], [2], when=_BIT0_IS_1),
    ),
    _case(
        "a measurement that does not run leaves its bit as it was",
        (2, 2),
        _gate("x", 0),
        _measure([0], [0]),
        _measure([1], [0], when=Condition((1,), 1)),
    ),
    _case(
        "a condition reads what was measured last",
        (2, 2),
        *_COIN,
        _gate("h", 0),
        _measure([0], [0]),
        _gate("x", 1, when=_BIT0_IS_1),
        _measure([1], [1]),
    ),
    _case(
        "a condition on three bits needs each of them, and turns no two qubits round",
        (5, 5),
        *(_gate("h", qubit) for qubit in (0, 1, 2, 3)),
        _measure([0, 1, 2], [3, 0, 4]),
        _gate("cx", 3, 4, when=Condition((4, 0, 3), 5)),
        _measure([3, 4], [1, 2]),
    ),
    _case(
        "a reset takes all of its qubits, and no other",
        (3, 3),
        *(_gate("x", qubit) for qubit in (0, 1, 2)),
        Operation(RESET, (0, 1)),
        _measure([0, 1, 2], [0, 1, 2]),
    ),
    _case(
        "a reset leaves no superposition of what was",
        (1, 1),
        _gate("h", 0),
        _gate("s", 0),
        Operation(RESET, (0,)),
        _gate("h", 0),
        _measure([0], [0], "X"),
    ),
    _case(
        "a reset of half a pair leaves a mixture of the other",
        (2, 2),
        _gate("h", 0),
        _gate("cx", 0, 1),
        Operation(RESET, (0,)),
        _gate("h", 1),
        _measure([1], [1]),
    ),
    _case(
        "a barrier changes nothing, and ends nothing",
        (2, 2),
        _gate("x", 0),
        Operation(BARRIER, (0, 1)),
        _gate("cx", 0, 1),
        Operation(BARRIER, (1,)),
        _measure([0, 1], [0, 1]),
    ),
    _case(
        "more bits than an integer of a machine has",
        (3, 70),
        _gate("x", 0),
        _gate("x", 2),
        _measure([0, 1, 2], [69, 63, 0]),
    ),
    _case("an angle is not cut off at a few turns", (1, 1), _gate("ry", 0, params=[33.0]), _measure([0], [0])),
    _case(
        "teleportation carries a state",
        (3, 3),
        _gate("ry", 0, params=[0.7]),
        _gate("h", 1),
        _gate("cx", 1, 2),
        _gate("cx", 0, 1),
        _gate("h", 0),
        _measure([0, 1], [0, 1]),
        _gate("x", 2, when=Condition((1,), 1)),
        _gate("z", 2, when=_BIT0_IS_1),
        _gate("ry", 2, params=[-0.7]),
        _measure([2], [2]),
    ),
    _case(
        "an angle is an affine expression of parameters",
        (2, 2),
        _gate("ry", 0, params=[_HALF_X]),
        _gate("ry", 1, params=[Affine((("b", 2.0),))]),
        _measure([0, 1], [0, 1]),
        a=1.9,
        b=-0.6,
    ),
    _case(
        "a conditional operation takes parameters too",
        (2, 2),
        *_COIN,
        _gate("ry", 1, params=[Affine((("a", 1.0),))], when=_BIT0_IS_1),
        _measure([1], [1]),
        a=1.1,
    ),
)
"""One fact each; together they catch reversed bits, dropped conditions, wrong signs and the like."""


def gate_cases(gates: Collection[str]) -> Iterator[CircuitCase]:
    """Yield circuits that tell each gate from its inverse, from other gates and from itself on its qubits reordered.

    Each qubit is prepared in another state, and is turned before it is read, so that phases show. With `ry` and `rz`
    two generic choices of turns do; on devices without, nine preparations and readings by Clifford gates.
    """
    for name in sorted(GATES.keys() & gates):
        if {"ry", "rz"} <= set(gates):
            yield from (_generic_case(GATES[name], *turns) for turns in _GENERIC_TURNS)
        elif {"h", "s"} <= set(gates):
            yield from _clifford_cases(GATES[name])


_GENERIC_TURNS = ((1.9, 2.5, 1.6, 2.2), (2.0, 0.5, 2.2, 1.8))
"""Angles of `ry` and `rz` on the first qubit before the gate, and of both behind it; the other qubits have others.

Chosen by a random search so that the distributions of any two gates are well apart in at least one of the two."""


def _angles(gate: Gate) -> list[float]:
    return [0.7 + 0.4 * position for position in range(len(gate.params))]


def _generic_case(
    gate: Gate, theta_before: float, phi_before: float, theta_behind: float, phi_behind: float
) -> CircuitCase:
    qubits = range(gate.num_qubits)
    before = [one for k in qubits for one in _turn(k, theta_before + 0.5 * k, phi_before + 0.3 * k)]
    behind = [one for k in qubits for one in _turn(k, theta_behind - 0.4 * k, phi_behind + 0.2 * k)]
    return _gate_case(gate, before, behind[::-1])


def _turn(qubit: int, theta: float, phi: float) -> list[Operation]:
    return [_gate("ry", qubit, params=[theta]), _gate("rz", qubit, params=[phi])]


def _clifford_cases(gate: Gate) -> Iterator[CircuitCase]:
    turns: tuple[tuple[str, ...], ...] = ((), ("h",), ("h", "s"))
    backs: tuple[tuple[str, ...], ...] = ((), ("h",), ("s", "h"))
    qubits = range(gate.num_qubits)
    for first in range(len(turns)):
        for last in range(len(backs)):
            before = [_gate(name, k) for k in qubits for name in turns[(first + k) % len(turns)]]
            after = [_gate(name, k) for k in qubits for name in backs[(last + k) % len(backs)]]
            yield _gate_case(gate, before, after)


def _gate_case(gate: Gate, before: Sequence[Operation], after: Sequence[Operation]) -> CircuitCase:
    qubits = tuple(range(gate.num_qubits))
    acting = _gate(gate.name, *qubits, params=_angles(gate))
    shows = f"the gate {gate.name} is the gate table's"
    return _case(shows, (len(qubits), len(qubits)), *before, acting, *after, _measure(qubits, qubits))


def random_cases(gates: Collection[str], *, num_cases: int, num_qubits: int, depth: int) -> Iterator[CircuitCase]:
    """Yield circuits of random gates, the same ones every time."""
    chance = random.Random(20_260_101)  # noqa: S311  # circuits, not secrets
    usable = [GATES[name] for name in sorted(GATES.keys() & gates) if GATES[name].num_qubits <= num_qubits]
    for index in range(num_cases):
        operations = [_random_gate(chance, usable, num_qubits) for _ in range(depth)]
        every = range(num_qubits)
        yield _case(f"random circuit {index}", (num_qubits, num_qubits), *operations, _measure(every, every))


def _random_gate(chance: random.Random, usable: Sequence[Gate], num_qubits: int) -> Operation:
    gate = chance.choice(usable)
    angles = [chance.choice([0.0, math.pi / 2, chance.uniform(-7, 7)]) for _ in gate.params]
    return _gate(gate.name, *chance.sample(range(num_qubits), gate.num_qubits), params=angles)


OBSERVABLES: Mapping[str, tuple[PauliTerm, ...]] = {
    "asymmetric": (PauliTerm("Y", (0,), -0.25), PauliTerm("YXX", (0, 1, 2), 0.5), PauliTerm("ZZ", (0, 2), 2.0)),
    "shifted": (PauliTerm("XXY", (0, 1, 2), 1.5), PauliTerm("Z", (1,), 0.125), PauliTerm("", (), -3.0)),
    "constant": (PauliTerm("", (), 0.75),),
}
"""Observables of three qubits that no reordering of qubits or letters leaves as they are."""


def product_value(state: AQO, product: PauliTerm) -> float:
    """Return the expectation value of a product without its coefficient: the mean parity of its measured bits."""
    measurements = tuple(
        Operation(MEASURE, (qubit,), c=(place,), basis="" if letter == "Z" else letter)
        for place, (letter, qubit) in enumerate(zip(product.paulis, product.qubits, strict=True))
    )
    circuit = replace(state, clbits=len(measurements), operations=(*state.operations, *measurements))
    distribution = exact_distribution(circuit)
    return math.fsum(one * (-1) ** bits.count("1") for bits, one in distribution.items())
