"""What the structure of a circuit says about how hard it is to simulate, without simulating it.

Theory. A Clifford circuit takes time polynomial in its qubits (Gottesman and Knill). A matrix product state takes time
cubic in the Schmidt rank χ between neighbouring parts of the chain of qubits (Vidal, Phys. Rev. Lett. 91, 147902): a
gate that acts across a cut multiplies χ by at most its operator Schmidt rank there, which is 2 for a controlled gate or
a rotation about a Pauli product and 4 for a swap, and χ is at most 2^min(k, n − k) whatever happens.

A qubit that is still |0⟩ or |1⟩ is not entangled by a gate that it controls: of a Fourier transform of a basis state no
gate entangles. What is known of each qubit is followed as long as gates leave it a basis state.

Both are told from the gates' names and qubits in one pass, for every value of the parameters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from typing import TYPE_CHECKING

from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.contracts.rotations import CLIFFORD_GATES, quarter_turns

if TYPE_CHECKING:
    from eigen.contracts.aqo import Operation

__all__ = ["is_clifford", "schmidt_bits"]

_NOT_GATES = frozenset({BARRIER, MEASURE, RESET})
_CLIFFORD_OPS = _NOT_GATES | {GATES[name].op for name in CLIFFORD_GATES}
_DIAGONAL_OPS = frozenset(
    GATES[name].op
    for name in ("id", "z", "s", "sdg", "t", "tdg", "p", "rz", "cz", "cs", "csdg", "cp", "crz", "rzz", "ccz")
)
_FLIPS = frozenset({"X", "Y", "CX", "CY", "CCX"})
_NUM_CONTROLS_OF_OP = {
    **dict.fromkeys(("CX", "CY", "CH", "CSX", "CRX", "CRY", "CU", "CSWAP"), 1),
    "CCX": 2,
}
_RANK_BITS_OF_OP = {GATES[name].op: 2 for name in ("swap", "iswap", "cswap")}


def is_clifford(operations: Iterable[Operation]) -> bool:
    """Return whether every gate is a Clifford one, for whatever values of the parameters."""
    known: set[tuple[str, tuple[object, ...]]] = set()
    for operation in operations:
        gate = (operation.op, operation.params)
        if operation.op in _CLIFFORD_OPS or gate in known:
            continue
        if quarter_turns(*gate) is None:
            return False
        known.add(gate)
    return True


def schmidt_bits(operations: Iterable[Operation], *, qubits: int) -> int:
    """Return the base-2 logarithm of a bound on the Schmidt rank, the greatest for all cuts of the chain of qubits."""
    spans = Counter(_entangling(operations, qubits))
    steps = [0] * (qubits + 1)  # what is added at each qubit to the bits of the cut in front of the next one
    for (op, on), times in spans.items():
        bits = times * _RANK_BITS_OF_OP.get(op, 1)
        steps[min(on)] += bits
        steps[max(on)] -= bits
    cuts = accumulate(steps[:-1])
    return max((min(bits, cut, qubits - cut) for cut, bits in enumerate(cuts, start=1)), default=0)


def _entangling(operations: Iterable[Operation], qubits: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the gates that may entangle, each with those of its qubits that it may entangle."""
    known: list[int | None] = [0] * qubits  # the basis state of each qubit, as long as it is one
    rest: Iterator[Operation] = iter(operations)
    for index, operation in enumerate(rest):
        if index % qubits == 0 and all(state is None for state in known):  # from here on every gate counts
            rest = chain([operation], rest)
            break
        op, on = operation.op, operation.q
        if op in _DIAGONAL_OPS:
            acting = tuple(qubit for qubit in on if known[qubit] is None) if len(on) > 1 else ()
        elif op == RESET:
            acting = ()
            for qubit in on:
                known[qubit] = 0 if operation.condition is None or known[qubit] == 0 else None
        elif op in _NOT_GATES:
            continue
        else:
            acting = _acting(operation, known)
        if len(acting) > 1:
            yield op, acting
    yield from ((one.op, one.q) for one in rest if len(one.q) > 1 and one.op not in _NOT_GATES)


def _acting(operation: Operation, known: list[int | None]) -> tuple[int, ...]:
    """Return which qubits a gate that is not diagonal may entangle, and note what it leaves known."""
    num_controls = _NUM_CONTROLS_OF_OP.get(operation.op, 0)
    controls, targets = operation.q[:num_controls], operation.q[num_controls:]
    if any(known[control] == 0 for control in controls):
        return ()
    unknown = tuple(control for control in controls if known[control] is None)
    is_flip = operation.op in _FLIPS and not unknown and operation.condition is None
    for target in targets:
        before = known[target]
        known[target] = 1 - before if is_flip and before is not None else None
    return unknown + targets
