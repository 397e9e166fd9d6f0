"""AQO v0.1, Abstract Quantum Operations: the portable circuit between compiler and devices.

Theory: a circuit is a flat list of operations on numbered qubits and classical bits; all control flow of the source is
gone except the condition of a single operation on measured bits. Angles are numbers or affine expressions over named
parameters; their values (bindings) travel beside the circuit, so that the digest does not depend on them.

An operation is a named tuple rather than a model: a program may emit a million of them, equal ones may be the same
object, and a tuple is made and hashed in a fraction of a microsecond. The canonical JSON is in `aqo_json`.

Source: seed section 3.2, step 2; contract "AQO v0.1".
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.gates import BARRIER, MEASURE, RESET
from eigen.contracts.printable import quoted
from eigen.contracts.structure import is_clifford, schmidt_bits

__all__ = [
    "AQO",
    "AQO_VERSION",
    "PARAMETER_NAME",
    "Affine",
    "Angle",
    "CircuitProfile",
    "Condition",
    "Operation",
    "PauliTerm",
    "evaluate",
    "profile",
]

AQO_VERSION = "0.1"
_MANY_QUBITS = 20
PARAMETER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""What a parameter may be called: an ASCII identifier of at most 64 characters."""


class Affine(NamedTuple):
    """A symbolic angle: the sum of coefficient × parameter, plus a constant, in radians.

    Attributes:
        terms: (parameter, coefficient) sorted by name, no coefficient zero, at least one term.
        constant: The constant summand.
    """

    terms: tuple[tuple[str, float], ...]
    constant: float = 0.0


Angle = int | float | Affine
"""An angle in radians: a finite number, or symbolic."""


class Condition(NamedTuple):
    """Run the operation only if the classical bits `c`, the first one least significant, hold the value `eq`."""

    c: tuple[int, ...]
    eq: int


class Operation(NamedTuple):
    """One operation of a circuit.

    Attributes:
        op: A gate's name in upper case, or `MEASURE`, `RESET`, `BARRIER`.
        q: Qubits, in the gate's order (controls first); distinct.
        params: Angles in the gate's order, radians.
        c: `MEASURE` only: the classical bit of each qubit.
        condition: Feed-forward condition, or None.
        basis: `MEASURE` only: `X` or `Y`; empty for the computational basis.
    """

    op: str
    q: tuple[int, ...]
    params: tuple[Angle, ...] = ()
    c: tuple[int, ...] = ()
    condition: Condition | None = None
    basis: str = ""


class PauliTerm(NamedTuple):
    """A weighted Pauli product: letter k of `paulis` acts on `qubits[k]`; the identity has neither."""

    paulis: str
    qubits: tuple[int, ...]
    coefficient: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AQO:
    """A circuit.

    Attributes:
        qubits: Number of qubits, numbered from 0.
        clbits: Number of classical bits, numbered from 0; the width of every bitstring of its counts.
        parameters: Names of the free parameters in order of declaration.
        operations: In order of execution.
        observables: Named sums of Pauli terms.
    """

    qubits: int
    clbits: int
    parameters: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()
    observables: Mapping[str, tuple[PauliTerm, ...]] = field(default_factory=dict)


def evaluate(angle: Angle, binding: Mapping[str, float]) -> float:
    """Return the value of an angle in radians under a binding.

    Raises:
        InvalidArgumentError: The binding lacks a parameter, or the value is not finite.

    Example:
        >>> evaluate(Affine((("theta", 2.0),), 0.5), {"theta": 0.25})
        1.0
    """
    if not isinstance(angle, Affine):
        return angle
    try:
        value = angle.constant + math.fsum(coefficient * binding[name] for name, coefficient in angle.terms)
    except KeyError as error:
        raise InvalidArgumentError(
            f"parameter {quoted(error.args[0])} has no value",
            reason="PARAMETER_UNBOUND",
            hint="give it under spec.inputs, or as --input NAME=VALUE",
        ) from error
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise InvalidArgumentError(
            "an angle is not finite once its parameters are bound",
            reason="PARAMETER_NOT_FINITE",
            hint="give smaller values, or smaller factors in the program",
        )
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitProfile:
    """What a device must be able to do to run a circuit, and what choosing an engine depends on.

    Attributes:
        qubits: Number of qubits.
        clbits: Number of classical bits.
        op_counts: How often each operation occurs.
        parameters: Names of the free parameters.
        has_mid_circuit: A qubit is used again after it was measured, or a bit is measured into twice.
        has_reset: There is a reset.
        has_conditions: There is feed-forward.
        observables: Names of the expectation values that are asked for.
        observable_bounds: For each of them the sum of its coefficients' magnitudes, which no value of it exceeds.
        is_clifford: Every gate is known to be a Clifford one, angles included.
        couplings: Pairs of qubits, the lower first, that a gate acts on together, ascending.
        schmidt_bits: The base-2 logarithm of a bound on the Schmidt rank between the first k qubits and the others,
            the greatest for any k; None for fewer than 20 qubits, where it decides nothing.
    """

    qubits: int
    clbits: int
    op_counts: Mapping[str, int]
    parameters: tuple[str, ...] = ()
    has_mid_circuit: bool = False
    has_reset: bool = False
    has_conditions: bool = False
    observables: tuple[str, ...] = ()
    observable_bounds: tuple[float, ...] = ()
    is_clifford: bool = False
    couplings: tuple[tuple[int, int], ...] = ()
    schmidt_bits: int | None = None

    @property
    def num_observables(self) -> int:
        """How many expectation values are asked for."""
        return len(self.observables)

    @property
    def num_operations(self) -> int:
        """Number of operations, barriers and measurements included."""
        return sum(self.op_counts.values())


def profile(circuit: AQO) -> CircuitProfile:
    """Return the profile of a circuit; linear in its operations."""
    op_counts = Counter(operation.op for operation in circuit.operations)
    return CircuitProfile(
        qubits=circuit.qubits,
        clbits=circuit.clbits,
        op_counts=dict(sorted(op_counts.items())),
        parameters=circuit.parameters,
        has_mid_circuit=_has_mid_circuit(circuit.operations),
        has_reset="RESET" in op_counts,
        has_conditions=any(operation.condition is not None for operation in circuit.operations),
        observables=tuple(circuit.observables),
        observable_bounds=tuple(sum(abs(one.coefficient) for one in terms) for terms in circuit.observables.values()),
        is_clifford=is_clifford(circuit.operations),
        couplings=_couplings(circuit.operations),
        schmidt_bits=schmidt_bits(circuit.operations, qubits=circuit.qubits)
        if circuit.qubits >= _MANY_QUBITS
        else None,
    )


def _couplings(operations: Iterable[Operation]) -> tuple[tuple[int, int], ...]:
    together = {one.q for one in operations if len(one.q) > 1 and one.op not in (MEASURE, BARRIER, RESET)}
    return tuple(sorted({(low, high) for qubits in together for low, high in combinations(sorted(qubits), 2)}))


def _has_mid_circuit(operations: Iterable[Operation]) -> bool:
    measured: set[int] = set()
    written: set[int] = set()
    for operation in operations:
        if operation.op == BARRIER:
            continue
        if measured and not measured.isdisjoint(operation.q):
            return True
        if operation.op == MEASURE:
            if not written.isdisjoint(operation.c):
                return True
            measured.update(operation.q)
            written.update(operation.c)
    return False
