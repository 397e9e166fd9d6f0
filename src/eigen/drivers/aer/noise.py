"""A noise model in Aer's own terms: errors behind gates and in front of measurements, and what is misread.

An error is an instruction of the circuit itself, put behind each gate of the program, so that it makes no difference
whether Aer knows the gate, runs its matrix or a sequence of others. Mixtures of Pauli operators are given as such: Aer
draws one of them for each shot, and the stabilizer method takes nothing else. A density matrix takes the whole channel.
Other channels stand in the circuit as Kraus operators and not as errors: as soon as one error has any, Aer (0.18) wants
them of all errors, makes none for those on three qubits, and fails ("Kraus is empty").

Source: `eigen.contracts.noise` for what each channel is; https://qiskit.github.io/qiskit-aer/apidocs/aer_noise.html.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction
from qiskit.quantum_info import Kraus
from qiskit_aer import noise as aer

from eigen.contracts.noise import NoiseChannel, NoiseModel

__all__ = ["AerNoise"]


class AerNoise:
    """A noise model that is put into circuits.

    Args:
        model: What goes wrong.

    Attributes:
        readout: Aer's model of misread bits, or None where none is.
    """

    def __init__(self, model: NoiseModel) -> None:
        self._model = model
        self._errors: dict[tuple[NoiseChannel, float, int], Instruction] = {}
        self.readout = _readout(model)

    def append_gate(self, lowered: QuantumCircuit, qubits: Sequence[int]) -> None:
        """Append the errors of a gate on some qubits behind it."""
        for channel in self._model.on_gates:
            self._append(lowered, channel, channel.strength(len(qubits)), qubits)

    def append_measurement(self, lowered: QuantumCircuit, qubits: Sequence[int]) -> None:
        """Append what happens to qubits while they are read, in front of their measurement."""
        for channel in self._model.on_gates:
            if channel.name == "thermal":
                self._append(lowered, channel, channel["readout"], qubits)

    def misread(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of what is read.

        Args:
            probabilities: float64, one for each outcome of n bits, 2^n of them.
        """
        zero_as_one, one_as_zero = self._model.readout
        confusion = np.array([[1 - zero_as_one, one_as_zero], [zero_as_one, 1 - one_as_zero]])
        num_bits = probabilities.size.bit_length() - 1
        seen = probabilities.reshape((2,) * num_bits)
        for bit in range(num_bits):
            seen = np.moveaxis(np.tensordot(confusion, seen, axes=(1, bit)), 0, bit)
        return np.ascontiguousarray(seen).reshape(-1)

    def _append(self, lowered: QuantumCircuit, channel: NoiseChannel, strength: float, qubits: Sequence[int]) -> None:
        if strength == 0:
            return
        is_joint = channel.name == "depolarizing"
        key = (channel, strength, len(qubits) if is_joint else 1)
        if key not in self._errors:
            self._errors[key] = _instruction(_error(channel, strength, num_qubits=key[2]))
        for group in [list(qubits)] if is_joint else [[qubit] for qubit in qubits]:
            lowered.append(self._errors[key], group)


def _error(channel: NoiseChannel, strength: float, *, num_qubits: int) -> aer.QuantumError:
    if channel.name == "depolarizing":
        return aer.depolarizing_error(strength, num_qubits)
    if channel.name == "amplitude_damping":
        return aer.amplitude_damping_error(strength)
    if channel.name == "phase_damping":
        flip = (1 - math.sqrt(1 - strength)) / 2
        return aer.pauli_error([("Z", flip), ("I", 1 - flip)])
    return aer.thermal_relaxation_error(channel["t1"], channel["t2"], strength)


def _instruction(error: aer.QuantumError) -> Instruction:
    is_mixture = all(one.name != "kraus" for circuit in error.circuits for one in circuit.data)
    return error.to_instruction() if is_mixture else Kraus(error.to_quantumchannel()).to_instruction()


def _readout(model: NoiseModel) -> aer.NoiseModel | None:
    zero_as_one, one_as_zero = model.readout
    if not zero_as_one and not one_as_zero:
        return None
    misread = aer.NoiseModel()
    misread.add_all_qubit_readout_error(
        aer.ReadoutError([[1 - zero_as_one, zero_as_one], [one_as_zero, 1 - one_as_zero]])
    )
    return misread
