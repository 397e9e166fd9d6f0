"""AQO to OpenQASM 3 as Amazon Braket spells it: its names of gates, matrices for the rest, results by pragmas.

Bit order: Braket lists qubits with the most significant first, in matrices and in probabilities; AQO with the least.
What is listed is listed backwards here, but for the probabilities, whose qubits are always asked for in ascending
order: for some other orders Braket's simulator (1.41) gives them in the inverse of the order that was asked for.

Source: https://docs.aws.amazon.com/braket/latest/developerguide/braket-openqasm-supported-features.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eigen.contracts.aqo import AQO, Operation, PauliTerm, evaluate
from eigen.contracts.bases import INTO_BASIS
from eigen.contracts.gates import BARRIER, GATES, MEASURE

__all__ = ["to_braket"]

_NAMES: Mapping[str, str] = {
    "id": "i",
    "sdg": "si",
    "tdg": "ti",
    "sx": "v",
    "sxdg": "vi",
    "p": "phaseshift",
    "cx": "cnot",
    "cp": "cphaseshift",
    "rxx": "xx",
    "ryy": "yy",
    "rzz": "zz",
    "ccx": "ccnot",
} | {name: name for name in ("x", "y", "z", "h", "s", "t", "rx", "ry", "rz", "cy", "cz", "swap", "iswap", "cswap")}
"""The table's gate → Braket's, where both are the same matrix but for a phase of the whole."""

_GATE_OF_OP = {gate.op: gate for gate in GATES.values()}


def to_braket(
    circuit: AQO, binding: Mapping[str, float], *, read: Sequence[int], terms: Sequence[PauliTerm] = ()
) -> str:
    """Return a circuit in Braket's OpenQASM 3, which asks for exact results.

    Args:
        circuit: Without measurements in the middle, resets and conditions.
        binding: Value of each of its parameters.
        read: Qubits whose probabilities are asked for; none for none. They come in ascending order, the lowest as the
            most significant bit.
        terms: Pauli products whose expectation values are asked for, of the state before the last measurements.

    Raises:
        InvalidArgumentError: A parameter has no value, or an angle is not finite.
    """
    turned = [] if terms else [one for one in circuit.operations if one.op == MEASURE and one.basis]
    lines = [
        "OPENQASM 3.0;",
        f"qubit[{circuit.qubits}] q;",
        *(f"i q[{qubit}];" for qubit in range(circuit.qubits)),  # a qubit without a gate would not be there
        *(_statement(one, binding) for one in circuit.operations if one.op not in (BARRIER, MEASURE)),
        *(f"{gate} q[{qubit}];" for one in turned for qubit in one.q for gate in _turns(one.basis)),
        *_results(read, terms),
    ]
    return "\n".join(lines) + "\n"


def _statement(operation: Operation, binding: Mapping[str, float]) -> str:
    gate = _GATE_OF_OP[operation.op]
    angles = [evaluate(angle, binding) for angle in operation.params]
    name = _NAMES.get(gate.name)
    if name is None:
        rows = (", ".join(map(_number, row)) for row in gate.unitary(*angles))
        return f"#pragma braket unitary([[{'], ['.join(rows)}]]) {_qubits(operation.q[::-1])}"
    return f"{name}{'(' + ', '.join(map(repr, angles)) + ')' if angles else ''} {_qubits(operation.q)};"


def _turns(basis: str) -> Iterator[str]:
    return (_NAMES[gate] for gate in INTO_BASIS[basis])


def _results(read: Sequence[int], terms: Sequence[PauliTerm]) -> Iterator[str]:
    if read:
        yield f"#pragma braket result probability {_qubits(sorted(read))}"
    for one in terms:
        factors = (f"{pauli.lower()}(q[{qubit}])" for pauli, qubit in zip(one.paulis, one.qubits, strict=True))
        yield f"#pragma braket result expectation {' @ '.join(factors)}"


def _qubits(qubits: Sequence[int]) -> str:
    return ", ".join(f"q[{qubit}]" for qubit in qubits)


def _number(value: complex) -> str:
    number = complex(value)
    return f"{number.real!r} {'-' if number.imag < 0 else '+'} {abs(number.imag)!r}im"
