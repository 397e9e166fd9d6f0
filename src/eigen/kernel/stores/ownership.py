"""Which systems are alive on a root, without clocks.

A system holds an exclusive `flock` on `systems/<owner>.lock` for as long as it lives; the operating system lets go of
it at whatever end the process comes to. Whoever gets another owner's lock has the proof that it is gone. No lease,
no heartbeat, nothing that a stopped clock or a stopped process could get wrong.

A system may have a socket beside its lock, `<owner>.sock`, on which it answers for its live jobs; it goes with that.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from threading import Lock

from eigen.contracts.errors import FailedPreconditionError

__all__ = ["OwnerLock", "exclusive_lock", "hold_open", "open_lock_file", "stale_locks"]


def open_lock_file(path: Path) -> int:
    """Return a descriptor of a lock file, made where it is missing; never through a symbolic link."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def hold_open(folder: Path, *, alone: bool) -> int:
    """Return a descriptor that says, until it is closed, that this process has a root open.

    Args:
        folder: The root.
        alone: Whether nobody else may have it open; else whoever has it alone is waited for.

    Raises:
        FailedPreconditionError: Somebody else has it open.
    """
    descriptor = open_lock_file(folder / "open.lock")
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX | fcntl.LOCK_NB) if alone else fcntl.LOCK_SH)
    except BlockingIOError as error:
        os.close(descriptor)
        raise FailedPreconditionError(
            "another process has this root open",
            reason="ROOT_IN_USE",
            hint="wait until the commands and services on this root have ended, then try again",
        ) from error
    return descriptor


def stale_locks(folder: Path, *, remove: bool) -> tuple[str, ...]:
    """Return the owners whose lock files are left and whose processes are gone.

    Args:
        folder: Where the lock files are.
        remove: Whether the files are removed.
    """
    probe = OwnerLock(folder, "")
    owners = sorted(path.stem for path in folder.glob("*.lock"))
    return tuple(owner for owner in owners if probe.is_gone(owner, clear=remove))


class exclusive_lock:  # noqa: N801  # used as `with exclusive_lock(fd):`, like a function
    """Hold an exclusive `flock` on a descriptor; waits for it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *error: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)


class OwnerLock:
    """A system's proof of life; several threads may take it at once."""

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._path = folder / f"{owner}.lock"
        self._acquiring = Lock()
        self._descriptor: int | None = None
        self.owner = owner

    def acquire(self) -> None:
        """Take the lock; a second time changes nothing."""
        with self._acquiring:  # a second descriptor would wait for the first one, which is its own, for ever
            if self._descriptor is None:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                self._descriptor = _locked(self._path)

    def release(self) -> None:
        """Let go; from here on this system counts as gone."""
        if self._descriptor is not None:
            _clear(self._path)
            os.close(self._descriptor)
            self._descriptor = None

    def is_gone(self, owner: str, *, clear: bool = True) -> bool:
        """Return whether another owner's process has ended, and clear its lock file away where it has."""
        if owner == self.owner:
            return False
        path = self._folder / f"{owner}.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            if clear:
                _clear(path)
            return True
        finally:
            os.close(descriptor)


def _locked(path: Path) -> int:
    """Return a descriptor that holds a lock file's lock: not that of one which somebody has just cleared away."""
    while True:
        descriptor = open_lock_file(path)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_at(path, descriptor):
            return descriptor
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _clear(lock: Path) -> None:
    """Remove a system's lock file, and its socket first: what has no lock is nobody's to clear."""
    lock.with_suffix(".sock").unlink(missing_ok=True)
    lock.unlink(missing_ok=True)
