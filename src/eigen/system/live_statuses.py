"""What other systems on a root know of their live jobs: why they wait and their places in lines, as they are now.

The job store says which system a job belongs to, and its lock whether that is alive. A living one is asked by its
socket, `systems/<owner>.sock` (`eigen.system.answering`): one JSON list of job ids on a line; its answer is a
JobStatus a line, up to the socket's end. Whoever does not answer in time is not waited for, one that is stopped not at
all: then the job store's word stands, with the number of the process that is silent. Plain sockets, no event loop: this
is on the way of `eigen status`.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from eigen.contracts.jobs import JobRecord, JobStatus
from eigen.contracts.waiting import Waiting, for_silence, for_system
from eigen.contracts.wire import from_json
from eigen.kernel.stores.database import Database
from eigen.kernel.stores.ownership import OwnerLock
from eigen.system.process_state import is_stopped

if TYPE_CHECKING:
    import socket

__all__ = ["LiveStatuses", "silence_around", "socket_address"]

ANSWER_LIMIT_SEC = 2.0
"""How long all answers together may take."""

_FAIR_SEC = 0.2
"""Who was given less is not called silent."""

_OWNERS = "SELECT job_id, owner FROM jobs WHERE live = 1 AND job_id IN (SELECT value FROM json_each(?))"
_ASKED_STAGES = frozenset({"waiting", "submitted", "queued"})
_UNKNOWN_STAGE = "damaged"


class LiveStatuses:
    """Records as users see them, with what the systems say that have them.

    Args:
        folder: The root.
        database: Its job store.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self._systems = folder / "systems"
        self._database = database

    def __call__(self, records: Sequence[JobRecord]) -> list[JobStatus]:
        """Return the status of each record; where none is live, nobody is asked anything."""
        live = [one for one in records if not one.state.is_terminal and one.stage != _UNKNOWN_STAGE]
        owner_of = self._owners(live) if live else {}
        gone = {owner for owner in set(owner_of.values()) if self._is_gone(owner)}
        asked = {one.job_id for one in live if one.stage in _ASKED_STAGES}
        jobs_of: dict[str, list[str]] = {owner: [] for owner in sorted(set(owner_of.values()) - gone)}
        for job_id, owner in owner_of.items():
            if job_id in asked and owner in jobs_of:
                jobs_of[owner].append(job_id)
        told, silent = self._told(jobs_of)
        waits = dict.fromkeys(gone, for_system()) | silent
        return [told.get(one.job_id) or one.status(waiting=waits.get(owner_of.get(one.job_id, ""))) for one in records]

    def silence(self, job_id: str) -> Waiting | None:
        """Return the wait for a job's system, where one has it and does not answer."""
        owners = [row[1] for row in self._database.fetch(_OWNERS, (json.dumps([job_id]),))]
        _, silent = self._told({owner: [] for owner in owners if not self._is_gone(owner)})
        return next(iter(silent.values()), None)

    def _owners(self, live: Sequence[JobRecord]) -> dict[str, str]:
        return dict(self._database.fetch(_OWNERS, (json.dumps([one.job_id for one in live]),)))

    def _is_gone(self, owner: str) -> bool:
        with suppress(OSError):  # on a read-only disk nobody can tell
            return OwnerLock(self._systems, "").is_gone(owner, clear=False)
        return False

    def _told(self, jobs_of: Mapping[str, Sequence[str]]) -> tuple[dict[str, JobStatus], dict[str, Waiting]]:
        """Return what living systems tell of their jobs, by job; and of those that are silent, the wait for them."""
        deadline_sec = time.monotonic() + ANSWER_LIMIT_SEC
        told: dict[str, JobStatus] = {}
        silent: dict[str, Waiting] = {}
        for owner, job_ids in jobs_of.items():
            was_fair = deadline_sec - time.monotonic() > _FAIR_SEC
            try:
                for status in _answers(self._systems, owner, job_ids, deadline_sec=deadline_sec):
                    told[status.job_id] = status
            except _SilentError as silence:
                if was_fair or silence.is_stopped:
                    silent[owner] = for_silence(silence.process_id)
        return told, silent


def silence_around(folder: Path, job_id: str) -> Waiting | None:
    """Return the wait for a job's system, where another process has it and does not answer; blocks.

    Args:
        folder: The root.
        job_id: The job.

    Raises:
        EigenError: The job store cannot be read.
    """
    with closing(Database(folder, shown_as=str(folder), may_use_ballast=False)) as database:
        return LiveStatuses(folder, database).silence(job_id)


class _SilentError(Exception):
    """A system has not answered in time.

    Attributes:
        process_id: Its process; None where that is not known.
        is_stopped: Whether the process is known to stand still.
    """

    def __init__(self, process_id: int | None, *, is_stopped: bool = False) -> None:
        super().__init__(process_id)
        self.process_id = process_id
        self.is_stopped = is_stopped


@contextmanager
def socket_address(systems: Path, owner: str) -> Iterator[str]:
    """Yield the address of a system's socket, to bind it or to connect to it meanwhile.

    Addresses have a hundred bytes at most; Linux takes the folder by its descriptor, however long its path is.

    Args:
        systems: The folder of the root's systems.
        owner: The system's name.

    Raises:
        OSError: The folder is not there.
    """
    name = f"{owner}.sock"
    if sys.platform != "linux":
        yield str(systems / name)
        return
    folder = os.open(systems, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{name}"
    finally:
        os.close(folder)


def _answers(systems: Path, owner: str, job_ids: Sequence[str], *, deadline_sec: float) -> Iterator[JobStatus]:
    """Yield what a system tells of its jobs until it has told all.

    Raises:
        _SilentError: The time is over, or the system is stopped.
    """
    import socket  # for live jobs only

    process_id = None
    with suppress(OSError, ValueError, KeyError, TypeError), socket.socket(socket.AF_UNIX) as channel:
        try:
            _limit(channel, deadline_sec)
            with socket_address(systems, owner) as address:
                channel.connect(address)
            process_id = _peer(channel)
            if process_id == os.getpid():
                return
            if process_id is not None and is_stopped(process_id):
                raise _SilentError(process_id, is_stopped=True)
            channel.sendall(json.dumps(job_ids).encode() + b"\n")
            unread = b""
            while chunk := channel.recv(65_536):
                *lines, unread = (unread + chunk).split(b"\n")
                yield from (from_json(JobStatus, json.loads(line)) for line in lines)
                _limit(channel, deadline_sec)
        except (TimeoutError, BlockingIOError) as error:  # the latter: nobody takes up the calls that wait already
            raise _SilentError(process_id) from error


def _peer(channel: socket.socket) -> int | None:
    """Return the process that listens at the other end, where the operating system tells."""
    import socket

    if sys.platform != "linux":
        return None
    credentials = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[0]) or None  # 0 for a process outside of this one's namespace


def _limit(channel: socket.socket, deadline_sec: float) -> None:
    channel.settimeout(max(deadline_sec - time.monotonic(), 0.001))
