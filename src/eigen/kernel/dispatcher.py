"""Device queues, slots, memory and reservations: who waits for what, and who begins now.

The pure decision is the scheduler's; here it is joined to the devices that there are, to the clock, and to those who
are told.
"""

from __future__ import annotations

from collections.abc import Callable

from eigen.contracts.devices import Reservation
from eigen.contracts.errors import NotFoundError
from eigen.contracts.jobs import JobRecord
from eigen.contracts.requests import party_of
from eigen.contracts.waiting import Waiting, for_memory, for_reservation, for_slot
from eigen.kernel.device_queue import Ticket
from eigen.kernel.scheduler import Scheduler
from eigen.kernel.work import device_of
from eigen.ports.clock import Clock
from eigen.ports.drivers import DriverManager
from eigen.ports.kernel import KernelObserver

__all__ = ["Dispatcher"]

_ANOTHER = "another tenant"


class Dispatcher:
    """The queues of all devices.

    Args:
        drivers: Knows the devices and their slots.
        observer: Is told how long the queues are.
        clock: Time.
        memory_bytes: What all running jobs together may take.
        begin: Begins a job that has got a slot; quick, starts tasks.
    """

    def __init__(
        self,
        *,
        drivers: DriverManager,
        observer: KernelObserver,
        clock: Clock,
        memory_bytes: int,
        begin: Callable[[str], None],
    ) -> None:
        self._drivers = drivers
        self._observer = observer
        self._clock = clock
        self._begin = begin
        self._scheduler = Scheduler(memory_bytes=memory_bytes)
        self._reservations: tuple[Reservation, ...] = ()
        self._kept: dict[str, Reservation] = {}

    @property
    def used_bytes(self) -> int:
        """Memory that the running jobs may take."""
        return self._scheduler.memory_bytes - self._scheduler.free_bytes

    def join(self, record: JobRecord, *, since_sec: float) -> None:
        """Let a job wait for a slot of its device; its wait counts from `since_sec`, in whatever line it was."""
        device_id = device_of(record)
        self._scheduler.add_device(device_id, slots=self._drivers.device(device_id).slots)
        ticket = Ticket(
            job_id=record.job_id,
            device_id=device_id,
            subject=party_of(record.tenant, record.subject),
            priority=record.priority,
            memory_bytes=record.memory_bytes,
            since_sec=since_sec,
        )
        self._scheduler.enqueue(ticket)
        self._dispatch(device_id)

    def leave(self, job_id: str) -> None:
        """Let a job wait no longer."""
        self._dispatch(*self._scheduler.leave(job_id))

    def free(self, job_id: str) -> None:
        """Free the slot of a job whose work has really ended, or never began."""
        self._dispatch(*self._scheduler.release(job_id))

    def load(self, device_id: str) -> tuple[int, int]:
        """Return how many jobs run on a device and how many wait for it."""
        return self._scheduler.load(device_id)

    def waiting(self, record: JobRecord, *, longest_line: int | None = None) -> Waiting | None:
        """Return why a job does not run yet; None where it is in no line. Its place is told up to `longest_line`."""
        wait = self._scheduler.wait(record.job_id, longest_line=longest_line)
        device_id = record.device_id
        if wait is None or device_id is None:  # the record may be of a moment before the job came into its line
            return None
        if wait.cause == "memory":
            return for_memory(
                device_id,
                position=wait.position,
                needed_bytes=wait.needed_bytes,
                free_bytes=wait.free_bytes,
                total_bytes=self._scheduler.memory_bytes,
            )
        if wait.cause == "reservation":
            holding = [
                one
                for one in self._reservations
                if one.device_id == device_id and party_of(one.tenant, one.subject) in wait.reserved_by
            ]
            names = dict.fromkeys(one.subject if one.tenant == record.tenant else _ANOTHER for one in holding)
            until = holding[0].expires_at
            return for_reservation(device_id, position=wait.position, reserved_by=tuple(names), until=until)
        return for_slot(device_id, position=wait.position, running=wait.running, slots=wait.slots)

    def keep(self, reservations: tuple[Reservation, ...]) -> None:
        """Keep slots for these reservations from now on, and for no others.

        Of those of a device that has no slots left, as where another system knows more of them, the later ones wait.

        Args:
            reservations: All that hold, the first to end at the front.
        """
        if reservations == self._reservations:
            return
        gone = self._kept.keys() - {one.reservation_id for one in reservations}
        self._reservations = reservations
        self._dispatch(*[self._let_go(one) for one in gone])  # who waits goes before who reserves over and over
        self._dispatch(*filter(None, map(self._keep, reservations)))  # memory that somebody claimed may be free now

    def _let_go(self, reservation_id: str) -> str:
        gone = self._kept.pop(reservation_id)
        self._scheduler.unreserve(gone.device_id, subject=party_of(gone.tenant, gone.subject))
        return gone.device_id

    def _keep(self, wanted: Reservation) -> str | None:
        """Keep a slot for a reservation, and return its device where that is new."""
        if wanted.reservation_id in self._kept:
            return None
        try:
            self._scheduler.add_device(wanted.device_id, slots=self._drivers.device(wanted.device_id).slots)
        except NotFoundError:  # another system has a driver that this one has not
            return None
        if not self._scheduler.reserve(wanted.device_id, subject=party_of(wanted.tenant, wanted.subject)):
            return None
        self._kept[wanted.reservation_id] = wanted
        return wanted.device_id

    def _dispatch(self, *changed: str) -> None:
        """Begin what can begin, on whatever device: memory is shared by all."""
        depths = set(changed)
        for ticket in self._scheduler.dispatch(now_sec=self._clock.monotonic()):
            depths.add(ticket.device_id)
            self._begin(ticket.job_id)
        for one in depths:
            self._observer.on_queue_depth(one, self._scheduler.load(one)[1])
