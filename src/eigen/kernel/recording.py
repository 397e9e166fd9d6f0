"""Recorders of the spans of a job's work, on the kernel's clock and in its ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from eigen.contracts.trace import Recorder, working_for
from eigen.kernel.run import JobRun
from eigen.ports.clock import Clock, IdSource

__all__ = ["recording"]


@contextmanager
def recording(run: JobRun, *, clock: Clock, ids: IdSource) -> Iterator[None]:
    """Mark everything inside as work for a job, and gather its spans; a job has one recorder, made for its first work.

    Args:
        run: The job.
        clock: Time; durations are the monotonic clock's.
        ids: Gives the id of the first span.
    """
    trace, recorder = run.trace, run.recorder
    if recorder is None:
        recorder = run.recorder = Recorder(
            start_us=round(clock.now().timestamp() * 1e6),
            monotonic=clock.monotonic,
            first_id=ids.child_of(trace).span_id,
        )
    try:
        with working_for(run.record.job_id, trace, recorder):
            yield
    finally:
        run.spans += recorder.take()
