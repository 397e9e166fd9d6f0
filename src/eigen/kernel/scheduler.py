"""What runs next, on all devices: whose turn it is by the lines of the devices, and memory that all of them share.

Pure: the caller says what time it is, on a clock that never goes back. Whose turn it is stands in `device_queue`.

A job that has a slot and too little memory holds a claim: from then on others may begin only if their memory, and that
of all who began since, fits beside what the claim needs. So small jobs are not held up by a big one, and the big one,
which goes first once it fits, begins at the latest when the jobs that ran at the time of its claim have ended. (Batch
systems know this as backfilling, Lifka 1995; here without guesses of run times.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eigen.kernel.device_queue import DeviceQueue, Standing, Ticket

__all__ = ["Scheduler", "Wait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Why a job does not run yet.

    Attributes:
        cause: `slot`, `memory`, or `reservation`.
        position: Its place in the line of its device, from 1; None very far back.
        running: Jobs that run on the device.
        slots: How many it can run at once.
        needed_bytes: Memory that it needs.
        free_bytes: Memory that nobody has, and that is not kept for another job.
        reserved_by: For whom the slots that are free are kept.
    """

    cause: str
    position: int | None
    running: int
    slots: int
    needed_bytes: int
    free_bytes: int
    reserved_by: tuple[str, ...] = ()


@dataclass(slots=True)
class _Claim:
    """Memory that is kept for a job; `passed` is what those jobs have that began since and still run."""

    ticket: Ticket
    passed: dict[str, int] = field(default_factory=dict)


class Scheduler:
    """Ready jobs, device slots and memory.

    Args:
        memory_bytes: What all running jobs together may take.

    Example:
        >>> scheduler = Scheduler(memory_bytes=100)
        >>> scheduler.add_device("sim:local", slots=1)
        >>> for job_id, priority in (("job_a", 50), ("job_b", 90)):
        ...     ticket = Ticket(job_id=job_id, device_id="sim:local", subject="ada", priority=priority, since_sec=0)
        ...     scheduler.enqueue(ticket)
        >>> [ticket.job_id for ticket in scheduler.dispatch(now_sec=0)]
        ['job_b']
        >>> scheduler.release("job_b")
        ('sim:local',)
        >>> [ticket.job_id for ticket in scheduler.dispatch(now_sec=1)]
        ['job_a']
    """

    def __init__(self, *, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self._used_bytes = 0
        self._devices: dict[str, DeviceQueue] = {}
        self._waiting: dict[str, Ticket] = {}
        self._running: dict[str, Ticket] = {}
        self._claim: _Claim | None = None
        self._now_sec = 0.0

    @property
    def free_bytes(self) -> int:
        """Memory that no running job has."""
        return self.memory_bytes - self._used_bytes

    def add_device(self, device_id: str, *, slots: int) -> None:
        """Make a device known; a second time changes nothing."""
        if device_id not in self._devices:
            self._devices[device_id] = DeviceQueue(slots=slots)

    def enqueue(self, ticket: Ticket) -> None:
        """Let a job wait for a slot of its device; one that waits or runs already stays as it is.

        Its memory must not be more than there is for all: it would wait for ever.
        """
        if ticket.job_id not in self._waiting and ticket.job_id not in self._running:
            self._waiting[ticket.job_id] = ticket
            self._devices[ticket.device_id].join(ticket)

    def leave(self, job_id: str) -> tuple[str, ...]:
        """Let a job wait no longer; return the device that it waited for, if it did."""
        ticket = self._waiting.pop(job_id, None)
        if ticket is None:
            return ()
        self._devices[ticket.device_id].leave(ticket)
        self._give_up_claim(ticket)
        return (ticket.device_id,)

    def dispatch(self, *, now_sec: float) -> list[Ticket]:
        """Return the jobs that begin now, each with a slot and memory of its own, in order."""
        self._now_sec = now_sec
        begun = []
        while (ticket := self._next()) is not None:
            self._begin(ticket)
            begun.append(ticket)
        return begun

    def release(self, job_id: str) -> tuple[str, ...]:
        """Free the slot and the memory of a job whose work has really ended; return the device that it ran on."""
        ticket = self._running.pop(job_id, None)
        if ticket is None:
            return ()
        self._used_bytes -= ticket.memory_bytes
        if self._claim is not None:
            self._claim.passed.pop(job_id, None)
        self._devices[ticket.device_id].end(ticket)
        return (ticket.device_id,)

    def reserve(self, device_id: str, *, subject: str) -> bool:
        """Keep one more slot of a device for a subject; False where every slot is reserved already.

        A claim whose holder has no slot any more is given up: it would keep the memory from everybody until the
        reservation ends.
        """
        is_kept = self._devices[device_id].reserve(subject)
        holder = self._claim and self._claim.ticket
        if holder and holder.device_id == device_id and self._devices[device_id].free_slots(holder.subject) <= 0:
            self._claim = None
        return is_kept

    def unreserve(self, device_id: str, *, subject: str) -> None:
        """Keep one slot less for a subject."""
        self._devices[device_id].unreserve(subject)

    def load(self, device_id: str) -> tuple[int, int]:
        """Return how many jobs run on a device and how many wait for it."""
        device = self._devices.get(device_id)
        return device.load if device is not None else (0, 0)

    def wait(self, job_id: str, *, longest_line: int | None = None) -> Wait | None:
        """Return why a job does not run yet; None where it does not wait.

        Args:
            job_id: Which job.
            longest_line: Its place is told in no longer line: to tell it costs as much as the line is long.
        """
        ticket = self._waiting.get(job_id)
        if ticket is None:
            return None
        device = self._devices[ticket.device_id]
        is_short = longest_line is None or device.load[1] <= longest_line
        return Wait(
            cause=self._cause(device, ticket),
            position=device.position(job_id, now_sec=self._now_sec) if is_short else None,
            running=device.load[0],
            slots=device.slots,
            needed_bytes=ticket.memory_bytes,
            free_bytes=self._open_bytes(ticket),
            reserved_by=device.reserved_against(ticket.subject),
        )

    def _next(self) -> Ticket | None:
        if self._claim is not None and self._fits(self._claim.ticket):
            return self._claim.ticket
        standings = [one for device in self._devices.values() for one in device.standings()]
        first = min(standings, default=None)
        if first is None or self._fits(first.ticket):
            return first and first.ticket
        return self._first_that_fits(sorted(standings))

    def _first_that_fits(self, standings: list[Standing]) -> Ticket | None:
        for standing in standings:
            if self._fits(standing.ticket):
                return standing.ticket
            if self._claim is None:
                self._claim = _Claim(standing.ticket)
        return None

    def _fits(self, ticket: Ticket) -> bool:
        device = self._devices[ticket.device_id]
        return device.free_slots(ticket.subject) > 0 and ticket.memory_bytes <= self._open_bytes(ticket)

    def _open_bytes(self, ticket: Ticket) -> int:
        """Return the memory that a job may take now; what a claim needs is only for its holder."""
        if self._claim is None or self._claim.ticket is ticket:
            return self.free_bytes
        beside = self.memory_bytes - self._claim.ticket.memory_bytes - sum(self._claim.passed.values())
        return min(self.free_bytes, beside)

    def _begin(self, ticket: Ticket) -> None:
        del self._waiting[ticket.job_id]
        self._running[ticket.job_id] = ticket
        self._used_bytes += ticket.memory_bytes
        self._devices[ticket.device_id].begin(ticket, now_sec=self._now_sec)
        self._give_up_claim(ticket)
        if self._claim is not None:
            self._claim.passed[ticket.job_id] = ticket.memory_bytes

    def _give_up_claim(self, ticket: Ticket) -> None:
        if self._claim is not None and self._claim.ticket is ticket:
            self._claim = None

    def _cause(self, device: DeviceQueue, ticket: Ticket) -> str:
        if device.load[0] >= device.slots:
            return "slot"
        if device.free_slots(ticket.subject) <= 0:
            return "reservation"
        return "memory" if ticket.memory_bytes > self._open_bytes(ticket) else "slot"
