"""Bugs to prove the harnesses by: each a defective adapter of a port, planted where the composition root looks for it.

A bug is planted in a child that lives once; the process that judges never has it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import anyio

from chaos import devices
from chaos.parts import Part
from eigen.contracts.errors import ResourceExhaustedError, UnavailableError
from eigen.contracts.execution import ExecutionRequest, ExecutionResult
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.kernel.kept_points import PointJournal
from eigen.kernel.stores.ownership import OwnerLock
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.optimization.evaluations import Entry
from eigen.optimization.journal import Journal
from eigen.ports.artifact_store import Opening
from eigen.ports.job_store import NewJob, Orphan
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.opening_log import OpeningLog

__all__ = ["BUGS", "parts_of"]

_LATER_SEC = 0.01
_PIECE_BYTES = 16


class EarlyAcknowledgement(SqliteJobStore):
    """Says that a job is kept before it is."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._later = anyio.create_task_group()
        await self._later.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._later.__aexit__(None, None, None)
        await super().__aexit__(kind, error, traceback)

    async def insert(self, job: NewJob) -> JobRecord:
        """Keep the job a little later."""
        self._later.start_soon(self._insert_later, job)
        return job.record

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        """Let the job be kept first."""
        await anyio.sleep(2 * _LATER_SEC)
        await super().append(record, events, durable=durable)

    async def _insert_later(self, job: NewJob) -> None:
        await anyio.sleep(_LATER_SEC)
        await super().insert(job)


class ForgottenKeys(SqliteJobStore):
    """Does not know an idempotency key again."""

    async def insert(self, job: NewJob) -> JobRecord:
        """Keep the job without its key."""
        return await super().insert(replace(job, idempotency_key=""))


class ForgottenEvents(SqliteJobStore):
    """Loses the event before the last one."""

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        """Keep all events but one."""
        await super().append(record, (*events[:-2], events[-1]) if durable else (), durable=durable)


class BlindTrust(SqliteJobStore):
    """Takes a write that failed for one that is done."""

    async def insert(self, job: NewJob) -> JobRecord:
        """Keep the job, or say so."""
        try:
            return await super().insert(job)
        except UnavailableError:
            return job.record


class HastyCancels(SqliteJobStore):
    """Writes behind what is to be durable before a job's end, such as that somebody has cancelled it."""

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        """Wait for ends alone."""
        await super().append(record, events, durable=record.state.is_terminal)


class TrustedCancels(SqliteJobStore):
    """Takes a cancel that found no room for one that is kept."""

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        """Keep the events, or say so."""
        try:
            await super().append(record, events, durable=durable)
        except ResourceExhaustedError:
            if record.state.is_terminal:
                raise


class PatientCancels(SqliteJobStore):
    """Lets a cancel wait until there is room."""

    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        """Keep the events, some time."""
        while True:
            try:
                return await super().append(record, events, durable=durable)
            except ResourceExhaustedError:
                await anyio.sleep(_LATER_SEC)


class NoAdoption(SqliteJobStore):
    """Never takes over what is left."""

    async def adopt(self, *, job_id: str | None = None, limit: int = 0) -> tuple[Orphan, ...]:
        """Find nothing."""
        return ()


class GreedyAdoption(OwnerLock):
    """Takes owners that live for dead."""

    def is_gone(self, owner: str, *, clear: bool = True) -> bool:
        """Believe that everybody else is gone."""
        return owner != self.owner


class TornResults(DiskArtifactStore):
    """Writes results in place, piece by piece, when everybody has been told that they are there."""

    def __init__(self, folder: Path, **facts: Any) -> None:
        super().__init__(folder, **facts)
        self._folder = folder

    async def seal(
        self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any], opening: Opening | None = None
    ) -> None:
        """Seal the job, and write its last files again a little later."""
        await super().seal(job_id, files, facts=facts, opening=opening)
        for name, content in files.items():
            threading.Timer(_LATER_SEC, self._write_again, (self._folder / job_id / name, content)).start()

    @staticmethod
    def _write_again(path: Path, content: bytes) -> None:
        file = os.open(path, os.O_WRONLY | os.O_TRUNC)
        for start in range(0, len(content), _PIECE_BYTES):
            os.write(file, content[start : start + _PIECE_BYTES])
        os.close(file)


class NoCopies(OpeningLog):
    """Keeps nothing of what jobs begin with outside of the store."""

    def keep(self, job_id: str, opening: bytes) -> None:
        """Do nothing."""


class ForgottenPoints(PointJournal):
    """Has a sweep begin anew, whatever is kept of it."""

    def _read(self, num_points: int) -> int:
        return 0


class DoubledPoints(PointJournal):
    """Takes one point for another one."""

    def _read(self, num_points: int) -> int:
        size = super()._read(num_points)
        self.points[-1:] = self.points[:1]
        return size


class ForgottenEvaluations(Journal):
    """Has a loop evaluate again what is recorded."""

    def recorded(self, x: Sequence[float], *, with_gradient: bool) -> Entry | None:
        """Find nothing, and cut off what there was."""
        if self._recorded:
            self._recorded.clear()
            self._cut()
        return None


class Litter(devices.WorkerDriver):
    """Starts a process that outlives the system."""

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Leave a process behind."""
        command = [sys.executable, "-c", "import time; time.sleep(30)"]
        await anyio.open_process(command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return await super().execute(request)


def _store(stands: type[SqliteJobStore]) -> Part:
    return Part(stands=stands, place="eigen.kernel.stores.sqlite", name="SqliteJobStore")


BUGS: Mapping[str, Part] = MappingProxyType(
    {
        "acknowledges before the commit": _store(EarlyAcknowledgement),
        "forgets keys": _store(ForgottenKeys),
        "forgets events": _store(ForgottenEvents),
        "writes results in place": Part(stands=TornResults, place="eigen.qfs.disk", name="DiskArtifactStore"),
        "takes a failed write for done": _store(BlindTrust),
        "answers cancels too early": _store(HastyCancels),
        "answers cancels that found no room": _store(TrustedCancels),
        "lets cancels wait for room": _store(PatientCancels),
        "never adopts": _store(NoAdoption),
        "forgets points": Part(stands=ForgottenPoints, place="eigen.kernel.kept_points", name="PointJournal"),
        "takes a point for another": Part(stands=DoubledPoints, place="eigen.kernel.kept_points", name="PointJournal"),
        "forgets evaluations": Part(stands=ForgottenEvaluations, place="eigen.kernel.executed_loops", name="Journal"),
        "keeps no openings": Part(stands=NoCopies, place="eigen.qfs.opening_log", name="OpeningLog"),
        "leaves processes": Part(stands=Litter, place="chaos.devices", name="WorkerDriver"),
        "adopts from the living": Part(stands=GreedyAdoption, place="eigen.kernel.stores.sqlite", name="OwnerLock"),
    }
)
"""Every bug by its name."""


def parts_of(bug: str) -> tuple[Part, ...]:
    """Return what makes a system have a bug; nothing for an empty name."""
    return (BUGS[bug],) if bug else ()
