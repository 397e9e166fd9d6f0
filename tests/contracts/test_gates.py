"""The gate table is right: every matrix is unitary and is what Qiskit, independently, says that it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator

from eigen.contracts.gates import GATE_ALIASES, GATES, Gate

angles = st.floats(-4 * math.pi, 4 * math.pi)
gates = st.sampled_from(list(GATES.values()))
_NAMES = "p x y z h s sdg t tdg sx rx ry rz cx cy cz cp crx cry crz ch swap ccx cswap cu CX phase cphase id u1 u2 u3"
STDGATES_INC = frozenset(_NAMES.split(" "))
"""All gates of OpenQASM 3's standard library, https://openqasm.com/language/standard_library.html."""


@given(gates, st.lists(angles, min_size=4, max_size=4))
def test_a_matrix_is_the_one_of_qiskits_method_of_that_name(gate: Gate, values: list[float]) -> None:
    chosen = values[: len(gate.params)]
    circuit = QuantumCircuit(gate.num_qubits)
    getattr(circuit, gate.qiskit)(*chosen, *range(gate.num_qubits))
    np.testing.assert_allclose(np.array(gate.unitary(*chosen)), Operator(circuit).data, atol=1e-12)


@given(gates, st.lists(angles, min_size=4, max_size=4))
def test_a_matrix_is_unitary_and_has_a_row_for_each_basis_state(gate: Gate, values: list[float]) -> None:
    matrix = np.array(gate.unitary(*values[: len(gate.params)]))
    assert matrix.shape == (2**gate.num_qubits, 2**gate.num_qubits)
    np.testing.assert_allclose(matrix @ matrix.conj().T, np.eye(len(matrix)), atol=1e-12)


@pytest.mark.parametrize("gate", GATES.values(), ids=lambda gate: gate.name)
def test_a_name_is_lower_case_and_its_operation_upper_case(gate: Gate) -> None:
    assert gate.name == gate.name.lower()
    assert gate.op == gate.name.upper()
    assert GATES[gate.name] is gate


def test_gates_have_an_openqasm_name_exactly_where_its_standard_library_has_them() -> None:
    older_or_doubled = {"CX", "phase", "cphase", "u1", "u2"}
    assert {gate.openqasm for gate in GATES.values() if gate.openqasm} == STDGATES_INC - older_or_doubled


def test_the_language_has_exactly_the_documented_gates() -> None:
    documented = (
        "id x y z h s sdg t tdg sx sxdg p rx ry rz r u cx cy cz ch cs csdg csx cp crx cry crz cu swap iswap ecr "
        "rxx ryy rzz rzx ccx ccz cswap"
    )
    assert list(GATES) == documented.split()
    assert dict(GATE_ALIASES) == {"cnot": "cx", "toffoli": "ccx"}
