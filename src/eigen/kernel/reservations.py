"""Slots of devices that are kept for somebody, on the whole root, as this system sees them.

The job store has them, so that they bind every system on the root and outlive the one that gave them; each system looks
when somebody has written, and keeps as many slots of its own lines. They end by a clock that nobody sets.
"""

from __future__ import annotations

from datetime import timedelta

from eigen.contracts.devices import Reservation
from eigen.contracts.errors import InvalidArgumentError, NotFoundError
from eigen.contracts.printable import quoted
from eigen.kernel.dispatcher import Dispatcher
from eigen.ports.clock import Clock, IdSource
from eigen.ports.drivers import DriverManager
from eigen.ports.job_store import JobStore, KeptReservation
from eigen.ports.kernel import KernelLimits

__all__ = ["Reservations"]


class Reservations:
    """The reservations of a root.

    Args:
        store: Has them.
        drivers: Knows the devices and their slots.
        dispatcher: Keeps the slots.
        clock: Time.
        ids: Their ids.
        limits: How long they may be, and how many.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        drivers: DriverManager,
        dispatcher: Dispatcher,
        clock: Clock,
        ids: IdSource,
        limits: KernelLimits,
    ) -> None:
        self._store = store
        self._drivers = drivers
        self._dispatcher = dispatcher
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._kept: tuple[KeptReservation, ...] = ()

    async def reserve(self, device_id: str, *, subject: str, tenant: str, purpose: str, ttl_sec: float) -> Reservation:
        """Keep a slot of a device for a subject; the port has the errors."""
        if not 0 < ttl_sec <= self._limits.reservation_sec:
            raise _wrong_time(ttl_sec, longest_sec=self._limits.reservation_sec)
        device = self._drivers.device(device_id)
        now, now_sec = self._clock.now(), self._clock.monotonic()
        reservation = Reservation(
            reservation_id=self._ids.job_id(now).replace("job_", "res_"),
            device_id=device.device_id,
            subject=subject,
            tenant=tenant,
            purpose=purpose,
            created_at=now,
            expires_at=now + timedelta(seconds=ttl_sec),
        )
        kept = KeptReservation(reservation=reservation, boot_id=self._clock.boot_id(), ends_sec=now_sec + ttl_sec)
        most = self._limits.reservations_per_subject
        await self._store.reserve(kept, now_sec=now_sec, slots=device.slots, most_of_subject=most)
        await self.look()
        return reservation

    async def release(self, reservation_id: str) -> None:
        """End a reservation.

        Raises:
            NotFoundError: There is no such reservation, or it has ended.
        """
        if not await self._store.release(reservation_id):
            raise NotFoundError(
                f"there is no reservation {quoted(reservation_id)}, or it has ended",
                reason="RESERVATION_NOT_FOUND",
                hint="`eigen devices status` shows those that hold",
            )
        await self.look()

    async def look(self) -> tuple[Reservation, ...]:
        """See which reservations hold on the root now, honour them, and return them, the first to end at the front."""
        self._kept = await self._store.reservations()
        return self.pass_time()

    def pass_time(self) -> tuple[Reservation, ...]:
        """Let go of what is over, and return what holds, the first to end at the front."""
        if self._kept:
            boot_id, now_sec = self._clock.boot_id(), self._clock.monotonic()
            holding = [one for one in self._kept if one.holds(boot_id=boot_id, now_sec=now_sec)]
            self._kept = tuple(sorted(holding, key=lambda one: (one.ends_sec, one.reservation_id)))
        held = tuple(one.reservation for one in self._kept)
        self._dispatcher.keep(held)
        return held


def _wrong_time(ttl_sec: float, *, longest_sec: float) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"a reservation of {ttl_sec:g} s: more than 0 and at most {longest_sec:g} s are given",
        reason="RESERVATION_TTL",
        hint="ask for a shorter time, and reserve again when it is over"
        if ttl_sec > longest_sec
        else "say for how many seconds the slot is to be kept",
    )
