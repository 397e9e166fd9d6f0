"""The line of one device: its slots, whose turn it is, and slots that are kept for somebody. Pure.

Waiting counts: one point of priority (0 to 100, higher first) is worth `POINT_SEC` seconds.

- Among the jobs of one subject, the first is the one with the least `since − POINT_SEC × priority`. So a job can only
  be overtaken by jobs that came less than `100 × POINT_SEC` after it.
- Between subjects, the first is the one with the least `turn − POINT_SEC × (priority − RUNNING_POINTS × running)`:
  `turn` is when it last began a job on this device (or when its first job came, if that is later), `running` how many
  of its jobs run there. So equal subjects take turns, however many jobs each has; who has fewer running goes first.
- Nobody starves: from `POINT_SEC × (100 + RUNNING_POINTS × slots)` seconds after its turn on, each other subject can
  begin at most one job before it, since that one's own turn is later from then on.

A reservation keeps a slot for one subject: its running jobs use the reserved slots first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, nsmallest
from itertools import chain, islice
from typing import NamedTuple

__all__ = ["LINE_LENGTH", "POINT_SEC", "RUNNING_POINTS", "DeviceQueue", "Standing", "Ticket"]

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

    def standing_sec(self, *, turn_sec: float, running: int) -> float:
        """Return its place among the jobs of other subjects, least first."""
        return max(self.since_sec, turn_sec) - POINT_SEC * (self.priority - RUNNING_POINTS * running)


class _Place(NamedTuple):
    """A place in a lane, least first; no two places of any devices are alike up to the job's id."""

    rank_sec: float
    arrival: int
    job_id: str
    ticket: Ticket


class Standing(NamedTuple):
    """A place among the subjects of a device, least first."""

    turn_sec: float
    place: _Place

    @property
    def ticket(self) -> Ticket:
        """Who has it."""
        return self.place.ticket


@dataclass(slots=True)
class _Subject:
    """What one subject has on the device.

    Its jobs wait in lanes of about equal memory, one for each power of two; `heads` has the first job of each and its
    standing, least first, until something changes.
    """

    lanes: dict[int, list[_Place]] = field(default_factory=dict)
    waiting: int = 0
    running: int = 0
    turn_sec: float = float("-inf")
    heads: list[Standing] | None = None

    def turn_of(self, ticket: Ticket) -> float:
        return ticket.standing_sec(turn_sec=self.turn_sec, running=self.running)


class DeviceQueue:
    """The line of one device.

    Args:
        slots: How many jobs run at once.
    """

    def __init__(self, *, slots: int) -> None:
        self.slots = slots
        self._subjects: dict[str, _Subject] = {}
        self._arrivals: dict[str, int] = {}
        self._last_arrival = 0
        self._running = 0
        self._reserved: Counter[str] = Counter()
        self._line: dict[str, int] | None = None

    @property
    def load(self) -> tuple[int, int]:
        """How many jobs run, and how many wait."""
        return self._running, len(self._arrivals)

    def join(self, ticket: Ticket) -> None:
        """Let a job wait."""
        self._last_arrival += 1
        self._arrivals[ticket.job_id] = self._last_arrival
        subject = self._changed(ticket)
        lane = subject.lanes.setdefault(ticket.memory_bytes.bit_length(), [])
        heappush(lane, _Place(ticket.rank_sec, self._last_arrival, ticket.job_id, ticket))
        subject.waiting += 1

    def leave(self, ticket: Ticket) -> None:
        """Let a job that waits do so no longer; its place in the heap goes when it comes up."""
        del self._arrivals[ticket.job_id]
        self._changed(ticket).waiting -= 1
        self._forget(ticket.subject)

    def begin(self, ticket: Ticket, *, now_sec: float) -> None:
        """Give a job that waits a slot."""
        subject = self._changed(ticket)
        subject.turn_sec = now_sec
        subject.running += 1
        self._running += 1
        self.leave(ticket)

    def end(self, ticket: Ticket) -> None:
        """Free the slot of a job that runs."""
        self._changed(ticket).running -= 1
        self._running -= 1
        self._forget(ticket.subject)

    def free_slots(self, subject: str) -> int:
        """Return how many slots a subject may take now."""
        return self.slots - self._running - sum(self._kept(other) for other in self._reserved if other != subject)

    def standings(self) -> list[Standing]:
        """Return the first job of each lane for which there is a slot, in no order."""
        if self._running >= self.slots or not self._arrivals:
            return []
        found: list[Standing] = []
        for name, subject in self._subjects.items():
            if subject.waiting and (not self._reserved or self.free_slots(name) > 0):
                found += self._heads(subject)
        return found

    def position(self, job_id: str, *, now_sec: float) -> int | None:
        """Return the place of a job in the line, were nobody else to come; None behind the first `LINE_LENGTH`."""
        if self._line is None:  # kept until the line changes
            first = islice(self._in_turn(now_sec), LINE_LENGTH)
            self._line = {one: place for place, one in enumerate(first, start=1)}
        return self._line.get(job_id)

    def reserve(self, subject: str) -> bool:
        """Keep one more slot for a subject; False where every slot is reserved already."""
        if self._reserved.total() >= self.slots:
            return False
        self._reserved[subject] += 1
        return True

    def unreserve(self, subject: str) -> None:
        """Keep one slot less for a subject."""
        self._reserved[subject] -= 1
        if not self._reserved[subject]:
            del self._reserved[subject]

    def reserved_against(self, subject: str) -> tuple[str, ...]:
        """Return for which others slots are kept free now."""
        return tuple(other for other in self._reserved if other != subject and self._kept(other))

    def _kept(self, name: str) -> int:
        subject = self._subjects.get(name)
        return max(0, self._reserved[name] - (subject.running if subject else 0))

    def _changed(self, ticket: Ticket) -> _Subject:
        """Return a ticket's subject, of whom nothing that was noted holds any more."""
        subject = self._subjects.setdefault(ticket.subject, _Subject())
        subject.heads = self._line = None
        return subject

    def _forget(self, name: str) -> None:
        """Forget a subject that has nothing here: whatever comes later has its turn from its own arrival."""
        subject = self._subjects[name]
        if not subject.waiting and not subject.running:
            del self._subjects[name]

    def _heads(self, subject: _Subject) -> list[Standing]:
        if subject.heads is None:
            places = sorted(self._first_places(subject))
            turn_sec = subject.turn_of(places[0].ticket)
            subject.heads = [Standing(turn_sec, place) for place in places]
        return subject.heads

    def _first_places(self, subject: _Subject) -> Iterator[_Place]:
        for size, lane in tuple(subject.lanes.items()):
            while lane and not self._is_live(lane[0]):
                heappop(lane)
            if lane:
                yield lane[0]
            else:
                del subject.lanes[size]

    def _is_live(self, place: _Place) -> bool:
        return self._arrivals.get(place.job_id) == place.arrival

    def _in_turn(self, now_sec: float) -> Iterator[str]:
        arrivals = self._arrivals
        turns: list[tuple[float, _Place, list[_Place], _Subject]] = []
        for subject in self._subjects.values():
            places = chain.from_iterable(subject.lanes.values())
            live = nsmallest(LINE_LENGTH, [one for one in places if arrivals.get(one.job_id) == one.arrival])
            if live:
                live.reverse()
                turns.append((subject.turn_of(live[-1].ticket), live[-1], live, subject))
        heapify(turns)
        while turns:
            _, _, live, subject = heappop(turns)
            if not turns:  # nobody else's jobs come in between
                yield from (place.job_id for place in reversed(live))
                return
            yield live.pop().job_id
            if live:
                now_sec += _NEXT_TURN_SEC
                standing_sec = live[-1].ticket.standing_sec(turn_sec=now_sec, running=subject.running)
                heappush(turns, (standing_sec, live[-1], live, subject))
