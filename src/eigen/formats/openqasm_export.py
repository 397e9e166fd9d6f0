"""AQO to OpenQASM 3 and 2: text that other tools read, and that our compiler reads back as the same circuit.

One register of qubits `q`, one of bits `c`, in AQO's numbering, so that bitstrings keep their order. OpenQASM 3 takes
any circuit: free parameters become `input float[64]`, conditions nested `if` blocks of single bits (every reader
takes these), or a comparison of the whole register. OpenQASM 2 has neither: parameters need values, and a condition
must read a run of bits that no other condition shares in part; each such run becomes a register of its own.

Observables are no part of either language, and stand as comments. The text is linear in the circuit, and the same for
equal circuits. It is not the canonical form: that is AQO.

Source: OpenQASM 3 specification (https://openqasm.com); Cross et al., arXiv:1707.03429, for OpenQASM 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from eigen.contracts.angles import format_number
from eigen.contracts.aqo import AQO, Affine, Angle, Condition, Operation, evaluate
from eigen.contracts.bases import INTO_BASIS, OUT_OF_BASIS, used_later
from eigen.contracts.errors import UnimplementedError
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.contracts.printable import printable, quoted
from eigen.formats.openqasm_gates import (
    OPENQASM2_DEFINITIONS,
    OPENQASM2_NAMES,
    OPENQASM3_DEFINITIONS,
    OPENQASM3_NAMES,
    RESERVED_NAMES,
)

__all__ = ["to_openqasm2", "to_openqasm3"]

_MAX_EXACT_DIGITS = 15  # a longer integer might not fit a reader's


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dialect:
    """What differs between the two languages within a statement.

    Attributes:
        names: AQO's operation → the gate's name.
        bit: Index of a classical bit → its name.
        angle: An angle → its expression.
        measure: Qubit and bit → statement.
        whole: Statement that measures every qubit into the bit of the same number, or empty.
    """

    names: Mapping[str, str]
    bit: Callable[[int], str]
    angle: Callable[[Angle], str]
    measure: str
    whole: str = ""


def to_openqasm3(circuit: AQO, *, binding: Mapping[str, float] | None = None) -> str:
    """Return a circuit as OpenQASM 3.

    Args:
        circuit: Any circuit.
        binding: Values for its parameters; by default they stay symbolic. A parameter whose name OpenQASM has taken
            gets underscores behind it.

    Raises:
        InvalidArgumentError: The binding lacks a parameter, or an angle is not finite.

    Example:
        >>> bell = (Operation("H", (0,)), Operation("CX", (0, 1)), Operation("MEASURE", (0, 1), c=(0, 1)))
        >>> print(to_openqasm3(AQO(qubits=2, clbits=2, operations=bell)), end="")
        OPENQASM 3.0;
        include "stdgates.inc";
        qubit[2] q;
        bit[2] c;
        h q[0];
        cx q[0], q[1];
        c = measure q;
    """
    names = _parameter_names(circuit.parameters)
    dialect = _Dialect(
        names=OPENQASM3_NAMES,
        bit="c[{}]".format,
        angle=_symbolic(names) if binding is None else _bound(binding),
        measure="{bit} = measure {qubit};",
        whole="c = measure q;",
    )
    every_bit = tuple(range(circuit.clbits))

    def guarded(_: int, operation: Operation, statements: list[str]) -> list[str]:
        condition = operation.condition
        return statements if condition is None else [_if_block(condition, statements, every_bit=every_bit)]

    lines = [
        "OPENQASM 3.0;",
        'include "stdgates.inc";',
        *_observables(circuit),
        *_definitions(circuit, OPENQASM3_DEFINITIONS),
        *(_input(name, names[name]) for name in circuit.parameters if binding is None),
        f"qubit[{circuit.qubits}] q;",
        *([f"bit[{circuit.clbits}] c;"] if circuit.clbits else ()),
        *_body(circuit, dialect, guarded),
    ]
    return "\n".join(lines) + "\n"


def to_openqasm2(circuit: AQO, *, binding: Mapping[str, float] | None = None) -> str:
    """Return a circuit as OpenQASM 2.

    Args:
        circuit: A circuit whose conditions `if (register == value)` can say.
        binding: Values for its parameters.

    Raises:
        UnimplementedError: An operation is one that OpenQASM 2 cannot express (reason `OPENQASM2_CONDITION`).
        InvalidArgumentError: A parameter has no value, or an angle is not finite.

    Example:
        >>> flip = Operation("X", (0,), condition=Condition((1,), 1))
        >>> print(to_openqasm2(AQO(qubits=1, clbits=2, operations=(Operation("MEASURE", (0,), c=(1,)), flip))), end="")
        OPENQASM 2.0;
        include "qelib1.inc";
        qreg q[1];
        creg c0[1];
        creg c1[1];
        measure q[0] -> c1[0];
        if (c1 == 1) x q[0];
    """
    registers = _registers(circuit)
    bits = [f"{name}[{index}]" for name, size in registers.values() for index in range(size)]
    dialect = _Dialect(
        names=OPENQASM2_NAMES,
        bit=bits.__getitem__,
        angle=_bound(binding or {}),
        measure="measure {qubit} -> {bit};",
        whole="measure q -> c;" if len(registers) == 1 else "",
    )

    def guarded(index: int, operation: Operation, statements: list[str]) -> list[str]:
        condition = operation.condition
        if condition is None or operation.op == BARRIER:
            return statements
        if operation.op == MEASURE and len(statements) > 1 and not set(condition.c).isdisjoint(operation.c):
            raise _inexpressible(index, operation, "it measures into the bits that its own condition reads")
        name, _ = registers[min(condition.c)]
        return [f"if ({name} == {_value_in_order(condition)}) {one}" for one in statements]

    lines = [
        "OPENQASM 2.0;",
        'include "qelib1.inc";',
        *_observables(circuit),
        *_definitions(circuit, OPENQASM2_DEFINITIONS),
        f"qreg q[{circuit.qubits}];",
        *(f"creg {name}[{size}];" for name, size in registers.values()),
        *_body(circuit, dialect, guarded),
    ]
    return "\n".join(lines) + "\n"


# Statements


def _body(circuit: AQO, dialect: _Dialect, guarded: Callable[[int, Operation, list[str]], list[str]]) -> Iterator[str]:
    every_qubit = tuple(range(circuit.qubits))
    later = used_later(circuit)
    spelled: dict[Operation, str] = {}
    for index, operation in enumerate(circuit.operations):
        text = spelled.get(operation)
        if text is None:
            statements = _statements(operation, dialect, every_qubit, later.get(index, ()))
            text = "\n".join(guarded(index, operation, statements))
            if not operation.basis:  # what comes behind such a measurement depends on its place
                spelled[operation] = text
        yield text


def _statements(
    operation: Operation, dialect: _Dialect, every_qubit: tuple[int, ...], back: tuple[int, ...]
) -> list[str]:
    if operation.op == MEASURE:
        return [
            *_rotations(INTO_BASIS[operation.basis], operation.q),
            *_measurements(operation, dialect, every_qubit),
            *_rotations(OUT_OF_BASIS[operation.basis], back),
        ]
    if operation.op == RESET:
        return [f"reset q[{qubit}];" for qubit in operation.q]
    if operation.op == BARRIER:
        return [f"barrier {'q' if operation.q == every_qubit else _qubits(operation.q)};"]
    angles = ", ".join(map(dialect.angle, operation.params))
    return [f"{dialect.names[operation.op]}{f'({angles})' if angles else ''} {_qubits(operation.q)};"]


def _measurements(operation: Operation, dialect: _Dialect, every_qubit: tuple[int, ...]) -> list[str]:
    if dialect.whole and operation.q == operation.c == every_qubit:
        return [dialect.whole]
    return [
        dialect.measure.format(qubit=f"q[{qubit}]", bit=dialect.bit(bit))
        for qubit, bit in zip(operation.q, operation.c, strict=True)
    ]


def _rotations(gates: tuple[str, ...], qubits: tuple[int, ...]) -> Iterator[str]:
    return (f"{gate} q[{qubit}];" for gate in gates for qubit in qubits)


def _qubits(qubits: tuple[int, ...]) -> str:
    return ", ".join([f"q[{qubit}]" for qubit in qubits])


def _if_block(condition: Condition, statements: list[str], *, every_bit: tuple[int, ...]) -> str:
    inner = " ".join(statements)
    if condition.c == every_bit and len(every_bit) > 1:
        return f"if (c == {condition.eq}) {{ {inner} }}"
    tests = (f"{'' if condition.eq >> position & 1 else '!'}c[{bit}]" for position, bit in enumerate(condition.c))
    opened = " ".join(f"if ({test}) {{" for test in tests)
    return f"{opened} {inner} {' '.join('}' for _ in condition.c)}"


# Declarations


def _definitions(circuit: AQO, definitions: Mapping[str, str]) -> list[str]:
    used = {operation.op for operation in circuit.operations}
    return [definitions[gate.name] for gate in GATES.values() if gate.op in used and gate.name in definitions]


def _observables(circuit: AQO) -> Iterator[str]:
    for name, terms in circuit.observables.items():
        spelled = (f"{format_number(one.coefficient)} {_pauli_product(one.paulis, one.qubits)}" for one in terms)
        yield f"// observable {quoted(name, limit=256)}: {' + '.join(spelled) or '0'}"


def _pauli_product(paulis: str, qubits: Iterable[int]) -> str:
    return " ".join(f"{letter}[{qubit}]" for letter, qubit in zip(paulis, qubits, strict=True)) or "I"


def _parameter_names(parameters: Iterable[str]) -> dict[str, str]:
    taken = set(parameters)
    names: dict[str, str] = {}
    for name in parameters:
        free = name
        while free in RESERVED_NAMES or (free != name and free in taken):
            free += "_"
        taken.add(free)
        names[name] = free
    return names


def _input(name: str, spelled: str) -> str:
    return f"input float[64] {spelled};" + (f"  // the parameter {printable(name)}" if name != spelled else "")


def _registers(circuit: AQO) -> dict[int, tuple[str, int]]:
    """Return name and size of each register of OpenQASM 2 by its first bit, in order.

    Raises:
        UnimplementedError: A condition reads bits that cannot be a register.
    """
    runs: dict[int, int] = {}  # first bit → size, of those that conditions read
    owner: dict[int, int] = {}
    for index, operation in enumerate(circuit.operations):
        if operation.condition is None or operation.op == BARRIER:
            continue
        first, size = min(operation.condition.c), len(operation.condition.c)
        if max(operation.condition.c) != first + size - 1:
            raise _inexpressible(index, operation, "its condition reads bits that do not lie side by side")
        if runs.get(first) == size:
            continue
        if any(bit in owner for bit in operation.condition.c):
            raise _inexpressible(index, operation, "its condition shares a part of its bits with another condition")
        runs[first] = size
        owner |= dict.fromkeys(operation.condition.c, first)
    return _named(_filled(runs, circuit.clbits))


def _filled(runs: Mapping[int, int], clbits: int) -> dict[int, int]:
    """Return the runs with others in the gaps between them."""
    filled: dict[int, int] = {}
    begin = 0
    for first, size in (*sorted(runs.items()), (clbits, 0)):
        if begin < first:
            filled[begin] = first - begin
        if size:
            filled[first] = size
        begin = first + size
    return filled


def _named(runs: Mapping[int, int]) -> dict[int, tuple[str, int]]:
    names = ["c"] if len(runs) == 1 else [f"c{number}" for number in range(len(runs))]
    return {first: (name, size) for name, (first, size) in zip(names, runs.items(), strict=True)}


def _value_in_order(condition: Condition) -> int:
    first = min(condition.c)
    return sum((condition.eq >> position & 1) << (bit - first) for position, bit in enumerate(condition.c))


def _inexpressible(index: int, operation: Operation, why: str) -> UnimplementedError:
    return UnimplementedError(
        f"operation {index} ({operation.op}) cannot be written in OpenQASM 2: {why}",
        reason="OPENQASM2_CONDITION",
        hint="write OpenQASM 3, which can say any condition",
        details={"operation": index},
    )


# Angles


def _bound(binding: Mapping[str, float]) -> Callable[[Angle], str]:
    return lambda angle: _number(evaluate(angle, binding))


def _symbolic(names: Mapping[str, str]) -> Callable[[Angle], str]:
    def spell(angle: Angle) -> str:
        if not isinstance(angle, Affine):
            return _number(angle)
        parts = [_signed_term(names[name], coefficient) for name, coefficient in angle.terms]
        if angle.constant:
            parts.append(_signed(angle.constant))
        return " ".join(parts).removeprefix("+ ").replace("- ", "-", 1 if parts[0].startswith("-") else 0)

    return spell


def _signed_term(name: str, coefficient: float) -> str:
    if coefficient in (1, -1):
        return f"{'+' if coefficient > 0 else '-'} {name}"
    return f"{_signed(coefficient)}*{name}"


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'} {_number(abs(value))}"


def _number(value: float) -> str:
    """Return a number that is a literal in both languages: an exponent only behind a point, no long integers."""
    mantissa, exponent, power = format_number(value).partition("e")
    if "." not in mantissa and (exponent or len(mantissa) > _MAX_EXACT_DIGITS):
        mantissa += ".0"
    return mantissa + exponent + power
