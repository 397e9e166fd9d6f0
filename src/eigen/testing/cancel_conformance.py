"""A cancel in the middle of a run: the run ends soon, by the cancellation and not with results, and the next one runs.

What is heavy for one device is nothing for another. So the circuit grows, in qubits and then in layers, until a run is
still at work when it is cancelled; where none is, that is said. A run that goes on to its end, and gives nothing, ends
the later the heavier it is: so some more are cancelled, each several times as heavy as the last.
"""

from __future__ import annotations

from collections.abc import Iterator

import anyio

from eigen.contracts.aqo import AQO, Operation, profile
from eigen.contracts.errors import EigenError
from eigen.contracts.gates import GATES, MEASURE
from eigen.testing.driver_subject import DriverSubject
from eigen.testing.expectations import expect

__all__ = ["check_cancel"]

_CANCEL_AFTER_SEC = 0.3
_LATEST_SEC = 5.0
_CANCELLED = 4
_FEWEST_QUBITS = 12
_MOST_QUBITS = 24
_LAYERS = (10, 40, 160, 640)
_SHOTS = 100
_PAIR_GATES = ("cx", "cz", "ecr", "iswap", "swap")
_TURNS = ("ry", "rx", "sx", "t", "h", "x")


async def check_cancel(subject: DriverSubject) -> None:
    """Cancel runs, the heavier the longer they are done too early.

    A run that ends in the moment of its cancel may give its results all the same, once. A second one, of a circuit that
    takes several times as long, has not ended then: its results are late, or made up.
    """
    too_late = cancelled = 0
    for circuit in _growing(subject):
        request = subject.request(circuit, shots=_SHOTS)
        with anyio.move_on_after(_CANCEL_AFTER_SEC) as scope:
            began = anyio.current_time()
            await subject.checked(request, num_bits=circuit.clbits)
        late_sec = anyio.current_time() - began - _CANCEL_AFTER_SEC
        expect(late_sec < _LATEST_SEC, f"it ended {late_sec:.1f} s after it was cancelled")
        too_late += scope.cancel_called and not scope.cancelled_caught
        expect(too_late < 2, f"it was cancelled, and gave results all the same, {late_sec:.1f} s later")
        cancelled += scope.cancelled_caught
        if cancelled == _CANCELLED:
            break
    if not cancelled:
        subject.untried.append("a cancel in the middle of a run: no circuit that the device admits takes long enough")
    await subject.run(subject.coins())


def _growing(subject: DriverSubject) -> Iterator[AQO]:
    most = min(_MOST_QUBITS, subject.device.num_qubits)
    widths = [*range(min(_FEWEST_QUBITS, most), most, 2), most]
    for num_qubits, num_layers in [*((one, _LAYERS[0]) for one in widths), *((most, one) for one in _LAYERS[1:])]:
        if _is_admitted(subject, circuit := _layered(subject, num_qubits, num_layers)):
            yield circuit


def _layered(subject: DriverSubject, num_qubits: int, num_layers: int) -> AQO:
    """Return layers of turns and couplings, which no method finds easy and no pass takes out."""
    turn = next((GATES[name] for name in _TURNS if name in subject.gates), None)
    pair_gate = next((GATES[name].op for name in _PAIR_GATES if name in subject.gates), None)
    qubits = tuple(range(num_qubits))
    declared = subject.device.connectivity
    pairs = [(low, low + 1) for low in range(num_qubits - 1)] if declared is None else declared
    operations: list[Operation] = []
    for layer in range(num_layers):
        if turn is not None:
            angles = tuple(0.3 + 0.1 * layer for _ in turn.params)
            operations += [Operation(turn.op, (qubit,), angles) for qubit in qubits]
        if pair_gate is not None:
            operations += [Operation(pair_gate, pair) for pair in pairs[layer % 2 :: 2] if max(pair) < num_qubits]
    last = Operation(MEASURE, qubits, c=qubits)
    return AQO(qubits=num_qubits, clbits=num_qubits, operations=(*operations, last))


def _is_admitted(subject: DriverSubject, circuit: AQO) -> bool:
    request = subject.request(circuit, shots=_SHOTS)
    try:
        subject.driver.admit(request.device_id, profile(circuit), request.options)
    except EigenError:
        return False
    return True
