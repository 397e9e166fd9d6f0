"""Where a system lives on disk.

```
<root>/
  jobs.sqlite3      records and events
  store.lock        held around every write to it
  systems/          one lock file for each live system
  circuit_fs/       every artifact of every job
  logs/             structured logs
```
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["default_root"]


def default_root() -> Path:
    """Return `EIGEN_HOME`, or the platform's folder for user data."""
    given = os.environ.get("EIGEN_HOME")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_data_path

    return user_data_path("eigen-os")
