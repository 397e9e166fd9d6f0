"""The points of a sweep that are done, on disk while it goes on: whoever takes the job over goes on behind them.

They are lines in part 0 of the job's journal: first one that says by a digest what was asked for, then one for each
point, in order. A journal that was written for something else, and what stands behind a line that is torn or damaged,
is cut off. A point's result depends on its place and not on the portion that it came in, so a sweep that is gone on
with ends as one that nobody disturbed.

A sweep that takes no longer than `PORTION_SEC` writes nothing, and costs no more than that when it is begun anew. Where
results cannot be had again each portion is put on the disk before the next one is asked for. A journal that cannot be
written is given up: it costs the sweep nothing unless its system dies.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from eigen.contracts.canonical import canonical_json, sha256_hex
from eigen.contracts.errors import EigenError
from eigen.contracts.large_counts import read_results
from eigen.contracts.wire import from_json, to_json
from eigen.kernel import execution
from eigen.kernel.execution import PointResult

if TYPE_CHECKING:
    from eigen.kernel.plan import ExecutionPlan
    from eigen.kernel.run import JobRun
    from eigen.ports.artifact_store import ArtifactStore
    from eigen.ports.clock import Clock

__all__ = ["POINTS", "KeptPoints", "PointJournal", "is_of_sweep", "request_digest"]

POINTS = "points.jsonl"
"""The artifact that the journal becomes where the job is ended by a system that never began with it."""

_CHUNK_BYTES = 2**20
_HEADER = b'{"sweep":'


def request_digest(plan: ExecutionPlan, *, device_id: str) -> str:
    """Return what tells a sweep from any other one whose points would be others."""
    shots = () if plan.sampling is None else plan.sampling.shots
    asked = [plan.payload.digest, plan.binding, [*plan.points], asdict(plan.options), device_id, plan.estimation, shots]
    return sha256_hex(canonical_json(asked))


def is_of_sweep(journal: bytes) -> bool:
    """Return whether a journal has the points of a sweep; else it is a loop's."""
    return journal.startswith(_HEADER)


class PointJournal:
    """The journal of a sweep; every method blocks.

    Args:
        descriptor: The open file, for reading and appending.
        digest: Of what is asked for.
        num_points: How many points there are.
        is_synced: Whether what is appended is put on the disk before it counts.

    Attributes:
        points: The results that were found in it.
    """

    def __init__(self, descriptor: int, *, digest: str, num_points: int, is_synced: bool = False) -> None:
        self._descriptor = descriptor
        self._header = b'%s"%s"}\n' % (_HEADER, digest.encode())
        self._is_synced = is_synced
        self.points: list[PointResult] = []
        size = self._read(num_points)
        self._num_kept = len(self.points)
        os.ftruncate(descriptor, size)
        if not size:
            self._write(self._header)

    def keep(self, results: Sequence[PointResult]) -> None:
        """Append the results that are not in it yet.

        Args:
            results: Those of all points that are done, in order.

        Raises:
            OSError: It fails.
        """
        for place in range(self._num_kept, len(results)):
            self._write(canonical_json({"point": place, **to_json(results[place])}) + b"\n")
        self._num_kept = len(results)
        if self._is_synced:
            os.fsync(self._descriptor)

    def _read(self, num_points: int) -> int:
        """Read what can be used, and return where that ends."""
        header, *lines = _content(self._descriptor).splitlines(keepends=True) or [b""]
        if header != self._header:
            return 0
        size = len(header)
        for line in lines[:num_points]:
            point = _point(line, place=len(self.points))
            if point is None:
                break
            self.points.append(point)
            size += len(line)
        return size

    def _write(self, line: bytes) -> None:
        unwritten = memoryview(line)
        while unwritten:
            unwritten = unwritten[os.write(self._descriptor, unwritten) :]


def _content(descriptor: int) -> bytes:
    chunks: list[bytes] = []
    offset = 0
    while chunk := os.pread(descriptor, _CHUNK_BYTES, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def _point(line: bytes, *, place: int) -> PointResult | None:
    """Return the point of a line; None where the line is torn, damaged or another point's."""
    try:
        document = read_results(line)
        return from_json(PointResult, document) if line.endswith(b"\n") and document["point"] == place else None
    except (ValueError, TypeError, KeyError):
        return None


class KeptPoints:
    """What is kept of the points of one sweep while it is executed; `close` it at last.

    Args:
        run: The job, which has a plan.
        artifacts: Keeps the journal.
        device_id: Its device.
        is_simulator: Whether results can be had again.
        clock: Time.
        save: Gives the job a folder where it has none yet.
        give_up: Is told why the journal cannot be written.
    """

    def __init__(
        self,
        run: JobRun,
        *,
        artifacts: ArtifactStore,
        device_id: str,
        is_simulator: bool,
        clock: Clock,
        save: Callable[[JobRun], Awaitable[None]],
        give_up: Callable[[Exception], None],
    ) -> None:
        self._run = run
        self._artifacts = artifacts
        self._device_id = device_id
        self._is_simulator = is_simulator
        self._clock = clock
        self._save = save
        self._give_up = give_up
        self._open = AsyncExitStack()
        self._journal: PointJournal | None = None
        self._has_failed = False
        self._kept_at = clock.monotonic()

    async def recorded(self) -> list[PointResult]:
        """Return the results that an earlier attempt has left; none of a job that has no folder yet."""
        if self._run.opening is not None:
            return []
        journal = await self._opened()
        return [] if journal is None else journal.points

    async def keep(self, results: Sequence[PointResult]) -> None:
        """Keep the results of all points that are done, where it is time to."""
        if self._is_simulator and self._clock.monotonic() - self._kept_at < execution.PORTION_SEC:
            return
        journal = await self._opened()
        if journal is not None:
            try:
                await run_sync(journal.keep, results)
            except OSError as error:
                self._fail(error)
        self._kept_at = self._clock.monotonic()

    async def close(self) -> None:
        """Let go of the journal."""
        await self._open.aclose()

    async def _opened(self) -> PointJournal | None:
        if self._journal is None and not self._has_failed:
            try:
                await self._save(self._run)
                context = self._artifacts.journal(self._run.record.job_id, 0)
                self._journal = await run_sync(self._read, await self._open.enter_async_context(context))
            except (EigenError, OSError) as error:
                self._fail(error)
        return None if self._has_failed else self._journal

    def _read(self, descriptor: int) -> PointJournal:
        plan = self._run.plan
        assert plan is not None  # noqa: S101  # it is being executed
        return PointJournal(
            descriptor,
            digest=request_digest(plan, device_id=self._device_id),
            num_points=len(plan.points),
            is_synced=not self._is_simulator,
        )

    def _fail(self, error: Exception) -> None:
        self._has_failed = True
        self._give_up(error)
