"""Eigen OS: run quantum and hybrid jobs that are never lost, never execute strangers' Python, and can be run again.

`import eigen` is quick: nothing below is loaded before it is used.

Example:
    >>> import eigen
    >>> sorted(name for name in eigen.__all__ if name.endswith("Client"))
    ['AsyncClient', 'Client']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eigen.contracts.version import VERSION

if TYPE_CHECKING:
    from eigen.client.aio import AsyncClient as AsyncClient
    from eigen.client.async_job import AsyncJob as AsyncJob
    from eigen.client.minimum import Evaluation as Evaluation
    from eigen.client.minimum import Minimum as Minimum
    from eigen.client.sync import Client as Client
    from eigen.client.sync import Job as Job
    from eigen.contracts.errors import EigenError as EigenError
    from eigen.contracts.jobs import JobState as JobState
    from eigen.contracts.jobs import JobStatus as JobStatus
    from eigen.contracts.jobs import JobUpdate as JobUpdate
    from eigen.contracts.jobspec import JobSpec as JobSpec
    from eigen.contracts.results import JobResults as JobResults
    from eigen.system.composition import System as System
    from eigen.system.composition import open_system as open_system

_HOME = {
    "AsyncClient": "eigen.client.aio",
    "AsyncJob": "eigen.client.async_job",
    "Client": "eigen.client.sync",
    "Job": "eigen.client.sync",
    "Evaluation": "eigen.client.minimum",
    "Minimum": "eigen.client.minimum",
    "EigenError": "eigen.contracts.errors",
    "JobState": "eigen.contracts.jobs",
    "JobStatus": "eigen.contracts.jobs",
    "JobUpdate": "eigen.contracts.jobs",
    "JobSpec": "eigen.contracts.jobspec",
    "JobResults": "eigen.contracts.results",
    "System": "eigen.system.composition",
    "open_system": "eigen.system.composition",
}

__all__ = sorted([*_HOME, "__version__"])

__version__ = VERSION


def __getattr__(name: str) -> Any:
    """Load a public name from its home when it is first used (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'eigen' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
