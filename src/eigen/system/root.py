"""Where a system lives on disk.

```
<root>/
  jobs.sqlite3      records and events
  store.lock        held around every write to it
  open.lock         held by everybody who has the root open
  ballast           room for recording ends on a full disk
  systems/          one lock file for each live system
  circuit_fs/       every artifact of every job
  logs/             structured logs
  serve.lock        held by the process that serves the root
  metrics.json      what all systems have counted; metrics.lock is held to add to it
```
"""

from __future__ import annotations

from pathlib import Path

from eigen.contracts.errors import UnavailableError

__all__ = ["default_root", "require_store"]


def default_root() -> Path:
    """Return the folder that is configured, or the platform's folder for user data."""
    from eigen.system.configuration import load_configuration

    return load_configuration().root


def require_store(folder: Path) -> None:
    """Refuse a root whose job store is gone while its jobs' files are there: an empty one would forget them all.

    Raises:
        UnavailableError: It is so.
    """
    artifacts = folder / "circuit_fs"
    if not (folder / "jobs.sqlite3").exists() and artifacts.is_dir() and any(artifacts.glob("job_*")):
        raise UnavailableError(
            "the root's job store is gone, while the files of its jobs are there",
            reason="STORE_MISSING",
            hint="`eigen doctor --rebuild` makes it anew from them",
        )
