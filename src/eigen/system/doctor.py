"""What is wrong with a root and with this installation, and how it is put right.

CircuitFS and the job store say the same of every job, unless a process was killed between writing to the one and to
the other, or a disk has lost something. Each disagreement has a name and a remedy here. Nothing is changed unless it
is asked for, and nothing is removed that a job may still need.
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

from eigen.contracts.errors import EigenError, InternalError, NotFoundError
from eigen.contracts.jobs import JobFilter, JobRecord, JobState
from eigen.contracts.wire import from_json
from eigen.kernel.stores.ballast import BALLAST_BYTES
from eigen.kernel.stores.ownership import stale_locks
from eigen.kernel.stores.schema import SCHEMA_VERSION
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.openings import RootArtifacts
from eigen.system.rebuilding import rebuild_store, recollect_all
from eigen.system.root import require_store

__all__ = ["Examination", "Finding", "examine"]

_PAGE = 1000
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


async def examine(folder: Path, *, repair: bool = False, rebuild: bool = False, discard: bool = False) -> Examination:
    """Look at everything on a root.

    Others may be at work on it, and what they are just doing looks wrong for some moments: only what a second look
    finds again is told.

    Args:
        folder: The root, absolute.
        repair: Whether what can be put right without loss is put right; nobody else may have the root open.
        rebuild: Whether the job store is made anew from CircuitFS first; nobody else may have the root open.
        discard: Whether folders of jobs that the store does not know and that never ended are removed.

    Raises:
        FailedPreconditionError: Another process has the root open, or a newer version has written it.
    """
    found = Examination()
    await anyio.to_thread.run_sync(_look_at_disk, found, folder)
    await anyio.to_thread.run_sync(_look_at_drivers, found)
    if not found.facts["exists"]:
        return found
    if rebuild:
        await _rebuild(found, folder)
    try:
        require_store(folder)
        alone = repair or discard
        async with SqliteJobStore(folder, owner=f"doctor_{os.urandom(8).hex()}", alone=alone) as store:
            seen = await _Doctor(found, folder, store, repair=repair, discard=discard).examine()
            if seen and not alone:
                await anyio.sleep(SECOND_LOOK_SEC)
                again = await _Doctor(found, folder, store, repair=False, discard=False).examine()
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
    for job_id, error in sorted(rebuilt.lost.items()):
        found.findings.append(Finding(check="rebuild", job_id=job_id, problem=error.message))


class _Doctor:
    """One examination of an open root."""

    def __init__(self, found: Examination, folder: Path, store: SqliteJobStore, *, repair: bool, discard: bool) -> None:
        self._found = found
        self._folder = folder
        self._store = store
        self._folders = DiskArtifactStore(folder / "circuit_fs")
        self._artifacts = RootArtifacts(self._folders, store)
        self._repair = repair
        self._discard = discard
        self._seen: dict[tuple[str, ...], Finding] = {}

    async def examine(self) -> dict[tuple[str, ...], Finding]:
        """Make every check, and return what is wrong by what tells it from all else."""
        await self._check_store()
        folders = set(await self._artifacts.job_ids())
        states: dict[str, int] = {}
        async for record in self._records():
            states[record.state.value] = states.get(record.state.value, 0) + 1
            folders.discard(record.job_id)
            await self._check_job(record)
        self._found.facts["jobs"] = states
        for job_id in sorted(folders):
            await self._check_unknown(job_id)
        await self._check_leftovers()
        return self._seen

    def _tell(self, check: str, problem: str, *, job_id: str = "", remedy: str = "", repaired: bool = False) -> None:
        finding = Finding(check=check, problem=problem, job_id=job_id, remedy=remedy, repaired=repaired)
        self._seen[check, job_id, problem] = finding

    async def _records(self) -> AsyncIterator[JobRecord]:
        before = ""
        while True:
            page = await self._store.select(JobFilter(), limit=_PAGE, before_job_id=before)
            for record in page:
                yield record
            if len(page) < _PAGE:
                return
            before = page[-1].job_id

    async def _check_store(self) -> None:
        self._found.facts["schema"] = SCHEMA_VERSION
        self._found.facts["is_read_only"] = self._store.is_read_only
        for line in await self._store.integrity():
            self._tell("store", f"SQLite finds: {line}", remedy="eigen doctor --rebuild")

    async def _check_job(self, record: JobRecord) -> None:
        job_id = record.job_id
        try:
            if self._repair and not record.state.is_terminal:
                await self._artifacts.reset(job_id)
            problems = await self._artifacts.verify(job_id)
            meta = await self._artifacts.meta(job_id)
        except NotFoundError:
            self._tell("lost-files", "the job's files are gone", job_id=job_id)
            return
        except InternalError as error:
            self._tell("damaged-file", error.message, job_id=job_id)
            return
        for problem in problems:
            self._tell("damaged-file", f"{problem.name} {problem.problem}", job_id=job_id)
        if not record.state.is_terminal:
            if meta["sealed"] and not problems:
                await self._catch_up(record)
        elif meta["sealed"] and from_json(JobRecord, meta["record"]) != record:
            self._tell("two-stories", "its record and meta.json differ", job_id=job_id)
        elif record.state is JobState.DONE and not meta["sealed"]:
            self._tell("unsealed", "it is DONE, and its results are not sealed", job_id=job_id)

    async def _catch_up(self, record: JobRecord) -> None:
        """Record an end that was sealed before its process was killed."""
        if self._repair:
            kept = await recollect_all(self._artifacts, [record.job_id], lost={})
            for orphan in await self._store.adopt(job_id=record.job_id):
                for job in kept:
                    await self._store.append(job.record, job.events[orphan.record.event_seq :], durable=True)
        self._tell(
            "unrecorded-end",
            "it has ended, and its record does not say so yet",
            job_id=record.job_id,
            remedy="eigen doctor --repair, or any command that runs jobs on this root",
            repaired=self._repair,
        )

    async def _check_unknown(self, job_id: str) -> None:
        """Look at a folder that the store does not know: an end to be recorded, or a submission that was cut off."""
        problems = await self._artifacts.verify(job_id)
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
        if self._repair:
            await self._store.restore(await recollect_all(self._artifacts, [job_id], lost={}))
        self._tell(
            "unknown-end",
            "it has ended, and is not in the store",
            job_id=job_id,
            remedy="eigen doctor --repair",
            repaired=self._repair,
        )

    async def _check_leftovers(self) -> None:
        left = await self._folders.leftovers(remove=self._repair)
        find_locks = partial(stale_locks, self._folder / "systems", remove=self._repair)
        locks = await anyio.to_thread.run_sync(find_locks)
        for check, names in (("leftovers", left), ("stale-locks", locks)):
            for name in names:
                self._tell(check, name, remedy="eigen doctor --repair", repaired=self._repair)


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
