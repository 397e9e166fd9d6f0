"""What runs next: device slots, memory, fair turns, and nobody waits for ever.

Pure: the caller says what time it is, on a clock that never goes back.

**Order.** Waiting counts: one point of priority (0 to 100, higher first) is worth `POINT_SEC` seconds.

- Among the jobs of one subject, the first is the one with the least `since − POINT_SEC × priority`. So a job can only
  be overtaken by jobs that came less than `100 × POINT_SEC` after it.
- Between subjects, the first is the one with the least `turn − POINT_SEC × (priority − RUNNING_POINTS × running)`:
  `turn` is when it last began a job on this device (or when its first job came, if that is later), `running` how many
  of its jobs run there. So equal subjects take turns, however many jobs each has; who has fewer running goes first.
- Nobody starves: from `POINT_SEC × (100 + RUNNING_POINTS × slots)` seconds after its turn on, each other subject can
  begin at most one job before it, since that one's own turn is later from then on.

**Memory** is shared by all devices. A job that has a slot and too little memory holds a claim: from then on others may
begin only if their memory, and that of all who began since, fits beside what the claim needs. So small jobs are not
held up by a big one, and the big one, which goes first once it fits, begins at the latest when the jobs that ran at the
time of its claim have ended.
(Batch systems know this as backfilling, Lifka 1995; here without guesses of run times.)

**Reservations** keep a slot of a device for one subject: its running jobs use the reserved slots first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, nsmallest
from itertools import chain, islice
from typing import NamedTuple

__all__ = ["LINE_LENGTH", "POINT_SEC", "RUNNING_POINTS", "Scheduler", "Ticket", "Wait"]

POINT_SEC = 6.0
"""How long a wait weighs as much as one point of priority: a minute is ten points."""

RUNNING_POINTS = 10
"""How many points of priority a subject's next job has less for each job that it runs on the device."""

LINE_LENGTH = 1_000
"""How many places of a line are told; more would take longer than the event loop may stand still."""

_NEXT_TURN_SEC = 1e-6
"""How far apart turns are taken to be where a line is told before it moves: run times are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A job that waits, or that runs.

    Attributes:
        job_id: Which job.
        device_id: For which device.
        subject: Whose.
        priority: 0 to 100, higher first.
        memory_bytes: Most memory that its run takes.
        since_sec: When it came; the scheduler's clock.
    """

    job_id: str
    device_id: str
    subject: str
    priority: int
    memory_bytes: int = 0
    since_sec: float

    @property
    def rank_sec(self) -> float:
        """Its place among its subject's jobs, least first."""
        return self.since_sec - POINT_SEC * self.priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Why a job does not run yet.

    Attributes:
        cause: `slot`, `memory`, or `reservation`.
        position: Its place in the line of its device, from 1; None behind the first `LINE_LENGTH`.
        running: Jobs that run on the device.
        slots: How many it can run at once.
        needed_bytes: Memory that it needs.
        free_bytes: Memory that nobody has, and that is not kept for another job.
        reserved_by: Who holds the slots that are free, where they are reserved.
    """

    cause: str
    position: int | None
    running: int
    slots: int
    needed_bytes: int
    free_bytes: int
    reserved_by: tuple[str, ...] = ()


class _Place(NamedTuple):
    """A place in a lane, least first."""

    rank_sec: float
    arrival: int
    job_id: str


class _Standing(NamedTuple):
    """A place among the subjects of a device, least first."""

    turn_sec: float
    place: _Place


@dataclass(slots=True)
class _Subject:
    """What one subject has on one device.

    Its jobs wait in lanes of about equal memory, one for each power of two; `heads` has the first job of each and its
    standing, least first, until something changes.
    """

    lanes: dict[int, list[_Place]] = field(default_factory=dict)
    waiting: int = 0
    running: int = 0
    turn_sec: float = float("-inf")
    heads: list[_Standing] | None = None


@dataclass(slots=True)
class _Device:
    slots: int
    running: int = 0
    waiting: int = 0
    subjects: dict[str, _Subject] = field(default_factory=dict)
    reserved: Counter[str] = field(default_factory=Counter)
    line: dict[str, int] | None = None

    def free_slots(self, subject: str) -> int:
        """Return how many slots a subject may take now."""
        if not self.reserved:
            return self.slots - self.running
        return self.slots - self.running - sum(self.kept(other) for other in self.reserved if other != subject)

    def kept(self, subject: str) -> int:
        """Return how many slots are kept free for a subject."""
        running = self.subjects[subject].running if subject in self.subjects else 0
        return max(0, self.reserved[subject] - running)


@dataclass(slots=True)
class _Claim:
    """Memory that is kept for a job; `passed_bytes` is what jobs have that began since."""

    ticket: Ticket
    passed: dict[str, int] = field(default_factory=dict)

    @property
    def passed_bytes(self) -> int:
        return sum(self.passed.values())


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
        >>> [ticket.job_id for ticket in scheduler.dispatch(now_sec=1)]
        ['job_a']
    """

    def __init__(self, *, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self._used_bytes = 0
        self._devices: dict[str, _Device] = {}
        self._waiting: dict[str, tuple[Ticket, int]] = {}
        self._running: dict[str, Ticket] = {}
        self._claim: _Claim | None = None
        self._arrivals = 0
        self._now_sec = 0.0

    @property
    def free_bytes(self) -> int:
        """Memory that no running job has."""
        return self.memory_bytes - self._used_bytes

    def add_device(self, device_id: str, *, slots: int) -> None:
        """Make a device known; a second time changes nothing."""
        self._devices.setdefault(device_id, _Device(slots=slots))

    def enqueue(self, ticket: Ticket) -> None:
        """Let a job wait for a slot of its device; one that waits or runs already stays as it is.

        Its memory must not be more than there is for all: it would wait for ever.
        """
        if ticket.job_id in self._waiting or ticket.job_id in self._running:
            return
        self._arrivals += 1
        self._waiting[ticket.job_id] = (ticket, self._arrivals)
        device = self._devices[ticket.device_id]
        subject = device.subjects.setdefault(ticket.subject, _Subject())
        lane = subject.lanes.setdefault(ticket.memory_bytes.bit_length(), [])
        heappush(lane, _Place(ticket.rank_sec, self._arrivals, ticket.job_id))
        subject.waiting += 1
        device.waiting += 1
        subject.heads = device.line = None

    def leave(self, job_id: str) -> tuple[str, ...]:
        """Let a job wait no longer; return the device that it waited for, if it did."""
        found = self._waiting.pop(job_id, None)
        if found is None:
            return ()
        ticket, _ = found
        device = self._devices[ticket.device_id]
        subject = device.subjects[ticket.subject]
        subject.waiting -= 1
        device.waiting -= 1
        subject.heads = device.line = None
        self._forget(device, ticket.subject)
        if self._claim is not None and self._claim.ticket is ticket:
            self._claim = None
        return (ticket.device_id,)

    def dispatch(self, *, now_sec: float) -> list[Ticket]:
        """Return the jobs that begin now, each with a slot and memory of its own, in order."""
        self._now_sec = now_sec
        begun = []
        while (ticket := self._next()) is not None:
            self._begin(ticket, now_sec)
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
        device = self._devices[ticket.device_id]
        subject = device.subjects[ticket.subject]
        subject.running -= 1
        device.running -= 1
        subject.heads = device.line = None
        self._forget(device, ticket.subject)
        return (ticket.device_id,)

    def reserve(self, device_id: str, *, subject: str) -> bool:
        """Keep one more slot of a device for a subject; False where every slot is reserved already."""
        device = self._devices[device_id]
        if device.reserved.total() >= device.slots:
            return False
        device.reserved[subject] += 1
        return True

    def unreserve(self, device_id: str, *, subject: str) -> None:
        """Keep one slot less for a subject."""
        device = self._devices[device_id]
        device.reserved[subject] -= 1
        if not device.reserved[subject]:
            del device.reserved[subject]

    def load(self, device_id: str) -> tuple[int, int]:
        """Return how many jobs run on a device and how many wait for it."""
        device = self._devices.get(device_id)
        return (device.running, device.waiting) if device else (0, 0)

    def wait(self, job_id: str) -> Wait | None:
        """Return why a job does not run yet; None where it does not wait."""
        found = self._waiting.get(job_id)
        if found is None:
            return None
        ticket, _ = found
        device = self._devices[ticket.device_id]
        return Wait(
            cause=self._cause(device, ticket),
            position=self._line(device).get(job_id),
            running=device.running,
            slots=device.slots,
            needed_bytes=ticket.memory_bytes,
            free_bytes=max(0, self._open_bytes(ticket)),
            reserved_by=tuple(other for other in device.reserved if other != ticket.subject and device.kept(other)),
        )

    def _next(self) -> Ticket | None:
        claimant = self._claim.ticket if self._claim is not None else None
        if claimant is not None and self._fits(claimant):
            return claimant
        standings = self._standings()
        first = min(standings, default=None)
        if first is None or self._fits(self._ticket(first)):
            return first and self._ticket(first)
        for ticket in map(self._ticket, sorted(standings)):
            if self._fits(ticket):
                return ticket
            if self._claim is None:
                self._claim = _Claim(ticket)
        return None

    def _fits(self, ticket: Ticket) -> bool:
        device = self._devices[ticket.device_id]
        return device.free_slots(ticket.subject) > 0 and ticket.memory_bytes <= self._open_bytes(ticket)

    def _ticket(self, standing: _Standing) -> Ticket:
        return self._waiting[standing.place.job_id][0]

    def _standings(self) -> list[_Standing]:
        """Return the first job of each lane for which there is a slot."""
        found: list[_Standing] = []
        for device in self._devices.values():
            if not device.waiting or device.running >= device.slots:
                continue
            for name, subject in device.subjects.items():
                if subject.waiting and device.free_slots(name) > 0:
                    if subject.heads is None:
                        subject.heads = self._heads(subject)
                    found += subject.heads
        return found

    def _heads(self, subject: _Subject) -> list[_Standing]:
        places = sorted(self._first_places(subject))
        turn_sec = self._turn(subject, places[0])
        return [_Standing(turn_sec, place) for place in places]

    def _first_places(self, subject: _Subject) -> Iterator[_Place]:
        for size, lane in tuple(subject.lanes.items()):
            while lane and not self._is_live(lane[0]):
                heappop(lane)
            if lane:
                yield lane[0]
            else:
                del subject.lanes[size]

    def _is_live(self, place: _Place) -> bool:
        found = self._waiting.get(place.job_id)
        return found is not None and found[1] == place.arrival

    def _turn(self, subject: _Subject, head: _Place) -> float:
        ticket, _ = self._waiting[head.job_id]
        return _standing_sec(ticket, turn_sec=subject.turn_sec, running=subject.running)

    def _open_bytes(self, ticket: Ticket) -> int:
        """Return the memory that a job may take now; what a claim needs is only for its holder."""
        if self._claim is None or self._claim.ticket is ticket:
            return self.free_bytes
        beside = self.memory_bytes - self._claim.ticket.memory_bytes - self._claim.passed_bytes
        return min(self.free_bytes, beside)

    def _begin(self, ticket: Ticket, now_sec: float) -> None:
        self.leave(ticket.job_id)
        device = self._devices[ticket.device_id]
        subject = device.subjects.setdefault(ticket.subject, _Subject())
        subject.turn_sec = now_sec
        subject.heads = None
        subject.running += 1
        device.running += 1
        self._running[ticket.job_id] = ticket
        self._used_bytes += ticket.memory_bytes
        if self._claim is not None:
            self._claim.passed[ticket.job_id] = ticket.memory_bytes

    def _cause(self, device: _Device, ticket: Ticket) -> str:
        if device.running >= device.slots:
            return "slot"
        if device.free_slots(ticket.subject) <= 0:
            return "reservation"
        return "memory" if ticket.memory_bytes > self._open_bytes(ticket) else "slot"

    def _line(self, device: _Device) -> dict[str, int]:
        """Return the first places of a line, were nobody else to come; kept until the line changes."""
        if device.line is None:
            first = islice(self._in_turn(device), LINE_LENGTH)
            device.line = {job_id: place for place, job_id in enumerate(first, start=1)}
        return device.line

    def _in_turn(self, device: _Device) -> Iterator[str]:
        turns: list[tuple[float, _Place, list[_Place], _Subject]] = []
        for subject in device.subjects.values():
            places = chain.from_iterable(subject.lanes.values())
            live = nsmallest(LINE_LENGTH, [place for place in places if self._is_live(place)])
            if live:
                live.reverse()
                turns.append((self._turn(subject, live[-1]), live[-1], live, subject))
        heapify(turns)
        turn_sec = self._now_sec
        while turns:
            _, _, live, subject = heappop(turns)
            yield live.pop().job_id
            if live:
                turn_sec += _NEXT_TURN_SEC
                ticket, _ = self._waiting[live[-1].job_id]
                standing = _standing_sec(ticket, turn_sec=turn_sec, running=subject.running)
                heappush(turns, (standing, live[-1], live, subject))

    def _forget(self, device: _Device, name: str) -> None:
        """Forget a subject that has nothing on a device: whatever comes later has its turn from its own arrival."""
        subject = device.subjects[name]
        if not subject.waiting and not subject.running:
            del device.subjects[name]


def _standing_sec(ticket: Ticket, *, turn_sec: float, running: int) -> float:
    return max(ticket.since_sec, turn_sec) - POINT_SEC * (ticket.priority - RUNNING_POINTS * running)
