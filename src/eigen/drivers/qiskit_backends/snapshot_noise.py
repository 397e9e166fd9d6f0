"""A snapshot's noise for the qubits that a circuit uses, and the circuit on these alone. Runs in a worker.

Aer's noise models are made from what was measured of each gate on each pair of qubits, which for a machine of 156
qubits takes a minute, and goes into every run whole. Noise on qubits that a circuit does not touch changes nothing.

The errors are those that the snapshot itself would run with: depolarizing noise and thermal relaxation such that each
gate has its measured error, and misread bits (`qiskit_aer.noise.device`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit, QuantumRegister
from qiskit_aer.noise import NoiseModel
from qiskit_aer.noise.device import basic_device_gate_errors, basic_device_readout_errors

__all__ = ["compacted", "noise_of"]


def compacted(circuit: QuantumCircuit) -> tuple[QuantumCircuit, tuple[int, ...]]:
    """Return a circuit on the qubits that it uses alone, and the former number of each of them."""
    used = {circuit.find_bit(qubit).index for one in circuit.data if one.name != "barrier" for qubit in one.qubits}
    active = tuple(sorted(used))
    place_of = {qubit: place for place, qubit in enumerate(active)}
    compact = QuantumCircuit(QuantumRegister(len(active)), *circuit.cregs)
    for one in circuit.data:
        if one.name != "barrier":
            qubits = [place_of[circuit.find_bit(qubit).index] for qubit in one.qubits]
            compact.append(one.operation, qubits, one.clbits)
    return compact, active


def noise_of(properties: Any, active: Sequence[int]) -> NoiseModel:
    """Return the noise of some qubits of a machine, numbered anew in their order.

    Args:
        properties: What was measured, as `BackendV2`s of IBM give it by `properties()`.
        active: Which qubits.
    """
    place_of = {qubit: place for place, qubit in enumerate(active)}
    measured = properties.to_dict()
    measured["qubits"] = [measured["qubits"][qubit] for qubit in active]
    measured["gates"] = [
        {**gate, "qubits": [place_of[qubit] for qubit in gate["qubits"]]}
        for gate in measured["gates"]
        if place_of.keys() >= set(gate["qubits"])
    ]
    own = type(properties).from_dict(measured)
    noise = NoiseModel(basis_gates=sorted({gate["gate"] for gate in measured["gates"]} - {"measure", "reset"}))
    for qubits, error in basic_device_readout_errors(own):
        noise.add_readout_error(error, qubits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of gates whose measured error is below what relaxation alone makes
        for name, qubits, error in basic_device_gate_errors(own):
            noise.add_quantum_error(error, name, qubits)
    return noise
