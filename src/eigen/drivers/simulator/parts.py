"""A worker's answer in frames that the system's event loop can read each in a moment; `collector` puts them together.

A part is `{"counts": {...}}`, `{"expectation_values": {...}}` or both; the last part of a result has
`execution_time_sec` and `sampling` besides, and `metadata` where there is more to be said. A small result is one part.
The next binding's follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

from eigen.contracts.errors import InternalError

__all__ = ["checked_total", "result_in_parts"]

_PART_CHARACTERS = 200_000
_VALUES_PER_PART = 500


def result_in_parts(
    counts: Mapping[int, int], *, width: int, values: Mapping[str, float] = MappingProxyType({}), end: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield what a run of one binding gave.

    Args:
        counts: How often each number of the classical bits came; bit k is classical bit k.
        width: How many classical bits there are: that of each bitstring.
        values: The values of observables by name.
        end: What the last part has besides.
    """
    per_part = max(1, _PART_CHARACTERS // (width + 10))
    counted, valued = iter(counts.items()), iter(values.items())
    for _ in range((len(counts) - 1) // per_part):
        yield {"counts": _by_bitstring(islice(counted, per_part), width)}
    for _ in range((len(values) - 1) // _VALUES_PER_PART):
        yield {"expectation_values": dict(islice(valued, _VALUES_PER_PART))}
    yield {"counts": _by_bitstring(counted, width), "expectation_values": dict(valued), **end}


def _by_bitstring(counts: Iterable[tuple[int, int]], width: int) -> dict[str, int]:
    return {f"{number:0{width}b}": count for number, count in counts}


def checked_total(counts: Mapping[int, int], *, shots: int) -> Mapping[int, int]:
    """Return counts that sum to the shots.

    Raises:
        InternalError: They do not.
    """
    total = sum(counts.values())
    if not counts or total != shots:
        raise InternalError(f"the simulator gave {total} counts for {shots} shots", reason="ENGINE_BROKE_PROMISE")
    return counts
