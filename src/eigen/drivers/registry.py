"""Finds drivers by their entry points, without importing more than it must, and survives the broken ones.

A driver is a class named by an entry point of the group `eigen.drivers`, made with no arguments. Whatever goes wrong
with one (its package, its import, its constructor) is a `DriverProblem`: one vendor's fault takes away that vendor's
devices, never the system.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eigen.contracts.printable import printable
from eigen.ports.drivers import Driver

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["ENTRY_POINT_GROUP", "DriverProblem", "FoundDrivers", "find_drivers", "installed_drivers"]

ENTRY_POINT_GROUP = "eigen.drivers"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverProblem:
    """A driver that cannot be used.

    Attributes:
        name: Its entry point's name.
        reason: What went wrong, one sentence, printable.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDrivers:
    """What is installed.

    Attributes:
        drivers: Those that can be used, by name.
        problems: Those that cannot.
    """

    drivers: dict[str, Driver]
    problems: tuple[DriverProblem, ...]


def find_drivers(candidates: Iterable[EntryPoint] | None = None) -> FoundDrivers:
    """Return an object of each driver that is installed.

    Args:
        candidates: Entry points to look at, by default all of the group `eigen.drivers`.
    """
    from importlib.metadata import entry_points

    drivers: dict[str, Driver] = {}
    problems: list[DriverProblem] = []
    for candidate in entry_points(group=ENTRY_POINT_GROUP) if candidates is None else candidates:
        try:
            drivers[candidate.name] = _made(candidate, drivers)
        except Exception as error:  # noqa: BLE001  # a stranger's package may raise anything
            _log.warning("the driver %s cannot be used", printable(candidate.name), exc_info=error)
            problems.append(DriverProblem(name=candidate.name, reason=_reason(error)))
    return FoundDrivers(drivers=drivers, problems=tuple(problems))


def installed_drivers() -> dict[str, Driver]:
    """Return an object of each installed driver that can be used, by name."""
    return find_drivers().drivers


def _made(candidate: EntryPoint, drivers: dict[str, Driver]) -> Driver:
    if candidate.name in drivers:
        raise ValueError("another installed package has a driver of this name")
    driver = candidate.load()()
    if not isinstance(driver, Driver):
        raise TypeError(f"{candidate.value} is not an eigen.ports.drivers.Driver")
    return driver


def _reason(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}")
