"""Shots drawn from amplitudes of many qubits, without a second array of their size. Runs in a worker only.

Theory: an outcome's number is drawn in two steps, its upper bits by the multinomial distribution of the sums of each
block of probabilities, its lower bits in that block's cumulative sums. That is one draw from the whole distribution,
and costs one pass over the amplitudes and a few small blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    outcomes = list(_in_blocks(amplitudes.reshape(-1, block), times, generator))
    return np.unique(np.concatenate(outcomes), return_counts=True)


def _block_sums(amplitudes: NDArray[Any], block: int) -> NDArray[np.float64]:
    """Return the sum of each block's probabilities, added in double precision."""
    pieces = [
        _probabilities(amplitudes[start : start + _PASS]).reshape(-1, min(block, amplitudes.size)).sum(axis=1)
        for start in range(0, amplitudes.size, _PASS)
    ]
    return np.concatenate(pieces)


def _in_blocks(
    blocks: NDArray[Any], times: NDArray[np.int64], generator: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield as many outcomes of each block as times say, block after block."""
    drawn_from = np.flatnonzero(times)
    at_once = _PASS // blocks.shape[1]
    for first in range(0, drawn_from.size, at_once):
        some = drawn_from[first : first + at_once]
        sums = np.cumsum(_probabilities(blocks[some]), axis=1)
        repeats = times[some]
        values = generator.random(int(repeats.sum())) * np.repeat(sums[:, -1], repeats)
        shares = np.split(values, np.cumsum(repeats)[:-1])
        places = np.concatenate([row.searchsorted(share, "right") for row, share in zip(sums, shares, strict=True)])
        last = np.count_nonzero(sums < sums[:, -1:], axis=1)  # where rounding made a share the whole
        yield np.repeat(some * blocks.shape[1], repeats) + np.minimum(places, np.repeat(last, repeats))


def _probabilities(amplitudes: NDArray[Any]) -> NDArray[np.float64]:
    return amplitudes.real.astype(np.float64) ** 2 + amplitudes.imag.astype(np.float64) ** 2
