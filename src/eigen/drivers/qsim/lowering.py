"""AQO to qsim's gates, and a run of them. Runs in a worker only.

qsim's first qubit of a matrix is the most significant one, so that a gate's qubits go in reverse. Gates are ordered by
the layer in which they can first run, as qsim wants them; a circuit of one qubit gets a second one, which qsim needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eigen.contracts.aqo import AQO, Angle, Operation, evaluate
from eigen.contracts.gates import GATES
from eigen.drivers.qsim.library import load_qsim
from eigen.drivers.simulator.branching import Gates, plan_of

__all__ = ["final_amplitudes", "lowered"]

_GATE_OF_OP = {gate.op: gate for gate in GATES.values()}
_qsim = load_qsim()

_OPTIONS = {
    # qsim's own names; as `qsimcirq.QSimOptions` sets them, but for the size of fused gates (2)
    "f": 4,
    "g": False,
    "gdb": 16,
    "gmode": 0,
    "gsst": 512,
    "i": "",
    "r": 1,
    "s": 0,
    "v": 0,
    "z": False,
}


def lowered(circuit: AQO, binding: Mapping[str, float]) -> Any:
    """Return qsim's circuit of a circuit's gates, the turns into the bases of its measurements included.

    Raises:
        InvalidArgumentError: A parameter has no value, or an angle is not finite.
    """
    plan = plan_of(circuit)
    gates = [operation for step in plan.steps if isinstance(step, Gates) for operation in step.operations]
    numbers_of: dict[tuple[str, tuple[Angle, ...]], list[float]] = {}
    made = _qsim.Circuit()
    made.num_qubits = max(2, circuit.qubits)
    first_free = [0] * made.num_qubits
    layered = []
    for operation in (*gates, *plan.turns):
        layer = max([first_free[qubit] for qubit in operation.q])
        layered.append((layer, operation))
        for qubit in operation.q:
            first_free[qubit] = layer + 1
    for layer, operation in sorted(layered, key=itemgetter(0)):
        gate = operation.op, operation.params
        if gate not in numbers_of:
            numbers_of[gate] = _numbers(operation, binding)
        _qsim.add_matrix_gate(layer, operation.q[::-1], numbers_of[gate], made)
    return made


def final_amplitudes(circuit: Any, *, num_threads: int) -> NDArray[np.complex64]:
    """Return the state behind a circuit, complex64 of shape (2^n,); bit k of an index is qubit k."""
    options = {**_OPTIONS, "c": circuit, "t": num_threads}
    numbers: NDArray[np.float32] = _qsim.qsim_simulate_fullstate(options, 0)
    return numbers.view(np.complex64)


def _numbers(operation: Operation, binding: Mapping[str, float]) -> list[float]:
    """Return a gate's matrix by rows, each element as its real and imaginary part."""
    angles = [evaluate(angle, binding) for angle in operation.params]
    rows = _GATE_OF_OP[operation.op].unitary(*angles)
    return [part for row in rows for one in row for part in (one.real, one.imag)]
