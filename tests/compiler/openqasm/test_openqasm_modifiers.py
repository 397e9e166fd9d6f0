"""`ctrl`, `negctrl`, `inv` and `pow` against NumPy: block matrices, conjugate transposes, spectral powers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from eigen.compiler.openqasm.catalogue import MAX_CONTROLS
from eigen.compiler.openqasm.reader import read_openqasm
from eigen.contracts.aqo import Operation
from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.errors import EigenError, ResourceExhaustedError, UnimplementedError
from eigen.contracts.gates import GATES
from eigen.formats.openqasm_gates import OPENQASM3_DEFINITIONS, OPENQASM3_NAMES

HEADER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n' + "\n".join(OPENQASM3_DEFINITIONS.values()) + "\n"
ANGLES = (0.3, -1.1, 2.2, 0.7)


def operations(text: str, *, qubits: int) -> tuple[Operation, ...]:
    program = f"{HEADER}qubit[{qubits}] q;\n{text}"
    return read_openqasm(ProgramSource(content=program.encode(), language=Language.OPENQASM3)).circuit.operations


def unitary(emitted: Iterable[Operation], num_qubits: int) -> np.ndarray:
    """The product of gates as a matrix, qubit 0 least significant."""
    product = np.eye(1 << num_qubits, dtype=complex)
    for one in emitted:
        matrix = np.array(GATES[one.op.lower()].unitary(*one.params))
        mask = sum(1 << qubit for qubit in one.q)
        whole = np.zeros_like(product)
        for column in range(1 << num_qubits):
            inner = sum((column >> qubit & 1) << place for place, qubit in enumerate(one.q))
            for row, amplitude in enumerate(matrix[:, inner]):
                spread = sum((row >> place & 1) << qubit for place, qubit in enumerate(one.q))
                whole[column & ~mask | spread, column] += amplitude
        product = whole @ product
    return product


def controlled(matrix: np.ndarray, *, on: int = 1) -> np.ndarray:
    """The matrix with a control in front, as the least significant qubit."""
    whole = np.eye(2 * len(matrix), dtype=complex)
    whole[on::2, on::2] = matrix
    return whole


def power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eig(matrix)
    return vectors @ np.diag(np.exp(1j * exponent * np.angle(values))) @ np.linalg.inv(vectors)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return abs(abs(np.vdot(one, other)) / len(one) - 1) < 1e-9


def call(name: str) -> tuple[str, np.ndarray, int]:
    gate = GATES[name]
    angles = ANGLES[: len(gate.params)]
    spelled = f"({', '.join(map(str, angles))})" if angles else ""
    return f"{OPENQASM3_NAMES[gate.op]}{spelled}", np.array(gate.unitary(*angles)), gate.num_qubits


def on(count: int) -> str:
    return ", ".join(f"q[{qubit}]" for qubit in range(count))


@pytest.mark.parametrize("controls", [1, 2, 3])
@pytest.mark.parametrize("name", [name for name in GATES if name != "u"])
def test_every_gate_under_controls(name: str, controls: int) -> None:
    """`u` is left to itself: `u3`, its name there, has another phase."""
    spelled, matrix, num_qubits = call(name)
    for _ in range(controls):
        matrix = controlled(matrix)
    size = num_qubits + controls
    emitted = operations(f"ctrl({controls}) @ {spelled} {on(size)};", qubits=size)
    assert same(unitary(emitted, size), matrix)


@pytest.mark.parametrize("name", GATES)
def test_every_gate_is_undone_by_its_inverse(name: str) -> None:
    spelled, _, size = call(name)
    emitted = operations(f"{spelled} {on(size)}; inv @ {spelled} {on(size)};", qubits=size)
    assert same(unitary(emitted, size), np.eye(1 << size))


@pytest.mark.parametrize("exponent", [-2, 0, 1, 3])
@pytest.mark.parametrize("name", GATES)
def test_every_gate_has_whole_powers(name: str, exponent: int) -> None:
    spelled, matrix, size = call(name)
    emitted = operations(f"pow({exponent}) @ {spelled} {on(size)};", qubits=size)
    assert same(unitary(emitted, size), np.linalg.matrix_power(matrix, exponent))


@pytest.mark.parametrize("exponent", [0.5, 1 / 3, -0.25])
@pytest.mark.parametrize(
    "name",
    ["x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "p", "rx", "ry", "rz", "swap", "cx", "ccx", "rzz"],
)
def test_the_principal_power_of_a_gate(name: str, exponent: float) -> None:
    spelled, matrix, size = call(name)
    emitted = operations(f"pow({exponent}) @ {spelled} {on(size)};", qubits=size)
    assert same(unitary(emitted, size), power(matrix, exponent))
    under = operations(f"ctrl @ pow({exponent}) @ {spelled} {on(size + 1)};", qubits=size + 1)
    assert same(unitary(under, size + 1), controlled(power(matrix, exponent)))


def test_a_phase_of_a_gates_body_is_seen_by_a_control() -> None:
    """`U` of OpenQASM 3 is e^{iθ/2} times u; `gphase` is a phase like any other."""
    body = "gate g(t) a { gphase(t); U(0.3, -1.1, 2.2) a; }\n"
    matrix = np.exp(1j * (0.9 + 0.15)) * np.array(GATES["u"].unitary(0.3, -1.1, 2.2))
    emitted = operations(f"{body}ctrl @ g(0.9) q[0], q[1];", qubits=2)
    assert same(unitary(emitted, 2), controlled(matrix))


def test_u3_differs_from_u_by_the_phase_of_the_standard_library() -> None:
    matrix = np.exp(-0.5j * (-1.1 + 2.2)) * np.array(GATES["u"].unitary(0.3, -1.1, 2.2))
    emitted = operations("ctrl @ u3(0.3, -1.1, 2.2) q[0], q[1];", qubits=2)
    assert same(unitary(emitted, 2), controlled(matrix))


def test_controls_take_the_first_operands_in_order() -> None:
    emitted = operations("ctrl @ negctrl @ x q[0], q[1], q[2];", qubits=3)
    inner = controlled(np.array(GATES["x"].unitary()), on=0)
    assert same(unitary(emitted, 3), controlled(inner))


def test_modifiers_of_a_gate_of_the_programs_own() -> None:
    body = "gate g(a) x1, y1 { h x1; crx(a) x1, y1; t y1; }\n"
    plain = unitary(operations(f"{body}g(0.4) q[0], q[1];", qubits=2), 2)
    emitted = operations(f"{body}ctrl @ inv @ pow(2) @ g(0.4) q[0], q[1], q[2];", qubits=3)
    assert same(unitary(emitted, 3), controlled(np.linalg.inv(plain @ plain)))


def test_symbolic_angles_go_through_controls() -> None:
    program = f"{HEADER}input float[64] a;\nqubit[3] q;\nctrl(2) @ rx(2 * a + 1) q[0], q[1], q[2];"
    circuit = read_openqasm(ProgramSource(content=program.encode(), language=Language.OPENQASM3)).circuit
    bound = [one._replace(params=tuple(_value(angle, 0.35) for angle in one.params)) for one in circuit.operations]
    assert same(unitary(bound, 3), controlled(controlled(np.array(GATES["rx"].unitary(1.7)))))


def _value(angle: object, a: float) -> float:
    return sum(slope * a for _, slope in angle.terms) + angle.constant if hasattr(angle, "terms") else angle  # type: ignore[return-value,attr-defined]  # a number


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("gate g a { h a; t a; } pow(0.5) @ g q[0];", UnimplementedError, "QASM0604"),
        ("pow(0.5) @ iswap q[0], q[1];", UnimplementedError, "QASM0604"),
        (f"ctrl({MAX_CONTROLS + 1}) @ x {on(14)};", ResourceExhaustedError, "QASM0508"),
        ("gate g a { h a; t a; } pow(1e9) @ g q[0];", ResourceExhaustedError, "QASM0510"),
    ],
)
def test_what_has_no_sequence_is_refused(text: str, kind: type[EigenError], reason: str) -> None:
    with pytest.raises(kind) as caught:
        operations(text, qubits=14)
    assert caught.value.reason == reason
