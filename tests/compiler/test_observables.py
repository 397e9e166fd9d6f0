"""Observables: their algebra against matrices, their spelling, and what is asked about them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.compiler.pipeline import compile_source
from eigen.contracts.aqo_json import decode
from eigen.contracts.compilation import OPTIMIZER_METHODS, CompiledProgram, CompileRequest, HybridLoop, ProgramSource
from eigen.contracts.errors import EigenError, InvalidArgumentError, ResourceExhaustedError

Matrix = npt.NDArray[np.complex128]

_NUM_QUBITS = 3
_PAULIS: dict[str, Matrix] = {
    "I": np.eye(2, dtype=np.complex128),
    "X": np.array([[0, 1], [1, 0]], dtype=np.complex128),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(np.complex128),
}
_HEAD = """\
@hybrid_program
def main(theta: Param = 0.1, phi: Param = 0.2):
    q = QubitRegister(3)
    ry(q, theta + phi)
"""


def _compiled(body: str, *, before: str = "", inputs: dict[str, Any] | None = None) -> CompiledProgram:
    text = before + _HEAD + "".join(f"    {line}\n" for line in body.split("\n"))
    return compile_source(CompileRequest(source=ProgramSource(content=text.encode()), inputs=inputs or {}))


def _terms(expression: str, *, before: str = "") -> list[list[Any]]:
    """The terms of one observable, as AQO has them."""
    compiled = _compiled(f'return ExpectationValue("energy", {expression})', before=before)
    assert compiled.outputs == {"result": {"kind": "expectation", "name": "energy"}}
    terms: list[list[Any]] = json.loads(compiled.aqo_json)["observables"]["energy"]
    return terms


def _on(letters: dict[int, str]) -> Matrix:
    """Kronecker product with qubit 0 as the least significant index."""
    product = np.eye(1, dtype=np.complex128)
    for qubit in range(_NUM_QUBITS):
        product = np.kron(_PAULIS[letters.get(qubit, "I")], product)
    return product


def _matrix(terms: list[list[Any]]) -> Matrix:
    total = np.zeros((2**_NUM_QUBITS,) * 2, dtype=np.complex128)
    for paulis, qubits, coefficient in terms:
        total += coefficient * _on(dict(zip(qubits, paulis, strict=True)))
    return total


_LEAVES = st.one_of(
    st.builds(
        lambda letter, qubit: (f"{letter}({qubit})", _on({qubit: letter})), st.sampled_from("IXYZ"), st.integers(0, 2)
    ),
    st.builds(
        lambda letter, qubit: (f"{letter}(q[{qubit}])", _on({qubit: letter})),
        st.sampled_from("XYZ"),
        st.integers(0, 2),
    ),
    st.builds(
        lambda first, second: (
            f'Observable("0.5 {first}IX - {second}ZI")',
            0.5 * _on({2: first, 0: "X"}) - _on({2: second, 1: "Z"}),
        ),
        st.sampled_from("XYZ"),
        st.sampled_from("IXYZ"),
    ),
)


def _joined(children: st.SearchStrategy[tuple[str, Matrix]]) -> st.SearchStrategy[tuple[str, Matrix]]:
    numbers = st.sampled_from([-2, -0.5, 0, 0.25, 1, 3])
    return st.one_of(
        st.builds(lambda one, other: (f"({one[0]} + {other[0]})", one[1] + other[1]), children, children),
        st.builds(lambda one, other: (f"({one[0]} - {other[0]})", one[1] - other[1]), children, children),
        st.builds(lambda one, other: (f"({one[0]} * {other[0]})", one[1] @ other[1]), children, children),
        st.builds(lambda one, number: (f"({number} * {one[0]})", number * one[1]), children, numbers),
        st.builds(lambda one, number: (f"({one[0]} + {number})", one[1] + number * np.eye(8)), children, numbers),
        st.builds(lambda one: (f"(-{one[0]} / 2)", -one[1] / 2), children),
        st.builds(
            lambda one, other: (f"sum([{one[0]}, 1, {other[0]}])", one[1] + np.eye(8) + other[1]), children, children
        ),
    )


@given(st.recursive(_LEAVES, _joined, max_leaves=8))
def test_the_algebra_is_that_of_matrices(case: tuple[str, Matrix]) -> None:
    """All numbers are small powers of two, so that both are exact."""
    expression, expected = case
    if np.array_equal(expected, expected.conj().T):
        np.testing.assert_array_equal(_matrix(_terms(expression)), expected)
    else:
        with pytest.raises(InvalidArgumentError) as caught:
            _terms(expression)
        assert caught.value.reason == "EL0434"


@given(st.recursive(_LEAVES, _joined, max_leaves=4), st.recursive(_LEAVES, _joined, max_leaves=4))
def test_observables_are_equal_where_their_matrices_are(one: tuple[str, Matrix], other: tuple[str, Matrix]) -> None:
    body = f"if {one[0]} == {other[0]}:\n    x(0)\nelse:\n    y(0)"
    ops = [operation.op for operation in decode(_compiled(body).aqo_json).operations]
    assert ("X" in ops) is bool(np.array_equal(one[1], other[1]))


@given(st.permutations(["0.1 * Z(0)", "0.2 * Z(0)", "0.3 * X(1) * Z(0)", "0.7", "-0.4 * Y(2)"]))
def test_the_order_in_which_terms_are_written_does_not_change_the_circuit(terms: list[str]) -> None:
    assert _terms(" + ".join(terms)) == [["Z", [0], 0.1 + 0.2], ["ZX", [0, 1], 0.3], ["Y", [2], -0.4], ["", [], 0.7]]


_SPELLINGS = {
    'Observable("0.18 XX - 1.05 II")': [["XX", [0, 1], 0.18], ["", [], -1.05]],
    'Observable("XYZ")': [["ZYX", [0, 1, 2], 1]],
    'Observable("-2e-1*ZI+.5IZ + 3")': [["Z", [0], 0.5], ["Z", [1], -0.2], ["", [], 3]],
    'Observable({"XX": 0.18, "ZI": 0.39})': [["XX", [0, 1], 0.18], ["Z", [1], 0.39]],
    "Observable(Z=0, X=1)": [["Z", [0], 1], ["X", [1], 1]],
    "Observable(Z=q[2])": [["Z", [2], 1]],
    "Observable(Z(0) * Z(1))": [["ZZ", [0, 1], 1]],
    "sum([Z(one) for one in q])": [["Z", [0], 1], ["Z", [1], 1], ["Z", [2], 1]],
    "Z(0) - Z(0)": [],
    "X(0) * Y(0) + Y(0) * X(0) + Z(2)": [["Z", [2], 1]],
}


@pytest.mark.parametrize("expression", _SPELLINGS)
def test_an_observable_is_spelled(expression: str) -> None:
    """The leftmost letter of a text is for the highest qubit; terms are in canonical order, the constant last."""
    assert _terms(expression) == _SPELLINGS[expression]


def test_a_hamiltonian_may_be_a_constant_of_the_module() -> None:
    before = "H = 0.5 * Z(0) * Z(1) - 1.2 * X(0)\nH2 = H * H\n"
    assert _terms("H2", before=before) == [["", [], 1.69]]


def test_a_long_sum_takes_time_in_proportion_to_its_terms() -> None:
    """However it is written: adding to a sum does not copy it, and does not change it either."""
    body = (
        "H = 0 * Z(0)\nfirst = Z(0)\nfor i in range(60000):\n    H = X(i % 3) + H\n    if i == 1:\n        first = H\n"
    )
    terms = json.loads(_compiled(f"{body}ExpectationValue(H)\nExpectationValue(first + Z(2))").aqo_json)["observables"]
    assert terms["expectation_0"] == [["X", [index], 20000] for index in range(3)]
    assert terms["expectation_1"] == [["X", [0], 1], ["X", [1], 1], ["Z", [2], 1]]


def test_more_terms_than_the_limit_are_refused() -> None:
    squares = "H = sum([X(i) for i in range(400)])\nG = sum([Y(i) for i in range(400, 800)])\nExpectationValue(H * G)"
    text = f"@hybrid_program\ndef main():\n    {squares.replace(chr(10), chr(10) + '    ')}\n"
    with pytest.raises(ResourceExhaustedError) as caught:
        compile_source(CompileRequest(source=ProgramSource(content=text.encode())))
    assert caught.value.reason == "EL0519"


def test_expectation_values_are_named_and_nothing_is_measured_for_them() -> None:
    compiled = _compiled(
        'a = ExpectationValue(Z(0))\nb = ExpectationValue("b", observable=X(1))\nreturn {"a": a, "b": b}'
    )
    circuit = decode(compiled.aqo_json)
    assert list(circuit.observables) == ["b", "expectation_0"]
    assert {one.op for one in circuit.operations} == {"RY"}
    assert circuit.clbits == 0
    assert compiled.profile.num_observables == 2
    assert compiled.outputs["a"] == {"kind": "expectation", "name": "expectation_0"}


def test_plain_numbers_in_an_observable_set_the_number_of_qubits() -> None:
    text = "@hybrid_program\ndef main():\n    h(0)\n    return ExpectationValue(Z(4))\n"
    assert compile_source(CompileRequest(source=ProgramSource(content=text.encode()))).profile.qubits == 5


_LOOP = "minimize(ExpectationValue(Z(0)), {x0}{options})"


def _loop(x0: str, options: str = "", inputs: dict[str, Any] | None = None) -> HybridLoop:
    compiled = _compiled(_LOOP.format(x0=x0, options=options), inputs=inputs)
    assert compiled.hybrid is not None
    assert compiled.binding == compiled.hybrid.initial
    return compiled.hybrid


def test_a_loop_is_declared_with_its_options() -> None:
    assert _loop("[1, 0.5]", ', method="spsa", max_iters=30, tol=1e-3, seed=5') == HybridLoop(
        objective="expectation_0", initial={"theta": 1.0, "phi": 0.5}, method="SPSA", max_iters=30, tol=1e-3, seed=5
    )
    assert _loop('{"phi": 2, "theta": 1}') == HybridLoop(objective="expectation_0", initial={"theta": 1.0, "phi": 2.0})


@pytest.mark.parametrize("method", OPTIMIZER_METHODS)
def test_a_method_may_be_written_in_any_case(method: str) -> None:
    assert _loop("[0, 0]", f', method="{method.lower().replace("-", "_")}"').method == method


def test_inputs_stand_above_the_start_values_of_the_program() -> None:
    loop = _loop("[1, 0.5]", inputs={"phi": 7})
    assert loop.initial == {"theta": 1.0, "phi": 7.0}


def test_a_start_value_is_enough_for_a_parameter_without_default() -> None:
    text = "@hybrid_program\ndef main(a: Param):\n    ry(0, a)\n    minimize(ExpectationValue(Z(0)), [0.5])\n"
    assert compile_source(CompileRequest(source=ProgramSource(content=text.encode()))).binding == {"a": 0.5}


def test_start_values_do_not_change_the_digest() -> None:
    first, second = (_compiled(_LOOP.format(x0=f"[{start}, 0]", options="")) for start in (1, 2))
    assert first.digest == second.digest


def test_parts_of_the_result_are_outputs() -> None:
    body = 'r = minimize(ExpectationValue(Z(0)), [0, 0])\nreturn {"fun": r.fun, "x": r.x, "n": r.nfev, "all": r}'
    assert _compiled(body).outputs == {
        "fun": {"kind": "optimizer", "field": "fun"},
        "x": {"kind": "optimizer", "field": "x"},
        "n": {"kind": "optimizer", "field": "nfev"},
        "all": {"kind": "optimizer", "field": ""},
    }


_FAULTY = {
    "return [ExpectationValue(Z(0))]": "EL0322",
    "return 2 * ExpectationValue(Z(0))": "EL0301",
    "if ExpectationValue(Z(0)):\n    return 1": "EL0326",
    "H = theta * Z(0)\nreturn ExpectationValue(H)": "EL0314",
    "H = Z(0) / 0\nreturn ExpectationValue(H)": "EL0303",
    "H = 1e308 * Z(0) * 10\nreturn ExpectationValue(H)": "EL0304",
    "H = 1e308 * Z(0) + 1e308 * Z(0)\nreturn ExpectationValue(H)": "EL0304",
    "H = Z(0) ** 2\nreturn ExpectationValue(H)": "EL0301",
    "H = 1 / Z(0)\nreturn ExpectationValue(H)": "EL0301",
    "H = (2 ** 2000) * Z(0)\nreturn ExpectationValue(H)": "EL0304",
    "return ExpectationValue(Z(3))": "EL0405",
    "return ExpectationValue(Z(-1))": "EL0405",
    "return ExpectationValue(Z(True))": "EL0430",
    "return ExpectationValue(Z(measure(0)))": "EL0430",
    "return ExpectationValue(Observable(Z(0), Z=1))": "EL0433",
    "return ExpectationValue('a', Z(0), observable=Z(1))": "EL0209",
    "return ExpectationValue(Observable(''))": "EL0431",
    "return ExpectationValue(Observable('1e999 Z'))": "EL0435",
    "return ExpectationValue(Z(0)).fun": "EL0106",
    "a = Z(0) < X(0)\nreturn a": "EL0321",
}


@pytest.mark.parametrize("body", _FAULTY)
def test_what_an_observable_cannot_do_is_told(body: str) -> None:
    with pytest.raises(EigenError) as caught:
        _compiled(body)
    assert caught.value.reason == _FAULTY[body]
    assert caught.value.diagnostics[0].span is not None
