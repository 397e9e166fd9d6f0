"""`JobStore`: the kernel's records and events, shared by every process on one root."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from eigen.contracts.canonical import sha256_hex
from eigen.contracts.devices import Reservation
from eigen.contracts.errors import EigenError
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.ports.kept_jobs import KeptJobs

__all__ = ["JobStore", "KeptJob", "KeptReservation", "NewJob", "Orphan", "StaleOwnerError", "key_digest"]


class StaleOwnerError(Exception):
    """The job belongs to another system, or has moved on: nothing was written. Internal to the kernel."""


def key_digest(idempotency_key: str) -> str:
    """Return what is kept of an idempotency key: its SHA-256; of none, nothing."""
    return sha256_hex(idempotency_key.encode(errors="surrogatepass")) if idempotency_key else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job's first record.

    Attributes:
        record: The record after its first event.
        event: The first event.
        idempotency_key: Unique within the tenant's subject; empty for none.
        content_digest: SHA-256 of what was submitted; the same key with another digest is refused.
        opening: What it begins with, kept until `forget_opening`; empty for a job whose folder has it.
        require_place: Is asked in the same transaction with how many jobs of the root have not ended, and how many of
            them are of the job's subject, and refuses what would be too many. None: nobody is asked.
    """

    record: JobRecord
    event: StoredEvent
    idempotency_key: str = ""
    content_digest: str = ""
    opening: bytes = b""
    require_place: Callable[[int, int], None] | None = None

    @property
    def key_digest(self) -> str:
        """SHA-256 of the idempotency key, which alone is kept; empty where there is no key."""
        return key_digest(self.idempotency_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptJob:
    """A job as CircuitFS or an older store has it: enough to make its row anew.

    Attributes:
        record: Its record after the last of `events`.
        events: Its events, from the first one on.
        key_digest: As `NewJob.key_digest`.
        content_digest: As `NewJob.content_digest`.
        cancel_by: Who wants its owner to stop it; empty for nobody.
        opening: As `NewJob.opening`.
    """

    record: JobRecord
    events: tuple[StoredEvent, ...]
    key_digest: str = ""
    content_digest: str = ""
    cancel_by: str = ""
    opening: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A live job whose owner is gone.

    Attributes:
        record: Its record.
        events: Its events so far.
        cancel_by: Who wanted its owner to stop it; empty for nobody.
        damage: Why nobody can go on with it: what the store has of it is damaged, and the record is a stand-in.
    """

    record: JobRecord
    events: tuple[StoredEvent, ...]
    cancel_by: str = ""
    damage: EigenError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReservation:
    """A reservation, and when it ends on a clock that nobody sets.

    Attributes:
        reservation: What is kept for whom; its times are for people.
        boot_id: The boot whose monotonic clock counts; with another boot it is over.
        ends_sec: When it ends on that clock.
    """

    reservation: Reservation
    boot_id: str
    ends_sec: float

    @property
    def reservation_id(self) -> str:
        """Its id."""
        return self.reservation.reservation_id

    def holds(self, *, boot_id: str, now_sec: float) -> bool:
        """Return whether it is not over yet, at a time of a boot's monotonic clock."""
        return self.boot_id == boot_id and now_sec < self.ends_sec


class JobStore(KeptJobs):
    """Records and events. A system registers as an owner when it opens the store, and is gone when its process is.

    Opened and closed as an asynchronous context manager. Several processes may have the same store open.
    """

    async def __aenter__(self) -> Self:
        """Open the store."""
        return self

    async def __aexit__(  # one that holds nothing has nothing to let go
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the store; its jobs may be adopted by others now."""

    @abstractmethod
    async def insert(self, job: NewJob) -> JobRecord:
        """Keep a new job, owned by this system, durably.

        Returns:
            Its record, or the record of the job that has the same idempotency key and content.

        Raises:
            AlreadyExistsError: The key was used for another content.
            ResourceExhaustedError: The disk is full, or `require_place` refuses the job.
            UnavailableError: The store fails or is read-only.
        """

    @abstractmethod
    async def known(self, job: NewJob) -> JobRecord | None:
        """Return the record of the job that has the idempotency key and content of a new one; None where there is none.

        Raises:
            AlreadyExistsError: The key was used for another content.
        """

    @abstractmethod
    async def append(self, record: JobRecord, events: tuple[StoredEvent, ...], *, durable: bool) -> None:
        """Keep a job's next events and the record after them; events that are there already are left as they are.

        Calls take effect in the order in which they begin. What is not durable may be written after the call has
        returned, and is lost without a word if that fails: a durable call gives all of the job's events once more.

        Raises:
            StaleOwnerError: Another system owns the job, or it has ended.
            ResourceExhaustedError, UnavailableError: As `insert`.
        """

    @abstractmethod
    async def forget_opening(self, job_id: str) -> None:
        """Keep no longer what a job began with: its folder has it, sealed. Goes with the next durable write."""

    @abstractmethod
    async def num_live(self, tenant: str, subject: str) -> tuple[int, int]:
        """Return how many jobs of the root have not ended, whosever they are, and how many of them a subject has."""

    @abstractmethod
    async def restore(self, jobs: Sequence[KeptJob], *, reservations: Sequence[KeptReservation] = ()) -> int:
        """Keep jobs that the store has lost, without an owner; those that it has are left as they are.

        Args:
            jobs: The jobs.
            reservations: Reservations that it has lost; whether they are over is not asked.

        Returns:
            How many it did not have.

        Raises:
            ResourceExhaustedError, UnavailableError: As `insert`.
        """

    @abstractmethod
    async def adopt(self, *, job_id: str | None = None, limit: int = 10_000) -> tuple[Orphan, ...]:
        """Make this system the owner of live jobs whose owner is gone (or of that one), the oldest ones first.

        Nothing is adopted where the store cannot be written. One of which the store's part is damaged says so, and is
        nobody else's as long as this system lives.

        Args:
            job_id: The one job that is wanted.
            limit: At most so many.
        """

    @abstractmethod
    async def request_cancel(self, job_id: str, *, by: str) -> None:
        """Leave word for a job's owner that it should stop; nothing happens to a job that has ended."""

    @abstractmethod
    async def cancel_requests(self) -> tuple[tuple[str, str], ...]:
        """Return (job id, by whom) of every live job of this system that somebody wants to stop."""

    @abstractmethod
    async def reserve(self, kept: KeptReservation, *, now_sec: float, slots: int, most_of_subject: int) -> None:
        """Keep a reservation durably, whichever systems come and go; those that are over are forgotten.

        Args:
            kept: The reservation.
            now_sec: The time, on the monotonic clock of its boot.
            slots: How many reservations of its device may hold at once.
            most_of_subject: How many of one tenant's subject, of all devices.

        Raises:
            ResourceExhaustedError: There are that many (`DEVICE_RESERVED`, `RESERVATION_QUOTA`), or the disk is full.
            UnavailableError: As `insert`.
        """

    @abstractmethod
    async def release(self, reservation_id: str) -> bool:
        """End a reservation, durably; False where there is none of that id."""

    @abstractmethod
    async def reservations(self) -> tuple[KeptReservation, ...]:
        """Return all reservations that are kept, by id; some may be over."""

    @abstractmethod
    async def changed(self) -> bool:
        """Return whether anybody else, in this process or another one, may have written since the last call.

        What was written through this store is no news, but for a wish to cancel.

        Unlike all other questions, this one and `cancel_requests` do not wait for what this process writes behind.
        """
