"""`braket:local`: Amazon Braket's simulator by OpenQASM 3 keeps the promises of the port; its bit order is turned."""

from __future__ import annotations

from itertools import permutations

import pytest

from eigen.contracts.aqo import AQO, Operation, PauliTerm, profile
from eigen.contracts.errors import UnimplementedError
from eigen.contracts.execution import ExecutionOptions
from eigen.drivers.braket.dialect import to_braket
from eigen.drivers.braket.simulator import BraketDriver
from eigen.drivers.manager import LocalDriverManager
from eigen.testing.driver_conformance import check_driver, execution_request

MIXED = AQO(
    qubits=3,
    clbits=2,
    operations=(
        Operation("CX", (2, 0)),
        Operation("CH", (1, 2)),
        Operation("P", (1,), (-0.5,)),
        Operation("MEASURE", (0, 2), c=(1, 0), basis="Y"),
    ),
)


async def test_it_keeps_the_promises_of_the_port() -> None:
    async with BraketDriver(num_workers=1, memory_limit_bytes=2**26) as driver:
        await check_driver(driver, "braket:local", gates={"h", "s", "ry", "cx", "cu", "iswap", "ccz"})


def test_gates_have_brakets_names_and_matrices_the_most_significant_qubit_first() -> None:
    assert to_braket(MIXED, {}, read=(2, 0)).splitlines()[1:] == [
        "qubit[3] q;",
        "i q[0];",
        "i q[1];",
        "i q[2];",
        "cnot q[2], q[0];",
        "#pragma braket unitary([[1.0 + 0.0im, 0.0 + 0.0im, 0.0 + 0.0im, 0.0 + 0.0im], "
        "[0.0 + 0.0im, 0.7071067811865476 + 0.0im, 0.0 + 0.0im, 0.7071067811865476 + 0.0im], "
        "[0.0 + 0.0im, 0.0 + 0.0im, 1.0 + 0.0im, 0.0 + 0.0im], "
        "[0.0 + 0.0im, 0.7071067811865476 + 0.0im, 0.0 + 0.0im, -0.7071067811865476 + 0.0im]]) q[2], q[1]",
        "phaseshift(-0.5) q[1];",
        "si q[0];",
        "h q[0];",
        "si q[2];",
        "h q[2];",
        "#pragma braket result probability q[0], q[2]",
    ]


async def test_qubits_are_read_in_any_order() -> None:
    """Every permutation of four qubits, most of which are not their own inverse."""
    async with BraketDriver(num_workers=1, memory_limit_bytes=2**26) as driver:
        for order in permutations(range(4)):
            for ones in ((0,), (1, 3)):
                flips = tuple(Operation("X", (qubit,)) for qubit in ones)
                circuit = AQO(qubits=4, clbits=4, operations=(*flips, Operation("MEASURE", order, c=(0, 1, 2, 3))))
                (result,) = await driver.execute(execution_request("braket:local", circuit, shots=1))
                expected = "".join("1" if qubit in ones else "0" for qubit in reversed(order))
                assert dict(result.counts) == {expected: 1}, (order, ones)


def test_expectation_values_are_of_the_state_before_the_measurements() -> None:
    program = to_braket(MIXED, {}, read=(), terms=[PauliTerm("XZ", (0, 2), 1.0)])
    assert program.endswith("phaseshift(-0.5) q[1];\n#pragma braket result expectation x(q[0]) @ z(q[2])\n")


@pytest.mark.parametrize(
    ("last", "lacking"),
    [
        (Operation("RESET", (0,)), "reset"),
        (Operation("X", (0,)), "measurement in the middle"),
    ],
)
async def test_what_its_results_cannot_tell_is_not_offered(last: Operation, lacking: str) -> None:
    circuit = AQO(qubits=1, clbits=1, operations=(Operation("MEASURE", (0,), c=(0,)), last))
    async with LocalDriverManager({"braket": BraketDriver()}) as manager:
        with pytest.raises(UnimplementedError, match=lacking):
            manager.admit("braket:local", profile(circuit), ExecutionOptions(shots=1, seed=1))
