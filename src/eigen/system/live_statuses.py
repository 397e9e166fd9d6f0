"""What other systems on a root know of their live jobs: why they wait and their places in lines, as they are now.

The job store says which system a job belongs to, and its lock whether that is alive. A living one is asked by its
socket, `systems/<owner>.sock` (`eigen.system.answering`): one JSON list of job ids on a line; its answer is a
JobStatus a line, up to the socket's end. Whoever does not answer in time is not waited for, and the job store's word
stands. Plain sockets, no event loop: this is on the way of `eigen status`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from eigen.contracts.jobs import JobRecord, JobStatus
from eigen.contracts.waiting import for_system
from eigen.contracts.wire import from_json
from eigen.kernel.stores.database import Database
from eigen.kernel.stores.ownership import OwnerLock

if TYPE_CHECKING:
    import socket

__all__ = ["LiveStatuses", "socket_address"]

ANSWER_LIMIT_SEC = 0.3
"""How long all answers together may take."""

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
        asked = [one.job_id for one in live if one.stage in _ASKED_STAGES]
        told = self._told({job_id: owner_of[job_id] for job_id in asked if job_id in owner_of}, gone)
        return [
            told.get(one.job_id) or one.status(waiting=for_system() if owner_of.get(one.job_id) in gone else None)
            for one in records
        ]

    def _owners(self, live: Sequence[JobRecord]) -> dict[str, str]:
        return dict(self._database.fetch(_OWNERS, (json.dumps([one.job_id for one in live]),)))

    def _is_gone(self, owner: str) -> bool:
        with suppress(OSError):  # on a read-only disk nobody can tell
            return OwnerLock(self._systems, "").is_gone(owner, clear=False)
        return False

    def _told(self, owner_of: dict[str, str], gone: set[str]) -> dict[str, JobStatus]:
        """Return what living systems tell of their jobs."""
        deadline_sec = time.monotonic() + ANSWER_LIMIT_SEC
        told: dict[str, JobStatus] = {}
        for owner in sorted(set(owner_of.values()) - gone):
            job_ids = [job_id for job_id, one in owner_of.items() if one == owner]
            for status in _answers(self._systems, owner, job_ids, deadline_sec=deadline_sec):
                told[status.job_id] = status
        return told


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
    """Yield what a system tells of its jobs until it has told all, or the time is over."""
    import socket  # for live jobs only

    with suppress(OSError, ValueError, KeyError, TypeError), socket.socket(socket.AF_UNIX) as channel:
        _limit(channel, deadline_sec)
        with socket_address(systems, owner) as address:
            channel.connect(address)
        channel.sendall(json.dumps(job_ids).encode() + b"\n")
        unread = b""
        while chunk := channel.recv(65_536):
            *lines, unread = (unread + chunk).split(b"\n")
            yield from (from_json(JobStatus, json.loads(line)) for line in lines)
            _limit(channel, deadline_sec)


def _limit(channel: socket.socket, deadline_sec: float) -> None:
    channel.settimeout(max(deadline_sec - time.monotonic(), 0.001))
