"""Failing disks: the Nth call of the operating system or of SQLite fails, N = 1, 2, 3 … until a run completes.

Each run ends everything, or gives a typed error; nothing that was acknowledged is lost; and when the faults have
stopped, another system sees everything to its end.

Where a job is cancelled, room may be gone, the ballast's too, from the Nth call after its client asked: the client is
answered, the work stops, and then there is room again, or the process is killed.

A fault that comes once is raised by the profiler in the place of any call of the product's own code, of CircuitFS, the
job store, locks and logs alike. A fault that stays is raised by a faulty file system and by faulty connections of
SQLite, which count together; then the process is killed, as impatient users do.
"""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any

from chaos.clients import read_diary
from chaos.crash import SCENARIOS
from chaos.devices import is_free
from chaos.errands import ERRANDS
from chaos.evidence import breaches
from chaos.lives import Onlooker, case_folder, case_of, live
from chaos.parts import on_connections, on_filesystem
from chaos.processes import LifeEnd, run_life, start_life
from chaos.seeded_bugs import parts_of
from eigen.contracts.errors import EigenError
from eigen.contracts.jobs import JobState
from eigen.testing.faulty_filesystem import FaultSchedule, FaultyFileSystem

__all__ = ["DISTURBED", "FAULTS", "FaultOutcome", "FaultPlan", "run_faults"]

DISTURBED = ("one circuit", "wrong program", "cancelled while running", "with logs")
"""Scenarios that are disturbed where nobody names others."""

_PATIENCE_SEC = 0.3
_LOOK_SEC = 0.002
_ERRORS_OF_SQLITE: Mapping[int, tuple[int, str]] = MappingProxyType(
    {
        errno.ENOSPC: (sqlite3.SQLITE_FULL, "database or disk is full"),
        errno.EIO: (sqlite3.SQLITE_IOERR_WRITE, "disk I/O error"),
        errno.EROFS: (sqlite3.SQLITE_READONLY, "attempt to write a readonly database"),
        errno.EINTR: (sqlite3.SQLITE_INTERRUPT, "interrupted"),
        errno.EMFILE: (sqlite3.SQLITE_CANTOPEN, "unable to open database file"),
    }
)
_CALLS = frozenset(
    {
        "open", "write", "read", "fsync", "sync", "link", "rename", "mkdir", "unlink", "rmdir", "flock", "scandir",
        "Connection.execute", "Connection.executemany", "Connection.executescript", "connect",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A way to fail.

    Attributes:
        error: The `errno`.
        stays: Whether every call fails from the Nth on.
        late: Whether a call fails after it has done its work.
        of_cancels: Whether calls are counted from a client's cancel on, and the fault stays until that has been
            answered and the work has stopped.
        ends_in_death: Whether the process is killed then; else the fault is mended.
    """

    error: int
    stays: bool = False
    late: bool = False
    of_cancels: bool = False
    ends_in_death: bool = False


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "no space, once": Fault(error=errno.ENOSPC),
        "no space, from then on": Fault(error=errno.ENOSPC, stays=True),
        "input/output error, once": Fault(error=errno.EIO),
        "input/output error after the work, once": Fault(error=errno.EIO, late=True),
        "input/output error, from then on": Fault(error=errno.EIO, stays=True),
        "read-only, from then on": Fault(error=errno.EROFS, stays=True),
        "no space for a cancel": Fault(error=errno.ENOSPC, of_cancels=True),
        "no space for a cancel, then death": Fault(error=errno.ENOSPC, of_cancels=True, ends_in_death=True),
        "too many files, once": Fault(error=errno.EMFILE),
        "interrupted, once": Fault(error=errno.EINTR),
    }
)
"""Every way by its name."""


class Saboteur:
    """Lets one call of the product fail; lives in the child.

    Args:
        fatal: Number of the call, from 1; 0 for none.
        fault: How it fails.
    """

    def __init__(self, fatal: int, fault: Fault) -> None:
        self.count = 0
        self._fatal = fatal
        self._fault = fault
        self._event = "c_return" if fault.late else "c_call"
        self._package = str(Path(sys.modules["eigen"].__file__ or "").parent)

    def start(self) -> None:
        """Begin to count, in every thread."""
        threading.setprofile(self._on_event)
        sys.setprofile(self._on_event)

    def step(self, name: str) -> None:
        """Leave clients alone."""

    def _on_event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != self._event or argument.__qualname__ not in _CALLS:
            return
        if not frame.f_code.co_filename.startswith(self._package) or self._cannot_fail(frame, argument):
            return
        self.count += 1
        if self.count == self._fatal:
            raise _error(argument.__qualname__, self._fault.error)

    def _cannot_fail(self, frame: FrameType, call: Any) -> bool:
        """Return whether it is a lock that is let go of, or that is both got and refused: no system does that."""
        return call.__name__ == "flock" and (self._fault.late or frame.f_code.co_name == "__exit__")


def _error(call: str, number: int) -> Exception:
    if call.startswith("Connection.") or call == "connect":
        code, words = _ERRORS_OF_SQLITE[number]
        failure = sqlite3.OperationalError(words)
        failure.sqlite_errorcode = code
        return failure
    return OSError(number, os.strerror(number))


class _FullDisk:
    """Has no room from some call after a client's cancel on, until that is answered and the work has stopped.

    Lives in the child, as its onlooker.

    Args:
        folder: Where devices hold a lock on each job that they run.
        number: Number of the first call that fails, from the cancel on.
        fault: What comes then.
    """

    def __init__(self, folder: Path, number: int, fault: Fault) -> None:
        self.schedule = FaultSchedule(first=0, error=fault.error, lasting=None)
        self._folder = folder
        self._number = number
        self._fault = fault

    def start(self) -> None:
        """Wait for the cancel."""

    def step(self, name: str) -> None:
        """Begin when a client is about to cancel; once it is answered, wait for the end of the work."""
        if name == "<client:cancelling":
            self.schedule.begin(self._number)
        elif name in {"<client:cancelled", "<client:refused"}:
            threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        while not all(is_free(lock) for lock in self._folder.glob("job_*")):
            time.sleep(_LOOK_SEC)
        if self._fault.ends_in_death and self.schedule.num_failed:
            os.kill(os.getpid(), signal.SIGKILL)
        self.schedule.mend()


class _FaultyDisk(FaultyFileSystem):
    """A disk that is synced as a whole, wherever the folder lies."""

    def can_sync_all(self, descriptor: int) -> bool:
        return True


def _faulty_connection(schedule: FaultSchedule) -> type[sqlite3.Connection]:
    """Return a class of connections that fail when the schedule says so."""

    def failure(number: int) -> Exception:
        return _error("connect", number)

    class FaultyConnection(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if sql == "ROLLBACK":  # takes no space, and SQLite rolls back by itself where it cannot
                return super().execute(sql, *values)
            return schedule.guard("execute", partial(super().execute, sql, *values), failure=failure)

        def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return schedule.guard("executemany", partial(super().executemany, sql, *values), failure=failure)

    return FaultyConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """What to run.

    Attributes:
        most_calls: Longest N of each scenario and fault, or None until the run completes.
        stride: Step from one N to the next.
        minutes: When to stop all the same, or None.
        scenarios: Those of the kills that are disturbed.
        faults: Names of ways to fail.
        bug: A bug to put into every system, or empty.
        stops_at: The promise whose first breach is enough, or empty.
        life_sec: Time in which a life must have ended.
    """

    most_calls: int | None = None
    stride: int = 1
    minutes: float | None = None
    scenarios: Sequence[str] = DISTURBED
    faults: Sequence[str] = tuple(FAULTS)
    bug: str = ""
    stops_at: str = ""
    life_sec: float = 60.0


@dataclass(slots=True)
class FaultTally:
    """What one fault gave, over all scenarios.

    Attributes:
        runs: How many.
        unharmed: Runs in which every client got what it wanted all the same.
        refused: Typed errors that clients were given, by reason.
        unopened: Typed errors with which a system did not open, or did not close, by reason.
        killed: Runs that were ended while the fault stayed.
    """

    runs: int = 0
    unharmed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unopened: Counter[str] = field(default_factory=Counter)
    killed: int = 0


@dataclass(slots=True)
class FaultOutcome:
    """What a run gave.

    Attributes:
        plan: What was run.
        tallies: By fault.
        breaches: Broken promises, each with the fault that led to it.
        seconds: Time on the wall.
    """

    plan: FaultPlan
    tallies: dict[str, FaultTally] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_enough(self) -> bool:
        """Whether the breach has been found that was looked for."""
        return bool(self.plan.stops_at) and any(self.plan.stops_at in breach for breach in self.breaches)


def run_faults(plan: FaultPlan) -> FaultOutcome:
    """Do what is planned."""
    begin = time.monotonic()
    outcome = FaultOutcome(plan)
    end = begin + 60 * plan.minutes if plan.minutes is not None else float("inf")
    for fault in plan.faults:
        for scenario in plan.scenarios:
            number = 1
            while time.monotonic() < end and number <= (plan.most_calls or number):
                if not _run(plan, outcome, scenario, fault, number) or outcome.is_enough:
                    break
                number += plan.stride
    outcome.seconds = time.monotonic() - begin
    return outcome


def _run(plan: FaultPlan, outcome: FaultOutcome, scenario: str, name: str, number: int) -> bool:
    """Let the Nth call fail and judge what is left; return whether the run made so many calls."""
    tally = outcome.tallies.setdefault(name, FaultTally())
    where = f"{scenario}; call {number}: {name}"
    with case_folder() as folder:
        ended = _disturbed(plan, folder, scenario, FAULTS[name], number)
        last = run_life(partial(_live, folder, scenario, plan.bug), limit_sec=plan.life_sec)
        found = breaches(replace(case_of(folder), may_end=_may_end()))
        refusals = [line["reason"] for line in read_diary(case_of(folder).diary) if line["said"] == "refused"]
    answer = ended.answer or {"failed": True}
    tally.runs += 1
    tally.killed += bool(ended.signal)
    tally.refused.update(refusals)
    tally.unopened.update([answer["reason"]] if answer.get("reason") else [])
    tally.unharmed += not refusals and not answer.get("reason") and not ended.signal
    if FAULTS[name].of_cancels and (ended.overtime or set(refusals) - {"DISK_FULL"}):
        found.append(f"R8 a cancel was not answered, was refused otherwise, or the work went on: {refusals}")
    for one, when in ((ended, "with the fault"), (last, "after it")):
        found += [f"a life {when} failed: {one.story}"] if one.story else []
        found += [f"R6 a life {when} did not end within {plan.life_sec:.0f} s"] if one.overtime else []
    outcome.breaches += [f"{where}: {breach}" for breach in found]
    return bool(answer.get("failed"))


def _disturbed(plan: FaultPlan, folder: Path, scenario: str, fault: Fault, number: int) -> LifeEnd:
    life = _with_full_disk if fault.of_cancels else _with_lasting_fault if fault.stays else _with_one_fault
    child = start_life(partial(life, folder, scenario, plan.bug, fault, number))
    if fault.stays:
        return child.wait_until_killed(after_sec=_PATIENCE_SEC, limit_sec=plan.life_sec)
    return child.wait(limit_sec=plan.life_sec)


def _with_one_fault(folder: Path, scenario: str, bug: str, fault: Fault, number: int) -> dict[str, Any]:
    saboteur = Saboteur(number, fault)
    reason = _typed(lambda: _live(folder, scenario, bug, onlooker=saboteur))
    return {"failed": saboteur.count >= number, "reason": reason}


def _with_lasting_fault(folder: Path, scenario: str, bug: str, fault: Fault, number: int) -> dict[str, Any]:
    schedule = FaultSchedule(first=number, error=fault.error, lasting=None)
    _plant(schedule)
    reason = _typed(lambda: _live(folder, scenario, bug))
    return {"failed": schedule.num_failed > 0, "reason": reason}


def _with_full_disk(folder: Path, scenario: str, bug: str, fault: Fault, number: int) -> dict[str, Any]:
    disk = _FullDisk(case_of(folder).runs, number, fault)
    _plant(disk.schedule)
    reason = _typed(lambda: _live(folder, scenario, bug, onlooker=disk))
    return {"failed": disk.schedule.num_failed > 0, "reason": reason}


def _plant(schedule: FaultSchedule) -> None:
    """Put CircuitFS and SQLite of this process, which must not live for long, on a disk with faults."""
    for part in on_filesystem(_FaultyDisk(schedule)):
        part.plant()
    on_connections(_faulty_connection(schedule)).plant()


def _live(folder: Path, scenario: str, bug: str, *, onlooker: Onlooker | None = None) -> None:
    chosen = SCENARIOS[scenario]
    live(folder, chosen.tasks, onlooker=onlooker, parts=parts_of(bug), observed=chosen.observed)


def _typed(life: Callable[[], None]) -> str:
    """Return the reason of the typed error that a life ended with, empty for none; any other error goes on."""
    try:
        life()
    except EigenError as error:
        return error.reason
    return ""


def _may_end() -> dict[str, frozenset[JobState]]:
    """Allow ERROR to every job: its results or inputs may be what cannot be kept or read."""
    return {name: errand.may_end | {JobState.ERROR} for name, errand in ERRANDS.items()}
