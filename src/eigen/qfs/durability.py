"""When what was written is on the disk: one sync for everybody who waits.

Theory. Syncs are what durability costs, and their price is nearly the same for one file as for hundreds: on Linux one
`syncfs` puts everything that the file system still holds back on the disk (measured on ext4: 0.27 ms for the four files
and two folders of one job, against 1.0 ms for their six `fsync`; 0.1 ms for each of a hundred jobs).

Its price: it waits for what other programs have written as well (measured beside a program that writes 0.5 GB/s:
0.35 ms in the median, but 220 ms at worst, against 1.5 ms). So when the last one took longer than syncing each path
would take, the next ones do that, until some time has passed.

Where `syncfs` does not mean all this (macOS, Linux before 5.8, where it keeps write errors to itself, network and
layered file systems), each path is synced by itself.

Source: `syncfs(2)`; for the errors Linux 5.8, "vfs: track per-sb writeback errors and report them to syncfs".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from eigen.qfs.filesystem import FileSystem

__all__ = ["Durability"]

_SYNC_SEC = 0.0002
"""What syncing one path costs, about; only a choice depends on it."""

_WARY_SEC = 1.0
"""How long a sync of everything that took too long is held against it."""


class Durability:
    """Syncs paths of one file system; not to be used by two threads at once.

    Args:
        filesystem: The operating system's files.
    """

    def __init__(self, filesystem: FileSystem) -> None:
        self._files = filesystem
        self._can_sync_all: bool | None = None
        self._last_took_sec = 0.0
        self._last_at_sec = 0.0

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
        if unsynced and self._is_all_cheaper(len(unsynced)):
            self._sync_all(watched)
        else:
            for path in unsynced:
                self._sync(path)

    def _is_all_cheaper(self, num_paths: int) -> bool:
        is_old = self._files.clock_sec() - self._last_at_sec > _WARY_SEC
        return bool(self._can_sync_all) and (is_old or self._last_took_sec < num_paths * _SYNC_SEC)

    def _sync_all(self, watched: int) -> None:
        began_sec = self._files.clock_sec()
        self._files.sync_all(watched)
        self._last_at_sec = self._files.clock_sec()
        self._last_took_sec = self._last_at_sec - began_sec

    def _sync(self, path: str) -> None:
        descriptor = self._files.open_to_sync(path)
        try:
            self._files.sync(descriptor)
        finally:
            self._files.close(descriptor)
