"""Recorders of the spans of a job's work, on the kernel's clock and in its ids."""

from __future__ import annotations

from eigen.contracts.trace import Recorder, TraceContext
from eigen.ports.clock import Clock, IdSource

__all__ = ["new_recorder"]


def new_recorder(trace: TraceContext, *, clock: Clock, ids: IdSource) -> Recorder:
    """Return a recorder for some work in a trace.

    Args:
        trace: Where in the trace the work is.
        clock: Time; durations are the monotonic clock's.
        ids: Gives the id of the first span.
    """
    return Recorder(
        start_us=round(clock.now().timestamp() * 1e6),
        monotonic=clock.monotonic,
        first_id=ids.child_of(trace).span_id,
    )
