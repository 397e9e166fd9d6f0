"""Where a system lives on disk.

```
<root>/
  jobs.sqlite3      records and events
  store.lock        held around every write to it
  open.lock         held by everybody who has the root open
  ballast           room for recording ends on a full disk
  systems/          a lock file for each live system, and the socket on which it answers
  circuit_fs/       every artifact of every job
  logs/             structured logs
  serve.lock        held by the process that serves the root
  metrics.json      what all systems have counted; metrics.lock is held to add to it
```
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eigen.contracts.errors import UnavailableError
from eigen.contracts.printable import quoted

__all__ = ["default_root", "looking_into", "require_store"]

_EMPTY_BYTES = 4096
"""A database that has tables is longer, unless they are still in its log."""


def default_root() -> Path:
    """Return the folder that is configured, or the platform's folder for user data."""
    from eigen.system.configuration import load_configuration

    return load_configuration().root


def require_store(folder: Path) -> None:
    """Refuse a root whose job store is gone or empty while its jobs' files are there: a new one would forget them all.

    Raises:
        UnavailableError: It is so, or nobody may look into the root.
    """
    with looking_into(folder):
        if _is_empty(folder / "jobs.sqlite3") and _has_jobs(folder / "circuit_fs"):
            raise UnavailableError(
                "the root's job store is gone, while the files of its jobs are there",
                reason="STORE_MISSING",
                hint="`eigen doctor --rebuild` makes it anew from them",
            )


@contextmanager
def looking_into(folder: Path) -> Iterator[None]:
    """Raise what the operating system refuses to whoever looks into a root as an error that names the root.

    Raises:
        UnavailableError: It refuses.
    """
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"the root {quoted(str(folder), limit=500)} cannot be read",
            reason="ROOT_UNREADABLE",
            hint="it has to belong to you, on a disk that works; choose another root with EIGEN_HOME or --root",
        ) from error


def _is_empty(store: Path) -> bool:
    """Return whether a database is missing, or has no tables."""
    if not store.exists():
        return True
    if store.stat().st_size > _EMPTY_BYTES:
        return False
    from eigen.kernel.stores.database import has_tables

    return not has_tables(store)


def _has_jobs(artifacts: Path) -> bool:
    return any(one for names in ("job_*", ".openings/*") for one in artifacts.glob(names))
