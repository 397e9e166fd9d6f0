"""What an AQO document must keep to: fields, types, arity, ranges, finite numbers, limits.

`Rules` turns JSON values into parts of a circuit, and notes every fault with its path. It never raises for a faulty
document; what it returns where it noted a fault is not to be used. Reading the text is `aqo_json`'s.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from eigen.contracts.angles import exact_number, parse_angle
from eigen.contracts.aqo import AQO_VERSION, PARAMETER_NAME, Affine, Angle, Condition, Operation, PauliTerm
from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.diagnostics import nearest
from eigen.contracts.errors import EigenError
from eigen.contracts.faults import Faults
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.contracts.printable import printable, quoted

__all__ = ["AQO_HINTS", "OPS", "OpRule", "Rules"]

_TOP_FIELDS = frozenset({"version", "qubits", "clbits", "parameters", "operations", "observables"})
_MAX_NAME_LENGTH = 256
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpRule:
    """What an operation of AQO takes.

    Attributes:
        num_qubits: How many qubits, or 0 for one or more.
        angles: Names of its angles in the gate's order.
        fields: Names of the fields that it may have.
    """

    num_qubits: int
    angles: tuple[str, ...]
    fields: frozenset[str]


OPS: Mapping[str, OpRule] = MappingProxyType(
    {
        gate.op: OpRule(num_qubits=gate.num_qubits, angles=gate.params, fields=frozenset({"op", "q", "params", "if"}))
        for gate in GATES.values()
    }
    | {
        MEASURE: OpRule(num_qubits=0, angles=(), fields=frozenset({"op", "q", "c", "basis", "if"})),
        RESET: OpRule(num_qubits=0, angles=(), fields=frozenset({"op", "q", "if"})),
        BARRIER: OpRule(num_qubits=0, angles=(), fields=frozenset({"op", "q", "if"})),
    }
)
"""Every operation of AQO by its name."""


AQO_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "AQO_ARITY": 'name each qubit and bit that the operation takes, such as {"op": "CX", "q": [0, 1]}',
        "AQO_BASIS": "leave it out for Z",
        "AQO_CLBITS": "leave it out, and it is what is measured",
        "AQO_CLBITS_LIMIT": "leave it out, and it is what is measured",
        "AQO_DUPLICATE_CLBIT": "name each bit once",
        "AQO_DUPLICATE_PARAMETER": "declare each parameter once",
        "AQO_DUPLICATE_QUBIT": "an operation takes qubits that differ",
        "AQO_MISSING_FIELD": 'such as {"version": "0.1", "qubits": 1, "operations": [{"op": "H", "q": [0]}]}',
        "AQO_NOT_FINITE": "write a finite number, in radians",
        "AQO_OBSERVABLE": 'a term is such as ["XX", [0, 1], 0.18]',
        "AQO_OPERATIONS_LIMIT": "split the circuit, or write it in Eigen-Lang with its loops",
        "AQO_PARAMETERS_LIMIT": "bind some of them to numbers",
        "AQO_QUBITS": "a circuit has one qubit at least",
        "AQO_QUBITS_LIMIT": "use fewer qubits",
        "AQO_SIZE_LIMIT": "split the circuit, or write it in Eigen-Lang with its loops",
        "AQO_TERMS_LIMIT": "put terms of the same letters and qubits together, or split the observable",
        "AQO_TYPE": 'such as {"version": "0.1", "qubits": 1, "operations": [{"op": "H", "q": [0]}]}',
        "AQO_UNKNOWN_OP": "the names are those of the gate table, in upper case",
        "AQO_VERSION": f'write "version": "{AQO_VERSION}"',
    }
)
"""What to do about a fault, by its code, where the rule that finds it has nothing better to say."""


class Rules:
    """The rules, applied to one document.

    Args:
        faults: Where faults are noted.
        limits: What a circuit may use.

    Attributes:
        qubits: Number of qubits, once `header` has been read.
        clbits: Number of classical bits, or None where the document leaves it to what is measured.
        parameters: Declared parameters, or None where the document leaves them to what is used.
        used_parameters: Parameters met in angles, in order of first appearance (within one angle by name).
    """

    def __init__(self, faults: Faults, *, limits: CompileLimits) -> None:
        self._faults = faults
        self._limits = limits
        self.qubits = limits.qubits
        self.clbits: int | None = None
        self.parameters: tuple[str, ...] | None = None
        self.used_parameters: dict[str, None] = {}

    def header(self, document: Mapping[str, Any]) -> None:
        """Read everything but operations and observables."""
        if document.get("version") != AQO_VERSION:
            self.add("AQO_VERSION", f'must be "{AQO_VERSION}", {_found(document, "version")}', "version")
        self._unknown_fields(document, _TOP_FIELDS, "")
        self.qubits = self._size(document, "qubits", 1, self._limits.qubits) or self._limits.qubits
        if "clbits" in document:
            self.clbits = self._size(document, "clbits", 0, self._limits.operations)
        if "parameters" in document:
            self.parameters = self._parameter_names(document["parameters"])
        if "operations" not in document:
            self.add("AQO_MISSING_FIELD", "is missing", "operations")

    def shape(self, document: object, path: str) -> Operation | None:
        """Return an operation without its angles, or None where it is not even known which one."""
        if type(document) is not dict:
            self.add("AQO_TYPE", f"must be an object, not {_type_name(document)}", path)
            return None
        op = document.get("op")
        if type(op) is not str or op not in OPS:
            self._unknown_op(document, path)
            return None
        rule = OPS[op]
        if not document.keys() <= rule.fields:
            self._unknown_fields(document, rule.fields, path, owner=f" of {op}")
        q = self._indices(document, "q", path, self.qubits)
        if rule.num_qubits and len(q) != rule.num_qubits and type(document.get("q")) is list:
            self.add("AQO_ARITY", f"{op} takes {rule.num_qubits} qubits, not {len(document['q'])}", f"{path}.q")
        c = self._measured_bits(document, q, path) if op == MEASURE else ()
        condition = self._condition(document["if"], f"{path}.if") if "if" in document else None
        basis = self._basis(document["basis"], f"{path}.basis") if "basis" in document else ""
        return Operation(op, q, (), c, condition, basis)

    def angles(self, op: str, params: object, path: str) -> tuple[Angle, ...]:
        """Return the angles of a gate in the gate's order."""
        names = OPS[op].angles
        if type(params) is not dict:
            self.add("AQO_TYPE", f"must be an object, not {_type_name(params)}", path)
            return ()
        if params.keys() != set(names):
            self._unknown_fields(params, names, path, owner=f" of {op}")
            for name in names:
                if name not in params:
                    self.add("AQO_MISSING_FIELD", "is missing", f"{path}.{name}")
        return tuple(self._angle(params[name], f"{path}.{name}") for name in names if name in params)

    def conditions(self, operations: Collection[Operation], clbits: int) -> None:
        """Check conditions against the number of bits, where that was only known once all operations were read."""
        for index, operation in enumerate(operations):
            for position, bit in enumerate(operation.condition.c if operation.condition else ()):
                if bit >= clbits:
                    self._out_of_range(bit, f"operations[{index}].if.c[{position}]", "classical bit", clbits)

    def observables(self, value: object) -> dict[str, tuple[PauliTerm, ...]]:
        """Return the named sums of Pauli terms; letters `I` are left out."""
        if type(value) is not dict:
            self.add("AQO_TYPE", f"must be an object, not {_type_name(value)}", "observables")
            return {}
        return {name: self._observable(name, terms) for name, terms in value.items()}

    def add(self, code: str, message: str, path: str, *, hint: str = "", limit: bool = False) -> None:
        """Note a fault; its hint is the code's own where none is given."""
        self._faults.add(code, message, path=path, hint=hint or AQO_HINTS[code], limit=limit)

    def _unknown_fields(self, document: Mapping[str, Any], known: Collection[str], path: str, owner: str = "") -> None:
        for key in document:
            if key not in known:
                guess = nearest(key, known)
                hint = f'did you mean "{guess}"?' if guess else f"known are {', '.join(sorted(known)) or 'none'}"
                name = printable(key, limit=60) or '""'
                place = f"{path}.{name}" if path else name
                self.add("AQO_UNKNOWN_FIELD", f"{quoted(key)} is not a field{owner}", place, hint=hint)

    def _unknown_op(self, document: Mapping[str, Any], path: str) -> None:
        op = document.get("op")
        if type(op) is not str:
            code = "AQO_TYPE" if "op" in document else "AQO_MISSING_FIELD"
            self.add(code, f"must be the name of an operation, {_found(document, 'op')}", f"{path}.op")
            return
        guess = nearest(op, OPS)
        hint = f'did you mean "{guess}"?' if guess else ""
        self.add("AQO_UNKNOWN_OP", f"there is no operation {quoted(op)}", f"{path}.op", hint=hint)

    def _size(self, document: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
        value = document.get(name)
        if type(value) is not int:
            code = "AQO_TYPE" if name in document else "AQO_MISSING_FIELD"
            self.add(code, f"must be an integer, {_found(document, name)}", name)
        elif value > most:
            self.add(f"AQO_{name.upper()}_LIMIT", f"{quoted(value)} is more than the limit of {most}", name, limit=True)
        elif value < least:
            self.add(f"AQO_{name.upper()}", f"{quoted(value)} is less than {least}", name)
        else:
            return value
        return None

    def _parameter_names(self, value: object) -> tuple[str, ...] | None:
        if type(value) is not list:
            self.add("AQO_TYPE", f"must be a list of names, not {_type_name(value)}", "parameters")
            return None
        if len(value) > self._limits.parameters:
            message = f"there are {len(value)} parameters, more than the limit of {self._limits.parameters}"
            self.add("AQO_PARAMETERS_LIMIT", message, "parameters", limit=True)
            return None
        names: dict[str, None] = {}
        for index, name in enumerate(value):
            self._parameter_name(name, f"parameters[{index}]", names)
        return tuple(names)

    def _parameter_name(self, name: object, path: str, names: dict[str, None]) -> None:
        if type(name) is not str:
            self.add("AQO_TYPE", f"must be a name, not {_type_name(name)}", path)
        elif not PARAMETER_NAME.fullmatch(name):
            hint = "a letter or underscore, then letters, digits and underscores, at most 64"
            self.add("AQO_PARAMETER_NAME", f"{quoted(name)} is not a parameter name", path, hint=hint)
        elif name in names:
            self.add("AQO_DUPLICATE_PARAMETER", f"{quoted(name)} is declared twice", path)
        else:
            names[name] = None

    def _indices(self, document: Mapping[str, Any], name: str, path: str, size: int) -> tuple[int, ...]:
        value = document.get(name)
        if type(value) is not list:
            code = "AQO_TYPE" if name in document else "AQO_MISSING_FIELD"
            self.add(code, f"must be a list of integers, {_found(document, name)}", f"{path}.{name}")
            return ()
        what = "qubit" if name == "q" else "classical bit"
        if not value:
            self.add("AQO_ARITY", f"needs at least one {what}", f"{path}.{name}")
        seen: set[int] = set()
        for index, one in enumerate(value):
            if type(one) is not int:
                self.add("AQO_TYPE", f"must be an integer, not {_type_name(one)}", f"{path}.{name}[{index}]")
            elif not 0 <= one < size:
                self._out_of_range(one, f"{path}.{name}[{index}]", what, size)
            elif one in seen:
                code = f"AQO_DUPLICATE_{'QUBIT' if name == 'q' else 'CLBIT'}"
                self.add(code, f"{what} {one} is named twice", f"{path}.{name}[{index}]")
            else:
                seen.add(one)
        return tuple(value)

    def _out_of_range(self, index: int, path: str, what: str, size: int) -> None:
        are = f"{what}s are 0 to {size - 1}" if size else f"there are no {what}s"
        self.add("AQO_INDEX", f"{what} {quoted(index)} is out of range", path, hint=are)

    def _measured_bits(self, document: Mapping[str, Any], q: tuple[int, ...], path: str) -> tuple[int, ...]:
        c = self._indices(document, "c", path, self._limits.operations if self.clbits is None else self.clbits)
        if c and q and len(c) != len(q):
            self.add("AQO_ARITY", f"measures {len(q)} qubits into {len(c)} bits", f"{path}.c")
        return c

    def _condition(self, value: object, path: str) -> Condition | None:
        if type(value) is not dict:
            self.add("AQO_TYPE", f"must be an object, not {_type_name(value)}", path)
            return None
        self._unknown_fields(value, ("c", "eq"), path)
        c = self._indices(value, "c", path, self._limits.operations if self.clbits is None else self.clbits)
        eq = value.get("eq")
        if type(eq) is not int:
            code = "AQO_TYPE" if "eq" in value else "AQO_MISSING_FIELD"
            self.add(code, f"must be an integer, {_found(value, 'eq')}", f"{path}.eq")
            return None
        if not 0 <= eq <= MAX_SAFE_INTEGER or eq.bit_length() > len(c):
            message = f"{quoted(eq)} is not a value of {len(c)} bits"
            self.add("AQO_CONDITION", message, f"{path}.eq", hint="0 to 2^bits − 1, at most 2^53 − 1")
        return Condition(c, eq)

    def _basis(self, value: object, path: str) -> str:
        if type(value) is str and value in {"X", "Y", "Z"}:
            return value.removesuffix("Z")
        named = quoted(value) if type(value) is str else _type_name(value)
        self.add("AQO_BASIS", f'must be "X", "Y" or "Z", not {named}', path)
        return ""

    def _angle(self, value: object, path: str) -> Angle:
        if type(value) is str:
            return self._symbolic_angle(value, path)
        if type(value) is int or type(value) is float:
            number = exact_number(value)
            if not math.isfinite(number):
                self.add("AQO_NOT_FINITE", "is not finite", path)
            return number
        self.add("AQO_TYPE", f"must be a number or a text, not {_type_name(value)}", path)
        return 0

    def _symbolic_angle(self, text: str, path: str) -> Angle:
        try:
            angle = parse_angle(text)
        except EigenError as error:
            self.add(error.reason, error.message, path, hint=error.hint)
            return 0
        for name, _ in angle.terms if isinstance(angle, Affine) else ():
            self._use_parameter(name, path)
        return angle

    def _use_parameter(self, name: str, path: str) -> None:
        if self.parameters is None:
            self.used_parameters[name] = None
            if len(self.used_parameters) == self._limits.parameters + 1:
                message = f"this is one parameter more than the limit of {self._limits.parameters}"
                self.add("AQO_PARAMETERS_LIMIT", message, path, limit=True)
        elif name not in self.parameters:
            guess = nearest(name, self.parameters)
            hint = f'did you mean "{guess}"?' if guess else "add it to parameters"
            self.add("AQO_UNKNOWN_PARAMETER", f"parameter {quoted(name)} is not declared", path, hint=hint)

    def _observable(self, name: str, terms: object) -> tuple[PauliTerm, ...]:
        path = f"observables.{printable(name, limit=60)}"
        if not 1 <= len(name) <= _MAX_NAME_LENGTH:
            self.add("AQO_OBSERVABLE", f"a name has 1 to {_MAX_NAME_LENGTH} characters", path)
        if type(terms) is not list:
            self.add("AQO_TYPE", f"must be a list of terms, not {_type_name(terms)}", path)
            return ()
        if len(terms) > self._limits.terms:
            message = f"there are {len(terms)} terms, more than the limit of {self._limits.terms}"
            self.add("AQO_TERMS_LIMIT", message, path, limit=True)
            return ()
        return tuple(self._pauli_term(term, f"{path}[{index}]") for index, term in enumerate(terms))

    def _pauli_term(self, term: object, path: str) -> PauliTerm:
        if type(term) is not list or len(term) != 3 or type(term[0]) is not str:
            self.add("AQO_OBSERVABLE", "must be [letters, qubits, coefficient]", path)
            return PauliTerm("", (), 0.0)
        paulis, coefficient = term[0], term[2]
        qubits = self._indices({"q": term[1]}, "q", path, self.qubits) if paulis or term[1] != [] else ()
        if set(paulis) - set("IXYZ") or len(paulis) != len(qubits):
            message = f"{quoted(paulis)} needs one letter X, Y, Z or I for each of its {len(qubits)} qubits"
            self.add("AQO_OBSERVABLE", message, f"{path}[0]")
        if type(coefficient) not in (int, float) or not math.isfinite(exact_number(coefficient)):
            self.add("AQO_OBSERVABLE", "the coefficient must be a finite number", f"{path}[2]")
            coefficient = 0.0
        kept = [(letter, qubit) for letter, qubit in zip(paulis, qubits, strict=False) if letter != "I"]
        return PauliTerm("".join(letter for letter, _ in kept), tuple(q for _, q in kept), exact_number(coefficient))


_TYPE_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "an integer",
    float: "a number",
}


def _type_name(value: object) -> str:
    return "null" if value is None else _TYPE_NAMES[type(value)]


def _found(document: Mapping[str, Any], name: str) -> str:
    return f"not {_type_name(document[name])}" if name in document else "but is missing"
