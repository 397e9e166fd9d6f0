"""A program's circuit as it is sent to a backend, and a backend's counts as the program's. Runs in a worker.

What is known of classical bits without a run is settled before (`eigen.drivers.bit_flow`), and only bits that are
measured or read are sent: backends stumble over others, and over circuits that measure nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from eigen.contracts.aqo import AQO, Operation
from eigen.contracts.aqo_json import decode
from eigen.contracts.errors import InternalError
from eigen.contracts.gates import MEASURE
from eigen.contracts.printable import quoted
from eigen.drivers.bit_flow import settled

__all__ = ["SentCircuit"]


@dataclass(frozen=True, slots=True)
class SentCircuit:
    """A circuit with the classical bits that it uses only.

    Attributes:
        circuit: The circuit.
        width: Number of the program's classical bits.
        clbits: The program's bit of each of the circuit's, ascending.
        is_measured: Whether a measurement may run. Where none does, it is not to be sent, since every bit stays 0.
    """

    circuit: AQO
    width: int
    clbits: tuple[int, ...]
    is_measured: bool

    @classmethod
    def of(cls, content: bytes) -> SentCircuit:
        """Read an AQO document."""
        circuit = decode(content)
        narrow, clbits = _without_unused_bits(settled(circuit))
        return cls(narrow, circuit.clbits, clbits, any(one.op == MEASURE for one in narrow.operations))

    def counts(self, given: Mapping[str, int]) -> dict[int, int]:
        """Return a backend's counts by number of the program's classical bits, ascending.

        Args:
            given: By bitstring of the circuit's bits; those of Qiskit's results have blanks between registers.

        Raises:
            InternalError: A bitstring is none of this circuit.
        """
        numbers: dict[int, int] = {}
        for bits, count in given.items():
            number = self._number(bits.replace(" ", ""))
            numbers[number] = numbers.get(number, 0) + int(count)
        return dict(sorted(numbers.items()))

    def _number(self, bits: str) -> int:
        if len(bits) != len(self.clbits) or bits.strip("01"):
            raise InternalError(
                f"the backend gave the bitstring {quoted(bits)} for {len(self.clbits)} bits",
                reason="ENGINE_BROKE_PROMISE",
            )
        if self.width == len(self.clbits):
            return int(bits, 2)
        return sum((bit == "1") << clbit for bit, clbit in zip(reversed(bits), self.clbits, strict=True))


def _without_unused_bits(circuit: AQO) -> tuple[AQO, tuple[int, ...]]:
    """Return a circuit whose classical bits are all measured or read, and the former number of each of them."""
    used: set[int] = set()
    for operation in circuit.operations:
        used.update(operation.c, operation.condition.c if operation.condition is not None else ())
    clbits = tuple(sorted(used))
    if len(clbits) == circuit.clbits:
        return circuit, clbits
    place_of = {clbit: place for place, clbit in enumerate(clbits)}
    operations = tuple(_renumbered(operation, place_of) for operation in circuit.operations)
    return replace(circuit, clbits=len(clbits), operations=operations), clbits


def _renumbered(operation: Operation, place_of: Mapping[int, int]) -> Operation:
    condition = operation.condition
    if condition is not None:
        condition = condition._replace(c=tuple(place_of[clbit] for clbit in condition.c))
    return operation._replace(c=tuple(place_of[clbit] for clbit in operation.c), condition=condition)
