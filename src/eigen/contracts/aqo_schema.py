"""AQO's JSON Schema (draft 2020-12), drawn from the rules that the reader keeps to.

It says what can be said without counting: the shape of a document, names, arity and ranges that stand in it. That
indices lie below the number of qubits and bits, that qubits differ and that parameters are declared is checked by
`aqo_json.decode` alone.
"""

from __future__ import annotations

from typing import Any

from eigen.contracts.aqo import AQO_VERSION, PARAMETER_NAME
from eigen.contracts.aqo_rules import OPS, OpRule
from eigen.contracts.compilation import CompileLimits

__all__ = ["aqo_schema"]

_INDEX = {"type": "integer", "minimum": 0}
_INDICES = {"type": "array", "items": _INDEX, "minItems": 1, "uniqueItems": True}
_FIELDS: dict[str, Any] = {
    "c": {**_INDICES, "description": "MEASURE only: the classical bit of each qubit."},
    "basis": {"enum": ["X", "Y", "Z"], "description": "MEASURE only; the computational basis is Z."},
    "if": {
        "type": "object",
        "description": "Run it only if the bits c, the first one least significant, hold the value eq.",
        "properties": {"c": _INDICES, "eq": _INDEX},
        "required": ["c", "eq"],
        "additionalProperties": False,
    },
}


def aqo_schema() -> dict[str, Any]:
    """Return the schema of an AQO document.

    Example:
        >>> sorted(aqo_schema()["required"])
        ['operations', 'qubits', 'version']
    """
    limits = CompileLimits()
    name = {"type": "string", "pattern": f"^{PARAMETER_NAME.pattern}$"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"AQO v{AQO_VERSION}",
        "description": "Abstract Quantum Operations: a circuit. Bit order is Qiskit's.",
        "type": "object",
        "properties": {
            "version": {"const": AQO_VERSION},
            "qubits": {"type": "integer", "minimum": 1, "maximum": limits.qubits},
            "clbits": {"type": "integer", "minimum": 0, "description": "By default what is measured."},
            "parameters": {
                "type": "array",
                "items": name,
                "uniqueItems": True,
                "maxItems": limits.parameters,
                "description": "By default the names that are used, in order of first appearance.",
            },
            "operations": {
                "type": "array",
                "items": {"oneOf": [_operation(op, rule) for op, rule in sorted(OPS.items())]},
                "maxItems": limits.operations,
            },
            "observables": {"type": "object", "additionalProperties": _observable()},
        },
        "required": ["version", "qubits", "operations"],
        "additionalProperties": False,
    }


def _operation(op: str, rule: OpRule) -> dict[str, Any]:
    q = {**_INDICES, **({"minItems": rule.num_qubits, "maxItems": rule.num_qubits} if rule.num_qubits else {})}
    properties: dict[str, Any] = {"op": {"const": op}, "q": q}
    properties |= {name: field for name, field in _FIELDS.items() if name in rule.fields}
    required = ["op", "q", *(["c"] if "c" in rule.fields else []), *(["params"] if rule.angles else [])]
    if rule.angles:
        properties["params"] = {
            "type": "object",
            "properties": {angle: {"type": ["number", "string"]} for angle in rule.angles},
            "required": list(rule.angles),
            "additionalProperties": False,
            "description": "Angles in radians: numbers, a parameter's name, or an affine expression: 2*theta+0.5.",
        }
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _observable() -> dict[str, Any]:
    term = {
        "type": "array",
        "prefixItems": [{"type": "string", "pattern": "^[IXYZ]*$"}, {**_INDICES, "minItems": 0}, {"type": "number"}],
        "minItems": 3,
        "maxItems": 3,
    }
    return {"type": "array", "items": term, "description": "Terms of Pauli letters, their qubits and a coefficient."}
