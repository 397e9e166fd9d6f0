"""A worker's answer in frames that the system's event loop can read each in a moment; `collector` puts them together.

Parts: `{"counts": {...}}` and `{"expectation_values": {...}}`, as many as a result needs, then
`{"execution_time_sec": t, "sampling": s}`, with `metadata` where there is more to be said; the next binding follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eigen.contracts.errors import InternalError

__all__ = ["checked_total", "counts_in_parts", "values_in_parts"]

_PART_CHARACTERS = 200_000
_VALUES_PER_PART = 500


def counts_in_parts(counts: Mapping[int, int], *, width: int) -> Iterator[Mapping[str, Any]]:
    """Yield counts by bitstring of fixed width.

    Args:
        counts: How often each number of the classical bits came; bit k is classical bit k.
        width: How many classical bits there are.
    """
    per_part = max(1, _PART_CHARACTERS // (width + 10))
    entries = list(counts.items())
    for start in range(0, len(entries), per_part):
        chunk = entries[start : start + per_part]
        yield {"counts": {f"{number:0{width}b}": count for number, count in chunk}}


def values_in_parts(values: Mapping[str, float]) -> Iterator[Mapping[str, Any]]:
    """Yield the values of observables by name."""
    entries = list(values.items())
    for start in range(0, len(entries), _VALUES_PER_PART):
        yield {"expectation_values": dict(entries[start : start + _VALUES_PER_PART])}


def checked_total(counts: Mapping[int, int], *, shots: int) -> Mapping[int, int]:
    """Return counts that sum to the shots.

    Raises:
        InternalError: They do not.
    """
    total = sum(counts.values())
    if not counts or total != shots:
        raise InternalError(f"the simulator gave {total} counts for {shots} shots", reason="ENGINE_BROKE_PROMISE")
    return counts
