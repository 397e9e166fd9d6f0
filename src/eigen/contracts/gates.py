"""The one gate table: every other list of gates in the system is derived from it.

Conventions: a gate's first qubit is the least significant bit of its matrix's index (Qiskit's order), so that the
matrix of `cx(control, target)` is `[[1,0,0,0],[0,0,0,1],[0,0,1,0],[0,1,0,0]]`. Controls come first. Angles are radians.

Sources: OpenQASM 3 `stdgates.inc` (https://openqasm.com/language/standard_library.html) for names and matrices, and the
class documentation of `qiskit.circuit.library.standard_gates` for those that it lacks.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["BARRIER", "GATES", "GATE_ALIASES", "MEASURE", "RESET", "Gate", "Matrix"]

Matrix = tuple[tuple[complex, ...], ...]
"""A square matrix by rows, 2^n × 2^n for n qubits, first qubit least significant."""

MEASURE, RESET, BARRIER = "MEASURE", "RESET", "BARRIER"
"""AQO operations that are not gates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A unitary operation.

    Attributes:
        name: Eigen-Lang's spelling, lower case; the AQO spelling is the same in upper case.
        num_qubits: How many qubits it acts on, controls first.
        params: Names of its angles in order, radians.
        unitary: Function of the angles that gives the matrix.
        qiskit: Name of the method of `qiskit.QuantumCircuit` and of the Qiskit instruction.
        openqasm: Name in OpenQASM 3's `stdgates.inc`, or None where that library lacks it.
    """

    name: str
    num_qubits: int
    params: tuple[str, ...]
    unitary: Callable[..., Matrix]
    qiskit: str
    openqasm: str | None

    @property
    def op(self) -> str:
        """The gate's name in AQO."""
        return self.name.upper()


def _constant(*rows: tuple[complex, ...]) -> Callable[..., Matrix]:
    return lambda: rows


def _controlled(unitary: Callable[..., Matrix]) -> Callable[..., Matrix]:
    """Return the gate with one more control in front: index = control + 2 * rest."""

    def matrix(*angles: float) -> Matrix:
        inner = unitary(*angles)
        size = 2 * len(inner)
        return tuple(
            tuple(
                inner[row // 2][column // 2] if row % 2 and column % 2 else complex(row == column)
                for column in range(size)
            )
            for row in range(size)
        )

    return matrix


def _u(theta: float, phi: float, lam: float) -> Matrix:
    cos, sin = math.cos(theta / 2), math.sin(theta / 2)
    return (
        (cos, -cmath.exp(1j * lam) * sin),
        (cmath.exp(1j * phi) * sin, cmath.exp(1j * (phi + lam)) * cos),
    )


def _cu(theta: float, phi: float, lam: float, gamma: float) -> Matrix:
    phase = cmath.exp(1j * gamma)
    return _controlled(lambda: tuple(tuple(phase * one for one in row) for row in _u(theta, phi, lam)))()


def _r(theta: float, phi: float) -> Matrix:
    return _u(theta, phi - math.pi / 2, math.pi / 2 - phi)


def _p(lam: float) -> Matrix:
    return ((1, 0), (0, cmath.exp(1j * lam)))


def _rotation(pauli: str) -> Callable[..., Matrix]:
    """Return θ ↦ exp(−i θ/2 P) for a Pauli string, leftmost letter on the first qubit."""
    letters = {"X": ((0, 1), (1, 0)), "Y": ((0, -1j), (1j, 0)), "Z": ((1, 0), (0, -1))}

    def element(row: int, column: int) -> complex:
        product: complex = 1
        for position, letter in enumerate(pauli):
            product *= letters[letter][row >> position & 1][column >> position & 1]
        return product

    def matrix(theta: float) -> Matrix:
        cos, sin = math.cos(theta / 2), math.sin(theta / 2)
        indices = range(2 ** len(pauli))
        return tuple(
            tuple(cos * (row == column) - 1j * sin * element(row, column) for column in indices) for row in indices
        )

    return matrix


_ROOT = math.sqrt(0.5)
_EIGHTH = cmath.exp(0.25j * math.pi)
_I = _constant((1, 0), (0, 1))
_X = _constant((0, 1), (1, 0))
_Y = _constant((0, -1j), (1j, 0))
_Z = _constant((1, 0), (0, -1))
_H = _constant((_ROOT, _ROOT), (_ROOT, -_ROOT))
_S = _constant((1, 0), (0, 1j))
_SDG = _constant((1, 0), (0, -1j))
_T = _constant((1, 0), (0, _EIGHTH))
_TDG = _constant((1, 0), (0, _EIGHTH.conjugate()))
_SX = _constant((0.5 + 0.5j, 0.5 - 0.5j), (0.5 - 0.5j, 0.5 + 0.5j))
_SXDG = _constant((0.5 - 0.5j, 0.5 + 0.5j), (0.5 + 0.5j, 0.5 - 0.5j))
_SWAP = _constant((1, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0), (0, 0, 0, 1))
_ISWAP = _constant((1, 0, 0, 0), (0, 0, 1j, 0), (0, 1j, 0, 0), (0, 0, 0, 1))
_ECR = _constant(
    (0, _ROOT, 0, 1j * _ROOT), (_ROOT, 0, -1j * _ROOT, 0), (0, 1j * _ROOT, 0, _ROOT), (-1j * _ROOT, 0, _ROOT, 0)
)

_ROWS: tuple[tuple[str, int, str, Callable[..., Matrix], str | None], ...] = (
    # name, qubits, angles, matrix, stdgates.inc
    ("id", 1, "", _I, "id"),
    ("x", 1, "", _X, "x"),
    ("y", 1, "", _Y, "y"),
    ("z", 1, "", _Z, "z"),
    ("h", 1, "", _H, "h"),
    ("s", 1, "", _S, "s"),
    ("sdg", 1, "", _SDG, "sdg"),
    ("t", 1, "", _T, "t"),
    ("tdg", 1, "", _TDG, "tdg"),
    ("sx", 1, "", _SX, "sx"),
    ("sxdg", 1, "", _SXDG, None),
    ("p", 1, "lam", _p, "p"),
    ("rx", 1, "theta", _rotation("X"), "rx"),
    ("ry", 1, "theta", _rotation("Y"), "ry"),
    ("rz", 1, "theta", _rotation("Z"), "rz"),
    ("r", 1, "theta phi", _r, None),
    ("u", 1, "theta phi lam", _u, "u3"),
    ("cx", 2, "", _controlled(_X), "cx"),
    ("cy", 2, "", _controlled(_Y), "cy"),
    ("cz", 2, "", _controlled(_Z), "cz"),
    ("ch", 2, "", _controlled(_H), "ch"),
    ("cs", 2, "", _controlled(_S), None),
    ("csdg", 2, "", _controlled(_SDG), None),
    ("csx", 2, "", _controlled(_SX), None),
    ("cp", 2, "lam", _controlled(_p), "cp"),
    ("crx", 2, "theta", _controlled(_rotation("X")), "crx"),
    ("cry", 2, "theta", _controlled(_rotation("Y")), "cry"),
    ("crz", 2, "theta", _controlled(_rotation("Z")), "crz"),
    ("cu", 2, "theta phi lam gamma", _cu, "cu"),
    ("swap", 2, "", _SWAP, "swap"),
    ("iswap", 2, "", _ISWAP, None),
    ("ecr", 2, "", _ECR, None),
    ("rxx", 2, "theta", _rotation("XX"), None),
    ("ryy", 2, "theta", _rotation("YY"), None),
    ("rzz", 2, "theta", _rotation("ZZ"), None),
    ("rzx", 2, "theta", _rotation("ZX"), None),
    ("ccx", 3, "", _controlled(_controlled(_X)), "ccx"),
    ("ccz", 3, "", _controlled(_controlled(_Z)), None),
    ("cswap", 3, "", _controlled(_SWAP), "cswap"),
)

GATES: Mapping[str, Gate] = MappingProxyType(
    {
        name: Gate(
            name=name,
            num_qubits=num_qubits,
            params=tuple(params.split()),
            unitary=unitary,
            qiskit=name,
            openqasm=openqasm,
        )
        for name, num_qubits, params, unitary, openqasm in _ROWS
    }
)
"""Every gate by its Eigen-Lang name."""

GATE_ALIASES: Mapping[str, str] = MappingProxyType({"cnot": "cx", "toffoli": "ccx"})
"""Second names that Eigen-Lang takes; AQO has only the first."""
