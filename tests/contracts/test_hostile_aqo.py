"""Hostile AQO documents get a typed answer, soon, and none of a secret in it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from eigen.contracts.aqo_json import decode, encode
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError

_MAX_SEC = 10.0  # a second is promised, and measured by `python -m fuzz`; a machine may be slow, what hangs is slower


def document(*operations: Any, **fields: Any) -> str:
    """A document of two qubits."""
    return json.dumps({"version": "0.1", "qubits": 2, "operations": operations, **fields})


DOCUMENTS: dict[str, tuple[str | bytes, str]] = {
    "nested 100000 deep": ("[" * 100000, "JSON_DEPTH"),
    "objects 100000 deep": ('{"a":' * 100000, "JSON_DEPTH"),
    "operations nested": ('{"version":"0.1","qubits":1,"operations":' + "[" * 500 + "]" * 500 + "}", "JSON_DEPTH"),
    "a key of a megabyte": ('{"' + "a" * 1000000 + '":1}', "AQO_VERSION"),
    "a million empty operations": (
        '{"version":"0.1","qubits":1,"operations":[' + "{}," * 300000 + "{}]}",
        "AQO_MISSING_FIELD",
    ),
    "a million duplicate keys": ("{" + '"qubits":1,' * 300000 + '"version":"0.1"}', "JSON_DUPLICATE_KEY"),
    "qubits of 1e3": ('{"version":"0.1","qubits":1e3,"operations":[]}', "AQO_TYPE"),
    "qubits of minus zero": ('{"version":"0.1","qubits":-0,"operations":[]}', "AQO_QUBITS"),
    "qubits of 2**64": ('{"version":"0.1","qubits":18446744073709551616,"operations":[]}', "AQO_TYPE"),
    "clbits of 10**9": (document(clbits=10**9), "AQO_CLBITS_LIMIT"),
    "expression of many signs": (
        document({"op": "RX", "q": [0], "params": {"theta": "-" * 100000 + "a"}}, parameters=["a"]),
        "AQO_ANGLE",
    ),
    "expression of brackets": (
        document({"op": "RX", "q": [0], "params": {"theta": "(" * 100000 + "a" + ")" * 100000}}, parameters=["a"]),
        "AQO_ANGLE",
    ),
    "expression of code": (
        document({"op": "RX", "q": [0], "params": {"theta": "__import__('os')"}}, parameters=["a"]),
        "AQO_ANGLE",
    ),
    "expression of huge factor": (
        document({"op": "RX", "q": [0], "params": {"theta": "1e999*a"}}, parameters=["a"]),
        "AQO_NOT_FINITE",
    ),
    "expression of hexadecimal": (
        document({"op": "RX", "q": [0], "params": {"theta": "0x10*a"}}, parameters=["a"]),
        "AQO_ANGLE",
    ),
    "expression of other digits": (
        document({"op": "RX", "q": [0], "params": {"theta": "\u0662*a"}}, parameters=["a"]),
        "AQO_ANGLE",
    ),
    "a parameter twice": (document(parameters=["a", "a"]), "AQO_DUPLICATE_PARAMETER"),
    "a parameter with a path": (document(parameters=["../a"]), "AQO_PARAMETER_NAME"),
    "a parameter of full-width letters": (document(parameters=["\uff41"]), "AQO_PARAMETER_NAME"),
    "parameters by the million": (document(parameters=[f"a{i}" for i in range(200000)]), "AQO_PARAMETERS_LIMIT"),
    "lower-case gate": (document({"op": "h", "q": [0]}), "AQO_UNKNOWN_OP"),
    "gate with a blank": (document({"op": "H ", "q": [0]}), "AQO_UNKNOWN_OP"),
    "gate in Cyrillic": (document({"op": "\u041d", "q": [0]}), "AQO_UNKNOWN_OP"),
    "qubit as text": (document({"op": "H", "q": ["0"]}), "AQO_TYPE"),
    "qubit as object": (document({"op": "H", "q": {"0": 0}}), "AQO_TYPE"),
    "qubit as true": (document({"op": "H", "q": [True]}), "AQO_TYPE"),
    "qubit as float": ('{"version":"0.1","qubits":2,"operations":[{"op":"H","q":[0.0]}]}', "AQO_TYPE"),
    "condition of its own future": (
        document({"op": "X", "q": [0], "if": {"c": [10**9], "eq": 1}}, clbits=1),
        "AQO_INDEX",
    ),
    "condition of a bit twice": (
        document({"op": "X", "q": [0], "if": {"c": [0, 0], "eq": 1}}, clbits=1),
        "AQO_DUPLICATE_CLBIT",
    ),
    "condition value too large": (
        document({"op": "X", "q": [0], "if": {"c": [0], "eq": 2}}, clbits=1),
        "AQO_CONDITION",
    ),
    "condition value negative": (
        document({"op": "X", "q": [0], "if": {"c": [0], "eq": -1}}, clbits=1),
        "AQO_CONDITION",
    ),
    "condition nested": (document({"op": "X", "q": [0], "if": {"c": [0], "eq": {"if": 1}}}, clbits=1), "AQO_TYPE"),
    "condition without bits": (document({"op": "X", "q": [0], "if": {"c": [], "eq": 0}}, clbits=1), "AQO_ARITY"),
    "observable of a million terms": (document(observables={"a": [["X", [0], 1]] * 400_000}), "AQO_TERMS_LIMIT"),
    "observable of NaN": (
        '{"version":"0.1","qubits":2,"operations":[],"observables":{"a":[["X",[0],NaN]]}}',
        "JSON_NOT_FINITE",
    ),
    "observable of other letters": (document(observables={"a": [["\u03a7", [0], 1]]}), "AQO_OBSERVABLE"),
    "a lone surrogate": (document(parameters=["\ud800"]), "JSON_SURROGATE"),
    "UTF-16": (document().encode("utf-16"), "JSON_ENCODING"),
    "UTF-8 with a mark": (b"\xef\xbb\xbf" + document().encode(), "JSON_SYNTAX"),
    "overlong UTF-8": (b'{"version":"0.1\xc0\xaf"}', "JSON_ENCODING"),
    "two documents": (document() + document(), "JSON_SYNTAX"),
    "a comment": ("// hello\n" + document(), "JSON_SYNTAX"),
    "a trailing comma": (document()[:-1] + ",}", "JSON_SYNTAX"),
    "nothing": (b"", "JSON_SYNTAX"),
    "a number of a million digits": (
        '{"version":"0.1","qubits":' + "1" * 1000000 + ',"operations":[]}',
        "JSON_INTEGER",
    ),
    "an exponent of a million digits": (
        '{"version":"0.1","qubits":2,"operations":[{"op":"RX","q":[0],"params":{"theta":1e' + "1" * 1000000 + "}}]}",
        "JSON_NOT_FINITE",
    ),
    "unknown field with a secret": (document(password="hunter2-secret"), "AQO_UNKNOWN_FIELD"),
}


ACCEPTED = {
    "very wide measurements": json.dumps({"version": "0.1", "qubits": 9999, "operations": [
        {"op": "MEASURE", "q": list(range(9999)), "c": list(range(9999))}] * 100}),
    "an expression of many terms":
        document({"op": "RX", "q": [0], "params": {"theta": "+".join(["2*a"] * 100_000)}}, parameters=["a"]),
    "a number of very many digits":
        document({"op": "RX", "q": [0], "params": {"theta": 0.5}}).replace("0.5", "0." + "1" * 1_000_000),
}  # fmt: skip


def _content(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_hostile_document_is_refused_by_its_rule(what: str) -> None:
    text, reason = DOCUMENTS[what]
    before = time.process_time()
    with pytest.raises((InvalidArgumentError, ResourceExhaustedError)) as caught:
        decode(_content(text), require_measurement=False)
    assert time.process_time() - before < _MAX_SEC
    assert caught.value.reason == reason
    assert len(json.dumps(caught.value.to_json())) < 20_000
    assert "hunter2" not in str(caught.value.to_json())


@pytest.mark.parametrize("what", ACCEPTED)
def test_an_odd_document_is_read_soon_and_canonical(what: str) -> None:
    before = time.process_time()
    circuit = decode(_content(ACCEPTED[what]), require_measurement=False)
    assert time.process_time() - before < _MAX_SEC
    assert decode(encode(circuit), require_measurement=False) == circuit
