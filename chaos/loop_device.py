"""A simulator for loops that are killed: it writes down what it is asked, and dies at a write of the journal.

It is Qulacs in real workers; only its journal and the processes' deaths are the harness's. What a life is to meet
stands in its environment, which workers inherit; each death comes once, whoever is alive to meet it.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chaos.parts import Part
from eigen.contracts.aqo import AQO
from eigen.drivers.qulacs.engine import QulacsEngine
from eigen.drivers.qulacs.simulator import QULACS
from eigen.drivers.simulator.driver import SimulatorDriver
from eigen.estimation.grouping import MeasurementGroup
from eigen.optimization import journal as journals
from eigen.optimization import loop
from eigen.optimization.evaluations import Entry
from eigen.optimization.landscape import Landscape
from eigen.optimization.seeds import evaluation_seed

__all__ = ["LOOP_BUGS", "Fate", "LoopEngine", "loop_drivers"]

_FATE = "EIGEN_CHAOS_LOOP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a life is to meet.

    Attributes:
        asked: File that has a line for each question to the simulator.
        system_pid: The process that is the system.
        start: In which start of the loop the death comes.
        write: At which write of its journal; below 0 for none.
        moment: `before` the line is written, with half of it (`torn`), or `after`.
        victim: Who dies: `system`, with everything, or the `worker` alone.
        marker: File that is made when the death has come.
        bug: One of `LOOP_BUGS`, or empty.
    """

    asked: str
    system_pid: int = 0
    start: int = 0
    write: int = -1
    moment: str = "before"
    victim: str = "system"
    marker: str = ""
    bug: str = ""

    def announce(self) -> None:
        """Let this process, the system, and its workers meet it."""
        os.environ[_FATE] = json.dumps(asdict(replace(self, system_pid=os.getpid())))
        _plant(_announced())
        Part(stands=journals.Journal, place="eigen.kernel.executed_loops", name="Journal").plant()


def loop_drivers(*, beside: bool) -> dict[str, SimulatorDriver]:
    """Return the driver whose device is `sim:loops`; `beside` says whether its loops run beside the engine."""
    methods = {name: replace(method, runs_loops=beside) for name, method in QULACS.methods.items()}
    simulator = replace(QULACS, name="loops", engine="chaos.loop_device:LoopEngine", methods=methods)
    return {"sim": SimulatorDriver([simulator], num_workers=2)}


class LoopEngine(QulacsEngine):
    """Qulacs, with a fate."""

    def __init__(self) -> None:
        super().__init__()
        self._fate = _announced()
        _plant(self._fate)

    def run(self, prepared: Any, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run a circuit, and write it down."""
        _note(self._fate)
        yield from super().run(prepared, arguments)

    def landscape(self, circuit: AQO, *, groups: Sequence[MeasurementGroup], arguments: Mapping[str, Any]) -> Landscape:
        """Return the circuit's energy, whose questions are written down."""
        return _Noted(super().landscape(circuit, groups=groups, arguments=arguments), self._fate)


class _Noted(Landscape):
    def __init__(self, inner: Landscape, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate
        self.has_gradient = inner.has_gradient

    def value(self, angles: NDArray[np.float64]) -> float:
        _note(self._fate)
        return self._inner.value(angles)

    def value_and_gradient(self, angles: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        _note(self._fate)
        return self._inner.value_and_gradient(angles)

    def probabilities(self, angles: NDArray[np.float64]) -> Sequence[NDArray[np.float64]]:
        _note(self._fate)
        return self._inner.probabilities(angles)


def _note(fate: Fate) -> None:
    asked = os.open(fate.asked, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(asked, b".")
    os.close(asked)


def _announced() -> Fate:
    return Fate(**json.loads(os.environ[_FATE]))


_JOURNAL = journals.Journal


class _FatalJournal(_JOURNAL):
    """The right journal, at one of whose writes somebody dies."""

    fate: Fate

    def append(self, entry: Entry) -> None:
        fate = self.fate
        is_due = (entry.start, entry.number) == (fate.start, fate.write)
        if is_due and fate.moment == "before":
            _die(fate)
        if is_due and fate.moment == "torn" and _is_first(fate):
            os.write(self._descriptor, entry.to_line()[: len(entry.to_line()) // 2])
            _kill(fate)
        super().append(entry)
        if is_due and fate.moment == "after":
            _die(fate)


class _Repeating(_FatalJournal):
    """Forgets what is recorded, and evaluates it again."""

    def recorded(self, x: Sequence[float], *, with_gradient: bool) -> Entry | None:
        if self._recorded:
            self._recorded.clear()
            self._cut()
        return None


class _Careless(_FatalJournal):
    """Leaves a line that was cut off where it is."""

    def _cut(self) -> None:
        return


def _chance(seed: int, *, start: int, evaluation: int) -> int:
    return int.from_bytes(os.urandom(6))


LOOP_BUGS: Mapping[str, tuple[type[_FatalJournal], Any]] = {
    "": (_FatalJournal, evaluation_seed),
    "repeats evaluations": (_Repeating, evaluation_seed),
    "keeps torn lines": (_Careless, evaluation_seed),
    "draws seeds anew": (_FatalJournal, _chance),
}
"""Bugs to prove the harness by: the journal, and where seeds come from."""


def _plant(fate: Fate) -> None:
    journal, seeds = LOOP_BUGS[fate.bug]
    journal.fate = fate
    journals.Journal = journal  # type: ignore[misc]  # in a process that is there to be killed
    loop.__dict__["evaluation_seed"] = seeds


def _die(fate: Fate) -> None:
    if _is_first(fate):
        _kill(fate)


def _is_first(fate: Fate) -> bool:
    with suppress(FileExistsError):
        os.close(os.open(fate.marker, os.O_CREAT | os.O_EXCL, 0o600))
        return True
    return False


def _kill(fate: Fate) -> None:
    if fate.victim == "system":
        os.kill(fate.system_pid, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
