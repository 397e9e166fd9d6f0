"""How much memory a simulation takes, and how much this machine can give.

A state vector has 2^n amplitudes of 16 bytes (two doubles), a density matrix 4^n. A stabilizer tableau of n qubits has
2n rows of 2n bits; Aer keeps it twice. A matrix product state grows with entanglement, which only the run can tell:
it is given a worker's share, and stopped beyond it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from eigen.contracts.errors import ResourceExhaustedError
from eigen.contracts.sizes import human_bytes
from eigen.drivers.aer.options import Method

__all__ = ["admitted_bytes", "available_bytes", "max_qubits"]

_SHARE = 0.8
_FALLBACK_BYTES = 4 * 2**30

_NEEDED_BYTES: Mapping[str, Callable[[int], int]] = MappingProxyType(
    {
        "statevector": lambda qubits: 16 << qubits,
        "density_matrix": lambda qubits: 16 << 2 * qubits,
        "stabilizer": lambda qubits: qubits * qubits + 4096,
    }
)
_WHAT_FOR: Mapping[str, str] = MappingProxyType(
    {"statevector": "a state vector", "density_matrix": "a density matrix", "stabilizer": "a stabilizer tableau"}
)


def available_bytes(*, share: float = _SHARE) -> int:
    """Return a share of the memory that is available now, in this machine or this container, in bytes."""
    return int(share * min(_machine_bytes(), _container_bytes()))


def admitted_bytes(method: Method, *, qubits: int, limit_bytes: int, share_bytes: int) -> int:
    """Return the memory that a simulation is given.

    Args:
        method: How it is simulated.
        qubits: Number of qubits.
        limit_bytes: Most that the device has.
        share_bytes: What a method gets whose need cannot be told before.

    Raises:
        ResourceExhaustedError: It does not fit (reason `DEVICE_MEMORY`); the message has the figures.
    """
    formula = _NEEDED_BYTES.get(method.name)
    if formula is None:
        return share_bytes
    needed = formula(qubits)
    if needed > limit_bytes:
        raise ResourceExhaustedError(
            f"{qubits} qubits need {human_bytes(needed)} for {_WHAT_FOR[method.name]}; "
            f"this machine can give {human_bytes(limit_bytes)}",
            reason="DEVICE_MEMORY",
            hint=_hint(method, limit_bytes),
            details={"needed": human_bytes(needed), "available_bytes": limit_bytes},
        )
    return needed


def max_qubits(method_name: str, *, limit_bytes: int) -> int:
    """Return the largest number of qubits whose state fits."""
    formula = _NEEDED_BYTES[method_name]
    qubits = 1
    while formula(qubits + 1) <= limit_bytes:
        qubits += 1
    return qubits


def _hint(method: Method, limit_bytes: int) -> str:
    fits = max_qubits(method.name, limit_bytes=limit_bytes)
    return (
        f"at most {fits} qubits fit; for more set driver_options.method to matrix_product_state (low entanglement) "
        "or stabilizer (Clifford gates only)"
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
