"""A file system that fails when a test says so: the disk is full, broken or read-only, or takes less than it was given.

It is the real one of `eigen.qfs` with one schedule in front of every call. What it does to a store is what a disk does:
the call raises `OSError`, before or after its work, once, for a while, or until the fault is mended.

Example:
    >>> import errno, tempfile
    >>> from pathlib import Path
    >>> schedule = FaultSchedule(first=1, error=errno.ENOSPC)
    >>> files = FaultyFileSystem(schedule)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         files.make_folder(f"{folder}/new")
    ...     except OSError as error:
    ...         failed = error.errno == errno.ENOSPC
    ...     files.make_folder(f"{folder}/new")
    >>> failed, schedule.calls
    (True, ['make_folder', 'make_folder'])
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from eigen.qfs.filesystem import FileSystem

__all__ = ["FaultSchedule", "FaultyFileSystem"]

T = TypeVar("T")


class FaultSchedule:
    """Which calls fail, and how; may be shared by several parts that count together, from several threads.

    Args:
        first: Number of the first call that fails, from 1; 0 for none.
        error: The `errno` that it fails with.
        lasting: How many calls fail from there on; None for all until `mend`.
        late: Whether a failing call does its work before it fails.

    Attributes:
        calls: Names of all calls, in order.
        num_failed: How many have failed.
    """

    def __init__(self, *, first: int, error: int, lasting: int | None = 1, late: bool = False) -> None:
        self.calls: list[str] = []
        self.num_failed = 0
        self._first = first
        self._error = error
        self._lasting = lasting
        self._late = late
        self._lock = threading.Lock()

    def begin(self, number: int) -> None:
        """Let calls fail from the one on that has this number from here on, 1 for the next one."""
        with self._lock:
            self._first = len(self.calls) + number

    def mend(self) -> None:
        """Let nothing fail from here on."""
        self._first = 0

    def guard(self, name: str, work: Callable[[], T], *, failure: Callable[[int], Exception]) -> T:
        """Do some work, or fail.

        Args:
            name: What the call is called.
            work: What it does.
            failure: Function that makes the error to raise from an `errno`.
        """
        if not self._is_due(name):
            return work()
        if self._late:
            work()
        raise failure(self._error)

    def _is_due(self, name: str) -> bool:
        with self._lock:
            self.calls.append(name)
            number = len(self.calls)
            last = number if self._lasting is None else self._first + self._lasting - 1
            is_due = 0 < self._first <= number <= last
            self.num_failed += is_due
            return is_due


class FaultyFileSystem(FileSystem):
    """The operating system's files behind a schedule of faults.

    To ask whether something exists never fails, and neither does to let go of a descriptor.

    Args:
        schedule: Which calls fail.
        most_bytes: Most bytes that a `write` takes, as a file system may; None for all.
    """

    def __init__(self, schedule: FaultSchedule, *, most_bytes: int | None = None) -> None:
        self._schedule = schedule
        self._most_bytes = most_bytes

    def make_folder(self, path: str) -> None:
        """Make a folder, or fail."""
        self._guard("make_folder", partial(super().make_folder, path))

    def list_folder(self, path: str) -> list[str]:
        """Return the names in a folder, or fail."""
        return self._guard("list_folder", partial(super().list_folder, path))

    def create_file(self, path: str) -> int:
        """Make a file, or fail; one that was made all the same is left behind, without a descriptor."""
        return self._opened("create_file", partial(super().create_file, path))

    def open_file(self, path: str) -> int:
        """Return a descriptor to read a file, or fail."""
        return self._opened("open_file", partial(super().open_file, path))

    def open_journal(self, path: str) -> int:
        """Return a descriptor to read a file and to append to it, or fail."""
        return self._opened("open_journal", partial(super().open_journal, path))

    def open_to_sync(self, path: str) -> int:
        """Return a descriptor to sync a file or folder, or fail."""
        return self._opened("open_to_sync", partial(super().open_to_sync, path))

    def write(self, descriptor: int, content: memoryview) -> int:
        """Write some of the content, or fail."""
        part = content[: self._most_bytes]
        return self._guard("write", partial(super().write, descriptor, part))

    def read(self, descriptor: int, num_bytes: int) -> bytes:
        """Return the next bytes, or fail."""
        return self._guard("read", partial(super().read, descriptor, num_bytes))

    def sync(self, descriptor: int) -> None:
        """Return when a file or folder is on the disk, or fail."""
        self._guard("sync", partial(super().sync, descriptor))

    def sync_all(self, descriptor: int) -> None:
        """Return when everything is on the disk, or fail."""
        self._guard("sync_all", partial(super().sync_all, descriptor))

    def link(self, source: str, target: str) -> None:
        """Give a file a second name, or fail."""
        self._guard("link", partial(super().link, source, target))

    def rename(self, source: str, target: str) -> None:
        """Rename a file or folder, or fail."""
        self._guard("rename", partial(super().rename, source, target))

    def remove_file(self, path: str) -> None:
        """Remove a file's name, or fail."""
        self._guard("remove_file", partial(super().remove_file, path))

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder, or fail."""
        self._guard("remove_folder", partial(super().remove_folder, path))

    def _opened(self, name: str, work: Callable[[], int]) -> int:
        opened: list[int] = []

        def keep() -> int:
            opened.append(work())
            return opened[0]

        try:
            return self._guard(name, keep)
        except OSError:
            for descriptor in opened:
                self.close(descriptor)
            raise

    def _guard(self, name: str, work: Callable[[], T]) -> T:
        return self._schedule.guard(name, work, failure=lambda error: OSError(error, os.strerror(error)))
