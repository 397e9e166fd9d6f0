"""Shots of a Clifford circuit without conditions, by Stim's sampler, as counts. Runs in a worker only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import stim
from numpy.typing import NDArray

from eigen.contracts.aqo import AQO
from eigen.contracts.gates import MEASURE
from eigen.drivers.simulator.sampling import count_rows

__all__ = ["Records"]

_BITS_PER_BATCH = 2**24


class Records:
    """Which of a circuit's measurements is read in which classical bit: the last one that is written into it.

    Args:
        circuit: Without conditions.
    """

    def __init__(self, circuit: AQO) -> None:
        clbits = [clbit for operation in circuit.operations if operation.op == MEASURE for clbit in operation.c]
        record_of = {clbit: record for record, clbit in enumerate(clbits)}
        self._clbits = np.array(list(record_of), dtype=np.intp)
        self._records = np.array(list(record_of.values()), dtype=np.intp)
        self._width = circuit.clbits

    def counts(self, circuit: stim.Circuit, *, shots: int, seed: int) -> Mapping[int, int]:
        """Draw shots; return how often each number of the classical bits came.

        Args:
            circuit: The same for Stim.
            shots: How many.
            seed: Of Stim's generator.
        """
        sampler = circuit.compile_sampler(seed=seed)
        counts: dict[int, int] = {}
        for size in _batches(shots, bits_per_shot=max(self._width, circuit.num_measurements)):
            for number, times in count_rows(self._bits(sampler.sample(size))):
                counts[number] = counts.get(number, 0) + times
        return counts

    def _bits(self, records: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return each shot's classical bits, bool of shape (shots, width).

        Args:
            records: bool of shape (shots, measurements).
        """
        bits = np.zeros((len(records), self._width), dtype=np.bool_)
        bits[:, self._clbits] = records[:, self._records]
        return bits


def _batches(shots: int, *, bits_per_shot: int) -> Iterator[int]:
    """Yield sizes of batches that sum to the shots; the same ones every time, since the shots depend on them."""
    largest = max(1, _BITS_PER_BATCH // bits_per_shot)
    while shots:
        yield min(shots, largest)
        shots -= min(shots, largest)
