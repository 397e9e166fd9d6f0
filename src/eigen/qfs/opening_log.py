"""`OpeningLog`: what young jobs begin with, a second time, for a job store that is lost.

Theory. A small job's first files stand in the job store until its folder is made, so without the store nobody would
know of it. Each system therefore appends them to a file of its own in CircuitFS as well, after they are committed and
before the job is acknowledged. Nothing is synced for it: the store is what survives a power cut, and this what survives
the store. `eigen doctor --rebuild` reads the files of all systems.

A file is begun anew when it has grown, and removed when every job that it tells of has its folder, or has ended without
one. A system holds an exclusive lock on its files while it lives; of one that is gone they are removed by the next
system, once all of its jobs have folders.

Layout: `<folder>/.openings/<owner>-<number>`. A job is a line, `<job id> <bytes> <SHA-256>`, and its opening after it;
a last one that was cut off counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from eigen.contracts.canonical import sha256_hex
from eigen.ports.artifact_store import Opening, OpeningCopies
from eigen.qfs.filesystem import FileSystem

__all__ = ["OpeningLog", "kept_openings"]

_FOLDER = ".openings"
_PART_BYTES = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_LINE = re.compile(rb"(job_[0-9a-z]{26}) ([0-9]{1,12}) ([0-9a-f]{64})\n")


@dataclass(slots=True)
class _Part:
    """One file: its descriptor, its size, and the jobs in it that still need it."""

    path: str
    descriptor: int
    size_bytes: int = 0
    job_ids: set[str] = field(default_factory=set)


class OpeningLog(OpeningCopies):
    """One system's openings in CircuitFS; every method blocks.

    Args:
        folder: The root of CircuitFS; made when the first job comes.
        owner: Name of the system.
        filesystem: The operating system's files, or what a test puts in their place.
    """

    def __init__(self, folder: Path, *, owner: str, filesystem: FileSystem | None = None) -> None:
        self._root = str(folder.absolute())
        self._owner = owner
        self._files = filesystem or FileSystem()
        self._parts: list[_Part] = []
        self._part_of: dict[str, _Part] = {}
        self._num_parts = 0

    def keep(self, job_id: str, opening: bytes) -> None:
        """Append an opening; see the port."""
        if not self._num_parts:
            self._make_folder()
            self._remove_settled()
        if not self._parts or self._parts[-1].size_bytes > _PART_BYTES:
            self._parts.append(self._new_part())
        part = self._parts[-1]
        part.job_ids.add(job_id)
        self._part_of[job_id] = part
        frame = _frame(job_id, opening)
        rest, part.size_bytes = memoryview(frame), part.size_bytes + len(frame)
        try:
            while rest:
                rest = rest[self._files.write(part.descriptor, rest) :]
        except OSError:
            part.size_bytes += _PART_BYTES  # nothing is read behind a piece
            raise

    def forget(self, job_id: str) -> None:
        """Need a job's opening no longer; see the port."""
        part = self._part_of.pop(job_id, None)
        if part is None:
            return
        part.job_ids.discard(job_id)
        is_growing = part is self._parts[-1] and part.size_bytes <= _PART_BYTES
        if not part.job_ids and not is_growing:
            self._parts.remove(part)
            self._remove(part)

    def close(self) -> None:
        """Let go of the files; those that a job still needs stay."""
        while self._parts:
            part = self._parts.pop()
            if part.job_ids:
                self._files.close(part.descriptor)
            else:
                self._remove(part)

    def _new_part(self) -> _Part:
        self._num_parts += 1
        path = f"{self._root}/{_FOLDER}/{self._owner}-{self._num_parts}"
        part = _Part(path, self._files.open_journal(path))
        self._files.lock(part.descriptor)
        return part

    def _remove(self, part: _Part) -> None:
        with suppress(OSError):
            self._files.remove_file(part.path)
        self._files.close(part.descriptor)

    def _make_folder(self) -> None:
        for path in (self._root, f"{self._root}/{_FOLDER}"):
            with suppress(FileExistsError):
                self._files.make_folder(path)

    def _remove_settled(self) -> None:
        """Remove files of systems that are gone whose jobs all have folders."""
        for path in _paths(self._root, self._files):
            with suppress(OSError):
                part = _Part(path, self._files.open_journal(path))
                try:
                    if self._files.lock(part.descriptor) and self._is_settled(part):
                        self._files.remove_file(path)
                finally:
                    self._files.close(part.descriptor)

    def _is_settled(self, part: _Part) -> bool:
        """Return whether nobody needs a file; one that is empty may have just been made."""
        job_ids = [job_id for job_id, _ in _frames(_content(part.descriptor, self._files))]
        return bool(job_ids) and all(self._files.exists(f"{self._root}/{job_id}") for job_id in job_ids)


def kept_openings(folder: Path, *, filesystem: FileSystem | None = None) -> Iterator[tuple[str, Opening]]:
    """Yield what the files of all systems tell of, by job id.

    Args:
        folder: The root of CircuitFS.
        filesystem: The operating system's files.
    """
    files = filesystem or FileSystem()
    for path in _paths(str(folder.absolute()), files):
        descriptor = files.open_file(path)
        try:
            for job_id, content in _frames(_content(descriptor, files)):
                yield job_id, Opening.from_bytes(content)
        finally:
            files.close(descriptor)


def _paths(root: str, files: FileSystem) -> list[str]:
    try:
        return sorted(f"{root}/{_FOLDER}/{name}" for name in files.list_folder(f"{root}/{_FOLDER}"))
    except FileNotFoundError:
        return []


def _content(descriptor: int, files: FileSystem) -> bytes:
    return b"".join(iter(lambda: files.read(descriptor, _CHUNK_BYTES), b""))


def _frame(job_id: str, opening: bytes) -> bytes:
    return b"%s %d %s\n%s" % (job_id.encode(), len(opening), sha256_hex(opening).encode(), opening)


def _frames(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is whole, up to the first that is not."""
    at = 0
    while line := _LINE.match(content, at):
        job_id, size, digest = (word.decode() for word in line.groups())
        at = line.end() + int(size)
        opening = content[line.end() : at]
        if sha256_hex(opening) != digest:
            return
        yield job_id, opening
