"""Whether another process of this machine stands still, as one does that was stopped by Ctrl-Z or SIGSTOP.

Source: proc(5), `/proc/pid/stat`; where there is no such file, nothing is known to stand still.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["is_stopped"]

_STOPPED = frozenset({b"T", b"t"})


def is_stopped(process_id: int) -> bool:
    """Return whether a process is there and stopped, by a signal or by a debugger.

    Args:
        process_id: Its number.
    """
    try:
        stat = Path(f"/proc/{process_id}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].strip()[:1] in _STOPPED  # what stands before, its name, may hold anything
