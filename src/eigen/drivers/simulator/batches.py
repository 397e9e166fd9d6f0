"""The bindings of requests in runs that go to a worker in one frame each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from eigen.contracts.execution import ExecutionRequest
from eigen.drivers.seeds import derived_seed

__all__ = ["Piece", "batches", "portions", "seeds_of"]

_VALUES_PER_BATCH = 2_048
"""Most parameter values in one frame: about 50 KB of JSON, a millisecond of the event loop."""

_BINDINGS_PER_BATCH = 256
"""Most bindings in one frame."""


class Piece(NamedTuple):
    """Some bindings of a request; `first` is the index of the first of them in it."""

    request: ExecutionRequest
    first: int
    bindings: tuple[Mapping[str, float], ...]


def batches(request: ExecutionRequest) -> Iterator[tuple[int, tuple[Mapping[str, float], ...]]]:
    """Yield the bindings in runs of bounded size, each with the index of its first one."""
    fitting = _VALUES_PER_BATCH // max(1, len(request.payload.profile.parameters))
    per_batch = min(max(1, fitting), _BINDINGS_PER_BATCH)
    for first in range(0, len(request.bindings), per_batch):
        yield first, request.bindings[first : first + per_batch]


def portions(requests: Sequence[ExecutionRequest]) -> Iterator[list[Piece]]:
    """Yield all bindings of several requests, in their order, as many together as one frame should have."""
    portion: list[Piece] = []
    for piece in (Piece(request, *batch) for request in requests for batch in batches(request)):
        if portion and sum(map(_share, portion)) + _share(piece) > 1:
            yield portion
            portion = []
        portion.append(piece)
    yield portion


def _share(piece: Piece) -> float:
    """Return how much of a frame some bindings take."""
    num_values = len(piece.bindings) * len(piece.request.payload.profile.parameters)
    return max(len(piece.bindings) / _BINDINGS_PER_BATCH, num_values / _VALUES_PER_BATCH)


def seeds_of(request: ExecutionRequest, *, first: int, count: int) -> list[int]:
    """Return the seed of each binding of a run; `first` is the index of its first one in the request."""
    start = request.first_binding + first
    return [derived_seed(request.options.seed, binding_index=index) for index in range(start, start + count)]
