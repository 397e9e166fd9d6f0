"""CircuitFS in a folder: `<folder>/<job_id>/…`.

The only right order: write under a temporary name, sync the file, give it its name, sync the folder. What is on its way
has a name that begins with `.tmp-` and is never read. A whole job appears by the renaming of its folder; a file by a
link that fails where the name is taken; `meta.json`, the one file that changes, by replacing it.

Each call does its work in one step in a thread, so the event loop never waits for the disk.
"""

from __future__ import annotations

import errno
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from eigen.contracts.errors import EigenError, ResourceExhaustedError, UnavailableError
from eigen.contracts.jobs import JOB_ID
from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactStore
from eigen.qfs import layout
from eigen.qfs.filesystem import FileSystem

__all__ = ["DiskArtifactStore"]

T = TypeVar("T")
_TEMPORARY = ".tmp-"
_THREADS = 4


class DiskArtifactStore(ArtifactStore):
    """An artifact store in a folder.

    Args:
        folder: Where the jobs' folders lie; made with the first job.
        filesystem: The calls of the operating system.
    """

    def __init__(self, folder: Path, *, filesystem: FileSystem | None = None) -> None:
        self._folder = folder
        self._files = filesystem or FileSystem()
        self._limiter = anyio.CapacityLimiter(_THREADS)

    async def create(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Make a job's folder with its inputs; see the port."""
        await self._run(partial(self._create, job_id, files, facts))

    async def put(self, job_id: str, name: str, content: bytes) -> Artifact:
        """Add a file; see the port."""
        return await self._run(partial(self._put, job_id, name, content))

    async def seal(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Add the last files and make everything durable; see the port."""
        await self._run(partial(self._seal, job_id, files, facts))

    async def reset(self, job_id: str) -> None:
        """Remove what an unsealed attempt has added; see the port."""
        await self._run(partial(self._reset, job_id))

    async def discard(self, job_id: str) -> None:
        """Remove a job; see the port."""
        await self._run(partial(self._discard, job_id))

    async def read(self, job_id: str, name: str) -> bytes:
        """Return a file's content; see the port."""
        return await self._run(partial(self._read, job_id, name))

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """Return what is stored for a job; see the port."""
        return await self._run(partial(self._artifacts, job_id))

    async def meta(self, job_id: str) -> Mapping[str, Any]:
        """Return `meta.json`; see the port."""
        return await self._run(partial(self._meta, job_id))

    async def verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        """Return every file that is not as it should be; see the port."""
        return await self._run(partial(self._verify, job_id))

    async def job_ids(self) -> tuple[str, ...]:
        """Return the ids of all jobs; see the port."""
        return await self._run(self._job_ids)

    async def _run(self, work: Callable[[], T]) -> T:
        def translated() -> T:
            with _disk_errors():
                return work()

        return await anyio.to_thread.run_sync(translated, limiter=self._limiter)

    # In a thread

    def _create(self, job_id: str, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
        layout.check_job_id(job_id)
        for name in files:
            layout.check_name(name)
        artifacts = [layout.artifact_of(name, content) for name, content in files.items()]
        meta = layout.meta_bytes(artifacts, is_sealed=False, facts=facts)
        self._files.make_root(self._folder)
        with self._temporary(self._folder, job_id) as building:
            self._files.make_folder(building)
            for name, content in {**files, layout.META: meta}.items():
                self._files.write_new(building / name, content, durable=True)
            self._files.sync(building)
            try:
                self._files.rename(building, self._folder / job_id)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    raise layout.exists(job_id) from error
                raise
        self._files.sync(self._folder)

    def _put(self, job_id: str, name: str, content: bytes) -> Artifact:
        layout.check_name(name)
        self._open_meta(job_id)
        self._add(job_id, name, content, durable=False)
        return layout.artifact_of(name, content)

    def _seal(self, job_id: str, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
        for name in files:
            layout.check_name(name)
        meta = self._open_meta(job_id)
        for name, content in files.items():
            self._add(job_id, name, content, durable=True)
        known = {**layout.recorded(meta), **{name: layout.artifact_of(name, files[name]) for name in files}}
        for name in self._names(job_id):
            if name not in known:
                self._files.sync(self._folder / job_id / name)
                known[name] = layout.artifact_of(name, self._files.read(self._folder / job_id / name))
        artifacts = [known[name] for name in sorted(known)]
        self._replace_meta(job_id, layout.meta_bytes(artifacts, is_sealed=True, facts={**meta, **facts}))
        self._files.sync(self._folder / job_id)

    def _reset(self, job_id: str) -> None:
        meta = self._meta(job_id)
        if meta["sealed"]:
            return
        for name in self._files.names(self._folder / job_id):
            if name != layout.META and name not in meta["files"]:
                self._files.remove(self._folder / job_id / name)

    def _discard(self, job_id: str) -> None:
        layout.check_job_id(job_id)
        with self._temporary(self._folder, job_id) as going, suppress(FileNotFoundError):
            self._files.rename(self._folder / job_id, going)

    def _read(self, job_id: str, name: str) -> bytes:
        meta = self._meta(job_id)
        if name == layout.META:
            return self._files.read(self._folder / job_id / layout.META)
        layout.check_name(name)
        content = self._content(job_id, name)
        layout.check_content(job_id, layout.recorded(meta).get(name), content)
        return content

    def _artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        known = layout.recorded(self._meta(job_id))
        return tuple(
            known.get(name) or layout.artifact_of(name, self._content(job_id, name)) for name in self._names(job_id)
        )

    def _meta(self, job_id: str) -> dict[str, Any]:
        layout.check_job_id(job_id)
        try:
            content = self._files.read(self._folder / job_id / layout.META)
        except FileNotFoundError as error:
            raise layout.missing(job_id) from error
        return layout.read_meta(job_id, content)

    def _verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        problems = []
        for name, artifact in layout.recorded(self._meta(job_id)).items():
            try:
                layout.check_content(job_id, artifact, self._content(job_id, name))
            except EigenError as error:
                problems.append(ArtifactProblem(name=name, problem=error.message))
        return tuple(problems)

    def _job_ids(self) -> tuple[str, ...]:
        try:
            return tuple(name for name in self._files.names(self._folder) if JOB_ID.fullmatch(name))
        except FileNotFoundError:
            return ()

    def _open_meta(self, job_id: str) -> dict[str, Any]:
        meta = self._meta(job_id)
        if meta["sealed"]:
            raise layout.sealed(job_id)
        return meta

    def _content(self, job_id: str, name: str) -> bytes:
        try:
            return self._files.read(self._folder / job_id / name)
        except FileNotFoundError as error:
            raise layout.missing(job_id, name) from error

    def _names(self, job_id: str) -> list[str]:
        names = self._files.names(self._folder / job_id)
        return [name for name in names if name != layout.META and not name.startswith(_TEMPORARY)]

    def _add(self, job_id: str, name: str, content: bytes, *, durable: bool) -> None:
        folder = self._folder / job_id
        with self._temporary(folder, name) as writing:
            self._files.write_new(writing, content, durable=durable)
            try:
                self._files.name_new(writing, folder / name)
            except FileExistsError as error:
                if self._files.read(folder / name) != content:
                    raise layout.exists(job_id, name) from error

    def _replace_meta(self, job_id: str, content: bytes) -> None:
        folder = self._folder / job_id
        with self._temporary(folder, layout.META) as writing:
            self._files.write_new(writing, content, durable=True)
            self._files.rename(writing, folder / layout.META)

    @contextmanager
    def _temporary(self, folder: Path, name: str) -> Iterator[Path]:
        """Give a name that nobody reads, and leave nothing under it."""
        path = folder / f"{_TEMPORARY}{secrets.token_hex(8)}-{name}"
        try:
            yield path
        finally:
            with suppress(OSError):
                self._files.remove(path)


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Turn what the operating system raises into errors of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ResourceExhaustedError(
                "the disk is full: an artifact cannot be stored", reason="DISK_FULL", hint="free some space"
            ) from error
        is_refused = error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
        raise UnavailableError(
            "the artifact store cannot be written" if is_refused else "the artifact store's disk fails",
            reason="STORE_READ_ONLY" if is_refused else "STORE_IO",
            hint="check that the root folder exists, belongs to you and is on a writable disk",
        ) from error
