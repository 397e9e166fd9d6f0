"""Reservations of slots in the job store.

They outlive the system that gave them, and end by the monotonic clock of the boot in which they were given: nobody can
set it, and every process of the machine reads the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from eigen.contracts.devices import Reservation
from eigen.contracts.errors import ResourceExhaustedError
from eigen.contracts.printable import quoted
from eigen.contracts.requests import party_of
from eigen.contracts.wire import format_time, from_json, to_json
from eigen.ports.job_store import KeptReservation

__all__ = ["ALL", "keep", "kept_in", "release", "reserve"]

ALL = "SELECT boot_id, ends_sec, reservation FROM reservations ORDER BY reservation_id"
"""The query for what `kept_in` reads."""


def reserve(
    connection: sqlite3.Connection, kept: KeptReservation, now_sec: float, slots: int, most_of_subject: int
) -> None:
    """Keep a reservation where neither its device nor its subject has too many; what is over is forgotten.

    Raises:
        ResourceExhaustedError: One of them has.
    """
    connection.execute("DELETE FROM reservations WHERE boot_id <> ? OR ends_sec <= ?", (kept.boot_id, now_sec))
    held = [one.reservation for one in kept_in(connection.execute(ALL))]
    wanted = kept.reservation
    _require_slot(wanted, [one for one in held if one.device_id == wanted.device_id], slots)
    _require_quota(wanted, [one for one in held if _party(one) == _party(wanted)], most_of_subject)
    keep(connection, [kept])


def keep(connection: sqlite3.Connection, reservations: Iterable[KeptReservation]) -> None:
    """Keep reservations that were given; those that are there are left as they are."""
    connection.executemany(
        "INSERT OR IGNORE INTO reservations (reservation_id, device_id, boot_id, ends_sec, reservation)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (
                one.reservation_id,
                one.reservation.device_id,
                one.boot_id,
                one.ends_sec,
                json.dumps(to_json(one.reservation)),
            )
            for one in reservations
        ],
    )


def release(connection: sqlite3.Connection, reservation_id: str) -> bool:
    """Forget a reservation; return whether there was one."""
    return connection.execute("DELETE FROM reservations WHERE reservation_id = ?", (reservation_id,)).rowcount == 1


def kept_in(rows: Iterable[tuple[str, float, str]]) -> tuple[KeptReservation, ...]:
    """Return the reservations that `ALL` has found."""
    return tuple(
        KeptReservation(reservation=from_json(Reservation, json.loads(text)), boot_id=boot_id, ends_sec=ends_sec)
        for boot_id, ends_sec, text in rows
    )


def _require_slot(wanted: Reservation, held: Sequence[Reservation], slots: int) -> None:
    if len(held) >= slots:
        until = format_time(min(one.expires_at for one in held))
        raise ResourceExhaustedError(
            f"every slot of {wanted.device_id} is reserved",
            reason="DEVICE_RESERVED",
            hint=f"try again after {until}, when the first reservation ends",
            details={"retriable": True, "until": until, "slots": slots},
        )


def _require_quota(wanted: Reservation, held: Sequence[Reservation], limit: int) -> None:
    if len(held) >= limit:
        raise ResourceExhaustedError(
            f"{quoted(wanted.subject)} has {len(held)} reservations, and more are not given",
            reason="RESERVATION_QUOTA",
            hint="release one, or try again when one has ended",
            details={"retriable": True, "reservations": len(held), "limit": limit},
        )


def _party(reservation: Reservation) -> str:
    return party_of(reservation.tenant, reservation.subject)
