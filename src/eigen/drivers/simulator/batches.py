"""The bindings of a request in runs that go to a worker in one frame each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eigen.contracts.execution import ExecutionRequest
from eigen.drivers.seeds import derived_seed

__all__ = ["batches", "seeds_of"]

_VALUES_PER_BATCH = 2_048
"""Most parameter values in one frame: about 50 KB of JSON, a millisecond of the event loop."""

_BINDINGS_PER_BATCH = 256
"""Most bindings in one frame."""


def batches(request: ExecutionRequest) -> Iterator[tuple[int, tuple[Mapping[str, float], ...]]]:
    """Yield the bindings in runs of bounded size, each with the index of its first one."""
    fitting = _VALUES_PER_BATCH // max(1, len(request.payload.profile.parameters))
    per_batch = min(max(1, fitting), _BINDINGS_PER_BATCH)
    for first in range(0, len(request.bindings), per_batch):
        yield first, request.bindings[first : first + per_batch]


def seeds_of(request: ExecutionRequest, *, first: int, count: int) -> list[int]:
    """Return the seed of each binding of a run; `first` is the index of its first one in the request."""
    start = request.first_binding + first
    return [derived_seed(request.options.seed, binding_index=index) for index in range(start, start + count)]
