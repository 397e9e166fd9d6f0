"""Job folders on disk: whole files or none.

Theory. A reader must never see half a file, whatever is killed when. So a file is written under a temporary name and
gets its own name when it is complete; a job's folder is built elsewhere and renamed into place. `meta.json` is replaced
last: until then a job is open, and what an attempt has added can be told from what was there, and be removed.

What must survive a power cut is synced, for many jobs at once (`durability`), and only then acknowledged by a record
in the job store. Names are given before that sync, since waiting twice would cost twice. A power cut between the two
leaves names without the files' content, in any mixture. Nobody is misled by it:

- a folder whose `create` was cut off has no record, so nobody was told of it, and nobody asks for it;
- a job whose `seal` was cut off has a record that is live. Whoever takes it over calls `reset`, which believes a seal
  only if every digest matches, and else takes the first `meta.json` back. It has a second name, `.opening.json`, from
  the beginning until the seal is on the disk: one that `seal` gave it could be lost while the new `meta.json` is kept.

Layout: `<folder>/<job id>/<name>`; `<folder>/.tmp/` holds job folders that are being built. Journals are in
`job_journals`.

Source: contract "CircuitFS"; what a power cut leaves after "All File Systems Are Not Created Equal", OSDI 2014.
"""

from __future__ import annotations

import errno
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from eigen.contracts.errors import EigenError, NotFoundError
from eigen.contracts.jobs import JOB_ID
from eigen.ports.artifact_store import Artifact, ArtifactProblem, Opening
from eigen.qfs.durability import Change, Durability
from eigen.qfs.filesystem import FileSystem
from eigen.qfs.hands import Hands
from eigen.qfs.job_journals import JOURNAL, JobJournals
from eigen.qfs.layout import (
    META,
    Meta,
    artifact_corrupt,
    artifact_exists,
    artifact_of,
    checked,
    is_artifact_name,
    job_exists,
    job_sealed,
    no_such_artifact,
    no_such_job,
)
from eigen.qfs.whole_files import WholeFiles, undone_on_error

__all__ = ["PORTION", "JobFolders"]

_TEMPORARY = ".tmp"
_OPENING = ".opening.json"
_ABANDONED_AFTER_SEC = 24 * 3600.0

PORTION = 4
"""How many jobs' names one thread gives, one after the other."""


class JobFolders:
    """The operations of `DiskArtifactStore`, blocking, with the operating system's errors as they are.

    What is in the root folder is all that it knows of jobs.

    Args:
        root: Absolute path of CircuitFS; made when the first job is, within a folder that exists.
        filesystem: The operating system's files.

    Attributes:
        at_once: Does several works at once; see `Hands.at_once`.
    """

    def __init__(self, root: str, filesystem: FileSystem) -> None:
        self._root = root
        self._files = filesystem
        self._whole = WholeFiles(filesystem)
        self._journals = JobJournals(filesystem)
        self.at_once = Hands().at_once
        self._durability = Durability(filesystem, self.at_once)
        self._is_ready = False

    @contextmanager
    def syncing(self) -> Iterator[Callable[[Iterable[Change]], None]]:
        """Give a function that returns when changes are on the disk; they have to be made within.

        Only one thread at a time may be here.
        """
        self._make_root()
        with self._durability.watching(self._root) as watched:

            def sync(changes: Iterable[Change]) -> None:
                paths = dict.fromkeys(path for change in changes for path in change.paths)
                self._durability.ensure(paths, watched=watched)

            yield sync

    def create(self, job_id: str, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> Change:
        """Make a job's folder elsewhere, and move it into place."""
        return self._make(job_id, files, facts, sealed=False)

    def _make(self, job_id: str, files: Mapping[str, bytes], facts: Mapping[str, Any], *, sealed: bool) -> Change:
        folder, stage = f"{self._root}/{job_id}", self._new_stage()
        meta = Meta.of(files, sealed=sealed, facts=facts)
        contents = {**files, META: meta.to_bytes()}
        with undone_on_error(lambda: self._unmake(stage, folder)):
            self._whole.write({f"{stage}/{name}": content for name, content in contents.items()})
            if not sealed:
                self._files.link(f"{stage}/{META}", f"{stage}/{_OPENING}")
            try:
                self._files.rename(stage, folder)
            except OSError as error:
                if error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
                    raise job_exists(job_id) from error
                raise
        return Change(
            meta=meta,
            paths=(*(f"{folder}/{name}" for name in contents), folder, self._root),
            undo=lambda: self._move_away(folder),
        )

    def _unmake(self, stage: str, folder: str) -> None:
        """Remove a folder that could not be made; where its name was given and the call failed all the same, there."""
        if self._files.exists(stage):
            self._whole.remove_tree(stage)
        else:
            self._move_away(folder)

    def put(self, job_id: str, files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
        """Write each file under a temporary name, and give it its own; nothing is synced."""
        if self.meta(job_id).sealed:
            raise job_sealed(job_id)
        for name, content in files.items():
            self._put(job_id, name, content)
        return tuple(artifact_of(*one) for one in files.items())

    def _put(self, job_id: str, name: str, content: bytes) -> None:
        folder = f"{self._root}/{job_id}"
        if not self._has_equal(job_id, name, content):
            temporary = f"{folder}/{_TEMPORARY}-{secrets.token_hex(8)}"
            with self._whole.removed_at_last([temporary]):
                self._whole.write({temporary: content})
                try:
                    self._files.link(temporary, f"{folder}/{name}")
                except FileExistsError:
                    self._has_equal(job_id, name, content)

    def seal(
        self, job_id: str, files: Mapping[str, bytes], facts: Mapping[str, Any], *, opening: Opening | None = None
    ) -> Change:
        """Write the last files, give them their names, and replace `meta.json`; the first one is kept beside it.

        A job that has no folder yet gets one with everything in it.
        """
        folder = f"{self._root}/{job_id}"
        if opening is not None and not self._files.exists(folder):
            return self._make(job_id, {**opening.files, **files}, {**opening.facts, **facts}, sealed=True)
        meta = self.meta(job_id)
        if meta.sealed:
            again = meta.as_sealed([artifact_of(*one) for one in files.items()], facts)
            if again.to_bytes() != meta.to_bytes():
                raise job_sealed(job_id)
            return self._sealed(job_id, meta)
        new = {name: content for name, content in files.items() if not self._has_equal(job_id, name, content)}
        unsynced = [name for name in self._names(job_id) if name not in meta.files]
        added = [artifact_of(name, self._whole.content(f"{folder}/{name}")) for name in unsynced]
        sealed = meta.as_sealed([*added, *(artifact_of(*one) for one in new.items())], facts)
        token = secrets.token_hex(8)
        temporary = {name: f"{folder}/{_TEMPORARY}-{token}-{name}" for name in [*new, META]}
        with self._whole.removed_at_last(temporary.values()):
            self._whole.write({temporary[name]: content for name, content in {**new, META: sealed.to_bytes()}.items()})
            self._publish(job_id, {name: temporary[name] for name in new}, meta=temporary[META])
        return self._sealed(job_id, sealed, new=[f"{folder}/{name}" for name in new])

    def _sealed(self, job_id: str, meta: Meta, *, new: Iterable[str] = ()) -> Change:
        folder = f"{self._root}/{job_id}"
        return Change(
            meta=meta,
            paths=(*(f"{folder}/{name}" for name in [*meta.files, META]), folder),
            settle=lambda: self._settle(job_id),
            undo=lambda: self._take_back(job_id, new),
        )

    def _settle(self, job_id: str) -> None:
        """Remove what a seal that is on the disk needs no more; what cannot be removed now is a leftover."""
        self._whole.remove_all([f"{self._root}/{job_id}/{_OPENING}"])
        with suppress(OSError):
            self._journals.remove(f"{self._root}/{job_id}")

    def discard(self, job_id: str) -> None:
        """Remove the folder of a job that is not sealed; a job that is not there is no error."""
        try:
            if self.meta(job_id).sealed:
                raise job_sealed(job_id)
        except NotFoundError:
            return
        self._move_away(f"{self._root}/{job_id}")

    def reset(self, job_id: str, *, opening: Opening | None = None) -> Change:
        """Remove what is not recorded, and a seal that a power cut has left in pieces; one that is whole stands."""
        folder = f"{self._root}/{job_id}"
        if self._files.exists(f"{folder}/{_OPENING}") and any(self._problems(job_id)):
            self._open_again(folder)
        if opening is not None and any(self._problems(job_id)):
            if self._files.exists(folder):
                self._move_away(folder)
            return self.create(job_id, opening.files, opening.facts)
        meta = self.meta(job_id)
        for name in self._files.list_folder(folder):
            is_added = is_artifact_name(name) and name not in meta.files
            if name.startswith(f"{_TEMPORARY}-") or (is_added and not meta.sealed):
                self._files.remove_file(f"{folder}/{name}")
        return self._sealed(job_id, meta) if meta.sealed else Change(meta=meta)

    def read(self, job_id: str, name: str) -> bytes:
        """Return a file's content, checked against its record where it has one."""
        meta, folder = self.meta(job_id), f"{self._root}/{job_id}"
        if name == META:
            return self._whole.content(f"{folder}/{META}")
        recorded = meta.files.get(name)
        if recorded is None and (meta.sealed or not is_artifact_name(name)):
            raise no_such_artifact(job_id, name)
        try:
            content = self._whole.content(f"{folder}/{name}")
        except FileNotFoundError as error:
            raise artifact_corrupt(name, "is missing") if recorded else no_such_artifact(job_id, name) from error
        return checked(recorded, content) if recorded else content

    def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """Return the records of all files; those of files that are not recorded yet are made."""
        meta, folder = self.meta(job_id), f"{self._root}/{job_id}"
        names = [] if meta.sealed else [name for name in self._names(job_id) if name not in meta.files]
        added = [artifact_of(name, self._whole.content(f"{folder}/{name}")) for name in names]
        files = meta.with_artifacts(added).files
        return tuple(files[name] for name in sorted(files))

    def meta(self, job_id: str) -> Meta:
        """Return what `meta.json` says."""
        folder = self._folder(job_id)
        try:
            return Meta.from_bytes(self._whole.content(f"{folder}/{META}"))
        except FileNotFoundError as error:
            raise artifact_corrupt(META, "is missing") from error

    def verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        """Return every recorded file that is missing or does not match."""
        self._folder(job_id)
        return tuple(self._problems(job_id))

    def open_journal(self, job_id: str, part: int) -> int:
        """Return a descriptor of a part of an open job's journal, locked."""
        if self.meta(job_id).sealed:
            raise job_sealed(job_id)
        return self._journals.open(f"{self._root}/{job_id}", part, job_id=job_id)

    def close_journal(self, descriptor: int) -> None:
        """Let go of a part of a journal."""
        self._journals.close(descriptor)

    def journals(self, job_id: str) -> tuple[bytes, ...]:
        """Return what is in the parts of a job's journal, in order."""
        return self._journals.contents(self._folder(job_id))

    def having(self, name: str, job_ids: Iterable[str]) -> frozenset[str]:
        """Return those that have a file."""
        if not is_artifact_name(name):
            return frozenset()
        known = (job_id for job_id in job_ids if JOB_ID.fullmatch(job_id))
        return frozenset(job_id for job_id in known if self._files.exists(f"{self._root}/{job_id}/{name}"))

    def job_ids(self) -> tuple[str, ...]:
        """Return the ids of all jobs, sorted."""
        try:
            names = self._files.list_folder(self._root)
        except FileNotFoundError:
            return ()
        return tuple(sorted(name for name in names if JOB_ID.fullmatch(name)))

    def leftovers(self, *, remove: bool) -> tuple[str, ...]:
        """Return, by their paths within the root, folders that were never named and temporary files of sealed jobs."""
        stages = [f"{_TEMPORARY}/{name}" for name in self._whole.listed(f"{self._root}/{_TEMPORARY}")]
        files = [file for job_id in self.job_ids() for file in self._leftovers_of(job_id)]
        if remove:
            for stage in stages:
                self._whole.remove_tree(f"{self._root}/{stage}")
            self._whole.remove_all(f"{self._root}/{file}" for file in files)
        return (*stages, *files)

    def _leftovers_of(self, job_id: str) -> Iterator[str]:
        """Yield a job's temporary files that nobody needs; a folder that cannot be read costs itself only."""
        with suppress(OSError):
            for name in self._whole.listed(f"{self._root}/{job_id}"):
                if name.startswith((f"{_TEMPORARY}-", _OPENING, JOURNAL)) and self._is_sealed(job_id):
                    yield f"{job_id}/{name}"

    def _folder(self, job_id: str) -> str:
        """Return the path of a job's folder, which is there."""
        folder = f"{self._root}/{job_id}"
        if not JOB_ID.fullmatch(job_id) or not self._files.exists(folder):
            raise no_such_job(job_id)
        return folder

    def _is_sealed(self, job_id: str) -> bool:
        """Return whether a job takes no more files, and all of them are whole."""
        return not any(self._problems(job_id)) and self.meta(job_id).sealed

    def _problems(self, job_id: str) -> Iterator[ArtifactProblem]:
        try:
            names = sorted(self.meta(job_id).files)
        except EigenError as error:
            yield ArtifactProblem(name=META, problem=error.message)
            return
        for name in names:
            try:
                self.read(job_id, name)
            except EigenError as error:
                yield ArtifactProblem(name=name, problem=error.message)

    def _publish(self, job_id: str, temporary: Mapping[str, str], *, meta: str) -> None:
        """Give complete files their names, `meta.json` last; on an error take the names back."""
        folder, named = f"{self._root}/{job_id}", list[str]()
        with undone_on_error(lambda: self._take_back(job_id, named)):
            for name, path in temporary.items():
                self._files.link(path, f"{folder}/{name}")
                named.append(f"{folder}/{name}")
            with suppress(FileExistsError):  # it has it already, unless an older version made it
                self._files.link(f"{folder}/{META}", f"{folder}/{_OPENING}")
            self._files.rename(meta, f"{folder}/{META}")

    def _take_back(self, job_id: str, named: Iterable[str]) -> None:
        """Open a job again whose seal failed: first its record, then the names that the seal has given."""
        if self._files.exists(f"{self._root}/{job_id}/{_OPENING}"):
            self._open_again(f"{self._root}/{job_id}")
        self._whole.remove_all(named)

    def _open_again(self, folder: str) -> None:
        """Take the first `meta.json` back; its other name stays, since it is on the disk."""
        temporary = f"{folder}/{_TEMPORARY}-{secrets.token_hex(8)}"
        with self._whole.removed_at_last([temporary]):  # it stays where both are one file
            self._files.link(f"{folder}/{_OPENING}", temporary)
            self._files.rename(temporary, f"{folder}/{META}")

    def _has_equal(self, job_id: str, name: str, content: bytes) -> bool:
        """Return whether the file is there; if it is, it has to have this content."""
        try:
            found = self._whole.content(f"{self._root}/{job_id}/{name}")
        except FileNotFoundError:
            return False
        if found != content:
            raise artifact_exists(job_id, name)
        return True

    def _names(self, job_id: str) -> list[str]:
        return sorted(name for name in self._files.list_folder(f"{self._root}/{job_id}") if is_artifact_name(name))

    def _new_stage(self) -> str:
        """Return a new folder to build a job's folder in."""
        stage = f"{self._root}/{_TEMPORARY}/{secrets.token_hex(16)}"
        self._files.make_folder(stage)
        return stage

    def _make_root(self) -> None:
        """Make what is missing of the root, once, and remove what processes left that were killed long ago."""
        if self._is_ready:
            return
        if not self._files.exists(f"{self._root}/{_TEMPORARY}"):
            for path in (self._root, f"{self._root}/{_TEMPORARY}"):
                with suppress(FileExistsError):
                    self._files.make_folder(path)
                with self._durability.watching(path.rpartition("/")[0] or "/") as parent:
                    self._files.sync(parent)
        self._sweep()
        self._is_ready = True

    def _sweep(self) -> None:
        with suppress(OSError):
            for name in self._files.list_folder(f"{self._root}/{_TEMPORARY}"):
                path = f"{self._root}/{_TEMPORARY}/{name}"
                if time.time() - self._files.modified_at(path) > _ABANDONED_AFTER_SEC:
                    self._whole.remove_tree(path)

    def _move_away(self, folder: str) -> None:
        """Remove a job's folder: first its name, at once, then what was in it."""
        gone = f"{self._root}/{_TEMPORARY}/{secrets.token_hex(16)}"
        self._files.rename(folder, gone)
        with suppress(OSError):
            self._whole.remove_tree(gone)
