"""What the death of a worker means: the end of a try, or a lack of memory, which another try would meet again.

A death is only taken for a lack of memory where that is proved:

- Linux has counted a kill of its out-of-memory killer while the worker served (`oom_kill` in `/proc/vmstat`, which
  counts those of control groups too: `mm/oom_kill.c`), and the worker, which asks to be the first to go, ended by
  SIGKILL with much memory;
- or its last words are those of an allocation that failed, as at its own limit of address space.

How much memory it had proves nothing: a simulation has what it was admitted with when somebody kills it, too. Without
a proof, as on systems that count nothing, the job is tried again, and its last error says how much its process had.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from eigen.contracts.errors import EigenError, ResourceExhaustedError, UnavailableError
from eigen.contracts.sizes import human_bytes

if TYPE_CHECKING:
    from eigen.workers.nursery_client import WorkerExit

__all__ = ["LARGE_BYTES", "death", "num_memory_kills"]

LARGE_BYTES = 512 * 2**20
"""A worker with less than this is nobody that a system kills for its memory."""

_COUNTER = "oom_kill "
_LAST_WORDS = ("bad_alloc", "MemoryError", "Cannot allocate memory", "memory allocation of", "out of memory")


def num_memory_kills() -> int:
    """Return how many processes Linux has killed for want of memory since it started; 0 where nobody counts them."""
    if sys.platform != "linux":
        return 0
    try:
        counters = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.removeprefix(_COUNTER)) for line in counters if line.startswith(_COUNTER)), 0)


def death(ended: WorkerExit, *, memory_kills: int) -> EigenError:
    """Return the error of a request whose worker died.

    Args:
        ended: How it ended.
        memory_kills: How many processes the system has killed for want of memory while the worker served.

    Returns:
        A ResourceExhaustedError (reason `DEVICE_MEMORY`) where memory was the cause, else an UnavailableError (reason
        `WORKER_DIED`).
    """
    name = _signal_name(ended.signal)
    details = {"signal": name, "exit_code": ended.code, "peak_bytes": ended.peak_bytes}
    if _is_proved(ended, memory_kills=memory_kills):
        return ResourceExhaustedError(
            f"the simulation ran out of memory: its process had {ended.peak_bytes} bytes when it died",
            reason="DEVICE_MEMORY",
            hint="use fewer qubits, or a method that needs less memory",
            details=details,
        )
    is_large = ended.peak_bytes > LARGE_BYTES
    held = f", with {human_bytes(ended.peak_bytes)} of memory" if is_large else ""
    return UnavailableError(
        f"the simulator's process died ({name or f'exit code {ended.code}'}){held}",
        reason="WORKER_DIED",
        hint="the job may be tried again" + ("; if nobody killed it, memory may have been short" if is_large else ""),
        details=details,
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name if number else ""
    except ValueError:
        return f"SIG{number}"


def _is_proved(ended: WorkerExit, *, memory_kills: int) -> bool:
    if ended.signal == signal.SIGKILL:
        return memory_kills > 0 and ended.peak_bytes > LARGE_BYTES
    return any(words in ended.output for words in _LAST_WORDS)
