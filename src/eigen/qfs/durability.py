"""When what was written is on the disk: one sync for everybody who waits.

Theory. Syncs are what durability costs. There are two ways, and neither is always the better one:

- one `syncfs` for everything that the file system still holds back. Its price hardly grows with the number of files:
  on a quiet ext4 0.27 ms for the four files and two folders of one job, 0.1 ms for each of a hundred jobs. But it waits
  for what other programs have written as well: beside ones that write much it takes tens of milliseconds;
- one `fsync` for each path, from several threads at once, so that the file system puts them into one commit of its
  journal: 1.0 ms quiet, 8 ms busy for one job (one after the other 24 ms), and much more for a hundred.

So both are timed, and each group goes the way that has cost less lately; what has not been tried for a second is tried
again, since what others write changes.

Where `syncfs` does not mean all this (macOS, Linux before 5.8, where it keeps write errors to itself, network and
layered file systems), each path is synced by itself.

Source: `syncfs(2)`; for the errors Linux 5.8, "vfs: track per-sb writeback errors and report them to syncfs".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from eigen.qfs.filesystem import FileSystem
from eigen.qfs.layout import Meta

__all__ = ["Change", "Durability"]

_QUIET_SEC = 0.0002
"""What syncing one path costs on a quiet disk, about; only the first choice depends on it."""

_LATELY_SEC = 1.0
"""How long a time that was measured counts."""


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was written and has its names, but may not be on the disk yet.

    Attributes:
        meta: What `meta.json` says now.
        paths: The files and folders that have to be synced.
        settle: Is called when they are.
        undo: Is called when they cannot be.
    """

    meta: Meta
    paths: tuple[str, ...] = ()
    settle: Callable[[], None] | None = None
    undo: Callable[[], None] = _nothing


class Durability:
    """Syncs paths of one file system; not to be used by two threads at once.

    Args:
        filesystem: The operating system's files.
        at_once: Does several works at once, and returns when the last one has ended.
    """

    def __init__(self, filesystem: FileSystem, at_once: Callable[[Iterable[Callable[[], None]]], None]) -> None:
        self._at_once = at_once
        self._files = filesystem
        self._can_sync_all: bool | None = None
        self._all_sec = 0.0
        self._tried_all_at_sec = 0.0
        self._path_sec = _QUIET_SEC

    @contextmanager
    def watching(self, folder: str) -> Iterator[int]:
        """Hold a folder open; an error in writing back anything from here on comes out in `ensure`."""
        descriptor = self._files.open_to_sync(folder)
        try:
            if self._can_sync_all is None:
                self._can_sync_all = self._files.can_sync_all(descriptor)
            yield descriptor
        finally:
            self._files.close(descriptor)

    def ensure(self, paths: Iterable[str], *, watched: int) -> None:
        """Return when files and folders are on the disk.

        Args:
            paths: Those that matter; none twice.
            watched: What `watching` gave before they were written.

        Raises:
            OSError: The disk fails; nothing is certain then.
        """
        unsynced = tuple(paths)
        if not unsynced:
            return
        began_sec = self._files.clock_sec()
        if self._is_all_cheaper(len(unsynced), now_sec=began_sec):
            self._files.sync_all(watched)
            self._tried_all_at_sec = self._files.clock_sec()
            self._all_sec = self._tried_all_at_sec - began_sec
        else:
            self._at_once(partial(self._sync, path) for path in unsynced)
            self._path_sec = (self._files.clock_sec() - began_sec) / len(unsynced)

    def _is_all_cheaper(self, num_paths: int, *, now_sec: float) -> bool:
        is_untried = now_sec - self._tried_all_at_sec > _LATELY_SEC
        return bool(self._can_sync_all) and (is_untried or self._all_sec < num_paths * self._path_sec)

    def _sync(self, path: str) -> None:
        descriptor = self._files.open_to_sync(path)
        try:
            self._files.sync(descriptor)
        finally:
            self._files.close(descriptor)
