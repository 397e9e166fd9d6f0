"""Device queues, slots, memory and reservations: who waits for what, and who begins now.

The pure decision is the scheduler's; here it is joined to the devices that there are, to the clock, and to those who
are told.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from eigen.contracts.devices import Reservation
from eigen.contracts.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError
from eigen.contracts.jobs import JobRecord
from eigen.contracts.printable import quoted
from eigen.contracts.requests import party_of
from eigen.contracts.waiting import Waiting, for_memory, for_reservation, for_slot
from eigen.contracts.wire import format_time
from eigen.kernel.device_queue import Ticket
from eigen.kernel.scheduler import Scheduler
from eigen.kernel.work import device_of
from eigen.ports.clock import Clock, IdSource
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
        ids: Ids of reservations.
        memory_bytes: What all running jobs together may take.
        begin: Begins a job that has got a slot; quick, starts tasks.
    """

    def __init__(
        self,
        *,
        drivers: DriverManager,
        observer: KernelObserver,
        clock: Clock,
        ids: IdSource,
        memory_bytes: int,
        begin: Callable[[str], None],
    ) -> None:
        self._drivers = drivers
        self._observer = observer
        self._clock = clock
        self._ids = ids
        self._begin = begin
        self._scheduler = Scheduler(memory_bytes=memory_bytes)
        self._reservations: dict[str, Reservation] = {}

    @property
    def used_bytes(self) -> int:
        """Memory that the running jobs may take."""
        return self._scheduler.memory_bytes - self._scheduler.free_bytes

    def join(self, record: JobRecord) -> None:
        """Let a job wait for a slot of its device."""
        device_id = device_of(record)
        self._scheduler.add_device(device_id, slots=self._drivers.device(device_id).slots)
        ticket = Ticket(
            job_id=record.job_id,
            device_id=device_id,
            subject=party_of(record.tenant, record.subject),
            priority=record.priority,
            memory_bytes=record.memory_bytes,
            since_sec=self._clock.monotonic(),
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
        if wait is None:
            return None
        device_id = device_of(record)
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
                for one in self.reservations()
                if one.device_id == device_id and party_of(one.tenant, one.subject) in wait.reserved_by
            ]
            names = dict.fromkeys(one.subject if one.tenant == record.tenant else _ANOTHER for one in holding)
            until = holding[0].expires_at
            return for_reservation(device_id, position=wait.position, reserved_by=tuple(names), until=until)
        return for_slot(device_id, position=wait.position, running=wait.running, slots=wait.slots)

    def reservations(self) -> tuple[Reservation, ...]:
        """Return the reservations that hold, the first to end at the front."""
        return tuple(sorted(self._reservations.values(), key=lambda one: (one.expires_at, one.reservation_id)))

    def reserve(self, device_id: str, *, subject: str, tenant: str, purpose: str, ttl_sec: float) -> Reservation:
        """Keep a slot of a device for a subject until `release`; the port has the errors."""
        device = self._drivers.device(device_id)
        self._scheduler.add_device(device.device_id, slots=device.slots)
        if not self._scheduler.reserve(device.device_id, subject=party_of(tenant, subject)):
            raise self._all_reserved(device.device_id)
        now = self._clock.now()
        reservation = Reservation(
            reservation_id=self._ids.job_id(now).replace("job_", "res_"),
            device_id=device.device_id,
            subject=subject,
            tenant=tenant,
            purpose=purpose,
            created_at=now,
            expires_at=now + timedelta(seconds=ttl_sec),
        )
        self._reservations[reservation.reservation_id] = reservation
        self._dispatch(device.device_id)  # memory that somebody claimed may be free now
        return reservation

    def release(self, reservation_id: str) -> None:
        """End a reservation.

        Raises:
            NotFoundError: There is no such reservation, or it has ended.
        """
        reservation = self._reservations.pop(reservation_id, None)
        if reservation is None:
            raise NotFoundError(
                f"there is no reservation {quoted(reservation_id)}, or it has ended", reason="RESERVATION_NOT_FOUND"
            )
        self._scheduler.unreserve(reservation.device_id, subject=party_of(reservation.tenant, reservation.subject))
        self._dispatch(reservation.device_id)

    def _all_reserved(self, device_id: str) -> ResourceExhaustedError:
        first = next(one for one in self.reservations() if one.device_id == device_id)
        return ResourceExhaustedError(
            f"every slot of {device_id} is reserved",
            reason="DEVICE_RESERVED",
            hint=f"try again after {format_time(first.expires_at)}, when the first reservation ends",
            details={"until": format_time(first.expires_at)},
        )

    def _dispatch(self, *changed: str) -> None:
        """Begin what can begin, on whatever device: memory is shared by all."""
        depths = set(changed)
        for ticket in self._scheduler.dispatch(now_sec=self._clock.monotonic()):
            depths.add(ticket.device_id)
            self._begin(ticket.job_id)
        for one in depths:
            self._observer.on_queue_depth(one, self._scheduler.load(one)[1])


def check_ttl(ttl_sec: float, *, longest_sec: float) -> None:
    """Refuse a reservation that is over before it begins, or that is kept for too long.

    Raises:
        InvalidArgumentError: Which of them it is.
    """
    if not 0 < ttl_sec <= longest_sec:
        raise InvalidArgumentError(
            f"a reservation of {ttl_sec:g} s: more than 0 and at most {longest_sec:g} s are given",
            reason="RESERVATION_TTL",
            hint="ask for a shorter time, and reserve again when it is over",
        )
