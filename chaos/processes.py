"""Lives of a system: each one a forked child that has everything imported, so that a life costs milliseconds.

The parent stays single-threaded and never opens a system itself: only such a process may be forked safely. A child
tells how its life went through a pipe; a pipe that ends without a word is a life that was cut short.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Child", "LifeEnd", "descendants_alive", "ended_within", "freeze_heap", "run_life", "start_life"]

_MARK = "EIGEN_CHAOS_LIFE"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeEnd:
    """How a life ended.

    Attributes:
        signal: The signal that ended it, 0 for none.
        answer: What it had to say, where it came to its own end.
        story: A traceback, where it failed.
        overtime: Whether it had to be killed, since it did not end in time.
    """

    signal: int = 0
    answer: Any = None
    story: str = ""
    overtime: bool = False


@dataclass(slots=True)
class Child:
    """A life that is being lived.

    Attributes:
        pid: Its process id.
        token: What marks it and every process that it starts.
        ear: The pipe that it tells its end through.
    """

    pid: int
    token: str
    ear: int
    _said: bytearray = field(default_factory=bytearray)

    @property
    def is_over(self) -> bool:
        """Whether it has come to an end, or is about to."""
        return bool(select.select([self.ear], [], [], 0.0)[0])

    def wait(self, *, limit_sec: float) -> LifeEnd:
        """Return how it ended; one that does not end within the limit is killed."""
        end = time.monotonic() + limit_sec
        overtime = False
        while True:
            ready, _, _ = select.select([self.ear], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                overtime, end = True, time.monotonic() + 60.0
                self.kill()
                continue
            chunk = os.read(self.ear, 65_536)
            if not chunk:
                break
            self._said += chunk
        os.close(self.ear)
        _, status = os.waitpid(self.pid, 0)
        said = json.loads(self._said) if self._said else {}
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        return LifeEnd(signal=number, answer=said.get("answer"), story=said.get("story", ""), overtime=overtime)

    def wait_until_killed(self, *, after_sec: float, limit_sec: float) -> LifeEnd:
        """Kill it after a time, wherever it is then, and return how it ended."""
        select.select([self.ear], [], [], after_sec)
        self.kill()
        return self.wait(limit_sec=limit_sec)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal; one that has ended meanwhile is left alone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


def freeze_heap() -> None:
    """Keep the collector of every child from touching, and so copying, the pages that all share."""
    gc.collect()
    gc.freeze()


def start_life(life: Callable[[], Any], *, token: str = "") -> Child:
    """Fork a child that lives a life and says what it returns, JSON values."""
    ear, mouth = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ear)
        os.environ[_MARK] = token
        _live(life, mouth)
    os.close(mouth)
    return Child(pid, token, ear)


def run_life(life: Callable[[], Any], *, limit_sec: float = 60.0, token: str = "") -> LifeEnd:
    """Live one life to its end."""
    return start_life(life, token=token).wait(limit_sec=limit_sec)


def _live(life: Callable[[], Any], mouth: int) -> None:
    """Run in the child: never returns, and runs nothing of what the parent has registered for its own end."""
    try:
        said = json.dumps({"answer": life()})
    except BaseException:  # noqa: BLE001  # whatever it is, the parent must hear of it
        said = json.dumps({"story": traceback.format_exc()})
    with suppress(OSError), open(mouth, "wb") as pipe:
        pipe.write(said.encode())
    os._exit(0)


def descendants_alive(token: str) -> list[int]:
    """Return the processes that bear a life's mark, the dead who wait to be reaped left out."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _bears(entry, token)]


def _bears(entry: Path, token: str) -> bool:
    try:
        if entry.joinpath("stat").read_text().rpartition(") ")[2].startswith(("Z", "X")):
            return False
        return f"{_MARK}={token}\0".encode() in entry.joinpath("environ").read_bytes()
    except OSError:
        return False


def ended_within(limit_sec: float, is_over: Callable[[], bool]) -> bool:
    """Return whether something comes to its end within the limit."""
    end = time.monotonic() + limit_sec
    while not is_over():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
