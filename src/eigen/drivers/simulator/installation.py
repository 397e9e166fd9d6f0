"""What is installed here: versions of packages, cores, and what workers find in their environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

__all__ = ["installed_versions", "usable_cores", "worker_environment"]


def installed_versions(names: Iterable[str]) -> dict[str, str | None]:
    """Return the version of each distribution, None where it is not installed; imports none of them."""
    return {name: _version(name) for name in names}


@cache
def _version(name: str) -> str | None:
    """Return a distribution's version; by hand, since `importlib.metadata.version` first imports the email package."""
    try:
        lines = (distribution(name).read_text("METADATA") or "").splitlines()
    except PackageNotFoundError:
        return None
    return next((line.removeprefix("Version: ") for line in lines if line.startswith("Version: ")), "unknown")


def usable_cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def worker_environment(cores: int) -> dict[str, str]:
    """Return variables for the nursery: no threads of their own, OpenMP's wait without burning a core."""
    return {
        "OMP_NUM_THREADS": str(cores),
        "OMP_WAIT_POLICY": "PASSIVE",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "RAYON_NUM_THREADS": "1",
        "QISKIT_PARALLEL": "FALSE",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONHASHSEED": "0",
    }
