"""How much memory a simulation takes, and how much this machine can give.

Each method's description has its formula. A state that grows with entanglement, which only the run can tell, is given a
worker's share, and stopped beyond it.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from pathlib import Path

from eigen.contracts.errors import ResourceExhaustedError
from eigen.contracts.sizes import human_bytes
from eigen.drivers.simulator.description import Method

__all__ = ["MAX_QUBITS", "admitted_bytes", "available_bytes", "max_qubits"]

MAX_QUBITS = 10_000
"""Most qubits that any simulator is said to take."""

_SHARE = 0.8
_FALLBACK_BYTES = 4 * 2**30


def available_bytes(*, share: float = _SHARE) -> int:
    """Return a share of the memory that is available now, in this machine or this container, in bytes."""
    return int(share * min(_machine_bytes(), _container_bytes()))


def admitted_bytes(method: Method, *, qubits: int, limit_bytes: int, share_bytes: int, num_states: int = 1) -> int:
    """Return the memory that a simulation is given.

    Args:
        method: How it is simulated.
        qubits: Number of qubits.
        limit_bytes: Most that the device has.
        share_bytes: What a method gets whose need cannot be told before.
        num_states: How many states it keeps at once.

    Raises:
        ResourceExhaustedError: It does not fit (reason `DEVICE_MEMORY`); the message has the figures.
    """
    if method.needed_bytes is None:
        return share_bytes
    needed = num_states * method.needed_bytes(qubits)
    if needed > limit_bytes:
        raise ResourceExhaustedError(
            f"{qubits} qubits need {human_bytes(needed)} for {_times(num_states)}{method.state}; "
            f"this machine can give {human_bytes(limit_bytes)}",
            reason="DEVICE_MEMORY",
            hint=_hint(method, limit_bytes),
            details={"needed": human_bytes(needed), "available_bytes": limit_bytes},
        )
    return needed


def _times(num_states: int) -> str:
    return f"{num_states} times " if num_states > 1 else ""


def max_qubits(method: Method, *, limit_bytes: int) -> int:
    """Return the largest number of qubits whose state fits, at most `MAX_QUBITS`."""
    formula = method.needed_bytes
    if formula is None or formula(MAX_QUBITS) <= limit_bytes:
        return MAX_QUBITS
    return bisect_right(range(2, MAX_QUBITS + 1), limit_bytes, key=formula) + 1


def _hint(method: Method, limit_bytes: int) -> str:
    fits = max_qubits(method, limit_bytes=limit_bytes)
    return (
        f"at most {fits} qubits fit; for more use sim:local with driver_options.method matrix_product_state "
        "(low entanglement) or stabilizer (Clifford gates only)"
    )


def _machine_bytes() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return _physical_bytes()


def _physical_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return _FALLBACK_BYTES


def _container_bytes() -> int | float:
    """Return what a Linux control group (version 2) leaves, or infinity where there is no limit."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (group / "memory.max").read_text().strip(), (group / "memory.current").read_text()
    except OSError:
        return math.inf
    return math.inf if limit == "max" else max(int(limit) - int(used), 0)
