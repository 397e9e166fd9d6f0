"""What all systems of a root have counted, in one small file, so that figures outlive the processes that made them.

`<root>/metrics.json` holds the counters and histograms of `eigen.telemetry.metrics`, summed up. An open system adds
what it has counted since the last time, every five seconds while it counts and when it closes: the file is that much
behind at most, and no more than that is lost when a process is killed. It is replaced whole, under `metrics.lock`,
and not synced: after a power cut it may be an older one. One that cannot be read begins anew: these are figures, not
records.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.to_thread import run_sync

from eigen.telemetry.metrics import Metrics

__all__ = ["Folding", "Tally"]

FOLD_EVERY_SEC = 5.0
"""How long what was counted may wait for the file."""

_CLOSING_SEC = 2.0
_MAX_BYTES = 4 * 1024 * 1024
_VERSION = 1


class Tally:
    """The file of a root; its methods belong beside the event loop.

    Args:
        root: The system's folder.
    """

    def __init__(self, root: Path) -> None:
        self._file = root / "metrics.json"
        self._lock = root / "metrics.lock"

    def read(self) -> Metrics:
        """Return what the file has; nothing where there is none that can be read."""
        metrics = Metrics()
        try:
            with self._file.open("rb") as opened:
                document = json.loads(opened.read(_MAX_BYTES))
            if document["version"] == _VERSION:
                metrics.merge(document["counts"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return Metrics()
        return metrics

    def add(self, counts: Mapping[str, Any]) -> None:
        """Add what a system has counted.

        Args:
            counts: What `Metrics.counts` gives.

        Raises:
            OSError: The root cannot be written.
        """
        with self._turn():
            total = self.read()
            total.merge(counts)
            draft = self._file.with_name(".metrics.json.tmp")
            content = json.dumps({"version": _VERSION, "counts": total.counts()}, separators=(",", ":"))
            with open(draft, "w", opener=_private) as opened:  # a path takes no opener
                opened.write(content)
            draft.replace(self._file)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class Folding:
    """Adds what a system counts to its root's tally, for as long as it is open; an asynchronous context manager.

    Args:
        metrics: What the system counts.
        tally: The root's file.
    """

    def __init__(self, metrics: Metrics, *, tally: Tally) -> None:
        self._metrics = metrics
        self._tally = tally
        self._folded: dict[str, Any] = metrics.counts()

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._fold_behind, name="add up the metrics")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.cancel()
        try:
            await self._tasks.__aexit__(None, None, None)  # the caller's own error is not the figures'
        finally:  # a task that asyncio has cancelled hears of it here once more
            with anyio.move_on_after(_CLOSING_SEC, shield=True):
                await self._fold()

    async def _fold_behind(self) -> None:
        while True:
            await anyio.sleep(FOLD_EVERY_SEC)
            with anyio.CancelScope(shield=True):  # what is on its way is not added twice
                await self._fold()

    async def _fold(self) -> None:
        now = self._metrics.counts()
        if now == self._folded:
            return
        news = Metrics()
        news.merge(now)
        news.merge(self._folded, sign=-1)
        with suppress(OSError):  # a root that cannot be written keeps no figures
            await run_sync(self._tally.add, news.counts(), abandon_on_cancel=True)
        self._folded = now


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
