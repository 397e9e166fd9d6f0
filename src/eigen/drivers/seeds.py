"""One seed for each binding, from the job's one seed.

The first binding uses the job's seed itself, so that a sweep's first point and a single job agree; the others hash the
seed and their index. A binding's seed depends on nothing else: not on how many there are, not on which worker or batch
runs it, not on the machine.
"""

from __future__ import annotations

import hashlib

__all__ = ["derived_seed"]

_SEED_BITS = 53


def derived_seed(seed: int, *, binding_index: int) -> int:
    """Return the seed of a binding, 0 to 2^53 − 1.

    Args:
        seed: The job's seed, 0 to 2^53 − 1.
        binding_index: Position of the binding in the job, from 0.

    Example:
        >>> derived_seed(7, binding_index=0)
        7
    """
    if binding_index == 0:
        return seed
    digest = hashlib.sha256(f"eigen seed {seed} {binding_index}".encode()).digest()
    return int.from_bytes(digest[:8]) >> (64 - _SEED_BITS)
