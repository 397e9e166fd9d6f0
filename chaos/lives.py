"""One life of a system: it opens on a folder, clients run their tasks in it, and it closes, or is killed on the way."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import anyio

from chaos import devices
from chaos.clients import Diary, Task, run_tasks
from chaos.devices import Witness
from chaos.errands import ERRANDS
from chaos.evidence import Case
from chaos.parts import Part
from chaos.processes import freeze_heap, run_life
from eigen.system.composition import open_system
from eigen.system.rebuilding import rebuild_store

__all__ = ["Onlooker", "case_folder", "case_of", "live", "preload"]


def case_of(folder: Path) -> Case:
    """Return where the evidence of lives in a folder lies."""
    return Case(root=folder / "root", diary=folder / "diary", runs=folder / "runs")


class Onlooker(Protocol):
    """Whoever watches a life from within."""

    def start(self) -> None:
        """Begin to watch."""

    def step(self, name: str) -> None:
        """Hear of a client's step."""


def live(
    folder: Path,
    tasks: Sequence[Task],
    *,
    onlooker: Onlooker | None = None,
    parts: Sequence[Part] = (),
    observed: bool = False,
    pause_sec: float = 0.0,
    stays: bool = True,
    at_once: int | None = None,
    loses_store: bool = False,
) -> None:
    """Live one life: open the system, do all tasks that are not done yet, see every live job to its end, close.

    Args:
        folder: Where it lives, and where the evidence lies.
        tasks: What clients want.
        onlooker: Watches it, and may end it.
        parts: What stands in the place of right parts.
        observed: Whether the system logs and measures.
        pause_sec: How long clients wait before they come; a system that recovers may have adopted everything by then.
        stays: Whether it sees every live job of the root to its end, and not only its clients'.
        at_once: How many tasks are done at a time; None for all.
        loses_store: Whether the job store that earlier lives have left is gone, and is made anew from CircuitFS.
    """
    for part in parts:
        part.plant()
    case = case_of(folder)
    diary = Diary(case.diary, on_step=onlooker.step if onlooker else lambda name: None)

    async def main() -> None:
        if loses_store and case.root.exists():
            for path in case.root.glob("jobs.sqlite3*"):
                path.unlink()
            await rebuild_store(case.root)
        drivers = devices.errand_drivers(Witness(case.runs))
        async with open_system(case.root, drivers=drivers, observed=observed) as system:
            await anyio.sleep(pause_sec)
            await run_tasks(system.api, tasks, diary, stays=stays, at_once=at_once)

    if onlooker:
        onlooker.start()
    anyio.run(main)


def preload() -> None:
    """Import in this process whatever a life imports, so that its children need not; no thread is started here."""

    def modules_of_a_life() -> list[str]:
        with case_folder() as folder:
            kinds = [kind for kind in ERRANDS if kind != "forlorn"]  # that one waits for one that fails
            tasks = [Task(number=number, kind=kind) for number, kind in enumerate(kinds)]
            live(folder, tasks, observed=True)
        return list(sys.modules)  # in the order in which they were imported: some cannot come before others

    end = run_life(modules_of_a_life)
    if end.answer is None:
        raise RuntimeError(f"a life without any fault failed:\n{end.story}")
    for name in end.answer:
        if name.partition(".")[0] != "__main__":
            importlib.import_module(name)
    freeze_heap()


@contextmanager
def case_folder() -> Iterator[Path]:
    """Give a new folder in memory where the machine has such, for what only processes that die are to be proved of."""
    memory = Path("/dev/shm")  # a folder of our own is made in it
    with tempfile.TemporaryDirectory(prefix="eigen-chaos-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)
