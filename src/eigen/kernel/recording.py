"""Recorders of the spans of a job's work, on the kernel's clock and in its ids."""

from __future__ import annotations

from eigen.contracts.trace import Recorder, Working, working_for
from eigen.kernel.run import JobRun
from eigen.ports.clock import Clock, IdSource

__all__ = ["recording"]


def recording(run: JobRun, *, clock: Clock, ids: IdSource) -> Working:
    """Return a context manager that marks everything inside as work for a job, and has its recorder gather the spans.

    Args:
        run: The job, which has one recorder, made for its first work.
        clock: Time; durations are the monotonic clock's.
        ids: Gives the id of the first span.
    """
    trace = run.trace
    if run.recorder is None:
        run.recorder = Recorder(
            start_us=round(clock.now().timestamp() * 1e6),
            monotonic=clock.monotonic,
            first_id=ids.child_of(trace).span_id,
        )
    return working_for(run.record.job_id, trace, run.recorder)
