"""What lies in a root that no system has put there: whoever put it there may want it, so it is only told.

A job's folder has regular files: those that its `meta.json` names, and while it is open also files that it will name.
Names that begin with a dot are the store's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from eigen.contracts.jobs import JOB_ID

__all__ = ["foreign_files", "foreign_folders", "in_the_place_of_files"]

_OWN_FOLDERS = frozenset({".tmp", ".openings"})
_META = "meta.json"

_KINDS: Mapping[str, Callable[[Path], bool]] = MappingProxyType(
    {
        **dict.fromkeys(["circuit_fs", "systems", "logs"], Path.is_dir),
        **dict.fromkeys(["ballast", "metrics.json", "metrics.lock", "logs/eigen.jsonl"], Path.is_file),
    }
)
"""What else than its store a root has, and of which kind; where it is of another one, nothing can be kept there."""


def foreign_folders(folder: Path) -> Iterator[str]:
    """Yield what is no job's folder.

    Args:
        folder: The root of CircuitFS.

    Raises:
        OSError: The disk fails.
    """
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from sorted(
                one.name for one in entries if not (_is_ours(one.name) and one.is_dir(follow_symlinks=False))
            )


def in_the_place_of_files(folder: Path) -> Iterator[str]:
    """Yield what a root has in the place of a folder or a file of its own, and is none.

    Args:
        folder: The root.
    """
    for name, is_of_kind in _KINDS.items():
        place = folder / name
        if os.path.lexists(place) and not is_of_kind(place):
            yield name


def foreign_files(folder: Path, *, recorded: Collection[str] | None) -> Iterator[str]:
    """Yield what in a job's folder is no file of the job.

    Args:
        folder: The job's folder; one that is not there has nothing.
        recorded: The names that a sealed job has; None for an open one, whose files have any.

    Raises:
        OSError: The disk fails.
    """
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        yield from sorted(one.name for one in entries if not (_may_be(one.name, recorded) and _is_file(one)))


def _is_ours(name: str) -> bool:
    return name in _OWN_FOLDERS or JOB_ID.fullmatch(name) is not None


def _may_be(name: str, recorded: Collection[str] | None) -> bool:
    return recorded is None or name == _META or name.startswith(".") or name in recorded


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)
