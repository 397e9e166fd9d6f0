"""The figures of a root: what all its systems have counted so far, and what its job store knows now."""

from __future__ import annotations

import secrets
from collections import Counter
from pathlib import Path

from anyio.to_thread import run_sync

from eigen.contracts.jobs import JobFilter, JobState
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.system.root import default_root, require_store
from eigen.telemetry.metrics import OTHER, Metrics
from eigen.telemetry.tally import Tally

__all__ = ["root_metrics"]

_MOST_JOBS = 100_000
_LIVE = tuple(state for state in JobState if not state.is_terminal)


async def root_metrics(root: Path | None = None) -> Metrics:
    """Return what the systems of a root have counted, and how many of its jobs are in which state and line now.

    Args:
        root: The folder; made where it is missing. None: what is configured.

    Raises:
        FailedPreconditionError: A newer version of Eigen OS has written the root.
        UnavailableError: The root cannot be read.
    """
    given = root or default_root()
    folder = given.absolute()
    require_store(folder)
    async with SqliteJobStore(
        folder, owner=f"sys_{secrets.token_hex(8)}", shown_as=str(given), may_use_ballast=False
    ) as store:
        live = await store.select(JobFilter(states=_LIVE), limit=_MOST_JOBS)
    metrics = await run_sync(Tally(folder).read)
    states = Counter(job.state for job in live)
    for state in _LIVE:
        metrics.live_jobs(state.value, states[state])
    for device_id, depth in Counter(job.device_id or OTHER for job in live if job.state is JobState.QUEUED).items():
        metrics.queue_depth(device_id, depth)
    return metrics
