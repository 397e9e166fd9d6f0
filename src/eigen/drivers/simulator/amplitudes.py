"""Shots drawn from amplitudes of many qubits, without a second array of their size. Runs in a worker only.

Theory: an outcome's number is drawn in two steps, its upper bits by the multinomial distribution of the sums of each
block of probabilities, its lower bits in that block's cumulative sums. That is one draw from the whole distribution,
and costs one pass over the amplitudes and a few small blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eigen.contracts.errors import InternalError

__all__ = ["drawn"]

_TOLERANCE = 1e-4
_PASS = 2**20


def drawn(
    amplitudes: NDArray[Any], *, shots: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw shots.

    Args:
        amplitudes: complex, of shape (2^n,).
        shots: How many.
        generator: Where all random numbers come from.

    Returns:
        Outcomes, int64, ascending, and how often each of them came, int64.

    Raises:
        InternalError: The probabilities do not sum to 1.
    """
    block = 1 << (amplitudes.size.bit_length() - 1) // 2
    sums = _block_sums(amplitudes, block)
    total = float(sums.sum())
    if not abs(total - 1.0) < _TOLERANCE:
        raise InternalError(f"the probabilities sum to {total}", reason="ENGINE_BROKE_PROMISE")
    times = generator.multinomial(shots, sums / total)
    outcomes = [
        start * block + _in_block(amplitudes[start * block : (start + 1) * block], int(times[start]), generator)
        for start in np.flatnonzero(times).tolist()
    ]
    return np.unique(np.concatenate(outcomes), return_counts=True)


def _block_sums(amplitudes: NDArray[Any], block: int) -> NDArray[np.float64]:
    """Return the sum of each block's probabilities, added in double precision."""
    pieces = [
        _probabilities(amplitudes[start : start + _PASS]).reshape(-1, min(block, amplitudes.size)).sum(axis=1)
        for start in range(0, amplitudes.size, _PASS)
    ]
    return np.concatenate(pieces)


def _in_block(amplitudes: NDArray[Any], shots: int, generator: np.random.Generator) -> NDArray[np.int64]:
    sums = np.cumsum(_probabilities(amplitudes))
    places = np.searchsorted(sums, generator.random(shots) * sums[-1], side="right")
    found: NDArray[np.int64] = np.minimum(places, np.flatnonzero(amplitudes)[-1])
    return found


def _probabilities(amplitudes: NDArray[Any]) -> NDArray[np.float64]:
    return amplitudes.real.astype(np.float64) ** 2 + amplitudes.imag.astype(np.float64) ** 2
