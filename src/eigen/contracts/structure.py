"""What the structure of a circuit says about how hard it is to simulate, without simulating it.

Theory. A Clifford circuit takes time polynomial in its qubits (Gottesman and Knill). A matrix product state takes time
cubic in the Schmidt rank χ between neighbouring parts of the chain of qubits (Vidal, Phys. Rev. Lett. 91, 147902): a
gate that acts across a cut multiplies χ by at most its operator Schmidt rank there, which is 2 for a controlled gate or
a rotation about a Pauli product and 4 for a swap, and χ is at most 2^min(k, n − k) whatever happens.

Both are bounds that hold for every input state and every value of the parameters, counted from the gates' names and
qubits in one pass; equal gates on equal qubits are looked at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.contracts.rotations import CLIFFORD_GATES, quarter_turns

if TYPE_CHECKING:
    from eigen.contracts.aqo import Operation

__all__ = ["is_clifford", "schmidt_bits"]

_NOT_GATES = frozenset({BARRIER, MEASURE, RESET})
_CLIFFORD_OPS = _NOT_GATES | {GATES[name].op for name in CLIFFORD_GATES}
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
    spans = Counter(
        (operation.op, operation.q)
        for operation in operations
        if len(operation.q) > 1 and operation.op not in _NOT_GATES
    )
    steps = [0] * (qubits + 1)  # what is added at each qubit to the bits of the cut in front of the next one
    for (op, on), times in spans.items():
        bits = times * _RANK_BITS_OF_OP.get(op, 1)
        steps[min(on)] += bits
        steps[max(on)] -= bits
    cuts = accumulate(steps[:-1])
    return max((min(bits, cut, qubits - cut) for cut, bits in enumerate(cuts, start=1)), default=0)
