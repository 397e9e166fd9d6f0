"""Seeds of a primitive's jobs: from one number, or from a generator that gives one for each call of `run`."""

from __future__ import annotations

import hashlib
from numbers import Integral

import numpy as np

from eigen.client.arguments import require_kind
from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.contracts.errors import InvalidArgumentError

__all__ = ["Seed", "checked", "drawn", "job_seed"]

Seed = int | np.random.Generator | None

_SEED_BITS = 53


def checked(seed: Seed) -> Seed:
    """Return a seed that is one.

    Raises:
        InvalidArgumentError: It is none.
    """
    hint = "give an integer of 0 to 2^53 − 1, a numpy.random.Generator, or None"
    require_kind(seed, (Integral, np.random.Generator, type(None)), name="seed", hint=hint)
    if isinstance(seed, np.random.Generator) or seed is None:
        return seed
    if not 0 <= seed <= MAX_SAFE_INTEGER:
        raise InvalidArgumentError(f"the seed {seed} is out of range", reason="PRIMITIVE_SEED", hint=hint)
    return int(seed)


def drawn(seed: Seed) -> int | None:
    """Return the seed of one call: the number itself, the same for each call, or the generator's next."""
    return int(seed.integers(1 << _SEED_BITS)) if isinstance(seed, np.random.Generator) else seed


def job_seed(seed: int, number: int) -> int:
    """Return the seed of a call's job, 0 to 2^53 − 1: of the first one the seed itself.

    Example:
        >>> job_seed(7, 0), job_seed(7, 1) == job_seed(7, 2)
        (7, False)
    """
    if not number:
        return seed
    digest = hashlib.sha256(f"eigen primitive {seed} {number}".encode()).digest()
    return int.from_bytes(digest[:8]) >> (64 - _SEED_BITS)
