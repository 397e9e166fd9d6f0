"""What is wrong with a root and with this installation, and how it is put right.

CircuitFS and the job store say the same of every job, and a job's record is what its events make, unless a process was
killed between writing to the one and to the other, or a disk has lost something. Each disagreement has a name and a
remedy here. Nothing is changed unless it is asked for, and nothing is removed that a job may still need.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio
import anyio.to_thread

from eigen.contracts.errors import EigenError, InternalError, NotFoundError, UnavailableError
from eigen.contracts.jobs import JobRecord, JobState
from eigen.contracts.wire import from_json
from eigen.kernel.history import tells
from eigen.kernel.recollection import sealed_end
from eigen.kernel.stores.ballast import BALLAST_BYTES
from eigen.kernel.stores.ownership import stale_locks
from eigen.kernel.stores.salvage import FoundJob, Salvage, salvaged
from eigen.kernel.stores.schema import SCHEMA_VERSION
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.clock import Clock
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.openings import RootArtifacts
from eigen.system.clock import SystemClock
from eigen.system.foreign import foreign_files, foreign_folders, in_the_place_of_files
from eigen.system.rebuilding import rebuild_store
from eigen.system.root import looking_into, require_store

__all__ = ["Examination", "Finding", "examine"]

_AT_ONCE = 128
_LITTLE_ROOM_BYTES = 4 * BALLAST_BYTES

SECOND_LOOK_SEC = 0.5
"""How long after the first look at a root that others may be at work on the second one is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        check: Stable name of the check that found it.
        problem: What is wrong.
        job_id: The job that it is about, if any.
        remedy: What to do, if anything can be done.
        repaired: Whether that has been done.
    """

    check: str
    problem: str
    job_id: str = ""
    remedy: str = ""
    repaired: bool = False


@dataclass(slots=True, kw_only=True)
class Examination:
    """What was found.

    Attributes:
        facts: Figures of the root and of the installation.
        findings: What is not as it should be, in the order of the checks.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong any more."""
        return all(one.repaired for one in self.findings)


async def examine(
    folder: Path, *, repair: bool = False, rebuild: bool = False, discard: bool = False, clock: Clock | None = None
) -> Examination:
    """Look at everything on a root.

    Others may be at work on it, and what they are just doing looks wrong for some moments: only what a second look
    finds again is told.

    Args:
        folder: The root, absolute.
        repair: Whether what can be put right without loss is put right; nobody else may have the root open.
        rebuild: Whether the job store is made anew first; nobody else may have the root open.
        discard: Whether folders of jobs that the store does not know and that never ended are removed.
        clock: What the time between two looks is told by; None for the machine's.

    Raises:
        FailedPreconditionError: Another process has the root open, or a newer version has written it.
        UnavailableError: It cannot be read, or was to be rebuilt and cannot be written.
    """
    found, clock = Examination(), clock or SystemClock()
    await anyio.to_thread.run_sync(_look_at_disk, found, folder)
    await anyio.to_thread.run_sync(_look_at_drivers, found)
    if not found.facts["exists"]:
        return found
    if rebuild:
        await _rebuild(found, folder)
    try:
        require_store(folder)
        alone = repair or discard
        owner = f"doctor_{os.urandom(8).hex()}"
        async with SqliteJobStore(folder, owner=owner, alone=alone, may_use_ballast=alone) as store:
            if alone and store.is_read_only:
                found.findings.append(_UNCHANGED)
                repair = discard = False
            with salvaged(folder / "jobs.sqlite3") as rows:
                seen = await _Doctor(found, folder, store, rows, repair=repair, discard=discard).examine()
                if seen and not alone:
                    await clock.sleep_until(clock.monotonic() + SECOND_LOOK_SEC)
                    again = await _Doctor(found, folder, store, rows, repair=False, discard=False).examine()
                    seen = {sign: finding for sign, finding in again.items() if sign in seen}
        found.findings += _summed_up(seen.values())
    except EigenError as error:
        if error.reason not in {"STORE_DAMAGED", "STORE_MISSING"}:
            raise
        found.findings.append(Finding(check="store", problem=error.message, remedy=error.hint))
    return found


async def _rebuild(found: Examination, folder: Path) -> None:
    rebuilt = await rebuild_store(folder)
    found.facts["rebuilt_jobs"] = rebuilt.num_jobs
    found.facts["carried_over_jobs"] = rebuilt.num_carried_over
    if rebuilt.is_damaged:
        found.facts["old_store"] = "damaged; what of it could be read was carried over"
    for job_id, error in sorted(rebuilt.lost.items()):
        found.findings.append(Finding(check="lost-job", job_id=job_id, problem=f"it is lost: {error.message}"))


class _Doctor:
    """One examination of an open root."""

    def __init__(
        self, found: Examination, folder: Path, store: SqliteJobStore, rows: Salvage, *, repair: bool, discard: bool
    ) -> None:
        self._found = found
        self._folder = folder
        self._store = store
        self._rows = rows
        self._folders = DiskArtifactStore(folder / "circuit_fs")
        self._artifacts = RootArtifacts(self._folders, store)
        self._repair = repair
        self._discard = discard
        self._seen: dict[tuple[str, ...], Finding] = {}

    async def examine(self) -> dict[tuple[str, ...], Finding]:
        """Make every check, and return what is wrong by what tells it from all else."""
        await self._check_store()
        strangers = await anyio.to_thread.run_sync(list, foreign_folders(self._folder / "circuit_fs"))
        folders = {*await self._artifacts.job_ids()} - {*strangers}
        states: dict[str, int] = {}
        async for job in self._jobs():
            state = job.record.state.value if job.record else "damaged"
            states[state] = states.get(state, 0) + 1
            folders.discard(job.job_id)
            await self._check_job(job)
        self._found.facts["jobs"] = states
        for job_id in sorted(folders):
            await self._check_unknown(job_id)
        await self._check_leftovers()
        for name in await anyio.to_thread.run_sync(list, in_the_place_of_files(self._folder)):
            self._tell("foreign", f"{name} is not what it should be, so nothing is kept there", remedy=_LOOK_AT_IT)
        for name in strangers:
            self._tell("foreign", f"circuit_fs/{name} is no job's folder", remedy=_LOOK_AT_IT)
        return self._seen

    def _tell(self, check: str, problem: str, *, job_id: str = "", remedy: str = "", repaired: bool = False) -> None:
        finding = Finding(check=check, problem=problem, job_id=job_id, remedy=remedy, repaired=repaired)
        self._seen[check, job_id, problem] = finding

    async def _jobs(self) -> AsyncIterator[FoundJob]:
        job_ids = sorted(await anyio.to_thread.run_sync(self._rows.job_ids))
        for start in range(0, len(job_ids), _AT_ONCE):
            for job in await anyio.to_thread.run_sync(self._rows.jobs, job_ids[start : start + _AT_ONCE]):
                if job.was_accepted:
                    yield job

    async def _check_store(self) -> None:
        self._found.facts["schema"] = SCHEMA_VERSION
        self._found.facts["is_read_only"] = self._store.is_read_only
        for line in await self._store.integrity():
            self._tell("store", f"SQLite finds: {line}", remedy="eigen doctor --rebuild")

    async def _check_job(self, job: FoundJob) -> None:
        try:
            if self._repair and not (job.record and job.record.state.is_terminal):
                await self._artifacts.reset(job.job_id)
            problems = [f"{one.name} {one.problem}" for one in await self._artifacts.verify(job.job_id)]
            meta = await self._artifacts.meta(job.job_id)
        except NotFoundError:
            self._tell("lost-files", "the job's files are gone", job_id=job.job_id)
            await self._check_story(job, None)
            return
        except InternalError as error:
            problems, meta = [error.message], {"sealed": False, "files": {}}
        except UnavailableError as error:
            self._tell_unreadable(job.job_id, error)
            return
        for problem in problems:
            self._tell("damaged-file", problem, job_id=job.job_id)
        await self._check_story(job, None if problems else meta)
        await self._check_files(job.job_id, recorded=meta["files"] if meta["sealed"] else None)

    async def _check_story(self, job: FoundJob, meta: Mapping[str, Any] | None) -> None:
        """Compare a job's row with its events, and with its end in CircuitFS, which stands above it.

        Args:
            job: What the store has of it.
            meta: What `meta.json` says, where its files are whole.
        """
        record, end = job.record, _end_in(meta)
        if end is not None and record is not None and not record.state.is_terminal:
            await self._tell_anew(job, "unrecorded-end", "it has ended, and its record does not say so yet", _OPENED)
        elif job.problems:
            can_repair, can_rebuild = end is not None or job.is_whole, meta is not None and end is None
            remedy = "eigen doctor --repair" if can_repair else _BEGUN_ANEW if can_rebuild else _NOTHING
            await self._tell_anew(job, "damaged-record", "; ".join(job.problems), remedy)
        elif meta is not None and end is not None and record is not None and not tells(meta["record"], record):
            await self._tell_anew(job, "two-stories", "its record and meta.json differ", "eigen doctor --repair")
        elif meta is not None and end is None and record is not None and record.state is JobState.DONE:
            self._tell("unsealed", "it is DONE, and its results are not sealed", job_id=job.job_id)

    async def _tell_anew(self, job: FoundJob, check: str, problem: str, remedy: str) -> None:
        """Tell of a row that is not right; to repair it, take the job's end from CircuitFS, or what its events make."""
        kept = None
        if self._repair:
            kept = await sealed_end(self._artifacts, job.job_id, found=job) or (job.kept() if job.is_whole else None)
        if kept is not None:
            await self._store.replace([kept])
        self._tell(check, problem, job_id=job.job_id, remedy=remedy, repaired=kept is not None)

    def _tell_unreadable(self, job_id: str, error: UnavailableError) -> None:
        """Tell of a folder that the operating system does not let us into; any other error goes on."""
        if error.reason not in _OF_FOLDERS:
            raise error
        self._tell("unreadable", "its files cannot be read or written", job_id=job_id, remedy=_LOOK_AT_RIGHTS)

    async def _check_files(self, job_id: str, *, recorded: Mapping[str, Any] | None) -> None:
        folder = self._folder / "circuit_fs" / job_id
        for name in await anyio.to_thread.run_sync(list, foreign_files(folder, recorded=recorded)):
            self._tell("foreign", f"{name} is no file of the job", job_id=job_id, remedy=_LOOK_AT_IT)

    async def _check_unknown(self, job_id: str) -> None:
        """Look at a folder that the store does not know: an end to be recorded, or a submission that was cut off."""
        try:
            problems = await self._artifacts.verify(job_id)
        except UnavailableError as error:
            self._tell_unreadable(job_id, error)
            return
        if problems:
            self._tell("unknown-job", f"not in the store, and damaged: {problems[0].problem}", job_id=job_id)
        elif (await self._artifacts.meta(job_id))["sealed"]:
            await self._restore(job_id)
        else:
            if self._discard:
                await self._artifacts.discard(job_id)
            self._tell(
                "never-acknowledged",
                "it is not in the store: a submission that was cut off before anybody was told of it",
                job_id=job_id,
                remedy="eigen doctor --discard removes it; eigen doctor --rebuild runs it",
                repaired=self._discard,
            )

    async def _restore(self, job_id: str) -> None:
        end = await sealed_end(self._artifacts, job_id) if self._repair else None
        if end is not None:
            await self._store.restore([end])
        self._tell(
            "unknown-end",
            "it has ended, and is not in the store",
            job_id=job_id,
            remedy="eigen doctor --repair",
            repaired=end is not None,
        )

    async def _check_leftovers(self) -> None:
        left = await self._folders.leftovers(remove=self._repair)
        find_locks = partial(stale_locks, self._folder / "systems", remove=self._repair)
        locks = () if self._store.is_read_only else await anyio.to_thread.run_sync(find_locks)
        for check, names in (("leftovers", left), ("stale-locks", locks)):
            for name in names:
                self._tell(check, name, remedy="eigen doctor --repair", repaired=self._repair)


_UNCHANGED = Finding(
    check="read-only",
    problem="the root cannot be written, so nothing was put right",
    remedy="make it writable for you, then try again",
)

_OPENED = "eigen doctor --repair, or any command that runs jobs on this root"
_BEGUN_ANEW = "eigen doctor --rebuild begins it anew, from its files"
_NOTHING = "nobody has its story; what is left of it stays"
_LOOK_AT_IT = "look at it, and remove it"
_LOOK_AT_RIGHTS = "its folder has to belong to you, on a disk that works"
_OF_FOLDERS = frozenset({"STORE_IO", "STORE_READ_ONLY"})
"""Reasons of errors that a job's own folder gives."""


def _end_in(meta: Mapping[str, Any] | None) -> JobRecord | None:
    """Return the end that a job's `meta.json` tells; None of one that is open."""
    try:
        return from_json(JobRecord, meta["record"]) if meta is not None and meta["sealed"] else None
    except (KeyError, ValueError):
        return None


_SUMMED_UP: Mapping[str, str] = MappingProxyType(
    {
        "leftovers": "temporary files and folders of processes that are gone",
        "stale-locks": "lock files of processes that are gone",
    }
)
"""Checks whose findings are told as one, and what they are."""


def _summed_up(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings; of those that nobody wants to read one by one, how many there are."""
    alike: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.check in _SUMMED_UP:
            alike.setdefault(finding.check, []).append(finding)
        else:
            yield finding
    for check, found in alike.items():
        yield replace(found[0], problem=f"{len(found)} {_SUMMED_UP[check]}")


def _look_at_disk(found: Examination, folder: Path) -> None:
    with looking_into(folder):
        found.facts["exists"] = folder.exists()
        place = next(one for one in (folder, *folder.parents) if one.exists())
    free_bytes = found.facts["free_bytes"] = shutil.disk_usage(place).free
    if free_bytes < _LITTLE_ROOM_BYTES:
        found.findings.append(
            Finding(check="disk", problem=f"{free_bytes} bytes are free on the root's disk", remedy="free some space")
        )


def _look_at_drivers(found: Examination) -> None:
    from eigen.drivers.registry import find_drivers

    installed = find_drivers()
    found.facts["drivers"] = sorted(installed.drivers)
    for problem in installed.problems:
        found.findings.append(Finding(check="drivers", problem=f"the driver {problem.name}: {problem.reason}"))
    if not installed.drivers:
        found.findings.append(Finding(check="drivers", problem="no driver can be used, so nothing can be run"))
