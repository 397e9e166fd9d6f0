"""The state that expectation values are asked of, and the circuits that ask.

An expectation value is that of the state **before the measurements that end the circuit**: those whose qubits nothing
acts on later and whose bits no condition reads. A measurement in the middle belongs to the state, and so do resets and
feed-forward; such a state is a mixture, of which shots are the samples.
"""

from __future__ import annotations

from dataclasses import replace

from eigen.contracts.aqo import AQO, CircuitProfile, Operation
from eigen.contracts.gates import BARRIER, MEASURE
from eigen.estimation.grouping import MeasurementGroup

__all__ = ["before_measurement", "is_pure", "measured"]


def is_pure(profile: CircuitProfile) -> bool:
    """Return whether the state before the last measurements is one state, and no mixture that chance decides."""
    return not (profile.has_mid_circuit or profile.has_reset or profile.has_conditions)


def before_measurement(circuit: AQO) -> AQO:
    """Return the circuit without its observables and the measurements that end it.

    Where no measurement is left it has no classical bits either.

    Example:
        >>> circuit = AQO(qubits=1, clbits=1, operations=(Operation("H", (0,)), Operation("MEASURE", (0,), c=(0,))))
        >>> before_measurement(circuit).operations
        (Operation(op='H', q=(0,), params=(), c=(), condition=None, basis=''),)
    """
    kept: list[Operation] = []
    used: set[int] = set()
    read: set[int] = set()
    for operation in reversed(circuit.operations):
        if operation.op == BARRIER:
            kept.append(operation)
            continue
        if operation.op == MEASURE:
            operation = _needed_part(operation, used, read)
            if not operation.q:
                continue
        kept.append(operation)
        used.update(operation.q)
        if operation.condition is not None:
            read.update(operation.condition.c)
    has_bits = any(operation.op == MEASURE or operation.condition is not None for operation in kept)
    return replace(circuit, operations=tuple(reversed(kept)), clbits=circuit.clbits if has_bits else 0, observables={})


def measured(circuit: AQO, group: MeasurementGroup) -> AQO:
    """Return a circuit that ends with the measurement of a group; its bits come behind those of the circuit."""
    places = range(circuit.clbits, circuit.clbits + len(group.qubits))
    wanted = list(zip(group.qubits, places, group.letters, strict=True))
    measurements = []
    for basis in sorted(set(group.letters)):
        qubits = tuple(qubit for qubit, _, letter in wanted if letter == basis)
        clbits = tuple(clbit for _, clbit, letter in wanted if letter == basis)
        measurements.append(Operation(MEASURE, qubits, c=clbits, basis="" if basis == "Z" else basis))
    return replace(
        circuit,
        clbits=circuit.clbits + len(group.qubits),
        operations=(*circuit.operations, *measurements),
        observables={},
    )


def _needed_part(measurement: Operation, used: set[int], read: set[int]) -> Operation:
    """Return a measurement without the qubits that it ends."""
    pairs = [
        (qubit, clbit)
        for qubit, clbit in zip(measurement.q, measurement.c, strict=True)
        if qubit in used or clbit in read
    ]
    return measurement._replace(q=tuple(one for one, _ in pairs), c=tuple(one for _, one in pairs))
