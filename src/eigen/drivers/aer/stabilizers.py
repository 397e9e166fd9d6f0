"""Counts of a stabilizer state, drawn at once from its tableau and one shot.

Theory. The outcomes of measuring qubits of a stabilizer state are all equally likely, and are an affine space over
GF(2): any one of them, plus every sum of the stabilizers' X parts, on the qubits that are measured. So one shot of
Aer's tells the place of that space, and any number of others are that one plus random sums of these rows: exact, and
one product of matrices in place of a measurement of every qubit for each shot. The rows need not be independent: each
element of their span comes from equally many sums.

Source: S. Aaronson, D. Gottesman, Physical Review A 70, 052328 (2004); D. Gottesman, quant-ph/9807006.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eigen.drivers.simulator.sampling import Readout, count_rows

__all__ = ["affine_counts"]

_ELEMENTS_PER_BATCH = 2**22
_X, _Y = b"XY"


def affine_counts(
    stabilizers: Sequence[str], outcome: int, readout: Readout, *, shots: int, seed: int
) -> dict[int, int]:
    """Draw shots.

    Args:
        stabilizers: The state's generators, a sign and a letter for each qubit, the last letter for qubit 0.
        outcome: What one shot read, bit k for classical bit k.
        readout: Which qubits are read into which bits.
        shots: How many.
        seed: Of the generator, NumPy's PCG64.

    Returns:
        How often each number of the classical bits came.
    """
    flips = _flips(stabilizers, readout)
    first = np.array([outcome >> clbit & 1 for clbit in readout.clbits], dtype=np.bool_)
    clbits = np.array(readout.clbits, dtype=np.intp)
    generator = np.random.Generator(np.random.PCG64(seed))
    counts: dict[int, int] = {}
    for size in _batches(shots, elements_per_shot=max(*flips.shape, readout.clbits[-1] + 1)):
        chosen = generator.integers(0, 2, size=(size, len(flips)), dtype=np.uint8).astype(np.float32)
        bits = np.zeros((size, readout.clbits[-1] + 1), dtype=np.bool_)
        bits[:, clbits] = (chosen @ flips % 2 != 0) ^ first  # sums of fewer than 2^24 ones are exact
        for number, times in count_rows(bits):
            counts[number] = counts.get(number, 0) + times
    return counts


def _flips(stabilizers: Sequence[str], readout: Readout) -> NDArray[np.float32]:
    """Return the X parts on the measured qubits, those that are zero left out."""
    num_qubits = len(stabilizers)
    text = "".join(one[-num_qubits:] for one in stabilizers).encode("ascii")
    letters = np.frombuffer(text, dtype=np.uint8).reshape(num_qubits, num_qubits)
    read = letters[:, num_qubits - 1 - np.array(readout.qubits, dtype=np.intp)]
    flips: NDArray[np.bool_] = (read == _X) | (read == _Y)
    return flips[flips.any(axis=1)].astype(np.float32)


def _batches(shots: int, *, elements_per_shot: int) -> Iterator[int]:
    """Yield sizes of batches that sum to the shots; the same ones every time, since the shots depend on them."""
    largest = max(1, _ELEMENTS_PER_BATCH // elements_per_shot)
    while shots:
        yield min(shots, largest)
        shots -= min(shots, largest)
