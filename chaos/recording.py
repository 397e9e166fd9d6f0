"""What a life writes, in order, and which of it the disk has promised to keep.

CircuitFS is heard through its `FileSystem`; SQLite through the profiler, which tells of every commit: its files are
copied then, and the connection is asked whether the commit waited for the disk. What a client was told stands between.
"""

from __future__ import annotations

import itertools
import sqlite3
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from eigen.qfs.filesystem import FileSystem

__all__ = ["Commit", "Name", "Recorder", "RecordingFileSystem", "Sync", "Told", "Written"]


@dataclass(frozen=True, slots=True)
class Name:
    """A change of names: `make_folder`, `create`, `link`, `rename`, `remove_file` or `remove_folder`."""

    kind: str
    path: str
    target: str = ""
    file: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes at the end of a file."""

    file: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Sync:
    """A promise of the disk: what was recorded before `begun` is kept.

    Attributes:
        begun: Length of the record when it was asked for.
        file: Whose content, 0 for none.
        folder: Whose names, empty for none; `*` for everything there is.
    """

    begun: int
    file: int = 0
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """SQLite's files, by name, and whether the disk has promised to keep them."""

    files: dict[str, bytes]
    durable: bool


@dataclass(frozen=True, slots=True)
class Told:
    """Length of the clients' diary when a line was written."""

    length: int


Entry = Name | Written | Sync | Commit | Told


@dataclass(slots=True)
class Recorder:
    """A life's record.

    Attributes:
        root: The system's folder.
        diary: The clients' file.
        entries: Everything, in order.
    """

    root: Path
    diary: Path
    entries: list[Entry] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, entry: Entry) -> None:
        """Take note of something that has happened."""
        with self._lock:
            self.entries.append(entry)

    def start(self) -> None:
        """Hear of SQLite's commits from here on, in every thread."""
        threading.setprofile(self._on_event)
        sys.setprofile(self._on_event)

    def step(self, name: str) -> None:
        """Hear of a client's step: what it has been told, another line of its diary says."""
        if name.startswith("<"):
            self.add(Told(self.diary.stat().st_size))

    def store_files(self) -> dict[str, bytes]:
        """Return SQLite's files as they are."""
        paths = (self.root / f"jobs.sqlite3{suffix}" for suffix in ("", "-wal"))
        return {path.name: path.read_bytes() for path in paths if path.exists()}

    def _on_event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_return" and isinstance(getattr(argument, "__self__", None), sqlite3.Connection):
            self._note_commit(argument.__self__, argument.__name__)

    def _note_commit(self, connection: sqlite3.Connection, call: str) -> None:
        files = self.store_files()
        last = next((one for one in reversed(self.entries) if isinstance(one, Commit)), None)
        is_open = call == "close" or not connection.in_transaction
        if not is_open or (last is not None and last.files == files):
            return
        is_full = call == "close" or connection.execute("PRAGMA synchronous").fetchone()[0] >= _FULL
        self.add(Commit(files, durable=is_full))


_FULL = 2


class RecordingFileSystem(FileSystem):
    """The operating system's files, with everything that changes them written down.

    Args:
        recorder: Where to.
        syncs_all: Whether it claims to sync everything at once; else files and folders are synced one by one.
    """

    def __init__(self, recorder: Recorder, *, syncs_all: bool) -> None:
        self._recorder = recorder
        self._syncs_all = syncs_all
        self._files: dict[str, int] = {}
        self._open: dict[int, tuple[int, str]] = {}
        self._numbers = itertools.count(1)  # files may be made from several threads

    def make_folder(self, path: str) -> None:
        """Make a folder."""
        super().make_folder(path)
        self._recorder.add(Name("make_folder", path))

    def create_file(self, path: str) -> int:
        """Make a file."""
        descriptor = super().create_file(path)
        self._note_file(path, descriptor)
        return descriptor

    def open_journal(self, path: str) -> int:
        """Open a file to append to it, made where there is none."""
        descriptor = super().open_journal(path)
        if path in self._files:
            self._open[descriptor] = self._files[path], path
        else:
            self._note_file(path, descriptor)
        return descriptor

    def _note_file(self, path: str, descriptor: int) -> None:
        number = next(self._numbers)
        self._files[path] = number
        self._open[descriptor] = number, path
        self._recorder.add(Name("create", path, file=number))

    def open_to_sync(self, path: str) -> int:
        """Return a descriptor to sync a file or folder."""
        descriptor = super().open_to_sync(path)
        self._open[descriptor] = self._files.get(path, 0), path
        return descriptor

    def write(self, descriptor: int, content: memoryview) -> int:
        """Write, a hundred bytes at most: a file system may take less than all."""
        taken = super().write(descriptor, content[:_PIECE_BYTES])
        self._recorder.add(Written(self._open[descriptor][0], bytes(content[:taken])))
        return taken

    def sync(self, descriptor: int) -> None:
        """Sync a file or folder."""
        begun = len(self._recorder.entries)
        super().sync(descriptor)
        file, path = self._open[descriptor]
        self._recorder.add(Sync(begun, file=file, folder="" if file else path))

    def can_sync_all(self, descriptor: int) -> bool:
        """Return what this one claims."""
        return self._syncs_all

    def sync_all(self, descriptor: int) -> None:
        """Sync everything, SQLite's files included."""
        begun, files = len(self._recorder.entries), self._recorder.store_files()
        super().sync_all(descriptor)
        if files == self._recorder.store_files():
            self._recorder.add(Commit(files, durable=True))
        self._recorder.add(Sync(begun, folder="*"))

    def close(self, descriptor: int) -> None:
        """Let go of a descriptor."""
        self._open.pop(descriptor, None)
        super().close(descriptor)

    def link(self, source: str, target: str) -> None:
        """Give a file a second name."""
        super().link(source, target)
        self._files[target] = self._files.get(source, 0)
        self._recorder.add(Name("link", source, target))

    def rename(self, source: str, target: str) -> None:
        """Rename a file or folder."""
        super().rename(source, target)
        for path in [path for path in self._files if path == source or path.startswith(f"{source}/")]:
            self._files[target + path[len(source) :]] = self._files.pop(path)
        self._recorder.add(Name("rename", source, target))

    def remove_file(self, path: str) -> None:
        """Remove a file's name."""
        super().remove_file(path)
        self._files.pop(path, None)
        self._recorder.add(Name("remove_file", path))

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        super().remove_folder(path)
        self._recorder.add(Name("remove_folder", path))


_PIECE_BYTES = 400
