"""A process in the background that runs the jobs of a root to their end: what `eigen submit --detach` leaves behind.

```
python -P -m eigen.system.drain <root>
```

It takes over jobs whose owner is gone, and ends when none of its own is left. One works at a time: a second one waits
for its turn, since the first may just be leaving; a third one goes away, since the second has not looked yet. So a job
that was handed over before a drain was started is always seen by one.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eigen.contracts.errors import EigenError

__all__ = ["drain", "main", "start_drain"]


def start_drain(root: Path) -> None:
    """Start a drain of a root as a process in a session of its own, which outlives its parent and its terminal.

    Args:
        root: The system's folder, absolute.
    """
    subprocess.Popen(
        [sys.executable, "-P", "-m", "eigen.system.drain", str(root)],  # -P: nothing from the working folder
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def drain(root: Path) -> None:
    """Run jobs whose owner is gone until none is left.

    Raises:
        EigenError: The system cannot be opened.
    """
    from eigen.system.collector import spared_collector
    from eigen.system.composition import open_system

    async with open_system(root) as system:
        with spared_collector():
            await system.kernel.drain()


def main() -> None:
    """Drain the root that the command line names; without a word, since nobody reads what a background process says."""
    import anyio

    root = Path(sys.argv[1])
    with suppress(EigenError), _turn(root) as is_ours:
        if is_ours:
            anyio.run(drain, root)


@contextmanager
def _turn(root: Path) -> Iterator[bool]:
    """Wait for this process's turn; False where another one waits already."""
    queue, turn = (_open_lock(root / f"drain.{name}.lock") for name in ("next", "now"))
    try:
        fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
        return
    fcntl.flock(turn, fcntl.LOCK_EX)
    fcntl.flock(queue, fcntl.LOCK_UN)
    yield True


def _open_lock(path: Path) -> int:
    """Return a descriptor of a lock file; the process's end closes it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


if __name__ == "__main__":
    main()
