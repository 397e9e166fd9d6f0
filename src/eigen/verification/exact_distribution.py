"""The exact distribution of a circuit's classical bits, by the textbook: an oracle to hold drivers against.

A state is a sparse map from basis index (bit k is qubit k) to amplitude, in plain Python: gates are the gate table's
matrices, a measurement splits a branch by its outcomes, a condition looks at the branch's own bits. It shares nothing
with any backend, and is fast enough for circuits of a few qubits, or of many in few basis states.

Theory: Nielsen and Chuang, Quantum Computation and Quantum Information, section 2.2 (postulates 2 to 4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from eigen.contracts.aqo import AQO, Condition, Operation, evaluate
from eigen.contracts.errors import ResourceExhaustedError
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET, Matrix

__all__ = ["MAX_AMPLITUDES", "MAX_STEPS", "apportioned", "exact_distribution"]

MAX_AMPLITUDES = 2**14
"""Most amplitudes of all branches together."""

MAX_STEPS = 2**24
"""Most amplitudes of all operations together: some ten seconds."""

_NEGLIGIBLE = 1e-24
_GATE_OF_OP = {gate.op: gate for gate in GATES.values()}
_INTO_BASIS = {"": (), "X": ("h",), "Y": ("sdg", "h")}
_OUT_OF_BASIS = {"": (), "X": ("h",), "Y": ("h", "s")}

State = dict[int, complex]


class _Branch(NamedTuple):
    """One history of measured bits; the squared norm of its state is its probability."""

    bits: int
    state: State


def exact_distribution(
    circuit: AQO, binding: Mapping[str, float] | None = None, *, max_steps: int = MAX_STEPS
) -> dict[str, float]:
    """Return the probability of each bitstring.

    Args:
        circuit: What to run.
        binding: Value of each parameter.
        max_steps: Most amplitudes of all operations together.

    Returns:
        Bitstring to probability, without those of probability zero; the rightmost character is classical bit 0, the
        width is the number of classical bits, bits that nothing is measured into are 0.

    Raises:
        ResourceExhaustedError: The state or the branches grow beyond `MAX_AMPLITUDES`, or it takes too many steps.

    Example:
        >>> flip, look = Operation("X", (0,)), Operation("MEASURE", (0,), c=(1,))
        >>> exact_distribution(AQO(qubits=1, clbits=2, operations=(flip, look)))
        {'10': 1.0}
    """
    branches, steps = [_Branch(0, {0: 1 + 0j})], 0
    for operation in circuit.operations:
        branches = [after for before in branches for after in _step(before, operation, binding or {})]
        amplitudes = sum(len(branch.state) for branch in branches)
        steps += amplitudes
        if amplitudes > MAX_AMPLITUDES or steps > max_steps:
            raise ResourceExhaustedError(
                f"the circuit is too large for its exact distribution: it takes more than {MAX_AMPLITUDES} amplitudes, "
                f"or {max_steps} of all operations together",
                reason="ORACLE_SIZE",
                hint="take a smaller circuit of the same kind",
                details={"amplitudes": MAX_AMPLITUDES, "steps": max_steps},
            )
    return _distribution(branches, circuit.clbits)


def apportioned(distribution: Mapping[str, float], shots: int) -> dict[str, int]:
    """Return whole counts as near to a distribution as can be, by largest remainders; their sum is `shots`.

    Example:
        >>> apportioned({"00": 0.5, "11": 0.5}, 1024)
        {'00': 512, '11': 512}
    """
    quotas = {bits: probability * shots for bits, probability in sorted(distribution.items())}
    counts = {bits: int(quota + 1e-9) for bits, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda bits: counts[bits] - quotas[bits])
    for bits in by_remainder[: shots - sum(counts.values())]:
        counts[bits] += 1
    return {bits: count for bits, count in counts.items() if count}


def _step(branch: _Branch, operation: Operation, binding: Mapping[str, float]) -> Iterable[_Branch]:
    if operation.op == BARRIER or not _holds(operation.condition, branch.bits):
        return [branch]
    if operation.op == MEASURE:
        return _measured(branch, operation)
    if operation.op == RESET:
        return _reset(branch, operation.q)
    angles = [evaluate(angle, binding) for angle in operation.params]
    matrix = _GATE_OF_OP[operation.op].unitary(*angles)
    return [_Branch(branch.bits, _applied(branch.state, matrix, operation.q))]


def _holds(condition: Condition | None, bits: int) -> bool:
    return condition is None or all(
        (bits >> clbit & 1) == (condition.eq >> position & 1) for position, clbit in enumerate(condition.c)
    )


def _measured(branch: _Branch, operation: Operation) -> list[_Branch]:
    state = _rotated(branch.state, _INTO_BASIS[operation.basis], operation.q)
    after = []
    for outcome, part in _split(state, operation.q).items():
        bits = branch.bits
        for position, clbit in enumerate(operation.c):
            bits = bits & ~(1 << clbit) | (outcome >> position & 1) << clbit
        after.append(_Branch(bits, _rotated(part, _OUT_OF_BASIS[operation.basis], operation.q)))
    return after


def _reset(branch: _Branch, qubits: tuple[int, ...]) -> list[_Branch]:
    mask = sum(1 << qubit for qubit in qubits)
    return [
        _Branch(branch.bits, {index & ~mask: amplitude for index, amplitude in part.items()})
        for part in _split(branch.state, qubits).values()
    ]


def _split(state: State, qubits: tuple[int, ...]) -> dict[int, State]:
    """Return the state's projections by outcome, qubit k of `qubits` as bit k of the outcome."""
    parts: defaultdict[int, State] = defaultdict(dict)
    for index, amplitude in state.items():
        parts[_local_index(index, qubits)][index] = amplitude
    return parts


def _rotated(state: State, gates: tuple[str, ...], qubits: tuple[int, ...]) -> State:
    for gate in gates:
        for qubit in qubits:
            state = _applied(state, GATES[gate].unitary(), (qubit,))
    return state


def _applied(state: State, matrix: Matrix, qubits: tuple[int, ...]) -> State:
    mask = sum(1 << qubit for qubit in qubits)
    spread = [sum((row >> k & 1) << qubit for k, qubit in enumerate(qubits)) for row in range(len(matrix))]
    after: defaultdict[int, complex] = defaultdict(complex)
    for index, amplitude in state.items():
        column, rest = _local_index(index, qubits), index & ~mask
        for row, place in enumerate(spread):
            if matrix[row][column]:
                after[rest | place] += matrix[row][column] * amplitude
    return {index: amplitude for index, amplitude in after.items() if abs(amplitude) ** 2 > _NEGLIGIBLE}


def _local_index(index: int, qubits: tuple[int, ...]) -> int:
    return sum((index >> qubit & 1) << position for position, qubit in enumerate(qubits))


def _distribution(branches: Iterable[_Branch], width: int) -> dict[str, float]:
    totals: defaultdict[int, float] = defaultdict(float)
    for branch in branches:
        totals[branch.bits] += sum(abs(amplitude) ** 2 for amplitude in branch.state.values())
    return {f"{bits:0{width}b}": total for bits, total in sorted(totals.items()) if total > _NEGLIGIBLE}
