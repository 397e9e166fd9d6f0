"""Parts that stand in the place of others: recorders, faulty disks, seeded bugs.

The composition root imports its adapters when a system is opened. A child that lives once is given another one there, a
subclass of the right one; the process that judges never is.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.filesystem import FileSystem
from eigen.qfs.opening_log import OpeningLog

__all__ = ["Part", "on_filesystem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part, and where it belongs.

    Attributes:
        stands: What stands there.
        place: Module in which the right part is looked for.
        name: Its name there.
    """

    stands: Callable[..., Any]
    place: str
    name: str

    def plant(self) -> None:
        """Put it into its place in this process, which must not live for long."""
        setattr(importlib.import_module(self.place), self.name, self.stands)


def on_filesystem(filesystem: FileSystem) -> tuple[Part, ...]:
    """Return CircuitFS on another file system."""

    def store(folder: Path, **facts: Any) -> DiskArtifactStore:
        return DiskArtifactStore(folder, filesystem=filesystem, **facts)

    def log(folder: Path, **facts: Any) -> OpeningLog:
        return OpeningLog(folder, filesystem=filesystem, **facts)

    return (
        Part(stands=store, place="eigen.qfs.disk", name="DiskArtifactStore"),
        Part(stands=log, place="eigen.qfs.opening_log", name="OpeningLog"),
    )


def on_connections(connection: type) -> Part:
    """Return SQLite with connections of another class."""
    import sqlite3

    return Part(stands=partial(sqlite3.connect, factory=connection), place="sqlite3", name="connect")
