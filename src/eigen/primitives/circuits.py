"""Qiskit's circuits made ready for jobs: read once, remembered, and told apart from what they were if they change.

A loop hands over the same circuit thousands of times, so what is known of a circuit is found by its identity. Circuits
can change, so each instruction is compared with what it was when the circuit was read: a standard gate by its name,
bits and parameters, any other operation by its identity. (An operation that is changed inside, after it was put into
a circuit, is not noticed; Qiskit's own circuits share operations between copies and rest on the same.)
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Qubit
from qiskit.exceptions import QiskitError

from eigen.contracts.aqo import PauliTerm
from eigen.contracts.aqo_json import encode
from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.formats.qiskit_circuit import ReadCircuit, read_qiskit
from eigen.formats.qiskit_gates import known_gates
from eigen.jobfile.loader import LoadedJob
from eigen.jobfile.program import job_of_program
from eigen.primitives.lately_used import LatelyUsed

__all__ = ["POINT", "CircuitShelf", "KnownCircuit", "Observables"]

POINT = "point"
"""The parameter that numbers the points of a circuit that has none."""

Observables = Mapping[str, tuple[PauliTerm, ...]]

_MAX_INSTRUCTIONS = 200_000  # of the circuits that are remembered, about 100 MB
_MAX_PROGRAM_BYTES = 64 * 1024 * 1024
_NOT_GATES = tuple(op.lower() for op in (MEASURE, RESET, BARRIER))


class KnownCircuit:
    """A circuit as it was when it was read.

    Args:
        circuit: The circuit.
        optimization_level: As `PrimitiveOptions`.
        programs: Where its programs are remembered.

    Attributes:
        read: The circuit as AQO.
        is_measured: Whether it measures anything.
    """

    def __init__(self, circuit: QuantumCircuit, *, optimization_level: int, programs: LatelyUsed[LoadedJob]) -> None:
        self._circuit = circuit  # kept, so that its identity is not given to another one
        self._trace = _trace(circuit)
        self.read = _read(circuit, optimization_level)
        self.is_measured = any(one.op == MEASURE for one in self.read.aqo.operations)
        self._programs = programs

    @property
    def num_instructions(self) -> int:
        """How many instructions are remembered for it."""
        return len(self._trace) + len(self.read.aqo.operations)

    def is_of(self, circuit: QuantumCircuit) -> bool:
        """Return whether a circuit is this one, and still what it was."""
        return circuit is self._circuit and _trace(circuit) == self._trace

    def job(self, name: str, *, observables: Observables, key: Hashable, has_points: bool) -> LoadedJob:
        """Return a job that runs the circuit.

        Args:
            name: The job's name.
            observables: What is asked of the circuit.
            key: Stands for the observables.
            has_points: Whether the points are numbered, by a parameter that is not used.
        """
        place = self, name, key, has_points
        return self._programs.get(place) or self._programs.put(place, self._made(name, observables, has_points))

    def _made(self, name: str, observables: Observables, has_points: bool) -> LoadedJob:
        parameters = (*self.read.aqo.parameters, *([POINT] if has_points else []))
        content = encode(replace(self.read.aqo, parameters=parameters, observables=observables))
        source = ProgramSource(content=content, filename="program.aqo.json", language=Language.AQO)
        return job_of_program(source, name=name)


class CircuitShelf:
    """The circuits that were used lately.

    Args:
        optimization_level: As `PrimitiveOptions`.
    """

    def __init__(self, *, optimization_level: int) -> None:
        self._known = LatelyUsed[KnownCircuit](
            max_weight=_MAX_INSTRUCTIONS, weight_of=lambda known: known.num_instructions
        )
        programs = LatelyUsed[LoadedJob](
            max_weight=_MAX_PROGRAM_BYTES, weight_of=lambda loaded: len(loaded.source.content)
        )
        self._make = partial(KnownCircuit, optimization_level=optimization_level, programs=programs)

    def circuit(self, circuit: QuantumCircuit) -> KnownCircuit:
        """Return what is known of a circuit; read it, where it is new or has changed.

        Raises:
            EigenError: As `eigen.formats.qiskit_circuit.from_qiskit`, but for angles that are not affine.
        """
        known = self._known.get(id(circuit))
        if known is None or not known.is_of(circuit):
            known = self._known.put(id(circuit), self._make(circuit))
        return known


def _trace(circuit: QuantumCircuit) -> list[Any]:
    """Return what tells a circuit from a changed one; holds all operations, so that no identity is given anew."""
    return [
        (one.name, one.qubits, one.clbits, one.params)
        if one.is_standard_gate()
        else (_Identity(one.operation), one.qubits, one.clbits)
        for one in circuit.data
    ]


class _Identity:
    """An object that equals nothing but itself, whatever it says of equality."""

    __slots__ = ("_one",)

    def __init__(self, one: object) -> None:
        self._one = one

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other._one is self._one

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up


def _read(circuit: QuantumCircuit, optimization_level: int) -> ReadCircuit:
    if not circuit.num_qubits:  # there are no circuits without qubits in AQO; nothing acts on this one
        circuit = circuit.copy()
        circuit.add_bits([Qubit()])
    if optimization_level or not _is_plain(circuit):
        circuit = _transpiled(circuit, optimization_level)
    return read_qiskit(circuit)


def _is_plain(circuit: QuantumCircuit) -> bool:
    """Return whether each instruction is a gate of the table, a measurement, a reset or a barrier."""
    known = known_gates()
    return all(one.name in known or one.name in _NOT_GATES for one in circuit.data)


def _transpiled(circuit: QuantumCircuit, optimization_level: int) -> QuantumCircuit:
    """Return a circuit in the gates of the table, without any layout; what cannot be transpiled, as it is."""
    basis = [gate.qiskit for gate in GATES.values()]
    try:
        return transpile(circuit, basis_gates=basis, optimization_level=optimization_level, seed_transpiler=0)
    except QiskitError:
        return circuit  # whoever reads it names what cannot be read
