"""Counts as Qiskit's bit arrays, one for each classical register.

A count says nothing about the order of its shots, and shots are exchangeable: they are put in a random order, drawn
from the point's seed, the same in all registers, so that what stands in one row of two registers came in one shot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.primitives import BitArray

from eigen.contracts.results import JobResults, SweepPoint

__all__ = ["Registers", "bit_arrays", "registers_of"]

Registers = Mapping[str, Sequence[int]]
"""Name of each classical register to the circuit's numbers of its bits, the least significant first."""


def registers_of(circuit: QuantumCircuit) -> Registers:
    """Return the classical registers of a circuit; bits that are in none of them are in no result."""
    return {one.name: [circuit.find_bit(bit).index for bit in one] for one in circuit.cregs}


def bit_arrays(
    registers: Registers, points: Sequence[JobResults | SweepPoint], *, shape: tuple[int, ...], shots: int
) -> dict[str, BitArray]:
    """Return a bit array of shape `shape` for each register.

    Args:
        registers: Whose bits.
        points: Counts of each point, in C order; none where nothing is measured, and all bits are 0.
        shape: Of the PUB.
        shots: Of each point.
    """
    arrays = {
        name: np.zeros((int(np.prod(shape)), shots, -(-len(bits) // 8)), dtype=np.uint8)
        for name, bits in registers.items()
    }
    for index, point in enumerate(points):
        outcomes, order = _outcomes(point.counts), _order(point.counts, _seed(point))
        for name, bits in registers.items():
            arrays[name][index] = _packed(outcomes, bits)[order]
    return {
        name: BitArray(array.reshape(*shape, *array.shape[1:]), len(registers[name])) for name, array in arrays.items()
    }


def _outcomes(counts: Mapping[str, int]) -> NDArray[np.uint8]:
    """Return bits of shape (outcomes, classical bits), bit 0 first."""
    characters = np.frombuffer("".join(counts).encode("ascii"), dtype=np.uint8)
    return characters.reshape(len(counts), -1)[:, ::-1] - ord("0")


def _order(counts: Mapping[str, int], seed: int) -> NDArray[np.int64]:
    """Return the number of the outcome of each shot."""
    numbers = np.repeat(np.arange(len(counts)), list(counts.values()))
    return np.random.default_rng(seed).permutation(numbers)


def _packed(outcomes: NDArray[np.uint8], bits: Sequence[int]) -> NDArray[np.uint8]:
    """Return a register's outcomes as Qiskit packs them: big-endian, zeros in front."""
    padded = np.pad(outcomes[:, list(reversed(bits))], ((0, 0), (-len(bits) % 8, 0)))
    return np.packbits(padded, axis=-1)


def _seed(point: JobResults | SweepPoint) -> int:
    return point.seed if isinstance(point, SweepPoint) else int(point.provenance["seed"])
