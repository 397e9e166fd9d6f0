"""Why a job does not run yet, in words and in figures: what `eigen status` says of it. Pure.

`facts` has a key `cause`, and what belongs to it:

- `jobs`: `job_ids`, those that are not DONE yet;
- `slot`: `device_id`, `running`, `slots`;
- `memory`: `device_id`, `needed_bytes`, `free_bytes`, `total_bytes`;
- `reservation`: `device_id`, `reserved_by`, `until`;
- `system`: nothing more; no system has the job;
- `silence`: `process_id`, that of the system which has the job and does not answer; None where it is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eigen.contracts.sizes import human_bytes
from eigen.contracts.wire import format_time

__all__ = [
    "Waiting",
    "for_device",
    "for_jobs",
    "for_memory",
    "for_reservation",
    "for_silence",
    "for_slot",
    "for_system",
]

_NAMED_JOBS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Why a job does not run yet.

    Attributes:
        message: One sentence.
        facts: The same for programs, JSON values.
        queue_position: Its place in the line of its device, from 1; None where it is in none, very far back, or in
            another system's.
    """

    message: str
    facts: Mapping[str, Any]
    queue_position: int | None = None


def for_jobs(job_ids: Sequence[str]) -> Waiting:
    """Return the wait for other jobs to be DONE.

    Example:
        >>> for_jobs(["job_a", "job_b"]).message
        'waits for job_a and job_b to be DONE'
    """
    named = list(job_ids[:_NAMED_JOBS])
    if len(job_ids) > _NAMED_JOBS:
        named.append(f"{len(job_ids) - _NAMED_JOBS} more")
    words = " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)
    return Waiting(message=f"waits for {words} to be DONE", facts={"cause": "jobs", "job_ids": list(job_ids)})


def for_slot(device_id: str, *, position: int | None, running: int, slots: int) -> Waiting:
    """Return the wait for a slot of a device.

    Example:
        >>> for_slot("sim:local", position=3, running=2, slots=2).message
        'queued: 3rd in line for sim:local (2 running, 2 slots)'
    """
    return Waiting(
        message=f"queued: {_place(position)} in line for {device_id} ({running} running, {_slots(slots)})",
        facts={"cause": "slot", "device_id": device_id, "running": running, "slots": slots},
        queue_position=position,
    )


def for_memory(
    device_id: str, *, position: int | None, needed_bytes: int, free_bytes: int, total_bytes: int
) -> Waiting:
    """Return the wait for memory that other jobs have, or that is kept for one that waits longer.

    Example:
        >>> for_memory("sim:local", position=1, needed_bytes=8 << 30, free_bytes=3 << 30, total_bytes=12 << 30).message
        'waits for memory: needs 8 GiB, 3 GiB free of 12 GiB (1st in line for sim:local)'
    """
    return Waiting(
        message=f"waits for memory: needs {human_bytes(needed_bytes)}, {human_bytes(free_bytes)} free of "
        f"{human_bytes(total_bytes)} ({_place(position)} in line for {device_id})",
        facts={
            "cause": "memory",
            "device_id": device_id,
            "needed_bytes": needed_bytes,
            "free_bytes": free_bytes,
            "total_bytes": total_bytes,
        },
        queue_position=position,
    )


def for_reservation(device_id: str, *, position: int | None, reserved_by: Sequence[str], until: datetime) -> Waiting:
    """Return the wait for the end of reservations, the first of which ends at `until`."""
    return Waiting(
        message=f"{device_id} is reserved by {' and '.join(reserved_by)} until {format_time(until)} "
        f"({_place(position)} in line)",
        facts={
            "cause": "reservation",
            "device_id": device_id,
            "reserved_by": list(reserved_by),
            "until": format_time(until),
        },
        queue_position=position,
    )


def for_device(device_id: str) -> Waiting:
    """Return the wait for a slot of a device in another system, which alone knows its line."""
    return Waiting(
        message=f"queued for {device_id}; the system that runs it knows its place in the line",
        facts={"cause": "slot", "device_id": device_id},
    )


def for_system() -> Waiting:
    """Return the wait for any system to go on with a job whose own is gone."""
    return Waiting(
        message="waits for a system: its own is gone; any command that runs jobs goes on with it, such as `eigen watch`"
        " or `eigen serve`",
        facts={"cause": "system"},
    )


def for_silence(process_id: int | None) -> Waiting:
    """Return the wait for a system that lives and does not answer: it is stopped, or has no time.

    Example:
        >>> for_silence(4711).message
        'its system (process 4711) does not answer; `kill -CONT 4711` lets it go on if it is stopped'
    """
    named, remedy = "its system", "it may be stopped or busy"
    if process_id is not None:
        named += f" (process {process_id})"
        remedy = f"`kill -CONT {process_id}` lets it go on if it is stopped"
    return Waiting(message=f"{named} does not answer; {remedy}", facts={"cause": "silence", "process_id": process_id})


def _place(number: int | None) -> str:
    if number is None:
        return "far back"
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _slots(slots: int) -> str:
    return f"{slots} slot" if slots == 1 else f"{slots} slots"
